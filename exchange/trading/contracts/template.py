"""The contract of an order: a document filled from the offer, after the outline of the model contract 数据提供合同, in our words.

Both sides sign the SHA-256 of its canonical JSON (RFC 8785). The text is made from the document alone, so that whoever has
the document has the text.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from exchange.catalog.schemas import DatasetDocument
from exchange.kernel.clock import rfc3339
from exchange.participants.view import OrganisationView
from exchange.trading.listings.prices import opening_amount, price_of
from exchange.trading.listings.schemas import ContractTerms, ListingDocument, NewOffer
from exchange.trading.listings.wording import amount_in_words, price_in_words
from ledger.billing.prices import read_price
from ledger.format import canonical

TEMPLATE: Final = "data-provision/1"


@dataclass(frozen=True, slots=True)
class Filling:
    """What a contract is filled from. `wanted` is what the buyer stated: purpose, basis, scenario and scope."""

    order: UUID
    listing: UUID
    offer: UUID
    dataset: UUID
    seller: OrganisationView
    buyer: OrganisationView
    described: DatasetDocument
    stated: ListingDocument
    terms: ContractTerms
    offered: NewOffer
    wanted: Mapping[str, str]
    nonce: str
    at: datetime


def document_of(filling: Filling) -> dict[str, Any]:
    """The contract as a document. `nonce` keeps its digest from being guessed from a public offer."""
    offered, stated, terms = filling.offered, filling.stated, filling.terms
    price = price_of(offered.price)
    return {
        "template": TEMPLATE,
        "order": str(filling.order),
        "listing": str(filling.listing),
        "offer": str(filling.offer),
        "nonce": filling.nonce,
        "drafted_at": rfc3339(filling.at),
        "seller": _party(filling.seller),
        "buyer": _party(filling.buyer),
        "data": {
            "dataset": str(filling.dataset),
            "title": filling.described.title.model_dump(),
            "description": filling.described.description.model_dump(),
            "level": filling.described.effective_level,
            "origin": stated.origin or "",
            "fields": list(offered.fields),
            "answers": list(offered.answers),
        },
        "rights": {
            "hold": "seller",
            "use": {
                **filling.wanted,
                "days": offered.days,
                "resale": bool(stated.resale),
                "export": bool(stated.export),
            },
            "operate": "seller",
        },
        "delivery": {"method": terms.delivery, "row_cap": offered.row_cap},
        "payment": {
            "price": price.document(),
            "opening_amount": 0 if offered.trial_days is not None else opening_amount(price),
            "trial_days": offered.trial_days,
            "when": terms.payment,
        },
        "acceptance": {"inspection_days": terms.inspection_days, "deemed": terms.deemed_acceptance},
        "security": terms.security,
        "breach": terms.breach,
        "dispute_resolution": terms.dispute_resolution,
    }


def digest_of(document: Mapping[str, Any]) -> str:
    """The SHA-256 of a contract's canonical JSON, in hex: what both sides sign."""
    return hashlib.sha256(canonical.dumps(dict(document))).hexdigest()


def text_of(document: Mapping[str, Any]) -> str:
    """The contract's text in Chinese, article by article."""
    data, use, payment = document["data"], document["rights"]["use"], document["payment"]
    acceptance, delivery = document["acceptance"], document["delivery"]
    price = read_price(payment["price"])
    amount = amount_in_words(payment["opening_amount"], price.currency)[0] if payment["opening_amount"] else ""
    trial = payment["trial_days"]
    articles = [
        ("合同主体", f"提供方：{_named(document['seller'])}。接收方：{_named(document['buyer'])}。"),
        (
            "数据描述",
            (
                f"名称：{data['title']['zh']}。内容：{data['description']['zh']}。级别：{data['level']}。来源：{data['origin']}。"
                f"字段：{'、'.join([*data['fields'], *data['answers']])}。"
            ),
        ),
        (
            "权利安排",
            (
                f"数据持有权和数据产品经营权仍属提供方。接收方为“{use['purpose']}”之目的、在“{use['scope']}”范围内享有数据使用权，"
                f"期限 {use['days']} 天；使用依据：{use['basis']}；使用场景：{use['scenario']}。"
                f"{'可以' if use['resale'] else '不得'}转售，{'可以' if use['export'] else '不得'}出境。"
            ),
        ),
        (
            "交付",
            f"{delivery['method']}。数据进入接收方可检索识别的系统时为交付时间。"
            + (f"单次交付不超过 {delivery['row_cap']} 行。" if delivery["row_cap"] else ""),
        ),
        (
            "价款与支付",
            price_in_words(price)[0]
            + (f"自开始交付之日起 {trial} 天内免费试用。" if trial else "")
            + (f"首期价款（含税）{amount}，" if amount else "")
            + ("先付款后交付。" if payment["when"] == "prepaid" else "交付后付款。")
            + "账单以交易所账本所载的交付记录为准。",
        ),
        (
            "验收",
            (
                f"接收方在交付后 {acceptance['inspection_days']} 天内验收，可以提出异议；"
                f"{'逾期未提出异议的，视为验收合格' if acceptance['deemed'] else '沉默不视为验收合格'}。"
                "不经使用不能判断是否合格的，使用不视为验收。"
            ),
        ),
        ("安全保障", f"{document['security']}。"),
        ("违约责任", f"{document['breach']}。有争议的仅冻结争议部分，其余继续履行。"),
        ("解除", "一方根本违约的，另一方可以解除合同；解除后停止交付。"),
        ("争议解决", f"{document['dispute_resolution']}。"),
    ]
    head = [f"数据提供合同（编号 {document['order']}）", ""]
    lines = [f"第{_NUMERALS[index]}条 {title}\n{text}" for index, (title, text) in enumerate(articles)]
    return "\n".join([*head, *lines, "", "双方以登记的密钥对本合同规范化文本的摘要签名后生效。"]).replace("。。", "。")


_NUMERALS: Final = "一二三四五六七八九十"


def _party(organisation: OrganisationView) -> dict[str, str]:
    return {
        "organisation": str(organisation.id),
        "name": organisation.name_zh,
        "name_en": organisation.name_en,
        "code": organisation.code,
    }


def _named(party: Mapping[str, str]) -> str:
    return f"{party['name']}（统一社会信用代码 {party['code']}）"
