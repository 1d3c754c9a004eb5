"""``pyroplug_pyro5.nsc``: Pyro5's command lines, and what scripts see of them, beside the real one."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from pyroplug_pyro5 import nsc as compat

from tests.plugins.tools.programs import ADDRESS, NameServer, free_port, name_server, three_names

OWN = "Pyro.NameServer"
TILL = f"till --> {ADDRESS}\n"
ASKING = ("list", "listmatching", "lookup", "yplookup_all", "yplookup_any")


@pytest.fixture(scope="module")
def server() -> Iterator[NameServer]:
    """A real one of Pyro5's."""
    with name_server() as running:
        yield running


@pytest.fixture
def names(server: NameServer) -> Iterator[Any]:
    """Its proxy, when three names are known."""
    with three_names(server) as proxy:
        yield proxy


def module(name: str, server: NameServer, *arguments: str, stdin: str = "") -> tuple[int, str]:
    ended = subprocess.run(
        [sys.executable, "-m", name, "-n", server.host, "-p", str(server.port), *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return ended.returncode, ended.stdout


@pytest.mark.parametrize(
    ("arguments", "stdin"),
    [
        (["list"], ""),
        (["list", "shop."], ""),
        (["listmatching", "shop.*"], ""),
        (["lookup", "shop.pears"], ""),
        (["lookup", "nobody"], ""),
        (["register", "new", ADDRESS], ""),
        (["register", "till", ADDRESS], ""),
        (["setmeta", "till", "a", "b"], ""),
        (["setmeta", "till"], ""),
        (["remove", "till"], ""),
        (["removematching", "shop.*"], "y\n"),
        (["yplookup_all", "fruit", "red"], ""),
        (["yplookup_any", "red", "x"], ""),
        (["ping"], ""),
    ],
)
def test_a_script_sees_what_it_sees_of_pyro5s(
    server: NameServer, names: Any, arguments: list[str], stdin: str
) -> None:
    """The same names, addresses and tags, the same effect, and whether it went well."""
    state = {name: known for name, known in everything(names).items() if name != OWN}
    outcomes = []
    for name in ("Pyro5.nsc", "pyroplug_pyro5.nsc"):
        names.remove(regex=".*")
        for known, (uri, tags) in state.items():
            names.register(known, uri, metadata=tags)
        status, out = module(name, server, *arguments, stdin=stdin)
        words = [word for word in (*state, ADDRESS, "fruit", "red", " --> ") if word in out]
        outcomes.append((bool(status), words if arguments[0] in ASKING else [], everything(names)))
    assert outcomes[0] == outcomes[1]


def everything(names: Any) -> dict[str, tuple[str, set[str]]]:
    return {name: (str(uri), set(tags)) for name, (uri, tags) in names.list(None, None, True).items()}


def test_a_program_may_bring_its_own_proxy(names: Any, capsys: pytest.CaptureFixture[str]) -> None:
    compat.handle_command(names, "list", ["till"])
    assert capsys.readouterr().out == TILL
    compat.handle_command(names, "remove", ["till"])
    assert "till" not in names.list()
    names._pyroBind()  # it is still theirs, and as it was
    for command, arguments in (("lookup", ["nobody"]), ("lookup", []), ("frobnicate", [])):
        with pytest.raises(SystemExit):
            compat.handle_command(names, command, arguments)


def test_a_program_that_removes_is_asked(
    names: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    compat.handle_command(names, "removematching", ["shop.*"])
    assert set(names.list()) == {OWN, "till"}
    monkeypatch.setattr(sys, "stdin", io.StringIO("n\n"))
    with pytest.raises(SystemExit):
        compat.handle_command(names, "removematching", ["t.*"])
    assert set(names.list()) == {OWN, "till"}


def test_main_tells_that_nobody_answers(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        compat.main(["-n", "127.0.0.1", "-p", str(free_port()), "list"])
    assert caught.value.code == 3
    assert "no name server found" in capsys.readouterr().err
