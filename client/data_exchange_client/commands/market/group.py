"""The group of commands about the market."""

from collections.abc import Callable, Mapping
from typing import Final

import typer

from data_exchange_client.commands.market import figures, ordering, selling

market = typer.Typer(
    name="market",
    no_args_is_help=True,
    help="List data on the market, order offers, sign contracts, and settle orders.",
)
_COMMANDS: Final[Mapping[str, Callable[..., None]]] = {
    "search": selling.search,
    "listings": selling.listings,
    "listing": selling.show_listing,
    "facts": figures.facts,
    "disclosure": figures.disclosure,
    "draft": selling.draft,
    "edit": selling.edit,
    "check": selling.check,
    "step": selling.step_listing,
    "offer": selling.offer,
    "close-offer": selling.close_offer,
    "buy": ordering.order,
    "orders": ordering.orders,
    "order": ordering.show_order,
    "contract": ordering.contract,
    "sign": ordering.sign,
    "verify-contract": ordering.verify_contract,
    "go": ordering.step_order,
}
for name, command in _COMMANDS.items():
    market.command(name)(command)
