"""The gate of the market: the conditions under which data is listed, and ordered, as one list.

Each condition has its rule and says what to do, and all that fail are named at once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from exchange.catalog.proposal.identifying import find_about_people
from exchange.catalog.schemas import DatasetDocument
from exchange.trading.listings.schemas import ListingDocument


@dataclass(frozen=True, slots=True)
class Facts:
    """What the gate rests on. `dataset` is the published document, None where there is none.

    `inputs` are the faults of what the dataset is derived from, each with its place (`at`) and what to do (`error`);
    `disputed_inputs` are the places of inputs the rights over which are disputed. `excluded` is what the registration of the
    seller's right states as not allowed: `resale`, `export`.

    `personal` are the fields about people that an open offer has; `coverage` says, at an order, whether the buyer is named by
    a notice of consent for them, and is None before.
    """

    listing: ListingDocument
    dataset: DatasetDocument | None
    seller_kind: str
    is_seller_admitted: bool
    is_operator: bool
    is_objected: bool
    open_offers: int
    is_price_valid: bool
    personal: frozenset[str]
    coverage: bool | None = None
    inputs: Sequence[Mapping[str, str]] = ()
    disputed_inputs: Sequence[str] = ()
    excluded: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition: its name, the member it is about, its rule, what to do in two languages, and whether facts meet it.

    `details` are the places where it fails, each with what to do, which only the seller and the market operator are told.
    """

    name: str
    at: str
    article: str
    error: str
    error_zh: str
    holds: Callable[[Facts], bool]
    details: Callable[[Facts], Sequence[Mapping[str, str]]] | None = None


def _level(facts: Facts) -> str | None:
    return facts.dataset.effective_level if facts.dataset else None


def _on_file(facts: Facts) -> Sequence[str]:
    return list(facts.dataset.assessments.on_file) if facts.dataset else []


def _may_trade(facts: Facts) -> bool:
    """Whether data of departments is lawfully opened or the registered product of an authorised operation."""
    listing = facts.listing
    if facts.seller_kind == "department":
        return listing.public_data is not None and listing.public_data.basis == "opened"
    return not listing.is_public_data or listing.public_data is not None


def _is_sample_clean(facts: Facts) -> bool:
    """Whether the sample has only described fields that are about nobody, by their description, names and values."""
    described = {field.name: field.personal for field in facts.dataset.fields} if facts.dataset else {}
    rows = facts.listing.sample
    names = sorted({name for row in rows for name in row})
    if any(described.get(name, True) for name in names):
        return False
    texts = {name: [str(row[name]) for row in rows if row.get(name) is not None] for name in names}
    return not find_about_people(names, texts)


def _has_basis(facts: Facts) -> bool:
    """Whether people's data may leave: on a stated legal basis, or with the consent of each person, per buyer at its order."""
    if not facts.personal or (facts.dataset is not None and facts.dataset.terms.basis is not None):
        return True
    return facts.coverage is not False


GATE: Final[tuple[Condition, ...]] = (
    Condition(
        "published",
        "dataset",
        "DSL 33",
        "the dataset is not published: publish it first",
        "数据集未发布，请先发布",
        lambda facts: facts.dataset is not None,
    ),
    Condition(
        "seller_verified",
        "seller",
        "DSL 33",
        "the seller is not admitted to the exchange, or suspended",
        "卖方未通过身份核验或已被暂停",
        lambda facts: facts.is_seller_admitted,
    ),
    Condition(
        "described",
        "document/title",
        "Shanghai 67",
        "state `title` and `summary` in Chinese and English",
        "请填写中英文名称和简介",
        lambda facts: facts.listing.title is not None and facts.listing.summary is not None,
    ),
    Condition(
        "source_stated",
        "document/origin",
        "DSL 33",
        "state where the data comes from (`origin`), with a proof (`origin_proof`)",
        "请说明数据来源并提交证明",
        lambda facts: facts.listing.origin is not None and facts.listing.origin_proof is not None,
    ),
    Condition(
        "operate_right",
        "dataset",
        "Shanghai 55",
        "the seller has no unrestricted record of the right OPERATE over the dataset in force: register it first",
        "卖方无有效且未受限的数据产品经营权登记，请先登记",
        lambda facts: facts.is_operator,
    ),
    Condition(
        "undisputed",
        "dataset",
        "Shanghai 55",
        "an objection to the rights over the dataset is open: wait for its decision",
        "数据权属存在未处理的异议，请等待处理",
        lambda facts: not facts.is_objected,
    ),
    Condition(
        "inputs_permit",
        "dataset/derived_from",
        "Decree 809, 25",
        "what the dataset is derived from may not be passed on in this way",
        "数据集的来源数据不允许以此方式转提供或加工交易",
        lambda facts: not facts.inputs,
        lambda facts: [{"at": f"dataset/{fault['at']}", "error": fault["error"]} for fault in facts.inputs],
    ),
    Condition(
        "inputs_undisputed",
        "dataset/derived_from",
        "Shanghai 55",
        "an objection to the rights over an input of the dataset is open: wait for its decision",
        "来源数据的权属存在未处理的异议，请等待处理",
        lambda facts: not facts.disputed_inputs,
        lambda facts: [{"at": f"dataset/{place}"} for place in facts.disputed_inputs],
    ),
    Condition(
        "not_core",
        "dataset",
        "DSL 21",
        "core data is not traded",
        "核心数据不得交易",
        lambda facts: _level(facts) != "CORE",
    ),
    Condition(
        "risk_assessed",
        "dataset/assessments/risk",
        "Decree 790, 31",
        "important data is traded only with a risk assessment on file: publish a version of the dataset with one",
        "重要数据须有风险评估报告，请发布含评估报告的版本",
        lambda facts: _level(facts) != "IMPORTANT" or "risk" in _on_file(facts),
    ),
    Condition(
        "impact_assessed",
        "dataset/assessments/impact",
        "PIPL 55",
        "an offer has fields about people, and the dataset no impact assessment on file: publish a version with one",
        "挂牌内容含个人信息，须有个人信息保护影响评估报告",
        lambda facts: not facts.personal or "impact" in _on_file(facts),
    ),
    Condition(
        "people_consented",
        "offers",
        "PIPL 23",
        "no notice of consent names this buyer for the fields about people, and the terms state no other basis",
        "未就该买方取得个人单独同意，且无其他合法性基础",
        _has_basis,
    ),
    Condition(
        "public_data_stated",
        "document/is_public_data",
        "Shenzhen 67",
        "state whether it is public data (`is_public_data`)",
        "请说明是否为公共数据",
        lambda facts: facts.listing.is_public_data is not None,
    ),
    Condition(
        "public_data_opened",
        "document/public_data",
        "Shenzhen 67",
        "public data is traded only where it is lawfully opened, or as the registered product of an authorised operation: state "
        "`public_data`",
        "公共数据未依法开放的不得交易；授权运营产品须填写登记编码",
        _may_trade,
    ),
    Condition(
        "resale_stated",
        "document/resale",
        "Shanghai 67",
        "state `resale`; it is allowed only where the dataset's terms allow re-sharing, and the registered right resale",
        "请说明是否允许转售，且不得超出数据集条款和登记的权利限制",
        lambda facts: (
            facts.listing.resale is False
            or bool(
                facts.listing.resale
                and facts.dataset
                and facts.dataset.terms.resharing
                and "resale" not in facts.excluded
            )
        ),
    ),
    Condition(
        "export_stated",
        "document/export",
        "DSL 31",
        "state `export`; important data, data about people and what the registered right excludes are not offered for export",
        "请说明是否允许出境；重要数据、个人信息以及登记的权利限制不允许的不得在此挂牌出境",
        lambda facts: (
            facts.listing.export is False
            or bool(
                facts.listing.export
                and _level(facts) != "IMPORTANT"
                and not facts.personal
                and "export" not in facts.excluded
            )
        ),
    ),
    Condition(
        "sample_without_people",
        "document/sample",
        "PIPL 10",
        "give made-up rows of described fields that are about nobody",
        "样例只能包含目录中非个人信息的字段，且为自拟数据",
        _is_sample_clean,
    ),
    Condition(
        "price_valid",
        "offers",
        "Shanghai 57",
        "open at least one offer whose fields, purposes and price fit the dataset's terms",
        "请至少开放一个与数据集条款相符的报价",
        lambda facts: facts.open_offers > 0 and facts.is_price_valid,
    ),
    Condition(
        "contract_attached",
        "document/contract",
        "Model contract",
        "attach the terms of the contract (`contract`)",
        "请填写合同条款",
        lambda facts: facts.listing.contract is not None,
    ),
)
"""The conditions, in the order in which they are named."""


def faults_in(facts: Facts, *, is_insider: bool) -> list[Mapping[str, Any]]:
    """The conditions that facts do not meet, as the API shows them; insiders, not buyers, are told every place."""
    return [
        {
            "condition": condition.name,
            "at": condition.at,
            "article": condition.article,
            "error": condition.error,
            "error_zh": condition.error_zh,
            **detail,
        }
        for condition in GATE
        if not condition.holds(facts)
        for detail in (condition.details(facts) if condition.details and is_insider else [{}])
    ]
