"""The witness policy: a trust policy file (c2sp.org/tlog-policy) whose witnesses cosign this exchange's checkpoints."""

from dataclasses import replace
from urllib.parse import urlsplit

from exchange.publication.settings import PublicationSettings
from ledger.format import trust_policy
from ledger.format.rotation import History
from ledger.format.trust_policy import TrustPolicy

MOST = 32
"""The most witnesses that are asked: readers of a checkpoint take so many signature lines."""


class PolicyUnusable(RuntimeError):
    """The policy file is not usable, so the exchange does not start."""


def read_policy(settings: PublicationSettings, keys: History) -> TrustPolicy:
    """The policy that the settings name. It lists this ledger under one of its `keys`. Raises PolicyUnusable."""
    path = settings.witness_policy
    if path is None:
        return trust_policy.TrustPolicy.for_log(keys.newest)
    try:
        policy = trust_policy.parse(path.read_bytes())
    except (OSError, trust_policy.MalformedPolicy) as error:
        raise PolicyUnusable(f"EXCHANGE_WITNESS_POLICY: {path}: {error}") from error
    if not policy.logs:
        policy = replace(policy, logs=(trust_policy.Log(keys.newest),))
    listed = [log.key for log in policy.logs]
    if not any(key in listed for _, key in keys.keys):
        raise PolicyUnusable(f"{path}: the policy does not name this ledger; add: log {keys.newest.vkey}")
    reachable = [witness for witness in policy.witnesses if witness.url is not None]
    for witness in reachable:
        parts = urlsplit(witness.url or "")
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            raise PolicyUnusable(f"{path}: the URL of witness {witness.name!r} is not http:// or https:// with a host")
    if len(reachable) > MOST:
        raise PolicyUnusable(f"{path}: more than {MOST} witnesses with a URL")
    if not policy.is_satisfied([witness.key for witness in reachable]):
        raise PolicyUnusable(f"{path}: the witnesses that have a URL can never be the quorum {policy.quorum!r}")
    return policy
