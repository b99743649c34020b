"""Both sides' commands about orders: place, read and sign the contract, and take the steps that follow."""

from pathlib import Path
from typing import Annotated

import typer

from data_exchange_client import contracts
from data_exchange_client.commands.market.selling import PATH, Reason
from data_exchange_client.terminal.acting import act, print_rows, read, rows_of, same
from data_exchange_client.terminal.documents import read_document
from data_exchange_client.terminal.options import DEFAULT_TRUST, DEFAULT_URL, AsJson, KeyFile, Most, TrustFile, Url
from data_exchange_client.terminal.output import fail, print_facts, print_json

ORDERS = f"{PATH}/orders"
Order = Annotated[str, typer.Argument(metavar="ORDER", help="Its id; `market orders` prints it.")]


def order(
    offer: Annotated[str, typer.Argument(metavar="OFFER", help="Its id; `market search` prints it.")],
    *,
    key: KeyFile,
    reference: Annotated[str, typer.Option("--reference", help="Your own number; sent again, it is the same order.")],
    purpose: Annotated[str, typer.Option("--purpose", help="One of the offer's purposes.")],
    basis: Annotated[str, typer.Option("--basis", help="On what the use rests.")],
    scenario: Annotated[str, typer.Option("--scenario", help="What the data is used in.")],
    scope: Annotated[str, typer.Option("--scope", help="By whom it is used.")],
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Order an offer."""
    document = {
        "offer": offer,
        "reference": reference,
        "purpose": purpose,
        "basis": basis,
        "scenario": scenario,
        "scope": scope,
    }
    print_json(act(ORDERS, document, key=key, url=url, trust=trust))


def orders(
    *,
    key: KeyFile,
    state: Annotated[str | None, typer.Option("--state", help="Only those in this state, such as `placed`.")] = None,
    limit: Most = 1000,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """List the orders of which your organisation is a side."""
    rows = rows_of(ORDERS, key=key, url=url, trust=trust, limit=limit, params={"state": state})
    print_rows(rows, same("id reference state amount due frozen sign_by inspect_by"), as_json=as_json)


def show_order(order_id: Order, *, key: KeyFile, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST) -> None:
    """Show an order: its amounts, what was stated, and what can happen next."""
    print_json(read(f"{ORDERS}/{order_id}", key=key, url=url, trust=trust))


def contract(
    order_id: Order, *, key: KeyFile, as_json: AsJson = False, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST
) -> None:
    """Print the contract of an order, with the digest that is signed."""
    answer = read(f"{ORDERS}/{order_id}/contract", key=key, url=url, trust=trust)
    if contracts.digest_of(answer["document"]) != answer["digest"]:
        fail("the exchange's digest is not that of the contract's document: do not sign it")
    if as_json:
        print_json(answer)
        return
    typer.echo(answer["text"])
    typer.echo(f"\nSHA-256: {answer['digest']}")


def sign(
    order_id: Order,
    digest: Annotated[str, typer.Argument(metavar="DIGEST", help="That of the contract that you read.")],
    *,
    key: KeyFile,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Sign the contract of an order as your side, with your key."""
    print_json(act(f"{ORDERS}/{order_id}/signature", {"digest": digest}, key=key, url=url, trust=trust))


def step_order(
    order_id: Order,
    verb: Annotated[
        str,
        typer.Argument(
            metavar="VERB",
            help="The seller: draft, deliver, cure, pay, repay, refund, settle; the buyer: accept, object, close; either: "
            "cancel, dispute, terminate; the market operator: resolve.",
        ),
    ],
    *,
    key: KeyFile,
    reason: Reason,
    amount: Annotated[
        int | None, typer.Option("--amount", min=0, help="In the currency's smallest unit: paid, repaid, in dispute.")
    ] = None,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Take a step of an order; `market order` shows which are possible."""
    document = {"verb": verb, "statement": reason} | ({} if amount is None else {"amount": amount})
    print_json(act(f"{ORDERS}/{order_id}/steps", document, key=key, url=url, trust=trust))


def verify_contract(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `market contract --json` printed.")],
) -> None:
    """Verify a contract without the exchange: its digest, and both sides' signatures over it."""
    try:
        digest, signed = contracts.verify(read_document(file))
    except contracts.ContractUnproven as error:
        fail(str(error))
    print_facts({"digest": digest} | {row.side: f"{row.organisation}, key {row.key}" for row in signed})
