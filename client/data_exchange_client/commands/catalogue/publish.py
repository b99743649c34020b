"""Publish data of one's own."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from data_exchange_client.commands.catalogue.confirming import questions
from data_exchange_client.commands.catalogue.options import (
    AssessedOn,
    ClearFields,
    Database,
    Encoding,
    File,
    Handle,
    HeaderRow,
    Hidden,
    ImpactAssessment,
    LegalBasis,
    Module,
    Pad,
    PasswordFile,
    PersonalFields,
    Purpose,
    Reason,
    Schema,
    Sheet,
    Table,
    TermsFile,
    Title,
    TitleEn,
    Types,
    Unfit,
    Update,
    Yes,
    Zone,
    choose_source,
    file_options,
)
from data_exchange_client.publishing import showing, verbs
from data_exchange_client.publishing.assessments import read_assessment
from data_exchange_client.publishing.terms_file import read_terms
from data_exchange_client.publishing.verbs import Publication
from data_exchange_client.terminal.options import DEFAULT_TRUST, DEFAULT_URL, KeyFile, TrustFile, Url, connect
from data_exchange_client.terminal.output import console, note, reporting_failures


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
    postgresql: Database = None,
    table: Table = "",
    schema: Schema = "public",
    password_file: PasswordFile = None,
    update: Update = False,
    unfit: Unfit = "",
    reason: Reason = "",
    yes: Yes = False,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Publish data of your own: see what is in it and what its masks leave, confirm, and it is in the catalogue."""
    with reporting_failures():
        options = file_options(
            sheet=sheet, header_row=header_row, encoding=encoding, zone=zone, types=types or (), hidden=hidden, pad=pad
        )
        source = choose_source(file, options, postgresql, table=table, schema=schema, password_file=password_file)
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
