"""Remote iterators as lines of JSON."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from typing import Any

from pyroplug_gateway.app import Gateway
from werkzeug.test import Client, EnvironBuilder

from tests.support import wait_until

from .objects import Sample

PATH = "/pyro/http.sample/numbers"

Ask = Callable[..., Any]
Make = Callable[..., Gateway]


def lines(data: bytes) -> list[Any]:
    assert data.endswith(b"\n") or not data
    return [json.loads(line) for line in data.splitlines()]


def begin(gateway: Gateway, path: str) -> Any:
    """The body of an answer that is not read yet."""
    statuses: list[str] = []
    body = gateway(EnvironBuilder(path).get_environ(), lambda status, headers: statuses.append(status))
    return statuses[0], body


def test_items_are_lines(ask: Ask) -> None:
    answer = ask(PATH + "?count=1000")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/x-ndjson; charset=utf-8"
    assert "Content-Length" not in answer.headers
    assert answer.headers["X-Pyro-Correlation-Id"]
    assert lines(answer.data) == list(range(1000))


def test_an_empty_one(ask: Ask) -> None:
    assert ask(PATH + "?count=0").data == b""


def test_an_error_is_the_last_line(ask: Ask) -> None:
    answer = ask("/pyro/http.sample/half")
    assert answer.status_code == 200
    first, last = lines(answer.data)
    assert first == "first"
    assert (last["__class__"], last["args"]) == ("builtins.KeyError", ["no more"])
    assert "/" not in "".join(last["attributes"]["_pyroTraceback"])


def test_a_client_that_leaves_ends_the_remote_iterator(make: Make, sample: Sample) -> None:
    gateway = make()
    status, body = begin(gateway, PATH + "?count=1000000")
    assert status.startswith("200")
    items = iter(body)
    assert [next(items), next(items)] == [b"0\n", b"1\n"]
    assert not sample.closed.is_set()
    body.close()
    assert sample.closed.wait(20)
    assert Client(gateway).get("/pyro/http.sample/stock").json == 7


def test_a_client_that_hangs_up(make: Make, serve: Callable[..., tuple[str, int]], sample: Sample) -> None:
    address = serve(make())
    with socket.create_connection(address, 20) as sock:
        sock.sendall(f"GET {PATH}?count=100000000 HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        while b"\n7\n" not in sock.recv(65536):
            pass
    assert sample.closed.wait(20)


def test_a_daemon_that_ends_amidst(make: Make, daemon: Any) -> None:
    _, body = begin(make(), PATH + "?count=1000000")
    items = iter(body)
    assert next(items) == b"0\n"
    daemon.stop()
    *_, last = items
    assert json.loads(last)["__class__"] == "Pyro5.errors.CommunicationError"
    body.close()


def test_only_some_at_a_time(make: Make) -> None:
    gateway = make(streams=1)
    status, first = begin(gateway, PATH)
    refused, second = begin(gateway, PATH)
    assert (status[:3], refused[:3]) == ("200", "503")
    assert gateway._pool._idle, "the one that was refused is over"
    assert json.loads(b"".join(second))["args"] == ["too many remote iterators are being sent"]
    assert b"".join(first) == b"0\n1\n2\n"
    first.close()
    status, third = begin(gateway, PATH)
    assert status[:3] == "200"
    third.close()
    third.close()


def test_none_at_all(make: Make) -> None:
    assert Client(make(streams=0)).get(PATH).status_code == 503


def test_connections_go_back(make: Make) -> None:
    gateway = make(connections=1)
    client = Client(gateway)
    for _ in range(3):
        assert lines(client.get(PATH).data) == [0, 1, 2]
    wait_until(lambda: gateway._pool._total == 1)
