"""The output of the demonstration: numbered steps, short sentences, tables of real values."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from admin.terminal import console

_INDENT = 3
_SHOWN = 14


class Output:
    """Prints the demonstration on the terminal while it runs."""

    def __init__(self) -> None:
        self._out = console()
        self._step = 0

    def title(self, english: str, chinese: str) -> None:
        """Print the first line."""
        self._out.print(Text.assemble((english, "bold"), f"  {chinese}"))

    def step(self, english: str, chinese: str) -> None:
        """Print the heading of the next step."""
        self._step += 1
        self._out.print()
        self._out.print(Text.assemble((f"{self._step}  {english}", "bold cyan"), (f"  {chinese}", "cyan")))

    def heading(self, english: str, chinese: str) -> None:
        """Print a heading without a number."""
        self._out.print()
        self._out.print(Text.assemble((english, "bold cyan"), (f"  {chinese}", "cyan")))

    def text(self, text: str) -> None:
        """Print a sentence or two."""
        self._out.print(Padding(Text(text), (0, 0, 0, _INDENT), expand=False))

    def remark(self, text: str) -> None:
        """Print a side note."""
        self._out.print(Padding(Text(text, style="dim"), (0, 0, 0, _INDENT), expand=False))

    def facts(self, rows: Mapping[str, Any], *, deeper: bool = False) -> None:
        """Print names and values, one below the other; `deeper` indents them below the text before."""
        table = Table.grid(padding=(0, 2))
        table.add_column(style="dim", no_wrap=True)
        table.add_column(overflow="fold")
        for name, value in rows.items():
            table.add_row(name, value if isinstance(value, Text) else str(value))
        self._out.print(Padding(table, (0, 0, 0, 2 * _INDENT if deeper else _INDENT), expand=False))

    def table(self, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Print a table."""
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        for name in header:
            table.add_column(name, overflow="fold")
        for row in rows:
            table.add_row(*(cell if isinstance(cell, Text) else str(cell) for cell in row))
        self._out.print(Padding(table, (0, 0, 0, _INDENT), expand=False))

    def records(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Print records as a table, long values shortened."""
        header = list(rows[0]) if rows else []
        self.table(header, [[shortened(row[name]) for name in header] for row in rows])

    def command(self, words: str, command: str) -> None:
        """Print a command in one line, however long it is, so that it can be copied."""
        self._out.print(Padding(Text(words, style="dim"), (0, 0, 0, _INDENT), expand=False))
        self._out.print(Text(f"{'':{_INDENT}}{command}"), soft_wrap=True)

    def check(self, text: str) -> None:
        """Print something that was verified."""
        self._out.print(Padding(Text.assemble(("✓ ", "green"), text), (0, 0, 0, _INDENT), expand=False))

    def gap(self) -> None:
        """Print an empty line."""
        self._out.print()


def shortened(value: Any, width: int = _SHOWN) -> str:
    """A value, cut to the width of a column; a missing one is a dash."""
    text = "—" if value is None else str(value)
    return text if len(text) <= width else f"{text[: width - 1]}…"
