"""Tables on standard output, for people and for pipes."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

__all__ = ["print_table"]

_GAP = "  "
_NARROWEST = 8


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]], note: str | None = None) -> None:
    """Print every cell in full: wrapped to a terminal's width, otherwise with a line a row.

    :param headings: one for each column; a column without any text is left out.
    :param rows: what is in lines of its own in a cell stays so on a terminal.
    :param note: the heading of a column whose texts are long: on a terminal each goes below its row.
    """
    used = [index for index, _ in enumerate(headings) if any(row[index] for row in rows)]
    headings = [headings[index] for index in used]
    rows = [[row[index] for index in used] for row in rows]
    if sys.stdout.isatty():
        _print_wrapped(headings, rows, headings.index(note) if note in headings else None)
    else:
        _print_lines([headings, *rows])


def _print_lines(lines: Sequence[Sequence[str]]) -> None:
    cells = [[cell.replace("\n", "; ") for cell in line] for line in lines]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for line in cells:
        click.echo(_GAP.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _print_wrapped(headings: Sequence[str], rows: Sequence[Sequence[str]], note: int | None) -> None:
    from rich.console import Console
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    console = Console()
    columns = [index for index, _ in enumerate(headings) if index != note]
    widths = _widths([[line[index] for index in columns] for line in [headings, *rows]], console.width)

    def print_cells(line: Sequence[str], style: str = "") -> None:
        # a table of its own, for what stands below a row takes no heed of columns
        table = Table.grid(padding=(0, len(_GAP), 0, 0))
        for width in widths:
            table.add_column(width=width, overflow="fold")
        table.add_row(*(Text(line[index], style) for index in columns))  # a Text has no markup
        console.print(table)

    print_cells(headings, "bold")
    for row in rows:
        print_cells(row)
        if note is not None and row[note]:
            console.print(Padding(Text(row[note], overflow="fold"), (0, 0, 0, len(_GAP))))


def _widths(lines: Sequence[Sequence[str]], available: int) -> list[int]:
    """How wide each column is; the widest ones give way until all fit."""
    widths = [
        max(len(part) for cell in column for part in cell.split("\n")) for column in zip(*lines, strict=True)
    ]
    while sum(widths) + len(_GAP) * len(widths) > available and max(widths) > _NARROWEST:
        widths[widths.index(max(widths))] -= 1
    return widths
