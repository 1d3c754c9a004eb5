"""Names of a name server: looked up, remembered, and looked up again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pyroplug_gateway.app import Gateway
from werkzeug.test import Client

from tests.running import Running

from .names import Names
from .objects import Sample

Make = Callable[..., Gateway]
RunDaemon = Callable[..., Running]


class Clock:
    """Shows what it was set to."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def names() -> Names:
    return Names()


@pytest.fixture
def home(run_daemon: RunDaemon, names: Names) -> Running:
    """Serves the name server."""
    return run_daemon(**{"Pyro.NameServer": names})


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def gateway(make: Make, home: Running, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Gateway:
    gateway = make(objects={}, nameserver=home.daemon.locationStr, expose=r"http\.")
    monkeypatch.setattr(gateway.directory, "_clock", clock)
    return gateway


@pytest.fixture
def client(gateway: Gateway) -> Client:
    return Client(gateway)


def uri(running: Running, name: str = "thing") -> str:
    return str(running.daemon.uriFor(name))


def test_a_name_is_looked_up_once_in_a_while(
    client: Client, names: Names, daemon: Running, clock: Clock
) -> None:
    names._known["http.sample"] = uri(daemon)
    for _ in range(3):
        assert client.get("/pyro/http.sample/stock").json == 7
    assert names._asked == ["lookup http.sample"]
    clock.now += 2.5
    assert client.get("/pyro/http.sample/stock").json == 7
    assert names._asked == ["lookup http.sample"] * 2


def test_names_that_are_not_exposed_are_not_looked_up(client: Client, names: Names, daemon: Running) -> None:
    names._known["internal"] = names._known["Pyro.NameServer"] = uri(daemon)
    for name in ("internal", "Pyro.NameServer", "http", "HTTP.internal"):
        assert client.get(f"/pyro/{name}/stock").status_code == 403
    assert names._asked == []


def test_an_unknown_name(client: Client, names: Names) -> None:
    for _ in range(2):
        answer = client.get("/pyro/http.nobody/stock")
        assert answer.status_code == 404
        assert answer.json is not None
        assert answer.json["__class__"] == "Pyro5.errors.NamingError"
    assert names._asked == ["lookup http.nobody"] * 2, "that there is none is not remembered"


def test_a_name_that_is_removed(client: Client, names: Names, daemon: Running, clock: Clock) -> None:
    names._known["http.sample"] = uri(daemon)
    assert client.get("/pyro/http.sample/stock").status_code == 200
    del names._known["http.sample"]
    clock.now += 2.1
    assert client.get("/pyro/http.sample/stock").status_code == 404


def test_a_name_that_has_moved_while_its_daemon_has_ended(
    client: Client, names: Names, run_daemon: RunDaemon
) -> None:
    first, second = run_daemon(thing=Sample()), run_daemon(thing=Sample())
    names._known["http.sample"] = uri(first)
    assert client.get("/pyro/http.sample/stock").status_code == 200
    first.stop()
    names._known["http.sample"] = uri(second)
    assert client.get("/pyro/http.sample/stock").json == 7


@pytest.mark.parametrize("connected", [True, False])
def test_a_name_that_has_moved_while_its_daemon_goes_on(
    client: Client, names: Names, run_daemon: RunDaemon, clock: Clock, connected: bool
) -> None:
    first, second = run_daemon(thing=Sample(), other=Sample()), run_daemon(thing=Sample())
    names._known["http.sample"] = uri(first)
    path = "/pyro/http.sample/stock" if connected else "/pyro/http.sample/$meta"
    assert client.get(path).status_code == 200
    first.daemon.unregister("thing")
    names._known["http.sample"] = uri(second)
    assert client.get("/pyro/http.sample/stock").json == 7


def test_an_object_that_its_daemon_does_not_know_any_more(
    client: Client, names: Names, run_daemon: RunDaemon
) -> None:
    running = run_daemon(thing=Sample())
    names._known["http.sample"] = uri(running)
    names._known["http.never"] = uri(running).replace("thing", "never")
    assert client.get("/pyro/http.sample/stock").status_code == 200
    running.daemon.unregister("thing")
    assert client.get("/pyro/http.sample/stock").status_code == 404
    assert client.get("/pyro/http.never/stock").status_code == 404
    assert client.get("/pyro/http.never/$meta").status_code == 404


def test_a_daemon_that_was_started_anew(client: Client, names: Names, run_daemon: RunDaemon) -> None:
    running = run_daemon(thing=Sample())
    names._known["http.sample"] = uri(running)
    port = int(running.daemon.locationStr.rpartition(":")[2])
    assert client.get("/pyro/http.sample/stock").json == 7
    running.stop()
    run_daemon(daemon={"port": port}, thing=Sample())
    assert client.post("/pyro/http.sample/sell").json == "sold"


def test_another_object_under_the_same_id(client: Client, names: Names, run_daemon: RunDaemon) -> None:
    running = run_daemon(thing=Names())
    names._known["http.sample"] = uri(running)
    assert client.get("/pyro/http.sample/list").json == {}
    assert client.get("/pyro/http.sample/stock").status_code == 404
    running.daemon.unregister("thing")
    running.daemon.register(Sample(), "thing")
    assert client.get("/pyro/http.sample/stock").json == 7
    assert "stock" in client.get("/pyro/http.sample/$meta").get_data(as_text=True)


@pytest.mark.parametrize("path", ["/pyro/http.sample/stock", "/pyro/http.sample/$meta"])
def test_an_object_that_cannot_be_reached(
    client: Client, names: Names, run_daemon: RunDaemon, path: str
) -> None:
    running = run_daemon(thing=Sample())
    names._known["http.sample"] = uri(running)
    running.stop()
    answer = client.get(path)
    assert answer.status_code == 502
    assert answer.json == {
        "__class__": "Pyro5.errors.CommunicationError",
        "__exception__": True,
        "args": ["the remote object cannot be reached"],
        "attributes": {},
    }


@pytest.mark.parametrize("address", ["PYRO:x@./u:/srv/secret/socket", "PYRO:x@nowhere.invalid:9999"])
def test_addresses_are_not_told(client: Client, names: Names, address: str) -> None:
    names._known["http.sample"] = address
    answer = client.get("/pyro/http.sample/stock")
    assert answer.status_code == 502
    assert b"secret" not in answer.data
    assert b"invalid" not in answer.data


@pytest.mark.parametrize("address", ["nonsense", "PYRONAME:x", "http://localhost/"])
def test_what_is_no_address(client: Client, names: Names, address: str) -> None:
    names._known["http.sample"] = address
    assert client.get("/pyro/http.sample/stock").status_code == 502


def test_without_the_name_server(client: Client, home: Running) -> None:
    assert client.get("/healthz").json == {"status": "ok", "nameserver": "ok"}
    home.stop()
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json) == (
        503,
        {"status": "unavailable", "nameserver": "unreachable"},
    )
    assert client.get("/pyro/http.sample/stock").status_code == 502
    assert client.get("/pyro/openapi.json").status_code == 502
    assert b"cannot be reached" in client.get("/pyro/").data


def test_fixed_objects_need_no_name_server(make: Make, home: Running, daemon: Running) -> None:
    client = Client(make(objects={"fixed": uri(daemon)}, nameserver=home.daemon.locationStr))
    home.stop()
    assert client.get("/pyro/fixed/stock").json == 7


def test_without_any_name_server(ask: Callable[..., Any]) -> None:
    assert ask("/healthz").json == {"status": "ok", "nameserver": "none"}
    assert ask("/pyro/http.other/stock").status_code == 403
