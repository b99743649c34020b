"""Webhooks: the servers of one's organisation to which its messages are posted."""

from typing import Annotated, Any

import typer

from data_exchange_client.terminal.acting import act, print_rows, read, same
from data_exchange_client.terminal.options import DEFAULT_TRUST, DEFAULT_URL, AsJson, KeyFile, TrustFile, Url, connect
from data_exchange_client.terminal.output import note, print_facts

PATH = "/api/v1/webhooks"
Webhook = Annotated[str, typer.Argument(metavar="WEBHOOK", help="Its id; `webhooks list` prints it.")]

webhooks = typer.Typer(
    name="webhooks", no_args_is_help=True, help="Have your organisation's messages posted to servers of its own."
)


@webhooks.command("list")
def list_webhooks(
    *, key: KeyFile, as_json: AsJson = False, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST
) -> None:
    """List the webhooks, with what waits for each and why it failed last."""
    rows = read(PATH, key=key, url=url, trust=trust)
    print_rows(rows, same("id url state waiting failures last_failure retry_at delivered_at"), as_json=as_json)


@webhooks.command()
def register(
    address: Annotated[str, typer.Argument(metavar="URL", help="https, of a server that verifies what is posted.")],
    *,
    key: KeyFile,
    kind: Annotated[
        list[str] | None,
        typer.Option("--kind", help="A kind of message, such as `deadline.near`; repeat it. Else all."),
    ] = None,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Register a server, to which each message to your organisation is posted, signed by the exchange."""
    _show(act(PATH, {"url": address, "kinds": kind or []}, key=key, url=url, trust=trust))


@webhooks.command()
def resume(webhook: Webhook, *, key: KeyFile, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST) -> None:
    """Resume a webhook that is held, once its server answers again: what waits is posted."""
    _show(act(f"{PATH}/{webhook}/resumption", key=key, url=url, trust=trust))


@webhooks.command()
def remove(webhook: Webhook, *, key: KeyFile, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST) -> None:
    """Remove a webhook; the messages themselves stay."""
    with connect(url, key, trust) as client:
        client.request("DELETE", f"{PATH}/{webhook}")
    note(f"removed: {webhook}")


def _show(row: dict[str, Any]) -> None:
    print_facts({name.replace("_", " "): row[name] for name in ("id", "url", "kinds", "state", "waiting")})
