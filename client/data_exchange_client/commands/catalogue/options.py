"""Options of publishing, which `exchange-client publish` and the operator's `exchange publish` share."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from data_exchange_client.errors import CannotDo
from data_exchange_client.publishing.sources import TYPES, FileSource, Source, table_source

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
Database = Annotated[
    str | None,
    typer.Option(
        "--postgresql",
        metavar="ADDRESS",
        help="A database instead of a file: postgresql://LOGIN@HOST:PORT/DATABASE, without the password.",
    ),
]
Table = Annotated[str, typer.Option("--table", help="The table or view of the database.")]
Schema = Annotated[str, typer.Option("--schema", help="The table's schema.")]
PasswordFile = Annotated[
    Path | None,
    typer.Option("--password-file", help="A file whose first line is the database's password; otherwise PGPASSWORD."),
]


def choose_source(
    file: Path | None,
    options: dict[str, Any],
    database: str | None,
    *,
    table: str,
    schema: str,
    password_file: Path | None,
) -> Source:
    """The file, or the table of a database, that is published. Raises BadParameter where neither or both are named."""
    if file is not None and database is None:
        return FileSource(file, options)
    if file is not None or database is None:
        raise typer.BadParameter("name a file, or a database with --postgresql", param_hint="FILE")
    if not table:
        raise typer.BadParameter("a database needs --table", param_hint="--table")
    return table_source(database, table=table, schema=schema, password_file=password_file)


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
