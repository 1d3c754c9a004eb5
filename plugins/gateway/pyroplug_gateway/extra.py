"""The libraries that the gateway stands on, and what is said where they are not installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pyroplug.errors import PluginError

__all__ = ["LIBRARIES", "needed"]

LIBRARIES = frozenset(("werkzeug", "waitress", "jinja2"))
"""What the extra ``gateway`` brings, as it is imported."""


@contextmanager
def needed() -> Iterator[None]:
    """Import what needs them in this block.

    :raises PluginError: one of them is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in LIBRARIES:
            raise
        raise PluginError(
            f"the HTTP gateway needs {error.name}, which is not installed",
            hint="install what it needs: pip install 'pyroplug[gateway]'",
        ) from None
