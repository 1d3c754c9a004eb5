"""Addresses of remote objects: from their text to their parts, and back.

::

    PYRO:object@location          the object, directly
    PYRONAME:name[@location]      the object that a name server knows by that name
    PYROMETA:tag,tag[@location]   some object that a name server knows with all of these tags

A location is ``host:port``, ``[v6]:port``, ``./u:path`` for a Unix socket, or ``./NAME:address`` for a
transport that calls itself NAME. After PYRONAME and PYROMETA it is the name server's: it may be left out, and
so may the port. Nothing here looks anything up.
"""

from __future__ import annotations

import re
import reprlib
from collections.abc import Sequence
from typing import Any, NoReturn, TypeVar

from .config import config
from .errors import PyroError, SerializeError
from .values import register_wire_class

__all__ = ["DAEMON_NAME", "NAMESERVER_NAME", "URI"]

DAEMON_NAME = "Pyro.Daemon"
"""The object id under which every daemon serves itself."""
NAMESERVER_NAME = "Pyro.NameServer"
"""The object id of a name server."""

MAX_PORT = 65535
_PROTOCOLS = frozenset({"PYRO", "PYRONAME", "PYROMETA"})
_FIELDS = frozenset({"protocol", "object", "sockname", "host", "port", "location"})
_LONGEST_SHOWN = 200

_is_usual = re.compile(r"PYRO:([^\s@]+)@([A-Za-z0-9._-]+):([0-9]{1,5})").fullmatch
_is_scheme = re.compile(r"[^\s:/]+").fullmatch
_set = object.__setattr__

U = TypeVar("U", bound="URI")


class URI:
    """The address of a remote object. It never changes, compares by value, and can be a dictionary's key.

    :ivar protocol: ``PYRO``, ``PYRONAME`` or ``PYROMETA``.
    :ivar object: the object id or name; with ``PYROMETA`` a frozen set of tags.
    :ivar host: host name or IP address, without brackets; ``None`` where the location has none.
    :ivar port: the port; ``None`` where there is no host.
    :ivar sockname: a Unix socket's path, or NUL and abstract name; otherwise ``None``.
    :ivar location: the whole location as text; ``None`` if the URI has none.
    """

    __slots__ = ("__weakref__", "host", "location", "object", "port", "protocol", "sockname")

    protocol: str
    object: Any
    sockname: str | None
    host: str | None
    port: int | None
    location: str | None

    def __init__(self, uri: str | URI) -> None:
        """Take a text apart, or copy a URI.

        :raises PyroError: if the text is no URI; it says what is wrong with it.
        :raises TypeError: for anything but a text or a URI.
        """
        if isinstance(uri, str):
            _parse(self, uri)
        elif isinstance(uri, URI):
            _fill(self, uri.protocol, uri.object, uri.sockname, uri.host, uri.port, uri.location)
        else:
            raise TypeError(f"a URI is made of a str or another URI, not of a {type(uri).__name__}")

    @classmethod
    def from_state(cls: type[U], state: Any) -> U:
        """The URI of a state that came from a peer.

        :raises SerializeError: if it is not the state of a URI.
        """
        uri = cls.__new__(cls)
        uri.__setstate__(state)
        return uri

    @staticmethod
    def isUnixsockLocation(location: str) -> bool:
        """Whether a location is that of a Unix socket."""
        return location.startswith("./u:")

    def __str__(self) -> str:
        name = ",".join(sorted(self.object)) if self.protocol == "PYROMETA" else self.object
        location = self.location
        return f"{self.protocol}:{name}" if location is None else f"{self.protocol}:{name}@{location}"

    def __repr__(self) -> str:
        return f"<{type(self).__module__}.{type(self).__qualname__} at {id(self):#x}; {self}>"

    def __eq__(self, other: Any) -> bool:
        if not isinstance(other, URI):
            return NotImplemented
        return (
            self.location == other.location
            and self.object == other.object
            and self.protocol == other.protocol
        )

    def __hash__(self) -> int:
        return hash((self.protocol, self.object, self.location))

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _FIELDS:
            raise AttributeError(f"a URI never changes: its {name} cannot be set; make another URI")
        _set(self, name, value)

    def __delattr__(self, name: str) -> None:
        if name in _FIELDS:
            raise AttributeError(f"a URI never changes: its {name} cannot be deleted")
        object.__delattr__(self, name)

    def __getstate__(self) -> tuple[Any, ...]:
        """Protocol, object, socket name, host and port: what copies, pickles and messages carry.

        The object is a set with PYROMETA. A third party's location is in the place of the socket name, as
        ``NAME:address``; the name of a Unix socket has no colon.
        """
        name = set(self.object) if self.protocol == "PYROMETA" else self.object
        sockname = self.sockname
        if self.host is None and sockname is None and self.location is not None:
            sockname = self.location[2:]
        return self.protocol, name, sockname, self.host, self.port

    def __setstate__(self, state: Any) -> None:
        text = _text_of(state)
        try:
            _parse(self, text)
        except PyroError as error:
            raise _not_a_state(state, str(error)) from error
        # What parsing is lenient about, or reads as something else, has no place in a state.
        found = self.__getstate__()
        name = state[1] if isinstance(state[1], str) else set(state[1])
        if found != (state[0], name, *state[2:]):
            raise _not_a_state(state, f"it would be the URI {text!r}")


# The slots themselves: past the guard, and faster than object.__setattr__.
_set_protocol, _set_object, _set_sockname, _set_host, _set_port, _set_location = (
    URI.__dict__[name].__set__ for name in ("protocol", "object", "sockname", "host", "port", "location")
)


def _fill(
    uri: URI,
    protocol: str,
    name: str | frozenset[str],
    sockname: str | None = None,
    host: str | None = None,
    port: int | None = None,
    location: str | None = None,
) -> None:
    _set_protocol(uri, protocol)
    _set_object(uri, name)
    _set_sockname(uri, sockname)
    _set_host(uri, host)
    _set_port(uri, port)
    _set_location(uri, location)


# Text ------------------------------------------------------------------------------------------------


def _parse(uri: URI, text: str) -> None:
    usual = _is_usual(text)
    if usual is not None:  # nearly every URI, in half of the time
        name, host, port = usual.groups()
        number = int(port)
        if number <= MAX_PORT:
            _fill(uri, "PYRO", name, None, host, number, f"{host}:{number}")
            return
    _parse_any(uri, text)


def _parse_any(uri: URI, text: str) -> None:
    scheme, colon, rest = text.partition(":")
    protocol = scheme.upper()
    if protocol not in _PROTOCOLS or not colon:
        _fail(text, "it starts with none of PYRO: PYRONAME: PYROMETA:", "an example is PYRO:object@host:9090")
    rest = rest.removesuffix("\n")  # a line that was read from a file
    at = rest.find("@", 1)  # the object's first character is never the separator, as in Pyro5
    name = rest if at < 0 else rest[:at]
    if not name or (at < 0 and name[0] == "@"):
        _fail(text, "the object is missing", "write its id or name after the colon")
    if name.split() != [name]:
        _fail(text, f"there is white space in the object {name!r}", "ids, names and tags have none")
    tags = _tags(text, name) if protocol == "PYROMETA" else name
    if at >= 0:
        _parse_location(uri, text, protocol, tags, rest[at + 1 :])
    elif protocol == "PYRO":
        _fail(
            text,
            "the location is missing",
            f"write PYRO:{_shown(name)}@host:port, or PYRONAME:{_shown(name)} if a name server knows it",
        )
    else:
        _fill(uri, protocol, tags)


def _tags(text: str, name: str) -> frozenset[str]:
    tags = frozenset(name.split(","))
    if "" in tags:
        _fail(text, "there is an empty tag", "put one comma between two tags, and none at the ends")
    return tags


def _parse_location(uri: URI, text: str, protocol: str, name: str | frozenset[str], location: str) -> None:
    if not location:
        _fail(text, "nothing follows the @", "write a location after it: host:port, [v6]:port or ./u:path")
    if location.startswith("./"):
        _fill(uri, protocol, name, _sockname(text, location), None, None, location)
        return
    host, port = _split_v6(text, location) if location[0] == "[" else _split(text, location)
    number = _port(text, protocol, host, port)
    _fill(uri, protocol, name, None, host, number, _join(host, number))


def _sockname(text: str, location: str) -> str | None:
    """The path of a Unix socket; ``None`` for an address of another transport."""
    scheme, colon, address = location[2:].partition(":")
    if not colon or not _is_scheme(scheme):
        _fail(
            text,
            f"{_shown(location)!r} names no transport",
            "a Unix socket's location is ./u:path, that of another transport ./NAME:address",
        )
    if not address or "\n" in address:
        wrong = "is missing" if not address else "has a line break in it"
        _fail(text, f"the address after ./{scheme}: {wrong}", f"write it as ./{scheme}:address")
    if scheme != "u":
        return None
    if ":" in address:
        _fail(text, f"the socket name {address!r} has a colon in it", "choose a path without colons")
    return address


def _split(text: str, location: str) -> tuple[str, str]:
    host, _, port = location.partition(":")
    if ":" in port:
        _fail(
            text,
            "there is more than one colon in the location",
            "it is host:port; an IPv6 address goes in brackets: [::1]:9090",
        )
    if not host:
        _fail(text, "the host is missing", "write the location as host:port")
    if "@" in host:
        _fail(text, "there is more than one @", "only the location is preceded by one")
    if not host.isprintable() or " " in host or "[" in host or "]" in host:
        _fail(text, f"{_shown(host)!r} is no host name", "check its spelling")
    return host, port


def _split_v6(text: str, location: str) -> tuple[str, str]:
    import ipaddress

    if location.startswith("[["):
        _fail(text, "an IPv6 address is enclosed in too many brackets", "one pair is enough: [::1]:9090")
    host, bracket, port = location[1:].partition("]")
    if not bracket:
        _fail(text, "the bracket after the IPv6 address is missing", "write it as [::1]:9090")
    try:
        ipaddress.IPv6Address(host)
        valid = host.isprintable() and " " not in host
    except ValueError:
        valid = False
    if not valid:
        _fail(
            text,
            f"{_shown(host)!r} is no numeric IPv6 address",
            "only those are written in brackets; a host name and an IPv4 address are not",
        )
    if port and port[0] != ":":
        _fail(text, f"{_shown(port)!r} follows the IPv6 address", "write it as [::1]:9090")
    return host, port[1:]


def _port(text: str, protocol: str, host: str, port: str) -> int:
    if not port:
        if protocol == "PYRO":
            _fail(text, "the port is missing", f"write the location as {_join(_shown(host), 9090)}")
        return int(config.NS_PORT)
    digits = port.strip()
    if not (digits.isascii() and digits.isdigit()):
        _fail(text, f"{_shown(port)!r} is not a port number", "the port is a number, such as 9090")
    digits = digits.lstrip("0") or "0"
    if len(digits) > len(str(MAX_PORT)) or int(digits) > MAX_PORT:
        _fail(text, f"there is no port {_shown(digits)}", f"ports go from 0 to {MAX_PORT}")
    return int(digits)


def _join(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _shown(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


def _fail(text: str, why: str, hint: str) -> NoReturn:
    raise PyroError(f"invalid URI {_shown(text)!r}: {why}", hint=hint)


# State -----------------------------------------------------------------------------------------------


def _text_of(state: Any) -> str:
    """The URI's text, if the state's parts have the right types; the rest is left to parsing."""
    if not isinstance(state, (tuple, list)) or len(state) != 5:
        raise _not_a_state(state, "it is no sequence of five parts")
    protocol, name, sockname, host, port = state
    if not isinstance(protocol, str) or protocol not in _PROTOCOLS:
        raise _not_a_state(state, "its protocol is not PYRO, PYRONAME or PYROMETA")
    if protocol == "PYROMETA":
        if not isinstance(name, (set, frozenset, tuple, list)) or not all(isinstance(t, str) for t in name):
            raise _not_a_state(state, "its object is no set of tags")
        name = ",".join(sorted(name))
    elif not isinstance(name, str):
        raise _not_a_state(state, "its object is no text")
    location = _location_of(state, sockname, host, port)
    return f"{protocol}:{name}" if location is None else f"{protocol}:{name}@{location}"


def _location_of(state: Sequence[Any], sockname: Any, host: Any, port: Any) -> str | None:
    if sockname is None and host is None and port is None:
        return None
    if isinstance(sockname, str) and host is None and port is None:
        return f"./{sockname}" if ":" in sockname else f"./u:{sockname}"
    if isinstance(host, str) and type(port) is int and 0 <= port <= MAX_PORT and sockname is None:
        return _join(host, port)
    raise _not_a_state(state, "its location is neither a socket name, nor a host and a port")


def _not_a_state(state: Any, why: str) -> SerializeError:
    try:
        shown = reprlib.repr(state)
    except Exception:  # a number may have too many digits to be written
        shown = f"a {type(state).__name__}"
    return SerializeError(
        f"invalid state of a URI, {shown}: {why}",
        hint="it is (protocol, object, socket name, host, port)",
    )


register_wire_class(URI, "Pyro5.core.URI", URI.__getstate__, URI.from_state)
