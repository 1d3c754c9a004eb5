"""``pyro_app``: its attributes, and other servers than our own."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from gunicorn.config import KNOWN_SETTINGS
from pyroplug_gateway.wsgi import PyroApp
from werkzeug.test import Client

from pyroplug.api import config
from tests.running import Running
from tests.support import PATIENCE


@pytest.fixture
def app(daemon: Running) -> Iterator[Any]:
    before = config.GATEWAY_OBJECTS
    config.GATEWAY_OBJECTS = [f"http.sample={daemon.daemon.uriFor('thing')}"]
    app = PyroApp()
    yield app
    app.close()
    config.GATEWAY_OBJECTS = before


def test_what_it_says_when_nobody_has_set_anything(app: Any) -> None:
    assert (app.ns_regex, app.cors, app.gateway_key, app.comm_timeout) == (r"http\.", "", "", 30.0)


def test_it_answers(app: Any) -> None:
    assert Client(app).get("/pyro/http.sample/stock").json == 7


def test_attributes_count_from_the_next_request_on(app: Any) -> None:
    client = Client(app)
    path = "/pyro/http.sample/stock"
    assert client.get(path).status_code == 200
    app.gateway_key = b"k"
    assert client.get(path).status_code == 403
    app.gateway_key = "other"
    assert client.get(f"{path}?$key=other").status_code == 200
    app.gateway_key = None
    app.cors = "https://shop.example.org"
    assert client.get(path).headers["Vary"] == "Origin"
    app.ns_regex, app.comm_timeout = "x", 1
    assert (app.ns_regex, app.comm_timeout, app.gateway_key) == ("x", 1, b"")
    assert client.get(path).status_code == 200, "a fixed object is exposed, whatever the pattern says"


def test_attributes_of_a_programs_own(app: Any) -> None:
    app.anything = 1
    assert app.anything == 1
    with pytest.raises(AttributeError, match="nothing"):
        app.nothing  # noqa: B018


def test_no_configuration_is_changed(app: Any) -> None:
    before = config.as_dict()
    app.comm_timeout, app.gateway_key = 5.0, b"k"
    assert Client(app).get("/pyro/http.sample/stock?$key=k").status_code == 200
    assert config.as_dict() == before


@pytest.mark.parametrize("threads", [1, 4])
def test_gunicorn(daemon: Running, threads: int) -> None:
    environment = {
        **os.environ,
        "PYRO_GATEWAY_OBJECTS": f"http.sample={daemon.daemon.uriFor('thing')}",
        "PYRO_GATEWAY_KEY": "sesame",
    }
    command = [sys.executable, "-m", "gunicorn", "--bind", "127.0.0.1:0", "--threads", str(threads)]
    with subprocess.Popen(
        [*command, *_QUIET, "pyroplug_gateway.wsgi:pyro_app"],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            port = _port(process)
            for path, expected in (
                ("stock", (200, b"7")),
                ("numbers?count=3", (200, b"0\n1\n2\n")),
                ("nothing", (404, None)),
            ):
                status, body = _get(port, f"/pyro/http.sample/{path}")
                assert status == expected[0]
                assert expected[1] in (None, body)
            body = b'["' + b"x" * 100_000 + b'"]'
            assert len(json.loads(_post(port, "/pyro/http.sample/echo", body))) == 100_000
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=PATIENCE)
    assert process.returncode == 0


_QUIET = ["--no-control-socket"] if any(it.name == "control_socket_disable" for it in KNOWN_SETTINGS) else []
"""Newer ones would leave a file in the home folder."""


def _port(process: subprocess.Popen[str]) -> int:
    assert process.stderr is not None
    for line in process.stderr:
        found = re.search(r"Listening at: http://127.0.0.1:(\d+)", line)
        if found:
            return int(found[1])
    raise AssertionError("gunicorn does not start")


def _get(port: int, path: str) -> tuple[int, bytes]:
    return _ask(port, "GET", path)


def _post(port: int, path: str, body: bytes) -> bytes:
    status, answer = _ask(port, "POST", path, iter([body]), {"Content-Type": "application/json"})
    assert status == 200
    return answer


def _ask(port: int, method: str, path: str, body: Any = None, headers: Any = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    given = {"X-Pyro-Gateway-Key": "sesame", **(headers or {})}
    try:
        connection.request(method, path, body, given, encode_chunked=body is not None)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
