"""Secrets that can be destroyed one by one, and the keys that hang on them."""

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.plan.condition import PlanError
from adapters.plan.masks import FieldType
from exchange.kernel.keys.keyfiles import KeyFileInvalid
from exchange.kernel.keys.sealing import Seal, SealBroken
from exchange.kernel.keys.slots import BLOCK, Slots, SlotsMissing
from exchange.subjects import cipher
from exchange.subjects.identity import Identity, SubjectKey, identity
from ledger.format import canonical
from ledger.log.store import Sealed

ROOT = Path(__file__).parents[3]
SEAL = Seal(bytes(range(32)))
OWNER, OTHER = UUID(int=1), UUID(int=2)
PERSON = Identity(f"{OWNER}/person_id", "330106199003078812")
ROW, SUBJECT = cipher.create(PERSON, slot=7, secret=b"s" * 32, seal=SEAL)
MAKE = "import sys; from pathlib import Path; from exchange.kernel.keys.slots import Slots; slots = Slots(Path(sys.argv[1])); "
MAKE += "sys.stdin.read(1); slots.prepare([5]); print(slots.read(5).hex())"


@pytest.fixture
def slots(tmp_path: Path) -> Slots:
    slot_files = Slots(tmp_path / "subjects")
    slot_files.prepare([0, BLOCK - 1, BLOCK])
    return slot_files


def test_each_is_destroyed_by_itself_and_for_good(slots: Slots, tmp_path: Path) -> None:
    before = {slot: slots.read(slot) for slot in (0, 1, BLOCK - 1, BLOCK)}
    assert len(set(before.values())) == 4
    slots.destroy([1, 1])
    slots.destroy([1])
    slots.prepare([1])
    assert slots.read(1) is None
    assert not slots.holds(1)
    assert {slot: slots.read(slot) for slot in (0, BLOCK - 1, BLOCK)} == {
        slot: secret for slot, secret in before.items() if slot != 1
    }
    for path in (tmp_path / "subjects").iterdir():
        assert path.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "subjects").stat().st_mode & 0o777 == 0o700


def test_what_is_missing_or_short_is_said(slots: Slots, tmp_path: Path) -> None:
    for use, wanted in ((slots.read, 5 * BLOCK), (slots.destroy, [5 * BLOCK]), (slots.demand, [0, 5])):
        with pytest.raises(SlotsMissing, match="00000005"):
            use(wanted)  # type: ignore[arg-type]
    slots.demand([0, 1])
    assert not slots.holds(5 * BLOCK)
    (tmp_path / "subjects" / "00000000.slots").write_bytes(b"x" * 40)
    with pytest.raises(KeyFileInvalid):
        slots.read(1)


def test_processes_that_begin_at_once_agree(tmp_path: Path) -> None:
    command = [sys.executable, "-c", MAKE, str(tmp_path / "subjects")]
    started = [
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    for process in started:
        assert process.stdin is not None
        process.stdin.write("x")
        process.stdin.flush()
    assert len({process.communicate()[0] for process in started}) == 1


def test_a_key_needs_its_slot_and_its_seal() -> None:
    row, subject = cipher.create(PERSON, slot=7, secret=b"s" * 32, seal=SEAL)
    assert subject.pseudonym == cipher.unwrap(row, secret=b"s" * 32, seal=SEAL).pseudonym == row.pseudonym
    for secret, seal in ((b"t" * 32, SEAL), (b"s" * 32, Seal(bytes(32)))):
        with pytest.raises(cipher.KeyUnusable):
            cipher.unwrap(row, secret=secret, seal=seal)
    recreated, _ = cipher.create(PERSON, slot=7, secret=b"s" * 32, seal=SEAL)
    assert recreated.lookup == row.lookup != Identity(f"{OTHER}/person_id", PERSON.value).lookup(SEAL)
    assert row.lookup != PERSON.lookup(Seal(bytes(32)))
    assert len({row.pseudonym, recreated.pseudonym, row.wrapped, recreated.wrapped}) == 4


def test_details_open_for_their_subject_only_and_as_they_were() -> None:
    (row, created), (_, other) = (cipher.create(PERSON, slot=7, secret=b"s" * 32, seal=SEAL) for _ in range(2))
    opened = cipher.unwrap(row, secret=b"s" * 32, seal=SEAL)
    commitment, sealed = created.seal({"value": "陈"})
    assert cipher.commitment_of(opened.open(sealed)) == commitment
    assert opened.open(sealed)[cipher.SALT :].decode() == '{"value":"陈"}'
    assert opened.seal({"value": "陈"})[0] != commitment
    changed = bytes([sealed.ciphertext[0] ^ 1]) + sealed.ciphertext[1:]
    for subject, details in ((other, sealed), (opened, Sealed(sealed.subject, sealed.nonce, changed))):
        with pytest.raises(SealBroken):
            subject.open(details)


@given(st.text())
def test_what_is_sealed_is_canonical(text: str) -> None:
    details = {"value": text, "field": text, "op": "eq"}
    _, sealed = SUBJECT.seal(details)
    assert SUBJECT.open(sealed)[cipher.SALT :] == canonical.dumps(details)


@pytest.mark.parametrize(
    ("kind", "values", "text"),
    [
        ("string", ["P00001"], "P00001"),
        ("integer", [7], "7"),
        ("decimal", [7, "7", "7.0", Decimal("7.000")], "7"),
        ("date", ["1990-03-07", date(1990, 3, 7)], "1990-03-07"),
        (
            "timestamp",
            ["1990-03-07T08:00:00+08:00", datetime(1990, 3, 7, 8, tzinfo=timezone(timedelta(hours=8)))],
            datetime(1990, 3, 7, tzinfo=UTC).isoformat(),
        ),
        ("boolean", [True], "true"),
    ],
)
def test_a_person_has_one_identity_however_the_value_is_written(kind: FieldType, values: list[Any], text: str) -> None:
    for value in values:
        assert identity(OWNER, SubjectKey("person_id", kind), value) == Identity(f"{OWNER}/person_id", text)
    with pytest.raises(PlanError):
        identity(OWNER, SubjectKey("person_id", kind), ["x"])
