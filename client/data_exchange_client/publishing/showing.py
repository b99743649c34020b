"""Texts before and after publishing: the fields, what their masks leave, and whom a new version affects."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from data_exchange_client.publishing.verbs import Draft, Published
from data_exchange_client.terminal.output import plain

_DIM: Final = "dim"
_BOLD: Final = "bold"
_SHOWN: Final = 18  # characters of an example
_EXAMPLES: Final = 2
_EFFECTS: Final = 20


def show_draft(out: Console, draft: Draft, *, name: str) -> None:
    """Print what is in a source, what its masks leave of real values, and what would be published."""
    fields, count = draft.proposal["fields"], draft.proposal["rows"]
    rows = "" if count is None else f"{count:,} rows, "
    out.print(f"{name}: {rows}{len(fields)} fields", style=_BOLD, soft_wrap=True)
    out.print(fields_table(fields))
    for note in draft.proposal["notes"]:
        where = f" ({note['where']})" if note.get("where") else ""
        out.print(Text(f"  note: {plain(note['text'])}{plain(where)}", style=_DIM), soft_wrap=True)
    if draft.replaces:
        out.print("An earlier run of this publication was broken off and left a draft, which this one replaces.")
    terms = draft.document["terms"]
    version = f", version {draft.following['version'] + 1}" if draft.following and draft.following["version"] else ""
    out.print(
        f"To be published as {draft.owner}/{draft.handle}{version}, for {', '.join(terms['purposes'])}, "
        f"to whom {draft.owner} grants it."
    )
    for line in (*_kept(draft), *terms_lines(terms, draft.handles), *_differences(draft)):
        out.print(Text(f"  {line}"), soft_wrap=True)
    if any(field["personal"] for field in fields):
        out.print("  A guess is wrong? --clear FIELD: it is about nobody. --personal FIELD: it is.", style=_DIM)
        if "impact" not in (draft.document.get("assessments") or {}):
            out.print(
                "  Personal information is granted beyond government only with an impact assessment: "
                "--impact-assessment REPORT.",
                style=_DIM,
                soft_wrap=True,
            )
        if not terms.get("basis"):
            out.print(
                "  Beyond government its rows leave only as far as their people consent, unless the terms state another "
                "legal basis: --legal-basis BASIS.",
                style=_DIM,
                soft_wrap=True,
            )


def terms_lines(terms: Mapping[str, Any], handles: Mapping[str, str]) -> Iterator[str]:
    """Describe terms beside purposes, fields and the masks of the table, a line each. `handles` are by organisation."""
    consumers = terms.get("consumers") or {}
    groups = [group for group in (consumers, *(consumers.get("groups") or ())) if _of_group(group, handles)]
    yield f"consumers: {'; '.join(_of_group(group, handles) for group in groups) or 'any'}"
    if condition := terms.get("row_filter"):
        yield f"rows: {plain(condition if isinstance(condition, str) else json.dumps(condition, ensure_ascii=False))}"
    if rate := terms.get("rate"):
        yield f"rate: {rate['requests']:,} requests per {rate['per']}"
    if cap := terms.get("row_cap"):
        yield f"row cap: {cap:,} rows of one delivery"
    if end := terms.get("not_after"):
        yield f"ends: {plain(str(end))}"
    if price := terms.get("price"):
        yield f"price: {price['amount']} {price.get('currency', 'CNY')} per {price['per']}"
    offered = terms.get("fields")
    if offered is not None:
        yield f"fields on offer: {len(offered)}"
    for name in ("resharing", "consent", "basis", "min_group", "module"):
        if terms.get(name):
            yield f"{name}: {plain(str(terms[name]))}"


def _of_group(group: Mapping[str, Any], handles: Mapping[str, str]) -> str:
    """The consumers of a group in words; empty for any."""
    organisations = [handles.get(name, name) for name in group.get("organisations") or ()]
    parts = (*(group.get("kinds") or ()), *(group.get("levels") or ()), *organisations)
    return plain(", ".join(map(str, parts)))


def _kept(draft: Draft) -> Iterator[str]:
    if draft.kept:
        yield f"read as before: {', '.join(f'{name} {plain(str(value))}' for name, value in draft.kept.items())}"


def fields_table(fields: Sequence[Mapping[str, Any]]) -> Table:
    """Fields as they would be published, each with values beside what would leave of them."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style=_DIM)
    for title in ("  field", "type", "level", "about people", "leaves", "for instance", "because"):
        table.add_column(title, overflow="fold")
    for field in fields:
        words = ("yes" * field["personal"], "sensitive" * field["sensitive"], "subject key" * field["subject_key"])
        table.add_row(
            Text(f"  {plain(field['name'])}"),
            field["type"],
            field["level"],
            ", ".join(filter(None, words)),
            Text(describe_mask(field["mask"])),
            Text("\n".join(_examples(field))),
            Text(plain(field["reason"]), style=_DIM),
        )
    return table


def show_effects(out: Console, effects: Mapping[str, Any]) -> None:
    """Print what the next version would change for agreements, and which past deliveries it would have refused."""
    agreements, refused = effects["agreements"], effects["refused"]
    if not agreements and not refused:
        out.print("No running agreement changes, and no past delivery would have been refused.")
    for change in agreements[:_EFFECTS]:
        ends = change["before"] == "allow" and change["after"] == "deny"
        what = f"delivers nothing any more: {'; '.join(change['reasons'])}" if ends else "; ".join(change["changes"])
        out.print(Text(f"Agreement {change['agreement']}: {plain(what)}"), soft_wrap=True)
        for misfit in change.get("unfit", ()):
            out.print(Text(f"  it does not fit: {plain(misfit['field'])}: {plain(misfit['error'])}"), soft_wrap=True)
    if len(agreements) > _EFFECTS:
        out.print(f"And {len(agreements) - _EFFECTS} more agreements change.")
    if refused:
        out.print(f"Of {effects['looked_at']} past deliveries, {len(refused)} would have been refused.")


def show_published(out: Console, published: Published | None) -> None:
    """Print a dataset that is now in the catalogue, and what comes next."""
    if published is None:
        out.print("Nothing was published; the uploaded source is withdrawn.")
        return
    dataset = published.dataset
    name = f"{dataset['organisation']}/{dataset['handle']}"
    out.print(f"Published: {name}, version {dataset['version']}.", style=_BOLD)
    table = Table.grid(padding=(0, 2))
    table.add_column(style=_DIM)
    table.add_column(overflow="fold")
    table.add_row("  id", dataset["id"])
    table.add_row("  digest", f"sha256:{dataset['digest']}")
    if published.entry is not None:
        table.add_row("  ledger entry", str(published.entry))
    if published.taken_back:
        table.add_row("  withdrawn", f"{published.taken_back} unused, of an earlier run that did not end")
    out.print(table)


def describe_mask(mask: Mapping[str, Any] | None) -> str:
    """A mask's effect on a field, in words."""
    if mask is None:
        return "as it is"
    ends = {"first": mask.get("keep_start"), "last": mask.get("keep_end")}
    rest = " and ".join(f"{end} {count}" for end, count in ends.items() if count)
    words = {
        "hash": "as a pseudonym",
        "partial": f"{rest or 'nothing'} kept, rest *",
        "year": "year only",
        "month": "month only",
        "prefix": f"first {mask.get('length')} characters",
        "bucket": f"in ranges of {mask.get('size')}",
        "constant": f"always {mask.get('value')}",
        "null": "left empty",
    }
    return words.get(str(mask.get("kind")), str(mask.get("kind")))


def _examples(field: Mapping[str, Any]) -> Iterator[str]:
    for example in field["leaves"]["examples"][:_EXAMPLES]:
        value = _short(example["value"])
        if field["mask"] is None:
            yield value
        else:
            yield f"{value} → {'nothing' if example['left'] is None else _short(example['left'])}"
    if field["mask"] is not None and field["leaves"]["kept_percent"]:
        yield f"at most {field['leaves']['kept_percent']} % kept"


def _short(text: str) -> str:
    shown = plain(text)
    return shown if len(shown) <= _SHOWN else f"{shown[: _SHOWN - 1]}…"


def _differences(draft: Draft) -> Iterator[str]:
    """Describe what the next version changes of the published one."""
    before = draft.following["document"] if draft.following else None
    if before is None:
        return
    old = {field["name"]: field["type"] for field in before["fields"]}
    new = {field["name"]: field["type"] for field in draft.document["fields"]}
    for name in new.keys() - old.keys():
        yield f"new field: {plain(name)}"
    for name in old.keys() - new.keys():
        yield f"no longer there: {plain(name)}"
    for name in old.keys() & new.keys():
        if old[name] != new[name]:
            yield f"{plain(name)} becomes {new[name]}, it was {old[name]}"
    masks, masks_before = draft.document["terms"]["masks"], before["terms"]["masks"]
    for name in old.keys() & new.keys():
        if masks.get(name) != masks_before.get(name):
            yield f"{plain(name)} leaves {describe_mask(masks.get(name))}, before {describe_mask(masks_before.get(name))}"
