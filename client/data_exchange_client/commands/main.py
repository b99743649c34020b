"""The command `exchange-client`: the list of its commands."""

import typer

from data_exchange_client.commands import (
    agreements,
    applications,
    audit,
    catalog,
    fetch,
    identity,
    keys,
    members,
    proofs,
    publish,
)

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

for command in (
    keys.keygen,
    keys.keyid,
    keys.prove,
    identity.trust,
    identity.whoami,
    catalog.catalog,
    catalog.describe,
    applications.apply,
    fetch.fetch,
    proofs.receipt,
    proofs.verify,
    publish.publish,
    publish.refresh,
    publish.withdraw,
):
    app.command()(command)
for group in (
    applications.applications,
    agreements.agreements,
    members.members,
    keys.keys,
    audit.audit,
    publish.draft,
):
    app.add_typer(group, name=group.info.name)


@app.callback()
def client() -> None:
    """Work with an exchange from your own machine, with your own key: every request is signed, every answer verified.

    Exit status: 0 when done, 1 when the exchange refused or a check failed, 2 when the command was used wrongly.
    """


def main() -> None:
    """Run the command."""
    app()
