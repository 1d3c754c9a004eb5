"""Waiting with a limit, as the kit has it, for the tests of all rooms."""

from __future__ import annotations

from pyroplug.testing.waiting import PATIENCE, Waitable, wait_for, wait_until

__all__ = ["PATIENCE", "Waitable", "wait_for", "wait_until"]
