"""The verifier reports the cosignatures in a bundle, by the bundle's policy or by the auditor's own."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from ledger import cli
from ledger.format import note, trust_policy
from ledger.format.cosignature import ED25519, ML_DSA_44, CosignerKey
from ledger.verification.report import Code
from ledger.verification.verify import verify

SIZES = (1, 100, 300)
KEYS = [
    CosignerKey("w.example/a", ED25519, b"a" * 32),
    CosignerKey("w.example/b", ML_DSA_44, b"b" * 32),
    CosignerKey("w.example/c", ED25519, b"c" * 32),
]
NAMES = ("a", "b", "c")


def trust(log, quorum: str = "g", *, keys=KEYS) -> str:
    lines = [f"log {log.signer.vkey}"]
    lines += [f"witness {name} {key.cosigner.vkey}" for name, key in zip(NAMES, keys, strict=True)]
    return "\n".join([*lines, "group g 2 a b c", f"quorum {quorum}"]) + "\n"


@pytest.fixture
def log(new_log):
    log = new_log(*SIZES)
    for size, signed in log.checkpoints.items():
        text = note.split(signed)[0]
        log.checkpoints[size] = signed + "".join(key.line(text, time=1_700_000_000 + size) for key in KEYS)
    return log


@pytest.fixture
def bundle(log, tmp_path):
    directory = log.write(tmp_path / "bundle")
    (directory / "policy").write_text(trust(log))
    return directory


def keep(path: Path, *names: str) -> None:
    """Leave of a checkpoint's lines those of the log and of some witnesses."""
    text, lines = note.split(path.read_text())
    wanted = {f"w.example/{name}" for name in names}
    remaining = [
        signature_line
        for signature_line in lines
        if not signature_line[0].startswith("w.example/") or signature_line[0] in wanted
    ]
    path.write_text(
        text + "\n" + "".join(note.line(name, signature[:4], signature[4:]) for name, signature in remaining)
    )


def test_cosigned_checkpoints_are_in_order(log, bundle):
    report = verify(bundle, verifier=log.signer.verifier)
    assert report.is_ok, report.text()
    assert "cosigned by 'a', 'b', 'c'" in report.text()
    assert "the policy came with the bundle" in report.text()
    own = verify(bundle, verifier=log.signer.verifier, trust=trust_policy.parse(trust(log, "b")))
    assert own.is_ok
    assert "the policy came with the bundle" not in own.text()


@pytest.mark.parametrize("witnesses", [(), ("a",), ("b",), ("c",)])
def test_the_newest_checkpoint_needs_its_quorum(log, bundle, witnesses):
    for path in (bundle / "checkpoint", bundle / "checkpoints/300"):
        keep(path, *witnesses)
    [finding] = verify(bundle, verifier=log.signer.verifier).findings
    assert (finding.code, finding.path, finding.expected) == (Code.QUORUM_MISSING, "checkpoint", "g")
    assert verify(bundle, trust=trust_policy.parse(trust(log, "none"))).is_ok


def test_an_older_checkpoint_without_its_quorum_is_a_remark(log, bundle):
    keep(bundle / "checkpoints/1", "a")
    keep(bundle / "checkpoints/100")
    report = verify(bundle, verifier=log.signer.verifier)
    assert report.is_ok
    assert "2 older checkpoints, from size 1 on, do not have the quorum" in report.text()


def test_an_own_policy_is_not_weakened_by_the_bundles(log, bundle):
    (bundle / "policy").write_text(f"log {log.signer.vkey}\nquorum none\n")
    keep(bundle / "checkpoint")
    assert verify(bundle).is_ok
    for text in (trust(log), trust(log).replace(f"log {log.signer.vkey}\n", "")):
        report = verify(bundle, trust=trust_policy.parse(text))
        assert [finding.code for finding in report.findings] == [Code.QUORUM_MISSING]


def test_witnesses_with_other_keys_are_strangers(log, bundle):
    other_keys = [CosignerKey(key.name, key.kind, b"x" * 32) for key in KEYS[:2]] + [KEYS[2]]
    report = verify(bundle, trust=trust_policy.parse(trust(log, keys=other_keys)))
    assert [finding.code for finding in report.findings] == [Code.QUORUM_MISSING]
    assert "cosigned by 'c'" in report.text()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_cosignature_with_any_bit_changed_is_found(log, bundle, data):
    path = bundle / data.draw(st.sampled_from(["checkpoint", "checkpoints/1", "checkpoints/300"]))
    before = path.read_text()
    text, lines = note.split(before)
    which = data.draw(st.integers(1, 3))
    name, material = lines[which]
    changed = bytearray(material)
    changed[data.draw(st.integers(4, len(material) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    lines[which] = name, bytes(changed)
    path.write_text(text + "\n" + "".join(note.line(name, part[:4], part[4:]) for name, part in lines))
    try:
        report = verify(bundle, verifier=log.signer.verifier)
    finally:
        path.write_text(before)
    [finding] = report.findings
    assert (finding.code, finding.path) == (Code.COSIGNATURE_INVALID, str(path.relative_to(bundle)))


def test_the_command_takes_a_policy(log, bundle, tmp_path):
    own = tmp_path / "own.policy"
    own.write_text(trust(log))
    run = CliRunner().invoke
    assert run(cli.app, ["verify", str(bundle), "--policy", str(own)]).exit_code == 0
    keep(bundle / "checkpoint", "a")
    failed = run(cli.app, ["verify", str(bundle), "--policy", str(own), "--json"])
    assert failed.exit_code == 1
    assert [finding["code"] for finding in json.loads(failed.stdout)["findings"]] == ["quorum-missing"]
    own.write_text("quorum\n")
    assert run(cli.app, ["verify", str(bundle), "--policy", str(own)]).exit_code == 2
    assert run(cli.app, ["verify", str(bundle), "--policy", str(tmp_path / "none")]).exit_code == 2
