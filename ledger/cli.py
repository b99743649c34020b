"""The command `ledger`, for an auditor: export, verify, serve, prune and show a ledger, and run a witness.

It needs the log's public key, and a server only to export from. Exit status: 0 if all is right, 1 if something is wrong,
2 if the command was used wrongly.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ledger.bundle import http, pruning, remote, serving
from ledger.bundle.files import CHECKPOINT, Bundle, Files, Unreadable
from ledger.format import checkpoint, entry, merkle, note, tiles, timestamps, trust_policy
from ledger.format.receipt import HEADER, Receipt, ReceiptInvalid, verify_receipt
from ledger.verification import commands as certificates
from ledger.verification import mirror, verify, walk, watching
from ledger.verification.billing import commands as bills
from ledger.verification.terminal import errors, fail, is_url, read_bytes, read_history, read_key, read_text
from ledger.witness import commands

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.add_typer(commands.app, name="witness")
app.command("verify-certificate")(certificates.verify_certificate)
app.command("verify-statement")(bills.verify_statement)

Directory = Annotated[Path, typer.Argument(help="The directory with the exported ledger.")]
Key = Annotated[
    str | None, typer.Option("--vkey", help="The log's key: a verifier key, or a file with one.", metavar="KEY")
]

Trusted = Annotated[
    Path | None,
    typer.Option("--policy", help="Your own trust policy (C2SP tlog-policy), instead of the bundle's."),
]

Minimum = Annotated[
    int,
    typer.Option(
        "--minimum-index", min=0, help="Entries below this index may be missing, if you accept that they are pruned."
    ),
]


@app.command("export")
def export_command(
    directory: Directory,
    url: Annotated[str, typer.Option("--url", help="The exchange's address.")],
    vkey: Key = None,
    policy_file: Trusted = None,
    minimum: Minimum = 0,
) -> None:
    """Mirror the ledger of a running exchange into DIRECTORY, and verify it.

    Repeat it to fetch what is new. A log that does not continue the one in DIRECTORY is refused.
    """
    try:
        exported = mirror.export(url, directory, verifier=_key(vkey), trust=_policy(policy_file), minimum=minimum)
    except (mirror.ExportFailed, mirror.ExportRefused, Unreadable) as error:
        fail(str(error))
    typer.echo(f"{exported.fetched} files fetched")
    typer.echo(exported.report.text())
    raise typer.Exit(0 if exported.report.is_ok else 1)


@app.command("watch")
def watch_command(
    directory: Directory,
    *,
    url: Annotated[str, typer.Option("--url", help="The exchange's address.")],
    vkey: Key = None,
    policy_file: Trusted = None,
    minimum: Minimum = 0,
    every: Annotated[float, typer.Option("--every", min=0, help="Seconds between two rounds.")] = 3600,
    patience: Annotated[
        float,
        typer.Option("--patience", min=0, help="Seconds for which the exchange may be away before it is an alarm."),
    ] = 86_400,
    rounds: Annotated[
        int | None, typer.Option("--rounds", min=1, help="End with status 0 after this many rounds.")
    ] = None,
    type_: Annotated[
        str | None,
        typer.Option("--type", help="Also print new entries of this type, a JSON line each; `delivery.*` for all."),
    ] = None,
) -> None:
    """Export and verify the ledger on a schedule, and end with status 1 as soon as it contradicts itself.

    A line for each round goes to standard output. What is wrong goes to standard error.
    """
    exporting = partial(mirror.export, url, directory, verifier=_key(vkey), trust=_policy(policy_file), minimum=minimum)
    try:
        for done in islice(watching.watch(exporting, directory=directory, every=every, patience=patience), rounds):
            moment = datetime.now(UTC).isoformat(timespec="seconds")
            if done.fault is None:
                typer.echo(f"{moment} OK: {done.size} entries, {done.size - done.before} new")
                if type_ and done.size > done.before:
                    _print_entries(Bundle(directory), done.before, done.size - 1, type_, indent=None)
            else:
                errors.print(f"{moment} {done.fault}")
            if done.is_last:
                raise typer.Exit(1)
    except Unreadable as error:
        fail(str(error))


@app.command("verify")
def verify_command(
    ledger: Annotated[
        str, typer.Argument(help="The directory with the exported ledger, or an exchange's URL.", metavar="DIR|URL")
    ],
    vkey: Key = None,
    known: Annotated[
        list[Path] | None,
        typer.Option("--known", help="A checkpoint or a receipt that you have from elsewhere; repeatable."),
    ] = None,
    policy_file: Trusted = None,
    minimum: Minimum = 0,
    tsa: Annotated[
        Path | None,
        typer.Option("--tsa", help="The timestamping authority's certificate and its issuers' (PEM), its own first."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Verify a ledger: every entry, the chain, the tree, every checkpoint, the witnesses' cosignatures, timestamps.

    A directory needs no server. A running exchange is verified over HTTP, and nothing is written.
    """
    if not is_url(ledger) and not Path(ledger).is_dir():
        raise typer.BadParameter(f"{ledger} is neither a directory nor an exchange's URL", param_hint="DIR|URL")
    with ExitStack() as opened:
        files = remote.Remote(opened.enter_context(http.Fetcher(ledger))) if is_url(ledger) else Path(ledger)
        report = verify.verify(
            files,
            verifier=_key(vkey),
            known=[_checkpoint_in(path) for path in known or ()],
            trust=_policy(policy_file),
            minimum=minimum,
            authority=_authority(tsa),
            progress=opened.enter_context(_progress()),
        )
    typer.echo(json.dumps(report.to_json(), indent=2) if as_json else report.text())
    raise typer.Exit(0 if report.is_ok else 1)


@app.command("serve")
def serve_command(
    directory: Directory,
    host: Annotated[str, typer.Option("--host", help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="The port to listen on; 0 for any.")] = 8080,
) -> None:
    """Serve the ledger in DIRECTORY, read-only, at the URLs of an exchange (C2SP tlog-tiles below /ledger)."""
    try:
        server = serving.server(directory, host, port)
    except OSError as error:
        fail(f"{host}:{port}: {error.strerror}")
    typer.echo(f"http://{host}:{server.server_port}{serving.PREFIX}checkpoint")
    with server, suppress(KeyboardInterrupt):
        server.serve_forever()


@app.command("prune")
def prune_command(
    directory: Directory,
    minimum: Annotated[
        int, typer.Argument(min=0, metavar="INDEX", help="Remove entries below this index, by whole bundles.")
    ],
) -> None:
    """Remove old entries from the ledger in DIRECTORY, under its retention policy. Tiles, proofs and checkpoints stay."""
    try:
        pruned = pruning.prune(directory, minimum)
    except (pruning.PruningRefused, Unreadable) as error:
        fail(str(error))
    typer.echo(f"{pruned.removed} bundles of entries removed; the minimum index is {pruned.minimum}")


@app.command("show")
def show_command(
    directory: Directory,
    which: Annotated[str | None, typer.Argument(metavar="[INDEX|FIRST-LAST]", help="One entry, or several.")] = None,
    type_: Annotated[
        str | None, typer.Option("--type", help="Only entries of this type; `delivery.*` for all that begin so.")
    ] = None,
    as_lines: Annotated[bool, typer.Option("--lines", help="Print each entry on one line (JSON lines).")] = False,
    as_bytes: Annotated[
        bool, typer.Option("--raw", help="Print one entry's bytes as they were hashed, such as for `ledger receipt`.")
    ] = False,
) -> None:
    """Print entries as JSON, unverified; `ledger verify` verifies them."""
    first, last = _range(which)
    if as_bytes:
        if last != first:
            raise typer.BadParameter("name one entry", param_hint="--raw")
        [leaf] = [leaf for _, leaf in _leaves(Bundle(directory), first, last)] or fail(
            f"the ledger has no entry {first}"
        )
        sys.stdout.buffer.write(leaf)
        return
    is_any = _print_entries(Bundle(directory), first, last, type_, indent=None if as_lines else 2)
    if which is not None and not is_any and not type_:
        fail(f"the ledger has no entry {which}")


def _print_entries(files: Files, first: int, last: int | None, type_: str | None, *, indent: int | None) -> bool:
    """Print entries as JSON; returns whether there was any."""
    is_any, kinds = False, set()
    for index, leaf in _leaves(files, first, last):
        try:
            parsed = entry.parse(leaf)
        except entry.MalformedEntry as error:
            fail(f"entry {index}: {error}")
        kind = parsed.body.get("type")
        kinds.add(str(kind))
        if type_ and not _is_of(kind, type_):
            continue
        is_any = True
        line: dict[str, Any] = {"seq": parsed.seq, "hash": merkle.leaf_hash(leaf).hex(), "prev": parsed.prev.hex()}
        typer.echo(json.dumps({**line, "body": parsed.body}, ensure_ascii=False, indent=indent))
    if type_ and not is_any:
        errors.print(f"no entry here is of the type {type_}; there are: {', '.join(sorted(kinds))}")
    return is_any


@app.command("receipt")
def receipt_command(
    receipt: Annotated[Path, typer.Argument(help="The receipt, a .tlog-proof file.")],
    entry_file: Annotated[
        Path, typer.Option("--entry", help="The file with the entry's bytes, as the exchange gave them.")
    ],
    vkey: Annotated[str, typer.Option("--vkey", help="The log's key: a verifier key, or a file with one.")],
    rotations: Annotated[
        str | None,
        typer.Option(
            "--rotations",
            metavar="DIR|URL",
            help="The exported ledger, or the exchange's URL, with the announcements of a key that was rotated.",
        ),
    ] = None,
) -> None:
    """Verify that a receipt proves an entry to be in the log. With --rotations any former or present key of it will do."""
    text, key = read_text(receipt), read_key(vkey)
    try:
        signed = verify_receipt(
            text, read_bytes(entry_file), key if rotations is None else read_history(rotations, key)
        )
    except ReceiptInvalid as error:
        is_of_key = isinstance(error.__cause__, note.BadNote)
        hint = " (if the log's key was rotated, give --rotations with its export or its URL)" if is_of_key else ""
        fail(f"FAILED: {error}{hint}")
    typer.echo(f"OK: entry {Receipt.parse(text).index} is in {signed.origin}, signed at size {signed.size}")


def main() -> None:
    """Run the command."""
    app()


@contextmanager
def _progress() -> Iterator[walk.Progress]:
    """A progress bar, if standard error is a terminal."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=errors, disable=not errors.is_terminal, transient=True) as bar:
        task = bar.add_task("entries", total=None)

        def update(done: int, size: int) -> None:
            bar.update(task, completed=done, total=size)

        yield update


def _leaves(files: Files, first: int, last: int | None) -> Iterator[tuple[int, bytes]]:
    """The entries of a bundle from `first` to `last`, with their indexes, as far as they exist."""
    size = _size(files)
    last = size - 1 if last is None else min(last, size - 1)
    for block in range(first // tiles.WIDTH, last // tiles.WIDTH + 1):
        entries, reason = files.entries(block, tiles.width(tiles.ENTRIES, block, size))
        for index, leaf in enumerate(entries, block * tiles.WIDTH):
            if first <= index <= last:
                yield index, leaf
        if reason is not None:
            fail(f"{tiles.entries_path(block)}: {reason}")


def _size(files: Files) -> int:
    """The size in the newest checkpoint, unverified."""
    try:
        lines = files.text(CHECKPOINT).split("\n")
        return checkpoint.parse_number(lines[1])
    except Unreadable as error:
        fail(str(error))
    except (IndexError, ValueError):
        fail(f"{CHECKPOINT}: not a checkpoint")


def _range(which: str | None) -> tuple[int, int | None]:
    if which is None:
        return 0, None
    first, separator, last = which.partition("-")
    try:
        return checkpoint.parse_number(first), checkpoint.parse_number(last if separator else first)
    except checkpoint.MalformedCheckpoint:
        raise typer.BadParameter("give an index, or two with a dash between them", param_hint="INDEX") from None


def _is_of(kind: object, wanted: str) -> bool:
    """Whether a type is the wanted one, or begins with what stands before a final `*` or up to a final dot."""
    prefix = wanted.removesuffix("*")
    is_prefix = prefix != wanted or wanted.endswith(".")
    return isinstance(kind, str) and (kind.startswith(prefix) if is_prefix else kind == wanted)


def _authority(path: Path | None) -> timestamps.Authority | None:
    if path is None:
        return None
    try:
        return timestamps.Authority(read_bytes(path))
    except (timestamps.CertificateInvalid, timestamps.TimestampsUnavailable) as error:
        raise typer.BadParameter(str(error), param_hint="--tsa") from None


def _key(text: str | None) -> note.Verifier | None:
    return None if text is None else read_key(text)


def _policy(path: Path | None) -> trust_policy.TrustPolicy | None:
    try:
        return None if path is None else trust_policy.parse(read_bytes(path))
    except trust_policy.MalformedPolicy as error:
        raise typer.BadParameter(f"{path}: {error}", param_hint="--policy") from None


def _checkpoint_in(path: Path) -> str:
    """The signed checkpoint in a file, which is a checkpoint or a receipt."""
    text = read_text(path)
    if not text.startswith(HEADER):
        return text
    try:
        return Receipt.parse(text).checkpoint
    except ReceiptInvalid as error:
        raise typer.BadParameter(f"{path}: {error}", param_hint="--known") from None
