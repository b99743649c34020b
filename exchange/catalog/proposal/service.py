"""The verb of proposals: look at rows of one's own source, and propose how its fields leave."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from adapters.contract import SourceError
from exchange.catalog.errors import DatasetInvalid
from exchange.catalog.proposal.leaving import Leaving
from exchange.catalog.proposal.proposing import ProposedField, Wishes, propose
from exchange.catalog.proposal.schemas import ProposalOut, ProposalRequest
from exchange.catalog.terms.checks import escape, faults_in_masks
from exchange.kernel.problems import Conflict
from exchange.kernel.work import Work
from exchange.sources import queries as sources
from exchange.sources.service import adapter_of, problem_of
from exchange.sources.view import SourceView
from ledger import entries

SAMPLED_ROWS: Final = 500
"""The most rows of a source that a proposal rests on."""

_EXAMPLE_LENGTH: Final = 80


async def propose_fields(work: Work, *, source_id: UUID, request: ProposalRequest) -> ProposalOut:
    """Propose levels and masks for the fields of an own source, with what the masks leave of its values.

    Values are in the answer only, and in no log. Where the answer shows any, the ledger states how many rows were looked
    at. Raises NotFound, Forbidden, Conflict, DatasetInvalid, SourceFailed, SourceUnusable.
    """
    source = await sources.own_source(work.session, work.principal, source_id)
    work.permit("source", "sample", source.organisation)
    if source.state != "ready":
        raise Conflict("The source has to be read first: upload its file.", state=source.state)
    description = await sources.description_of(work.session, work.principal, source_id)
    _require_known(source, request)
    adapter = adapter_of(work.runtime, source)
    await work.pause()
    try:
        table = await adapter.sample(SAMPLED_ROWS)
    except SourceError as error:
        raise problem_of(error) from error
    wishes = Wishes(request.clear, request.personal, request.masks)

    def proposed() -> tuple[ProposedField, ...]:
        sample = {name: table.column(name).to_pylist() for name in table.column_names}
        return propose(description, source.fields, sample, wishes, examples=request.examples)

    fields = await asyncio.to_thread(proposed)
    if request.examples:
        work.entry(entries.SourceSampled, about=("source", source.id), rows=table.num_rows, columns=len(source.fields))
    return ProposalOut.model_validate(
        {
            "source": source.id,
            "rows": description["rows"],
            "sampled": table.num_rows,
            "fields": [_field_out(field) for field in fields],
            "notes": description["notes"],
        }
    )


def _require_known(source: SourceView, request: ProposalRequest) -> None:
    """Raise DatasetInvalid for fields that the source lacks, and for masks that do not fit."""
    names = {field.name for field in source.fields}
    listed: Mapping[str, Sequence[str]] = {"clear": request.clear, "personal": request.personal}
    faults = [
        {"at": f"{member}/{index}", "error": f'the source has no field "{name}"'}
        for member, several in listed.items()
        for index, name in enumerate(several)
        if name not in names
    ]
    faults += [
        {"at": f"masks/{escape(name)}", "error": f'the source has no field "{name}"'}
        for name in request.masks
        if name not in names
    ]
    masks = {name: mask for name, mask in request.masks.items() if mask is not None and name in names}
    faults += faults_in_masks(masks, source.fields, at="masks")
    if faults:
        raise DatasetInvalid("Correct the request where `errors` points.", errors=faults)


def _field_out(field: ProposedField) -> dict[str, Any]:
    return {
        "name": field.name,
        "type": field.type,
        "level": field.level,
        "personal": field.is_personal,
        "sensitive": field.is_sensitive,
        "subject_key": field.is_subject_key,
        "identifying": field.identifies,
        "mask": field.mask,
        "reason": field.reason,
        "leaves": _leaving_out(field.leaving),
    }


def _leaving_out(leaving: Leaving) -> dict[str, Any]:
    return {
        "values": leaving.values,
        "distinct": leaving.distinct,
        "distinct_left": leaving.distinct_left,
        "kept_percent": round(100 * leaving.kept),
        "examples": [{"value": _short(value), "left": _short(left)} for value, left in leaving.examples],
    }


def _short(text: str | None) -> str | None:
    return text if text is None or len(text) <= _EXAMPLE_LENGTH else f"{text[: _EXAMPLE_LENGTH - 1]}…"
