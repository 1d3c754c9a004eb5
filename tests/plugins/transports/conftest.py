"""What the transports' tests share: settings, accepting, and certificates."""

from __future__ import annotations

import select
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.certificates import Authority
from tests.support import PATIENCE

from .tls_support import plain_settings


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An issuer of certificates."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An issuer whom nobody trusts."""
    return Authority(tmp_path_factory.mktemp("stranger"))


@pytest.fixture
def stack(nothing_left_behind: None) -> Iterator[ExitStack]:
    """What is put there is closed in the end."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def settings() -> Any:
    return plain_settings()


@pytest.fixture
def accept(nothing_left_behind: None) -> Callable[[Any], Any]:
    """Waits for the next connection of a listener."""

    def accept(listener: Any) -> Any:
        select.select([listener], [], [], PATIENCE)
        return listener.accept()

    return accept
