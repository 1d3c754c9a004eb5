"""The proxy: a remote object as if it were here.

A proxy is a thin face. What it knows of its object, and the connection, is its channel's business; here is
what Python code does with an object, turned into calls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from itertools import count
from types import FunctionType
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from weakref import ref

from .channel import Channel
from .channel_attribute import ChannelAttribute
from .config import Configuration, config
from .context import keep_received
from .errors import PyroError
from .line import ServerConnection
from .uri import DAEMON_NAME, URI
from .values import register_wire_class

__all__ = ["Proxy", "remote_method"]

if TYPE_CHECKING:
    import typing_extensions

    from .plugins import PluginSet

    T = typing_extensions.TypeVar("T", default=Any)
else:
    T = TypeVar("T")

Invoke = Callable[[str, Sequence[Any], Mapping[str, Any]], Any]

_PROBES = frozenset(
    f"__{name}__"
    for name in (
        "deepcopy",
        "getnewargs",
        "getnewargs_ex",
        "getinitargs",
        "wrapped",
        "signature",
        "name",
        "await",
    )
)
"""What Python's own modules ask any object for; it is nobody's remote method, and worth no connection."""
_CONNECTED_SOCKET = "<<connected-socket>>"
_set = object.__setattr__


def remote_method(invoke: Invoke, name: str) -> Callable[..., Any]:
    """A function that calls a method of a remote object. It is none of a class: those take longer to call."""

    def remote_method(*args: Any, **kwargs: Any) -> Any:
        return invoke(name, args, kwargs)

    remote_method.__name__ = name
    remote_method.__qualname__ = f"<remote method {name!r}>"
    return remote_method


class Proxy(Generic[T]):
    """Stands for a remote object: its methods can be called, and its properties read and set.

    The connection is made when it is first needed, and closed by ``_pyroRelease``, at the end of a ``with``
    block, or when nobody needs the proxy any longer. A proxy belongs to the thread that made it.

    ``Proxy[Warehouse](uri)`` tells type checkers, and editors, that the remote object is a ``Warehouse``:
    in ``with Proxy[Warehouse](uri) as warehouse:`` and in ``warehouse = Proxy[Warehouse](uri)._pyroObject``
    the name ``warehouse`` is known to be one.

    Attributes of the proxy itself start with ``_pyro``; every other name is the remote object's.
    """

    _pyroChannel: Channel

    def __init__(
        self,
        uri: str | URI,
        connected_socket: Any = None,
        *,
        config: Configuration = config,
        plugins: PluginSet | None = None,
    ) -> None:
        """Make a proxy; no connection is made yet.

        :param uri: of the object; with ``connected_socket`` its id alone.
        :param connected_socket: a socket that is connected with the daemon already. It stays yours.
        :param config: the configuration to use.
        :param plugins: the plugins to choose from; ``None`` for the process's own.
        :raises PyroError: the URI is unusable.
        :raises PluginUnavailableError: the configured serializer is not to be had; it is a ``ValueError``.
        :raises TypeError: ``uri`` is neither a text nor a URI.
        """
        if connected_socket is not None and isinstance(uri, str):
            uri = f"PYRO:{uri}@{_CONNECTED_SOCKET}:0"
        uri = URI(uri)
        chosen = _default_plugins() if plugins is None else plugins
        chosen.serializer(config.SERIALIZER)  # refused here and not with the first call
        _set_up(self, _new_channel(uri, config, lambda: chosen, connected_socket))
        keep_received({})

    # Python's own protocols

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_pyro") or name in _PROBES:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        channel = self._pyroKnown()
        if name in channel.attributes:
            return self._pyroInvoke("__getattr__", (name,), None)
        if name not in channel.methods:
            raise AttributeError(f"remote object {channel.uri} has no exposed attribute or method {name!r}")
        if type(self)._pyroInvoke is not _INVOKE or "_pyroInvoke" in self.__dict__:
            return remote_method(self._pyroInvoke, name)
        # It is found without __getattr__ from now on. It keeps the channel alive, and not the proxy, which
        # would be garbage in a cycle otherwise, with an open connection.
        method = self.__dict__[name] = remote_method(channel.call, name)
        return method

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith(("_pyro", "__")):
            _set(self, name, value)
            if name == "_pyroInvoke":
                for method in [key for key, kept in self.__dict__.items() if _is_remote_method(kept)]:
                    del self.__dict__[method]
            return
        channel = self._pyroKnown()
        if name not in channel.attributes:
            raise AttributeError(f"remote object {channel.uri} has no exposed attribute {name!r}")
        self._pyroInvoke("__setattr__", (name, value), None)

    def __repr__(self) -> str:
        channel = self._pyroChannel
        state = "connected" if channel.connected else "not connected"
        name = f"{type(self).__module__}.{type(self).__qualname__}"
        return f"<{name} at {id(self):#x}; {state}; for {channel.uri}>"

    def __dir__(self) -> list[str]:
        channel = self._pyroChannel
        return sorted({*object.__dir__(self), *channel.methods, *channel.attributes})

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Proxy):
            return self._pyroUri == other._pyroUri
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self._pyroUri)

    def __enter__(self) -> T:
        return self  # type: ignore[return-value]  # it stands for one

    def __exit__(self, *_: object) -> None:
        self._pyroRelease()

    def __copy__(self) -> Any:
        """A proxy of its own for this thread, with the same settings and no connection."""
        mine = self._pyroChannel
        twin = type(self).__new__(type(self))
        channel = _new_channel(mine.uri, mine.settings, mine.plugins, mine.socket)
        for setting in ("serializer", "handshake", "max_retries", "raw", "timeout", "whereabouts"):
            setattr(channel, setting, getattr(mine, setting))
        channel.methods, channel.oneway = set(mine.methods), set(mine.oneway)
        channel.attributes, channel.idempotent = set(mine.attributes), set(mine.idempotent)
        _set_up(twin, channel)
        return twin

    def __getstate__(self) -> tuple[Any, ...]:
        """What copies in other processes are made of: no connection, and nothing of this process."""
        channel = self._pyroChannel
        return (
            str(channel.uri),
            tuple(channel.oneway),
            tuple(channel.methods),
            tuple(channel.attributes),
            channel.handshake,
            channel.serializer,
        )

    def __setstate__(self, state: Sequence[Any]) -> None:
        uri, oneway, methods, attributes, handshake, serializer = state
        if not (serializer is None or isinstance(serializer, str)):
            raise PyroError(f"the state of a proxy names a serializer that is no text: {serializer!r:.100}")
        channel = _new_channel(URI(uri), config, _default_plugins, None)
        channel.handshake, channel.serializer = handshake, serializer
        channel.methods, channel.oneway = set(map(_name, methods)), set(map(_name, oneway))
        channel.attributes = set(map(_name, attributes))
        _set_up(self, channel)

    # What is forwarded although Python looks it up in the class

    def __len__(self) -> int:
        return int(self._pyroForward("__len__"))

    def __getitem__(self, index: Any) -> Any:
        return self._pyroForward("__getitem__", index)

    def __setitem__(self, index: Any, value: Any) -> None:
        self._pyroForward("__setitem__", index, value)

    def __delitem__(self, index: Any) -> None:
        self._pyroForward("__delitem__", index)

    def __iter__(self) -> Iterator[Any]:
        if "__iter__" not in self._pyroKnown().methods:
            return _by_index(self)
        found: Iterator[Any] = iter(self._pyroForward("__iter__"))
        return found

    def __bool__(self) -> bool:
        return True

    def _pyroForward(self, name: str, *args: Any) -> Any:
        if name not in self._pyroKnown().methods:
            raise _NoSpecialMethod(f"remote object {self._pyroUri} has no exposed method {name!r}")
        return self._pyroInvoke(name, args, {})

    # Pyro's own names

    _pyroUri = ChannelAttribute[URI]("uri", "The remote object's address.")
    _pyroMethods = ChannelAttribute["set[str]"]("methods", "The names of its methods, once it was connected.")
    _pyroAttrs = ChannelAttribute["set[str]"]("attributes", "The names of its properties.")
    _pyroOneway = ChannelAttribute["set[str]"](
        "oneway", "The names of the methods whose answer is not waited for; may be changed."
    )
    _pyroIdempotent = ChannelAttribute["set[str]"](
        "idempotent", "The names of the methods that may be called twice; may be changed."
    )
    _pyroSeq = ChannelAttribute[int]("sequence", "The sequence number of the last call.")
    _pyroTimeout = ChannelAttribute["float | None"](
        "timeout", "Seconds that a call may take, with connecting; ``None`` or 0 for ever."
    )
    _pyroMaxRetries = ChannelAttribute[int](
        "max_retries", "How often a call is repeated, where it may be, that failed on its way."
    )
    _pyroSerializer = ChannelAttribute["str | None"](
        "serializer", "The serializer's name; ``None`` for the configuration's ``SERIALIZER``."
    )
    _pyroHandshake = ChannelAttribute[Any]("handshake", "What is said to the daemon when connecting.")
    _pyroRawWireResponse = ChannelAttribute[bool](
        "raw", "Whether calls give the answer's message instead of what it means."
    )
    _pyroConnection: ChannelAttribute[ServerConnection | None] = ChannelAttribute(
        "face", "The connection, if there is one."
    )

    @property
    def _pyroObject(self) -> T:
        """The proxy itself; for type checkers it is the remote object that it stands for."""
        return self  # type: ignore[return-value]

    @property
    def _pyroLocalSocket(self) -> Any:
        """The address of this end of the connection; ``None`` without one."""
        sock = None if self._pyroConnection is None else self._pyroConnection.sock
        return None if sock is None else sock.getsockname()

    def _pyroBind(self) -> bool:
        """Connect now: false if the proxy is connected already. Raises as the first call would."""
        return self._pyroChannel.connect()

    def _pyroRelease(self) -> None:
        """Close the connection; the next call makes a new one.

        :raises PyroError: another thread owns the proxy.
        """
        self._pyroChannel.check_owner()
        self._pyroChannel.release()

    def _pyroReconnect(self, tries: int = 100_000_000) -> None:
        """Connect anew, and try again, after ever longer pauses, as long as that may help.

        :raises ConnectionClosedError: after ``tries`` attempts.
        :raises PyroError: at once, what another attempt cannot change, such as a refusal.
        """
        self._pyroChannel.reconnect(tries)

    def _pyroClaimOwnership(self) -> None:
        """Make this thread the proxy's owner, and the only one that may use it. The connection stays."""
        self._pyroChannel.claim()

    def _pyroValidateHandshake(self, response: Any) -> None:
        """To be overridden: raise an exception to refuse the daemon, by its answer to the handshake."""

    def _pyroInvoke(
        self,
        methodname: str,
        vargs: Sequence[Any],
        kwargs: Mapping[str, Any] | None,
        flags: int = 0,
        objectId: str | None = None,
    ) -> Any:
        """Call a remote method; every call goes this way where it is overridden.

        :param flags: of the message, see :class:`pyroplug.wire.Flags`.
        :param objectId: another object of the same daemon.
        """
        return self._pyroChannel.call(methodname, vargs, kwargs, flags, objectId)

    def _pyroGetMetadata(self, objectId: str | None = None, known_metadata: Any = None) -> None:
        """Learn what the remote object has: by asking its daemon, or from ``known_metadata``.

        :param objectId: another object of the same daemon, whose members this proxy then has.
        :param known_metadata: with the entries ``methods``, ``oneway`` and ``attrs``.
        :raises PyroError: it exposes nothing.
        """
        channel = self._pyroChannel
        if known_metadata is not None:
            channel.set_metadata(known_metadata)
        elif objectId is not None or not channel.prepare():
            asked = objectId or channel.uri.object
            channel.set_metadata(self._pyroInvoke("get_metadata", (asked,), {}, objectId=DAEMON_NAME))

    def _pyroKnown(self) -> Channel:
        """The channel, when it is known what the object has."""
        channel = self._pyroChannel
        if not (channel.methods or channel.attributes):
            self._pyroGetMetadata()
        return channel


def _is_remote_method(value: object) -> bool:
    return type(value) is FunctionType and value.__module__ == __name__


_INVOKE = Proxy._pyroInvoke
"""What may be passed by on the way to the channel, as long as nobody has put something else in its place."""


def _default_plugins() -> PluginSet:
    return _give_plugins()()


@cache
def _give_plugins() -> Callable[[], PluginSet]:
    from .plugins import default_plugins  # when they are needed: it takes a while

    return default_plugins


def _new_channel(uri: URI, settings: Configuration, plugins: Callable[[], PluginSet], socket: Any) -> Channel:
    if not settings.CALL_OBSERVERS:
        return Channel(uri, settings, plugins, socket)
    from .observed_channel import ObservedChannel

    return ObservedChannel(uri, settings, plugins, socket)


def _set_up(proxy: Proxy[Any], channel: Channel) -> None:
    _set(proxy, "_pyroChannel", channel)
    channel.validate = _Validation(proxy)


class _Validation:
    """Lets a proxy judge its daemon, and does not keep the proxy alive."""

    __slots__ = ("_proxy",)

    def __init__(self, proxy: Proxy[Any]) -> None:
        self._proxy = ref(proxy)

    def __call__(self, response: Any) -> None:
        proxy = self._proxy()
        if proxy is not None:
            proxy._pyroValidateHandshake(response)


class _NoSpecialMethod(AttributeError, TypeError):
    """What the lack of a special method is to Python, which asks for some without need, and to Pyro5."""


def _by_index(proxy: Proxy[Any]) -> Iterator[Any]:
    for index in count():
        try:
            item = proxy[index]
        except IndexError:
            return
        yield item


def _name(value: Any) -> str:
    if not isinstance(value, str):
        raise PyroError(f"the state of a proxy has a name that is no text: {value!r:.100}")
    return value


def _from_state(state: Any) -> Proxy[Any]:
    proxy = Proxy.__new__(Proxy)
    proxy.__setstate__(state)
    return proxy


register_wire_class(Proxy, "Pyro5.client.Proxy", Proxy.__getstate__, _from_state)
