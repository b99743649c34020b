"""Every attack is detected, with the right verdict; and others' verifiers see of it what they look at.

The table of who sees what is `ATTACKS` itself: where one of them begins to see more, or less, this fails.
"""

import pytest

from ledger.format import note
from ledger.verification.report import Code
from ledger.verification.verify import verify
from tests.support.ledgers.attacks import ATTACKS, Attack, AttackedExport, export_log
from tests.support.ledgers.other_verifiers import OUTSIDERS

pytestmark = pytest.mark.endurance


@pytest.fixture
def at(tmp_path) -> AttackedExport:
    return export_log(tmp_path / "export")


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_an_attack_is_detected(at: AttackedExport, attack: Attack) -> None:
    attack.run(at)
    report = verify(at.directory, verifier=at.verifier, known=at.known)
    if attack.code is None:
        assert report.is_ok, report.text()
        return
    assert not report.is_ok
    assert attack.code in {finding.code for finding in report.findings}, report.text()
    assert report.first_bad_index == attack.index, report.text()


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_others_see_what_they_look_at(at: AttackedExport, attack: Attack) -> None:
    attack.run(at)
    vkey = (at.verifier or at.log.signer.verifier).vkey
    if attack.name == "key_and_all_signatures_exchanged":
        vkey = note.Signer(at.log.signer.name, bytes(32)).vkey  # as the attacker gives it
    detecting = {name for name, verdict in OUTSIDERS.items() if verdict(at.directory, vkey) is not None}
    assert detecting == attack.seen


def test_without_an_attack_everybody_is_content(at: AttackedExport) -> None:
    assert verify(at.directory, verifier=at.log.signer.verifier, known=[at.log.newest]).is_ok
    assert [name for name, verdict in OUTSIDERS.items() if verdict(at.directory, at.log.signer.vkey)] == []


@pytest.mark.parametrize("count", [1, 2, 40])
def test_signature_lines_may_stand_in_any_order_and_be_of_any_keys(at: AttackedExport, count: int) -> None:
    """Cosignatures of strangers before, behind and between, the log's own twice: it is the same checkpoint."""
    strangers = [note.Signer(f"stranger-{number}", bytes([number]) * 32) for number in range(count)]
    text, _, own = at.log.newest.partition("\n\n")
    lines = [signer.line(f"{text}\n") for signer in strangers]
    for ordered in ([own, *lines], [*lines, own], [own, *lines, own], [*lines[::-1], own]):
        at.put("checkpoint", f"{text}\n\n{''.join(ordered)}")
        report = verify(at.directory, verifier=at.log.signer.verifier)
        assert report.is_ok, report.text()


def test_a_checkpoint_without_our_own_line_is_nobody_s(at: AttackedExport) -> None:
    text, _, _ = at.log.newest.partition("\n\n")
    at.put("checkpoint", f"{text}\n\n{note.Signer('stranger', bytes(32)).line(text)}")
    [finding] = verify(at.directory).findings
    assert finding.code == Code.CHECKPOINT_INVALID
