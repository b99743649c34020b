"""What each reason of a denial means, and what would satisfy the rule that gave it, in both languages.

A refusal that leaves its reader guessing costs a telephone call or ends a cooperation. The texts name rules and kinds
of things only; what a reason is about stands in its `ref`.
"""

from dataclasses import dataclass
from typing import Literal

from policies.decision.documents import Reason, ReasonCode

Language = Literal["en", "zh"]


@dataclass(frozen=True, slots=True)
class Explanation:
    """The rule's title, and what would satisfy it."""

    title: str
    remedy: str


_TEXTS: dict[ReasonCode, dict[Language, tuple[str, str]]] = {
    "policy-unavailable": {
        "en": ("The policy could not be asked", "Try again later; if it lasts, tell the operator of the exchange."),
        "zh": ("策略引擎不可用", "请稍后重试；如持续出现，请联系交换平台运营方。"),
    },
    "obligation-unknown": {
        "en": (
            "The terms or the agreement demand a mask or row filter that the exchange cannot carry out",
            "The data owner replaces it by one of those that the exchange offers.",
        ),
        "zh": ("条款或协议要求了平台无法执行的脱敏方式或行过滤条件", "由数据提供方改用平台支持的方式。"),
    },
    "role-missing": {
        "en": (
            "The principal has no role that may request deliveries",
            "A security administrator assigns the role `consumer` in the principal's own organisation.",
        ),
        "zh": ("主体没有可申请交付的角色", "由安全管理员在主体所属组织内授予“数据使用者”角色。"),
    },
    "consumer-not-admitted": {
        "en": ("The consuming organisation is not admitted", "The operator admits or reinstates the organisation."),
        "zh": ("使用方组织未获准入", "由平台运营方准入或恢复该组织。"),
    },
    "principal-suspended": {
        "en": ("The requesting system or member is suspended", "A security administrator reinstates it."),
        "zh": ("请求的系统或人员已被停用", "由安全管理员恢复。"),
    },
    "owner-not-admitted": {
        "en": (
            "The organisation that owns the dataset is not admitted",
            "The operator admits or reinstates the owner.",
        ),
        "zh": ("提供方组织未获准入", "由平台运营方准入或恢复提供方。"),
    },
    "dataset-unavailable": {
        "en": ("The dataset is not published", "The owner publishes the dataset, or the request names another one."),
        "zh": ("数据集未发布", "由提供方发布该数据集，或改为请求其他数据集。"),
    },
    "dataset-not-shared": {
        "en": (
            "The owner has marked the dataset as not shared, with the legal provision that forbids sharing",
            "Only a change of the dataset's sharing attribute by its owner; the catalogue cites the provision.",
        ),
        "zh": ("数据集属于不予共享类", "仅当提供方依法变更共享属性后方可申请；依据见目录。"),
    },
    "level-forbidden": {
        "en": (
            "The dataset, or one of its fields, is graded core data, which enters no delivery",
            "The owner publishes a dataset without core data.",
        ),
        "zh": ("数据集或其字段为核心数据，不得交付", "由提供方发布不含核心数据的数据集。"),
    },
    "lane-mismatch": {
        "en": (
            "The lane does not fit the consumer or the agreement; government sharing is between departments",
            "Request on the lane that the agreement was made for, or apply for an agreement on a lane that fits.",
        ),
        "zh": ("通道与使用方或协议不符；政务共享仅限政府部门之间", "按协议约定的通道请求，或就相符的通道另行申请。"),
    },
    "consumer-not-in-terms": {
        "en": (
            "The owner's terms do not admit this kind, level or organisation of consumer",
            "The owner widens the terms, or another organisation that they admit makes the request.",
        ),
        "zh": ("使用方不在提供方条款规定的范围内", "由提供方放宽条款，或由条款允许的组织提出请求。"),
    },
    "terms-expired": {
        "en": ("The owner's terms have ended", "The owner publishes terms with a later end."),
        "zh": ("提供方条款已到期", "由提供方发布期限更晚的条款。"),
    },
    "aggregates-only": {
        "en": (
            "The owner's terms let figures about groups leave, and no records",
            "The owner publishes terms without a smallest group, or the figures themselves as a dataset.",
        ),
        "zh": (
            "提供方条款只允许提供分组统计数据，不提供明细记录",
            "由提供方取消最小分组要求，或将统计结果发布为数据集。",
        ),
    },
    "consent-missing": {
        "en": (
            "The owner's terms need the consent of the people in the data, of which there is no record",
            "The owner publishes terms that need no consent, where another legal basis holds (PIPL Article 13).",
        ),
        "zh": (
            "提供方条款要求数据主体同意，平台尚无同意记录",
            "如有其他合法性基础（个人信息保护法第十三条），由提供方发布不要求同意的条款。",
        ),
    },
    "agreement-missing": {
        "en": ("There is no agreement on this dataset with this organisation", "Apply for the dataset to its owner."),
        "zh": ("本组织与该数据集之间没有协议", "请向提供方提出使用申请。"),
    },
    "agreement-suspended": {
        "en": ("The agreement is suspended", "The owner's side resumes the agreement; ask it for the cause."),
        "zh": ("协议已中止", "由提供方恢复协议；请向其了解原因。"),
    },
    "agreement-terminated": {
        "en": ("The agreement has been terminated", "Apply for a new agreement."),
        "zh": ("协议已终止", "请重新申请。"),
    },
    "agreement-not-yet-valid": {
        "en": ("The agreement is not valid yet", "Request again when the agreement has begun."),
        "zh": ("协议尚未生效", "请在协议生效后再请求。"),
    },
    "agreement-expired": {
        "en": ("The agreement has expired", "Apply for a new agreement."),
        "zh": ("协议已到期", "请重新申请。"),
    },
    "impact-assessment-missing": {
        "en": (
            "Personal information leaves in operation and trade only with an impact assessment on file (PIPL Article 55)",
            "The data owner puts the assessment on file: with the dataset, or with the agreement when it approves one.",
        ),
        "zh": (
            "授权运营和交易中提供个人信息，须先有个人信息保护影响评估备查（个人信息保护法第五十五条）",
            "由提供方在数据集或在批准协议时登记影响评估。",
        ),
    },
    "risk-assessment-missing": {
        "en": (
            "Important data leaves only with a risk assessment on file (Decree 790, Article 31)",
            "The data owner puts the assessment on file: with the dataset, or with the agreement when it approves one.",
        ),
        "zh": (
            "提供重要数据须先有风险评估备查（网络数据安全管理条例第三十一条）",
            "由提供方在数据集或在批准协议时登记风险评估。",
        ),
    },
    "purpose-not-granted": {
        "en": (
            "The purpose is not among those granted",
            "State a purpose that both the terms and the agreement name, or apply for this one.",
        ),
        "zh": ("用途未获授权", "请使用条款和协议均列明的用途，或就该用途另行申请。"),
    },
    "owner-denied": {
        "en": (
            "The data owner's own module denies the delivery",
            "Meet the condition that the owner set, or ask the owner about it.",
        ),
        "zh": ("提供方自定义规则模块拒绝了本次交付", "满足提供方设定的条件，或向提供方了解。"),
    },
    "field-not-granted": {
        "en": ("A requested field is not granted", "Leave the field out, or apply for it."),
        "zh": ("请求了未获授权的字段", "请去掉该字段，或就该字段另行申请。"),
    },
    "filter-not-granted": {
        "en": (
            "A filter is on a field that is not granted in the clear; filtering would reveal it",
            "Filter on fields that are granted without a mask only, or apply for the field unmasked.",
        ),
        "zh": (
            "过滤条件使用了未以明文授权的字段，过滤会泄露其内容",
            "仅对未脱敏的授权字段过滤，或申请该字段的明文使用。",
        ),
    },
    "nothing-granted": {
        "en": (
            "Nothing remains of what terms, agreement and dataset grant together",
            "Ask the owner whether its terms still fit the agreement, or apply for fields that the dataset has today.",
        ),
        "zh": ("条款、协议与数据集的共同授权范围为空", "请向提供方核实条款是否仍与协议一致，或申请数据集现有的字段。"),
    },
}


def explain(reason: Reason, *, language: Language = "en") -> Explanation:
    """What a reason means and what would satisfy its rule: in its owner's own words, where the owner has any."""
    title, remedy = _TEXTS[reason.code][language]
    return Explanation(title, reason.message or remedy)
