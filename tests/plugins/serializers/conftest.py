"""Fixtures for the serializers' tests."""

from __future__ import annotations

import resource
from collections.abc import Iterator

import pytest

ROOM = 1 << 30


@pytest.fixture(scope="module")
def little_memory() -> Iterator[None]:
    """Damaged data may claim to hold billions of items: let the claim fail, not the machine."""
    with open("/proc/self/statm") as file:
        used = int(file.read().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + ROOM, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)
