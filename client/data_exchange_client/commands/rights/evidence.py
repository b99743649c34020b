"""Evidence of rights: certificates, and the fingerprint by which a disputed copy is recognised."""

from datetime import UTC, datetime
from json import loads
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from data_exchange_client.fingerprints import comparing, fingerprint
from data_exchange_client.fingerprints.comparing import Comparison
from data_exchange_client.terminal.options import DEFAULT_TRUST, DEFAULT_URL, AsJson, TrustFile, Url, connect
from data_exchange_client.terminal.output import fail, note, print_facts, print_json, reporting_failures
from groundwork import durable
from ledger.verification import certificates
from ledger.verification.certificates import CertificateUnproven, Certified

_WAIT: Final = {"Prefer": "wait=10"}
Code = Annotated[str, typer.Argument(metavar="CODE", help="The registration code, such as QY2026120001.")]


def record(code: Code, *, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST) -> None:
    """Show a record by its registration code, as everyone may read it."""
    with connect(url, None, trust) as client:
        print_json(loads(client.connection.public(f"/rights/{code}")))
    note("this page is not signed; `rights certificate` gets what verifies")


def certificate(
    code: Code,
    *,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="The file to write, by default CODE.vc.jwt.")
    ] = None,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Get the certificate of a record; `ledger verify-certificate` verifies it."""
    target = output or Path(f"{code}.vc.jwt")
    text, _, vkey = _certificate(code, url, trust)
    durable.write(target, text.encode())
    note(f"wrote {target}; others verify it: ledger verify-certificate {target} --vkey {vkey}")


def make_fingerprint(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="The data: CSV, or Parquet by its ending.")],
    *,
    output: Annotated[Path, typer.Option("-o", "--output", help="The file to write; keep it, and keep it private.")],
) -> None:
    """Make the fingerprint of a table, and print what belongs in the form of an application."""
    with reporting_failures():
        head = fingerprint.make(source, output)
    print_json({"fingerprint": {"digest": head.digest, "rows": head.rows}})
    note(f"wrote {output}: it has a salted digest of each row, so whoever has it can try rows that they guess")


def compare(
    deposited: Annotated[Path, typer.Argument(metavar="FINGERPRINT", help="The file that `rights fingerprint` wrote.")],
    copy: Annotated[Path, typer.Argument(metavar="COPY", help="The disputed copy: CSV, or Parquet by its ending.")],
    *,
    code: Annotated[
        str | None, typer.Option("--record", help="Demand that this record's registration has the fingerprint.")
    ] = None,
    digest: Annotated[
        str | None, typer.Option("--digest", help="Demand this digest, such as from a certificate.")
    ] = None,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Find which parts of a disputed copy are the deposited data: schema, rows in common, whole partitions, values."""
    with reporting_failures():
        present = fingerprint.read(deposited).digest
        wanted = [digest] if digest is not None else []
        if code is not None:
            wanted.append(_deposited(code, url, trust))
        if any(each != present for each in wanted):
            fail(f"the registration has another fingerprint: {wanted[0]}, and {deposited} is {present}")
        result = comparing.compare(deposited, copy)
    if as_json:
        print_json({"digest": present, **_document(result)})
        return
    if not wanted:
        note("nothing shows that this fingerprint was deposited: give --record or --digest")
    _print(result)


def _certificate(code: str, url: str, trust: Path) -> tuple[str, Certified, str]:
    """The certificate of a record, verified with the pinned key of the ledger, and this key."""
    with connect(url, None, trust) as client:
        text = client.connection.public(f"/rights/{code}/certificate", headers=_WAIT).decode()
        try:
            certified = certificates.verify(text, verifier=client.trust.history(), now=datetime.now(UTC))
        except CertificateUnproven as error:
            fail(f"the certificate does not verify: {error}")
        return text, certified, client.trust.vkey


def _deposited(code: str, url: str, trust: Path) -> str:
    """The digest of the fingerprint that a record's certificate has."""
    document = _certificate(code, url, trust)[1].subject["record"]["document"]
    if "fingerprint" not in document:
        fail(f"the record {code} has no fingerprint")
    return str(document["fingerprint"]["digest"])


def _document(result: Comparison) -> dict[str, Any]:
    return {
        "deposited_rows": result.deposited,
        "copied_rows": result.copied,
        "common_rows": result.common,
        "partitions": result.partitions,
        "whole_partitions": result.whole,
        "columns_lacking": list(result.lacking),
        "columns_added": list(result.added),
        "sampled_values": {name: {"in_copy": seen, "sampled": of} for name, (seen, of) in result.values.items()},
    }


def _print(result: Comparison) -> None:
    share = 100 * result.common / result.copied if result.copied else 0.0
    print_facts(
        {
            "rows deposited": result.deposited,
            "rows of the copy": result.copied,
            "rows in common": f"{result.common} ({share:.1f} % of the copy)",
            "whole partitions": f"{result.whole} of {result.partitions}",
            "columns that the copy lacks": ", ".join(result.lacking),
            "columns that it adds": ", ".join(result.added),
            **{f"values of {name}": f"{seen} of {of} sampled" for name, (seen, of) in result.values.items()},
        }
    )
