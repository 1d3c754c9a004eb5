"""Unix domain sockets: paths, abstract names, socket files."""

from __future__ import annotations

import errno
import os
import select
import socket
import stat
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pyroplug_transports.unix import MAX_PATH, UnixTransport

from pyroplug.errors import AddressError, ConfigError, ConnectionClosedError, TimeoutError

from .tls_support import plain_settings

PATIENCE = 20.0
unix = UnixTransport()

needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has abstract names")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a socket"


@pytest.fixture
def listener(settings: Any, path: Path) -> Iterator[Any]:
    with closing(unix.listen(str(path), settings)) as listener:
        yield listener


def leave_socket_file(path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.bind(str(path))


# Socket files


def test_only_the_owner_can_connect(listener: Any, path: Path) -> None:
    assert stat.filemode(path.lstat().st_mode) == "srw-------"


@pytest.mark.parametrize("umask", [0, 0o077, 0o777])
@pytest.mark.parametrize(
    ("mode", "shown"), [("660", "srw-rw----"), ("0666", "srw-rw-rw-"), ("0o200", "s-w-------")]
)
def test_others_can_connect_where_that_is_wanted(path: Path, mode: str, shown: str, umask: int) -> None:
    before = os.umask(umask)
    try:
        with closing(unix.listen(str(path), plain_settings(UNIX_SOCKET_MODE=mode))):
            assert stat.filemode(path.lstat().st_mode) == shown
    finally:
        os.umask(before)


@pytest.mark.parametrize("mode", ["", "rw", "1000", "-1", "888", "6.0"])
def test_a_mode_that_is_none(path: Path, mode: str) -> None:
    with pytest.raises(ConfigError, match="UNIX_SOCKET_MODE") as caught:
        unix.listen(str(path), plain_settings(UNIX_SOCKET_MODE=mode))
    assert caught.value.hint
    assert not path.exists()


def test_nobody_can_connect_before_the_mode_is_set(
    settings: Any, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    chmod = os.chmod

    def look_first(*args: Any) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as early:
            seen.append(early.connect_ex(str(path)))
        chmod(*args)

    monkeypatch.setattr(os, "chmod", look_first)
    unix.listen(str(path), settings).close()
    assert seen == [errno.ECONNREFUSED]


def test_the_location_is_the_path_as_given(listener: Any, path: Path, settings: Any) -> None:
    assert listener.location == f"./u:{path}"


def test_the_socket_file_goes_with_the_listener(listener: Any, path: Path) -> None:
    assert path.exists()
    listener.close()
    assert not path.exists()
    path.write_text("somebody else's")
    listener.close()
    assert path.exists()


def test_a_relative_path_survives_a_change_of_folder(
    settings: Any, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(path.parent)
    listener = unix.listen(path.name, settings)
    assert listener.location == f"./u:{path.name}"
    monkeypatch.chdir("/")
    listener.close()
    assert not path.exists()


def test_somebody_elses_socket_file_stays(listener: Any, path: Path) -> None:
    path.unlink()
    leave_socket_file(path)
    listener.close()
    assert path.is_socket()


def test_a_forked_process_does_not_remove_it(listener: Any, path: Path, in_child: Any) -> None:
    in_child(listener.close)
    assert path.is_socket()


def test_an_abandoned_socket_is_replaced(settings: Any, path: Path, accept: Any) -> None:
    leave_socket_file(path)
    listener = unix.listen(str(path), settings)
    with closing(unix.connect(str(path), settings, PATIENCE)), closing(accept(listener)) as server:
        assert server.peer.transport == "unix"
    listener.close()
    assert not path.exists()


def test_a_socket_in_use_is_not_replaced(listener: Any, path: Path, settings: Any, accept: Any) -> None:
    with pytest.raises(AddressError, match="Address already in use") as caught:
        unix.listen(str(path), settings)
    assert str(path) in str(caught.value)
    assert caught.value.hint
    accept(listener).close()  # the question whether somebody listens
    with closing(unix.connect(str(path), settings, PATIENCE)):
        accept(listener).close()


def test_what_is_no_socket_is_not_replaced(settings: Any, tmp_path: Path) -> None:
    (file := tmp_path / "file").write_text("precious")
    (folder := tmp_path / "folder").mkdir()
    (link := tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.bind(str(datagrams := tmp_path / "datagrams"))
        for path in (file, folder, link, datagrams):
            with pytest.raises(AddressError, match="in use"):
                unix.listen(str(path), settings)
    assert datagrams.is_socket()
    assert file.read_text() == "precious"
    assert folder.is_dir()
    assert link.is_symlink()


def test_of_many_that_find_an_abandoned_socket_one_gets_it(
    settings: Any, path: Path, in_thread: Any, accept: Any
) -> None:
    count = 8
    for _ in range(10):
        leave_socket_file(path)
        start = threading.Barrier(count)

        def listen(start: threading.Barrier = start) -> Any:
            start.wait(PATIENCE)
            try:
                return unix.listen(str(path), settings)
            except AddressError:
                return None

        tasks = [in_thread(listen) for _ in range(count)]
        (listener,) = filter(None, [task.result(PATIENCE) for task in tasks])
        while (prober := listener.accept()) is not None:
            prober.close()
        with closing(unix.connect(str(path), settings, PATIENCE)), closing(accept(listener)):
            pass
        listener.close()


def test_a_folder_that_is_locked_by_others_delays_but_does_not_stop(
    settings: Any, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    from pyroplug_transports import unix as module

    monkeypatch.setattr(module, "_LOCK_PATIENCE", 0.01)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        unix.listen(str(path), settings).close()
    finally:
        os.close(folder)


# Unusable addresses


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("", "it is empty"),
        ("\0", "it is empty"),
        ("a\0b", "it contains a NUL"),
        ("x" * (MAX_PATH + 1), f"{MAX_PATH + 1} bytes long, the system's limit is {MAX_PATH}"),
        ("ä" * 60, "120 bytes long"),
        ("\ud800", "surrogates not allowed"),
    ],
)
def test_unusable_paths(settings: Any, address: str, why: str) -> None:
    with pytest.raises(AddressError, match=why) as caught:
        unix.listen(address, settings)
    assert caught.value.hint
    with pytest.raises(AddressError, match=why):
        unix.connect(address, settings, PATIENCE)


def test_the_longest_path_works(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, accept: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    path = "x" * MAX_PATH
    with closing(unix.listen(path, settings)) as listener, closing(unix.connect(path, settings, PATIENCE)):
        accept(listener).close()


def test_a_missing_folder(settings: Any, tmp_path: Path) -> None:
    with pytest.raises(AddressError, match="No such file") as caught:
        unix.listen(str(tmp_path / "nowhere" / "sock"), settings)
    assert caught.value.hint == "create the folder for the socket file first"


def test_nobody_to_connect_to(settings: Any, tmp_path: Path) -> None:
    (file := tmp_path / "file").write_text("")
    leave_socket_file(abandoned := tmp_path / "abandoned")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.bind(str(datagrams := tmp_path / "datagrams"))
        for path, why in [
            (tmp_path / "missing", "No such file"),
            (file / "below", "Not a directory"),
            (file, "Connection refused"),
            (abandoned, "Connection refused"),
            (datagrams, "wrong type"),
        ]:
            with pytest.raises(AddressError, match=why) as caught:
                unix.connect(str(path), settings, PATIENCE)
            assert str(path) in str(caught.value)
            assert isinstance(caught.value.__cause__, OSError)
            assert caught.value.hint


# Connecting


def test_a_full_queue_is_waited_for(settings: Any, path: Path, in_thread: Any) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(str(path))
        server.listen(0)
        with closing(unix.connect(str(path), settings, PATIENCE)):
            with pytest.raises(TimeoutError, match=r"no answer within 0\.03 seconds") as caught:
                unix.connect(str(path), settings, 0.03)
            assert str(path) in str(caught.value)
            for timeout in (None, PATIENCE):
                waiting = in_thread(unix.connect, str(path), settings, timeout)
                server.accept()[0].close()
                waiting.result(PATIENCE).close()


@needs_linux
def test_abstract_names(settings: Any, accept: Any) -> None:
    name = f"\0pyroplug test {os.getpid()}"
    with closing(unix.listen(name, settings)) as listener:
        assert listener.location == f"./u:{name}"
        with pytest.raises(AddressError, match="in use") as caught:
            unix.listen(name, settings)
        assert "\0" not in str(caught.value)
        with closing(unix.connect(name, settings, PATIENCE)) as client, closing(accept(listener)) as server:
            assert client.peer.address == name
            client.send([b"hello"])
            assert server.recv_into(memoryview(bytearray(9))) == 5
    with pytest.raises(AddressError, match="refused"):
        unix.connect(name, settings, PATIENCE)


@needs_linux
def test_the_peer_is_known_by_its_process(listener: Any, settings: Any, accept: Any) -> None:
    me = {"pid": os.getpid(), "uid": os.getuid(), "gid": os.getgid()}
    client = unix.connect(listener.location[4:], settings, PATIENCE)
    server = accept(listener)
    assert client.peer.address == listener.location[4:]
    assert server.peer.address == ""
    assert dict(client.peer.facts) == dict(server.peer.facts) == me
    client.close()
    server.close()


@needs_linux
def test_an_unread_message_resets_the_connection(listener: Any, settings: Any, accept: Any) -> None:
    client = unix.connect(listener.location[4:], settings, PATIENCE)
    server = accept(listener)
    client.send([b"unread"])
    select.select([server], [], [], PATIENCE)
    server.close()
    with pytest.raises(ConnectionClosedError, match="broke while receiving") as caught:
        client.recv_into(memoryview(bytearray(1)))
    assert isinstance(caught.value.__cause__, ConnectionResetError)
    client.close()


def test_connected_sockets_are_left_to_another_transport(settings: Any) -> None:
    left, right = socket.socketpair()
    with left, right:
        assert unix.adopt(left, settings) is None
