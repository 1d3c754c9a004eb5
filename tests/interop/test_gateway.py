"""The HTTP gateway beside Pyro5's: the same requests, the same objects, the same real name server.

What is different on purpose is in ``DIFFERENT``, with both answers; all else is the same.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, NamedTuple

import pytest

from pyroplug.api import Proxy

from .harness import PATIENCE, ROOT, Kind, ServerProcess
from .values import VALUES

SERVERS = ("Pyro5", "pyroplug")
JSON = "application/json; charset=utf-8"
ID = "11112222-1111-2222-3333-222244449999"


class Told(NamedTuple):
    """An answer."""

    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def document(self) -> Any:
        """The body as JSON, without tracebacks, and what differs from one run to the next."""
        if not self.body:
            return None
        document = json.loads(re.sub(rb"x[0-9a-f]{8,}", b"x", self.body))
        if isinstance(document, dict) and isinstance(document.get("attributes"), dict):
            document["attributes"].pop("_pyroTraceback", None)
        return document


class Both(NamedTuple):
    """The ports of the two gateways."""

    theirs: int
    ours: int

    def ask(self, path: str, method: str = "GET", body: Any = None, **headers: str) -> tuple[Told, Told]:
        theirs, ours = (_ask(port, path, method, body, headers) for port in self)
        return theirs, ours


def _ask(port: int, path: str, method: str, body: Any, headers: dict[str, str]) -> Told:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request(method, path, body, {name.replace("_", "-"): it for name, it in headers.items()})
        answer = connection.getresponse()
        return Told(
            answer.status, answer.read(), {name.lower(): value for name, value in answer.getheaders()}
        )
    finally:
        connection.close()


@pytest.fixture(scope="module")
def program() -> Iterator[Callable[..., int]]:
    """Starts programs; each gives the port that it says it listens at."""
    with ExitStack() as stack:

        def program(*arguments: str, says: str, **environment: str) -> int:
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-u", *arguments],
                    cwd=ROOT,
                    env={**os.environ, **environment},
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    text=True,
                )
            )
            stack.callback(process.kill)
            assert process.stdout is not None
            for line in process.stdout:
                found = re.search(says, line)
                if found:
                    return int(found[1])
            raise AssertionError(f"{arguments} did not start")

        yield program


SERVE = """
from tests.interop.service import Container, Service, api
daemon = api.Daemon(host="127.0.0.1")
service = Service()
daemon.register(service, "service")
daemon.register(service._spare, "spare")
daemon.register(Container(), "container")
print("daemon at", daemon.locationStr)
daemon.requestLoop()
"""
"""Without annotations in its answers: of those Pyro5's gateway makes a body that no server takes."""


@pytest.fixture(scope="module")
def names(program: Callable[..., int], farm: dict[Kind, ServerProcess]) -> int:
    """The port of Pyro5's name server, which knows all services."""
    port = program("-m", "Pyro5.nameserver", "-n", "127.0.0.1", "-p", "0", "-x", says=r"on 127.0.0.1:(\d+)")
    with Proxy(f"PYRO:Pyro.NameServer@127.0.0.1:{port}") as server:
        for library in SERVERS:
            home = program("-c", SERVE, library, "", "", says=r"daemon at .*:(\d+)")
            for prefix in ("http", "internal"):
                for name in ("service", "container", "unknown"):
                    server.register(f"{prefix}.{library}.{name}", f"PYRO:{name}@127.0.0.1:{home}")
            server.register(f"http.{library}.annotated", farm[Kind(library)].uri("service"))
            server.register(f"http.with space.{library}", f"PYRO:service@127.0.0.1:{home}")
            server.register(f"http.a/b.{library}", f"PYRO:service@127.0.0.1:{home}")
        server.register("http.gone", "PYRO:gone@127.0.0.1:9")
    return port


def _gateways(program: Callable[..., int], names: int, *options: str) -> Both:
    says = r"running on http://[^:]+:(\d+)"
    common = ("-H", "127.0.0.1", "-p", "0", *options)
    where = {"PYRO_NS_HOST": "127.0.0.1", "PYRO_NS_PORT": str(names)}
    return Both(
        program("-m", "Pyro5.utils.httpgateway", *common, says=says, **where),
        program("-m", "pyroplug", "gateway", *common, says=says, **where),
    )


@pytest.fixture(scope="module")
def both(program: Callable[..., int], names: int) -> Both:
    return _gateways(program, names)


@pytest.fixture(scope="module")
def locked(program: Callable[..., int], names: int) -> Both:
    """Two that want a key, and expose the name server itself."""
    return _gateways(program, names, "-g", "sesame", "-e", r"Pyro\.|http\.", "-c", "https://shop.org")


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("value", VALUES)
def test_values(both: Both, server: str, value: str) -> None:
    from urllib.parse import quote

    theirs, ours = both.ask(f"/pyro/http.{server}.service/produce?name={quote(value)}")
    assert ours.status == theirs.status
    assert ours.headers["content-type"] == theirs.headers["content-type"] == JSON
    if ours.status == 200 and "Proxy" not in value:
        assert ours.body == theirs.body
    else:
        assert ours.document == theirs.document


SAME = {
    "no parameters": "call",
    "a parameter": "value?value=a",
    "parameters": "combine?first=1&third=3",
    "a parameter twice": "value?value=a&value=b",
    "escapes": "value?value=%C3%A9%20%2B+%26",
    "a property": "constant",
    "another property": "number",
    "a broken property": "broken",
    "a one-way method": "note?note=x",
    "a one-way method that fails": "note_and_fail?note=x",
    "an exception": "fail?kind=builtin",
    "an OSError": "fail?kind=os",
    "an unknown exception": "fail?kind=unknown",
    "a Pyro error": "fail?kind=NamingError",
    "a Pyro error of another kind": "fail?kind=DaemonError",
    "a missing parameter": "value",
    "a parameter too many": "nothing?x=1",
    "an object": "point?x=1&y=2",
    "an object that cannot be sent": "strangers",
    "a proxy": "uri_of_spare",
    "$meta": "$meta",
}


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("case", SAME)
def test_calls(both: Both, server: str, case: str) -> None:
    theirs, ours = both.ask(f"/pyro/http.{server}.service/{SAME[case]}")
    assert ours.status == theirs.status
    assert ours.headers["content-type"] == theirs.headers["content-type"] == JSON
    if case == "$meta":
        assert {name: set(members) for name, members in ours.document.items()} == {
            name: set(members) for name, members in theirs.document.items()
        }
    else:
        assert ours.document == theirs.document


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/pyro/http.with%20space.Pyro5/constant", "GET", 200),
        ("/pyro/http.a/b.Pyro5/constant", "GET", 200),
        ("/pyro/http.a%2Fb.Pyro5/constant", "GET", 200),
        ("/pyro/internal.Pyro5.service/constant", "GET", 403),
        ("/pyro/Pyro.NameServer/list", "GET", 403),
        ("/pyro/http.Pyro5.service/constant", "PUT", 405),
        ("/pyro/http.Pyro5.service/constant", "DELETE", 405),
        ("/pyro/http.Pyro5.service/constant", "HEAD", 405),
        ("/pyro/http.Pyro5.service/constant", "POST", 200),
        ("/pyro/http.Pyro5.service/constant", "OPTIONS", 200),
        ("/pyro/nothing", "GET", 404),
        ("/nothing", "GET", 404),
        ("/", "GET", 302),
        ("/pyro/", "GET", 200),
    ],
)
def test_statuses(both: Both, path: str, method: str, status: int) -> None:
    theirs, ours = both.ask(path, method)
    assert (theirs.status, ours.status) == (status, status)
    assert ours.headers.get("location") == theirs.headers.get("location")


def test_the_correlation_id(both: Both) -> None:
    for told in both.ask("/pyro/http.Pyro5.service/correlation", X_Pyro_Correlation_Id=ID):
        assert told.document == told.headers["x-pyro-correlation-id"] == ID


def test_oneway_calls(both: Both) -> None:
    for told in both.ask("/pyro/http.Pyro5.service/nap?seconds=x", X_Pyro_Options="oneway"):
        assert (told.status, told.body, told.headers["content-type"]) == (200, b"", JSON)


def test_the_key(locked: Both) -> None:
    path = "/pyro/http.Pyro5.service/constant"
    for told in locked.ask(path):
        assert told.status == 403
    for told in (*locked.ask(path, X_Pyro_Gateway_Key="sesame"), *locked.ask(f"{path}?$key=sesame")):
        assert (told.status, told.document) == (200, "always")


def test_the_name_server_by_http(locked: Both) -> None:
    for query in ("count", "lookup?name=http.gone", "list?prefix=http.w"):
        theirs, ours = locked.ask(f"/pyro/Pyro.NameServer/{query}", X_Pyro_Gateway_Key="sesame")
        assert (ours.status, ours.body) == (theirs.status, theirs.body)
        assert ours.status == 200


def test_tracebacks_are_the_same_without_folders(both: Both) -> None:
    theirs, ours = (json.loads(told.body) for told in both.ask("/pyro/http.Pyro5.service/fail?kind=builtin"))
    long, short = (document["attributes"]["_pyroTraceback"] for document in (theirs, ours))
    assert [line.replace("/", "\\").rpartition("\\")[2] for line in "".join(long).split('"')] == "".join(
        short
    ).split('"')
    assert "/" in "".join(long)
    assert "/" not in "".join(short)


# Different on purpose --------------------------------------------------------------------------------

DIFFERENT: dict[str, tuple[tuple[Any, ...], int, int]] = {
    "an unknown name": (("/pyro/http.nobody/call",), 500, 404),
    "an object that its daemon does not know": (("/pyro/http.Pyro5.unknown/call",), 500, 404),
    "an object whose daemon is gone": (("/pyro/http.gone/call",), 500, 502),
    "an unknown method": (("/pyro/http.Pyro5.service/nothing_like_it",), 500, 404),
    "a property with parameters": (("/pyro/http.Pyro5.service/constant?x=1",), 500, 400),
    "a remote iterator": (("/pyro/http.Pyro5.service/count_to?limit=3",), 500, 200),
    "what ends Pyro5's connections": (("/pyro/http.Pyro5.service/fail?kind=exit",), 500, 502),
    "a special method": (("/pyro/http.Pyro5.container/__len__",), 200, 404),
    "POST of a page": (("/pyro/", "POST"), 200, 405),
}


@pytest.mark.parametrize("case", DIFFERENT)
def test_what_is_different(both: Both, case: str) -> None:
    request, theirs, ours = DIFFERENT[case]
    assert tuple(told.status for told in both.ask(*request)) == (theirs, ours)


def test_forms_have_parameters(both: Both) -> None:
    theirs, ours = both.ask(
        "/pyro/http.Pyro5.service/value", "POST", "value=a", Content_Type="application/x-www-form-urlencoded"
    )
    assert (theirs.status, ours.document) == (500, "a")


def test_empty_parameters_are_parameters(both: Both) -> None:
    theirs, ours = both.ask("/pyro/http.Pyro5.service/call?a=&b=1")
    assert (theirs.document, ours.document) == ([[], {"b": "1"}], [[], {"a": "", "b": "1"}])


def test_annotations_do_no_harm(both: Both) -> None:
    theirs, ours = both.ask("/pyro/http.Pyro5.annotated/context")
    assert theirs.body != ours.body
    assert ours.document["has client"] is True


def test_errors_have_the_correlation_id(both: Both) -> None:
    theirs, ours = both.ask("/pyro/http.Pyro5.service/fail?kind=builtin", X_Pyro_Correlation_Id=ID)
    assert "x-pyro-correlation-id" not in theirs.headers
    assert ours.headers["x-pyro-correlation-id"] == ID


def test_the_page_wants_the_key(locked: Both) -> None:
    assert [told.status for told in locked.ask("/pyro/")] == [200, 403]


def test_iterators_are_streamed(both: Both) -> None:
    for server in SERVERS:
        told = both.ask(f"/pyro/http.{server}.service/mapped?items=a&items=b")[1]
        assert told.body == b'"a"\n"b"\n'
