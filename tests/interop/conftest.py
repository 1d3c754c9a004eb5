"""What all interop tests share: the servers, and proxies to them from either library."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import pytest

from tests.support import wait_until

from .harness import (
    LIBRARIES,
    PAIRS,
    SERIALIZERS,
    SERVER_TYPES,
    TRANSPORTS,
    Kind,
    Library,
    ServerProcess,
    servers,
)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sockets")


@pytest.fixture(scope="session")
def farm(folder: Path) -> Iterator[dict[Kind, ServerProcess]]:
    """All servers, by what they are."""
    with servers(folder) as running:
        yield running


@pytest.fixture(scope="session")
def libraries() -> dict[str, Library]:
    """Both libraries, loaded before anything watches for threads and descriptors."""
    return {name: Library(name) for name in LIBRARIES}


class Link(NamedTuple):
    """Which client talks to which server, and how."""

    client: str
    server: str
    server_type: str = "thread"
    transport: str = "tcp"
    serializer: str = "serpent"

    def __str__(self) -> str:
        return f"{self.client}>{self.server}-{self.server_type}-{self.transport}-{self.serializer}"


ALL = [
    Link(*pair, server_type, transport, serializer)
    for pair in PAIRS
    for server_type in SERVER_TYPES
    for transport in TRANSPORTS
    for serializer in SERIALIZERS
]
"""The whole matrix."""
EACH_SERIALIZER = [link for link in ALL if link.transport == "tcp" and link.server_type == "thread"]
EACH_SERVER = [link for link in ALL if link.serializer == "serpent" and link.transport == "tcp"]


def over(links: list[Link]) -> Any:
    """Run a test over each of these links."""
    return pytest.mark.parametrize("link", links, ids=str)


@pytest.fixture
def connect(
    farm: dict[Kind, ServerProcess],
    libraries: dict[str, Library],
    nothing_left_behind: None,
    link: Link,
) -> Iterator[Callable[..., Any]]:
    """Makes proxies over the test's link, which are released in the end."""
    with ExitStack() as stack:

        def connect(name: str = "service", **kind: Any) -> Any:
            cls = kind.pop("cls", None) or libraries[link.client].api.Proxy
            server = farm[Kind(link.server, link.server_type, **kind)]
            proxy = cls(server.uri(name, link.transport))
            proxy._pyroSerializer = link.serializer
            proxy._pyroTimeout = 30
            stack.callback(proxy._pyroRelease)
            return proxy

        yield connect


@pytest.fixture
def service(connect: Callable[..., Any]) -> Any:
    return connect()


@pytest.fixture
def release(connect: Callable[..., Any]) -> Callable[[Any], None]:
    """Releases a proxy of the service, and returns when the server has seen that."""

    def release(service: Any) -> None:
        name = str(uuid4())
        service.tell_when_gone(name)
        service._pyroRelease()
        other = connect()
        # It is asked again and again, as a server with one thread sees nothing while it waits.
        wait_until(lambda: other.notes(name, 0) == [f"{name} gone"], "the end of the connection")

    return release


@pytest.fixture
def client(libraries: dict[str, Library], link: Link) -> Library:
    """The client's library."""
    return libraries[link.client]
