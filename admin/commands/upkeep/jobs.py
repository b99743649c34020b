"""`exchange jobs`: background jobs, and what an operator does with those that failed."""

from typing import Annotated

import typer

from admin.commands.options import Data
from admin.server.reaching import client_of
from admin.terminal import console, reporting_failures

Number = Annotated[int, typer.Argument(metavar="NUMBER", help="The job.")]

app = typer.Typer(
    help="List background jobs; retry or discard those that failed.", no_args_is_help=True, add_completion=False
)


@app.command("list")
def list_jobs(
    everything: Annotated[bool, typer.Option("--all", help="Also those that wait or run.")] = False,  # noqa: FBT002 - an option
    data: Data = None,
) -> None:
    """List the jobs that failed and are held, each with the kind and place of its last failure."""
    with reporting_failures(), client_of(data, "operator") as client:
        query = "" if everything else "?state=failed"
        jobs = client.request("GET", f"/api/v1/jobs{query}").json()
        out = console()
        for job in jobs:
            about = " ".join(f"{name}={value}" for name, value in job["payload"].items())
            out.print(f"{job['id']}  {job['state']}  {job['kind']}  {about}  since {job['created_at']}", soft_wrap=True)
            if job["error"]:
                out.print(f"    last failure: {job['error']}", soft_wrap=True)
        if not jobs:
            out.print("There is no job." if everything else "No job is held.")


@app.command()
def retry(number: Number, data: Data = None) -> None:
    """Try a held job again."""
    with reporting_failures(), client_of(data, "operator") as client:
        client.request("POST", f"/api/v1/jobs/{number}/retry")
        console().print("The job is in the queue again.")


@app.command()
def discard(
    number: Number,
    reason: Annotated[str, typer.Option(help="Why; its salted digest is on the ledger.")],
    data: Data = None,
) -> None:
    """Give a held job up: what it was to do is not done."""
    with reporting_failures(), client_of(data, "operator") as client:
        discarded = client.request("POST", f"/api/v1/jobs/{number}/discarding", json={"reason": reason}).json()
        out = console()
        out.print(f"The job is discarded. Keep the reason with its salt: {discarded['salt']}", soft_wrap=True)
