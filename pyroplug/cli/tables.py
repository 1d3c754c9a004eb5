"""Tables on standard output, for people and for pipes."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

__all__ = ["print_table"]

_GAP = "  "


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print every cell in full: wrapped to a terminal's width, otherwise with a line a row.

    :param headings: one for each column; a column without any text is left out.
    """
    used = [index for index, _ in enumerate(headings) if any(row[index] for row in rows)]
    headings = [headings[index] for index in used]
    rows = [[row[index] for index in used] for row in rows]
    if sys.stdout.isatty():
        _print_wrapped(headings, rows)
    else:
        _print_lines([headings, *rows])


def _print_lines(lines: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        click.echo(_GAP.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _print_wrapped(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, len(_GAP), 0, 0))
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))  # a Text is taken as it is: brackets in it are no markup
    Console().print(table)
