"""Fetch data."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Annotated, Any

import httpx2
import typer

from data_exchange_client.api import Client
from data_exchange_client.commands.names import read_dataset
from data_exchange_client.commands.sharing.agreements import PATH as AGREEMENTS
from data_exchange_client.delivery import Delivery, Format
from data_exchange_client.errors import CannotDo, ExchangeError, ExchangeProblem
from data_exchange_client.terminal.filters import read_filter
from data_exchange_client.terminal.listing import list_all
from data_exchange_client.terminal.options import DEFAULT_TRUST, DEFAULT_URL, KeyFile, TrustFile, Url, connect
from data_exchange_client.terminal.output import note
from groundwork import durable

_PAGE = 1000
_AGREEMENTS = 10_000


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
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            min=1,
            help="The most rows to fetch. Without it, JSON gives one page (100 rows, unless the exchange sets another "
            "number), with --all every page, and the other formats stream everything that the agreement grants.",
        ),
    ] = None,
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
    if not purpose.isascii() or not purpose.isprintable():
        raise typer.BadParameter("a purpose is a code of the exchange, such as talent-service", param_hint="--purpose")
    if every_page:
        if format_ != "json" or cursor or evidence:
            raise typer.BadParameter(
                "pages are of JSON, from the first on, with evidence of their own each; the other formats stream everything "
                "as one delivery, with one evidence",
                param_hint="--all",
            )
        with connect(url, key, trust) as client:
            pages = client.pages(dataset, purpose=purpose, fields=field, filters=filters, page=limit or _PAGE)
            with _naming(output), _hinting(filters):
                total, last = _write_pages(pages, output)
            _warn_of_cap(client, dataset, purpose, total, is_cut=last)
        return
    with connect(url, key, trust) as client:
        with _naming(output), _hinting(filters):
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
            with _naming(evidence):
                durable.write(evidence, delivery.evidence.text().encode(), mode=0o666)
        _print_delivery(delivery, output)
        is_cut = delivery.is_cut_by_row_cap
        is_end = cursor is None and delivery.next is None
        if (is_cut or is_end) and (count := _count(delivery)) != limit:
            _warn_of_cap(client, dataset, purpose, count, is_cut=is_cut)


@contextmanager
def _naming(path: Path | None) -> Iterator[None]:
    """Name the file that the user gave where it cannot be written, instead of its draft."""
    try:
        yield
    except OSError as error:
        if path is None:
            raise
        raise CannotDo(f"a file cannot be written: {path}: {error.strerror or error}") from error


@contextmanager
def _hinting(filters: Sequence[Mapping[str, Any]]) -> Iterator[None]:
    """Add to the refusal of a filter that a number is text only in quotation marks."""
    try:
        yield
    except ExchangeProblem as problem:
        values = [(given, value) for given in filters for value in _values(given["value"])]
        numbers = [(given, value) for given, value in values if isinstance(value, int | float)]
        if problem.type == "filter-invalid" and numbers:
            given, value = numbers[0]
            text = str(value).lower() if isinstance(value, bool) else str(value)
            quoted = f"--where '{given['field']}:{given['op']}:\"{text}\"'"
            problem.add_note(f"{text} without quotation marks is no text; for a field of text: {quoted}")
        raise


def _values(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]


def _count(delivery: Delivery) -> int | None:
    """The rows of a delivery; None where the answer does not count them and counting needs another library."""
    if delivery.evidence.completion is not None:
        rows = json.loads(delivery.evidence.completion).get("rows")
        return rows if isinstance(rows, int) else None
    return None if delivery.format == "arrow" else sum(1 for _ in delivery.rows())


def _warn_of_cap(client: Client, dataset: str, purpose: str, count: int | None, *, is_cut: bool | None) -> None:
    """Warn of a delivery that lacks rows by the row cap.

    Where an earlier exchange does not state it, one with as many rows as the agreement grants at most may lack some.
    """
    if is_cut:
        note("warning: more rows match than the row cap of the agreement lets out; filters ask for others")
    if is_cut is not None or not count:
        return
    with suppress(ExchangeError, httpx2.HTTPError):
        about = read_dataset(client, dataset)["id"]
        caps = {
            row["in_force"]["row_cap"]
            for row in list_all(client, AGREEMENTS, limit=_AGREEMENTS)
            if (row["dataset_id"], row["purpose"], row["state"]) == (about, purpose, "active")
        }
        if count in caps:
            note(
                f"warning: the agreement grants {count} rows of one delivery at most, and here are as many: more may exist"
            )


def _write_pages(pages: Iterator[Delivery], output: Path | None) -> tuple[int, bool | None]:
    """Write the rows of pages as one JSON document; a file appears only when all are verified.

    Returns the number of rows, and whether the row cap cut them.
    """
    count, is_cut = 0, None
    with durable.replacing(output, mode=0o666) if output else nullcontext(sys.stdout.buffer) as target:
        for number, page in enumerate(pages):
            document = page.document()
            if number == 0:
                target.write(b'{"fields":' + _json(document.get("fields")) + b',"rows":[\n')
            count += len(document["rows"])
            is_cut = page.is_cut_by_row_cap
            rows = b",\n".join(map(_json, document["rows"]))
            target.write(b",\n" + rows if number and rows else rows)
            note(f"page {number + 1}: {page.content_digest} verified, ledger entry {page.entry}")
        target.write(b"\n]}\n")
    return count, is_cut


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _print_delivery(delivery: Delivery, output: Path | None) -> None:
    if output is None and isinstance(delivery.content, bytes):
        sys.stdout.buffer.write(delivery.content)
        if sys.stdout.isatty() and not delivery.content.endswith(b"\n"):
            sys.stdout.buffer.write(b"\n")
        sys.stdout.buffer.flush()
    parts = [f"{delivery.content_digest} verified"]
    parts += [f"ledger entry {delivery.entry}"] if delivery.entry is not None else []
    parts += [f"completed as entry {delivery.completed_entry}"] if delivery.completed_entry is not None else []
    parts += [f"next page: --cursor {delivery.next}"] if delivery.next else []
    note(", ".join(parts))
