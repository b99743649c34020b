"""The parts of docs/ that follow from the code: `make docs` writes them, and a test holds the pages to them.

A part stands between two comments, `<!-- written by make docs: NAME -->` and `<!-- end of NAME -->`.
"""

import importlib
import json
import pkgutil
import typing
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import NoneType, UnionType
from typing import Any

from annotated_types import Ge, Le
from pydantic import BaseModel
from pydantic.fields import FieldInfo

import exchange
import exchange.app  # every problem is known once everything is imported
from exchange.calendar.parameters import PARAMETERS
from exchange.delivery.errors import DENIALS
from exchange.kernel.problems import ProblemType, problem_types
from exchange.settings import Settings
from groundwork.lifecycle import Machine
from ledger import entries
from ledger.format import canonical, note, rotation
from policies.decision.documents import Reason, schemas
from policies.decision.explanations import explain
from tests.support import mask_table, prose, structure
from tests.support.ledgers.attacks import ATTACKS

DOCS = Path(__file__).parents[2] / "docs"


# Problems -------------------------------------------------------------------------------------------------------------


def problems_by_slug() -> dict[str, list[ProblemType]]:
    """Every problem type, by slug; two rooms may refuse for the same reason with different statuses."""
    by_slug: dict[str, list[ProblemType]] = {}
    for problem in problem_types():
        by_slug.setdefault(problem.slug, []).append(problem)
    return {
        slug: sorted(problems, key=lambda problem: (problem in DENIALS, problem.status))
        for slug, problems in by_slug.items()
    }


def problems() -> str:
    """The problem types by status, then a section for each."""
    by_slug = problems_by_slug()
    lines = ["| Status | Types |", "|---|---|"]
    for status in sorted({problem.status for types in by_slug.values() for problem in types}):
        slugs = [slug for slug, types in by_slug.items() if status in {problem.status for problem in types}]
        lines.append(f"| {status} | {', '.join(f'[{slug}](#{slug})' for slug in slugs)} |")
    for slug, types in by_slug.items():
        lines += ["", f"## {slug}"]
        for problem in types:
            is_denial = problem in DENIALS
            where = " Of a delivery:" if is_denial and len(types) > 1 else ""
            text = explain(Reason.model_validate({"code": slug, "rule": ""})).remedy if is_denial else problem.text
            lines += ["", f"**{problem.status}**{where} {problem.title}.", "", text]
            if is_denial:
                explanation = explain(Reason.model_validate({"code": slug, "rule": ""}), language="zh")
                lines += ["", f"{explanation.title}。{explanation.remedy}"]
    return "\n".join(lines)


def _prose(docstring: str | None) -> str:
    return " ".join((docstring or "").split())


# Settings -------------------------------------------------------------------------------------------------------------


def settings() -> str:
    """A row for each setting: variable, default, meaning and bounds."""
    lines = ["| Variable | Default | Meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        bounds = _bounds(field)
        meaning = f"{field.description}{f' ({bounds})' if bounds else ''}"
        lines.append(f"| `EXCHANGE_{name.upper()}` | {_default(field.default)} | {meaning} |")
    return "\n".join(lines)


def _default(value: object) -> str:
    if value is None or value == ():
        return "unset"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value}`"


def _bounds(field: FieldInfo) -> str:
    low = next((bound.ge for bound in field.metadata if isinstance(bound, Ge)), None)
    high = next((bound.le for bound in field.metadata if isinstance(bound, Le)), None)
    choices = typing.get_args(field.annotation) if typing.get_origin(field.annotation) is typing.Literal else ()
    if choices:
        return " or ".join(f"`{choice}`" for choice in choices)
    if low is not None and high is not None:
        return f"{low} to {high}"
    return f"at least {low}" if low is not None else ""


# Lifecycles -----------------------------------------------------------------------------------------------------------


def machines() -> list[Machine]:
    """Every lifecycle of the exchange, by the order of their rooms' names: the constants of modules named `lifecycle`."""
    names = sorted(
        module.name
        for module in pkgutil.walk_packages(exchange.__path__, "exchange.")
        if module.name.endswith(".lifecycle")
    )
    values = [value for name in names for value in vars(importlib.import_module(name)).values()]
    return list({value.name: value for value in values if isinstance(value, Machine)}.values())


def lifecycles() -> str:
    """A section for each lifecycle: its diagram and its steps."""
    lines: list[str] = []
    for machine in machines():
        heading = machine.name[0].upper() + machine.name[1:]
        lines += ["", f"## {heading}", "", "```mermaid", machine.mermaid(), "```", "", machine.table()]
    return "\n".join(lines)


# Entry types ----------------------------------------------------------------------------------------------------------

_PARTS = (
    entries.Actor,
    entries.Object,
    entries.Request,
    entries.Session,
    entries.Decision,
    entries.Reason,
    entries.Result,
    entries.Assessments,
    entries.Derivation,
    entries.Scope,
    entries.People,
    entries.Members,
    entries.Account,
)
_ID = "01930b2e-6f1a-7000-8000-00000000000"
_DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_KEYID = "poqkLGiymh_W0uP6PZFw-dvez3QJT5SolqXBCW38r0U"
_VALUES: Mapping[str, Any] = {
    "agreement": f"{_ID}6",
    "amends": f"{_ID}6",
    "article": "政务数据共享条例 Art. 21",
    "application": f"{_ID}5",
    "at": "2026-01-05T08:00:00.250000Z",
    "before": 10,
    "buckets": 4096,
    "n": 17,
    "bytes": 5120,
    "checked_by": "regorus/0.13.0 opa/1.20.2",
    "clock": "reply",
    "code": "12330000MB0000001H",
    "columns": 4,
    "consent": "5f0c7a2e-93b1-4d0a-8f6e-2b1d9c3e4a57",
    "consumer": f"{_ID}2",
    "dataset": f"{_ID}4",
    "matter": f"{_ID}6",
    "matter_kind": "agreement",
    "provider": f"{_ID}1",
    "deadline": f"{_ID}8",
    "filing": f"{_ID}9",
    "change": f"{_ID}9",
    "changed_on": "2026-03-02",
    "last_day": "2026-03-20",
    "item": "学历",
    "content_version": 4,
    "told": 3,
    "details": 3,
    "domain": f"{_ID}1",
    "effective_from": "2027-01-01",
    "first": 41,
    "last": 43,
    "pieces": 11719,
    "scope": 7,
    "size": 256,
    "engine": "regorus",
    "entered_by": f"{_ID}3",
    "epoch": 7,
    "found": 100,
    "handle": "demo-education",
    "hold": f"{_ID}7",
    "id": f"{_ID}4",
    "key": _KEYID,
    "key_id": "5f0c7a2e-93b1-4d0a-8f6e-2b1d9c3e4a57",
    "job_kind": "reminder",
    "kind": "dataset",
    "level": "G3",
    "method": "POST",
    "not_after": "2027-06-30T00:00:00.000000Z",
    "notice": "国务院办公厅关于2026年部分节假日安排的通知",
    "organisation": f"{_ID}1",
    "origin": "exchange.example/ledger/1",
    "principal": f"{_ID}3",
    "problem": "conflict",
    "record": "QY2026010001",
    "seller": f"{_ID}1",
    "listing": f"{_ID}7",
    "offer": f"{_ID}8",
    "contract": _DIGEST,
    "side": "seller",
    "rights": ["HOLD", "USE"],
    "number": "SJ3312026080001",
    "valid_until": "2031-01-05",
    "public_key": "JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs",
    "purpose": "talent-service",
    "responsible": f"{_ID}1",
    "role": "steward",
    "route": "/api/v1/agreements/{agreement_id}/suspension",
    "rows": 100,
    "salt": "000102030405060708090a0b0c0d0e0f",
    "separates_duties": True,
    "settled": 12,
    "source": "浙江省公共数据条例 第三十条",
    "source_kind": "file",
    "signature": "Ll/Ol8a9mK4KFBbfl6jfnPbg22WY6gRwRZl7Hvia9k+1ve4N8czSHUPVRp9BPPulQCUXQERsDwu4NCw8Jrw0CQ==",
    "started": 41,
    "supersedes": _KEYID,
    "tests": 3,
    "due": "2026-01-12T08:00:00.000000Z",
    "until": "2026-01-12T08:00:00.000000Z",
    "unit": "wd",
    "value": 15,
    "verdict": "agrees",
    "visible_from": "2026-03-01T00:00:00.000000Z",
    "working_days": 10,
    "version": 1,
    "vkey": "exchange.example/ledger/1+f7ea1ff6+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
}
_CHECKPOINT = (
    "exchange.example/ledger/1\n2\nTy/B/M//R/jn4QunE46TIgNyj6KBLFSTvBTqnKDJi58=\n\n"
    "— exchange.example/ledger/1 9+of9n5lx+R/5oqL5brt225HC1JIsoUePeoC585f9L9qhkI7NW6gcvjbYQXaE7sQ2ZuwHdoEL7PphoRa7h4w8nWsQw0=\n"
)
_OLD, _NEW = (note.Signer("exchange.example/ledger/1", bytes(range(start, start + 32))) for start in (0, 1))
_CHANGE = rotation.Rotation(_OLD.name, "ledger", _OLD.verifier, _NEW.verifier, 58, "2026-01-05T08:00:00.250000Z")
_SHARED = ("at", "actor", "request")
# Fields that an example leaves out, because they belong to another use of the type.
_NAMING = ("subjects", "sealed", "named")
_RELEASE = ("consents", "withheld", "people")
_LEFT_OUT: Mapping[str, tuple[str, ...]] = {
    "agreement.concluded": ("contract",),
    "application.supplement_requested": ("consent", "working_days"),
    "delivery.started": _NAMING,
    "delivery.completed": ("started", "named"),
    "delivery.aborted": ("decision", *_NAMING, *_RELEASE),
    "delivery.refused": ("agreement", *_NAMING),
    "answer.given": ("named", "withheld", "people", "code"),
    "answer.refused": ("agreement", *_NAMING),
    "code.redeemed": ("named", "withheld", "people"),
    "erasure.refused": ("until",),
    **dict.fromkeys(entries.types_of(entries.RightsApplicationChanged), ("codes", "entered")),
    **dict.fromkeys(entries.types_of(entries.OrderChanged), ("side", "statement")),
    "rights_application.refused": ("entered",),
    "rights_application.deposited": ("codes",),
}
# Objects of a kind that is not the first half of the type; None: there is no object.
_OBJECTS: Mapping[str, str | None] = {
    "exchange": None,
    "ledger": None,
    "request": None,
    "requests": None,
    "audit.read": None,
    "audit": "entry",
    "policy": "dataset",
    "principal": "system",
    "role": "principal",
    "delivery": "dataset",
    "answer": "dataset",
    "code.redeemed": "dataset",
    "deadline": "application",
    "item_source": "organisation",
    "erasure": "subject",
    "hold": "subject",
    "details": "subject",
}
_OBJECT_IDS: Mapping[str, str] = {
    "calendar": "2026",
    "entry": "41",
    "job": "17",
    "parameter": "reply_conditional",
    "consent": _VALUES["consent"],
    "key": _KEYID,
    "module": _DIGEST,
    "subject": _DIGEST,
}
_VERSIONED = ("dataset.published", "dataset.withdrawn", "delivery", "answer", "code.redeemed")
_DELETION = {"notice": f"{_ID}9", "people": 1, "due": "2026-01-26"}
_OWN_VALUES: Mapping[str, Mapping[str, Any]] = {
    **{
        f"agreement_notice.{verb}": {"agreements": [f"{_ID}6"], "effective_on": "2027-03-31"}
        for verb in ("announced", "consulted", "carried_out", "withdrawn")
    },
    "consents.expired": {"count": 1200},
    "consents.withdrawn": {"count": 1200, "load": f"{_ID}8"},
    "consents.loaded": {"count": 1_200_000, "bad": 3, "load": f"{_ID}8"},
    "deletion.ordered": _DELETION,
    "deletion.evidenced": _DELETION,
    "deletion.overdue": _DELETION,
    "disclosure.proposed": {"extends": f"{_ID}8"},
    "binding_code.given": {"recovers": True},
    "consent.requested": {"notice": f"{_ID}9"},
    "rights_application.refused": {"codes": ["unlawful_source"]},
    "rights_application.deposited": {"entered": ["QY2026010001"]},
    "dataset.published": {"derived_from": [{"dataset": f"{_ID}4", "version": 2, "agreement": f"{_ID}6"}]},
    "dataset.change_extended": {"consent": _DIGEST, "days": 5},
    "deadline.overdue": {"due": "2026-01-12"},
    "answer.given": {"answers": ["holds-masters-degree"]},
    "answer.refused": {"answers": ["holds-masters-degree"], "problem": "answer-not-granted", "outcome": "deny"},
    "code.issued": {"expires_at": "2026-01-05T08:02:00.000000Z"},
    "code.redeemed": {"answers": ["holds-masters-degree"], "code": f"{_ID}9"},
    "delivery.refused": {"problem": "purpose-not-granted", "outcome": "deny"},
    "requests.refused": {
        "since": "2026-01-05T07:59:30.250000Z",
        "problems": {"key-unknown": 120, "signature-invalid": 3},
    },
    "key.rotated": {
        "old": _OLD.vkey,
        "new": _NEW.vkey,
        "valid_from": _CHANGE.valid_from,
        "since": _CHANGE.since,
        "statement": note.sign(_CHANGE.text(), [_OLD]),
    },
    "ledger.incarnated": {
        "origin": "exchange.example/ledger/2",
        "predecessor": "exchange.example/ledger/1",
        "vkey": "exchange.example/ledger/2+6c900d95+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
        "checkpoint": _CHECKPOINT,
        "kept": 2,
    },
}
_DENIED = {"reasons": [{"code": "purpose-not-granted", "ref": f"{_ID}6"}]}


def entry_types() -> str:
    """The fields that all bodies share, their parts, and a section with an example for each type."""
    lines = [
        "The body of an entry has a `type` and the fields of that type, no others. Fields that do not apply are absent, never",
        "null. A time is RFC 3339 in UTC with microseconds. *Moves the fence* states whether decisions rest on what the entry",
        "records, so that none made before it is carried out after it.",
        "",
        "### All entries",
        "",
        *_table(entries.Body, entries.Body.model_fields),
        "",
        "The examples further down leave out what looks the same in each of them:",
        "",
        "```json",
        canonical.dumps(shared()).decode(),
        "```",
    ]
    for part in _PARTS:
        lines += ["", f"### The part `{part.__name__.lower()}`", "", _prose(part.__doc__), ""]
        lines += _table(part, part.model_fields)
    for model in entries.all_bodies():
        names = entries.types_of(model)
        lines += ["", f"### {', '.join(f'`{name}`' for name in names)}", "", _prose(model.__doc__)]
        own = [name for name in model.model_fields if name not in entries.Body.model_fields]
        if own:
            lines += ["", *_table(model, own)]
        lines += ["", f"Moves the fence: {_moves_fence(model)}.", "", "```json"]
        lines += [canonical.dumps(example(model, names[0])).decode(), "```"]
    return "\n".join(lines)


def _moves_fence(model: type[entries.Body]) -> str:
    if not model.affects_decisions:
        return "no"
    is_creating = model.creates_object is not entries.Body.creates_object
    return "only where it changes what was there before" if is_creating else "yes"


def shared() -> dict[str, Any]:
    """The fields that are equal in all examples."""
    return {name: _value(name, entries.Body.model_fields[name].annotation, {}) for name in _SHARED}


def example(model: type[BaseModel], name: str) -> dict[str, Any]:
    """An example of a body of the type `name`, without the shared fields."""
    own = _OWN_VALUES.get(name, {})
    document = {
        field: _value(field, field_info.annotation, own)
        for field, field_info in model.model_fields.items()
        if field not in {*_SHARED, "object", *_LEFT_OUT.get(name, ())}
    }
    if own.get("outcome") == "deny":
        document["decision"].update(_DENIED)
    family = name.partition(".")[0]
    kind = _OBJECTS.get(name, _OBJECTS.get(family, family))
    if kind is not None:
        document["object"] = {"id": _OBJECT_IDS.get(kind, f"{_ID}4"), "kind": kind}
        if name.startswith(_VERSIONED):
            document["object"]["version"] = 1
    return {**document, "type": name}


def _value(name: str, annotation: Any, own: Mapping[str, Any]) -> Any:
    if name in own:
        return own[name]
    inner = _without_none(annotation)
    if isinstance(inner, type) and issubclass(inner, BaseModel):
        return {
            field: _value(field, field_info.annotation, own)
            for field, field_info in inner.model_fields.items()
            if not (inner is entries.Decision and field == "reasons" and "outcome" not in own)
        }
    if typing.get_origin(inner) is typing.Literal:
        return typing.get_args(inner)[0]
    if typing.get_origin(inner) is list and name in _NAMING:
        return [_DIGEST]
    if typing.get_origin(inner) is list and isinstance(member := typing.get_args(inner)[0], type) and name in _RELEASE:
        return [_value("", member, own)]
    return _VALUES.get(name, _DIGEST)


def _without_none(annotation: Any) -> Any:
    if typing.get_origin(annotation) is typing.Annotated:
        return _without_none(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) in {UnionType, typing.Union}:
        return _without_none(next(member for member in typing.get_args(annotation) if member is not NoneType))
    return annotation


def _table(model: type[BaseModel], names: Iterable[str]) -> list[str]:
    lines = ["| Field | Form | Notes |", "|---|---|---|"]
    for name in names:
        field_info = model.model_fields[name]
        notes = [
            *(() if field_info.is_required() else ("optional",)),
            *((field_info.description,) if field_info.description else ()),
        ]
        lines.append(f"| `{name}` | {_form(model, name)} | {'; '.join(notes)} |")
    return lines


def _form(model: type[BaseModel], name: str) -> str:
    inner = _without_none(model.model_fields[name].annotation)
    if typing.get_origin(inner) is list:
        return f"list of {_members(*typing.get_args(inner))}"
    if isinstance(inner, type) and issubclass(inner, BaseModel):
        return f"[{_link(inner)}"
    if typing.get_origin(inner) is typing.Literal:
        return _choices(inner)
    pattern = _pattern(model, name)
    if pattern is not None:
        if pattern.startswith("^[a-z]"):
            return "word"
        return "SHA-256, hex" if "a-f" in pattern else "time"
    return {"str": "text", "int": "integer", "bool": "boolean", "dict": "object of integers"}[inner.__name__]


def _members(member: Any) -> str:
    """The form of the members of a list."""
    if typing.get_origin(member) is typing.Literal:
        return _choices(member)
    if isinstance(member, type) and member is not str:
        return f"[{_link(member)}"
    return "texts" if member is str else "SHA-256, hex"


def _choices(literal: Any) -> str:
    return ", ".join(f"`{choice}`" for choice in typing.get_args(literal))


def _pattern(model: type[BaseModel], name: str) -> str | None:
    schema = model.model_json_schema()["properties"][name]
    plain = next((choice for choice in schema.get("anyOf", [schema]) if choice.get("type") != "null"), schema)
    pattern: str | None = plain.get("pattern")
    return pattern


def _link(model: type[BaseModel]) -> str:
    return f"{model.__name__.lower()}](#the-part-{model.__name__.lower()})"


# Parameters -----------------------------------------------------------------------------------------------------------


def parameters() -> str:
    """A row for each statutory period as this version knows it."""
    lines = ["| Parameter | Value | Meaning | Source | Read in the source | From |", "|---|---|---|---|---|---|"]
    for each in PARAMETERS.values():
        is_verified = "yes" if each.is_verified else "no"
        values = (f"`{each.name}`", each.text, each.meaning, each.source, is_verified, str(each.effective_from))
        lines.append(f"| {' | '.join(values)} |")
    return "\n".join(lines)


# Attacks --------------------------------------------------------------------------------------------------------------


def attacks() -> str:
    """A row for each attack of the simulator: the answer of our verifier, and which other verifiers detect it."""
    verifiers = ("fsck", "sumdb", "scitt-cose", "sigstore")
    lines = [
        f"| Attack | `ledger verify` | First bad entry | {' | '.join(verifiers)} |",
        f"|---|---|---{'|---' * len(verifiers)}|",
    ]
    for attack in ATTACKS:
        marks = ["yes" if other in attack.seen else "" for other in verifiers]
        index = "" if attack.index is None else str(attack.index)
        verdict = "no flaw" if attack.code is None else f"`{attack.code}`"
        lines.append(f"| {attack.name.replace('_', ' ')} | {verdict} | {index} | {' | '.join(marks)} |")
    return "\n".join(lines)


# The pages ------------------------------------------------------------------------------------------------------------

PARTS: Mapping[str, tuple[str, Callable[[], str]]] = {
    "problems": ("problems.md", problems),
    "settings": ("operations/settings.md", settings),
    "attacks": ("threat-model.md", attacks),
    "lifecycles": ("lifecycles.md", lifecycles),
    "parameters": ("deadlines.md", parameters),
    "masks": ("terms.md", mask_table.masks),
    "entry types": ("ledger-format.md", entry_types),
    "packages": ("architecture.md", structure.package_diagram),
    "rooms": ("architecture.md", structure.room_diagram),
    "folders": ("architecture.md", structure.folder_tables),
    "arrows": ("architecture.md", structure.arrow_counts),
    "files": ("files.md", structure.file_tables),
}
"""The generated parts of pages, by name: the page of each, and the function that writes it."""


def render(name: str, page: str) -> str:
    """A page with the part `name` as the code has it now. Raises ValueError where the page has no place for it."""
    begin, end = f"<!-- written by make docs: {name} -->", f"<!-- end of {name} -->"
    if page.count(begin) != 1 or page.count(end) != 1:
        raise ValueError(f"no place for the part {name}")
    before, _, remainder = page.partition(begin)
    return f"{before}{begin}\n\n{prose.wrap(PARTS[name][1]())}\n{end}{remainder.partition(end)[2]}"


def schema_files() -> Mapping[str, str]:
    """The JSON Schemas of a decision's input and of the decision, by file name: one for each version."""
    return {
        f"{name}.v{schema['properties']['schema']['const']}.json": json.dumps(schema, indent=2, ensure_ascii=False)
        + "\n"
        for name, schema in schemas().items()
    }


def main() -> None:
    """Write every part into its page, and the schemas into their files."""
    (DOCS / "schemas").mkdir(exist_ok=True)
    for file, text in schema_files().items():
        (DOCS / "schemas" / file).write_text(text, encoding="utf-8")
    for name, (file, _) in PARTS.items():
        path = DOCS / file
        path.write_text(render(name, path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
