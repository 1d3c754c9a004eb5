"""Remote iterators: the iterators that methods returned, and which clients consume.

``table`` knows the streams by their ids, whose they are and when their time is over; ``stream`` takes the
items from one iterator, ahead of its client where that is safe; ``items`` judges iterators and items.
"""

from __future__ import annotations

from .stream import ROOM, State, Threads
from .table import StreamTable

__all__ = ["ROOM", "State", "StreamTable", "Threads"]
