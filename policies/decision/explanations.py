"""The explanation of each reason for a denial, in English and Chinese: what the rule found, and who does what about it.

A refusal that leaves its reader guessing costs a telephone call or ends a cooperation. The texts name no value; the field,
agreement or dataset that a reason is about is its `ref`.
"""

from dataclasses import dataclass
from typing import Literal

from policies.decision.documents import Reason
from policies.decision.reasons import ReasonCode

Language = Literal["en", "zh"]


@dataclass(frozen=True, slots=True)
class Explanation:
    """The rule's finding, and the act that would satisfy it."""

    title: str
    remedy: str


_TEXTS: dict[ReasonCode, dict[Language, tuple[str, str]]] = {
    "policy-unavailable": {
        "en": (
            "The policy engine gave no decision",
            "Request again later. If the problem persists, report it to the operator of the exchange.",
        ),
        "zh": ("策略引擎未能作出决策", "请稍后重试；如持续出现，请联系交换平台运营方。"),
    },
    "obligation-unknown": {
        "en": (
            "The terms, the agreement or the owner's module require a mask or row filter that the exchange cannot apply",
            "The data owner replaces the mask or row filter with one that the exchange offers.",
        ),
        "zh": (
            "条款、协议或提供方规则模块要求了平台无法执行的脱敏方式或行过滤条件",
            "由数据提供方改用平台支持的脱敏方式或过滤条件。",
        ),
    },
    "role-missing": {
        "en": (
            "The system or member has no role that permits requesting deliveries",
            "A security administrator assigns it the role `consumer` in its own organisation.",
        ),
        "zh": ("请求的系统或人员没有可申请交付的角色", "由安全管理员在其所属组织内授予“数据使用者”角色。"),
    },
    "consumer-not-admitted": {
        "en": (
            "The consuming organisation is not admitted to the exchange",
            "The operator admits or reinstates the consuming organisation.",
        ),
        "zh": ("使用方组织未获准入", "由平台运营方准入或恢复使用方组织。"),
    },
    "principal-suspended": {
        "en": (
            "The requesting system or member is suspended",
            "A security administrator reinstates the system or member.",
        ),
        "zh": ("请求的系统或人员已被停用", "由安全管理员恢复该系统或人员。"),
    },
    "owner-not-admitted": {
        "en": (
            "The organisation that owns the dataset is not admitted",
            "The operator admits or reinstates the owner's organisation.",
        ),
        "zh": ("提供方组织未获准入", "由平台运营方准入或恢复提供方组织。"),
    },
    "dataset-unavailable": {
        "en": (
            "The dataset is not published",
            "The owner publishes the dataset, or you request another; `exchange-client catalog` lists what is published.",
        ),
        "zh": ("数据集未发布", "由提供方发布该数据集，或改为请求其他数据集。"),
    },
    "dataset-not-shared": {
        "en": (
            "The dataset's sharing attribute is `not_shared`; the catalogue cites the legal provision",
            "Only the owner can change the sharing attribute. Ask the owner whether the provision still applies.",
        ),
        "zh": (
            "数据集的共享属性为不予共享，法律依据见目录",
            "仅提供方可依法变更共享属性；请向其核实依据是否仍然适用。",
        ),
    },
    "level-forbidden": {
        "en": (
            "The level of the dataset or of one of its fields is `CORE`; core data is never delivered",
            "The owner publishes a dataset without the core data.",
        ),
        "zh": ("数据集或其字段的级别为核心数据，不得交付", "由提供方发布不含核心数据的数据集。"),
    },
    "lane-mismatch": {
        "en": (
            "The lane is not that of the agreement, or the government lane is used by an organisation that is no department",
            "Request on the lane of the agreement, or apply for an agreement on a lane that admits your organisation.",
        ),
        "zh": (
            "通道与协议不符，或非政府部门使用了政务共享通道",
            "按协议约定的通道请求，或就允许本组织使用的通道另行申请。",
        ),
    },
    "consumer-not-in-terms": {
        "en": (
            "The owner's terms (`consumers`) do not admit your organisation, its kind or its level",
            "Ask the owner to add your organisation, its kind or its level to the terms.",
        ),
        "zh": ("提供方条款的使用方范围不包括本组织及其类型或层级", "请提供方将本组织、其类型或层级列入条款。"),
    },
    "terms-expired": {
        "en": ("The owner's terms have expired (`not_after`)", "The owner publishes terms with a later `not_after`."),
        "zh": ("提供方条款已到期", "由提供方发布期限更晚的条款。"),
    },
    "aggregates-only": {
        "en": (
            "The owner's terms (`min_group`) allow only figures about groups, no records",
            "The owner sets `min_group` to 0 in the terms, or publishes the figures as a dataset.",
        ),
        "zh": (
            "提供方条款只允许提供分组统计数据，不提供明细记录",
            "由提供方取消最小分组要求，或将统计结果发布为数据集。",
        ),
    },
    "consent-missing": {
        "en": (
            "The rows are about people, and no notice that they could consent to covers this consumer, purpose and fields",
            "The owner publishes a notice for you, this purpose and these fields; or states another legal basis (`basis`).",
        ),
        "zh": (
            "数据涉及个人，提供方尚无覆盖本使用方、本用途及所请求字段的告知书，无从取得个人同意",
            "由提供方发布覆盖本组织、本用途及全部字段的告知书并取得个人同意，或在条款中载明其他合法性基础（`basis`）。",
        ),
    },
    "agreement-missing": {
        "en": (
            "Your organisation has no agreement on this dataset",
            "Submit an application for the dataset to its owner.",
        ),
        "zh": ("本组织与该数据集之间没有协议", "请向提供方提出使用申请。"),
    },
    "agreement-suspended": {
        "en": (
            "The agreement is suspended",
            "`exchange-client agreements show` (GET /api/v1/agreements/{id}/statements) has the reason; the owner resumes it.",
        ),
        "zh": ("协议已中止", "原因见 GET /api/v1/agreements/{id}/statements；由提供方恢复协议。"),
    },
    "agreement-terminated": {
        "en": ("The agreement has been terminated", "Submit an application for a new agreement."),
        "zh": ("协议已终止", "请重新申请。"),
    },
    "agreement-not-yet-valid": {
        "en": (
            "The agreement is not valid yet (`not_before`, or the state `provisioning`)",
            "Request again after the agreement's `not_before`, or once its owner has provided the data and activated it.",
        ),
        "zh": ("协议尚未生效", "请在协议的生效时间之后，或提供方提供数据并启用协议之后再请求。"),
    },
    "agreement-expired": {
        "en": ("The agreement has expired (`not_after`)", "Submit an application for a new agreement."),
        "zh": ("协议已到期", "请重新申请。"),
    },
    "impact-assessment-missing": {
        "en": (
            "On the lanes operation and trade, personal information needs an impact assessment on file (PIPL Article 55)",
            "The owner files the impact assessment with the dataset, or with the agreement when approving an application.",
        ),
        "zh": (
            "授权运营和交易中提供个人信息，须先有个人信息保护影响评估备查（个人信息保护法第五十五条）",
            "由提供方在数据集或在批准协议时登记影响评估。",
        ),
    },
    "risk-assessment-missing": {
        "en": (
            "Important data needs a risk assessment on file (Decree 790, Article 31)",
            "The owner files the risk assessment with the dataset, or with the agreement when approving an application.",
        ),
        "zh": (
            "提供重要数据须先有风险评估备查（网络数据安全管理条例第三十一条）",
            "由提供方在数据集或在批准协议时登记风险评估。",
        ),
    },
    "purpose-not-granted": {
        "en": (
            "The purpose is not in both the owner's terms and the agreement",
            "Request with a purpose that both list, or submit an application for this purpose.",
        ),
        "zh": ("用途未同时列入提供方条款和协议", "请使用条款和协议均列明的用途，或就该用途另行申请。"),
    },
    "agreement-unfit": {
        "en": (
            "The published version does not fit the agreement: a mask or a row filter cannot be applied to its fields",
            "The data owner publishes a version that fits, or terminates the agreement; a narrowing can withhold a masked field.",
        ),
        "zh": (
            "已发布的版本与协议不符：其字段无法应用约定的脱敏方式或行过滤条件",
            "由数据提供方发布与协议相符的版本，或终止该协议；脱敏方式不符的，也可收窄协议不再提供该字段。",
        ),
    },
    "owner-denied": {
        "en": (
            "The data owner's module denies the delivery; `ref` is the module's own code",
            "Ask the owner which condition of the module the request does not meet.",
        ),
        "zh": ("提供方规则模块拒绝了本次交付，`ref` 为模块自定的代码", "请向提供方了解本次请求未满足模块的哪一条件。"),
    },
    "field-not-granted": {
        "en": (
            "The requested field is not granted",
            "Remove the field from the request, or submit an application for it.",
        ),
        "zh": ("请求了未获授权的字段", "请去掉该字段，或就该字段另行申请。"),
    },
    "filter-not-granted": {
        "en": (
            "The request filters on a field that is masked or not granted; the filter would reveal its values",
            "Filter only on fields that are granted without a mask, or submit an application for the field unmasked.",
        ),
        "zh": (
            "过滤条件使用了已脱敏或未获授权的字段，过滤会泄露其内容",
            "仅对未脱敏的授权字段过滤，或申请该字段的明文使用。",
        ),
    },
    "answer-not-granted": {
        "en": (
            "The requested answer is not in both the owner's terms and the agreement, or the owner has changed its meaning",
            "Ask only for answers that both list, or submit an application for this answer.",
        ),
        "zh": (
            "请求的核验答案未同时列入提供方条款和协议，或提供方已变更其含义",
            "请仅请求条款和协议均列明的答案，或就该答案另行申请。",
        ),
    },
    "nothing-granted": {
        "en": (
            "No field is in the terms, the agreement and the dataset alike",
            "Ask the owner whether the terms still fit the agreement, or submit an application for fields of the dataset.",
        ),
        "zh": (
            "没有任何字段同时列入条款、协议和数据集",
            "请向提供方核实条款是否仍与协议一致，或申请数据集现有的字段。",
        ),
    },
}


def explain(reason: Reason, *, language: Language = "en") -> Explanation:
    """The explanation of a reason. Where the reason has a message of its own, that is the remedy."""
    title, remedy = _TEXTS[reason.code][language]
    return Explanation(title, reason.message or remedy)


def title_of(code: str, *, language: Language) -> str:
    """What the rule of a reason found, by its code; the code itself where it is one of a former version."""
    texts = {str(known): text for known, text in _TEXTS.items()}.get(code)
    return texts[language][0] if texts is not None else code
