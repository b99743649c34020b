"""`exchange init`: found an exchange in a data directory."""

from typing import Annotated

import typer

from admin import data_directory, founding, output
from admin.commands.options import Data
from admin.terminal import reporting_failures

app = typer.Typer(add_completion=False)


@app.command()
def init(
    code: Annotated[str, typer.Option(help="The operator's unified social credit code (GB 32100-2015).")],
    handle: Annotated[str, typer.Option(help="The operator's short name.")] = "operator",
    name_zh: Annotated[str, typer.Option(help="Its name in Chinese.")] = "数据交换平台运营机构",
    name_en: Annotated[str, typer.Option(help="Its name in English.")] = "Operator of the data exchange",
    data: Data = None,
) -> None:
    """Found an exchange: its database, its ledger, and the keys of its three administrators. There is no password."""
    with reporting_failures():
        directory = data_directory.choose(data)
        founded = founding.initialise(directory, handle=handle, code=code, name_zh=name_zh, name_en=name_en)
        output.show_founded(directory, founded)
