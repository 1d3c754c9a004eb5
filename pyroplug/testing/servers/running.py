"""A server that runs, clients for it, and what a suite's subclass says about a server model."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from pyroplug.contracts import ServerModel, Transport
from pyroplug.testing.loopback import LoopbackTransport
from pyroplug.testing.patience import PatientSuite
from pyroplug.testing.scripted import ScriptedHost, frame
from pyroplug.testing.suite import SuiteSettings
from pyroplug.testing.verdicts import fail, require

__all__ = ["Client", "Running", "ServedSuite", "Start"]

Start = Callable[..., "Running"]

ANSWERED = "every request is answered, whatever other clients do"
CLOSED = "a connection is closed when its session is `closing` and everything was sent"


class Client:
    """The other end of a connection: a plain socket that speaks the script's language."""

    def __init__(self, sock: socket.socket, patience: float) -> None:
        sock.settimeout(patience)
        self.sock = sock

    def send(self, body: bytes) -> None:
        """Send one request."""
        self.sock.sendall(frame(body))

    def receive(self, promise: str = ANSWERED) -> bytes | None:
        """The next answer; ``None`` at the end. Raises ``ConnectionError`` if the connection was reset.

        :param promise: what is broken if nothing comes.
        """
        __tracebackhide__ = True
        head = self.exactly(4, promise)
        return None if len(head) < 4 else self.exactly(struct.unpack("!I", head)[0], promise)

    def exactly(self, count: int, promise: str = ANSWERED) -> bytes:
        """That many bytes, or fewer if the stream ends."""
        __tracebackhide__ = True
        data = bytearray()
        try:
            while len(data) < count and (piece := self.sock.recv(min(count - len(data), 1 << 20))):
                data += piece
        except TimeoutError:
            fail(
                promise,
                f"nothing came for {self.sock.gettimeout():g} seconds, after {len(data)} of {count} bytes",
            )
        return bytes(data)

    def ask(self, body: bytes) -> bytes | None:
        """Send a request: its answer."""
        __tracebackhide__ = True
        self.send(body)
        return self.receive()

    def gets(self, *answers: bytes | None) -> None:
        """See that these answers come, one after the other; ``None`` stands for the end."""
        __tracebackhide__ = True
        for number, expected in enumerate(answers, 1):
            got = self.receive(CLOSED if expected is None else ANSWERED)
            if got != expected:
                fail(
                    "each request's answer is sent, whole and in the order of the requests, and then the end",
                    f"answer {number} of {len(answers)} is {_brief(got)} and not {_brief(expected)}",
                )

    def is_cut_off(self) -> bool:
        """Whether the server closes the connection, cleanly or not."""
        __tracebackhide__ = True
        try:
            return self.sock.recv(1) == b""
        except ConnectionError:
            return True
        except TimeoutError:
            return False


def _brief(answer: bytes | None) -> str:
    if answer is None:
        return "the end of the connection"
    return repr(answer) if len(answer) < 50 else f"{answer[:20]!r}… ({len(answer)} bytes)"


class Running:
    """A server, its host, and the thread in which it runs.

    :ivar going: what the server's ``running()`` gives.
    """

    def __init__(
        self, model: ServerModel, transport: Transport, address: str, connections: list[Any], settings: Any
    ) -> None:
        self.patience: float = settings.patience
        self.host = ScriptedHost(self.patience)
        self.listener = transport.listen(address, settings)
        self.address = self.listener.sock.getsockname()
        self.family = self.listener.sock.family
        self.clients: list[Client] = []
        self.going = True
        self.asked = 0
        try:
            self.server = model.create(self.host, [self.listener], connections, settings)
        except BaseException:
            self.listener.close()
            raise
        self.thread = threading.Thread(target=self._run, name="the loop", daemon=True)
        self.error: BaseException | None = None

    def _run(self) -> None:
        try:
            self.server.run(self.is_going)
        except BaseException as error:
            self.error = error

    def is_going(self) -> bool:
        """What the server asks."""
        self.asked += 1
        return self.going

    def connect(self) -> Client:
        """A new client."""
        client = Client(socket.socket(self.family), self.patience)
        self.clients.append(client)
        client.sock.connect(self.address)
        return client

    def connect_many(self, count: int) -> list[Client]:
        """New clients."""
        return [self.connect() for _ in range(count)]

    def stop(self) -> None:
        """End it, and see that all is in order."""
        self.host.gate.set()
        self.going = False
        self.server.wake()
        if self.thread.ident:
            self.thread.join(self.patience)
        self.server.close(self.patience)
        self.listener.close()
        for client in self.clients:
            client.sock.close()
        self.check()

    def check(self) -> None:
        """What has to be so at the end of every test."""
        require(
            not self.thread.is_alive(), "run() returns after wake() when running() is false", "it goes on"
        )
        require(self.error is None, "run() raises nothing of its own", f"it raised {self.error!r}")
        for number, session in enumerate(self.host.sessions):
            require(
                len(session.ends) == 1,
                "when close() has returned, lost() was called once for every session",
                f"{len(session.ends)} times for session {number}: {session.ends}",
            )
            closed = session.connection.fileno()
            require(
                closed == -1, "when close() has returned, all connections are closed", f"{session.connection}"
            )
        require(
            not self.host.faults,
            "a session's requests are handled one after the other",
            f"{self.host.faults}",
        )


class ServedSuite(PatientSuite):
    """What a subclass says about its server model, and servers to test. There are no tests here."""

    configuration: ClassVar[Mapping[str, Any]] = {}

    two_clients: Mapping[str, Any] | None = None
    """Values of configuration items with which a server takes no more than two clients; ``None`` if there
    are none."""

    big: int = 4 << 20
    """Bytes of an answer that cannot be sent as long as the client does not read."""

    combines: bool = True
    """Whether a server can serve others of its kind in its loop."""

    @pytest.fixture
    def server_model(self) -> ServerModel:
        """The server model that is tested: every subclass has this fixture."""
        raise NotImplementedError(
            "a subclass of ServerModelSuite has a fixture `server_model` that gives one"
        )

    @pytest.fixture
    def transport(self) -> Transport:
        """What it listens with: sockets of this machine."""
        return LoopbackTransport()

    @pytest.fixture
    def ends(self) -> Iterator[tuple[socket.socket, socket.socket]]:
        """Two connected sockets; they are closed in the end."""
        ours, theirs = socket.socketpair()
        with ours, theirs:
            yield ours, theirs

    @pytest.fixture
    def prepare(self, server_model: ServerModel, transport: Transport, tmp_path: Path) -> Iterator[Start]:
        """Makes servers that do not run yet.

        ``prepare(connection, ITEM=value)`` gives it connections that exist already, and other settings.
        """
        with contextlib.ExitStack() as stack:

            def make(*connections: Any, **changes: Any) -> Running:
                values = {"POLLTIMEOUT": 30.0, **self.configuration, **changes, "patience": self.patience}
                address = transport.loopback_address(str(tmp_path))
                if address is None:
                    fail("servers are tested with a transport that has addresses", f"{transport!r} has none")
                running = Running(server_model, transport, address, list(connections), SuiteSettings(values))
                stack.callback(running.stop)
                return running

            yield make

    @pytest.fixture
    def start(self, prepare: Start) -> Start:
        """Makes servers that run in threads of their own."""

        def make(*connections: Any, **changes: Any) -> Running:
            running = prepare(*connections, **changes)
            running.thread.start()
            return running

        return make

    def answers(self, client: Client, word: bytes = b"hello") -> None:
        """See that a client gets an answer."""
        __tracebackhide__ = True
        client.send(b"e" + word)
        client.gets(word)

    def all_answered(self, clients: list[Client]) -> None:
        """See that each of these gets one."""
        __tracebackhide__ = True
        for client in clients:
            self.answers(client)
