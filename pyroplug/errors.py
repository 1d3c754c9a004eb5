"""Every exception that pyroplug raises.

::

    PyroError
    ├── CommunicationError            a connection could not be made, or broke
    │   ├── AddressError              an address cannot be listened on or reached
    │   ├── ConnectionClosedError     the other side, or this one, closed it
    │   ├── HandshakeError            the other side refused the connection
    │   ├── TimeoutError              the allowed time ran out
    │   └── ProtocolError             a message broke the rules of the wire protocol
    │       ├── MessageTooLargeError  it is larger than MAX_MESSAGE_SIZE
    │       └── SerializeError        a value cannot be turned into bytes, or back
    ├── DaemonError                   a daemon does not know the object, or cannot serve it
    ├── NamingError                   a name is unknown, or no name server answers
    ├── SecurityError                 something was refused because it could do harm
    ├── RemoteError                   the remote exception has a class that is unknown here
    ├── ConfigError                   a configuration item or its value is unusable
    └── PluginError                   a plugin cannot be used
        └── PluginUnavailableError    a plugin was asked for by name, and is not there

The names that Pyro5 has mean what they mean there. An error's facts are attributes; ``hint``
says what to do about it, and is printed on a line of its own.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import TracebackType

__all__ = [
    "AddressError",
    "CommunicationError",
    "ConfigError",
    "ConnectionClosedError",
    "DaemonError",
    "HandshakeError",
    "MessageTooLargeError",
    "NamingError",
    "PluginError",
    "PluginUnavailableError",
    "ProtocolError",
    "PyroError",
    "RemoteError",
    "SecurityError",
    "SerializeError",
    "TimeoutError",
    "excepthook",
    "format_traceback",
    "get_pyro_traceback",
]


class PyroError(Exception):
    """The base of everything that pyroplug raises on its own account."""

    hint: str | None = None
    """What to do about it; ``None`` where nothing general can be said."""

    limit: str | None = None
    """The limit that is the reason, by its configuration item's name; ``None`` where it is something else."""

    _pyroTraceback: list[str]
    """The remote traceback's lines; present on an exception that was raised in another process."""

    def __init__(self, *args: object, hint: str | None = None) -> None:
        super().__init__(*args)
        if hint is not None:
            self.hint = hint

    def __str__(self) -> str:
        text = super().__str__()
        return f"{text}\nhint: {self.hint}" if self.hint else text


class CommunicationError(PyroError):
    """A connection could not be made, or broke."""

    unsent: bool = False
    """On an error of a call: it certainly was not carried out, as it was not sent as a whole."""


class AddressError(CommunicationError):
    """An address cannot be listened on or reached; the operating system's word is the ``__cause__``."""

    passing: bool = False
    """The same address may be reached later: the transport says so, and calls with retries rely on it."""


class ConnectionClosedError(CommunicationError):
    """The connection is gone."""


class HandshakeError(CommunicationError):
    """The other side answered, and refused the connection; the text gives its reason."""

    passing: bool = False
    """The reason may be gone later: the other side says so, and calls with retries rely on it."""


class TimeoutError(CommunicationError):
    """The allowed time ran out before the answer was complete."""


class ProtocolError(CommunicationError):
    """A message broke the rules of the wire protocol."""


class MessageTooLargeError(ProtocolError):
    """A message is larger than the receiver, or this side's configuration, allows."""


class SerializeError(ProtocolError):
    """A value cannot be turned into bytes, or bytes cannot be turned into a value."""


class DaemonError(PyroError):
    """A daemon does not know the object, or cannot serve it."""


class NamingError(PyroError):
    """A name is unknown, or no name server answers."""


class SecurityError(PyroError):
    """Something was refused because it could do harm."""


class RemoteError(PyroError):
    """A remote exception whose class is not known, or not allowed, in this process.

    :ivar type_name: the class as the remote side names it, ``module.Name``.
    :ivar remote_args: the exception's arguments.
    """

    def __init__(self, text: str = "", type_name: str = "", remote_args: Sequence[object] = ()) -> None:
        super().__init__(text, type_name, tuple(remote_args))
        self.type_name = type_name
        self.remote_args = tuple(remote_args)

    def __str__(self) -> str:
        text, type_name = str(self.args[0]), self.type_name
        return f"{type_name}: {text}" if type_name else text


class ConfigError(PyroError, ValueError, AttributeError):
    """A configuration item is unknown, or its value is unusable.

    It is a ``ValueError`` and an ``AttributeError`` as well: that is what Pyro5 raises there.
    """


class PluginError(PyroError):
    """A plugin cannot be used."""


class PluginUnavailableError(PluginError, ValueError, LookupError):
    """Something was asked for by name, and no usable plugin provides it.

    :ivar kind: what was looked for: ``serializer``, ``transport``, ``server model`` …
    :ivar name: the name that was asked for.
    :ivar available: the names that could be had.
    """

    def __init__(
        self,
        *args: object,
        kind: str = "",
        name: str = "",
        available: Sequence[str] = (),
        hint: str | None = None,
    ) -> None:
        super().__init__(*args, hint=hint)
        self.kind = kind
        self.name = name
        self.available = tuple(available)


REMOTE_NOTE = "Remote traceback:"
"""How the note begins that shows where an exception was raised in another process."""


# Tracebacks for people -------------------------------------------------------------------------------


def format_traceback(
    ex_type: type[BaseException] | None = None,
    ex_value: BaseException | None = None,
    ex_tb: TracebackType | None = None,
    detailed: bool = False,
) -> list[str]:
    """The traceback's lines, as :func:`traceback.format_exception` makes them.

    :param ex_type: with the next two, as :func:`sys.exc_info` gives them; all ``None`` means the
        exception that is being handled.
    :param detailed: also show the local variables of every frame.
    """
    error = ex_value if ex_value is not None else sys.exc_info()[1]
    if error is None:
        return []
    if ex_tb is not None:
        error = error.with_traceback(ex_tb)
    import traceback  # not above: it takes a tenth of the time that importing the API does

    # A local variable's repr may raise anything at all; TracebackException guards against Exception only.
    try:
        return list(
            traceback.TracebackException.from_exception(error, capture_locals=detailed, compact=True).format()
        )
    except Exception:
        return list(traceback.TracebackException.from_exception(error, compact=True).format())


def get_pyro_traceback(
    ex_type: type[BaseException] | None = None,
    ex_value: BaseException | None = None,
    ex_tb: TracebackType | None = None,
    detailed: bool = False,
) -> list[str]:
    """The local traceback's lines, followed by the remote one's where the exception came from afar.

    The arguments are those of :func:`format_traceback`.
    """
    error = ex_value if ex_value is not None else sys.exc_info()[1]
    lines = format_traceback(ex_type, error, ex_tb, detailed)
    remote: list[str] | None = getattr(error, "_pyroTraceback", None)
    if remote and not has_remote_note(error):
        lines.append(" +--- Remote traceback:\n")
        lines.extend(f" | {line}\n" for line in "".join(remote).splitlines())
        lines.append(" +--- End of remote traceback\n")
    return lines


def has_remote_note(error: BaseException | None) -> bool:
    """Whether the remote traceback is among the exception's notes already, which Python prints itself."""
    return any(str(note).startswith(REMOTE_NOTE) for note in getattr(error, "__notes__", ()))


def excepthook(ex_type: type[BaseException], ex_value: BaseException, ex_tb: TracebackType | None) -> None:
    """For ``sys.excepthook``: print uncaught exceptions with their remote traceback."""
    sys.stderr.write("".join(get_pyro_traceback(ex_type, ex_value, ex_tb)))
