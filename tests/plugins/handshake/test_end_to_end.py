"""The validators at work between real programs, in every server model, and with Pyro5 at either end."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import Pyro5.api
import Pyro5.errors
import pytest

from pyroplug.api import Daemon, current_context, expose
from pyroplug.client import ClientProtocol
from pyroplug.errors import (
    CommunicationError,
    ConfigError,
    HandshakeError,
    PluginUnavailableError,
)
from tests.running import Running, Way, settings
from tests.support import PATIENCE

SECRET = "correct horse battery staple"
WAYS = [Way(server, transport) for server in ("threadpool", "multiplex") for transport in ("tcp", "unix")]
EVERY_WAY = pytest.mark.parametrize("way", WAYS, ids=str)

Start = Callable[..., Running]


@expose
class Echo:
    def echo(self, value: Any) -> Any:
        return value


def guarded(
    run_daemon: Start, way: Way, *validators: str, cls: type[Daemon] = Daemon, **items: Any
) -> Running:
    return run_daemon(way, cls=cls, daemon={"handshake": validators}, thing=Echo(), **items)


def call(running: Running, handshake: Any = "hello", **items: Any) -> Any:
    proxy = running.proxy(config=settings(**items))
    proxy._pyroHandshake = handshake
    return proxy.echo(5)


@contextmanager
def their_proxy(uri: Any, handshake: Any = "hello") -> Iterator[Any]:
    with Pyro5.api.Proxy(str(uri)) as proxy:
        proxy._pyroTimeout = PATIENCE
        proxy._pyroHandshake = handshake
        yield proxy


def their_refusal(running: Running, reason: str, handshake: Any = "hello") -> None:
    """What a client of Pyro5 is told."""
    with their_proxy(running.daemon.uriFor("thing"), handshake) as proxy:
        refused = pytest.raises(Pyro5.errors.CommunicationError, match=reason)
        with refused:
            proxy.echo(5)


@EVERY_WAY
class TestSharedSecret:
    def test_lets_in_who_knows_it(self, run_daemon: Start, way: Way) -> None:
        running = guarded(run_daemon, way, "shared-secret", HANDSHAKE_SECRET=SECRET)
        for serializer in ("serpent", "json", "msgpack"):
            assert call(running, HANDSHAKE_SECRET=SECRET, SERIALIZER=serializer) == 5
        assert call(running, HANDSHAKE_SECRET=SECRET, HANDSHAKE_PROOFS=("shared-secret",)) == 5

    @pytest.mark.parametrize(
        ("items", "reason"),
        [
            ({}, "knows? its secret"),
            ({"HANDSHAKE_SECRET": SECRET, "HANDSHAKE_RESPONDERS": ()}, "knows? its secret"),
            (
                {"HANDSHAKE_SECRET": "another horse, and another staple"},
                "the response to the challenge is wrong",
            ),
        ],
    )
    def test_refuses_everybody_else(
        self, run_daemon: Start, way: Way, items: dict[str, Any], reason: str
    ) -> None:
        running = guarded(run_daemon, way, "shared-secret", HANDSHAKE_SECRET=SECRET)
        with pytest.raises(HandshakeError, match=reason):
            call(running, **items)
        with pytest.raises(HandshakeError, match=reason):
            call(running, SECRET, **items)
        their_refusal(running, "lets in only clients that know", SECRET)
        assert call(running, HANDSHAKE_SECRET=SECRET) == 5

    def test_a_refused_proxy_stays_outside_and_may_try_again(self, run_daemon: Start, way: Way) -> None:
        running = guarded(run_daemon, way, "shared-secret", HANDSHAKE_SECRET=SECRET)
        mine = settings()
        proxy = running.proxy(config=mine)
        for _ in range(2):
            with pytest.raises(HandshakeError):
                proxy.echo(5)
            assert proxy._pyroConnection is None
        mine.HANDSHAKE_SECRET = SECRET
        assert proxy.echo(5) == 5

    def test_a_token_instead(self, run_daemon: Start, way: Way) -> None:
        seen: list[Any] = []

        class Noting(Daemon):
            def validateHandshake(self, conn: Any, data: Any) -> Any:
                seen.append(data)
                return "welcome"

        items = {"HANDSHAKE_SECRET": SECRET, "HANDSHAKE_PLAIN_TOKEN": True}
        running = guarded(run_daemon, way, "shared-secret", cls=Noting, **items)
        for handshake in (SECRET, {"token": SECRET, "user": "ann"}):
            assert call(running, handshake) == 5
            with their_proxy(running.daemon.uriFor("thing"), handshake) as proxy:
                assert proxy.echo(5) == 5
            assert [seen.pop(), seen.pop()] == [handshake, handshake]
        assert call(running, HANDSHAKE_SECRET=SECRET) == 5
        assert seen.pop() == "hello"
        for wrong in ("hello", "wrong", {"token": "wrong"}):
            their_refusal(running, "as its _pyroHandshake", wrong)
        assert seen == []

    def test_together_with_others(self, run_daemon: Start, way: Way) -> None:
        items: dict[str, Any] = {"HANDSHAKE_SECRET": SECRET}
        running = guarded(run_daemon, way, "allow-networks", "shared-secret", **items)
        assert call(running, HANDSHAKE_SECRET=SECRET) == 5
        items["HANDSHAKE_ALLOWED_NETWORKS"] = ("192.0.2.0/24",)
        running = guarded(run_daemon, way, "shared-secret", "allow-networks", **items)
        with pytest.raises(HandshakeError, match="are not allowed here"):
            call(running, HANDSHAKE_SECRET=SECRET)


@pytest.mark.parametrize("server", ["threadpool", "multiplex"])
class TestPeerCredentials:
    def test_this_user(self, run_daemon: Start, server: str) -> None:
        way = Way(server, "unix")
        for allowed in ((), (str(os.geteuid()),)):
            running = guarded(run_daemon, way, "peer-credentials", HANDSHAKE_ALLOWED_USERS=allowed)
            assert call(running) == 5
            with their_proxy(running.daemon.uriFor("thing")) as proxy:
                assert proxy.echo(5) == 5
        running = guarded(run_daemon, way, "peer-credentials", HANDSHAKE_ALLOWED_GROUPS=(str(os.getegid()),))
        assert call(running) == 5

    def test_another_user(self, run_daemon: Start, server: str) -> None:
        way, others = Way(server, "unix"), (str(os.geteuid() + 1),)
        running = guarded(run_daemon, way, "peer-credentials", HANDSHAKE_ALLOWED_USERS=others)
        reason = f"clients of user {os.geteuid()} and group {os.getegid()} are not allowed here"
        with pytest.raises(HandshakeError, match=reason):
            call(running)
        their_refusal(running, reason)

    def test_over_tcp(self, run_daemon: Start, server: str) -> None:
        running = guarded(run_daemon, Way(server, "tcp"), "peer-credentials")
        with pytest.raises(HandshakeError, match="only local clients"):
            call(running)


@EVERY_WAY
def test_by_the_configuration(run_daemon: Start, way: Way) -> None:
    named = {"HANDSHAKE_VALIDATORS": ("allow-networks",), "HANDSHAKE_ALLOWED_NETWORKS": ("192.0.2.0/24",)}
    running = run_daemon(way, thing=Echo(), **named)
    with pytest.raises(HandshakeError, match="not allowed here"):
        call(running)
    running = run_daemon(way, thing=Echo(), daemon={"handshake": []}, **named)
    assert call(running) == 5


@EVERY_WAY
def test_the_context_while_a_client_is_judged(run_daemon: Start, way: Way) -> None:
    """It shows that client, and nothing of one before."""
    seen: list[Any] = []

    class Noting(Daemon):
        def validateHandshake(self, conn: Any, data: Any) -> Any:
            annotations = {key: bytes(value) for key, value in current_context.annotations.items()}
            annotations.pop("CHLG", None)
            shown = dict(current_context.response_annotations)
            current_context.response_annotations = {"ANSW": str(data).encode()}
            seen.append((data, current_context.client is conn, annotations, shown))
            return data

    running = guarded(run_daemon, way, "shared-secret", cls=Noting, HANDSHAKE_SECRET=SECRET)
    try:
        current_context.annotations = {"TOKN": b"of the first"}
        assert call(running, "first", HANDSHAKE_SECRET=SECRET) == 5
        current_context.annotations = {}
        assert call(running, "second", HANDSHAKE_SECRET=SECRET) == 5
    finally:
        current_context.annotations = {}
    assert seen == [("first", True, {"TOKN": b"of the first"}, {}), ("second", True, {}, {})]


@pytest.mark.parametrize(
    ("validators", "items", "problem"),
    [
        (["allow-networks"], {"HANDSHAKE_ALLOWED_NETWORKS": ("10.0.0.0/33",)}, "no network"),
        (["shared-secret"], {}, "needs a secret"),
        (["shared-secret"], {"HANDSHAKE_SECRET": "short"}, "fewer than 16"),
        (["peer-credentials"], {"HANDSHAKE_ALLOWED_USERS": ("nobody knows",)}, "no user"),
        (["allow-networks", "allow-networks"], {}, "listed twice"),
    ],
)
def test_settings_that_do_not_work_stop_the_daemon(
    tmp_path: Path, validators: list[str], items: dict[str, Any], problem: str
) -> None:
    path = tmp_path / "socket"
    with pytest.raises(ConfigError, match=problem):
        Daemon(unixsocket=str(path), handshake=validators, config=settings(**items))
    assert not path.exists()
    with pytest.raises(PluginUnavailableError):
        Daemon(unixsocket=str(path), handshake=["allow-networks", "allow-everybody"], config=settings())


def test_a_short_secret_stops_the_proxy(run_daemon: Start) -> None:
    running = guarded(run_daemon, Way(), "allow-networks")
    with pytest.raises(ConfigError, match="fewer than 16"):
        call(running, HANDSHAKE_SECRET="short")


def test_a_peer_that_leaves_a_challenge_unanswered(
    run_daemon: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is sent away like one that says no hello."""
    running = guarded(
        run_daemon, Way(), "shared-secret", HANDSHAKE_SECRET=SECRET, HANDSHAKE_TIMEOUT=0.3, POLLTIMEOUT=0.1
    )

    def silent(self: ClientProtocol, sequence: int, annotations: Any) -> Sequence[bytes]:
        return ()

    monkeypatch.setattr(ClientProtocol, "respond", silent)
    with pytest.raises(CommunicationError, match=r"no hello|closed"):
        call(running, HANDSHAKE_SECRET=SECRET)
