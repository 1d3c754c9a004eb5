"""``pyroplug call``: against servers of either library, as people type it."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from click.testing import CliRunner
from pyroplug_nameserver import PyroNames

from pyroplug import errors
from pyroplug.api import Proxy, expose
from pyroplug.cli import main
from tests.plugins.tools.programs import program, typed
from tests.running import Running
from tests.support import PATIENCE, wait_until


def call(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, ["call", *arguments])
    return result.exit_code, result.stdout, result.stderr


# Answers ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        (["hello world"], "hello world"),
        (["5"], "5"),
        (["-5"], "-5"),
        (["-.5"], "-0.5"),
        (["--text", "5"], "5"),
        (["--json", "--text", "5"], '"5"'),
        (["a=b"], "a=b"),
        (['["a", 1]', "--json"], '["a", 1]'),
        (["--json", "--serializer", "json", "{'a': None}"], '{"a": null}'),
        (["--json", "1", "-k", "b=two", "--kw", "c=[3]"], '[[1], {"b": "two", "c": [3]}]'),
        (["--json", "--", "-x"], '"-x"'),
        (["--timeout", "5", "1"], "1"),
    ],
)
def test_arguments_and_answers(uri: str, arguments: list[str], answer: str) -> None:
    assert call(uri, "echo", *arguments) == (0, f"{answer}\n", "")


def test_nothing_is_printed_for_nothing(uri: str) -> None:
    assert call(uri, "echo", "null") == (0, "", "")
    assert call(uri, "echo", "null", "--json") == (0, "null\n", "")


def test_a_property_is_read(uri: str) -> None:
    assert call(uri, "level", "--json") == (0, '{"low": [1, null], "high": "no"}\n', "")
    assert call(uri, "nothing") == (0, "", "")


@pytest.mark.parametrize("arguments", [["1"], ["-k", "a=1"], ["--oneway"]])
def test_a_property_takes_no_arguments(uri: str, arguments: list[str]) -> None:
    code, out, err = call(uri, "level", *arguments)
    assert (code, out) == (2, "")
    assert "level is a property" in err


def test_one_way_calls_wait_for_nothing(uri: str) -> None:
    with Proxy(uri) as proxy:
        before = proxy.endings()
        assert call(uri, "push", "1") == (0, "", "")
        assert call(uri, "echo", "--oneway", "1") == (0, "", "")
        wait_until(lambda: proxy.endings() == before + 1)


# Streams ---------------------------------------------------------------------------------------------


def test_items_are_printed_one_by_one(uri: str) -> None:
    assert call(uri, "count", "3") == (0, "0\n1\n2\n", "")
    assert call(uri, "count", "0") == (0, "", "")


def test_a_stream_that_breaks_off_tells_why(uri: str) -> None:
    assert call(uri, "break_off") == (1, "None\ntwo\n", "error: ValueError: no more\n")
    assert call(uri, "break_off", "--json")[1] == 'null\n"two"\n'


def test_ctrl_c_closes_the_remote_stream(uri: str) -> None:
    with Proxy(uri) as proxy:
        before = proxy.endings()
        with program("-m", "pyroplug", "call", uri, "forever") as running:
            assert [running.line() for _ in range(3)] == ["0", "1", "2"]  # at once: the stream has no end
            assert running.end(signal.SIGINT) == 130
            assert "Traceback" not in "".join(running.err)
        wait_until(lambda: proxy.endings() == before + 1)


def test_a_reader_that_leaves_closes_the_remote_stream(uri: str) -> None:
    """As with ``| head``."""
    with Proxy(uri) as proxy:
        before = proxy.endings()
        command = [sys.executable, "-m", "pyroplug", "call", uri, "forever"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
            assert running.stdout is not None
            assert running.stderr is not None
            assert running.stdout.readline() == b"0\n"
            running.stdout.close()
            assert running.wait(PATIENCE) == 1
            assert running.stderr.read() == b""
        wait_until(lambda: proxy.endings() == before + 1)


# What goes wrong -------------------------------------------------------------------------------------


def test_what_the_object_raises(uri: str) -> None:
    code, out, err = call(uri, "fail", "no thing")
    assert (code, out) == (1, "")
    assert err == "error: FileNotFoundError: [Errno 2] no thing\n"


def test_an_exception_of_a_class_that_is_unknown_here(uri: str) -> None:
    assert call(uri, "odd") == (1, "", "error: __main__.Odd: very\n")


def test_the_remote_traceback_is_shown_if_wanted(uri: str) -> None:
    code, out, err = call(uri, "fail", "x", "--traceback")
    assert (code, out) == (1, "")
    assert err.startswith("Traceback (most recent call last):\n")
    assert "in fail\n" in err
    assert err.endswith("\nerror: FileNotFoundError: [Errno 2] x\n")


def test_what_the_object_raises_gives_a_terminal_no_orders(uri: str) -> None:
    for options in ([], ["--traceback"]):
        result = CliRunner().invoke(main, ["call", uri, "fail", "\x1b[2J", *options], color=True)
        assert "\x1b" not in result.stderr
        assert "x1b[2J" in result.stderr


def test_an_unknown_method_is_told_with_a_remedy(uri: str) -> None:
    code, out, err = call(uri, "ecko")
    assert (code, out) == (1, "")
    assert "no exposed method or property 'ecko'" in err
    assert f"did you mean echo? pyroplug inspect {uri}" in err
    assert "did you mean" not in call(uri, "zzz")[2]


@pytest.mark.parametrize("arguments", [["[1"], ["-k", "a"], ["-k", "a=[1"], ["-x"], ["--timeout", "-1"]])
def test_what_cannot_be_understood(uri: str, arguments: list[str]) -> None:
    code, out, err = call(uri, "echo", *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("Usage: ")


def test_an_unknown_serializer(uri: str) -> None:
    code, out, err = call(uri, "echo", "1", "--serializer", "morse")
    assert (code, out) == (2, "")
    assert "'morse'" in err


def test_a_value_that_the_serializer_has_not(uri: str) -> None:
    code, out, _ = call(uri, "echo", "1+2j", "--serializer", "msgpack")
    assert code in (0, 1), out


def test_nobody_is_there() -> None:
    with closing(socket.socket()) as sock:
        sock.bind(("127.0.0.1", 0))
        place = "127.0.0.1:{1}".format(*sock.getsockname())
        code, out, err = call(f"PYRO:thing@{place}", "echo", "1")
    assert (code, out) == (3, "")
    assert err.startswith(f"error: cannot connect to {place}")


def test_there_is_no_such_object(uri: str) -> None:
    code, out, err = call(uri.replace("PYRO:thing", "PYRO:other"), "echo")
    assert (code, out) == (3, "")
    assert "unknown object" in err


def test_a_call_that_takes_too_long(run_daemon: Callable[..., Running]) -> None:
    done = threading.Event()

    @expose
    class Slow:
        def wait(self) -> bool:
            return done.wait(PATIENCE)

    running = run_daemon(thing=Slow())
    try:
        code, out, err = call(str(running.daemon.uriFor("thing")), "wait", "--timeout", "0.2")
    finally:
        done.set()
    assert (code, out) == (3, "")
    assert "0.2" in err


def test_an_error_of_the_objects_own_is_not_taken_for_the_connections(
    run_daemon: Callable[..., Running],
) -> None:
    @expose
    class Thing:
        def wait(self) -> None:
            raise TimeoutError("over there")

        def ask(self) -> None:
            raise errors.TimeoutError("over there")

    uri = str(run_daemon(thing=Thing()).daemon.uriFor("thing"))
    assert call(uri, "wait") == call(uri, "ask") == (1, "", "error: TimeoutError: over there\n")


def test_without_remote_tracebacks_the_class_is_told_all_the_same(run_daemon: Callable[..., Running]) -> None:
    @expose
    class Thing:
        def fail(self) -> None:
            raise KeyError("x")

    running = run_daemon(thing=Thing(), SEND_TRACEBACK=False)
    code, _, err = call(str(running.daemon.uriFor("thing")), "fail", "--traceback")
    assert (code, err) == (1, "error: KeyError: 'x'\n")


@pytest.mark.parametrize(("text", "told"), [("PYRO:thing", "location"), ("PYRO:a@h:x", "port")])
def test_an_address_that_is_none(text: str, told: str) -> None:
    code, out, err = call(text, "echo")
    assert (code, out) == (2, "")
    assert told in err


def test_a_bare_name_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def resolve(uri: str, *_: Any) -> str:
        asked.append(uri)
        raise errors.NamingError("who?")

    monkeypatch.setattr(PyroNames, "resolve", lambda self, *args: resolve(*args))
    for name in ("test.echoserver", "PYRONAME:x", "pyrometa:a,b"):
        code, _, err = call(name, "echo")
        assert (code, err) == (3, "error: who?\n")
    assert asked == ["PYRONAME:test.echoserver", "PYRONAME:x", "PYROMETA:a,b"]


# As a process ----------------------------------------------------------------------------------------


def test_it_runs_as_a_program(uri: str) -> None:
    assert typed("call", uri, "echo", "ä", "--json") == (0, '"ä"\n', "")
    code, out, err = typed("call", uri, "fail", "x")
    assert (code, out, err) == (1, "", "error: FileNotFoundError: [Errno 2] x\n")


def test_json_is_for_programs(uri: str) -> None:
    _, out, _ = typed("call", uri, "count", "100", "--json")
    assert [json.loads(line) for line in out.splitlines()] == list(range(100))
