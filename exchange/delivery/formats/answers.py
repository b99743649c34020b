"""Chooses the format of an answer by `Accept`, and encodes a page in it."""

from collections.abc import Iterable
from typing import Literal

from adapters.contract import Rows
from adapters.plan.plan import Field, Plan, output_fields
from exchange.delivery.formats import encode
from exchange.kernel.problems import NotAcceptable

Format = Literal["json"] | encode.Format
MEDIA_TYPES: dict[Format, str] = {
    "json": "application/json",
    "ndjson": "application/x-ndjson",
    "csv": "text/csv; charset=utf-8; header=present",
    "arrow": "application/vnd.apache.arrow.stream",
}
_ACCEPTED: dict[str, Format] = {
    "application/json": "json",
    "application/*": "json",
    "*/*": "json",
    "application/x-ndjson": "ndjson",
    "application/jsonl": "ndjson",
    "text/csv": "csv",
    "text/*": "csv",
    "application/vnd.apache.arrow.stream": "arrow",
}


def negotiate(accept: str | None) -> Format:
    """The format that a client prefers (RFC 9110 section 12.5.1). Raises NotAcceptable."""
    if not accept:
        return "json"
    best: tuple[float, Format] | None = None
    for item in accept.split(","):
        name, _, parameters = item.partition(";")
        form = _ACCEPTED.get(name.strip().lower())
        weight = _weight(parameters)
        if form is not None and weight > 0 and (best is None or weight > best[0]):
            best = (weight, form)
    if best is None:
        raise NotAcceptable(f"Accept one of: {', '.join(sorted(MEDIA_TYPES.values()))}.")
    return best[1]


def _weight(parameters: str) -> float:
    for parameter in parameters.split(";"):
        name, _, value = parameter.strip().partition("=")
        if name.strip().lower() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def encode_json_page(
    rows: Rows,
    *,
    delivery: str,
    dataset: str,
    version: int,
    content_version: int,
    agreement: str,
    cursor: str | None,
    is_cut: bool,
) -> bytes:
    """A page of records as one JSON document."""
    head = encode.json_text(
        {
            "agreement": agreement,
            "dataset": dataset,
            "delivery": delivery,
            "version": version,
            "content_version": content_version,
            "fields": rows.names,
        }
    )
    tail = b',"cut_by_row_cap":true}' if is_cut else b',"cut_by_row_cap":false}'
    return b"".join((head[:-1], b',"rows":', encode.json_rows(rows), b',"next":', encode.json_text(cursor), tail))


async def encode_page(rows: Rows, plan: Plan, fields: Iterable[Field], form: encode.Format) -> bytes:
    """A page of records in one of the formats that also stream."""
    encoder = encode.StreamEncoder(form)
    return await encoder.add(encode.batch_of(rows, output_fields(plan, fields))) + await encoder.end()
