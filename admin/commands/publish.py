"""`exchange publish`: publish a file of one's own as a dataset."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from admin import data_directory, output
from admin.commands.options import Data
from admin.publishing import PURPOSES, Draft, Publication, publish, require_file
from admin.server.reaching import reach
from admin.terminal import CannotDo, reporting_failures

app = typer.Typer(add_completion=False)


@app.command("publish")
def publish_command(  # noqa: PLR0917 - its options, which typer reads off
    file: Annotated[Path, typer.Argument(help="A CSV, Excel (.xlsx, .xls), Parquet or JSON-lines file.")],
    owner: Annotated[str, typer.Option(help="The participant who publishes it, such as demo-education.")],
    title: Annotated[str, typer.Option(help="The dataset's title.")],
    title_en: Annotated[str, typer.Option(help="Its title in English, if that differs.")] = "",
    handle: Annotated[str, typer.Option(help="Its short name; otherwise made from the title or the file's name.")] = "",
    purpose: Annotated[
        list[str] | None, typer.Option(help="A purpose it may serve; repeat it. Otherwise talent-service, statistics.")
    ] = None,
    clear: Annotated[
        list[str] | None, typer.Option("--clear", metavar="FIELD", help="A field that is about nobody; repeat it.")
    ] = None,
    personal: Annotated[
        list[str] | None, typer.Option("--personal", metavar="FIELD", help="A field that is about people; repeat it.")
    ] = None,
    impact_assessment: Annotated[
        Path | None,
        typer.Option(metavar="REPORT", help="The impact assessment on file (PIPL 55); only its digest is recorded."),
    ] = None,
    assessed_on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day it was concluded; otherwise today.")
    ] = None,
    module: Annotated[
        str | None,
        typer.Option(metavar="DIGEST", help="A module of the owner's, accepted through `exchange policy module`."),
    ] = None,
    sheet: Annotated[str | None, typer.Option(help="The sheet of a workbook.")] = None,
    header_row: Annotated[
        int | None, typer.Option(min=0, help="The row of column names, from 1; 0 for a table without.")
    ] = None,
    encoding: Annotated[str | None, typer.Option(help="The encoding of a text file, such as gb18030.")] = None,
    data: Data = None,
    *,
    pad: Annotated[bool, typer.Option("--pad", help="Accept rows that are too short.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Publish what is shown without asking.")] = False,
) -> None:
    """Publish a file of your own: see what is in it, confirm, and it is in the catalogue."""
    options = {"sheet": sheet, "header_row": header_row, "encoding": encoding, "ragged": "pad" if pad else None}
    publication = Publication(
        file=file,
        owner=owner,
        title=title,
        title_en=title_en,
        handle=handle,
        purposes=purpose or PURPOSES,
        clear=clear or (),
        personal=personal or (),
        impact=(impact_assessment, (assessed_on or datetime.now(UTC)).date()) if impact_assessment else None,
        module=module,
        options={name: value for name, value in options.items() if value is not None},
    )

    def confirm(draft: Draft) -> bool:
        output.show_draft(publication, draft)
        return yes or _confirmed("Publish it like this?")

    with reporting_failures():
        require_file(file)
        directory = data_directory.locate(data)
        key = directory.steward_key(owner)
        output.show_directory(directory)
        with reach(directory) as reached, reached.client(key) as client:
            published = publish(client, publication, confirm=confirm)
        output.show_published(directory, published, is_started=reached.is_started)
        if published is None:
            raise typer.Exit(1)


def _confirmed(question: str) -> bool:
    try:
        return typer.confirm(question)
    except typer.Abort:
        raise CannotDo("nobody answered, so nothing was published", hint="--yes publishes without asking") from None
