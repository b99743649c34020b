"""The seller's and the market operator's commands: listings with their checks and steps, and offers."""

from pathlib import Path
from typing import Annotated

import typer

from data_exchange_client.terminal.acting import act, print_rows, read, rows_of, same
from data_exchange_client.terminal.documents import read_document
from data_exchange_client.terminal.options import DEFAULT_TRUST, DEFAULT_URL, AsJson, KeyFile, Most, TrustFile, Url
from data_exchange_client.terminal.output import print_json, print_table

PATH = "/api/v1/market"
LISTINGS = f"{PATH}/listings"
Listing = Annotated[str, typer.Argument(metavar="LISTING", help="Its id; `market search` prints it.")]
Document = Annotated[Path, typer.Argument(metavar="FILE", help="JSON as docs/trade.md has it.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; the other side reads it.")]


def search(
    words: Annotated[list[str] | None, typer.Argument(metavar="WORD", help="Words that all have to be there.")] = None,
    *,
    key: KeyFile,
    state: Annotated[str | None, typer.Option("--state", help="Only those in this state, such as `listed`.")] = None,
    limit: Most = 1000,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """List what is on the market, and your organisation's listings; each offer with its terms in plain words."""
    params = {"q": " ".join(words) if words else None, "state": state}
    rows = rows_of(LISTINGS, key=key, url=url, trust=trust, limit=limit, params=params)
    if as_json:
        print_json(rows)
        return
    offers = [
        {
            "listing": row["id"],
            "state": row["state"],
            "title": (row["document"]["title"] or {}).get("zh", ""),
            "offer": offer["id"] if offer else "",
            "places left": "" if not offer or offer["left"] is None else offer["left"],
            "terms": " ".join(offer["terms"]["zh"]) if offer else "",
        }
        for row in rows
        for offer in row["offers"] or [None]
    ]
    print_rows(
        offers, {name: name for name in ("listing", "state", "title", "offer", "places left", "terms")}, as_json=False
    )


def show_listing(listing: Listing, *, key: KeyFile, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST) -> None:
    """Show a listing: what is stated, its offers, and what can happen next."""
    print_json(read(f"{LISTINGS}/{listing}", key=key, url=url, trust=trust))


def draft(document: Document, *, key: KeyFile, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST) -> None:
    """Draft a listing; the file has `dataset` and `document`."""
    print_json(act(LISTINGS, read_document(document), key=key, url=url, trust=trust))


def edit(
    listing: Listing, document: Document, *, key: KeyFile, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST
) -> None:
    """State a draft, or a rejected listing, anew; the file has `document`, or is it."""
    stated = read_document(document)
    path = f"{LISTINGS}/{listing}/document"
    print_json(act(path, stated.get("document", stated), key=key, url=url, trust=trust, method="PUT"))


def check(
    listing: Listing, *, key: KeyFile, as_json: AsJson = False, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST
) -> None:
    """Print every condition of the market that a listing does not meet; exit status 1 where there is one."""
    answer = act(f"{LISTINGS}/{listing}/checks", key=key, url=url, trust=trust)
    if as_json:
        print_json(answer)
    else:
        columns = {"condition": "condition", "what to do": "error", "说明": "error_zh", "rule": "article"}
        print_table(columns, answer["faults"])
    raise typer.Exit(1 if answer["faults"] else 0)


def step_listing(
    listing: Listing,
    verb: Annotated[
        str,
        typer.Argument(metavar="VERB", help="submit, list, delist; the operator: approve, reject, suspend, resume."),
    ],
    *,
    key: KeyFile,
    reason: Reason,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Take a step of a listing."""
    document = {"verb": verb, "statement": reason}
    print_json(act(f"{LISTINGS}/{listing}/steps", document, key=key, url=url, trust=trust))


def offer(
    listing: Listing, document: Document, *, key: KeyFile, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST
) -> None:
    """Open an offer of a listing."""
    print_json(act(f"{LISTINGS}/{listing}/offers", read_document(document), key=key, url=url, trust=trust))


def close_offer(
    offer_id: Annotated[str, typer.Argument(metavar="OFFER", help="Its id; `market search` prints it.")],
    *,
    key: KeyFile,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Close an offer to further orders."""
    print_json(act(f"{PATH}/offers/{offer_id}/closing", key=key, url=url, trust=trust))


def listings(
    *,
    key: KeyFile,
    state: Annotated[str | None, typer.Option("--state", help="Only those in this state, such as `in_review`.")] = None,
    limit: Most = 1000,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """List listings without their offers; for market operators, all that were submitted."""
    rows = rows_of(LISTINGS, key=key, url=url, trust=trust, limit=limit, params={"state": state})
    print_rows(rows, same("id state dataset seller drafted_at listed_at"), as_json=as_json)
