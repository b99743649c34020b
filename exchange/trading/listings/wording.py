"""An offer's terms in plain words, Chinese and English, made from the offer and what the seller states."""

from decimal import Decimal
from typing import Final

from exchange.trading.listings.prices import price_of
from exchange.trading.listings.schemas import ListingDocument, NewOffer, Plain
from ledger.billing.money import EXPONENTS
from ledger.billing.prices import (
    Free,
    Model,
    OneOff,
    Package,
    PerUnit,
    Price,
    RevenueShare,
    Subscription,
    Tiered,
    Trial,
)

_UNITS: Final = {"call": ("次调用", "call"), "record": ("条记录", "record")}


def amount_in_words(amount: int, currency: str) -> tuple[str, str]:
    """An amount of the smallest unit, in Chinese and English."""
    places = EXPONENTS[currency]
    return _with_currency(f"{Decimal(amount).scaleb(-places):.{places}f}", currency)


def _unit_price(unit_price: int, currency: str) -> tuple[str, str]:
    """A unit price of millionths, without zeros at the end."""
    text = f"{Decimal(unit_price).scaleb(-6):f}"
    return _with_currency(text.rstrip("0").rstrip(".") if "." in text else text, currency)


def _with_currency(text: str, currency: str) -> tuple[str, str]:
    return (f"{text} 元" if currency == "CNY" else f"{text} {currency}"), f"{currency} {text}"


def _percent(basis_points: int) -> str:
    return f"{Decimal(basis_points).scaleb(-2).normalize():f}"


def price_in_words(price: Price) -> tuple[str, str]:
    """A price in Chinese and English: what is owed, and the tax."""
    zh, en = _model_in_words(price.model, price.currency)
    if isinstance(price.model, Free) or not price.tax:
        return zh, en
    rate = _percent(price.tax)
    return f"{zh}另加税 {rate}%。", f"{en} Tax of {rate} % is added."


def _model_in_words(model: Model, currency: str) -> tuple[str, str]:
    match model:
        case Free():
            words = "免费。", "It is free of charge."
        case OneOff():
            zh, en = amount_in_words(model.amount, currency)
            words = f"一次性付费 {zh}。", f"It costs {en} once."
        case Subscription():
            zh, en = amount_in_words(model.amount, currency)
            words = f"每月 {zh}。", f"It costs {en} a month."
        case PerUnit():
            zh, en = _unit_price(model.unit_price, currency)
            unit_zh, unit_en = _UNITS[model.unit]
            words = f"每{unit_zh} {zh}。", f"It costs {en} for each {unit_en} delivered."
        case Tiered():
            words = _tiers_in_words(model, currency)
        case Package():
            words = _package_in_words(model, currency)
        case RevenueShare():
            share = _percent(model.basis_points)
            words = f"按买方收入的 {share}% 分成。", f"The buyer pays {share} % of the revenue that it states."
        case Trial():
            zh, en = _model_in_words(model.then, currency)
            words = f"{model.until} 前免费；之后{zh}", f"It is free before {model.until}. Then: {en}"
    return words


def _tiers_in_words(model: Tiered, currency: str) -> tuple[str, str]:
    unit_zh, unit_en = _UNITS[model.unit]
    parts_zh, parts_en = [], []
    for up_to, unit_price in model.tiers:
        zh, en = _unit_price(unit_price, currency)
        parts_zh.append(f"{f'至 {up_to}' if up_to else '超出部分'}每{unit_zh} {zh}")
        parts_en.append(f"{en} for each {unit_en} {f'up to {up_to}' if up_to else 'beyond'}")
    return f"按月阶梯计价：{'；'.join(parts_zh)}。", f"It costs by the month's quantity: {'; '.join(parts_en)}."


def _package_in_words(model: Package, currency: str) -> tuple[str, str]:
    zh, en = amount_in_words(model.amount, currency)
    unit_zh, unit_en = _UNITS[model.unit]
    beyond_zh, beyond_en = _unit_price(model.unit_price, currency)
    return (
        f"每月 {zh}，含 {model.quota} {unit_zh}，超出部分每{unit_zh} {beyond_zh}。",
        f"It costs {en} a month for {model.quota} {unit_en}s, and {beyond_en} for each further one.",
    )


def in_words(offer: NewOffer, listing: ListingDocument) -> Plain:
    """The terms of an offer, a sentence each."""
    price_zh, price_en = price_in_words(price_of(offer.price))
    zh = [
        f"提供字段：{'、'.join([*offer.fields, *offer.answers])}。",
        f"使用期限：自开始交付之日起 {offer.days} 天。",
        f"使用目的：{'、'.join(offer.purposes)}。",
        price_zh,
    ]
    en = [
        f"You receive: {', '.join([*offer.fields, *offer.answers])}.",
        f"You receive it for {offer.days} days from the beginning of the delivery on.",
        f"You may use it for: {', '.join(offer.purposes)}.",
        price_en,
    ]
    if offer.trial_days is not None:
        zh.append(f"前 {offer.trial_days} 天免费试用，每个买方一次。")
        en.append(f"The first {offer.trial_days} days are a free trial, once for each buyer.")
    if listing.resale is not None:
        zh.append("可以转售。" if listing.resale else "不得转售或转提供。")
        en.append("You may pass it on." if listing.resale else "You may not pass it on.")
    if listing.export is not None:
        zh.append("可以出境。" if listing.export else "不得出境。")
        en.append("You may take it abroad." if listing.export else "You may not take it abroad.")
    if (contract := listing.contract) is not None:
        days = contract.inspection_days
        silence = "逾期未提视为验收。" if contract.deemed_acceptance else "沉默不视为验收。"
        zh.append(f"交付后 {days} 天内可以验收和提出异议；{silence}")
        en.append(
            f"You may inspect and object for {days} days after the delivery; your silence is "
            f"{'' if contract.deemed_acceptance else 'not '}acceptance."
        )
        zh.append("首期价款先付后交付。" if contract.payment == "prepaid" else "首期价款先交付后付。")
        en.append(
            f"What is owed at the beginning is paid {'before' if contract.payment == 'prepaid' else 'after'} the delivery."
        )
    if offer.places is not None:
        zh.append(f"限 {offer.places} 个名额。")
        en.append(f"There are {offer.places} places.")
        zh.append(f"同一买方同时至多有 {offer.unsigned} 份未签署的订单。")
        en.append(f"You can have {offer.unsigned} of your orders unsigned at a time.")
    return Plain(zh=zh, en=en)
