"""A call is taken apart on the way that calls take, and its parts add up. How fast it is, no test says."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from benchmarks import system_calls
from benchmarks.in_memory import connection_on, serve
from benchmarks.kinds_of_calls import KINDS_OF_CALLS, KindOfCall
from benchmarks.memory_server import Feed, IdleSession, read_alone, serve_feed
from benchmarks.parts import MODELS, Part, open_ends, parts
from benchmarks.profile_call import main
from benchmarks.served import Served
from benchmarks.system_calls import count_system_calls, show_system_calls
from pyroplug.config import Configuration
from pyroplug.contracts import Connection, ServerModel, Session
from pyroplug.plugins import Kind, PluginSet, default_plugins

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 120
KINDS = pytest.mark.parametrize("kind", KINDS_OF_CALLS, ids=lambda kind: kind.name)
EVERY_MODEL = pytest.mark.parametrize("model", MODELS)
EMPTY_CALL = KINDS_OF_CALLS[0]


def quick(serializer: str, kind: KindOfCall, model: str = MODELS[0]) -> list[Part]:
    return parts(serializer, kind, model, seconds=0.0005, rounds=2)


def inside(found: Sequence[Part], end: str) -> dict[str, float]:
    """The parts of an end, by name."""
    names = [part.name for part in found]
    times: dict[str, float] = {}
    for part in found[names.index(end) + 1 :]:
        if part.depth == 0:
            break
        times[part.name] = part.microseconds
    return times


# Parts -----------------------------------------------------------------------------------------------


@KINDS
@pytest.mark.parametrize("serializer", ["msgpack", "serpent"])
def test_the_parts_make_up_the_call(kind: KindOfCall, serializer: str) -> None:
    found = quick(serializer, kind)
    ends = {part.name: part.microseconds for part in found if part.depth == 0}
    assert list(ends) == ["client", "server", "system calls", "all of it"]
    assert all(time > 0 for time in ends.values())
    assert ends.pop("all of it") == pytest.approx(sum(ends.values()))
    for end in ("client", "server"):
        assert sum(inside(found, end).values()) == pytest.approx(ends[end])


@EVERY_MODEL
def test_time_is_put_down_to_who_takes_it(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A method that takes a millisecond is the server's, and there it is the call's."""

    def slow(self: Served) -> None:
        end = time.process_time() + 0.001
        while time.process_time() < end:
            pass

    monkeypatch.setattr(Served, "nop", slow)
    found = quick("msgpack", EMPTY_CALL, model)
    ends = {part.name: part.microseconds for part in found if part.depth == 0}
    server = inside(found, "server")
    assert ends["server"] > 900
    assert ends["client"] < 500
    assert server.pop("finding and calling") > 900
    assert all(abs(time) < 500 for time in server.values())


def test_a_one_way_call_has_no_result() -> None:
    (kind,) = (kind for kind in KINDS_OF_CALLS if kind.oneway)
    with open_ends("msgpack", kind) as ends:
        before = ends.served.oneway_calls()
        ends.client()
        assert ends.served.oneway_calls() == before + 1
        assert ends.memory.socket.answer == b""


def test_a_wrong_answer_stops_everything() -> None:
    kind = KindOfCall("wrong", [("add", (2, 2))], 5)
    with pytest.raises(RuntimeError, match="wrong"), open_ends("msgpack", kind):
        pass


# The way of a call -----------------------------------------------------------------------------------


class Watched(IdleSession):
    """Notes which of its methods are called."""

    def __init__(self, plain: bool = True) -> None:
        super().__init__((b"answer",), plain)
        self.called: list[str] = []

    def __getattribute__(self, name: str) -> Any:
        if name in ("handle_plain", "buffer_updated", "handle"):
            self.called.append(name)
        return super().__getattribute__(name)


def test_a_small_request_goes_the_short_way() -> None:
    session = Watched()
    assert serve(session, b"request", memoryview(bytearray(100))) == (b"answer",)
    assert session.called == ["handle_plain"]


def test_everything_else_goes_the_long_way_piece_by_piece() -> None:
    session = Watched(plain=False)
    assert serve(session, b"request", memoryview(bytearray(4))) == [b"answer", b"answer"]
    assert session.called == ["handle_plain", "buffer_updated", "handle"] * 2


@KINDS
def test_who_replays_gives_the_right_answer_to_every_call(kind: KindOfCall) -> None:
    with open_ends("json", kind) as ends:
        ends.memory.socket.replay()
        for _ in range(3):
            assert ends.client() == kind.result
        if kind.calls[0][0] == "oneway":
            assert ends.served.oneway_calls() == 1  # that was before


# The server that is fed ------------------------------------------------------------------------------


def model_named(name: str) -> tuple[ServerModel, Configuration]:
    plugins: PluginSet = default_plugins()
    return plugins.get(Kind.SERVER, name), Configuration(
        environ={}, plugin_items=lambda: plugins.config_items
    )


@pytest.mark.parametrize("size", [1, 7, 20, 21, 100])
def test_a_feed_gives_whole_requests_and_then_ends(size: int) -> None:
    request, calls, laps = bytes(range(20)), 3, 2
    feed, buffer, received = Feed(request, calls, laps), memoryview(bytearray(size)), b""
    while count := feed.recv_into(buffer):
        received += buffer[:count]
    feed.close()
    assert received == request * calls * (1 + laps)
    assert feed.over
    assert feed.least > 0


def test_a_lap_is_over_when_all_is_done() -> None:
    buffer, done = memoryview(bytearray(10)), 5
    feed = Feed(b"request", 2, 1, lambda: done)
    feed.recv_into(buffer)
    feed.recv_into(buffer)
    done += 2
    feed.recv_into(buffer)
    assert len(feed.laps) == 2
    feed.close()


@EVERY_MODEL
@pytest.mark.parametrize("answers", [True, False])
def test_a_server_serves_all_that_it_is_fed(model: str, answers: bool) -> None:
    count = 0

    class Counting(IdleSession):
        def handle_plain(self, piece: memoryview, size: int, /) -> Any:
            nonlocal count
            count += bytes(piece[:size]) == b"request"
            return super().handle_plain(piece, size)

    def open_session(_connection: Connection, _spawn: object) -> Session:
        return Counting((b"answer",) if answers else (), answers)

    feed = Feed(b"request", 5, 3)
    serve_feed(*model_named(model), open_session, feed)
    assert count == 20
    assert feed.over
    assert feed.fileno() == -1


@pytest.mark.parametrize("answers", [True, False])
def test_a_feed_can_be_read_without_a_server(answers: bool) -> None:
    feed = Feed(b"request", 5, 3)
    read_alone(feed, answers)
    assert feed.over


def test_a_connection_has_the_way_of_real_ones() -> None:
    feed = Feed(b"request", 1, 1)
    connection = connection_on(feed)
    direct = connection.direct
    assert direct is not None
    assert direct.recv_into == feed.recv_into
    assert direct.send == feed.send
    connection.close()


# The command -----------------------------------------------------------------------------------------


def test_the_command() -> None:
    command = [sys.executable, "-m", "benchmarks.profile_call", "marshal", "--rounds", "1", "--functions"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LIMIT, cwd=ROOT)
    assert (ended.returncode, ended.stderr) == (0, "")
    for kind in KINDS_OF_CALLS:
        assert f"\n{kind.name}" in ended.stdout
        assert f"marshal, {kind.name}:" in ended.stdout
    assert "plain_exchange.py" in ended.stdout
    assert "(handle_plain)" in ended.stdout
    assert "-0.00" not in ended.stdout


@pytest.mark.parametrize("wrong", [["pickle"], ["--rounds", "0"], ["--model", "none"]])
def test_a_wrong_command_line(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(wrong)
    assert ended.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_a_machine_without_strace(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(system_calls.shutil, "which", lambda _: None)
    show_system_calls(count_system_calls())
    assert "which this machine does not have" in capsys.readouterr().out
