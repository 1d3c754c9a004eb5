"""``pyroplug echo``: beside Pyro5's echo server, called by either library."""

from __future__ import annotations

import importlib
import math
import re
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from pyroplug_tools import echoserver
from pyroplug_tools.commands.echo import main
from pyroplug_tools.echoserver import EchoServer

from pyroplug.api import Proxy
from tests.plugins.tools.programs import LIBRARIES, Program, finding, free_port, name_server, program, typed

SERVERS = {"pyroplug": ["pyroplug", "echo"], "Pyro5": ["Pyro5.utils.echoserver"]}


def uri_of(server: Program) -> str:
    line = server.line()
    while not line.startswith("echo uri: "):
        line = server.line()
    return line.removeprefix("echo uri: ")


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, str]]:
    """Where the echo server of each library is."""
    with ExitStack() as stack:
        yield {
            name: uri_of(stack.enter_context(program("-u", "-m", *arguments, "-H", "127.0.0.1")))
            for name, arguments in SERVERS.items()
        }


def facts(uri: str, library: str) -> Any:
    """All that it does at once, as a client of a library sees it."""
    api = importlib.import_module(f"{library}.api")
    with api.Proxy(uri) as echo:
        echo._pyroBind()
        found = {
            "methods": echo._pyroMethods - {"__dunder__"},
            "oneway": echo._pyroOneway,
            "attributes": echo._pyroAttrs,
            "dunder": echo.__dunder__(),
            "echo": echo.echo({"a": [1, None, "ä"]}),
            "generator": list(echo.generator()),
            "nan": math.isnan(echo.nan()),
            "inf": echo.inf(),
            "oneway_echo": echo.oneway_echo("x"),
            "verbose": echo.verbose,
        }
        for method in ("error", "error_with_text"):
            with pytest.raises(ValueError, match="error") as caught:
                getattr(echo, method)()
            assert caught.value.args
        return found


@pytest.mark.parametrize("library", LIBRARIES)
def test_it_does_what_pyro5s_does(servers: dict[str, str], library: str) -> None:
    assert facts(servers["pyroplug"], library) == facts(servers["Pyro5"], library)
    assert re.match("PYRO:test.echoserver@127.0.0.1:", servers["pyroplug"])


def test_the_slow_methods_are_slow_and_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(echoserver.time, "sleep", waited.append)
    assert EchoServer().slow() == "Finally, an answer!"
    EchoServer().oneway_slow()
    assert waited == [5, 5]


def test_shutdown_ends_it_in_order(tmp_path: Path) -> None:
    with program("-m", "pyroplug", "echo", "-u", str(tmp_path / "s"), "-v") as server:
        with Proxy(uri_of(server)) as echo:
            echo.echo("hi\x1b")
            echo.verbose = False
            echo.echo("unseen")
            echo.verbose = True
            echo.shutdown()
        assert server.end() == 0
        printed = "".join(server.out)
    assert re.search(r"^\w.* echo: 'hi\\x1b'$", printed, re.MULTILINE)
    assert "unseen" not in printed
    assert "shutdown" in printed


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order(number: int) -> None:
    with program("-m", "pyroplug", "echo") as server:
        uri_of(server)
        assert server.end(number) == 0
        assert list(server.err) == []


def test_it_is_quiet_if_wanted() -> None:
    port = free_port()
    with program("-m", "pyroplug", "echo", "-q", "-H", "127.0.0.1", "-p", str(port)) as server:
        with Proxy(f"PYRO:test.echoserver@127.0.0.1:{port}") as echo:
            echo._pyroReconnect(1000)
            echo.shutdown()
        assert server.end() == 0
        assert (list(server.out), list(server.err)) == ([], [])


def test_the_name_server_is_told() -> None:
    with name_server() as names, program("-m", "pyroplug", "echo", "-n", **names.environment) as server:
        uri = uri_of(server)
        assert typed("call", "test.echoserver", "echo", "x", environment=names.environment) == (0, "x\n", "")
        with Proxy(names.uri) as asked:
            assert str(asked.lookup("test.echoserver")) == uri


@pytest.mark.parametrize("library", LIBRARIES)
def test_it_brings_a_name_server_of_its_own(library: str) -> None:
    api = importlib.import_module(f"{library}.api")
    environment = finding(free_port())
    with program("-m", "pyroplug", "echo", "-N", "-H", "127.0.0.1", **environment) as server:
        uri = uri_of(server)
        names = server.line().removeprefix("name server: ")
        assert names.endswith(f"@127.0.0.1:{environment['PYRO_NS_PORT']}")
        with api.Proxy(names) as asked:
            assert str(asked.lookup("test.echoserver")) == uri
        assert typed("call", "test.echoserver", "echo", "x", environment=environment) == (0, "x\n", "")
        assert typed("call", "test.echoserver", "shutdown", environment=environment)[0] == 0
        assert server.end() == 0
        assert list(server.err) == []


def test_there_is_no_name_server() -> None:
    code, out, err = typed("echo", "-n", environment=finding(free_port()))
    assert (code, out) == (3, "")
    assert err.startswith("error: no name server")


def test_it_cannot_listen_there() -> None:
    code, out, err = typed("echo", "-H", "192.0.2.1")
    assert (code, out) == (1, "")
    assert "192.0.2.1" in err


# From a program --------------------------------------------------------------------------------------


def test_it_can_be_started_and_served_by_a_program(
    capsys: pytest.CaptureFixture[str], in_thread: Any
) -> None:
    daemon, echo, uri = main(["-H", "127.0.0.1", "-q"], return_without_looping=True)
    assert isinstance(echo, EchoServer)
    served = in_thread(daemon.requestLoop)
    with Proxy(uri) as proxy:
        assert proxy.echo(1) == 1
    daemon.shutdown()
    served.result(20)
    daemon.close()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("arguments", "status"), [(["--frobnicate"], 2), (["-H", "192.0.2.1"], 1)])
def test_a_program_ends_with_a_status(arguments: list[str], status: int) -> None:
    for only_started in (True, False):
        with pytest.raises(SystemExit) as caught:
            main(arguments, only_started)
        assert caught.value.code == status
