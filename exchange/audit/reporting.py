"""Reports: who received data, by consumer and purpose; and a search's entries as a table in CSV."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from exchange.audit.schemas import EntriesOut, EntryOut, RecipientOut
from exchange.participants.view import OrganisationView

CSV = "text/csv; charset=utf-8"
_COLUMNS: Mapping[str, Sequence[str]] = {
    "at": ("at",),
    "type": ("type",),
    "problem": ("problem",),
    "organisation": ("actor", "organisation"),
    "principal": ("actor", "principal"),
    "key": ("actor", "key"),
    "object_kind": ("object", "kind"),
    "object": ("object", "id"),
    "dataset": ("dataset",),
    "agreement": ("agreement",),
    "consumer": ("consumer",),
    "purpose": ("purpose",),
    "lane": ("lane",),
    "rows": ("result", "rows"),
}
"""The columns of the table, and where an entry's body has each."""
_NAMED = ("organisation", "principal", "object", "dataset", "consumer")


def recipients(entries: Sequence[EntryOut], names: Mapping[UUID, OrganisationView]) -> list[RecipientOut]:
    """List the receivers of these deliveries' data, newest first."""
    groups: dict[tuple[str, str], list[EntryOut]] = {}
    for entry in entries:
        groups.setdefault((entry.body["actor"]["organisation"], entry.body.get("purpose", "")), []).append(entry)
    rows = []
    for (organisation, purpose), deliveries in groups.items():
        view = names.get(UUID(organisation))
        rows.append(
            RecipientOut(
                organisation=UUID(organisation),
                handle=view.handle if view else None,
                name_zh=view.name_zh if view else None,
                name_en=view.name_en if view else None,
                purpose=purpose,
                deliveries=len(deliveries),
                first=min(entry.body["at"] for entry in deliveries),
                last=max(entry.body["at"] for entry in deliveries),
                agreements=sorted({entry.body["agreement"] for entry in deliveries if "agreement" in entry.body}),
                entries=[entry.index for entry in deliveries],
            )
        )
    return sorted(rows, key=lambda row: row.last, reverse=True)


def table(page: EntriesOut) -> str:
    """A page of entries as CSV (RFC 4180), with the index and the hash of each entry, and names of its ids where known."""
    output = io.StringIO(newline="")
    writer = csv.writer(output)
    writer.writerow(["index", *_COLUMNS, "hash", *(f"{column}_name" for column in _NAMED)])
    for entry in page.entries:
        body = entry.body
        if str(body["type"]).startswith("delivery.") and "consumer" not in body:
            body = {**body, "consumer": body["actor"].get("organisation")}  # who receives is who asks
        cells = [_cell(body, path) for path in _COLUMNS.values()]
        names = [page.names.get(_cell(body, _COLUMNS[column]), "") for column in _NAMED]
        writer.writerow([entry.index, *cells, entry.hash, *names])
    return output.getvalue()


def _cell(body: Mapping[str, Any], path: Sequence[str]) -> str:
    value: Any = body
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return "" if value is None or isinstance(value, Mapping | list) else str(value)
