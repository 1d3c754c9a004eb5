"""The steps to a server without host and port: socket files, and addresses of other transports."""

from __future__ import annotations

import contextlib
import os
import pickle
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyroplug_doctor.remedies import Fault

from tests.running import Running, Way

from .conftest import SHORT, Thing, walk_to

RunDaemon = Callable[..., Running]
TALK = ["protocol", "handshake", "serializer", "call", "object"]


def test_an_address_of_no_transport() -> None:
    walk = walk_to("PYRO:thing@./pigeon:roof")
    assert walk.fault == ("transport", Fault.NO_TRANSPORT), walk


def test_a_unix_socket(run_daemon: RunDaemon) -> None:
    walk = walk_to(run_daemon(Way("threadpool", "unix"), thing=Thing()).daemon.uriFor("thing"))
    assert walk.reached, walk
    steps = ["transport", "socket file", "connection", *TALK]
    assert [it.step for it in walk.findings] == steps


def test_no_socket_file(tmp_path: Path) -> None:
    walk = walk_to(f"PYRO:thing@./u:{tmp_path / 'gone'}")
    assert walk.fault == ("socket file", Fault.SOCKET_MISSING), walk


def test_a_file_that_is_no_socket(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    walk = walk_to(f"PYRO:thing@./u:{tmp_path / 'file'}")
    assert walk.fault == ("socket file", Fault.NO_SOCKET), walk


def test_nobody_listens_at_a_socket_file(tmp_path: Path) -> None:
    path = tmp_path / "left"
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(path))
        sock.listen()
    walk = walk_to(f"PYRO:thing@./u:{path}")
    assert walk.fault == ("connection", Fault.SOCKET_ABANDONED), walk


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
@pytest.mark.parametrize(("folder", "file"), [(0o755, 0), (0, 0o777)])
def test_a_socket_that_this_user_may_not_use(run_daemon: RunDaemon, folder: int, file: int) -> None:
    with tempfile.TemporaryDirectory() as place:  # not within the tests' own folder, which nobody may enter
        path = f"{place}/socket"
        uri = run_daemon(thing=Thing(), daemon={"unixsocket": path}).daemon.uriFor("thing")
        os.chmod(path, file)
        os.chmod(place, folder)
        failed = as_nobody(lambda: walk_to(uri, timeout=2.0).failed)
        os.chmod(place, 0o700)
        os.chmod(path, 0o600)
    assert (failed.step, failed.fault) == ("socket file", Fault.SOCKET_FORBIDDEN)
    assert ("written" in failed.text) == (folder != 0)


def as_nobody(look: Callable[[], Any]) -> Any:
    """The result of a function that runs with the rights of a user who has none, in a process of its own."""
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            if not os.getuid():
                os.setgroups([])
                os.setresgid(65534, 65534, 65534)
                os.setresuid(65534, 65534, 65534)
            os.write(writing, pickle.dumps(look()))
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read()
    os.waitpid(pid, 0)
    return pickle.loads(said)


def test_a_socket_file_whose_queue_is_full(tmp_path: Path) -> None:
    path = str(tmp_path / "full")
    with contextlib.ExitStack() as stack:
        sock = stack.enter_context(socket.socket(socket.AF_UNIX))
        sock.bind(path)
        sock.listen(0)
        for _ in range(64):
            client = stack.enter_context(socket.socket(socket.AF_UNIX))
            client.setblocking(False)
            if client.connect_ex(path):
                break
        else:
            pytest.skip("this system's queues have no end")
        walk = walk_to(f"PYRO:thing@./u:{path}", timeout=SHORT)
    assert walk.fault == ("connection", Fault.SILENT), walk
