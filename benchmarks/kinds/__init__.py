"""The kinds of measurement. Each gives its numbers in the same form; what comes after knows only that."""

from __future__ import annotations

from benchmarks.series import Kind

from .bulk import BulkTransfers
from .calls import Calls
from .crowd import Crowd
from .idle import IdleConnections
from .memory import Memory
from .start_up import StartUp

__all__ = ["KINDS"]

KINDS: tuple[Kind, ...] = (Calls(), Crowd(), BulkTransfers(), Memory(), IdleConnections(), StartUp())
