"""The command `ledger verify-certificate`: a certificate of rights against the ledger's key, and its revocation."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import httpx2
import typer

from ledger.verification import certificates
from ledger.verification.certificates import CertificateUnproven, Certified
from ledger.verification.terminal import fail, read_history, read_key, read_text

_TIMEOUT: Final = 30.0
_LARGEST: Final = 1 << 20


def verify_certificate(
    path: Annotated[
        Path, typer.Argument(metavar="FILE", help="The certificate, as GET /rights/CODE/certificate gave it.")
    ],
    *,
    vkey: Annotated[str, typer.Option("--vkey", help="The log's key: a verifier key, or a file with one.")],
    status: Annotated[
        list[Path] | None,
        typer.Option("--status", help="A list of revocations that you have, instead of the issuer's; repeatable."),
    ] = None,
    without_status: Annotated[
        bool, typer.Option("--without-status", help="Do not check whether the certificate is revoked.")
    ] = False,
    at: Annotated[
        str | None, typer.Option("--at", metavar="TIME", help="Verify as of this time (RFC 3339), by default now.")
    ] = None,
    rotations: Annotated[
        str | None,
        typer.Option(
            "--rotations",
            metavar="DIR|URL",
            help="The exported ledger, or the exchange's URL, with the announcements of a key that was rotated.",
        ),
    ] = None,
) -> None:
    """Verify a certificate of rights: that the ledger states it, who signed it, its term, and that it is not revoked.

    The lists of revocations are read from the addresses in the certificate. With --status nothing is read but files.
    """
    key = read_key(vkey)
    keys = key if rotations is None else read_history(rotations, key)
    now = datetime.now(UTC) if at is None else _time(at)
    try:
        certified = certificates.verify(read_text(path), verifier=keys, now=now)
        if not without_status:
            lists = _lists(certified) if status is None else [read_text(each) for each in status]
            certificates.check_status(certified, lists, verifier=keys, now=now)
    except CertificateUnproven as error:
        fail(f"FAILED: {error}")
    _print(certified)
    typer.echo("revocation: NOT CHECKED" if without_status else "revocation: neither revoked nor suspended")


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        raise typer.BadParameter("write a time with its zone, such as 2026-12-01T08:00:00Z", param_hint="--at")
    return time


def _print(certified: Certified) -> None:
    subject, record = certified.subject, certified.subject["record"]
    rights = ", ".join(held["right"] for held in record["rights"])
    typer.echo(f"OK: record {record['code']} of {subject['holder']} ({subject['holder_code']}): {rights}")
    typer.echo(f"data: {record['document'].get('name', '')}, until {record['valid_until']}")
    typer.echo(f"ledger: entry {certified.index} of {certified.origin}; issuer: {certified.issuer}")
    typer.echo("It is the exchange's own record of rights, and no 数据产权登记凭证 of a listed registrar.")


def _lists(certified: Certified) -> Sequence[str]:
    """The lists at the addresses of a certificate whose signature was verified before."""
    lists = []
    for status in certified.statuses:
        try:
            answer = httpx2.get(status.address, timeout=_TIMEOUT)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            fail(f"FAILED: {status.address}: {error}; with a list that you have, give --status")
        if answer.status_code != httpx2.codes.OK or len(answer.content) > _LARGEST:
            fail(f"FAILED: {status.address} answers {answer.status_code}; with a list that you have, give --status")
        lists.append(answer.text)
    return lists
