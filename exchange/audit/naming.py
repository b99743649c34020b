"""Resolve the names of a search: handles become ids, and a value that can match nothing is refused.

An empty answer has to mean that nothing happened, never that a word was mistyped. A value is known if it is there in the
tables and the principal may see it, or if an entry that the principal may see has it; whatever else exists is as
unknown as what does not.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from exchange.audit import queries
from exchange.audit.queries import Criteria, Ledger, Scope
from exchange.audit.schemas import Filter
from exchange.catalog import queries as catalog
from exchange.kernel.clock import rfc3339
from exchange.kernel.identifiers import as_id
from exchange.kernel.problems import RequestInvalid, problem_types
from exchange.kernel.work import Work
from exchange.participants import queries as participants
from exchange.participants.reading import reading_of
from ledger import entries

_TYPES = frozenset(name for body in entries.all_bodies() for name in entries.types_of(body))


@dataclass(frozen=True, slots=True)
class _Search:
    """A search whose values are looked up: by whom, in which incarnation, and among which entries."""

    work: Work
    ledger: Ledger
    scope: Scope

    async def appears(self, value: str, *columns: str) -> bool:
        """Whether a visible entry has the value in one of these columns."""
        for column in columns:
            criteria = Criteria({}, subject=value) if column == "subjects" else Criteria({column: value})
            if await queries.search(
                self.work.session, self.ledger, criteria, self.scope, order="oldest", start=None, limit=1
            ):
                return True
        return False

    async def organisations(self, text: str) -> Collection[str]:
        """The organisation of an id or a handle."""
        identifiers = await participants.organisation_ids(self.work.session, text)
        if identifiers:
            return [str(identifier) for identifier in identifiers]
        return [text] if await self.appears(text, "organisation", "owner", "consumer") else []

    async def principals(self, text: str) -> Collection[str]:
        """The member or system of an id, or of `<organisation>/<handle>`."""
        identifiers = await participants.principal_ids(self.work.session, self.work.principal, text)
        if identifiers:
            return [str(identifier) for identifier in identifiers]
        return [text] if await self.appears(text, "principal", "object_id") else []

    async def datasets(self, text: str) -> Collection[str]:
        """The datasets of an id, or of `<organisation>/<dataset>`: several, where a withdrawn one had the name before."""
        named = await catalog.named(self.work.session, text)
        reading = reading_of(self.work, "dataset")
        known = [
            str(dataset.id)
            for dataset in named
            if dataset.state == "published"
            or dataset.organisation_id in reading.owners
            or await self.appears(str(dataset.id), "dataset")
        ]
        if not known and as_id(text) is not None and await self.appears(text, "dataset"):
            return [text]
        return known

    async def keys(self, text: str) -> Collection[str]:
        """The key of an id."""
        return [text] if await self.appears(text, "key", "object_id") else []

    async def purposes(self, text: str) -> Collection[str]:
        """A purpose that somebody stated, or that published terms allow."""
        is_known = await self.appears(text, "purpose") or await catalog.allows_purpose(self.work.session, text)
        return [text] if is_known else []

    async def problems(self, text: str) -> Collection[str]:
        """A problem type, or a code of an owner's own rules that an entry has."""
        is_known = text in {kind.slug for kind in problem_types()} or await self.appears(text, "problem")
        return [text] if is_known else []

    def by_column(self, column: str) -> Callable[[str], Awaitable[Collection[str]]]:
        """A lookup of values that are known from entries alone."""

        async def look_up(text: str) -> Collection[str]:
            return [text] if await self.appears(text, column) else []

        return look_up


async def criteria_of(work: Work, ledger: Ledger, scope: Scope, filters: Filter) -> Criteria:
    """The criteria of a search, by the index's columns. Raises RequestInvalid, which names each unknown value's parameter."""
    search = _Search(work, ledger, scope)
    lookups: dict[str, tuple[str, Callable[[str], Awaitable[Collection[str]]], str]] = {
        "organisation": ("organisation", search.organisations, "no organisation has this id or handle"),
        "owner": ("owner", search.organisations, "no organisation has this id or handle"),
        "consumer": ("consumer", search.organisations, "no organisation has this id or handle"),
        "principal": (
            "principal",
            search.principals,
            "no member or system that you may see has this id, or is named so: <organisation>/<handle>",
        ),
        "dataset": (
            "dataset",
            search.datasets,
            "no dataset that you may see has this id, or is named so: <organisation>/<dataset>",
        ),
        "key": ("key", search.keys, "no entry that you may see has this key"),
        "object_kind": ("object_kind", search.by_column("object_kind"), "no entry that you may see has this kind"),
        "object": ("object_id", search.by_column("object_id"), "no entry that you may see has this object"),
        "agreement": ("agreement", search.by_column("agreement"), "no entry that you may see has this agreement"),
        "purpose": ("purpose", search.purposes, "nobody stated this purpose, and no published terms allow it"),
        "problem": ("problem", search.problems, "no problem type has this name; docs/problems.md lists them"),
    }
    values: dict[str, str | frozenset[str]] = {}
    faults = []
    for name, (column, look_up, fault) in lookups.items():
        given = getattr(filters, name)
        if given is None:
            continue
        accepted = await look_up(given)
        values[column] = frozenset(accepted)
        if not accepted:
            faults.append({"at": f"query/{name}", "error": fault})
    if filters.subject is not None and not await search.appears(filters.subject, "subjects"):
        faults.append({"at": "query/subject", "error": "no entry that you may see names this person"})
    prefix = None
    if filters.type is not None:
        prefix, fault_in_type = _type(filters.type)
        faults += fault_in_type
        if prefix is None:
            values["type"] = filters.type
    if filters.since is not None and filters.until is not None and filters.since >= filters.until:
        faults.append({"at": "query/until", "error": "this time is not after `since`"})
    if faults:
        raise RequestInvalid("Nothing can match these values; correct what `errors` lists.", errors=faults)
    return Criteria(
        {**values, **({"lane": filters.lane} if filters.lane is not None else {})},
        subject=filters.subject,
        prefix=prefix,
        since=rfc3339(filters.since) if filters.since else None,
        until=rfc3339(filters.until) if filters.until else None,
        is_refused=None if filters.outcome is None else filters.outcome == "refused",
    )


async def names_in(work: Work, bodies: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The names of organisations, members, systems and datasets in the bodies of entries that the principal may see, by id.

    Members and systems of other organisations have no name for a principal that may not see them.
    """
    texts = {text for body in bodies for text in _texts(body)}
    identifiers = [identifier for text in texts if (identifier := as_id(text)) is not None]
    if not identifiers:
        return {}
    organisations = await participants.organisations_by_ids(work.session, identifiers)
    names = {identifier: view.handle for identifier, view in organisations.items()}
    names |= await participants.principal_names(work.session, work.principal, identifiers)
    names |= await catalog.names_of(work.session, identifiers)
    return {str(identifier): name for identifier, name in names.items()}


def _texts(body: Mapping[str, Any]) -> Iterator[str]:
    """The values of an entry's members that may be ids, of its actor's and of its object's."""
    for part in (body, body.get("actor"), body.get("object")):
        if isinstance(part, Mapping):
            yield from (value for value in part.values() if isinstance(value, str))


def _type(text: str) -> tuple[str | None, list[dict[str, str]]]:
    """The beginning that a type filter means, None for a whole type; and its fault, if no type is or begins so."""
    if text.endswith("*") or "." not in text:
        prefix = text.removesuffix("*") if text.endswith("*") else f"{text}."
        if any(name.startswith(prefix) for name in _TYPES):
            return prefix, []
    elif text in _TYPES:
        return None, []
    listed = ", ".join(sorted(name for name in _TYPES if name.partition(".")[0] == text.rstrip("*").partition(".")[0]))
    hint = f"it may be one of: {listed}" if listed else "docs/ledger-format.md lists the types"
    return None, [{"at": "query/type", "error": f"no entry has a type that is or begins so; {hint}"}]
