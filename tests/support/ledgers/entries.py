"""Generated entries about a few organisations, and a reference search: a plain pass over all entries."""

from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st

from exchange.audit.queries import Criteria, Scope

ORGANISATIONS = ("org-a", "org-b", "org-c")
PEOPLE = tuple(f"person-{n}" for n in range(5))
DATASETS = tuple(f"dataset-{n}" for n in range(4))
SOURCES = ("source-0", "source-1")
APPLICATIONS = ("application-0", "application-1", "application-2")
AGREEMENTS = ("agreement-0", "agreement-1")
KEYS = ("key-0", "key-1")
PURPOSES = ("talent-service", "statistics")
LANES = ("government", "operation", "trade", "person")
PROBLEMS = ("purpose-not-granted", "role-missing", "not-found")
SUBJECTS = ("pseudonym-0", "pseudonym-1")
Entry = dict[str, Any]


def _one_of(values: Sequence[str]) -> st.SearchStrategy[str]:
    return st.sampled_from(values)


_TIMES = st.integers(0, 59).map(lambda second: f"2026-11-26T08:00:{second:02d}.000000Z")
_ACTORS = st.fixed_dictionaries(
    {}, optional={"organisation": _one_of(ORGANISATIONS), "principal": _one_of(PEOPLE), "key": _one_of(KEYS)}
)


def _entry(
    types: Sequence[str], *, kind: str | None, ids: Sequence[str] = (), **fields: Any
) -> st.SearchStrategy[Entry]:
    optional = {name[:-1]: strategy for name, strategy in fields.items() if name.endswith("_")}
    always = {name: strategy for name, strategy in fields.items() if not name.endswith("_")}
    members: dict[str, Any] = {"type": _one_of(types), "at": _TIMES, "actor": _ACTORS, **always}
    if kind is not None:
        members["object"] = st.fixed_dictionaries({"kind": st.just(kind), "id": _one_of(ids)})
    return st.fixed_dictionaries(members, optional=optional)


ENTRIES = st.lists(
    st.one_of(
        _entry(["organisation.registered", "organisation.admitted"], kind="organisation", ids=ORGANISATIONS),
        _entry(["member.enrolled"], kind="member", ids=PEOPLE[:3], organisation=_one_of(ORGANISATIONS)),
        _entry(["system.enrolled"], kind="system", ids=PEOPLE[3:], organisation=_one_of(ORGANISATIONS)),
        _entry(["principal.suspended"], kind="member", ids=PEOPLE),
        _entry(["role.assigned"], kind="principal", ids=PEOPLE),
        _entry(["key.registered", "key.revoked"], kind="key", ids=KEYS, principal=_one_of(PEOPLE)),
        _entry(["source.registered", "source.imported"], kind="source", ids=SOURCES),
        _entry(["dataset.drafted", "dataset.published", "dataset.withdrawn"], kind="dataset", ids=DATASETS),
        _entry(
            ["application.submitted", "application.refused", "application.withdrawn"],
            kind="application",
            ids=APPLICATIONS,
            dataset=_one_of(DATASETS),
            lane=_one_of(LANES),
            purpose_=_one_of(PURPOSES),
        ),
        _entry(
            ["agreement.concluded", "agreement.suspended"],
            kind="agreement",
            ids=AGREEMENTS,
            consumer=_one_of(ORGANISATIONS),
            dataset=_one_of(DATASETS),
            lane=_one_of(LANES),
        ),
        _entry(
            ["delivery.completed", "delivery.refused"],
            kind="dataset",
            ids=DATASETS,
            dataset=_one_of(DATASETS),
            agreement_=_one_of(AGREEMENTS),
            lane_=_one_of(LANES),
            purpose_=_one_of(PURPOSES),
            problem_=_one_of(PROBLEMS),
            subjects_=st.lists(_one_of(SUBJECTS), min_size=1, max_size=3, unique=True),
        ),
        _entry(["delivery.refused", "request.refused"], kind=None, problem=_one_of(PROBLEMS)),
        _entry(["audit.read"], kind=None),
        _entry(["erasure.executed", "hold.placed"], kind="subject", ids=SUBJECTS),
    ),
    min_size=1,
    max_size=60,
)
_VALUES: dict[str, Sequence[str]] = {
    "type": ("delivery.refused", "dataset.published", "no.such"),
    "organisation": ORGANISATIONS,
    "principal": PEOPLE,
    "key": KEYS,
    "object_kind": ("dataset", "key", "member"),
    "object_id": (*DATASETS, *KEYS, *AGREEMENTS),
    "dataset": DATASETS,
    "agreement": AGREEMENTS,
    "owner": ORGANISATIONS,
    "consumer": ORGANISATIONS,
    "lane": LANES,
    "purpose": PURPOSES,
    "problem": PROBLEMS,
}
FILTERS = st.builds(
    Criteria,
    st.fixed_dictionaries({}, optional={name: _one_of(values) for name, values in _VALUES.items()}).filter(
        lambda values: len(values) < 4
    ),
    subject=st.none() | _one_of(SUBJECTS),
    prefix=st.sampled_from([None, None, "delivery.", "app", "x"]),
    since=st.none() | _TIMES,
    until=st.none() | _TIMES,
    is_refused=st.sampled_from([None, None, True, False]),
)
EACH_FILTER = [
    *(Criteria({name: value}) for name, values in _VALUES.items() for value in values),
    *(Criteria({}, subject=subject) for subject in SUBJECTS),
    *(Criteria({}, prefix=prefix) for prefix in ("delivery.", "app", "x")),
    Criteria({}, since="2026-11-26T08:00:30.000000Z"),
    Criteria({}, until="2026-11-26T08:00:30.000000Z"),
    Criteria({}, is_refused=True),
    Criteria({}, is_refused=False),
]
SCOPES = st.one_of(
    st.just(Scope(everything=True)),
    st.builds(
        lambda owners, actors: Scope(owners=frozenset(owners), actors=frozenset(actors)),
        st.lists(_one_of(ORGANISATIONS), max_size=2),
        st.lists(_one_of(ORGANISATIONS), min_size=1, max_size=2),
    ),
)


def index_rows(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """The index row of each entry, by a pass over the entries that remembers the owners and applicants."""
    owners: dict[str, str] = {}
    applicants: dict[str, str] = {}
    rows = []
    for entry in entries:
        actor, about, kind = entry["actor"], entry.get("object", {}), entry["type"]
        dataset = about["id"] if about.get("kind") == "dataset" else entry.get("dataset")
        begun = {
            "dataset.drafted": actor.get("organisation"),
            "source.registered": actor.get("organisation"),
            "member.enrolled": entry.get("organisation"),
            "system.enrolled": entry.get("organisation"),
        }.get(kind)
        if begun is not None:
            owners.setdefault(about["id"], begun)
        if kind == "application.submitted" and "organisation" in actor:
            applicants.setdefault(about["id"], actor["organisation"])
        owner = begun or owners.get(dataset or entry.get("principal") or about.get("id", ""))
        if about.get("kind") == "organisation":
            owner = about["id"]
        consumer = entry.get("consumer")
        if kind.startswith("delivery.") or kind == "application.submitted":
            consumer = actor.get("organisation")
        if about.get("kind") == "application":
            consumer = consumer or applicants.get(about["id"])
        rows.append(
            {
                "at": entry["at"],
                "type": kind,
                **{name: actor.get(name) for name in ("organisation", "principal", "key")},
                "object_kind": about.get("kind"),
                "object_id": about.get("id"),
                "dataset": dataset,
                "agreement": about["id"] if about.get("kind") == "agreement" else entry.get("agreement"),
                "owner": owner,
                "consumer": consumer,
                **{name: entry.get(name) for name in ("lane", "purpose", "problem")},
                "subjects": [about["id"]] if about.get("kind") == "subject" else entry.get("subjects"),
            }
        )
    return rows


def search(rows: Sequence[dict[str, Any]], wanted: Criteria, scope: Scope) -> list[int]:
    """The indexes that a search has to return, oldest first."""
    tests: list[Callable[[dict[str, Any]], bool]] = [
        lambda row: all(row[name] == value for name, value in wanted.values.items()),
        lambda row: wanted.subject is None or wanted.subject in (row["subjects"] or ()),
        lambda row: wanted.prefix is None or row["type"].startswith(wanted.prefix),
        lambda row: wanted.since is None or row["at"] >= wanted.since,
        lambda row: wanted.until is None or row["at"] < wanted.until,
        lambda row: wanted.is_refused is None or (row["problem"] is not None) == wanted.is_refused,
        lambda row: (
            scope.everything
            or row["owner"] in scope.owners
            or bool({row["organisation"], row["consumer"]} & (scope.owners | scope.actors))
        ),
    ]
    return [index for index, row in enumerate(rows) if all(test(row) for test in tests)]
