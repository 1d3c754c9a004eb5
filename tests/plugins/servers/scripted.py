"""The kit's host and sessions, which do what the client tells them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyroplug.testing import waiting
from pyroplug.testing.scripted import ScriptedHost as Host
from pyroplug.testing.scripted import ScriptedSession, frame
from pyroplug.testing.waiting import PATIENCE

__all__ = ["PATIENCE", "Host", "ScriptedSession", "frame", "wait_until"]


def wait_until(condition: Callable[[], Any], patience: float = PATIENCE) -> None:
    """For what no event tells of."""
    waiting.wait_until(condition, "it", patience)
