"""An offer's terms in plain words, Chinese and English, made from the offer and what the seller states."""

from decimal import Decimal

from exchange.trading.listings.prices import (
    Free,
    OneOff,
    Package,
    PerUse,
    Price,
    RevenueShare,
    Subscription,
    Tiered,
    Trial,
)
from exchange.trading.listings.schemas import ListingDocument, NewOffer, Plain

_PERIODS = {"month": ("月", "month"), "year": ("年", "year")}
_MEASURES = {"call": ("次调用", "call"), "record": ("条记录", "record")}
_KINDS = {"per_call": "call", "per_record": "record"}


def _money(amount: int, currency: str) -> tuple[str, str]:
    """An amount of the smallest unit, in both languages."""
    text = f"{Decimal(amount).scaleb(-2):.2f}"
    return (f"{text} 元" if currency == "CNY" else f"{text} {currency}"), f"{currency} {text}"


def _unit(unit: int, currency: str) -> tuple[str, str]:
    """A unit price of millionths, in both languages, without zeros at the end."""
    text = f"{Decimal(unit).scaleb(-6):f}".rstrip("0").rstrip(".") or "0"
    return (f"{text} 元" if currency == "CNY" else f"{text} {currency}"), f"{currency} {text}"


def price_in_words(price: Price) -> tuple[str, str]:
    """A price as a sentence in Chinese and one in English."""
    match price:
        case Free():
            words = "免费。", "It is free of charge."
        case Trial():
            words = "免费试用，每个买方一次。", "It is a free trial, once for each buyer."
        case OneOff():
            zh, en = _money(price.amount, price.currency)
            words = f"一次性付费 {zh}。", f"It costs {en} once."
        case Subscription():
            zh, en = _money(price.amount, price.currency)
            period_zh, period_en = _PERIODS[price.period]
            words = f"每{period_zh} {zh}。", f"It costs {en} a {period_en}."
        case PerUse():
            zh, en = _unit(price.unit, price.currency)
            measure_zh, measure_en = _MEASURES[_KINDS[price.kind]]
            words = f"每{measure_zh} {zh}。", f"It costs {en} for each {measure_en} delivered."
        case Tiered():
            words = _tiers_in_words(price)
        case Package():
            words = _package_in_words(price)
        case RevenueShare():
            share = f"{Decimal(price.basis_points).scaleb(-2):f}"
            words = (
                f"按买方“{price.product}”收入的 {share}% 分成。",
                f'The buyer pays {share} % of its revenue from "{price.product}".',
            )
    return words


def _tiers_in_words(price: Tiered) -> tuple[str, str]:
    measure_zh, measure_en = _MEASURES[price.by]
    parts_zh, parts_en = [], []
    for tier in price.tiers:
        zh, en = _unit(tier.unit, price.currency)
        parts_zh.append(f"{f'至 {tier.upto}' if tier.upto else '超出部分'}每{measure_zh} {zh}")
        parts_en.append(f"{en} for each {measure_en} {f'up to {tier.upto}' if tier.upto else 'beyond'}")
    return f"阶梯计价：{'；'.join(parts_zh)}。", f"It costs by quantity: {'; '.join(parts_en)}."


def _package_in_words(price: Package) -> tuple[str, str]:
    zh, en = _money(price.amount, price.currency)
    measure_zh, measure_en = _MEASURES[price.by]
    if price.beyond is None:
        return (
            f"{zh}，含 {price.quota} {measure_zh}，用完为止。",
            f"It costs {en} for {price.quota} {measure_en}s, and ends with them.",
        )
    beyond_zh, beyond_en = _unit(price.beyond, price.currency)
    return (
        f"{zh}，含 {price.quota} {measure_zh}，超出部分每{measure_zh} {beyond_zh}。",
        f"It costs {en} for {price.quota} {measure_en}s, and {beyond_en} for each further one.",
    )


def in_words(offer: NewOffer, listing: ListingDocument) -> Plain:
    """The terms of an offer, a sentence each."""
    price_zh, price_en = price_in_words(offer.price)
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
        zh.append("固定费用先付后交付。" if contract.payment == "prepaid" else "固定费用先交付后付。")
        en.append(f"A fixed amount is paid {'before' if contract.payment == 'prepaid' else 'after'} the delivery.")
    if offer.places is not None:
        zh.append(f"限 {offer.places} 个名额。")
        en.append(f"There are {offer.places} places.")
    return Plain(zh=zh, en=en)
