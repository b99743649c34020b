"""Checks of a form before it is filed: every lacking or wrong member at once, with what to do, in English and Chinese.

Most first applications come back for such faults, so they run while the form is filled.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Final

from exchange.participants import uscc
from exchange.rights.forms.form import MAX_NAME, MAX_SUMMARY, HeldRight, Holder, RightsForm
from exchange.rights.forms.tables import CLASSES, EVIDENCE, RIGHTS, SITUATIONS, Situation, is_industry, is_registrable

_ANNEX: Final = "Annex 1"
VALUES: Final[Mapping[str, tuple[str, ...]]] = {
    "source_type": ("collected", "public_web", "agreement", "derived"),
    "applicant_type": ("legal_person", "unincorporated"),
    "scope": ("international", "national", "province", "city", "county_or_below"),
    "frequency": ("day", "week", "month", "year", "on_demand", "real_time", "other"),
    "medium": ("image", "text", "video", "audio", "table", "other"),
    "structure": ("structured", "semi_structured", "unstructured"),
}
"""The members of a form that have a list of values, with them."""
_LABELS: Final[Mapping[str, tuple[str, str]]] = {
    "source_type": ("the type of source", "数据来源类型"),
    "applicant_type": ("the applicant's type", "申请主体类型"),
    "scope": ("the geographic scope", "地域范围"),
    "frequency": ("the frequency of updates", "更新频率"),
    "medium": ("the form of the data", "数据形态"),
    "structure": ("its structure", "结构化程度"),
}
_PARTS: Final[Mapping[str, tuple[str, str]]] = {
    "time": ("the time", "时间"),
    "region": ("the region", "地域"),
    "industry": ("the industry", "行业"),
    "content": ("the content", "内容"),
    "kind": ("the type of data", "数据类型"),
}
_RESTRICTIONS: Final[Mapping[str, tuple[str, str]]] = {
    "recipients": ("who may use it", "使用对象"),
    "qualification": ("what buyers have to be", "购买方资质"),
    "environment": ("where it may be used", "使用环境"),
    "region": ("in which region", "使用地域"),
}
_ATTACHMENTS: Final[Mapping[str, tuple[str, str]]] = {
    "identity": ("the proof of identity", "主体身份证明"),
    "acquisition": ("the proof of lawful acquisition", "数据合法取得证明"),
    "sample": ("the sample of the data", "数据样例"),
    "description": ("the description of the data", "数据说明"),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of a form: its place, what to do in both languages, and the rule."""

    at: str
    error: str
    error_zh: str
    article: str = _ANNEX

    def document(self) -> dict[str, str]:
        """The fault as a member of `errors`."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Known:
    """What the exchange knows besides the form: the owner's kind, the organisations by code, today, and the data's levels.

    `is_personal` and `is_important` say whether the dataset's description has such fields. `held` are the rights that the
    applicant has over data of another owner; None for the owner.
    """

    owner_kind: str
    codes: Collection[str]
    today: date
    is_personal: bool
    is_important: bool
    held: Collection[str] | None = None


def find_faults(form: RightsForm, known: Known) -> list[Fault]:
    """Every fault of a form for a first registration, in the order of the form."""
    return [
        *_class_faults(form, known),
        *_situation_faults(form),
        *_name_faults(form),
        *_value_faults(form),
        *_time_faults(form, known),
        *_restriction_faults(form),
        *_holder_faults(form, known),
        *_attachment_faults(form, known),
    ]


def _class_faults(form: RightsForm, known: Known) -> Iterator[Fault]:
    at = "form/data_class"
    if form.data_class is None or form.data_class not in CLASSES:
        names = ", ".join(CLASSES)
        yield Fault(at, f"state whose data it is: {names}", f"请选择数据所属情形：{names}", "15")
    if not is_registrable(form.data_class, known.owner_kind):
        duty = CLASSES["duty"]
        yield Fault(at, f"cannot be registered: {duty.en}", f"不予登记：{duty.zh}", duty.article)
    elif form.data_class == "authorised_product" and not (form.public_registration or "").strip():
        yield Fault(
            "form/public_registration",
            "state the number of the registration as a public data resource, which comes first",
            "请先完成公共数据资源登记，并填写登记编号",
            CLASSES["authorised_product"].article,
        )


def _situation_faults(form: RightsForm) -> Iterator[Fault]:
    situation = SITUATIONS.get(form.situation or "")
    if situation is None:
        names = ", ".join(SITUATIONS)
        yield Fault("form/situation", f"state how the data came about: {names}", f"请选择数据形成情形：{names}", "21")
    elif form.source_type in VALUES["source_type"] and form.source_type not in situation.sources:
        fitting = ", ".join(sorted(situation.sources))
        yield Fault(
            "form/source_type",
            f"does not fit the situation {situation.name}; types that fit: {fitting}",
            f"与数据形成情形不符，可选：{fitting}",
            "20, 21",
        )


def _name_faults(form: RightsForm) -> Iterator[Fault]:
    for part, (en, zh) in _PARTS.items():
        if not getattr(form.name, part):
            yield Fault(f"form/name/{part}", f"state {en} in the name", f"数据名称缺少“{zh}”")
    if len(form.name.text) > MAX_NAME:
        yield Fault(
            "form/name",
            f"shorten the name to {MAX_NAME} characters; it has {len(form.name.text)}",
            f"数据名称不超过{MAX_NAME}个字，现为{len(form.name.text)}个字",
        )
    if not form.summary:
        yield Fault("form/summary", "summarise the data", "请填写数据概述")
    elif len(form.summary) > MAX_SUMMARY:
        yield Fault(
            "form/summary",
            f"shorten the summary to {MAX_SUMMARY} characters; it has {len(form.summary)}",
            f"数据概述不超过{MAX_SUMMARY}个字，现为{len(form.summary)}个字",
        )
    if not form.business:
        yield Fault("form/business", "describe the applicant's business", "请填写经营情况")
    if form.industry is None or not is_industry(form.industry):
        yield Fault(
            "form/industry",
            "state section and division of GB/T 4754, such as I65; the division belongs to the section",
            "请填写《国民经济行业分类》（GB/T 4754）的门类和大类代码，如 I65",
        )


def _value_faults(form: RightsForm) -> Iterator[Fault]:
    for member, values in VALUES.items():
        if getattr(form, member) not in values:
            yield value_fault(member, at=f"form/{member}")
    if form.rows is None and form.bytes is None:
        yield Fault("form/rows", "state the volume, in rows or bytes", "请填写数据规模（条数或者字节数）")


def value_fault(member: str, *, at: str) -> Fault:
    """The fault of a member that has none of its values."""
    en, zh = _LABELS[member]
    return Fault(at, f"state {en}: {', '.join(VALUES[member])}", f"请选择{zh}：{'、'.join(VALUES[member])}")


def _time_faults(form: RightsForm, known: Known) -> Iterator[Fault]:
    if form.since is None or form.to is None:
        at = "form/since" if form.since is None else "form/to"
        yield Fault(at, "state the first and the last day of the data", "请填写数据时间跨度的起止日期")
    elif form.to < form.since:
        yield Fault("form/to", "the last day is before the first", "结束日期早于起始日期")
    if form.valid_until is not None and form.valid_until <= known.today:
        yield Fault("form/valid_until", "state a day after today", "有效期应晚于今日", "26")


def _restriction_faults(form: RightsForm) -> Iterator[Fault]:
    for member, (en, zh) in _RESTRICTIONS.items():
        if not getattr(form.restrictions, member):
            yield Fault(
                f"form/restrictions/{member}", f"state {en}; 无 where nothing limits it", f"请填写{zh}，没有填“无”"
            )
    for member, en, zh in (("resale", "resold", "转售"), ("export", "exported", "出境")):
        if getattr(form.restrictions, member) is None:
            yield Fault(f"form/restrictions/{member}", f"state whether it may be {en}", f"请填写是否允许{zh}")


def _holder_faults(form: RightsForm, known: Known) -> Iterator[Fault]:
    if not form.holders:
        yield Fault("form/holders", "name at least one holder with its rights", "请填写权利配置说明")
    codes = [holder.code for holder in form.holders if holder.code]
    situation = SITUATIONS.get(form.situation or "")
    for number, holder in enumerate(form.holders):
        at = f"form/holders/{number}"
        yield from _code_faults(at, holder, known, is_twice=codes.count(holder.code or "") > 1)
        if not holder.name:
            yield Fault(f"{at}/name", "name the holder", "请填写权利人名称")
        if not holder.rights:
            yield Fault(f"{at}/rights", "state at least one right", "请填写权利类型")
        named = [held.right for held in holder.rights]
        for place, held in enumerate(holder.rights):
            is_twice = named.count(held.right) > 1
            yield from _right_faults(
                f"{at}/rights/{place}", held, form, situation, today=known.today, is_twice=is_twice
            )
        for place, name in enumerate(named):
            if known.held is not None and name in RIGHTS and name not in known.held:
                yield Fault(
                    f"{at}/rights/{place}/right",
                    f"your organisation has no {name} over this data; its owner applies for it",
                    "申请人对该数据不享有此权利，应由数据提供方申请",
                    "20, 21",
                )
        if holder.proof is None:
            yield Fault(f"{at}/proof", "attach what proves the rights", "请提供权利来源证明")


def _code_faults(at: str, holder: Holder, known: Known, *, is_twice: bool) -> Iterator[Fault]:
    if not holder.code:
        yield Fault(f"{at}/code", "state the unified social credit code", "请填写统一社会信用代码")
        return
    wrong = uscc.fault(holder.code)
    if wrong is not None:
        yield Fault(f"{at}/code", wrong, "统一社会信用代码有误（GB 32100-2015），请核对")
    elif holder.code not in known.codes:
        yield Fault(
            f"{at}/code",
            "no organisation of this exchange has this code; a holder joins first, and confirms the application",
            "该权利人尚未加入本平台；权利人须先加入并确认申请",
        )
    elif is_twice:
        yield Fault(f"{at}/code", "names a holder twice", "权利人重复")


def _right_faults(
    at: str, held: HeldRight, form: RightsForm, situation: Situation | None, *, today: date, is_twice: bool
) -> Iterator[Fault]:
    if held.right not in RIGHTS:
        names = ", ".join(RIGHTS)
        yield Fault(f"{at}/right", f"state one of {names}", f"请选择权利类型：{names}", "3")
        return
    if is_twice:
        yield Fault(f"{at}/right", "names a right twice", "权利类型重复", "3")
    if held.until is not None and held.until <= today:
        yield Fault(f"{at}/until", "state a day after today", "权利期限应晚于今日")
    if situation is None or held.right in situation.registrable(frozenset(form.evidence)):
        return
    if held.right in situation.further | situation.rights and situation.evidence in EVIDENCE:
        yield Fault(
            f"form/evidence/{situation.evidence}",
            f"{held.right} needs this evidence here: {situation.en}",
            f"登记该权利须提供证明：{situation.zh}",
            situation.article,
        )
    else:
        yield Fault(
            f"{at}/right",
            f"{held.right} cannot be registered here: {situation.en}",
            f"该情形不能登记该权利：{situation.zh}",
            situation.article,
        )


def _attachment_faults(form: RightsForm, known: Known) -> Iterator[Fault]:
    for name, (en, zh) in _ATTACHMENTS.items():
        if name not in form.attachments:
            yield Fault(f"form/attachments/{name}", f"attach {en}", f"请提供{zh}")
    if (known.is_personal or known.is_important) and "lawfulness" not in form.attachments:
        yield Fault(
            "form/attachments/lawfulness",
            "attach the proof that personal information or important data is handled lawfully",
            "涉及个人信息或者重要数据的，请提供处理合法性证明",
            "20",
        )
