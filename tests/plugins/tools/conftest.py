"""A server of each library, for all tests here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.plugins.tools.programs import LIBRARIES, service


@pytest.fixture(scope="session", params=LIBRARIES)
def uri(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of an object, of pyroplug's and of real Pyro5's."""
    with service(request.param) as uri:
        yield uri
