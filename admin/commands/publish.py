"""`exchange publish`: publish a file of one's own as a dataset, on the machine of the exchange."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from admin import data_directory, output
from admin.commands.options import Data
from admin.server.reaching import reach
from admin.terminal import console, reporting_failures
from data_exchange_client.commands.catalogue import options as shared
from data_exchange_client.commands.catalogue.confirming import questions
from data_exchange_client.publishing import showing
from data_exchange_client.publishing.assessments import read_assessment
from data_exchange_client.publishing.sources import FileSource
from data_exchange_client.publishing.terms_file import read_terms
from data_exchange_client.publishing.verbs import Publication, publish

app = typer.Typer(add_completion=False)


@app.command("publish")
def publish_command(
    file: Annotated[Path, typer.Argument(help="A CSV, Excel (.xlsx, .xls), Parquet or JSON-lines file.")],
    *,
    owner: Annotated[str, typer.Option(help="The participant who publishes it, such as demo-education.")],
    title: shared.Title = "",
    title_en: shared.TitleEn = "",
    handle: shared.Handle = "",
    purpose: shared.Purpose = None,
    clear: shared.ClearFields = None,
    personal: shared.PersonalFields = None,
    terms: shared.TermsFile = None,
    impact_assessment: shared.ImpactAssessment = None,
    assessed_on: shared.AssessedOn = None,
    legal_basis: shared.LegalBasis = None,
    module: shared.Module = None,
    sheet: shared.Sheet = None,
    header_row: shared.HeaderRow = None,
    encoding: shared.Encoding = None,
    zone: shared.Zone = None,
    types: shared.Types = None,
    hidden: shared.Hidden = "",
    pad: shared.Pad = False,
    update: shared.Update = False,
    unfit: shared.Unfit = "",
    reason: shared.Reason = "",
    data: Data = None,
    yes: shared.Yes = False,
) -> None:
    """Publish a file of your own: see what is in it and what its masks leave, confirm, and it is in the catalogue.

    From another machine, with your own key: exchange-client publish.
    """
    with reporting_failures():
        source = FileSource(
            file,
            shared.file_options(
                sheet=sheet,
                header_row=header_row,
                encoding=encoding,
                zone=zone,
                types=types or (),
                hidden=hidden,
                pad=pad,
            ),
        )
        source.require()
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
        directory = data_directory.locate(data)
        key = directory.steward_key(owner)
        output.show_directory(directory)
        with reach(directory) as reached, reached.client(key) as client:
            published = publish(client, publication, questions(source.name, yes=yes))
        showing.show_published(console(), published)
        if published is None:
            raise typer.Exit(1)
        output.show_ended(directory, is_started=reached.is_started)
