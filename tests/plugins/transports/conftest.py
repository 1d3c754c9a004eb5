"""What the transports' tests share: settings, and accepting."""

from __future__ import annotations

import select
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support import PATIENCE


@pytest.fixture
def settings() -> Any:
    return SimpleNamespace(SOCK_REUSE=True, SOCK_NODELAY=False, PREFER_IP_VERSION=0)


@pytest.fixture
def accept(nothing_left_behind: None) -> Callable[[Any], Any]:
    """Waits for the next connection of a listener."""

    def accept(listener: Any) -> Any:
        select.select([listener], [], [], PATIENCE)
        return listener.accept()

    return accept
