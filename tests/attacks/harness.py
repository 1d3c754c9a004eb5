"""Servers in processes of their own, attacked and looked at from outside.

``AttackedServer`` starts one and tells what it uses: memory, threads, descriptors, processor time. A
``GoodClient`` is somebody who has nothing to do with the attack, and whose answers must come in time.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from pyroplug.api import Proxy
from tests.certificates import Authority
from tests.running import release, settings
from tests.support import PATIENCE

ROOT = Path(__file__).parents[2]
PROMPT = 1.0
"""Seconds in which a good client has its answer, whatever goes on."""

_TICKS = os.sysconf("SC_CLK_TCK")
_GLANCE = 0.02


class Place(NamedTuple):
    """How a server is reached and what serves.

    :ivar transport: ``tcp``, ``unix`` or ``tls``.
    """

    model: str = "thread"
    transport: str = "tcp"

    def __str__(self) -> str:
        return f"{self.model}-{self.transport}"


ALL_PLACES = [Place(model, way) for model in ("thread", "multiplex") for way in ("tcp", "unix", "tls")]
"""Both server models with each transport."""
_CORNERS = [("thread", "tcp"), ("thread", "tls"), ("multiplex", "unix"), ("multiplex", "tls")]
PLACES = ALL_PLACES if os.environ.get("ATTACKS") == "all" else [Place(*each) for each in _CORNERS]
"""Those of them that are attacked; all with ``ATTACKS=all`` in the environment, see ``make attacks``."""
MODELS = [Place("thread", "tcp"), Place("multiplex", "unix")]
"""Both server models, for what has nothing to do with transports."""


class Usage(NamedTuple):
    """What a process uses at one moment.

    :ivar memory: bytes of its own: resident ones, of those that are shared its part (PSS).
    :ivar threads: how many it has.
    :ivar files: descriptors that are open.
    :ivar seconds: processor time so far.
    """

    memory: int
    threads: int
    files: int
    seconds: float


class AttackedServer:
    """A daemon in a process of its own, with ``service.Service`` as the object ``service``.

    :ivar uri: of that object.
    """

    def __init__(
        self,
        place: Place,
        folder: Path,
        *,
        files: int = 0,
        service: str = "tests.attacks.service:Service",
        client: Mapping[str, Any] = MappingProxyType({}),
        **items: Any,
    ) -> None:
        """Start it, and wait until it serves.

        :param folder: for its log, socket and certificates.
        :param files: the most descriptors that it may open; 0 for the system's default.
        :param service: the class to serve, as ``module:name``.
        :param client: configuration items of its good clients.
        :param items: configuration items.
        """
        self.place = place
        self._log = folder / "server.log"
        self._client_items = dict(client)
        if place.transport == "tls":
            authority = Authority(folder / "certificates")
            items = {**authority.issue("server").server(), **items}
            self._client_items |= {"SSL": True, "SSL_CACERTS": authority.file}
            self._context = ssl.create_default_context(cafile=authority.file)
        unix = str(folder / "socket") if place.transport == "unix" else ""
        items = {"SERVERTYPE": place.model, "POLLTIMEOUT": 30.0, **items}
        orders = {"items": items, "files": files, "service": service, "socket": unix}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-W", "error", "-c", "from tests.attacks.service import serve; serve()",
                 json.dumps(orders)],
                cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            )  # fmt: skip
        assert self._process.stdout is not None
        location = self._process.stdout.readline().decode().strip()
        if not location:
            self._end()
            raise AssertionError(f"the server did not start:\n{self.log}")
        self.location = location
        self.uri = f"PYRO:service@{location}"
        self._proc = Path(f"/proc/{self._process.pid}")

    @property
    def log(self) -> str:
        """What it has written to standard error, where its warnings go."""
        return self._log.read_text()

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def usage(self) -> Usage:
        """What it uses now."""
        rollup = (self._proc / "smaps_rollup").read_text()
        memory = sum(int(size) << 10 for size in re.findall(r"^Pss: +(\d+) kB", rollup, re.MULTILINE))
        fields = (self._proc / "stat").read_text().rpartition(")")[2].split()
        seconds = (int(fields[11]) + int(fields[12])) / _TICKS
        return Usage(memory, int(fields[17]), len(os.listdir(self._proc / "fd")), seconds)

    def peak(self, attack: Callable[[], object]) -> int:
        """How much more memory than before it has at any time while ``attack`` runs, at most.

        Nothing is missed: the system keeps the highest mark of what is resident.
        """
        (self._proc / "clear_refs").write_text("5")  # forget the mark
        before = self._high_mark()
        attack()
        return self._high_mark() - before

    def _high_mark(self) -> int:
        found = re.search(r"^VmHWM:\s+(\d+) kB", (self._proc / "status").read_text(), re.MULTILINE)
        assert found is not None
        return int(found[1]) << 10

    def busy(self, seconds: float) -> float:
        """Which part of the next ``seconds`` it spends on a processor: 1.0 for a loop that spins."""
        before = self.usage().seconds
        threading.Event().wait(seconds)
        return (self.usage().seconds - before) / seconds

    def proxy(self, name: str = "service", **items: Any) -> Any:
        """A proxy for an object there, with these configuration items."""
        changes = {"COMMTIMEOUT": PATIENCE, **self._client_items, **items}
        return Proxy(f"PYRO:{name}@{self.location}", config=settings(**changes))

    def connect(self) -> socket.socket:
        """A bare connection to it; with TLS nothing has been said on it yet."""
        if self.place.transport == "unix":
            sock = socket.socket(socket.AF_UNIX)
            address: Any = self.location.removeprefix("./u:")
        else:
            sock = socket.socket()
            host, _, port = self.location.rpartition(":")
            address = (host, int(port))
        sock.settimeout(PATIENCE)
        try:
            sock.connect(address)
        except BaseException:
            sock.close()
            raise
        return sock

    def connect_ready(self) -> socket.socket:
        """A connection on which Pyro can be spoken: with TLS the handshake is over."""
        sock = self.connect()
        if self.place.transport != "tls":
            return sock
        try:
            return self._context.wrap_socket(sock, server_hostname="localhost")
        except BaseException:
            sock.close()
            raise

    def wait_until_back(
        self, before: Usage, memory: int = 8 << 20, threads: int = 5, files: int = 0, limit: float = PATIENCE
    ) -> None:
        """Wait until it uses what it used ``before``; fail after ``limit`` seconds.

        :param memory: how many bytes more it may keep: what was freed need not go back to the system.
        :param threads: likewise; a pool of threads keeps a few.
        :param files: likewise.
        """
        most = Usage(before.memory + memory, before.threads + threads, before.files + files, 0.0)
        deadline = time.monotonic() + limit
        now = self.usage()
        while now.memory > most.memory or now.threads > most.threads or now.files > most.files:
            assert time.monotonic() < deadline, f"it uses {now}, which is more than {most}"
            threading.Event().wait(_GLANCE)
            now = self.usage()

    def stop(self) -> None:
        """Have it end, and see that it does so of its own accord, without having failed anywhere."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            assert self._process.wait(PATIENCE) == 0, f"the server failed:\n{self.log}"
        finally:
            self._end()
        assert "Traceback" not in self.log, self.log

    def _end(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()


class GoodClient:
    """Somebody with a connection, whose answers have to come in time."""

    def __init__(self, server: AttackedServer) -> None:
        self._server = server
        self._proxy = server.proxy()
        self.slowest = 0.0
        """Seconds that the slowest of its answers took."""
        self.ask()

    def ask(self) -> None:
        """Call: the answer has to be right, and there within ``PROMPT`` seconds."""
        before = time.monotonic()
        assert self._proxy.echo("good") == "good"
        took = time.monotonic() - before
        self.slowest = max(self.slowest, took)
        assert took < PROMPT, f"the answer took {took:.3f} seconds"

    def ask_anew(self) -> None:
        """The same with a connection of its own: greeting, call and answer together."""
        before = time.monotonic()
        with self._server.proxy() as proxy:
            assert proxy.echo("good") == "good"
        took = time.monotonic() - before
        assert took < PROMPT, f"connecting and the answer took {took:.3f} seconds"

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Go on asking, in a thread, while the attack in this block runs."""
        over, failed = threading.Event(), list[BaseException]()

        def ask() -> None:
            self._proxy._pyroClaimOwnership()
            try:
                while not over.wait(0.01):
                    self.ask()
            except BaseException as error:
                failed.append(error)

        thread = threading.Thread(target=ask, name="the good client", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join(PATIENCE)
            self._proxy._pyroClaimOwnership()
        if failed:
            raise failed[0]

    def close(self) -> None:
        release(self._proxy)


class Crowd:
    """Connections of attackers, which are closed in the end."""

    def __init__(self) -> None:
        self.socks: list[socket.socket] = []

    def add(self, sock: socket.socket) -> socket.socket:
        self.socks.append(sock)
        return sock

    def open(
        self, count: int, connect: Callable[[], socket.socket], said: bytes = b""
    ) -> list[socket.socket]:
        """So many more, each of which says that and falls silent."""
        new = [self.add(connect()) for _ in range(count)]
        for sock in new:
            with contextlib.suppress(OSError):
                sock.sendall(said)
        return new

    @contextmanager
    def dripping(self, data: bytes, every: float = 0.05) -> Iterator[None]:
        """Send ``data`` on all of them, one byte each time, while the block runs."""
        over = threading.Event()

        def drip() -> None:
            for byte in data * (1 + (1 << 20) // len(data)):
                if over.wait(every):
                    return
                for sock in self.socks:
                    with contextlib.suppress(OSError):
                        sock.send(bytes((byte,)))

        thread = threading.Thread(target=drip, name="the drip", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join(PATIENCE)

    def close(self) -> None:
        for sock in self.socks:
            sock.close()
        self.socks.clear()


def is_over(sock: socket.socket, limit: float = PATIENCE) -> bool:
    """Whether the server ends a connection within ``limit`` seconds; what it still says is thrown away."""
    deadline = time.monotonic() + limit
    try:
        while (left := deadline - time.monotonic()) > 0:
            sock.settimeout(left)
            if not sock.recv(1 << 16):
                return True
    except TimeoutError:
        return False
    except OSError:  # reset
        return True
    return False


def everything_said(sock: socket.socket, limit: float = PATIENCE) -> bytes:
    """All that the server still says on a connection before it ends that."""
    sock.settimeout(limit)
    data = bytearray()
    with contextlib.suppress(ConnectionError):
        while piece := sock.recv(1 << 16):
            data += piece
    return bytes(data)


@contextmanager
def attacked(place: Place, folder: Path, **orders: Any) -> Iterator[tuple[AttackedServer, GoodClient, Crowd]]:
    """A server, a good client and no attackers yet; the arguments are those of ``AttackedServer``.

    In the end the attackers are gone, and the good client is answered once more.
    """
    with ExitStack() as stack:
        server = AttackedServer(place, folder, **orders)
        stack.callback(server.stop)
        good = GoodClient(server)
        stack.callback(good.close)
        crowd = Crowd()
        stack.callback(crowd.close)
        yield server, good, crowd
        crowd.close()
        assert server.alive
        good.ask()
