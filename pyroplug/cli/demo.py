"""``pyroplug demo``: every server model, transport and serializer at work, in one table."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click

from pyroplug import __version__
from pyroplug.demo import Outcome, Result, show
from pyroplug.plugins import PluginSet

from . import complain
from .tables import print_table

SCHEMA = 1
"""The number of the JSON document's form; it grows when something in it is renamed, removed or redefined."""

_HEADINGS = ("SERVER MODEL", "TRANSPORT", "SERIALIZER", "ANSWER", "MICROSECONDS", "PROBLEM")
_FATAL = (signal.SIGTERM, signal.SIGHUP)


@click.command("demo")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document instead of a table.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=20.0,
    show_default=True,
    metavar="SECONDS",
    help="How long processes may take to start, and a combination to be played.",
)
@click.option(
    "--calls",
    type=click.IntRange(min=1),
    default=200,
    show_default=True,
    metavar="NUMBER",
    help="How many calls are measured; their median is shown.",
)
@click.pass_context
def demo(ctx: click.Context, as_json: bool, timeout: float, calls: int) -> None:
    """Call a server through every combination of plugins.

    Server processes are started for every server model and transport that is installed. Each serves a stock
    of goods, which is kept in an SQLite file. A client process uses it through every serializer, checks the
    answers, and measures how long a call takes that only asks for the currency.

    The exit status is 0 only if every answer was right.
    """
    plugins = PluginSet(warn=complain)
    with _ending_in_order(), _progress() as progress:
        results = show(plugins, timeout=timeout, calls=calls, progress=progress)
    if as_json:
        click.echo(json.dumps(_document(results), indent=2))
    elif results:
        print_table(_HEADINGS, [_row(result) for result in results], note="PROBLEM")
    verdict, right = _verdict(results)
    click.echo(verdict, err=True)
    if not right:
        ctx.exit(1)


@contextmanager
def _ending_in_order() -> Iterator[None]:
    """A signal that would end this process at once ends it as Ctrl-C does, with all that it has started."""
    fatal = [number for number in _FATAL if signal.getsignal(number) is signal.SIG_DFL]
    for number in fatal:
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    try:
        yield
    finally:
        for number in fatal:
            signal.signal(number, signal.SIG_DFL)


@contextmanager
def _progress() -> Iterator[Callable[[int, int, str], object]]:
    """Shows on a terminal how far it is, and nothing anywhere else."""
    if not sys.stderr.isatty():
        yield lambda done, total, doing: None
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (BarColumn(bar_width=20), MofNCompleteColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total, doing: bar.update(
            task, completed=done, total=total, description=escape(doing)
        )


def _verdict(results: Sequence[Result]) -> tuple[str, bool]:
    """One sentence about it all, and whether every answer was right."""
    outcomes = [result.outcome for result in results if result.outcome is not Outcome.UNREACHABLE]
    wrong = outcomes.count(Outcome.WRONG)
    if not outcomes:
        return "nothing was called: a server model, a transport and a serializer are needed", False
    if wrong:
        return f"{wrong} of {len(outcomes)} combinations wrong", False
    return f"{len(outcomes)} combination{'s' * (len(outcomes) > 1)}, all answers right", True


def _row(result: Result) -> tuple[str, ...]:
    unreachable = result.outcome is Outcome.UNREACHABLE
    return (
        result.server,
        result.transport,
        result.serializer or "",
        "not tried" if unreachable else result.answer or result.outcome.value,
        "" if result.microseconds is None else f"{result.microseconds:>12.0f}",
        "not reachable from another process" if unreachable else result.problem or "",
    )


def _document(results: Sequence[Result]) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "pyroplug": __version__,
        "combinations": [_facts(result) for result in results],
    }


def _facts(result: Result) -> dict[str, Any]:
    return {
        "server": result.server,
        "transport": result.transport,
        "serializer": result.serializer,
        "outcome": result.outcome.value,
        "answer": result.answer,
        "microseconds": result.microseconds,
        "problem": result.problem,
    }
