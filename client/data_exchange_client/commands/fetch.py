"""Fetch data."""

import json
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer

from data_exchange_client.delivery import Delivery, Format
from data_exchange_client.terminal.filters import read_filter
from data_exchange_client.terminal.options import DEFAULT_TRUST, DEFAULT_URL, KeyFile, TrustFile, Url, connect
from data_exchange_client.terminal.output import note
from groundwork import durable

_PAGE = 1000


def fetch(
    dataset: Annotated[str, typer.Argument(help="The dataset: its id, or <organisation>/<dataset>.")],
    *,
    key: KeyFile,
    purpose: Annotated[str, typer.Option("--purpose", help="What the data is for: a purpose of the agreement.")],
    field: Annotated[
        list[str] | None, typer.Option("--field", help="A field to fetch; repeat it. Otherwise all granted fields.")
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            "--where",
            metavar="FIELD:OP:VALUE",
            help='A filter; repeat it. A value in quotation marks ("7") is text; in, not_in: values with commas.',
        ),
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="The most rows to fetch.")] = None,
    every_page: Annotated[
        bool, typer.Option("--all", help="Fetch all pages of JSON and write their rows as one document.")
    ] = False,
    cursor: Annotated[str | None, typer.Option("--cursor", help="The cursor that the page before printed.")] = None,
    format_: Annotated[Format, typer.Option("--format", help="The format of the data.")] = "json",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="The file to write; it appears only when it is verified.")
    ] = None,
    evidence: Annotated[
        Path | None, typer.Option("--evidence", help="Also write the evidence of the answer, for `verify`.")
    ] = None,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Fetch records, verify them, and write them."""
    filters = [read_filter(text) for text in where or ()]
    if every_page:
        if format_ != "json" or cursor or evidence:
            raise typer.BadParameter(
                "pages are of JSON, from the first on, with evidence of their own each; the other formats stream everything "
                "as one delivery, with one evidence",
                param_hint="--all",
            )
        with connect(url, key, trust) as client:
            pages = client.pages(dataset, purpose=purpose, fields=field, filters=filters, page=limit or _PAGE)
            _write_pages(pages, output)
        return
    with connect(url, key, trust) as client:
        delivery = client.fetch(
            dataset,
            purpose=purpose,
            fields=field,
            filters=filters,
            limit=limit,
            cursor=cursor,
            format=format_,
            to=output,
        )
        if evidence:
            durable.write(evidence, delivery.evidence.text().encode(), mode=0o666)
    _print_delivery(delivery, output)


def _write_pages(pages: Iterator[Delivery], output: Path | None) -> None:
    """Write the rows of pages as one JSON document; a file appears only when all are verified."""
    with durable.replacing(output, mode=0o666) if output else nullcontext(sys.stdout.buffer) as target:
        for number, page in enumerate(pages):
            document = page.document()
            if number == 0:
                target.write(b'{"fields":' + _json(document.get("fields")) + b',"rows":[\n')
            rows = b",\n".join(map(_json, document["rows"]))
            target.write(b",\n" + rows if number and rows else rows)
            note(f"page {number + 1}: {page.content_digest} verified, ledger entry {page.entry}")
        target.write(b"\n]}\n")


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _print_delivery(delivery: Delivery, output: Path | None) -> None:
    if output is None and isinstance(delivery.content, bytes):
        sys.stdout.buffer.write(delivery.content)
        sys.stdout.buffer.flush()
    parts = [f"{delivery.content_digest} verified"]
    parts += [f"ledger entry {delivery.entry}"] if delivery.entry is not None else []
    parts += [f"completed as entry {delivery.completed_entry}"] if delivery.completed_entry is not None else []
    parts += [f"next page: --cursor {delivery.next}"] if delivery.next else []
    note(", ".join(parts))
