"""``LOGWIRE``: messages in the log, at both ends; nothing of secrets, and no cost where it is off."""

from __future__ import annotations

import logging
import re
import socket
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pyroplug.api import Proxy, current_context, expose, oneway
from pyroplug.session import ServerSession

from .running import BOTH_MODELS, Running, Way, settings
from .support import wait_until

WIRE = "pyroplug.wire"


@expose
class Thing:
    def echo(self, value: Any) -> Any:
        return value

    @oneway
    def forget(self) -> None:
        pass

    def fail(self) -> None:
        raise ValueError("on purpose")


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[], list[str]]]:
    """What was logged so far."""
    with caplog.at_level(logging.DEBUG, WIRE):
        yield lambda: [record.getMessage() for record in caplog.records if record.name == WIRE]


def served(run_daemon: Callable[..., Running], way: Way, logwire: bool = True, **items: Any) -> Running:
    return run_daemon(way, thing=Thing(), LOGWIRE=logwire, **items)


def proxy_for(running: Running, **items: Any) -> Any:
    return running.proxy("thing", config=settings(**items))


@pytest.fixture(autouse=True)
def clean_context() -> Iterator[None]:
    yield
    current_context.annotations = {}
    current_context.correlation_id = None


@pytest.mark.parametrize("way", BOTH_MODELS, ids=str)
def test_both_ends_log_what_they_send_and_receive(
    run_daemon: Callable[..., Running], log: Callable[[], list[str]], way: Way
) -> None:
    proxy = proxy_for(served(run_daemon, way), LOGWIRE=True)
    assert proxy.echo(42) == 42
    kinds = [(line.split()[0], re.findall(r"CONNECTOK|CONNECT|INVOKE|RESULT", line)[0]) for line in log()]
    for kind in ("CONNECT", "CONNECTOK", "INVOKE", "RESULT"):
        assert kinds.count(("to", kind)) == 1
        assert kinds.count(("from", kind)) == 1
    (line,) = [line for line in log() if line.startswith("to") and "INVOKE" in line]
    assert re.search(r": INVOKE, serializer 1, sequence 1, \d+ bytes, b.*'thing','echo',\(42,\)", line)


def test_each_end_decides_for_itself(
    run_daemon: Callable[..., Running], log: Callable[[], list[str]]
) -> None:
    quiet, loud = served(run_daemon, Way(), logwire=False), served(run_daemon, Way())
    assert proxy_for(quiet).echo(1) == 1
    assert log() == []
    assert proxy_for(loud).echo(1) == 1
    assert [line.split()[0] for line in log()] == ["from", "to", "from", "to"]
    assert proxy_for(quiet, LOGWIRE=True).echo(1) == 1
    assert [line.split()[0] for line in log()][4:] == ["to", "from", "to", "from"]


def test_the_peer_is_named(run_daemon: Callable[..., Running], log: Callable[[], list[str]]) -> None:
    running = served(run_daemon, Way(), logwire=False)
    proxy_for(running, LOGWIRE=True).echo(1)
    assert log()[0].startswith(f"to {running.daemon.locationStr}: CONNECT, ")


def test_flags_annotations_and_correlation(
    run_daemon: Callable[..., Running], log: Callable[[], list[str]]
) -> None:
    proxy = proxy_for(served(run_daemon, Way()), LOGWIRE=True)
    current_context.annotations = {"ABCD": b"sesame", "EFGH": b""}
    current_context.correlation_id = uuid.UUID(int=7)
    proxy.forget()
    with pytest.raises(ValueError, match="on purpose"):
        proxy.fail()
    wait_until(lambda: len([line for line in log() if "INVOKE" in line]) == 4)
    invokes = [line for line in log() if "INVOKE" in line]
    assert sum("flags ONEWAY+CORRELATION_ID" in line for line in invokes) == 2
    for line in invokes:
        assert f"correlation {uuid.UUID(int=7)}, annotations ABCD:6 EFGH:0, " in line
    assert sum("RESULT" in line and "flags EXCEPTION+CORRELATION_ID" in line for line in log()) == 2
    assert not [line for line in log() if "sesame" in line]


@pytest.mark.parametrize("size", [1_000, 100_000])
def test_a_payload_is_shown_in_part(
    run_daemon: Callable[..., Running], log: Callable[[], list[str]], size: int
) -> None:
    proxy = proxy_for(served(run_daemon, Way()), LOGWIRE=True)
    assert proxy.echo("x" * size) == "x" * size
    lines = log()[4:]
    assert len(lines) == 4
    for line in lines:
        assert len(line) < 400
        assert re.search(r"x['\"]\.\.\.$", line)
        (told,) = re.findall(r"(\d+) bytes", line)
        assert size < int(told) < size + 100


def test_a_compressed_payload(run_daemon: Callable[..., Running], log: Callable[[], list[str]]) -> None:
    proxy = proxy_for(served(run_daemon, Way(), COMPRESSION=True), LOGWIRE=True, COMPRESSION=True)
    assert proxy.echo("x" * 1000) == "x" * 1000
    lines = log()[4:]
    assert len(lines) == 4
    for line in lines:
        assert "flags COMPRESSED" in line
        assert line.startswith("to") == line.endswith("bytes compressed")
        assert line.startswith("from") == (re.search(r"x['\"]\.\.\.$", line) is not None)


@pytest.mark.parametrize("refuse", [False, True])
def test_nothing_of_the_handshake_is_shown(
    run_daemon: Callable[..., Running], log: Callable[[], list[str]], refuse: bool
) -> None:
    from pyroplug.api import Daemon

    class Doorkeeper(Daemon):
        def validateHandshake(self, conn: Any, data: Any) -> Any:
            if refuse:
                raise ValueError(f"not {data}")
            return f"hello {data}"

    running = run_daemon(Way(), Doorkeeper, thing=Thing(), LOGWIRE=True)
    proxy = proxy_for(running, LOGWIRE=True)
    proxy._pyroHandshake = "sesame"
    if refuse:
        with pytest.raises(Exception, match="sesame"):
            proxy._pyroBind()
    else:
        proxy._pyroBind()
    assert len(log()) == 4
    assert not [line for line in log() if "sesame" in line]
    assert all(line.endswith("bytes, not shown") for line in log())


def test_what_comes_before_the_handshake_is_not_shown(
    run_daemon: Callable[..., Running], log: Callable[[], list[str]]
) -> None:
    from pyroplug.wire import encode

    running = served(run_daemon, Way())
    with socket.create_connection(running.daemon.sock.getsockname()) as peer:
        peer.sendall(b"".join(encode(4, 1, 0x300, 0, b"sesame")))
        while peer.recv(4096):
            pass
    received, refused = log()
    assert re.search(
        r"^from .*: INVOKE, serializer 1, sequence 0, flags 0x300, 6 bytes, not shown$", received
    )
    assert "CONNECTFAIL" in refused


def test_strangers(run_daemon: Callable[..., Running], log: Callable[[], list[str]]) -> None:
    from pyroplug.wire import encode

    running = served(run_daemon, Way())
    for data in (b"GET / HTTP/1.1\r\n\r\n" * 3, b"".join(encode(99, 1, 0, 0, b""))):
        with socket.create_connection(running.daemon.sock.getsockname()) as peer:
            peer.sendall(data)
            while peer.recv(4096):
                pass
    garbage, refused, unknown, refused_too = log()
    assert re.search(r"^from .*: bytes that are no message$", garbage)
    assert "CONNECTFAIL" in refused
    assert ": type 99, " in unknown
    assert "CONNECTFAIL" in refused_too


def test_too_many_connections_are_refused_in_the_log_too(
    run_daemon: Callable[..., Running], log: Callable[[], list[str]]
) -> None:
    running = served(run_daemon, Way(), MAX_CONNECTIONS=1)
    proxy = proxy_for(running)
    proxy.echo(1)
    with pytest.raises(Exception, match="MAX_CONNECTIONS"):
        proxy_for(running).echo(1)
    assert any(line.startswith("to ") and "CONNECTFAIL" in line for line in log())


def test_connected_sockets_have_no_handshake_to_hide(
    run_daemon: Callable[..., Running], log: Callable[[], list[str]]
) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        running = run_daemon(Way(), thing=Thing(), LOGWIRE=True, daemon={"connected_socket": theirs})
        with Proxy("thing", connected_socket=ours, config=settings(LOGWIRE=True)) as proxy:
            assert proxy.echo("shown") == "shown"
        running.stop()
    assert len([line for line in log() if "'shown'" in line]) == 4


def test_only_the_level_debug_shows_it(
    run_daemon: Callable[..., Running], log: Callable[[], list[str]]
) -> None:
    proxy = proxy_for(served(run_daemon, Way()), LOGWIRE=True)
    logging.getLogger(WIRE).setLevel(logging.INFO)
    proxy.echo(1)
    assert log() == []
    logging.getLogger(WIRE).setLevel(logging.DEBUG)
    proxy.echo(1)
    assert len(log()) == 4


def test_nothing_is_wrapped_where_it_is_off(run_daemon: Callable[..., Running]) -> None:
    running = served(run_daemon, Way(), logwire=False)
    proxy = proxy_for(running)
    proxy.echo(1)
    channel = proxy._pyroChannel
    assert type(channel.line.connection).__module__.startswith("pyroplug_")
    protocol = channel.line.protocol
    assert protocol.buffer_updated == protocol._receiver.buffer_updated
    session = running.daemon._host.open_session(channel.line.connection, lambda call: None)
    assert type(session) is ServerSession
    session.lost("the test is over")
