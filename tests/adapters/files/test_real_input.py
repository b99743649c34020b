"""The ministry's workbook, the statistics office's divisions and the census records, as published."""

from pathlib import Path

import pytest

from adapters.duckdb.engine import Engine
from adapters.files.adapter import FileAdapter
from adapters.files.importing import import_file
from adapters.plan.condition import Comparison
from adapters.plan.masks import Partial
from adapters.plan.plan import Column, Plan
from tests.support.real_input import needed, real

pytestmark = [pytest.mark.real_input, needed]


async def test_the_list_of_universities(tmp_path: Path) -> None:
    imported_file = import_file(real("universities_2025.xls"), tmp_path)
    fields = {field.name: field.type for field in imported_file.description.fields}
    assert fields == {
        "序号": "integer",
        "学校名称": "string",
        "学校标识码": "string",
        "主管部门": "string",
        "所在地": "string",
        "办学层次": "string",
        "备注": "string",
        "section": "string",
    }
    assert (imported_file.description.rows, imported_file.description.key) == (2919, ("学校标识码",))
    assert {note.code: note.where for note in imported_file.description.notes} == {
        "title-rows-dropped": "rows 1, 2",
        "section-rows": "rows 4, 97, 154, 286, 369 and 26 more",
    }
    adapter = FileAdapter(imported_file.path, Engine(tmp_path), owns_engine=True)
    plan = Plan(
        (Column("学校标识码"), Column("学校名称", Partial(1, 2))), Comparison("section", "prefix", "浙江省"), limit=2
    )
    assert (await adapter.read(plan)).rows == [("4133010335", "浙*大学"), ("4133010336", "杭*****大学")]
    whole = Plan((Column("学校标识码"),), Comparison("section", "prefix", "浙江省"))
    assert sum([batch.num_rows async for batch in adapter.scan(whole)]) == 111
    await adapter.close()


@pytest.mark.parametrize(("name", "rows"), [("cities.csv", 342), ("areas.csv", 2978)])
def test_administrative_divisions_have_codes_and_no_notes(tmp_path: Path, name: str, rows: int) -> None:
    description = import_file(real(name), tmp_path).description
    assert {field.type for field in description.fields} == {"string"}
    assert (description.rows, description.key, description.notes) == (rows, ("code",), ())


def test_records_about_people(tmp_path: Path) -> None:
    description = import_file(real("people.csv"), tmp_path).description
    assert (description.rows, description.key) == (16_000, ("person_id",))
    assert {field.name for field in description.fields if field.type == "integer"} == {
        *("age", "fnlwgt", "education_num", "capital_gain", "capital_loss", "hours_per_week")
    }
    assert {note.where for note in description.notes} == {"workclass", "occupation", "native_country"}
    assert {hint.field for hint in description.hints if hint.kind == "sensitive"} == {
        *("marital_status", "race", "sex", "native_country", "income")
    }
    assert {hint.field for hint in description.hints if hint.kind == "subject_key"} == {"person_id"}
