"""What a client uses."""

from __future__ import annotations

from pyroplug.api import BatchProxy, Proxy, SerializedBlob

__all__ = ["BatchProxy", "Proxy", "SerializedBlob"]
