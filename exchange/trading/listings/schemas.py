"""Requests and answers about listings and offers."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field, StrictBool, StrictInt, StrictStr, StringConstraints, model_validator

from adapters.kind import FieldName
from exchange.catalog.schemas import Bilingual
from exchange.catalog.terms.schemas import AnswerName, Purpose
from exchange.kernel.schemas import PRINTABLE, In, Out, Prose, Salt, Text, with_example
from exchange.rights.forms.form import Proof
from exchange.trading.listings.prices import OfferPrice

Verb = Literal["submit", "approve", "reject", "list", "suspend", "resume", "delist"]
SampleValue = Annotated[
    StrictStr | StrictBool | Annotated[StrictInt, Field(ge=-(2**53) + 1, le=2**53 - 1)] | None,
    Field(description="Numbers with a fraction are written as text"),
]
Days = Annotated[int, Field(ge=1, le=3650)]
_PROOF = {"title": "来源说明", "digest": "5f0c9a3f6c1f1a0f7b3ad0de3b1f5a6e2c0b7e6d4c8b9a1f2e3d4c5b6a798081"}

_DOCUMENT: dict[str, Any] = {
    "title": {"zh": "岗位需求", "en": "Positions wanted"},
    "summary": {"zh": "企业招聘岗位需求，按月汇总", "en": "Positions that enterprises want filled, by month"},
    "keywords": ["岗位", "招聘"],
    "origin": "本企业招聘业务中形成",
    "origin_proof": _PROOF,
    "is_public_data": False,
    "resale": False,
    "export": False,
    "sample": [{"position": "电工", "wanted": 12}],
    "contract": {
        "inspection_days": 10,
        "deemed_acceptance": False,
        "payment": "postpaid",
        "delivery": "签约后通过交易所接口提供",
        "security": "仅在境内、受控环境中使用",
        "breach": "违约方赔偿直接损失",
        "dispute_resolution": "提交合同签订地人民法院",
    },
}


class PublicData(In):
    """On what an organisation may trade data of departments: it is lawfully opened, or the product of an authorised operation."""

    basis: Literal["opened", "authorised_operation"]
    reference: Annotated[
        Text,
        Field(description="Where it is opened to the public, or the registration code of the public data resource"),
    ]


class ContractTerms(In):
    """What the contract says beside price and data, in the seller's words where they are words."""

    inspection_days: Annotated[int, Field(ge=1, le=90, description="Days to inspect and object after each delivery")]
    deemed_acceptance: Annotated[bool, Field(description="Whether the buyer's silence in this time is acceptance")] = (
        False
    )
    payment: Annotated[
        Literal["prepaid", "postpaid"],
        Field(description="Whether the fixed amount is paid before or after the delivery"),
    ]
    delivery: Prose
    security: Prose
    breach: Prose
    dispute_resolution: Prose


class ListingDocument(In):
    """What a seller states about the data. A draft may lack members; the gate names every one that is missing."""

    model_config = with_example(_DOCUMENT)

    title: Bilingual | None = None
    summary: Bilingual | None = None
    keywords: Annotated[list[Text], Field(max_length=30)] = []
    origin: Annotated[Prose | None, Field(description="Where the data comes from (数据来源说明)")] = None
    origin_proof: Proof | None = None
    is_public_data: Annotated[
        bool | None, Field(description="Whether departments collected or made it in performing their duties")
    ] = None
    public_data: PublicData | None = None
    resale: Annotated[bool | None, Field(description="Whether a buyer may pass the data on")] = None
    export: Annotated[bool | None, Field(description="Whether a buyer may take it abroad")] = None
    sample: Annotated[
        list[dict[FieldName, SampleValue]],
        Field(max_length=20, description="Rows that the seller made up; no fields about people"),
    ] = []
    contract: ContractTerms | None = None


class NewListing(In):
    """A listing to draft over a published dataset."""

    model_config = with_example(
        {
            "dataset": "demo-talent/positions",
            "document": _DOCUMENT,
        }
    )

    dataset: Annotated[str, StringConstraints(min_length=1, max_length=130, pattern=PRINTABLE)]
    document: ListingDocument = ListingDocument()


class ListingStep(In):
    """A step of a listing, with its reason."""

    model_config = with_example({"verb": "submit", "statement": "材料齐全"})

    verb: Verb
    statement: Prose


class NewOffer(In):
    """An offer of a listing: what, for how long, at what price, to whom. It never changes: close it and open another one."""

    model_config = with_example(
        {
            "name": {"zh": "一年期", "en": "One year"},
            "fields": ["position", "wanted"],
            "purposes": ["talent-service"],
            "days": 365,
            "price": {"model": {"kind": "per_record", "unit_price": 1237}},
            "places": 10,
        }
    )

    name: Bilingual
    fields: Annotated[list[FieldName], Field(max_length=500)] = []
    answers: Annotated[list[AnswerName], Field(max_length=50)] = []
    purposes: Annotated[list[Purpose], Field(min_length=1, max_length=50)]
    row_cap: Annotated[int | None, Field(ge=1, lt=2**53, description="Most rows of one delivery")] = None
    days: Annotated[Days, Field(description="How long the data may be received, from the beginning of the delivery on")]
    price: OfferPrice
    trial_days: Annotated[
        Days | None, Field(description="For so many days nothing is owed; such an offer is ordered once by each buyer")
    ] = None
    buyers: Annotated[
        list[UUID], Field(max_length=200, description="Organisations that it is made to; without them it is public")
    ] = []
    places: Annotated[int | None, Field(ge=1, le=1_000_000, description="How many orders there can be")] = None
    unsigned: Annotated[
        int,
        Field(
            ge=1, le=100, description="With `places`: how many orders of one buyer may wait for signatures at a time"
        ),
    ] = 1

    @model_validator(mode="after")
    def _offers_something(self) -> Self:
        if not self.fields and not self.answers:
            raise ValueError("an offer has at least one field, or an answer")
        return self


class GateFault(Out):
    """A condition that the listing does not meet."""

    condition: str
    at: Annotated[str, Field(description="The member that it is about")]
    article: Annotated[str, Field(description="The rule it follows from")]
    error: Annotated[str, Field(description="What is missing and what to do")]
    error_zh: str


class GateOut(Out):
    """The conditions that the listing does not meet; none where it may be listed."""

    faults: list[GateFault]


class Plain(Out):
    """An offer's terms in plain words, a sentence each."""

    zh: list[str]
    en: list[str]


class OfferOut(Out):
    """An offer, as whoever it is made to sees it."""

    id: UUID
    listing: UUID
    document: Annotated[dict[str, Any], Field(description="The offer as it was opened, without its buyers")]
    terms: Plain
    is_private: bool
    buyers: Annotated[list[UUID], Field(description="Shown to the seller only")]
    places: int | None
    left: Annotated[int | None, Field(description="Places that are not taken; null where there is no limit")]
    opened_at: datetime
    closed_at: datetime | None


class ListingOut(Out):
    """A listing, as far as you may see it."""

    id: UUID
    dataset: UUID
    seller: UUID
    state: str
    verbs: Annotated[list[str], Field(description="What can happen next")]
    document: ListingDocument
    offers: list[OfferOut]
    salt: Annotated[
        Salt | None, Field(description="The salt of the digests on the ledger; for the seller and the market operator")
    ]
    statements: Annotated[list[dict[str, Any]], Field(description="For the seller and the market operator")]
    drafted_at: datetime
    listed_at: datetime | None
