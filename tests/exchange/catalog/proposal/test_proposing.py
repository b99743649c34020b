"""No default releases identifying values: the proposed mask hides them for every name and type of a field."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.plan.masks import FieldType, mask_from_json, mask_type
from adapters.plan.plan import Field
from exchange.catalog.proposal.leaving import MOST_KEPT, measure
from exchange.catalog.proposal.proposing import ProposedField, Wishes, propose

_PSEUDONYM = {"kind": "hash"}
_NOTHING = {"kind": "null"}
_TYPES = get_args(FieldType)


def propose_fields(
    columns: dict[str, tuple[FieldType, Sequence[Any]]],
    wishes: Wishes | None = None,
    *,
    hints: Sequence[tuple[str, str]] = (),
    key: tuple[str, ...] = (),
) -> dict[str, ProposedField]:
    fields = [Field(name, type_) for name, (type_, _) in columns.items()]
    description = {
        "hints": [{"field": field, "kind": kind, "reason": "its name"} for field, kind in hints],
        "key": key,
    }
    sample = {name: values for name, (_, values) in columns.items()}
    result = propose(description, fields, sample, wishes or Wishes(), examples=3)
    return {field.name: field for field in result}


def propose_field(name: str, type_: FieldType, values: Sequence[Any], **more: Any) -> ProposedField:
    return propose_fields({name: (type_, values)}, **more)[name]


_MOBILES = ["13800000001", "13912345678", "18688886666"]
_IDENTITIES = ["330106199003071234", "33010619850101002X", "110101200001011237"]

_BY_NAME: list[tuple[str, FieldType, Sequence[Any]]] = [
    ("手机号", "integer", [13800000001, 13912345678]),
    ("phone", "integer", [8613800000001, 8613800000017]),
    ("mobilePhone", "number", [13800000001.0]),
    ("联系电话", "string", ["0571-87654321", "88123456"]),
    ("telephone2", "decimal", [Decimal(13800000001)]),
    ("tel", "string", ["(0571) 8765 4321"]),
    ("银行账号", "integer", [6222021234567890]),
    ("银行卡号", "string", ["6222 0212 3456 7890 123"]),
    ("account_no", "integer", [100234]),
    ("bankCard", "string", ["4111111111111111"]),
    ("card_number", "integer", [4111111111111111]),
    ("工号", "integer", [330106, 330107]),
    ("staff_no", "integer", [1001, 1002]),
    ("StaffNumber", "integer", [71, 72]),
    ("employee_id", "integer", [9, 12]),
    ("emp_no", "string", ["A-1"]),
    ("学号", "string", ["22010203"]),
    ("studentId", "integer", [22010203]),
    ("准考证号", "string", ["2026330100"]),
    ("身份证号", "string", _IDENTITIES),
    ("证件号码", "string", ["A1234567"]),
    ("id_card_no", "integer", [330106199003071234]),
    ("passport", "string", ["E12345678"]),
    ("护照号", "string", ["EA1234567"]),
    ("车牌", "string", ["浙A12345"]),
    ("plate_no", "string", ["ABC 123"]),
    ("电子邮箱", "string", ["a@b.cn"]),
    ("e_mail", "string", ["a@b.cn"]),
    ("微信号", "string", ["wxid_1"]),
    ("社保号", "integer", [33010001]),
    ("病历号", "integer", [77]),
    ("shouji", "integer", [13800000001]),
    ("sfzh", "string", ["330106900307123"]),
    ("user_name", "string", ["zhangsan"]),
    *(
        (name, "string", ["x1"])
        for name in (
            "电　话",
            "手 机 号",
            "单位联系人手机",
            "患者编号",
            "员工ID",
            "用户编号",
            "会员号",
            "身份号码",
            "房产证号",
            "教师资格证编号",
            "车辆识别代号",
            "idno",
            "ID Number",
            "cert_no",
            "cust_id",
            "NRIC",
            "social_security_number",
            "driverLicense",
            "shenfenzhenghaoma",
            "lianxidianhua",
            "contact",
            "loginName",
            "ICCID",
            "户口簿编号",
            "MAC地址",
        )
    ),
]

_BY_VALUES: dict[str, Sequence[str]] = {
    "mobile numbers": _MOBILES,
    "with the country": ["+8613800000001", "+86 139 1234 5678", "0086-18688886666"],
    "grouped": ["138-0000-0001", "139 1234 5678"],
    "other countries": ["+442071838750", "+1 202 555 0143"],
    "identity numbers": _IDENTITIES,
    "old identity numbers": ["330106900307123", "110101850101002"],
    "bank cards": ["6222021234567890123", "4111111111111111", "5500005555555559"],
    "e-mail": ["zhang@example.cn", "li.si@example.com"],
    "plates": ["浙A12345", "京AD12345", "粤B·12345"],
    "passports": ["E12345678", "EA1234567", "G12345678"],
    "identity numbers of taxpayers": ["330106199003071234AB", "33010619850101002X00"],
    "full width": ["１３８００００００００１", "１３９１２３４５６７８"],
    "one-person firms": ["92330106MA27XK1234", "91330000MA27XK1235", "91330000MA27XK1236"],
    "half telephones": [*_MOBILES, "none", "unknown"],
}


@pytest.mark.parametrize(("name", "type_", "values"), _BY_NAME, ids=[f"{name} {type_}" for name, type_, _ in _BY_NAME])
def test_identifying_names_give_a_pseudonym_or_nothing_whatever_the_type(
    name: str, type_: FieldType, values: Sequence[Any]
) -> None:
    field = propose_field(name, type_, values)
    assert field.is_personal
    assert field.mask in (_PSEUDONYM, _NOTHING)
    assert field.level in {"G3", "G4"}
    assert field.leaving.kept == 0


@pytest.mark.parametrize("title", _BY_VALUES)
@pytest.mark.parametrize("name", ["column_3", "备注栏", "value"])
def test_identifying_values_give_a_pseudonym_whatever_the_name(name: str, title: str) -> None:
    field = propose_field(name, "string", _BY_VALUES[title])
    assert (field.is_personal, field.mask) == (True, _PSEUDONYM)
    if all(value.isdecimal() for value in _BY_VALUES[title]):
        as_numbers = propose_field(name, "integer", [int(value) for value in _BY_VALUES[title]])
        assert as_numbers.mask == _PSEUDONYM


@pytest.mark.parametrize(
    ("name", "type_", "values", "mask"),
    [
        ("姓名", "string", ["王小明", "李四"], {"kind": "partial", "keep_start": 1, "keep_end": 0}),
        ("full_name", "string", ["Ada Lovelace"], {"kind": "partial", "keep_start": 1, "keep_end": 0}),
        ("家庭住址", "string", ["浙江省杭州市西湖区"], {"kind": "partial", "keep_start": 1, "keep_end": 0}),
        ("age", "integer", [43, 18, 71], {"kind": "bucket", "size": 10}),
        ("score_of_person", "integer", [8500, 12000], {"kind": "bucket", "size": 10000}),
        ("score_of_person", "integer", [], _NOTHING),
        ("出生日期", "date", [date(1990, 3, 7)], {"kind": "year"}),
        ("dateOfBirth", "timestamp", [datetime(1990, 3, 7, tzinfo=UTC)], {"kind": "year"}),
        ("height", "number", [1.71], _NOTHING),
        ("is_member", "boolean", [True], _NOTHING),
    ],
)
def test_what_describes_people_leaves_in_a_coarser_form(
    name: str, type_: FieldType, values: Sequence[Any], mask: dict[str, Any]
) -> None:
    field = propose_field(name, type_, values, hints=[(name, "personal")])
    assert field.mask == mask


@pytest.mark.parametrize("type_", _TYPES)
def test_sensitive_content_does_not_leave(type_: FieldType) -> None:
    values: dict[FieldType, Any] = {"string": "糖尿病", "integer": 3, "decimal": Decimal(3), "number": 3.5}
    field = propose_field("f", type_, [values[type_]] if type_ in values else [], hints=[("f", "sensitive")])
    assert (field.mask, field.level, field.is_sensitive) == (_NOTHING, "G4", True)


def test_a_number_of_seven_digits_about_a_person_is_no_range() -> None:
    assert propose_field("f", "integer", [43, 1234567], hints=[("f", "personal")]).mask == _PSEUDONYM


def test_a_year_in_which_hardly_two_people_are_born_does_not_leave() -> None:
    alone = [date(1930 + number, 1, 1) for number in range(30)]
    assert propose_field("born", "date", alone).mask == _NOTHING
    together = [date(1990, 1 + number % 12, 1 + number % 28) for number in range(30)]
    assert propose_field("born", "date", together).mask == {"kind": "year"}


def test_a_code_in_a_table_about_people_is_a_pseudonym() -> None:
    codes = [f"K{number:07}" for number in range(9)]
    table: dict[str, tuple[FieldType, Sequence[Any]]] = {
        "码": ("string", codes),
        "年份": ("string", [f"2026-01-{number + 10}" for number in range(9)]),
        "city": ("string", ["330100"] * 9),
    }
    assert [field.mask for field in propose_fields(table).values()] == [None, None, None]
    about_people = propose_fields({**table, "手机": ("string", _MOBILES * 3)})
    assert about_people["码"].mask == _PSEUDONYM
    assert (about_people["年份"].mask, about_people["city"].mask) == (None, None)


@pytest.mark.parametrize("name", ["column_7", "名单", "车主"])
def test_columns_of_names_are_about_people(name: str) -> None:
    values = ["王小明", "李四", "欧阳修", "陈一", "林二", "诸葛亮"]
    field = propose_field(name, "string", values)
    assert (field.is_personal, field.mask) == (True, {"kind": "partial", "keep_start": 1, "keep_end": 0})


def test_coordinates_do_not_leave_from_a_table_about_people() -> None:
    table: dict[str, tuple[FieldType, Sequence[Any]]] = {"lat": ("number", [30.25]), "经度": ("number", [120.1])}
    assert [field.mask for field in propose_fields(table).values()] == [None, None]
    about_people = propose_fields({**table, "手机": ("string", _MOBILES)})
    assert [about_people[name].mask for name in table] == [_NOTHING, _NOTHING]


@pytest.mark.parametrize("beside", ["姓名", "身份证号"])
def test_pay_and_career_in_a_table_about_people_are_personal(beside: str) -> None:
    fields = propose_fields(
        {
            beside: ("string", ["王小明", "李四"] if beside == "姓名" else _IDENTITIES[:2]),
            "月补贴": ("number", [1200.5, 800.0]),
            "工资": ("integer", [12000, 8000]),
            "年收入": ("string", ["12万", "8万"]),
            "入职日期": ("date", [date(2020, 3, 1), date(2020, 7, 1)]),
        }
    )
    assert [name for name, field in fields.items() if not field.is_personal or field.mask is None] == []
    assert [fields[name].is_sensitive for name in ("月补贴", "工资", "年收入", "入职日期")] == [True, True, True, False]
    alone = propose_fields(
        {"学校": ("string", ["甲", "乙"]), "年收入": ("number", [1.5, 2.5]), "补贴": ("number", [1.0, 2.0])}
    )
    assert not any(field.is_personal for field in alone.values())


def test_numbers_inside_of_prose_make_it_personal() -> None:
    field = propose_field("备注", "string", ["已联系", "家属电话13800000001，已告知"])
    assert (field.is_personal, field.mask) == (True, {"kind": "partial", "keep_start": 1, "keep_end": 0})


@pytest.mark.parametrize(
    ("name", "type_", "values"),
    [
        ("学校名称", "string", ["浙江大学", "宁波大学"]),
        ("学校标识码", "string", ["4133010335", "4133011646"]),
        ("统一社会信用代码", "string", ["91330000MA27XK1235", "12330000MB0000001H"]),
        ("单位电话", "string", ["0571-87654321"]),
        ("year", "integer", [2020, 2021]),
        ("城市", "string", ["金华市", "温州市", "高邮市", "黄山市", "江门市"]),
        ("地名", "string", ["杭州", "宁波", "温州", "嘉兴", "湖州", "绍兴"]),
        ("许可证号", "string", ["浙餐证字 1"]),
        ("last_updated", "date", [date(2020, 1, 1)]),
        ("latitude", "number", [30.25]),
        ("enrolment", "integer", [35000, 1200]),
        ("discount", "integer", [5]),
        ("updated", "timestamp", [datetime(2020, 1, 1, tzinfo=UTC)]),
    ],
)
def test_what_is_about_no_person_leaves_as_it_is(name: str, type_: FieldType, values: Sequence[Any]) -> None:
    assert propose_field(name, type_, values).mask is None


_VALUES: dict[FieldType, st.SearchStrategy[Any]] = {
    "string": st.text(max_size=30) | st.from_regex(r"[0-9A-Z+\- ]{1,20}", fullmatch=True),
    "integer": st.integers(-(2**63), 2**63 - 1) | st.integers(0, 200),
    "decimal": st.decimals(allow_nan=False, allow_infinity=False, places=2),
    "number": st.floats(allow_nan=False, allow_infinity=False),
    "boolean": st.booleans(),
    "date": st.dates(),
    "timestamp": st.datetimes(timezones=st.just(UTC)),
}


@given(st.sampled_from(_TYPES), st.data())
def test_no_default_leaves_a_value_nearly_whole(type_: FieldType, data: st.DataObject) -> None:
    """For every hint, type and value, at most half of the value's characters leave."""
    values = data.draw(st.lists(_VALUES[type_] | st.none(), max_size=30))
    hints = [
        ("f", kind)
        for kind in data.draw(st.sets(st.sampled_from(["personal", "sensitive", "subject_key"]), min_size=1))
    ]
    field = propose_field("f", type_, values, hints=hints)
    assert field.is_personal
    assert field.mask is not None
    mask = mask_from_json(field.mask, key=bytes(32))
    mask_type(mask, type_)
    assert measure(mask, values).kept <= MOST_KEPT
    assert not measure(mask, values).is_nearly_whole


@pytest.mark.parametrize(
    ("mask", "values", "characters_left", "distinct_left"),
    [
        ({"kind": "bucket", "size": 10}, [13800000001, 13800000002], 10 / 11, 1),
        ({"kind": "partial", "keep_start": 3, "keep_end": 4}, ["13800000001"], 7 / 11, 1),
        ({"kind": "prefix", "length": 6}, ["330106199003071234"], 6 / 18, 1),
        ({"kind": "hash"}, ["a", "b", None], 0, 2),
        ({"kind": "year"}, [date(1990, 1, 2), date(1990, 5, 6)], 0.4, 1),
        ({"kind": "null"}, ["a", "b"], 0, 0),
        ({"kind": "constant", "value": "a"}, ["a", "b"], 0, 1),
        ({"kind": "bucket", "size": 10}, [-3], 0, 1),
    ],
)
def test_what_a_mask_leaves_is_measured(
    mask: dict[str, Any], values: list[Any], characters_left: float, distinct_left: int
) -> None:
    leaving = measure(mask_from_json(mask, key=bytes(32)), values, examples=1)
    assert leaving.kept == pytest.approx(characters_left)
    assert leaving.distinct_left == distinct_left
    assert leaving.values == len([value for value in values if value is not None])
    assert len(leaving.examples) == 1


def test_the_owner_knows_better() -> None:
    table: dict[str, tuple[FieldType, Sequence[Any]]] = {"phone": ("string", _MOBILES), "note": ("string", ["abc"])}
    wishes = Wishes(clear=["phone"], personal=["note"])
    fields = propose_fields(table, wishes)
    assert (fields["phone"].is_personal, fields["phone"].mask, fields["phone"].level) == (False, None, "G1")
    assert (fields["note"].is_personal, fields["note"].reason) == (True, "you said so")
    masked = propose_fields(
        table, Wishes(masks={"phone": {"kind": "partial", "keep_start": 3, "keep_end": 4}, "note": None})
    )
    assert masked["phone"].leaving.examples[0] == ("13800000001", "138****0001")
    assert masked["phone"].leaving.kept == pytest.approx(7 / 11)


def test_of_several_keys_the_one_that_names_the_row_names_the_person() -> None:
    hints = [("a", "subject_key"), ("b", "subject_key")]
    fields = propose_fields({"a": ("string", ["x"]), "b": ("string", ["y"])}, hints=hints, key=("b",))
    assert [field.is_subject_key for field in fields.values()] == [False, True]
