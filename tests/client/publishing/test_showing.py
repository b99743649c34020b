"""The client describes every mask in words, and prints no control characters of other people's data."""

from data_exchange_client.publishing.showing import describe_mask, fields_table
from data_exchange_client.terminal.output import plain
from tests.support.policy_samples import MASKS


def test_every_mask_has_words() -> None:
    assert len({describe_mask(mask) for mask in MASKS}) == len(MASKS)
    assert describe_mask({"kind": "of a later version"}) == "of a later version"


def test_values_of_a_file_do_not_act_on_the_terminal() -> None:
    assert plain("a\x1b[2Jb\u202e") == "a\N{REPLACEMENT CHARACTER}[2Jb\N{REPLACEMENT CHARACTER}"
    field = {
        "name": "n\x1b", "type": "string", "level": "G3", "personal": True, "sensitive": False, "subject_key": False,
        "mask": {"kind": "year"}, "reason": "\x07",
        "leaves": {"kept_percent": 40, "examples": [{"value": "\x1b[31m" + "x" * 40, "left": None}]},
    }  # fmt: skip
    cells = [str(cell) for column in fields_table([field]).columns for cell in column.cells]
    assert not any("\x1b" in cell or "\x07" in cell for cell in cells)
    assert any("→ nothing" in cell and "at most 40 % kept" in cell for cell in cells)
