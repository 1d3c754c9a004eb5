"""The transport over Unix domain sockets: an address is a path, or a NUL and an abstract name (Linux).

A name written with ``@`` is a file's name here, as it is for Pyro5. Nothing here knows URIs.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import socket
import stat
import struct
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

from pyroplug.contracts import Peer, Settings
from pyroplug.errors import AddressError, ConfigError

from .oserrors import connect_error, listen_error, printable
from .sockets import BACKLOG, SocketConnection, SocketListener

__all__ = ["UnixTransport", "peer_of"]

MAX_PATH = 107 if sys.platform == "linux" else 103
"""The system's limit for a path or abstract name, in bytes."""

_LOCK_PATIENCE = 1.0
_RETRY_DELAYS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02)


class UnixTransport:
    """Unix domain sockets. It owns the locations ``./u:path``."""

    name = "unix"
    scheme = "u"

    def listen(self, address: str, settings: Settings, /) -> SocketListener:
        """Listen at a path, where only those can connect whom UNIX_SOCKET_MODE allows to.

        A socket file that a dead program left behind is replaced; one with a listener, and anything that is
        not a socket, is not.

        Raises ``ConfigError`` for a mode that is none.
        """
        _check(address)
        mode = _mode(settings)
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            if _is_abstract(address):
                sock.bind(address)
                sock.listen(BACKLOG)
                return SocketListener(sock, f"./u:{address}", _accepted)
            with _folder_lock(address):
                created = _bind_file(sock, address, mode)
                sock.listen(BACKLOG)
            return UnixFileListener(sock, address, created)
        except OSError as error:
            sock.close()
            raise listen_error(address, error) from error
        except BaseException:
            sock.close()
            raise

    def connect(self, address: str, _settings: Settings, timeout: float | None, /) -> SocketConnection:
        """Connect to a path or abstract name; wait ``timeout`` seconds for room in the listener's queue."""
        _check(address)
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            _connect(sock, address, None if timeout is None else time.monotonic() + timeout)
            return SocketConnection(sock, peer_of(sock, sock.getpeername(), self.name))
        except OSError as error:
            sock.close()
            raise connect_error(address, error, timeout) from error
        except BaseException:
            sock.close()
            raise

    def adopt(self, _channel: Any, _settings: Settings, /) -> None:
        """Connected sockets are adopted by the transport ``socketpair``, whatever their family."""
        return

    def loopback_address(self, folder: str, /) -> str:
        """A new socket file in the folder."""
        return os.path.join(folder, f"{os.urandom(4).hex()}.sock")

    def loopback_pair(self) -> None:
        """Nothing: it adopts nothing."""
        return


class UnixFileListener(SocketListener):
    """A listener with a socket file, which goes when it goes."""

    __slots__ = ("_created", "_path", "_pid")

    def __init__(self, sock: socket.socket, path: str, created: os.stat_result) -> None:
        super().__init__(sock, f"./u:{path}", _accepted)
        self._path = os.path.abspath(path)  # the working directory may change
        self._created = created
        self._pid = os.getpid()

    def close(self) -> None:
        """Stop listening, and remove the socket file if it is still the one that was made here."""
        # It goes while it is still listened to: nobody can take it for abandoned and put another there.
        if self.fileno() >= 0 and self._pid == os.getpid():
            with contextlib.suppress(OSError):
                if os.path.samestat(os.lstat(self._path), self._created):
                    os.unlink(self._path)
        super().close()


def peer_of(sock: socket.socket, address: Any, transport: str, reached: str = "") -> Peer:
    """The other end of a connected socket of any family; for a Unix one with the process behind it.

    The facts ``pid``, ``uid`` and ``gid`` are those that the kernel noted when the connection was made.
    """
    if isinstance(address, bytes):
        address = os.fsdecode(address)
    return Peer(address, transport, _credentials(sock) if sock.family == socket.AF_UNIX else {}, reached)


def _credentials(sock: socket.socket) -> Mapping[str, int]:
    if not hasattr(socket, "SO_PEERCRED"):
        return {}
    layout = struct.Struct("@iII")
    pid, uid, gid = layout.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, layout.size))
    return {"pid": pid, "uid": uid, "gid": gid}


def _accepted(sock: socket.socket, address: object, reached: str) -> SocketConnection:
    return SocketConnection(sock, peer_of(sock, address, UnixTransport.name, reached))


def _mode(settings: Settings) -> int:
    text: str = settings.UNIX_SOCKET_MODE
    with contextlib.suppress(ValueError):
        if 0 <= (mode := int(text, 8)) <= 0o777:
            return mode
    raise ConfigError(
        f"configuration item UNIX_SOCKET_MODE is {text!r}",
        hint="it has to be three octal digits: 600 for this user alone, 660 for a group, 666 for everybody",
    )


def _is_abstract(address: str) -> bool:
    return address.startswith("\0")


def _check(address: str) -> None:
    """Refuse what the system would misunderstand; raises :exc:`~pyroplug.errors.AddressError`."""
    shown = printable(address)
    if not address.strip("\0"):
        raise AddressError(
            f"unusable socket path {address!r}: it is empty", hint="name a file for the socket"
        )
    if _is_abstract(address) and sys.platform != "linux":
        raise AddressError(f"unusable socket name {shown}: only Linux has abstract names", hint="use a path")
    if not _is_abstract(address) and "\0" in address:
        raise AddressError(
            f"unusable socket path {shown}: it contains a NUL", hint="only abstract names start with one"
        )
    try:
        length = len(os.fsencode(address))
    except UnicodeError as error:
        raise AddressError(
            f"unusable socket path {shown}: {error}", hint="use characters that file names allow"
        ) from error
    if length > MAX_PATH:
        raise AddressError(
            f"unusable socket path {shown}: it is {length} bytes long, the system's limit is {MAX_PATH}",
            hint="use a shorter path, such as one relative to the working directory",
        )


@contextlib.contextmanager
def _folder_lock(path: str) -> Iterator[None]:
    """Hold the lock on the path's folder: two programs cannot both take a socket file for abandoned.

    It covers everything from looking at the file to listening. Where the folder cannot be locked, because
    it is not readable, or somebody else keeps the lock, things go on without.
    """
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            folder = os.open(os.path.dirname(path) or ".", os.O_RDONLY | os.O_CLOEXEC)
            stack.callback(os.close, folder)
            _lock(folder, time.monotonic() + _LOCK_PATIENCE)
        yield


def _lock(descriptor: int, deadline: float) -> None:
    """Lock a file until it is closed; raises ``OSError`` if that cannot be had before the deadline."""
    for delay in _delays():
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(delay)
        else:
            return


def _bind_file(sock: socket.socket, path: str, mode: int) -> os.stat_result:
    """Bind to a path: what was created there. Raises ``OSError``."""
    try:
        sock.bind(path)
    except OSError as error:
        if error.errno != errno.EADDRINUSE or not _is_abandoned(path):
            raise
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        sock.bind(path)
    # Nobody can connect before listen(), so there is no moment at which it is open to others.
    os.chmod(path, mode)
    return os.lstat(path)


def _is_abandoned(path: str) -> bool:
    """Whether there is a socket that nobody listens to, or nothing any more."""
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            return False
    except FileNotFoundError:
        return True
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        return probe.connect_ex(path) in {errno.ECONNREFUSED, errno.ENOENT}


def _connect(sock: socket.socket, address: str, deadline: float | None) -> None:
    """Connect without a blocking system call: a full queue is asked again until the deadline."""
    sock.setblocking(False)
    for delay in _delays():
        try:
            sock.connect(address)
        except BlockingIOError:
            if deadline is not None and time.monotonic() >= deadline:
                raise OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT)) from None
            time.sleep(delay if deadline is None else max(0.0, min(delay, deadline - time.monotonic())))
        else:
            return


def _delays() -> Iterator[float]:
    yield from _RETRY_DELAYS
    while True:
        yield _RETRY_DELAYS[-1]
