"""``pyroplug ns`` as it is typed, in processes of its own."""

from __future__ import annotations

import json
import signal
import socket
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from pyroplug.api import Proxy, locate_ns
from pyroplug.errors import HandshakeError
from tests.plugins.tools.programs import Program, program, typed
from tests.running import settings

OWN = "Pyro.NameServer"
SECRET = "sixteen characters at least"


def ns(*arguments: str, **environment: str) -> AbstractContextManager[Program]:
    return program("-m", "pyroplug", "ns", *arguments, **environment)


def uri_of(server: Program) -> str:
    line = server.line()
    while not line.startswith("URI = "):
        line = server.line()
    return line.removeprefix("URI = ")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_tells_where_it_is_and_ends_in_order(number: signal.Signals) -> None:
    with ns("-n", "127.0.0.1", "-p", "0") as server:
        assert server.line().startswith("Not starting broadcast server")
        running = server.line()
        uri = uri_of(server)
        assert uri.startswith(f"PYRO:{OWN}@127.0.0.1:")
        assert running == f"NS running on {uri.partition('@')[2]} (127.0.0.1)"
        with Proxy(uri, config=settings()) as names:
            assert names.list() == {OWN: uri}
        assert server.end(number) == 0
        assert list(server.out) == ["NS shut down.\n"]
        assert not server.err


def test_it_can_be_ended_as_soon_as_it_has_told() -> None:
    for _ in range(3):
        with ns("-n", "127.0.0.1", "-p", "0", "--json") as server:
            server.line()
            assert server.end(signal.SIGTERM) == 0
            assert not server.out
            assert not server.err


def test_programs_read_one_document(tmp_path: Path) -> None:
    path = tmp_path / "ns.sock"
    with ns("-u", str(path), "--json") as server:
        document = json.loads(server.line())
        assert document == {
            "schema": 1,
            "uri": f"PYRO:{OWN}@./u:{path}",
            "internal_uri": f"PYRO:{OWN}@./u:{path}",
            "location": f"./u:{path}",
            "broadcast": None,
        }
        with locate_ns(f"./u:{path}", config=settings()) as names:
            names.ping()


def test_it_hears_broadcasts_unless_told_not_to() -> None:
    everywhere = ("-n", "0.0.0.0", "-p", "0", "--bcport", "0", "--json")
    with ns(*everywhere, "--bchost", "127.0.0.1") as server:
        document = json.loads(server.line())
        assert document["broadcast"].startswith("127.0.0.1:")
        found = settings(BROADCAST_ADDRS=["127.0.0.1"], NS_HOST="192.0.2.1")
        found.NS_BCPORT = int(document["broadcast"].rpartition(":")[2])
        with locate_ns(config=found) as names:
            assert names._pyroUri.host == "127.0.0.1", "where the asker can reach it"
    with ns(*everywhere, "--nobc") as server:
        assert json.loads(server.line())["broadcast"] is None


def test_behind_nat_both_addresses_are_told() -> None:
    with ns("-n", "127.0.0.1", "-p", "0", "--nathost", "ns.example", "--natport", "5555") as server:
        lines = [server.line() for _ in range(4)]
    assert lines[2].startswith(f"internal URI = PYRO:{OWN}@127.0.0.1:")
    assert lines[3] == f"external URI = PYRO:{OWN}@ns.example:5555"


def test_validators_protect_it() -> None:
    arguments = (
        "-n",
        "127.0.0.1",
        "-p",
        "0",
        "--handshake",
        "shared-secret",
        "--handshake",
        "allow-networks",
    )
    with ns(*arguments, PYRO_HANDSHAKE_SECRET=SECRET) as server:
        uri = uri_of(server)
        with pytest.raises(HandshakeError), Proxy(uri, config=settings()) as stranger:
            stranger.count()
        with Proxy(uri, config=settings(HANDSHAKE_SECRET=SECRET)) as friend:
            assert friend.count() == 1


def test_names_last_where_they_are_kept_in_a_file(tmp_path: Path) -> None:
    arguments = ("-n", "127.0.0.1", "-p", "0", "-s", f"sql:{tmp_path / 'names.db'}")
    with ns(*arguments) as server, Proxy(uri_of(server), config=settings()) as names:
        names.register("a", "PYRO:a@host:1", metadata=["x"])
    with ns(*arguments) as server:
        assert "contains 1 existing" in [server.line(), server.line()][1]
        with Proxy(uri_of(server), config=settings()) as names:
            assert names.list(prefix="a", return_metadata=True) == {"a": ("PYRO:a@host:1", {"x"})}


def test_a_port_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        status, out, err = typed("ns", "-n", "127.0.0.1", "-p", str(port))
    assert (status, out) == (1, "")
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in err
    assert "\nhint: " in err


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["-s", "dbm:names"], 1, "name storage 'dbm' is not available"),
        (["-s", "sql:"], 2, "needs a file"),
        (["-s", "sql:/nowhere/names.db"], 1, "nowhere"),
        (["--handshake", "guard"], 1, "handshake validator 'guard' is not available"),
        (["--handshake", "shared-secret"], 2, "HANDSHAKE_SECRET"),
        (["--natport", "5"], 2, "natport 5 needs a nathost"),
        (["-p", "70000"], 2, "70000"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_wrong_is_told(arguments: list[str], status: int, told: str) -> None:
    ended = typed("ns", "-n", "127.0.0.1", *(arguments if "-p" in arguments else ["-p", "0", *arguments]))
    assert ended[0] == status
    assert told in ended[2]
    assert "Traceback" not in ended[2]
