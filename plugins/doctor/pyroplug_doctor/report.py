"""Findings as people read them, and as a JSON document."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import click

from .diagnosis import reached
from .findings import Finding, Outcome, on_one_line
from .remedies import remedy_for

__all__ = ["SCHEMA", "document", "print_conclusion", "print_finding", "print_heading"]

SCHEMA = 1
"""The number of the JSON document's form; it grows when something in it is renamed, removed or redefined."""

_COLOURS = {
    Outcome.OK: "green",
    Outcome.WARNING: "yellow",
    Outcome.FAILED: "red",
    Outcome.SKIPPED: "bright_black",
}
_OUTCOME_WIDTH = max(len(outcome.value) for outcome in Outcome)
_STEP_WIDTH = 11
_INDENT = "  "


# For people -------------------------------------------------------------------------------------------


def print_heading(scope: str) -> None:
    """Say whom the next findings are about."""
    click.secho(f"The {scope}:", bold=True)


def print_finding(finding: Finding, verbose: bool) -> None:
    """One line, which a terminal may wrap; with ``verbose`` the facts below it."""
    word = finding.outcome.value
    _print_cells(
        ((_OUTCOME_WIDTH, word, _COLOURS[finding.outcome]), (_STEP_WIDTH, finding.step, "")), finding.text
    )
    if verbose:
        for name, value in finding.facts.items():
            if value not in (None, "", [], {}):
                _print_cells(((_OUTCOME_WIDTH, "", ""), (_STEP_WIDTH, "", "")), f"{name}: {_shown(value)}")


def print_conclusion(findings: Sequence[Finding]) -> None:
    """What is likely the cause of the first failure, and what to do; and what else may become a problem."""
    click.echo()
    problems = _problems(findings)
    for finding in problems[:1]:
        assert finding.fault is not None
        told = remedy_for(finding.fault, finding.facts)
        click.secho(_failed_step(finding), fg="red", bold=True)
        _print_cells(((12, "likely cause", ""),), told.cause)
        _print_cells(((12, "remedy", ""),), told.remedy)
    if reached(findings):
        click.secho("Calls get through.", fg="green", bold=True)
    for finding in _distinct(it for it in findings if it.outcome is Outcome.WARNING):
        assert finding.fault is not None
        told = remedy_for(finding.fault, finding.facts)
        _print_cells(((12, "mind", "yellow"),), f"{told.cause}. {told.remedy[0].upper()}{told.remedy[1:]}")


def _failed_step(finding: Finding) -> str:
    if finding.step == finding.scope:
        return f"Failed: {finding.step}"
    return f"Failed: {finding.step} of the {finding.scope}"


def _problems(findings: Sequence[Finding]) -> list[Finding]:
    return [it for it in findings if it.outcome is Outcome.FAILED]


def _distinct(findings: Iterator[Finding]) -> list[Finding]:
    """Each fault once."""
    found: dict[Any, Finding] = {}
    for it in findings:
        found.setdefault(it.fault, it)
    return list(found.values())


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_shown(it)}" for key, it in value.items())
    if isinstance(value, list):
        return ", ".join(map(_shown, value))
    return str(value)


def _print_cells(cells: Sequence[tuple[int, str, str]], text: str) -> None:
    """Cells of a fixed width, and a text, wrapped where it begins if this is a terminal."""
    text = on_one_line(text)
    if not sys.stdout.isatty():
        line = _INDENT + "".join(f"{cell:{width}}  " for width, cell, _ in cells) + text
        click.echo(line.rstrip())
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(width=0)
    for width, _, _ in cells:
        table.add_column(width=width, no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("", *(Text(cell, colour) for _, cell, colour in cells), Text(text))  # a Text has no markup
    Console().print(table)


# For programs -----------------------------------------------------------------------------------------


def document(target: str, findings: Sequence[Finding]) -> dict[str, Any]:
    """All of it."""
    problems = _problems(findings)
    return {
        "schema": SCHEMA,
        "pyroplug": _version(),
        "target": target,
        "reached": reached(findings),
        "failed": _facts(problems[0]) if problems else None,
        "findings": [_facts(finding) for finding in findings],
    }


def _facts(finding: Finding) -> dict[str, Any]:
    told = remedy_for(finding.fault, finding.facts) if finding.fault else None
    return {
        "scope": finding.scope,
        "step": finding.step,
        "outcome": finding.outcome.value,
        "text": finding.text,
        "fault": finding.fault.value if finding.fault else None,
        "cause": told.cause if told else None,
        "remedy": told.remedy if told else None,
        "seconds": None if finding.seconds is None else round(finding.seconds, 6),
        "facts": dict(finding.facts),
    }


def _version() -> str | None:
    try:
        return version("pyroplug")
    except PackageNotFoundError:
        return None
