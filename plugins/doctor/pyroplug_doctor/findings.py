"""What a step finds out, and what all steps are given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from pyroplug.commands import visible
from pyroplug.config import Configuration
from pyroplug.plugins import PluginSet

from .remedies import Fault

__all__ = [
    "Finding",
    "Outcome",
    "Situation",
    "failed",
    "milliseconds",
    "ok",
    "on_one_line",
    "skipped",
    "warning",
]


class Outcome(str, Enum):
    """How a step ended."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one step found out.

    :ivar step: what was looked at.
    :ivar text: one line about it.
    :ivar fault: what is wrong, for which there is a remedy.
    :ivar facts: what the text is made of, and more; JSON can carry it.
    :ivar seconds: how long it took.
    :ivar scope: whom the step is about.
    """

    outcome: Outcome
    text: str
    fault: Fault | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    seconds: float | None = None
    step: str = ""
    scope: str = ""

    def at(self, step: str, scope: str) -> Finding:
        """The same as the finding of a step."""
        return replace(self, step=step, scope=scope, text=on_one_line(self.text))


@dataclass(frozen=True, slots=True)
class Situation:
    """What every step is given.

    :ivar settings: the configuration of the client that cannot reach something.
    :ivar plugins: its plugins.
    :ivar timeout: the seconds that each step may take.
    """

    settings: Configuration
    plugins: PluginSet
    timeout: float


def ok(text: str, seconds: float | None = None, **facts: Any) -> Finding:
    """All is well."""
    return Finding(Outcome.OK, text, None, facts, seconds)


def warning(fault: Fault, text: str, seconds: float | None = None, **facts: Any) -> Finding:
    """It works from here; it may not from elsewhere, or not always."""
    return Finding(Outcome.WARNING, text, fault, facts, seconds)


def failed(fault: Fault, text: str, seconds: float | None = None, **facts: Any) -> Finding:
    """It does not work."""
    return Finding(Outcome.FAILED, text, fault, facts, seconds)


def skipped(text: str, **facts: Any) -> Finding:
    """There is nothing to look at."""
    return Finding(Outcome.SKIPPED, text, None, facts)


def milliseconds(seconds: float) -> str:
    """A duration for people."""
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.1f} ms"


def on_one_line(text: str) -> str:
    """What a server says may have line breaks, control characters, and no end; this has not."""
    line = visible(" ".join(text.split()))
    return line if len(line) <= 600 else f"{line[:600]}..."
