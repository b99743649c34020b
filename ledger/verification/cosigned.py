"""Cosignatures in a bundle: whether the newest checkpoint has the policy's quorum, and which older ones do not.

A checkpoint with a quorum of witnesses cannot belong to a second history, unless as many witnesses collude. The newest
checkpoint covers the whole log, so it must have the quorum. An older one without it is only remarked, since the newest
continues it. A line of a known witness that does not verify is a finding on any checkpoint (c2sp.org/signed-note).
"""

from collections.abc import Iterable

from ledger.bundle.files import CHECKPOINT, CHECKPOINTS, POLICY, Files, Missing, Unreadable
from ledger.format import note, trust_policy
from ledger.format.rotation import History
from ledger.format.trust_policy import TrustPolicy
from ledger.verification.report import Code, Finding, Findings


def find_policy(bundle: Files, keys: History, trust: TrustPolicy | None, findings: Findings) -> TrustPolicy | None:
    """The policy that applies: the auditor's, or the bundle's own. None, and a finding, if neither can be used."""
    trusted, path = trust, "the given policy"
    if trusted is None:
        path = POLICY
        try:
            trusted = trust_policy.parse(bundle.read(POLICY))
        except Missing:
            findings.remarks.append("the bundle has no policy file")
            return None
        except Unreadable as error:
            findings.add(Finding(Code.FILE_UNUSABLE, error.reason, path=error.path))
            return None
        except trust_policy.MalformedPolicy as error:
            findings.add(Finding(Code.POLICY_INVALID, str(error), path=POLICY))
            return None
    is_named = any(key in [log.key for log in trusted.logs] for _, key in keys.keys)
    # An auditor's policy may list no log, if the auditor knows the log from elsewhere (c2sp.org/tlog-policy).
    if not is_named and (trust is None or trusted.logs):
        detail = "the policy does not name the log's key"
        findings.add(Finding(Code.KEY_DIFFERS, detail, path=path, expected=keys.newest.vkey))
    if trust is None and trusted.quorum != trust_policy.NONE:
        findings.remarks.append("the policy came with the bundle; compare it with the one that you were given")
    return trusted


def check(bundle: Files, trusted: TrustPolicy, sizes: Iterable[int], findings: Findings, *, newest: int) -> None:
    """Check the cosignatures of the bundle's checkpoints, of which the newest has `newest` entries."""
    if not trusted.witnesses:
        return
    _check_newest(bundle, trusted, findings, newest=newest)
    lacking = []
    for size in sizes:
        path = f"{CHECKPOINTS}/{size}"
        try:
            witnesses = trusted.find_witnesses(bundle.read(path))
        except (Unreadable, note.MalformedNote):
            continue  # the walk reports it
        except note.SignatureInvalid as error:
            findings.add(Finding(Code.COSIGNATURE_INVALID, str(error), path=path))
            continue
        if size < newest and not trusted.is_satisfied([witness.key for witness in witnesses]):
            lacking.append(size)
    if lacking:
        which = f"{len(lacking)} older checkpoint{'s' if len(lacking) > 1 else ''}, from size {lacking[0]} on,"
        findings.remarks.append(f"{which} do not have the quorum; the newest continues them")


def _check_newest(bundle: Files, trusted: TrustPolicy, findings: Findings, *, newest: int) -> None:
    path = CHECKPOINT
    if not bundle.has(path):
        path = f"{CHECKPOINTS}/{newest}"
    try:
        witnesses = trusted.check(bundle.read(path))
    except trust_policy.QuorumMissing as error:
        findings.add(Finding(Code.QUORUM_MISSING, str(error), path=path, expected=trusted.quorum))
    except note.SignatureInvalid as error:
        findings.add(Finding(Code.COSIGNATURE_INVALID, str(error), path=path))
    except (Unreadable, note.MalformedNote):
        pass  # the walk reports it
    else:
        names = ", ".join(repr(witness.name) for witness in witnesses) or "nobody"
        findings.remarks.append(f"the newest checkpoint is cosigned by {names}")
