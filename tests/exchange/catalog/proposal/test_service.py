"""A proposal over the API: for the owner alone, with real values beside what leaves of them, and on the ledger."""

import io
import json

from exchange.settings import Settings
from tests.support.exchanges.exchange import Exchange, Party
from tests.support.exchanges.starting import start_exchange

CSV = "工号,姓名,phone,age,学校\n" + "".join(
    f"{330100 + n},陈{n}号,138000000{n:02},{20 + n},浙江大学\n" for n in range(30)
)


async def _file(exchange: Exchange, owner: Party) -> str:
    return str((await exchange.register_file(owner, CSV.encode()))["id"])


async def test_an_owner_sees_what_each_mask_leaves_of_real_values(settings: Settings, log_output: io.StringIO) -> None:
    async with start_exchange(settings) as exchange:
        owner = await exchange.admit("owner")
        source = await _file(exchange, owner)
        answer = await exchange.call(owner.steward, "POST", f"/api/v1/sources/{source}/proposal", {})
        assert answer.status == 200, answer.content
        fields = {field["name"]: field for field in answer.json["fields"]}
        assert {name: (field["mask"] or {}).get("kind") for name, field in fields.items()} == {
            "工号": "hash",
            "姓名": "partial",
            "phone": "hash",
            "age": "bucket",
            "学校": None,
        }
        assert (fields["phone"]["identifying"], fields["phone"]["leaves"]["kept_percent"]) == (True, 0)
        leaves = fields["姓名"]["leaves"]
        assert leaves["examples"][0] == {"value": "陈0号", "left": "陈**"}
        assert (leaves["values"], leaves["distinct"], leaves["distinct_left"]) == (30, 30, 2)
        assert answer.json["sampled"] == 30
        entry = (await exchange.read_entries())[int(answer.headers["exchange-entry"])]
        assert (entry["type"], entry["rows"], entry["columns"]) == ("source.sampled", 30, 5)
        assert "陈0号" not in json.dumps(entry, ensure_ascii=False)
    assert "陈0号" not in log_output.getvalue()
    assert "13800000001" not in log_output.getvalue()


async def test_a_proposal_without_examples_shows_no_value_and_leaves_no_entry(settings: Settings) -> None:
    async with start_exchange(settings) as exchange:
        owner = await exchange.admit("owner")
        source = await _file(exchange, owner)
        answer = await exchange.call(owner.steward, "POST", f"/api/v1/sources/{source}/proposal", {"examples": 0})
        assert [field["leaves"]["examples"] for field in answer.json["fields"]] == [[]] * 5
        assert "陈" not in answer.content.decode()
        assert "exchange-entry" not in answer.headers


async def test_masks_are_tried_before_they_are_published(settings: Settings) -> None:
    async with start_exchange(settings) as exchange:
        owner = await exchange.admit("owner")
        target = f"/api/v1/sources/{await _file(exchange, owner)}/proposal"
        tried = {"phone": {"kind": "partial", "keep_start": 3, "keep_end": 4}, "姓名": None}
        answer = await exchange.call(owner.steward, "POST", target, {"masks": tried, "clear": ["age"]})
        fields = {field["name"]: field for field in answer.json["fields"]}
        assert fields["phone"]["leaves"]["examples"][0]["left"] == "138****0000"
        assert fields["phone"]["leaves"]["kept_percent"] == 64
        assert (fields["姓名"]["mask"], fields["姓名"]["leaves"]["kept_percent"]) == (None, 100)
        assert (fields["age"]["personal"], fields["age"]["mask"]) == (False, None)
        wrong = {"masks": {"age": {"kind": "year"}, "x": None}, "clear": ["y"], "personal": ["z"]}
        refused = await exchange.call(owner.steward, "POST", target, wrong)
        assert (refused.status, refused.problem) == (422, "dataset-invalid")
        errors = json.dumps(refused.json["errors"], ensure_ascii=False)
        assert all(text in errors for text in ("clear/0", "personal/0", 'no field \\"x\\"', "year"))


async def test_only_the_owner_s_steward_sees_values(settings: Settings) -> None:
    async with start_exchange(settings) as exchange:
        owner = await exchange.admit("owner")
        other = await exchange.admit("other")
        target = f"/api/v1/sources/{await _file(exchange, owner)}/proposal"
        assert (await exchange.call(other.steward, "POST", target, {})).problem == "not-found"
        assert (await exchange.call(owner.system, "POST", target, {})).problem == "role-missing"
        for administrator in exchange.keys.values():
            refused = await exchange.call(administrator, "POST", target, {})
            assert refused.problem in ("not-found", "role-missing")
            assert "陈" not in refused.content.decode()
        unread = await exchange.call_ok(
            owner.steward,
            "POST",
            "/api/v1/sources",
            {"organisation": owner.id, "source": {"kind": "file", "title": "x"}},
        )
        early = await exchange.call(owner.steward, "POST", f"/api/v1/sources/{unread['id']}/proposal", {})
        assert early.problem == "conflict"


async def test_tables_are_proposed_as_files_are(settings: Settings, people_table: str) -> None:
    async with start_exchange(settings) as exchange:
        owner = await exchange.admit("owner")
        source = await exchange.register_table(owner, people_table, "people")
        answer = await exchange.call_ok(owner.steward, "POST", f"/api/v1/sources/{source['id']}/proposal", {})
        assert [field["name"] for field in answer["fields"]] == [
            field["name"] for field in source["description"]["fields"]
        ]
        assert answer["sampled"] > 0
