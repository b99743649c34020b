"""`exchange join`: let an organisation join, with keys made on this machine."""

from enum import StrEnum
from typing import Annotated

import typer

from admin import data_directory, output
from admin.commands.options import Data
from admin.joining import Newcomer, join, require_name
from admin.server.reaching import reach
from admin.terminal import reporting_failures

app = typer.Typer(add_completion=False)


class Kind(StrEnum):
    """The kinds of organisation."""

    DEPARTMENT = "department"
    ENTERPRISE = "enterprise"
    INSTITUTION = "institution"


class Level(StrEnum):
    """Administrative levels."""

    PROVINCE = "province"
    CITY = "city"
    COUNTY = "county"
    NONE = "none"


@app.command("join")
def join_command(
    handle: Annotated[str, typer.Argument(help="The participant's short name.")],
    *,
    code: Annotated[str, typer.Option(help="Its unified social credit code (GB 32100-2015).")],
    name_zh: Annotated[str, typer.Option(help="Its name in Chinese.")],
    name_en: Annotated[str, typer.Option(help="Its name in English.")],
    kind: Annotated[Kind, typer.Option(help="What it is.")] = Kind.DEPARTMENT,
    level: Annotated[
        Level, typer.Option(help="Its administrative level; none outside the administration.")
    ] = Level.CITY,
    region: Annotated[str | None, typer.Option(help="Its region's code (GB/T 2260), such as 330100.")] = None,
    people: Annotated[
        int,
        typer.Option(
            min=1,
            max=3,
            help="Its first members: one with every role; a steward and a head who decides and assigns roles; or steward, "
            "approver and security administrator, whose duties then stay separated.",
        ),
    ] = 1,
    data: Data = None,
) -> None:
    """Let an organisation join: register and admit it, and make the keys of its first members and its system."""
    with reporting_failures():
        directory = data_directory.locate(data)
        require_name(directory, handle)
        newcomer = Newcomer(handle, kind, level, code, name_zh, name_en, region, people)
        with reach(directory) as reached:
            joined = join(directory, reached.client, newcomer)
        output.show_joined(directory, joined)
