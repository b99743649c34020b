"""The command `exchange-client`: fetch data and verify answers and receipts without writing a program.

Exit status: 0 when done, 1 when the exchange refused or a check failed, 2 when the command was used wrongly.
"""

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import httpx2
import typer
from rich.console import Console

from data_exchange_client.api import Client
from data_exchange_client.connection import Connection
from data_exchange_client.delivery import Delivery, Format
from data_exchange_client.errors import ExchangeError, ExchangeProblem
from data_exchange_client.evidence import Evidence
from data_exchange_client.keys import SigningKey
from data_exchange_client.trust import WELL_KNOWN, Trust
from groundwork import durable

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
_errors = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)

Url = Annotated[str, typer.Option("--url", envvar="EXCHANGE_URL", help="The exchange's address.")]
KeyFile = Annotated[
    Path, typer.Option("--key", envvar="EXCHANGE_KEY", help="Your system's key file, made by `keygen`.")
]
TrustFile = Annotated[
    Path,
    typer.Option("--trust", envvar="EXCHANGE_TRUST", help="The file with the exchange's identity; made on first use."),
]
DEFAULT_URL = "http://localhost:8000"
DEFAULT_TRUST = Path("exchange.trust.json")

_LISTS = frozenset({"in", "not_in"})
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]+)?")


def main() -> None:
    """Run the command."""
    app()


@app.command()
def keygen(path: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write the new private key.")]) -> None:
    """Make a signing key. Give the printed public key to your organisation's steward, and the file to nobody."""
    with _reporting_failures():
        key = SigningKey.generate()
        key.save(path)
    _print({"keyid": key.keyid, "algorithm": "ed25519", "public_key": key.public_text})


@app.command()
def keyid(path: Annotated[Path, typer.Argument(metavar="FILE", help="A private key file.")]) -> None:
    """Print the id and the public half of a key."""
    with _reporting_failures():
        key = SigningKey.load(path)
    _print({"keyid": key.keyid, "algorithm": "ed25519", "public_key": key.public_text})


@app.command()
def trust(
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
    renew: Annotated[bool, typer.Option("--renew", help="Pin the present identity instead.")] = False,
) -> None:
    """Show the pinned identity of the exchange, and check that it is still the same. Compare it with the operator's."""
    with _reporting_failures(), Connection(url, None) as connection:
        now = connection.identity()
        pinned = Trust.load(trust) if trust.exists() else None
        if pinned is None or renew:
            now.save(trust)
            _errors.print(f"pinned in {trust}")
            pinned = now
        elif not pinned.is_same(now):
            pinned = pinned.follow(json.loads(connection.public(WELL_KNOWN)))
            if pinned.is_same(now):
                pinned.save(trust)
                _errors.print(f"a rotation, announced by a pinned key, is now in {trust}")
    _print(pinned.document())
    if not pinned.is_same(now):
        _fail(f"the exchange now has another identity than {trust}; ask its operator, then use --renew")


@app.command()
def whoami(key: KeyFile, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST) -> None:
    """Show whose key yours is, by the exchange's register."""
    with _client(url, key, trust) as client:
        _print(client.request("GET", "/api/v1/me").json())


@app.command("catalog")
def catalogue(
    url: Url = DEFAULT_URL,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole catalogue, DCAT-AP in JSON-LD.")] = False,
) -> None:
    """List the published datasets."""
    with _reporting_failures(), Client(url) as client:
        document = client.catalogue()
    if as_json:
        _print(document)
        return
    for dataset in document.get("@graph", []):
        if dataset.get("@type") == "dcat:Dataset":
            titles = "  ".join(title["@value"] for title in dataset["dct:title"])
            typer.echo(f"{dataset['dct:identifier']}  {titles}")


@app.command()
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
    filters = [_filter(text) for text in where or ()]
    with _client(url, key, trust) as client:
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


@app.command()
def receipt(
    index: Annotated[int, typer.Argument(min=0, help="The ledger index of the entry.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Also write INDEX.receipt and INDEX.entry to this directory.")
    ] = None,
    wait: Annotated[float, typer.Option("--wait", min=0, help="Seconds to wait for a checkpoint.")] = 10.0,
    key: Annotated[Path | None, typer.Option("--key", envvar="EXCHANGE_KEY", help="Your system's key file.")] = None,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Get and verify the receipt of a ledger entry, and print the entry."""
    with _client(url, key, trust) as client:
        verified = client.receipt(index, wait=wait)
        if output:
            paths = verified.save(output)
            _errors.print(f"wrote {paths[0]} and {paths[1]}")
    _print(verified.body)
    size = verified.checkpoint.size
    _errors.print(f"entry {index} is in the ledger {verified.checkpoint.origin}, under its checkpoint of size {size}")


@app.command()
def verify(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A file that `fetch` wrote.")],
    evidence: Annotated[Path, typer.Option("--evidence", help="The evidence that `fetch --evidence` wrote for it.")],
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Check, offline, that the exchange gave exactly this file in answer to exactly one request."""
    with _reporting_failures():
        try:
            answer = Evidence.parse(evidence.read_text(encoding="utf-8"))
            answer.verify(Trust.load(trust), path)
        except (OSError, UnicodeDecodeError) as error:
            _fail(f"a file cannot be read: {error}")
    entry = "" if answer.entry is None else f", ledger entry {answer.entry}"
    typer.echo(f"verified: {path} is the exchange's answer to {answer.method} {answer.target_uri}{entry}")


@contextmanager
def _client(url: str, key: Path | None, trust: Path) -> Iterator[Client]:
    with _reporting_failures():
        is_new = not trust.exists()
        with Client(url, SigningKey.load(key) if key else None, trust=trust) as client:
            if is_new:
                _errors.print(f"first contact: pinned {client.trust.name} ({client.trust.vkey}) in {trust}")
            yield client


@contextmanager
def _reporting_failures() -> Iterator[None]:
    """Print an expected failure as a message, and end the command with exit status 1."""
    try:
        yield
    except ExchangeProblem as problem:
        _errors.print(f"refused: {problem.type}: {problem}")
        for reason in problem.reasons:
            _errors.print(f"  {reason.get('rule') or reason.get('code')}: {reason.get('remedy', '')}")
        if problem.entry is not None:
            _errors.print(f"  on the ledger as entry {problem.entry}")
        if not problem.is_signed:
            _errors.print("  (this answer is not signed by the exchange)")
        raise typer.Exit(1) from None
    except httpx2.TransportError as error:
        _fail(f"no answer from {error.request.url}: {str(error) or type(error).__name__}")
    except (ExchangeError, httpx2.HTTPError, httpx2.InvalidURL, ImportError) as error:
        _fail(str(error) or type(error).__name__)
    except OSError as error:
        _fail(f"a file cannot be written: {error}")


def _fail(message: str) -> None:
    _errors.print(f"error: {message}")
    raise typer.Exit(1)


def _print(document: Any) -> None:
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False))


def _print_delivery(delivery: Delivery, output: Path | None) -> None:
    if output is None and isinstance(delivery.content, bytes):
        sys.stdout.buffer.write(delivery.content)
        sys.stdout.buffer.flush()
    parts = [f"{delivery.content_digest} verified"]
    parts += [f"ledger entry {delivery.entry}"] if delivery.entry is not None else []
    parts += [f"completed as entry {delivery.completed_entry}"] if delivery.completed_entry is not None else []
    parts += [f"next page: --cursor {delivery.next}"] if delivery.next else []
    _errors.print(", ".join(parts))


def _filter(text: str) -> dict[str, Any]:
    field, first, rest = text.partition(":")
    op, second, operand = rest.partition(":")
    if not field or not first or not op or not second:
        raise typer.BadParameter("a filter is FIELD:OP:VALUE", param_hint="--where")
    value = [_scalar(part) for part in operand.split(",")] if op in _LISTS else _scalar(operand)
    return {"field": field, "op": op, "value": value}


def _scalar(text: str) -> str | int | float | bool:
    """A value from a command line: a number, true or false, or text."""
    if len(text) > 1 and text[0] == text[-1] == '"':
        return text[1:-1]
    if text in {"true", "false"}:
        return text == "true"
    if _NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    return text
