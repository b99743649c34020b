"""Cosignatures in a bundle: does the newest checkpoint have those that the policy asks for, and which older ones do not?

A checkpoint that enough witnesses cosigned cannot be one of two histories unless as many witnesses take part in that. The
newest is the one that vouches for the whole log, so it must have its quorum; an older one without is no flaw of the log,
since the newest continues it, but an auditor may want to know that there was such a time. A line of a known witness that
does not verify is a flaw wherever it stands (c2sp.org/signed-note).
"""

from collections.abc import Iterable

from ledger.bundle.files import CHECKPOINT, CHECKPOINTS, POLICY, Files, Missing, Unreadable
from ledger.format import note, trust_policy
from ledger.format.rotation import History
from ledger.format.trust_policy import TrustPolicy
from ledger.verification.report import Code, Finding, Findings


def find_policy(bundle: Files, keys: History, given: TrustPolicy | None, findings: Findings) -> TrustPolicy | None:
    """The policy to hold the bundle to: the auditor's, or the bundle's own. None, and a finding, where neither will do."""
    trusted, path = given, "the policy that was given"
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
    # Whoever brings a policy may know the log from elsewhere, and list none (c2sp.org/tlog-policy).
    if not is_named and (given is None or trusted.logs):
        detail = "the policy does not name the log's key"
        findings.add(Finding(Code.KEY_DIFFERS, detail, path=path, expected=keys.newest.vkey))
    if given is None and trusted.quorum != trust_policy.NONE:
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
            found = trusted.find_witnesses(bundle.read(path))
        except (Unreadable, note.MalformedNote):
            continue  # the walk over the checkpoints says so
        except note.SignatureInvalid as error:
            findings.add(Finding(Code.COSIGNATURE_INVALID, str(error), path=path))
            continue
        if size < newest and not trusted.is_satisfied([witness.key for witness in found]):
            lacking.append(size)
    if lacking:
        which = f"{len(lacking)} older checkpoint{'s' if len(lacking) > 1 else ''}, from size {lacking[0]} on,"
        findings.remarks.append(f"{which} would not have had the quorum; the newest continues them")


def _check_newest(bundle: Files, trusted: TrustPolicy, findings: Findings, *, newest: int) -> None:
    path = CHECKPOINT
    if not bundle.has(path):
        path = f"{CHECKPOINTS}/{newest}"
    try:
        found = trusted.check(bundle.read(path))
    except trust_policy.QuorumMissing as error:
        findings.add(Finding(Code.QUORUM_MISSING, str(error), path=path, expected=trusted.quorum))
    except note.SignatureInvalid as error:
        findings.add(Finding(Code.COSIGNATURE_INVALID, str(error), path=path))
    except (Unreadable, note.MalformedNote):
        pass  # as above
    else:
        names = ", ".join(repr(witness.name) for witness in found) or "nobody"
        findings.remarks.append(f"the newest checkpoint is cosigned by {names}")
