"""``pyroplug inspect``: what is told of objects, and of servers of either library."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from click.testing import CliRunner

from pyroplug.api import expose, idempotent, oneway
from pyroplug.cli import main
from pyroplug.protocol import PROTOCOL_VERSION
from tests.plugins.tools.programs import LIBRARIES, service, typed
from tests.running import BOTH_MODELS, Running, Way

METHODS = ["break_off", "count", "echo", "endings", "fail", "forever", "odd", "push"]


@expose
class Lamp:
    level = property(lambda self: pytest.fail("nothing of the object is used"))

    @idempotent
    def switch(self) -> None:
        pytest.fail("nothing of the object is used")

    @oneway
    def blink(self) -> None:
        pytest.fail("nothing of the object is used")


def inspect(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, ["inspect", *arguments])
    return result.exit_code, result.stdout, result.stderr


def document(*arguments: str) -> dict[str, Any]:
    code, out, err = inspect("--json", *arguments)
    assert (code, err) == (0, "")
    found: dict[str, Any] = json.loads(out)
    return found


@pytest.fixture(params=BOTH_MODELS, ids=str)
def lamp(request: pytest.FixtureRequest, run_daemon: Callable[..., Running]) -> Running:
    way: Way = request.param
    return run_daemon(way, lamp=Lamp())


def test_everything_about_an_object(lamp: Running) -> None:
    uri = lamp.daemon.uriFor("lamp")
    found = document(str(uri), "--pings", "3")
    assert found.pop("round_trip_seconds") > 0
    assert str(lamp.daemon.locationStr) in found.pop("server")
    assert found == {
        "schema": 1,
        "asked": str(uri),
        "uri": str(uri),
        "object": "lamp",
        "location": uri.location,
        "protocol": PROTOCOL_VERSION,
        "serializers": {"json": True, "marshal": False, "msgpack": True, "serpent": True},
        "library": "pyroplug",
        "objects": 2,
        "pings": 3,
        "methods": [
            {"name": "blink", "oneway": True, "idempotent": False},
            {"name": "switch", "oneway": False, "idempotent": True},
        ],
        "properties": ["level"],
    }


def test_the_same_for_people(lamp: Running) -> None:
    uri = lamp.daemon.uriFor("lamp")
    code, out, err = inspect(str(uri))
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == str(uri)
    assert "  serializers  json, msgpack, serpent (refuses marshal)" in lines
    assert "  blink  [one-way]" in lines
    assert "  switch  [idempotent]" in lines
    assert lines[-2:] == ["properties", "  level"]
    assert any(line.startswith("  round trip ") and line.endswith("µs (median of 20)") for line in lines)


@pytest.mark.parametrize("library", LIBRARIES)
def test_either_library_can_be_looked_at(library: str) -> None:
    with service(library) as uri:
        code, out, err = typed("inspect", uri, "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert (found["library"], found["uri"], found["objects"]) == (library, uri, 2)
    assert [one["name"] for one in found["methods"]] == METHODS
    assert [one["name"] for one in found["methods"] if one["oneway"]] == ["push"]
    assert found["properties"] == ["level", "nothing"]
    assert found["serializers"] == {
        "json": True,
        "marshal": library == "Pyro5",
        "msgpack": True,
        "serpent": True,
    }


def test_a_server_that_tells_nothing(run_daemon: Callable[..., Running]) -> None:
    uri = str(run_daemon(lamp=Lamp(), DAEMON_INFO=False).daemon.uriFor("lamp"))
    found = document(uri)
    assert (found["server"], found["objects"], found["library"]) == (None, None, "pyroplug")
    assert "tells nothing of itself" in inspect(uri)[1]


def test_a_server_that_refuses_the_usual_serializer(run_daemon: Callable[..., Running]) -> None:
    running = run_daemon(lamp=Lamp(), SERIALIZERS_ACCEPTED=("json",), SERIALIZER="json")
    found = document(str(running.daemon.uriFor("lamp")))
    assert [name for name, accepted in found["serializers"].items() if accepted] == ["json"]
    assert [one["name"] for one in found["methods"]] == ["blink", "switch"]


def test_an_object_that_is_not_there(lamp: Running) -> None:
    code, out, err = inspect(str(lamp.daemon.uriFor("candle")))
    assert (code, out) == (3, "")
    assert "unknown object 'candle'" in err


def test_a_server_that_is_silent_is_asked_once() -> None:
    """And not with one serializer after the other."""
    with closing(socket.create_server(("127.0.0.1", 0))) as sock:
        uri = "PYRO:lamp@127.0.0.1:{1}".format(*sock.getsockname())
        code, out, err = inspect(uri, "--timeout", "0.3")
        sock.setblocking(False)
        sock.accept()[0].close()
        with pytest.raises(BlockingIOError):
            sock.accept()
    assert (code, out) == (3, "")
    assert "0.3" in err


def test_something_else_listens_there() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as sock:
        uri = "PYRO:lamp@127.0.0.1:{1}".format(*sock.getsockname())

        def answer() -> None:
            for _ in range(4):
                try:
                    client, _ = sock.accept()
                except OSError:
                    return
                with client:
                    client.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n" + b" " * 40)
                    client.recv(1000)

        sock.settimeout(5)
        thread = threading.Thread(target=answer)
        thread.start()
        code, out, err = inspect(uri)
        thread.join()
    assert (code, out) == (3, "")
    assert err.startswith("error: ")
