"""What the operating system reports, told to people.

Every ``OSError`` of the three transports becomes a pyroplug error here and nowhere else; it stays as the
``__cause__``. No socket is touched here.
"""

from __future__ import annotations

import builtins
import errno
import socket
from typing import TypeVar

from pyroplug.contracts import Peer
from pyroplug.errors import AddressError, CommunicationError, ConnectionClosedError, TimeoutError

__all__ = ["accept_error", "connect_error", "connection_error", "listen_error", "no_wait", "printable"]

_Error = TypeVar("_Error", bound=CommunicationError)

NO_ROOM = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
"""The system, or this process, has no room for another connection."""

CALLER_GONE = frozenset(
    {
        errno.ECONNABORTED,
        errno.EINTR,
        # Linux hands errors that the new connection already has to accept().
        errno.EPROTO,
        errno.ENOPROTOOPT,
        errno.EOPNOTSUPP,
        errno.ENETDOWN,
        errno.ENETUNREACH,
        errno.EHOSTDOWN,
        errno.EHOSTUNREACH,
        errno.ETIMEDOUT,
        # A firewall rule forbids this one caller.
        errno.EPERM,
    }
)
"""What accept() reports about one caller and not about the listener."""

_NAME_HINT = "check the spelling of the host name, and that this machine's name service knows it"
_FILES_HINT = "too many files or connections are open: close some, or raise the limit (`ulimit -n`)"

_LISTEN_HINTS = {
    errno.EADDRINUSE: "somebody listens there already: stop it, or choose another address (port 0: any)",
    errno.EADDRNOTAVAIL: "not this machine's address: use its own, `localhost`, or `0.0.0.0` for all",
    errno.EACCES: "permission is missing: ports below 1024 and other users' folders are often reserved",
    errno.EPERM: "permission is missing: ports below 1024 and other users' folders are often reserved",
    errno.ENOENT: "create the folder for the socket file first",
    errno.ENOTDIR: "a part of the path is not a folder",
    errno.EROFS: "the file system is read-only: choose another folder for the socket file",
    errno.EAFNOSUPPORT: "this machine has no such address family (IPv6 may be switched off)",
    errno.EMFILE: _FILES_HINT,
    errno.ENFILE: _FILES_HINT,
}

_CONNECT_HINTS = {
    errno.ECONNREFUSED: "nobody listens there: start the daemon, or check the address",
    errno.ENOENT: "there is no such socket file: start the daemon, or check the path",
    errno.ENOTDIR: "a part of the path is not a folder",
    errno.EACCES: "permission is missing: a socket file lets in only those who may write to it",
    errno.EPERM: "something on this machine, such as a firewall, forbids it",
    errno.EPROTOTYPE: "the socket there is of another type: a daemon's is a stream socket",
    errno.ECONNRESET: "whoever listens there closes connections at once",
    errno.ENOTCONN: "whoever listens there closes connections at once",
    errno.ENETUNREACH: "no route leads to that network: check this machine's network",
    errno.EHOSTUNREACH: "the host cannot be reached: check that it is up, and the network",
    errno.EADDRNOTAVAIL: "the address cannot be connected to, or all local ports are in use",
    errno.EAFNOSUPPORT: "this machine has no such address family (IPv6 may be switched off)",
    errno.EMFILE: _FILES_HINT,
    errno.ENFILE: _FILES_HINT,
}


def printable(address: str) -> str:
    """The address as it may stand in a message: abstract socket names begin with a NUL."""
    return address if address.isprintable() else ascii(address)


def listen_error(address: str, cause: OSError, /) -> AddressError:
    """Why nobody can listen at ``address``."""
    return _with_cause(
        AddressError(
            f"cannot listen on {printable(address)}: {_reason(cause)}", hint=_hint(cause, _LISTEN_HINTS)
        ),
        cause,
    )


def connect_error(address: str, cause: OSError, timeout: float | None, /) -> AddressError | TimeoutError:
    """Why ``address`` cannot be connected to; ``timeout`` is what was allowed, in seconds."""
    shown = printable(address)
    if isinstance(cause, builtins.TimeoutError):
        limit = "in the system's time limit" if timeout is None else f"within {timeout:.4g} seconds"
        hint = "the host may be down, overloaded, or behind a firewall that drops everything"
        return _with_cause(TimeoutError(f"cannot connect to {shown}: no answer {limit}", hint=hint), cause)
    error = AddressError(f"cannot connect to {shown}: {_reason(cause)}", hint=_hint(cause, _CONNECT_HINTS))
    # A name that nobody knows stays unknown; a name service that does not answer may do so later.
    error.passing = not isinstance(cause, socket.gaierror) or cause.errno == socket.EAI_AGAIN
    return _with_cause(error, cause)


def accept_error(location: str, cause: OSError, /) -> CommunicationError | None:
    """What accept() has to raise; ``None`` where only that one caller is lost."""
    number = cause.errno
    if number in CALLER_GONE:
        return None
    shown = printable(location)
    if number in NO_ROOM:
        text = f"no room for another connection at {shown}: {_reason(cause)}"
        return _with_cause(CommunicationError(text, hint=_FILES_HINT), cause)
    if number == errno.EBADF:
        return _with_cause(ConnectionClosedError(f"the listener at {shown} was closed"), cause)
    return _with_cause(CommunicationError(f"cannot accept connections at {shown}: {_reason(cause)}"), cause)


def connection_error(peer: Peer, doing: str, cause: OSError, /) -> ConnectionClosedError:
    """The connection broke, or was closed here, while ``doing``: ``receiving`` or ``sending``."""
    if cause.errno == errno.EBADF:
        text = f"the connection with {peer} was closed on this side"
    else:
        text = f"the connection with {peer} broke while {doing}: {_reason(cause)}"
    return _with_cause(ConnectionClosedError(text), cause)


def no_wait(peer: Peer, doing: str, timeout: float | None, cause: OSError, /) -> TimeoutError:
    """Nothing moved within ``timeout`` seconds; ``None`` where waiting was not allowed at all."""
    limit = "without waiting" if timeout is None else f"within {timeout:g} seconds"
    done = {"receiving": "received from", "sending": "sent to"}[doing]
    return _with_cause(TimeoutError(f"nothing could be {done} {peer} {limit}"), cause)


def _with_cause(error: _Error, cause: OSError) -> _Error:
    error.__cause__ = cause
    return error


def _reason(cause: OSError) -> str:
    return cause.strerror or str(cause) or type(cause).__name__


def _hint(cause: OSError, hints: dict[int, str]) -> str | None:
    if isinstance(cause, socket.gaierror):
        return _NAME_HINT
    return hints.get(cause.errno) if cause.errno is not None else None
