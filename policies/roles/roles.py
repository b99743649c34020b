"""Roles: may a principal do a verb to a kind of resource in an organisation's domain?

Casbin answers, by the model in roles.conf and the rules in roles.csv. It knows no principals and no datasets: the roles of
a principal come with the question, and the delivery policy decides about datasets. So there are about a hundred rules, none
is loaded from a database, and none changes while threads share them.
"""

import functools
import re
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import casbin
from cachetools import LRUCache
from casbin.persist.adapters import FileAdapter

Role = Literal[
    "steward",
    "approver",
    "consumer",
    "auditor",
    "registrar",
    "market_operator",
    "operator",
    "security_administrator",
    "authority",
]
ROLES: tuple[Role, ...] = get_args(Role)
"""Every role. `operator` runs the system; it neither hands out roles nor reads the audit log. `authority` is the sharing
authority (政务数据共享主管部门), held in the exchange by members of the authority's organisation.
"""

APART: frozenset[Role] = frozenset({"operator", "security_administrator", "auditor"})
"""The system, the security and the audit administrator: three persons (GB/T 22239-2019, level 3), whatever the domain."""

SEPARATED: frozenset[Role] = frozenset({"steward", "approver", "security_administrator"})
"""Who prepares, who decides and who assigns roles: three persons in an organisation that separates these duties."""

EXCHANGE = "exchange"
"""The domain of the exchange itself; every other domain is an organisation's identifier."""

_HERE = Path(__file__).parent
_IDENTIFIER = re.compile(r"[a-z0-9][a-z0-9_.:-]{0,127}")
_CACHE_SIZE = 10_000


class InvalidIdentifier(ValueError):
    """An identifier has characters that identifiers must not have. The message does not repeat it."""


class UnknownVerb(LookupError):
    """No rule has this verb for this kind of resource: the question is a mistake, not a denial."""


def find_conflicting_duties(roles: Iterable[str], *, apart: frozenset[Role] = APART) -> tuple[Role, ...]:
    """The roles among these that one person must not hold together (separation of duties), in the order of ROLES; or none."""
    duties = apart.intersection(roles)
    return tuple(role for role in ROLES if role in duties) if len(duties) > 1 else ()


@dataclass(frozen=True, slots=True)
class Permit:
    """The answer: whether, and through which of the principal's roles (in the order of ROLES)."""

    allow: bool
    roles: tuple[Role, ...]


class Roles:
    """
    The rules about roles, read once. Safe to share between threads.

    An answer depends only on the roles and on where they are held relative to the domain, so Casbin's answer to each
    combination is cached: about 1 ms the first time, a few microseconds afterwards.
    """

    def __init__(self, model: Path = _HERE / "roles.conf", rules: Path = _HERE / "roles.csv") -> None:
        self._enforcer = _Enforcer(str(model), FileAdapter(str(rules)))
        # Casbin would log each denial with the whole request.
        self._enforcer.logger.disabled = True
        self._enforcer.add_function("holds", _holds)
        self._rules: list[list[str]] = self._enforcer.get_policy()
        self._verbs = frozenset((resource, verb) for _, _, resource, verb, _ in self._rules)
        self._lock = threading.Lock()
        self._enforcer.enforce(frozenset(), "", "")  # parses the matcher
        self._permits: LRUCache[tuple[frozenset[str], str, str], Permit] = LRUCache(maxsize=_CACHE_SIZE)

    def permits(
        self, *, principal: str, assignments: Sequence[tuple[str, str]], domain: str, resource: str, verb: str
    ) -> Permit:
        """
        Whether the principal may do `verb` to resources of the kind `resource` in `domain`.

        `assignments` are the (role, domain) pairs of the principal; an unknown role permits nothing. Raises
        InvalidIdentifier for identifiers outside `[a-z0-9][a-z0-9_.:-]{0,127}` and UnknownVerb.
        """
        grants = set()
        _check(principal, domain)
        for role, where in assignments:
            _check(role, where)
            if where == domain:
                grants.add(f"{role}@{'exchange' if domain == EXCHANGE else 'organisation'}")
            if where == EXCHANGE:
                grants.add(f"{role}@everywhere")
        question = frozenset(grants), resource, verb
        with self._lock:  # of the cache, and of the parsed matcher, which holds the values it is evaluated with
            permit = self._permits.get(question)
            if permit is None:
                permit = self._permits[question] = self._evaluate(*question)
        return permit

    def who_may(self, resource: str, verb: str) -> tuple[Role, ...]:
        """The roles to which some rule permits the verb, in the order of ROLES. Raises UnknownVerb."""
        self._check_verb(resource, verb)
        permitted = {role for role, _, *rest in self._rules if rest == [resource, verb, "allow"]}
        return tuple(role for role in ROLES if role in permitted)

    def permitting(self, resource: str, verb: str, domain: str) -> tuple[tuple[Role, bool], ...]:
        """The roles that permit a verb in a domain, in the order of ROLES, and whether each is held in the exchange.

        Raises UnknownVerb.
        """
        self._check_verb(resource, verb)
        own = "exchange" if domain == EXCHANGE else "organisation"
        places = {
            (role, reach != "organisation")
            for role, reach, *rest in self._rules
            if rest == [resource, verb, "allow"] and reach in {own, "everywhere"}
        }
        return tuple((role, place) for role in ROLES for place in (False, True) if (role, place) in places)

    def verbs(self) -> frozenset[tuple[str, str]]:
        """Every (resource, verb) of the rules."""
        return self._verbs

    def _evaluate(self, grants: frozenset[str], resource: str, verb: str) -> Permit:
        self._check_verb(resource, verb)
        allow = self._enforcer.enforce(grants, resource, verb)
        permitting = {
            word.partition("@")[0] for word in grants if self._enforcer.enforce(frozenset({word}), resource, verb)
        }
        return Permit(allow, tuple(role for role in ROLES if role in permitting) if allow else ())

    def _check_verb(self, resource: str, verb: str) -> None:
        if (resource, verb) not in self._verbs:
            raise UnknownVerb("no rule has this verb for this kind of resource")


@functools.cache
def load_roles() -> Roles:
    """The rules of this package, read once in a process, with the answers that were found since."""
    return Roles()


class _Enforcer(casbin.Enforcer):  # type: ignore[misc]  # Casbin has no types
    """
    Parses the matcher once, where Casbin parses it for every question.

    Not for speed alone: CPython 3.11 fails now and then when threads parse at the same time (gh-106905).
    """

    def __init__(self, *arguments: object) -> None:
        self._parsed: dict[str, object] = {}
        super().__init__(*arguments)

    def _get_expression(self, expr: str, functions: object = None) -> object:
        if expr not in self._parsed:
            self._parsed[expr] = super()._get_expression(expr, functions)
        return self._parsed[expr]


def _holds(grants: frozenset[str], role: str, reach: str) -> bool:
    return f"{role}@{reach}" in grants


def _check(*identifiers: str) -> None:
    for identifier in identifiers:
        if _IDENTIFIER.fullmatch(identifier) is None:
            raise InvalidIdentifier("identifiers are lower-case letters, digits, and _ . : - inside")
