"""Publish data of one's own, refresh it, withdraw it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from data_exchange_client.commands.catalog import OwnDatasetName
from data_exchange_client.errors import CannotDo
from data_exchange_client.publishing import changing, showing, verbs
from data_exchange_client.publishing.assessments import read_assessment
from data_exchange_client.publishing.sources import TYPES, FileSource, Source, table_source
from data_exchange_client.publishing.terms_file import read_terms
from data_exchange_client.publishing.verbs import Draft, Publication, Questions
from data_exchange_client.terminal.options import DEFAULT_TRUST, DEFAULT_URL, AsJson, KeyFile, TrustFile, Url, connect
from data_exchange_client.terminal.output import console, note, print_json, reporting_failures

File = Annotated[
    Path | None, typer.Argument(help="A CSV, Excel (.xlsx, .xls), Parquet or JSON-lines file; or see --postgresql.")
]
Title = Annotated[str, typer.Option("--title", help="The dataset's title.")]
TitleEn = Annotated[str, typer.Option("--title-en", help="Its title in English, if that differs.")]
Handle = Annotated[
    str, typer.Option("--handle", help="Its short name; otherwise made from the title or the file's name.")
]
Purpose = Annotated[
    list[str] | None,
    typer.Option("--purpose", help="A purpose it may serve; repeat it. Otherwise talent-service, statistics."),
]
ClearFields = Annotated[
    list[str] | None, typer.Option("--clear", metavar="FIELD", help="A field that is about nobody; repeat it.")
]
PersonalFields = Annotated[
    list[str] | None, typer.Option("--personal", metavar="FIELD", help="A field that is about people; repeat it.")
]
TermsFile = Annotated[
    Path | None,
    typer.Option(
        "--terms",
        metavar="FILE",
        help="Terms in YAML or JSON, as docs/terms.md has them: masks, row_filter, consumers, rate, not_after, purposes …",
    ),
]
ImpactAssessment = Annotated[
    Path | None,
    typer.Option(
        "--impact-assessment",
        metavar="REPORT",
        help="The impact assessment on file (PIPL 55); only its digest is sent.",
    ),
]
AssessedOn = Annotated[
    datetime | None,
    typer.Option("--assessed-on", formats=["%Y-%m-%d"], help="The day it was concluded; otherwise today."),
]
Module = Annotated[
    str | None,
    typer.Option("--module", metavar="DIGEST", help="A module of the owner's that the exchange has accepted."),
]
LegalBasis = Annotated[
    str | None,
    typer.Option(
        "--legal-basis",
        metavar="BASIS",
        help="The basis on which rows about people leave without their consent beyond government (PIPL 13): contract, "
        "statutory-duty, emergency, news-reporting, disclosed, other-law.",
    ),
]
Sheet = Annotated[str | None, typer.Option("--sheet", help="The sheet of a workbook.")]
HeaderRow = Annotated[
    int | None,
    typer.Option("--header-row", min=0, help="The row of column names, from 1; 0 for a table without."),
]
Encoding = Annotated[str | None, typer.Option("--encoding", help="The encoding of a text file, such as gb18030.")]
Zone = Annotated[
    str | None, typer.Option("--zone", help="Where times without a zone were written, such as Asia/Shanghai.")
]
Types = Annotated[
    list[str] | None,
    typer.Option(
        "--types",
        metavar="FIELD=TYPE",
        help=f"Read a field as one of {', '.join(TYPES)}; repeat it. A number (with a decimal point) leaves as it is, as a "
        "constant or empty; masks that shorten need a string or an integer.",
    ),
]
Hidden = Annotated[
    str,
    typer.Option(
        "--hidden",
        metavar="include|leave-out",
        help="Whether hidden columns and rows of a sheet are read; otherwise they are left out.",
    ),
]
Pad = Annotated[bool, typer.Option("--pad", help="Accept rows that are too short.")]
Update = Annotated[bool, typer.Option("--update", help="Publish the next version of the dataset of this name.")]
Unfit = Annotated[
    str,
    typer.Option(
        "--unfit",
        metavar="keep|suspend|terminate",
        help="With --update: how to treat agreements that the new version does not fit. Needs --reason.",
    ),
]
Reason = Annotated[str, typer.Option("--reason", help="The reason, for both sides of those agreements.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Publish what is shown without asking.")]


def publish(
    file: File = None,
    *,
    key: KeyFile,
    owner: Annotated[str, typer.Option("--owner", help="The publishing organisation; it has to be your key's.")] = "",
    title: Title = "",
    title_en: TitleEn = "",
    handle: Handle = "",
    purpose: Purpose = None,
    clear: ClearFields = None,
    personal: PersonalFields = None,
    terms: TermsFile = None,
    impact_assessment: ImpactAssessment = None,
    assessed_on: AssessedOn = None,
    legal_basis: LegalBasis = None,
    module: Module = None,
    sheet: Sheet = None,
    header_row: HeaderRow = None,
    encoding: Encoding = None,
    zone: Zone = None,
    types: Types = None,
    hidden: Hidden = "",
    pad: Pad = False,
    postgresql: Annotated[
        str | None,
        typer.Option(
            "--postgresql",
            metavar="ADDRESS",
            help="A database instead of a file: postgresql://LOGIN@HOST:PORT/DATABASE, without the password.",
        ),
    ] = None,
    table: Annotated[str, typer.Option("--table", help="The table or view of the database.")] = "",
    schema: Annotated[str, typer.Option("--schema", help="The table's schema.")] = "public",
    password_file: Annotated[
        Path | None,
        typer.Option(
            "--password-file", help="A file whose first line is the database's password; otherwise PGPASSWORD."
        ),
    ] = None,
    update: Update = False,
    unfit: Unfit = "",
    reason: Reason = "",
    yes: Yes = False,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Publish data of your own: see what is in it and what its masks leave, confirm, and it is in the catalogue."""
    with reporting_failures():
        if (file is None) == (postgresql is None):
            raise typer.BadParameter("name a file, or a database with --postgresql", param_hint="FILE")
        if postgresql is not None and not table:
            raise typer.BadParameter("a database needs --table", param_hint="--table")
        options = file_options(
            sheet=sheet, header_row=header_row, encoding=encoding, zone=zone, types=types or (), hidden=hidden, pad=pad
        )
        source: Source = (
            FileSource(file, options)
            if file is not None
            else table_source(postgresql or "", table=table, schema=schema, password_file=password_file)
        )
        publication = Publication(
            source=source,
            owner=owner,
            title=title,
            title_en=title_en,
            handle=handle,
            purposes=purpose or (),
            clear=clear or (),
            personal=personal or (),
            terms=read_terms(terms) if terms else {},
            terms_file=terms,
            assessments=read_assessment(impact_assessment, assessed_on or datetime.now(UTC)),
            module=module,
            legal_basis=legal_basis,
            updates=update,
            unfit=unfit,
            reason=reason,
        )
        source.require()
    with connect(url, key, trust) as client:
        published = verbs.publish(client, publication, questions(source.name, yes=yes))
    showing.show_published(console(), published)
    if published is None:
        raise typer.Exit(1)
    note(
        f"A consumer sees it with `exchange-client describe {published.dataset['organisation']}/"
        f"{published.dataset['handle']}` and applies for it."
    )


def refresh(
    dataset: OwnDatasetName,
    file: Annotated[Path, typer.Argument(help="The new file, with the fields of the published version.")],
    *,
    key: KeyFile,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Replace the content of a published file, read by the published types; version, terms and agreements stay.

    A file with other fields, or one that is read otherwise, is a new version: exchange-client publish --update.
    """
    with connect(url, key, trust) as client:
        source, remarks = changing.refresh(client, dataset, FileSource(file))
    if as_json:
        print_json(source)
        return
    count = source["rows"]
    typer.echo(f"Refreshed: {dataset} now has {'unknown' if count is None else f'{count:,}'} rows of {file.name}.")
    for remark in source["description"]["notes"]:
        note(f"note: {remark['text']}" + (f" ({remark['where']})" if remark.get("where") else ""))
    for text in remarks:
        note(f"note: {text}")


def withdraw(
    dataset: OwnDatasetName,
    *,
    key: KeyFile,
    reason: Annotated[str, typer.Option("--reason", help="Why; the ledger holds its salted digest.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Withdraw it without asking.")] = False,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Withdraw a published dataset: its deliveries end at once, and its agreements end for good.

    The prompt says how many agreements end. A dataset that is published again needs new applications.
    """
    with connect(url, key, trust) as client:
        own = verbs.read_own(client, dataset)
        ending = describe_count(changing.count_running(client, str(own["id"])))
        question = f"Withdraw {dataset}? Its deliveries end at once, and {ending} for good."
        if not yes and not confirmed(question, "withdrawn", "withdraws"):
            raise typer.Exit(1)
        answer = changing.withdraw(client, str(own["id"]), reason)
    typer.echo(f"Withdrawn: {dataset}, on the ledger as entry {answer.entry}; {ending} for good.")


draft = typer.Typer(name="draft", no_args_is_help=True, add_completion=False, help="Discard drafts of datasets.")


@draft.command("discard")
def discard(
    dataset: OwnDatasetName,
    *,
    key: KeyFile,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Discard a draft; a published version of the dataset stays as it is."""
    with connect(url, key, trust) as client:
        answer = verbs.discard_draft(client, dataset)
    typer.echo(f"Discarded: the draft of {dataset}, on the ledger as entry {answer.entry}.")


def file_options(
    *,
    sheet: str | None,
    header_row: int | None,
    encoding: str | None,
    zone: str | None,
    types: Sequence[str],
    hidden: str,
    pad: bool,
) -> dict[str, Any]:
    """The options of an import that were stated. Raises CannotDo for a type or a choice that does not exist."""
    if hidden not in ("", "include", "leave-out"):
        raise CannotDo(f"--hidden is include or leave-out, not {hidden!r}")
    options: dict[str, Any] = {
        "sheet": sheet,
        "header_row": header_row,
        "encoding": encoding,
        "time_zone": zone,
        "hidden": hidden or None,
        "ragged": "pad" if pad else None,
        "types": _types(types) or None,
    }
    return {name: value for name, value in options.items() if value is not None}


def questions(name: str, *, yes: bool) -> Questions:
    """Show each step and ask, unless the answer is yes beforehand."""

    def accept_draft(prepared: Draft) -> bool:
        showing.show_draft(console(), prepared, name=name)
        has_effects = prepared.following is not None and bool(prepared.following["version"])
        question = "See what it changes for agreements?" if has_effects else "Publish it like this?"
        return yes or confirmed(question, "published", "publishes")

    def accept_effects(effects: Any) -> bool:
        showing.show_effects(console(), effects)
        return yes or confirmed("Publish this version?", "published", "publishes")

    return Questions(accept_draft, accept_effects)


def describe_count(agreements: int) -> str:
    """Describe how many agreements end."""
    return f"{agreements} agreement{'s' * (agreements != 1)} end{'s' * (agreements == 1)}"


def confirmed(question: str, act: str, does: str) -> bool:
    """Ask; raises CannotDo where nobody answers."""
    try:
        return bool(typer.confirm(question))
    except typer.Abort:
        raise CannotDo(f"nobody answered, so nothing was {act}", hint=f"--yes {does} without asking") from None


def _types(stated: Sequence[str]) -> dict[str, str]:
    types: dict[str, str] = {}
    for text in stated:
        name, equals, type_ = text.rpartition("=")
        if not equals or not name or type_ not in TYPES:
            raise CannotDo(
                f"{text!r} is no type of a field", hint=f"--types FIELD=TYPE, with one of {', '.join(TYPES)}"
            )
        types[name] = type_
    return types
