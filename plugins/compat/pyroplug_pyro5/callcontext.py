"""The context of the call that is being handled."""

from __future__ import annotations

from pyroplug.api import current_context

__all__ = ["current_context"]
