"""URIs: their parts, as in real Pyro5; what is wrong with a text; states from strangers."""

from __future__ import annotations

from typing import Any

import Pyro5.core
import Pyro5.errors
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pyroplug import uri as module
from pyroplug.config import config
from pyroplug.errors import PyroError
from pyroplug.uri import URI

PARTS = ("protocol", "object", "host", "port", "sockname", "location")

USABLE = [
    "PYRO:obj@localhost:9090",
    "pyro:obj@localhost:9090",
    "PyRo:obj@LocalHost:9090",
    "PYRO:obj@localhost:0",
    "PYRO:obj@localhost:65535",
    "PYRO:obj@localhost:00080",
    "PYRO:obj@localhost:80\n",
    "PYRO:obj@localhost:80 ",
    "PYRO:obj@127.0.0.1:80",
    "PYRO:obj@host_with-marks.example:80",
    "PYRO:obj@bücher.example:80",
    "PYRO:obj:with/any=thing&ß@h:80",
    "PYRO:@scope/obj@h:80",
    "PYRO:Pyro.Daemon@<<connected-socket>>:0",
    "PYRO:obj@[::1]:80",
    "PYRO:obj@[2001:DB8::1]:80",
    "PYRO:obj@[fe80::1%2]:80",
    "PYRO:obj@./u:sock",
    "PYRO:obj@./u:/tmp/a socket",
    "PYRO:obj@./u:/tmp/x@y",
    "PYRO:obj@./u:\0abstract",
    "PYRO:obj@./u:sock \n",
    "PYRONAME:name",
    "pyroname:name\n",
    "PYRONAME:a.b/c:d",
    "PYRONAME:name@h",
    "PYRONAME:name@h:",
    "PYRONAME:name@h:80",
    "PYRONAME:name@h:000080",
    "PYRONAME:name@[::1]",
    "PYRONAME:name@[::1]:80",
    "PYRONAME:name@./u:sock",
    "PYROMETA:tag",
    "PYROMETA:b,a,b",
    "pyrometa:a,b@h",
    "PYROMETA:a,b@[::1]:80",
    "PYROMETA:a,b@./u:sock",
]
"""Texts that real Pyro5 understands, and so do we."""


def theirs(text: str) -> Any:
    """Real Pyro5's URI, ``None`` where it refuses."""
    try:
        return Pyro5.core.URI(text)
    except Pyro5.errors.PyroError:
        return None


def parts(uri: Any) -> dict[str, Any]:
    return {name: getattr(uri, name) for name in PARTS}


def tags_sorted(text: str) -> str:
    """The text with the tags of a PYROMETA in order; real Pyro5 writes them in any."""
    head, at, location = text.partition("@")
    protocol, colon, names = head.partition(":")
    return f"{protocol}{colon}{','.join(sorted(names.split(',')))}{at}{location}"


def assert_same(ours: URI, text: str) -> None:
    real = theirs(text)
    assert real is not None
    assert parts(ours) == parts(real)
    assert ours.__getstate__() == real.__getstate__()
    assert type(ours.__getstate__()[1]) is type(real.object)
    if ours.protocol == "PYROMETA":
        assert tags_sorted(str(real)) == str(ours)
    else:
        assert str(ours) == str(real)


# As real Pyro5


@pytest.mark.parametrize("text", USABLE)
def test_usable_texts_mean_what_they_mean_to_pyro5(text: str) -> None:
    assert_same(URI(text), text)


@pytest.mark.parametrize("text", USABLE)
def test_texts_go_round(text: str) -> None:
    uri = URI(text)
    assert URI(str(uri)) == uri
    assert str(URI(str(uri))) == str(uri)


def test_the_parts_spelled_out() -> None:
    assert parts(URI("pyro:obj@[::1]:80")) == {
        "protocol": "PYRO",
        "object": "obj",
        "host": "::1",
        "port": 80,
        "sockname": None,
        "location": "[::1]:80",
    }
    assert parts(URI("PYROMETA:a,b@./u:x")) == {
        "protocol": "PYROMETA",
        "object": {"a", "b"},
        "host": None,
        "port": None,
        "sockname": "x",
        "location": "./u:x",
    }
    assert str(URI("PYROMETA:b,c,a@h:1")) == "PYROMETA:a,b,c@h:1"


def test_the_name_servers_port_is_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(config._values, "NS_PORT", 4711)
    assert URI("PYRONAME:name@h").port == 4711
    assert URI("PYROMETA:tag@[::1]").location == "[::1]:4711"
    assert URI("PYRONAME:name").port is None


def test_reserved_names() -> None:
    assert module.DAEMON_NAME == Pyro5.core.DAEMON_NAME
    assert module.NAMESERVER_NAME == Pyro5.core.NAMESERVER_NAME


@pytest.mark.parametrize("location", ["./u:x", "./u:", "./U:x", "h:1", "./ipc:x", ""])
def test_unix_socket_locations(location: str) -> None:
    assert URI.isUnixsockLocation(location) is Pyro5.core.URI.isUnixsockLocation(location)


PIECES = ["PYRO", "pyroname", "PYROMETA", ":", "@", "a", "b,c", ",", "h", "80", "70000", "./u:", "./x:"]
PIECES += ["[", "]", "[::1]", " ", "\n", "x.y", "%", "-1", "+1", "1_0", "٣", "\0", "./", "//"]


@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join))
@example("PYRONAME:a@[::1]junk")
@example("PYRO:a@[12]:80")
@example("PYRONAME:a@:80")
@example("PYROMETA:a,,b")
@example("PYROMETA:PYRO@")
@example("PYRO:a@h:1_0")
def test_the_same_as_pyro5_wherever_that_makes_sense(text: str) -> None:
    real = theirs(text)
    try:
        uri = URI(text)
    except PyroError:
        assert real is None or is_meaningless(text, real), text
    else:
        if uri.location is None or uri.host or uri.sockname:
            assert_same(uri, text)


def is_meaningless(text: str, real: Any) -> bool:
    """Whether what real Pyro5 made of a text could never be used, or not be told to another."""
    again = theirs(str(real))
    port = text.partition("@")[2].rpartition(":")[2].strip()
    return (
        again is None
        or again.__getstate__() != real.__getstate__()
        or (real.protocol == "PYROMETA" and "" in real.object)
        or ("@" in "".join(real.object) and not real.location)  # the @ was to separate something
        or bool(real.host and (real.host.startswith(".") or set(real.host) & set("@[] \0")))
        or (real.port is not None and not 0 <= real.port <= 65535)
        or ("[" in text and not text.rstrip().endswith(("[::1]", f"[::1]:{port}")))
        or (real.port is not None and not port.isascii())  # digits of other scripts,
        or (real.port is not None and bool(set(port) & set("+_")))  # and ways that only Python writes
    )


# What there is beyond


@pytest.mark.parametrize("text", ["PYRO:obj@./ipc:a:b/c d", "PYRONAME:name@./x-y:1", "PYROMETA:a,b@./U:x"])
def test_locations_of_other_transports(text: str) -> None:
    uri = URI(text)
    assert str(uri) == text
    assert uri.location == text.partition("@")[2]
    assert (uri.host, uri.port, uri.sockname) == (None, None, None)
    assert URI.from_state(uri.__getstate__()) == uri


@pytest.mark.parametrize("host", ["fe80::1%eth0", "::ffff:1.2.3.4"])
def test_ipv6_addresses_that_pyro5_does_not_know(host: str) -> None:
    uri = URI(f"PYRO:obj@[{host}]:80")
    assert (uri.host, uri.location) == (host, f"[{host}]:80")


# Unusable texts


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "starts with none of"),
        ("PYRO", "starts with none of"),
        ("PYROX:a@h:1", "starts with none of"),
        (" PYRO:a@h:1", "starts with none of"),
        ("http://h:1", "starts with none of"),
        ("PYRO:", "the object is missing"),
        ("PYRO:@h:1", "the object is missing"),
        ("PYRONAME:", "the object is missing"),
        ("PYRONAME:@h", "the object is missing"),
        ("PYRO:a b@h:1", "white space in the object 'a b'"),
        ("PYRONAME:a\n\n", "white space in the object"),
        ("PYROMETA:", "the object is missing"),
        ("PYROMETA:a,,b", "an empty tag"),
        ("PYROMETA:,", "an empty tag"),
        ("PYRO:a", "the location is missing"),
        ("PYRO:a@", "nothing follows the @"),
        ("PYRONAME:a@", "nothing follows the @"),
        ("PYRO:a@h", "the port is missing"),
        ("PYRO:a@h:", "the port is missing"),
        ("PYRO:a@h:x", "'x' is not a port number"),
        ("PYRO:a@h: ", "' ' is not a port number"),
        ("PYRO:a@h:-1", "'-1' is not a port number"),
        ("PYRO:a@h:1_0", "'1_0' is not a port number"),
        ("PYRO:a@h:٣", "is not a port number"),
        ("PYRO:a@h:65536", "there is no port 65536"),
        ("PYRO:a@h:99999", "there is no port 99999"),
        ("PYRO:a@h:" + "9" * 10_000, "there is no port 9999"),
        ("PYRO:a@:1", "the host is missing"),
        ("PYRONAME:a@:1", "the host is missing"),
        ("PYRO:a@b@h:1", "more than one @"),
        ("PYRO:a@h h:1", "'h h' is no host name"),
        ("PYRO:a@h]:1", "'h]' is no host name"),
        ("PYRO:a@::1:80", "more than one colon"),
        ("PYRO:a@[[::1]]:80", "too many brackets"),
        ("PYRO:a@[::1:80", "the bracket after the IPv6 address is missing"),
        ("PYRO:a@[h]:80", "'h' is no numeric IPv6 address"),
        ("PYRO:a@[12]:80", "'12' is no numeric IPv6 address"),
        ("PYRO:a@[127.0.0.1]:80", "is no numeric IPv6 address"),
        ("PYRO:a@[::1%a b]:80", "is no numeric IPv6 address"),
        ("PYRO:a@[]:80", "'' is no numeric IPv6 address"),
        ("PYRO:a@[::1]", "the port is missing"),
        ("PYRO:a@[::1]80", "'80' follows the IPv6 address"),
        ("PYRONAME:a@[::1]junk", "'junk' follows the IPv6 address"),
        ("PYRO:a@./u:", "after ./u: is missing"),
        ("PYRO:a@./u:a:b", "'a:b' has a colon in it"),
        ("PYRO:a@./u:a\nb", "after ./u: has a line break"),
        ("PYRO:a@./x:a\nb", "after ./x: has a line break"),
        ("PYRO:a@./sock", "'./sock' names no transport"),
        ("PYRO:a@./:x", "'./:x' names no transport"),
        ("PYRO:a@./a/b:x", "'./a/b:x' names no transport"),
    ],
)
def test_what_is_wrong_is_said(text: str, why: str) -> None:
    with pytest.raises(PyroError) as caught:
        URI(text)
    message, _, hint = str(caught.value).partition("\nhint: ")
    assert why in message
    assert hint == caught.value.hint
    assert repr(text)[:100] in message
    assert len(message) < 1000


@pytest.mark.parametrize("value", [None, 42, b"PYRO:a@h:1", ["PYRO:a@h:1"], Pyro5.core.URI("PYRO:a@h:1")])
def test_other_types(value: Any) -> None:
    with pytest.raises(TypeError, match=f"not of a {type(value).__name__}"):
        URI(value)


@given(st.text() | st.text().map("PYRO:a@".__add__) | st.text().map("pyroname:".__add__))
def test_any_text_is_a_uri_or_a_pyro_error(text: str) -> None:
    try:
        uri = URI(text)
    except PyroError:
        return
    assert URI(str(uri)) == uri
    assert URI.from_state(uri.__getstate__()) == uri
