"""The command `exchange-client`: the list of its commands."""

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from data_exchange_client.commands import audit, fetch, proofs
from data_exchange_client.commands.catalogue import catalog, changes, filings, items, publish, upkeep
from data_exchange_client.commands.market.group import market
from data_exchange_client.commands.organisation import duties, identity, keys, members, messages, webhooks
from data_exchange_client.commands.people import answer, codes, consents, deletions, requests
from data_exchange_client.commands.rights.group import rights
from data_exchange_client.commands.sharing import agreements, applications, corrections, disputes, notices
from data_exchange_client.terminal.output import reporting_failures
from data_exchange_client.terminal.profile import profile_file, read_profile

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

for command in (
    keys.keygen,
    keys.keyid,
    keys.prove,
    identity.trust,
    identity.whoami,
    catalog.catalog,
    catalog.describe,
    catalog.lineage,
    applications.apply,
    fetch.fetch,
    answer.answer,
    codes.redeem,
    codes.verify_answers,
    proofs.receipt,
    proofs.verify,
    proofs.opening,
    publish.publish,
    upkeep.refresh,
    upkeep.withdraw,
    duties.duties,
):
    app.command()(command)
for group in (
    applications.applications,
    agreements.agreements,
    notices.notices,
    filings.filings,
    changes.changes,
    items.items,
    corrections.corrections,
    members.members,
    messages.messages,
    webhooks.webhooks,
    keys.keys,
    audit.audit,
    consents.consents,
    deletions.deletions,
    requests.requests,
    upkeep.draft,
    disputes.disputes,
    rights,
    market,
):
    app.add_typer(group, name=group.info.name)


@app.callback()
def client(
    context: typer.Context,
    profile: Annotated[
        str | None,
        typer.Option(
            "--profile",
            envvar="EXCHANGE_PROFILE",
            help="A profile of data-exchange/client.toml in your directory of configuration: its url, key and trust.",
        ),
    ] = None,
) -> None:
    """Work with an exchange from your own machine, with your own key: every request is signed, every answer verified.

    Exit status: 0 when done, 1 when the exchange refused or a check failed, 2 when the command was used wrongly.
    """
    with reporting_failures():
        values = read_profile(profile_file(), profile)
    context.default_map = _for_each(context.command, values)


def _for_each(command: Any, values: dict[str, str]) -> dict[str, Any]:
    """The defaults of every command below a group: those of its options, or those of its own commands."""
    return {
        name: _for_each(below, values) if isinstance(below, TyperGroup) else values
        for name, below in command.commands.items()
    }


def main() -> None:
    """Run the command."""
    app()
