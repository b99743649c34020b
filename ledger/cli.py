"""The command `ledger`: what an auditor runs. It needs no server but to export from, and no key but the public one.

Exit status: 0 when everything is as it has to be, 1 when something is wrong, 2 when the command was used wrongly.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console

from ledger import bundle, checkpoint, entry, export, merkle, note, proof, tiles, timestamps, verify

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
_errors = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)

Directory = Annotated[Path, typer.Argument(help="The directory with the exported ledger.")]
Key = Annotated[
    str | None, typer.Option("--vkey", help="The log's key: a verifier key, or a file that holds one.", metavar="KEY")
]


@app.command("export")
def export_command(
    directory: Directory,
    url: Annotated[str, typer.Option("--url", help="The exchange's address.")],
    vkey: Key = None,
) -> None:
    """Mirror the ledger of a running exchange into DIRECTORY, and verify it.

    Repeat it to take in what is new: only that is fetched, and a log that does not continue the one in DIRECTORY is
    refused.
    """
    try:
        done = export.export(url, directory, verifier=_key(vkey))
    except (export.ExportFailed, export.ExportRefused, bundle.Unreadable) as error:
        _fail(str(error))
    typer.echo(f"{done.fetched} files fetched")
    typer.echo(done.report.text())
    raise typer.Exit(0 if done.report.is_ok else 1)


@app.command("verify")
def verify_command(
    directory: Directory,
    vkey: Key = None,
    known: Annotated[
        list[Path] | None,
        typer.Option("--known", help="A checkpoint, or a receipt, that you have from elsewhere; may be repeated."),
    ] = None,
    tsa: Annotated[
        Path | None,
        typer.Option("--tsa", help="The timestamping authority's certificate and its issuers', PEM, its own first."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Verify the ledger in DIRECTORY: every entry, the chain, the tree, every checkpoint, and timestamps over them."""
    report = verify.verify(
        directory,
        verifier=_key(vkey),
        known=[_checkpoint_in(path) for path in known or ()],
        authority=_authority(tsa),
    )
    typer.echo(json.dumps(report.to_json(), indent=2) if as_json else report.text())
    raise typer.Exit(0 if report.is_ok else 1)


@app.command("show")
def show_command(
    directory: Directory,
    which: Annotated[str | None, typer.Argument(metavar="[INDEX|FIRST-LAST]", help="One entry, or several.")] = None,
    type_: Annotated[
        str | None, typer.Option("--type", help="Only entries of this type; `delivery.` for all that begin so.")
    ] = None,
) -> None:
    """Print entries as JSON. They are not verified: `ledger verify` does that."""
    first, last = _range(which)
    is_any = False
    for index, leaf in _leaves(bundle.Bundle(directory), first, last):
        try:
            parsed = entry.parse(leaf)
        except entry.MalformedEntry as error:
            _fail(f"entry {index}: {error}")
        kind = parsed.body.get("type")
        if type_ and not _is_of(kind, type_):
            continue
        is_any = True
        shown: dict[str, Any] = {"seq": parsed.seq, "hash": merkle.leaf_hash(leaf).hex(), "prev": parsed.prev.hex()}
        typer.echo(json.dumps({**shown, "body": parsed.body}, ensure_ascii=False, indent=2))
    if which is not None and not is_any and not type_:
        _fail(f"no entry {which} in this bundle")


@app.command("receipt")
def receipt_command(
    receipt: Annotated[Path, typer.Argument(help="The receipt, a .tlog-proof file.")],
    entry_file: Annotated[Path, typer.Option("--entry", help="The entry's bytes, as the exchange gave them.")],
    vkey: Annotated[str, typer.Option("--vkey", help="The log's key: a verifier key, or a file that holds one.")],
) -> None:
    """Verify that a receipt proves an entry to be in the log."""
    text = _text(receipt)
    try:
        signed = proof.verify_receipt(text, _bytes(entry_file), _read_key(vkey))
    except proof.ReceiptInvalid as error:
        _fail(f"FAILED: {error}")
    typer.echo(f"OK: entry {proof.parse(text).index} is in {signed.origin}, signed at size {signed.size}")


def main() -> None:
    """Run the command."""
    app()


def _leaves(source: bundle.Bundle, first: int, last: int | None) -> Iterator[tuple[int, bytes]]:
    """The entries of a bundle from `first` to `last`, with their indices, as far as there are any."""
    size = _size(source)
    last = size - 1 if last is None else min(last, size - 1)
    for block in range(first // tiles.WIDTH, last // tiles.WIDTH + 1):
        entries, reason = source.entries(block, tiles.width(tiles.ENTRIES, block, size))
        for index, leaf in enumerate(entries, block * tiles.WIDTH):
            if first <= index <= last:
                yield index, leaf
        if reason is not None:
            _fail(f"{tiles.entries_path(block)}: {reason}")


def _size(source: bundle.Bundle) -> int:
    """The size in the newest checkpoint, whoever signed it: showing is not verifying."""
    try:
        lines = source.text(bundle.CHECKPOINT).split("\n")
        return checkpoint.parse_number(lines[1])
    except bundle.Unreadable as error:
        _fail(str(error))
    except (IndexError, ValueError):
        _fail(f"{bundle.CHECKPOINT}: not a checkpoint")


def _range(which: str | None) -> tuple[int, int | None]:
    if which is None:
        return 0, None
    first, separator, last = which.partition("-")
    try:
        return checkpoint.parse_number(first), checkpoint.parse_number(last if separator else first)
    except checkpoint.MalformedCheckpoint:
        raise typer.BadParameter("an index, or two with a dash between them", param_hint="INDEX") from None


def _is_of(kind: object, wanted: str) -> bool:
    return isinstance(kind, str) and (kind.startswith(wanted) if wanted.endswith(".") else kind == wanted)


def _authority(path: Path | None) -> timestamps.Authority | None:
    if path is None:
        return None
    try:
        return timestamps.Authority(_bytes(path))
    except (timestamps.CertificateInvalid, timestamps.TimestampsUnavailable) as error:
        raise typer.BadParameter(str(error), param_hint="--tsa") from None


def _key(text: str | None) -> note.Verifier | None:
    return None if text is None else _read_key(text)


def _read_key(text: str) -> note.Verifier:
    path = Path(text)
    stated = _text(path).removesuffix("\n") if "+" not in text or path.is_file() else text
    try:
        return note.Verifier.parse(stated)
    except note.BadNote as error:
        raise typer.BadParameter(str(error), param_hint="--vkey") from None


def _checkpoint_in(path: Path) -> str:
    """The signed checkpoint in a file: the whole, or what a receipt ends in."""
    text = _text(path)
    if not text.startswith(proof.HEADER):
        return text
    try:
        return proof.parse(text).checkpoint
    except proof.ReceiptInvalid as error:
        raise typer.BadParameter(f"{path}: {error}", param_hint="--known") from None


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise typer.BadParameter(f"{path}: {error.strerror}") from None


def _text(path: Path) -> str:
    try:
        return _bytes(path).decode()
    except UnicodeDecodeError:
        raise typer.BadParameter(f"{path}: not UTF-8") from None


def _fail(message: str) -> NoReturn:
    _errors.print(message)
    raise typer.Exit(1)
