"""Whatever is asked for, in whatever way, only exposed objects and public names are reached."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyroplug_gateway.answers import Answer
from pyroplug_gateway.app import Gateway
from pyroplug_gateway.calls import Call, is_public
from pyroplug_gateway.settings import Settings
from werkzeug.test import Client, EnvironBuilder, run_wsgi_app

from pyroplug.api import expose
from pyroplug.config import Configuration
from pyroplug.errors import NamingError

EXPOSED = {"http.shop", "http.a/b", "http.", "fixed"}
HIDDEN = {"shop", "Pyro.NameServer", "Pyro.Daemon", "internal/http.shop", "xhttp.shop", "HTTP.shop"}
STATUSES = {200, 302, 400, 403, 404, 405, 413, 415}


class Reached:
    """Stands for all remote objects, and the name server: notes who is asked for."""

    def __init__(self) -> None:
        self.looked_up: list[str] = []
        self.called: list[Call] = []

    def ask(self, method: str, *args: str, timeout: float | None = None) -> Any:
        if method == "list":
            return dict.fromkeys(EXPOSED | HIDDEN, "PYRO:x@localhost:1")
        self.looked_up += args
        if args[0] not in EXPOSED | HIDDEN:
            raise NamingError(args[0])
        return "PYRO:x@localhost:1"

    def call(self, call: Call) -> Answer:
        self.called.append(call)
        return Answer(b"null")

    def meta(self, name: str, *, details: bool = False) -> Answer:
        return Answer(name.encode())


def gateway(reached: Reached) -> Gateway:
    settings = Settings.of(
        Configuration(environ={}), expose=r"http\.", objects={"fixed": "PYRO:f@localhost:1"}, nameserver="x:1"
    )
    made = Gateway(settings)
    made.directory.nameserver = reached  # type: ignore[assignment]
    real = made.calls.call

    def call(wanted: Call) -> Answer:
        # As the real one does, up to the connection.
        if not is_public(wanted.method):
            return real(wanted)
        made.directory.find(wanted.name)
        return reached.call(wanted)

    made.calls.call = call  # type: ignore[method-assign]
    made.calls.meta = reached.meta  # type: ignore[method-assign]
    return made


def check(reached: Reached) -> None:
    for name in [*reached.looked_up, *(call.name for call in reached.called)]:
        assert name == "fixed" or name.startswith("http.")
    for call in reached.called:
        assert call.name in EXPOSED
        assert not call.method.startswith("_")
        assert "/" not in call.method


PRIVATE: Sequence[str] = (
    "_pyroInvoke",
    "_pyroUri",
    "__class__",
    "__len__",
    "__getattr__",
    "_private",
    "__init__",
)


PIECES = st.sampled_from(
    [
        *("/", "//", "/pyro/", "/pyro", "pyro", ".", "..", "/../", "/./", "%2F", "%2f", "%252F", "%00", "\0"),
        *("\n", "\r\n", ";", ";x=", "?", "#", "%23", "\\", " ", "%20", "+", "http.shop", "http.a/b", "http."),
        *("fixed", "shop", "Pyro.NameServer", "Pyro.Daemon", "internal", "HTTP.shop", "echo", "__len__"),
        *(
            "_pyroInvoke",
            "_pyroUri",
            "objectId",
            "$meta",
            "__class__",
            "openapi.json",
            "\xff",
            "é",
            "\u2025",
            "\uff0e",
        ),
    ]
)
NAMES = st.sampled_from(sorted(EXPOSED | HIDDEN))
MEMBERS = st.sampled_from(["echo", "$meta", *PRIVATE])
ADDRESSES = st.tuples(st.just("/pyro/"), NAMES, st.just("/"), MEMBERS).map("".join)
PATHS = st.one_of(
    ADDRESSES,
    ADDRESSES,  # twice as often as the others
    st.lists(PIECES, max_size=7).map("".join),
    st.tuples(st.just("/pyro/"), st.lists(PIECES, max_size=5).map("".join)).map("".join),
    st.text(max_size=20),
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | PIECES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(PIECES | st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
BODIES = st.one_of(
    st.binary(max_size=40),
    VALUES.map(lambda value: json.dumps(value).encode()),
    st.text(max_size=20).map(lambda text: text.encode("utf-8", "replace")),
)


@settings(max_examples=400)
@given(
    path=PATHS,
    raw=st.booleans(),
    method=st.sampled_from(
        ["GET", "GET", "GET", "POST", "POST", "OPTIONS", "HEAD", "PUT", "get", "PROPFIND"]
    ),
    query=st.lists(PIECES, max_size=4).map("".join),
    body=BODIES,
    kind=st.sampled_from(
        [
            "",
            "application/json",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "x/y",
        ]
    ),
    headers=st.dictionaries(
        st.sampled_from(["X_PYRO_OPTIONS", "X_PYRO_GATEWAY_KEY", "X_PYRO_CORRELATION_ID", "ORIGIN", "HOST"]),
        st.text(st.characters(max_codepoint=255), max_size=10),
        max_size=3,
    ),
)
def test_any_request(
    path: str, raw: bool, method: str, query: str, body: bytes, kind: str, headers: Mapping[str, str]
) -> None:
    reached = Reached()
    builder = EnvironBuilder("/", method=method, data=body, content_type=kind)
    environ = builder.get_environ()
    builder.close()
    wire = path if raw else _decoded(path)
    environ["PATH_INFO"] = wire.encode("utf-8", "surrogatepass").decode("latin-1")
    environ["QUERY_STRING"] = query.encode("utf-8").decode("latin-1")
    environ.update({f"HTTP_{name}": value for name, value in headers.items()})
    made = gateway(reached)
    data, status, found = run_wsgi_app(made, environ, buffered=True)
    check(reached)
    assert int(status[:3]) in STATUSES
    assert found["X-Pyro-Correlation-Id"]
    assert all("\n" not in value and "\r" not in value for _, value in found)
    b"".join(data)


def _decoded(path: str) -> str:
    from urllib.parse import unquote

    return unquote(path)


@pytest.mark.parametrize("name", sorted(EXPOSED))
def test_what_is_exposed_is_reached(name: str) -> None:
    reached = Reached()
    answer = Client(gateway(reached)).get(f"/pyro/{name.replace('/', '%2F')}/echo?a=1")
    assert answer.status_code == 200
    assert [(call.name, call.method, call.kwargs) for call in reached.called] == [(name, "echo", {"a": "1"})]


@pytest.mark.parametrize("name", sorted(HIDDEN))
@pytest.mark.parametrize("member", ["echo", "$meta", "lookup"])
def test_what_is_hidden_is_not(name: str, member: str) -> None:
    reached = Reached()
    client = Client(gateway(reached))
    for path in (f"/pyro/{name}/{member}", f"/pyro/{name.replace('/', '%2F')}/{member}"):
        assert client.get(path).status_code == 403
    assert (reached.looked_up, reached.called) == ([], [])


@pytest.mark.parametrize("member", PRIVATE)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_private_names_are_not_asked_for(member: str, method: str) -> None:
    reached = Reached()
    path = f"/pyro/http.shop/{member}?objectId=Pyro.Daemon&methodname=registered"
    assert Client(gateway(reached)).open(path, method=method).status_code == 404
    assert (reached.looked_up, reached.called) == ([], [])


class Sized:
    """Exposes a method that Python's own syntax calls."""

    @expose
    def __len__(self) -> int:
        return 3

    @expose
    def size(self) -> int:
        return 3


def test_special_methods_that_are_exposed_are_not_called(make: Any, run_daemon: Any) -> None:
    uri = run_daemon(thing=Sized()).daemon.uriFor("thing")
    client = Client(make(objects={"http.sized": str(uri)}))
    assert client.get("/pyro/http.sized/size").json == 3
    assert client.get("/pyro/http.sized/__len__").status_code == 404
    assert client.get("/pyro/http.sized/$meta").json == {"methods": ["size"], "attributes": []}
