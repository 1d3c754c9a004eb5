"""Daemons that are killed or ended, and made again at the same address: nothing acknowledged is lost."""

from __future__ import annotations

import os
import signal
import socket
import stat
import threading
from collections import Counter
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from pyroplug.api import Proxy
from pyroplug.errors import CommunicationError
from tests.features.programs import Program
from tests.support import PATIENCE, wait_until

EITHER_MODEL = pytest.mark.parametrize("server", ["threadpool", "multiplex"])
EVERYWHERE = pytest.mark.parametrize("transport", ["tcp", "unix", "abstract"])

SERVER = """
import os, sys
from pyroplug.api import Daemon, config, expose

config.SERVERTYPE, location, journal = sys.argv[1:]
config.POLLTIMEOUT = 30.0
out = os.open(journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

@expose
class Journal:
    def note(self, what):
        os.write(out, f"{what}\\n".encode())
        return what

daemon = Daemon(listen=[location])
daemon.register(Journal(), "journal")
print(daemon.locationStr, flush=True)
daemon.requestLoop()
"""


@pytest.fixture
def place(transport: str, tmp_path: Path) -> str:
    """Where the first daemon is to listen."""
    name = f"\0pyroplug restart {os.getpid()}"
    return {"tcp": "127.0.0.1:0", "unix": f"./u:{tmp_path / 's'}", "abstract": f"./u:{name}"}[transport]


class Caller:
    """Calls until it is told to stop; knows what was acknowledged."""

    def __init__(self, uri: str, name: str, retries: int = 0) -> None:
        self._uri, self._name, self._retries = uri, name, retries
        self.acknowledged: list[str] = []
        self.failed: list[CommunicationError] = []
        self.stop = threading.Event()

    def run(self) -> None:
        with Proxy(self._uri) as proxy:
            proxy._pyroMaxRetries, proxy._pyroTimeout = self._retries, PATIENCE
            number = 0
            while not self.stop.is_set():
                what = f"{self._name}-{number}"
                number += 1
                try:
                    self.acknowledged.append(proxy.note(what))
                except CommunicationError as error:
                    self.failed.append(error)
                    if not self._retries:
                        return


class Callers:
    """Several of them, in threads."""

    def __init__(self, in_thread: Any, location: str, count: int, retries: int = 0) -> None:
        self._all = [Caller(f"PYRO:journal@{location}", f"c{n}", retries) for n in range(count)]
        self._runs: list[Future[None]] = [in_thread(caller.run) for caller in self._all]

    def wait_for_progress(self, calls: int = 20) -> None:
        before = [len(caller.acknowledged) for caller in self._all]
        wait_until(
            lambda: all(len(c.acknowledged) >= n + calls for c, n in zip(self._all, before, strict=True)),
            "progress",
        )

    def finish(self) -> tuple[list[str], list[CommunicationError]]:
        """What was acknowledged, and what failed."""
        for caller in self._all:
            caller.stop.set()
        for run in self._runs:
            run.result(2 * PATIENCE)
        return (
            [what for caller in self._all for what in caller.acknowledged],
            [error for caller in self._all for error in caller.failed],
        )


def check(journal: Path, acknowledged: list[str]) -> None:
    """What was acknowledged has run once, and nothing has run twice."""
    ran = Counter(journal.read_text().split())
    assert set(acknowledged) <= set(ran)
    assert max(ran.values()) == 1


@EITHER_MODEL
@EVERYWHERE
def test_killed_and_back_at_once(in_thread: Any, tmp_path: Path, place: str, server: str) -> None:
    """With connections that were in use, and at the same address without a wait."""
    journal = tmp_path / "journal"
    location = place.replace("\0", "@nul@")
    source = SERVER.replace(
        "location, journal = sys.argv[1:]",
        "location, journal = sys.argv[1:]; location = location.replace('@nul@', chr(0))",
    )
    source = source.replace("print(daemon.locationStr", "print(daemon.locationStr.replace(chr(0), '@nul@')")
    with Program(source, server, location, str(journal)) as first:
        location = first.line()
        callers = Callers(in_thread, location.replace("@nul@", "\0"), 4)
        callers.wait_for_progress()
        first.kill()
        with Program(source, server, location, str(journal)) as second:
            assert second.line() == location
            acknowledged, failed = callers.finish()
            assert len(failed) == 4
            check(journal, acknowledged)
            with Proxy(f"PYRO:journal@{location.replace('@nul@', chr(0))}") as proxy:
                assert proxy.note("afterwards") == "afterwards"
            second.process.terminate()
            assert second.process.wait(PATIENCE) == 0


@EITHER_MODEL
@pytest.mark.parametrize("transport", ["tcp", "unix"])
def test_restarted_under_clients_with_retries(
    in_thread: Any, tmp_path: Path, place: str, server: str
) -> None:
    """Calls that find it ending go to the next one; of those that are on their way an answer may be lost."""
    journal = tmp_path / "journal"
    with Program(SERVER, server, place, str(journal)) as first:
        location = first.line()
        callers = Callers(in_thread, location, 4, retries=100)
        callers.wait_for_progress()
        first.process.terminate()
        assert first.process.wait(PATIENCE) == 0
        if transport_of(location) == "unix":
            assert not os.path.exists(location[4:])
        with Program(SERVER, server, location, str(journal)) as second:
            assert second.line() == location
            callers.wait_for_progress()
            acknowledged, failed = callers.finish()
            assert len(failed) <= 4
            check(journal, acknowledged)
            second.process.terminate()
            assert second.process.wait(PATIENCE) == 0


def transport_of(location: str) -> str:
    return "unix" if location.startswith("./u:") else "tcp"


@pytest.mark.parametrize("transport", ["unix"])
def test_of_daemons_that_start_at_the_same_path_one_wins(tmp_path: Path, place: str) -> None:
    """Where a dead one has left its file."""
    path = Path(place[4:])
    for _ in range(2):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
            dead.bind(str(path))
        programs = [Program(RACING, place) for _ in range(4)]
        try:
            for program in programs:
                assert program.line() == "ready"
            for program in programs:
                program.process.send_signal(signal.SIGUSR1)
            assert sorted(program.line() for program in programs) == [
                "in use",
                "in use",
                "in use",
                "listening",
            ]
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            with Proxy(f"PYRO:Pyro.Daemon@{place}") as proxy:
                proxy.ping()
        finally:
            for program in programs:
                program.stop(0)
        assert not path.exists()


RACING = """
import signal, sys, threading
from pyroplug.api import Daemon
from pyroplug.errors import AddressError
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
print("ready", flush=True)
signal.sigwait([signal.SIGUSR1])
try:
    daemon = Daemon(listen=[sys.argv[1]])
except AddressError as error:
    assert "in use" in str(error), error
    print("in use", flush=True)
    sys.stdin.read()
else:
    print("listening", flush=True)
    threading.Thread(target=lambda: (sys.stdin.read(), daemon.shutdown())).start()
    daemon.requestLoop()
"""
