"""``pyroplug nsc``: against real name servers, as people and scripts type it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import pytest
from click.testing import CliRunner

from pyroplug.api import expose
from pyroplug.cli import main
from pyroplug.config import config
from tests.plugins.tools.programs import (
    ADDRESS,
    LIBRARIES,
    NameServer,
    finding,
    free_port,
    name_server,
    three_names,
    typed,
)
from tests.running import Running
from tests.test_cli_list_plugins import needs_terminal

OWN = "Pyro.NameServer"


@pytest.fixture(scope="module", params=LIBRARIES)
def server(request: pytest.FixtureRequest) -> Iterator[NameServer]:
    """A name server of pyroplug's, and a real one of Pyro5's."""
    with name_server(library=request.param) as running:
        yield running


@pytest.fixture
def names(server: NameServer) -> Iterator[Any]:
    """Its proxy, when three names are known."""
    with three_names(server) as proxy:
        yield proxy


@pytest.fixture
def run(server: NameServer, names: Any) -> Callable[..., tuple[int, str, str]]:
    """The command, in this process: status, output, errors."""

    def run(*arguments: str) -> tuple[int, str, str]:
        where = ["-n", server.host, "-p", str(server.port)]
        result = CliRunner().invoke(main, ["nsc", *where, *arguments])
        return result.exit_code, result.stdout, result.stderr

    return run


Run = Callable[..., tuple[int, str, str]]

APPLES = f"shop.apples --> {ADDRESS}\n    tags: fruit, red\n"
PEARS = f"shop.pears --> {ADDRESS}\n    tags: fruit\n"
TILL = f"till --> {ADDRESS}\n"


# Questions -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "printed"),
    [
        (["list", "shop."], APPLES + PEARS),
        (["list", "s_op"], ""),
        (["listmatching", ".*l.*"], APPLES + TILL),
        (["listmatching", "nothing"], ""),
        (["yplookup_all", "fruit", "red"], APPLES),
        (["yplookup_any", "red", "fruit"], APPLES + PEARS),
        (["yplookup_any", "blue"], ""),
        (["lookup", "shop.pears"], f"{ADDRESS}\n    tags: fruit\n"),
        (["lookup", "till"], f"{ADDRESS}\n"),
    ],
)
def test_what_is_asked_for_is_printed(run: Run, arguments: list[str], printed: str) -> None:
    assert run(*arguments) == (0, printed, "")


def test_all_names(run: Run, server: NameServer) -> None:
    code, out, err = run("list")
    assert (code, err) == (0, "")
    assert out.startswith(f"{OWN} --> {server.uri}\n    tags: class:Pyro5.nameserver.NameServer\n")
    assert out.endswith(APPLES + PEARS + TILL)


def test_a_sign_of_life(run: Run, server: NameServer) -> None:
    code, out, err = run("ping")
    assert (code, err) == (0, "")
    assert server.uri in out


def test_documents(run: Run, server: NameServer) -> None:
    common = {"schema": 1, "name_server": server.uri}
    pears = {"name": "shop.pears", "uri": ADDRESS, "tags": ["fruit"]}
    for arguments, facts in (
        (["list", "shop.p"], {"names": [pears]}),
        (["lookup", "shop.pears"], pears),
        (["register", "new", ADDRESS], {"name": "new", "uri": ADDRESS}),
        (["setmeta", "new", "b", "a", "b"], {"name": "new", "tags": ["a", "b"]}),
        (["remove", "new", "--yes"], {"removed": 1}),
        (["removematching", "shop.*", "--yes"], {"removed": 2}),
    ):
        code, out, err = run(*arguments, "--json")
        assert (code, err, json.loads(out)) == (0, "", {**common, **facts})
    document = json.loads(run("--json", "ping")[1])
    assert document.pop("seconds") > 0
    assert document == common


@pytest.mark.parametrize(
    ("server", "serializer"),
    [*product(LIBRARIES, ("serpent", "json", "msgpack")), ("Pyro5", "marshal")],
    indirect=["server"],
)
def test_every_serializer_will_do(run: Run, monkeypatch: pytest.MonkeyPatch, serializer: str) -> None:
    """Pyro5's name server cannot say every answer with every one of them."""
    monkeypatch.setattr(config, "SERIALIZER", serializer)
    assert run("list", "shop.") == (0, APPLES + PEARS, "")
    assert run("list")[1].endswith(APPLES + PEARS + TILL)
    assert run("lookup", "shop.apples") == (0, f"{ADDRESS}\n    tags: fruit, red\n", "")
    assert run("lookup", "nobody")[0] == 1


# Changes ---------------------------------------------------------------------------------------------


def test_a_name_is_registered_once(run: Run, names: Any) -> None:
    other = "PYRO:other@localhost:1"
    assert run("register", "new", ADDRESS) == (0, "registered new\n", "")
    code, out, err = run("register", "new", other)
    assert (code, out) == (1, "")
    assert "already registered" in err
    assert "--replace" in err
    assert str(names.lookup("new")) == ADDRESS
    assert run("register", "--replace", "new", other)[0] == 0
    assert str(names.lookup("new")) == other


def test_tags_are_replaced(run: Run, names: Any) -> None:
    assert run("setmeta", "shop.apples", "green")[0] == 0
    assert set(names.lookup("shop.apples", True)[1]) == {"green"}
    assert run("setmeta", "shop.apples")[0] == 0
    assert set(names.lookup("shop.apples", True)[1]) == set()
    assert run("setmeta", "nobody", "x")[0] == 1


def test_names_are_removed(run: Run, names: Any) -> None:
    assert run("remove", "till", "--yes") == (0, "removed till\n", "")
    assert run("removematching", "--yes", "shop.*") == (0, "removed 2 names\n", "")
    assert run("removematching", "--yes", "shop.*") == (0, "removed 0 names\n", "")
    assert set(names.list()) == {OWN}


@pytest.mark.parametrize("name", ["till", OWN])
def test_what_is_not_removed_is_told(run: Run, names: Any, name: str) -> None:
    names.remove("till")
    code, out, err = run("remove", name, "--yes")
    assert (code, out) == (1, "")
    assert name in err


@pytest.mark.parametrize("arguments", [["remove", "till"], ["removematching", "t.*"]])
def test_without_a_terminal_nothing_is_removed_unless_it_is_said(
    run: Run, names: Any, arguments: list[str]
) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert "nothing was removed" in err
    assert "hint: say --yes" in err
    assert "till" in err
    assert "till" in names.list()


@needs_terminal
@pytest.mark.parametrize(("answer", "status"), [("y", 0), ("n", 1), ("", 1)])
@pytest.mark.parametrize("arguments", [["remove", "till"], ["removematching", "t.*"]])
def test_on_a_terminal_it_is_asked(
    server: NameServer, names: Any, arguments: list[str], answer: str, status: int
) -> None:
    master, slave = os.openpty()
    with os.fdopen(master, "wb", buffering=0) as terminal, os.fdopen(slave, "rb") as stdin:
        terminal.write(f"{answer}\n".encode())
        ended = subprocess.run(
            [sys.executable, "-m", "pyroplug", "nsc", *arguments],
            stdin=stdin,
            capture_output=True,
            text=True,
            env={**os.environ, **server.environment},
            timeout=60,
            check=False,
        )
    assert ended.returncode == status, ended.stderr
    assert "till" in ended.stderr
    assert ("till" in names.list()) is bool(status)


# Where it is, and what goes wrong --------------------------------------------------------------------


def test_options_may_stand_before_the_command_and_after_it(server: NameServer, names: Any) -> None:
    where = ["-n", server.host, "-p", str(server.port)]
    nowhere = ["-p", "1"]
    for arguments in (
        ["-v", *where, "list", "till"],
        ["list", "-v", *where, "till"],
        [*nowhere, "list", "till", *where, "-v"],
    ):
        result = CliRunner().invoke(main, ["nsc", *arguments])
        assert (result.exit_code, result.stdout) == (0, TILL)
        assert server.uri in result.stderr
        assert "1 name\n" in result.stderr


def test_the_configuration_says_where_it_is(server: NameServer, names: Any) -> None:
    assert typed("nsc", "list", "till", environment=server.environment) == (0, TILL, "")


def test_nobody_answers() -> None:
    code, out, err = typed("nsc", "list", environment=finding(free_port()))
    assert (code, out) == (3, "")
    assert err.startswith("error: no name server found")


def test_the_socket_file_of_a_name_server(run_daemon: Callable[..., Running], tmp_path: Any) -> None:
    @expose
    class Fake:
        def ping(self) -> None:
            pass

    path = str(tmp_path / "names")
    run_daemon(daemon={"unixsocket": path}, **{OWN: Fake()})
    code, out, err = typed("nsc", "-u", path, "ping")
    assert (code, err) == (0, "")
    assert f"{OWN}@./u:{path}" in out


def test_a_name_server_that_fails_is_told_without_a_traceback(run_daemon: Callable[..., Running]) -> None:
    @expose
    class Fake:
        def ping(self) -> None:
            raise KeyError("oh")

    running = run_daemon(**{OWN: Fake()})
    port = running.daemon.uriFor(OWN).port
    code, out, err = typed("nsc", "-n", "127.0.0.1", "-p", str(port), "ping")
    assert (code, out) == (1, "")
    assert err == "error: the name server has failed: KeyError: 'oh'\n"


def test_credentials_are_those_of_the_configuration(run_daemon: Callable[..., Running]) -> None:
    @expose
    class Fake:
        def ping(self) -> None:
            pass

    secret = {"HANDSHAKE_SECRET": "between the two of us", "HANDSHAKE_VALIDATORS": ("shared-secret",)}
    port = str(run_daemon(**{OWN: Fake()}, **secret).daemon.uriFor(OWN).port)
    arguments = ["nsc", "-n", "127.0.0.1", "-p", port, "ping"]
    assert typed(*arguments)[0] == 3
    assert typed(*arguments, environment={"PYRO_HANDSHAKE_SECRET": "between the two of us"})[0] == 0


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["lookup", "nobody"], 1),
        (["listmatching", "("], 1),
        (["register", "x", "nonsense"], 2),
        (["frobnicate"], 2),
        (["lookup"], 2),
        (["yplookup_all"], 2),
        ([], 2),
    ],
)
def test_statuses(run: Run, arguments: list[str], status: int) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (status, "")
    assert err
    assert "Traceback" not in err


def test_names_from_elsewhere_give_a_terminal_no_orders(run: Run, names: Any) -> None:
    names.register("evil\x1b[2J", ADDRESS, metadata=["\x07"])
    assert run("list", "evil") == (0, f"evil\\x1b[2J --> {ADDRESS}\n    tags: \\x07\n", "")
    assert json.loads(run("list", "evil", "--json")[1])["names"][0]["name"] == "evil\x1b[2J"
