"""Messages, where Pyro5's documentation has them; in its code they are in ``protocol``, and others."""

from __future__ import annotations

from pyroplug.protocol import Message

__all__ = ["Message"]
