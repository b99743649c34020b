"""The compliance board: what an organisation has to do, and until when."""

from typing import Annotated

import typer

from data_exchange_client.terminal.options import DEFAULT_TRUST, DEFAULT_URL, AsJson, KeyFile, TrustFile, Url, connect
from data_exchange_client.terminal.output import print_json, print_table

_DUTIES = {"duty": "clock", "state": "state", "due": "due", "days late": "days_late", "who": "who"}
_LIABILITY = {"item": "item", "article": "article", "side": "side", "seen": "seen"} | {
    "overdue now": "overdue",
    "happened": "breaches",
}
_COUNTERS = {"duty": "clock", "open": "open", "overdue": "overdue", "done late": "late", "done in time": "in_time"}


def duties(
    *,
    key: KeyFile,
    everybody: Annotated[
        bool, typer.Option("--all", help="Those of every organisation: for the sharing authority and the auditor.")
    ] = False,
    counters: Annotated[
        bool, typer.Option("--counters", help="How many of each kind are open, overdue, done late and in time.")
    ] = False,
    liability: Annotated[
        bool,
        typer.Option("--liability", help="What Articles 39 to 41 of Decree 809 name, and how often it happened."),
    ] = False,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """List what your organisation has to do, under which article, by whom and until which day."""
    with connect(url, key, trust) as client:
        own = client.request("GET", "/api/v1/me").json()["organisation"]["id"]
        path = "/api/v1/duties" if everybody else f"/api/v1/organisations/{own}/duties"
        board = client.request("GET", path).json()
    if as_json:
        print_json(board)
        return
    if counters:
        print_table(_COUNTERS, board["counters"])
        return
    if liability:
        print_table(_LIABILITY, board["liability"])
        return
    rows = [
        row
        | {"about": f"{row['matter']['kind']} {row['matter']['id']}", "who": ", ".join(row["persons"]) or row["role"]}
        for row in board["duties"]
    ]
    print_table(_DUTIES | {"article": "article", "about": "about"}, rows)
