"""The question to everybody: who is asked, what is an answer, and what is none."""

from __future__ import annotations

import socket
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroplug_nameserver import discovery
from pyroplug_nameserver.broadcast import BroadcastServer
from pyroplug_nameserver.daemon import NameServerDaemon
from pyroplug_nameserver.discovery import LONGEST_ANSWER, QUESTION, Question, Target, targets, uri_of

from pyroplug.api import URI, locate_ns
from tests.running import settings
from tests.support import PATIENCE, wait_until

from .udp import responding

V4, V6 = socket.AF_INET, socket.AF_INET6
ANSWER = b"PYRO:Pyro.NameServer@127.0.0.1:4711"


def has_ipv6() -> bool:
    try:
        with socket.socket(V6, socket.SOCK_DGRAM) as sock:
            sock.bind(("::1", 0))
            return True
    except OSError:
        return False


ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")


@pytest.fixture(autouse=True)
def not_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "PAUSE", 0.1)


# Who is asked


def test_the_question_is_pyros() -> None:
    assert QUESTION == b"GET_NSURI"
    assert len(QUESTION) == 9


@pytest.mark.parametrize(
    ("addresses", "asked"),
    [
        ([], []),
        (["192.168.1.255"], [(V4, ("192.168.1.255", 7))]),
        (["::1"], [(V6, ("::1", 7, 0, 0))]),
        (["0.0.0.0"], [(V4, ("0.0.0.0", 7)), (V6, ("::1", 7, 0, 0))]),
        (
            ["<broadcast>"],
            [(V4, ("<broadcast>", 7)), (V6, ("ff02::1", 7, 0, 1)), (V6, ("ff02::1", 7, 0, 4))],
        ),
        (
            ["10.0.0.1", "10.0.0.1", "0.0.0.0", "::1"],
            [(V4, ("10.0.0.1", 7)), (V4, ("0.0.0.0", 7)), (V6, ("::1", 7, 0, 0))],
        ),
    ],
)
def test_addresses_stand_for_targets(addresses: list[str], asked: list[Any]) -> None:
    assert [tuple(target) for target in targets(addresses, 7, 0, [1, 4])] == asked


ADDRESSES = st.lists(st.sampled_from(["<broadcast>", "0.0.0.0", "127.0.0.1", "10.1.2.255", "::1", "fe80::1"]))


@given(ADDRESSES, st.integers(1, 65535), st.sampled_from([0, 4, 6]), st.lists(st.integers(1, 9), max_size=3))
def test_the_preferred_version_comes_first_and_nobody_is_left_out(
    addresses: list[str], port: int, prefer: int, interfaces: list[int]
) -> None:
    found = targets(addresses, port, prefer, interfaces)
    assert len(set(found)) == len(found)
    assert set(found) == set(targets(addresses, port, 0, interfaces))
    assert {target.address[1] for target in found} <= {port}
    if prefer:
        first = V4 if prefer == 4 else V6
        families = [target.family == first for target in found]
        assert families == sorted(families, reverse=True)
    for address in addresses:
        assert any(target.address[0] == address for target in found)


def test_a_target_is_told_by_its_address() -> None:
    assert str(Target(V4, ("10.0.0.1", 7))) == "10.0.0.1"
    assert str(Target(V6, ("::1", 7, 0, 0))) == "::1"
    assert str(Target(V6, ("ff02::1", 7, 0, 4))) == "ff02::1%4"


# What is an answer


@pytest.mark.parametrize(
    "answer",
    [
        ANSWER,
        b"PYRO:Pyro.NameServer@[::1]:4711",
        b"PYRO:Pyro.NameServer@" + b"a" * 63 + (b"." + b"b" * 60) * 3 + b":4711",
    ],
)
def test_answers(answer: bytes) -> None:
    assert str(uri_of(answer)) == answer.decode()


@pytest.mark.parametrize(
    "nonsense",
    [
        b"",
        QUESTION,
        b"PYRO:",
        b"PYRO:Pyro.NameServer",
        b"PYRO:Pyro.NameServer@host",
        b"PYRO:Pyro.NameServer@host:0x1",
        b"PYRO:Pyro.NameServer@./u:/run/socket",
        b"PYRO:Pyro.NameServer@./other:x",
        b"PYRO:Pyro.Daemon@127.0.0.1:4711",
        b"PYRO:thing@127.0.0.1:4711",
        b"PYRONAME:Pyro.NameServer@127.0.0.1:4711",
        b"PYROMETA:Pyro.NameServer@127.0.0.1:4711",
        b"http://127.0.0.1:4711",
        b"PYRO:Pyro.NameServer@" + b"a" * LONGEST_ANSWER + b":4711",
    ],
)
def test_what_is_no_answer(nonsense: bytes) -> None:
    assert uri_of(nonsense) is None


@given(st.binary(max_size=300) | st.text(max_size=80).map(lambda text: b"PYRO:" + text.encode("utf-8")))
def test_anything_is_an_answer_or_none(datagram: bytes) -> None:
    uri = uri_of(datagram)
    assert uri is None or uri.object == "Pyro.NameServer"


# Asking


def test_the_first_answer_comes_at_once() -> None:
    with responding(ANSWER) as responder:
        question = Question(["127.0.0.1"], responder.port)
        answers = question.answers(PATIENCE)
        assert next(answers) == URI(ANSWER.decode())
        answers.close()
        assert responder.questions == [QUESTION]
    assert [str(target) for target in question.asked] == ["127.0.0.1"]
    assert (question.failed, question.ignored) == ({}, 0)


def test_what_is_no_answer_is_waited_past() -> None:
    with responding(b"nonsense", b"", b"PYRO:x@h:1", ANSWER) as responder:
        question = Question(["127.0.0.1"], responder.port)
        assert list(question.answers(0.3)) == [URI(ANSWER.decode())]
        assert question.ignored >= 3


def test_each_is_given_once() -> None:
    other = ANSWER.replace(b"4711", b"4712")
    with responding(ANSWER, other, ANSWER) as responder:
        question = Question(["127.0.0.1"], responder.port)
        assert [str(uri).encode() for uri in question.answers(0.3)] == [ANSWER, other]
        assert responder.questions == [QUESTION] * 3


@pytest.mark.parametrize("after", [2, 3])
def test_a_lost_datagram_is_sent_again(after: int) -> None:
    with responding(ANSWER, after=after) as responder:
        assert list(Question(["127.0.0.1"], responder.port).answers(PATIENCE)) == [URI(ANSWER.decode())]


def test_long_host_names_are_not_cut() -> None:
    answer = b"PYRO:Pyro.NameServer@" + b".".join([b"a" * 60] * 4) + b":4711"
    assert len(answer) > 250
    with responding(answer) as responder:
        assert next(Question(["127.0.0.1"], responder.port).answers(PATIENCE)) == URI(answer.decode())


def test_whoever_takes_the_answers_may_take_his_time() -> None:
    other = ANSWER.replace(b"4711", b"4712")
    with responding(ANSWER, other) as responder:
        answers = Question(["127.0.0.1"], responder.port).answers(0.01)
        assert next(answers) == URI(ANSWER.decode())
        over = time.monotonic() + 0.02
        wait_until(lambda: responder.sent >= 2 and time.monotonic() > over)
        assert next(answers) == URI(other.decode())
        answers.close()


def test_silence_ends() -> None:
    with responding() as responder:
        started = time.monotonic()
        assert list(Question(["127.0.0.1"], responder.port).answers(0.15)) == []
        assert 0.14 <= time.monotonic() - started < PATIENCE
        assert responder.questions == [QUESTION] * 3


def test_whoever_talks_without_end_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "PAUSE", 1.5 * PATIENCE)
    monkeypatch.setattr(discovery, "_MOST_DATAGRAMS", 10)
    started = time.monotonic()
    with responding(*[b"nonsense"] * 20) as responder:
        question = Question(["127.0.0.1"], responder.port)
        assert list(question.answers(9 * PATIENCE)) == []
        assert question.ignored > 10
    assert time.monotonic() - started < PATIENCE


def test_where_nobody_can_be_asked_nobody_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "PAUSE", 1.5 * PATIENCE)
    for addresses in ([], ["no such address.invalid"]):
        started = time.monotonic()
        question = Question(addresses, 4711)
        assert list(question.answers(9 * PATIENCE)) == []
        assert time.monotonic() - started < PATIENCE
        assert len(question.failed) == len(addresses)
        assert question.asked == {}


@ipv6
@pytest.mark.parametrize("addresses", [["::1"], ["0.0.0.0"]])
def test_it_is_asked_over_ipv6_too(addresses: list[str]) -> None:
    answer = ANSWER.replace(b"127.0.0.1", b"[::1]")
    with responding(answer, host="::1") as responder:
        assert next(Question(addresses, responder.port).answers(PATIENCE)) == URI(answer.decode())


def answered_by_multicast(answer: bytes, monkeypatch: pytest.MonkeyPatch) -> list[URI]:
    """What is found so, if there is somebody who gives this answer. It does not leave this machine here."""
    monkeypatch.setattr(discovery, "_HOPS", 0)
    everybody = discovery.targets

    def multicast_only(*arguments: Any) -> list[Target]:
        return [target for target in everybody(*arguments) if target.address[0] == "ff02::1"]

    monkeypatch.setattr(discovery, "targets", multicast_only)
    with responding(answer, host="::") as responder:
        question = Question(["<broadcast>"], responder.port)
        found = list(question.answers(0.5))
    if not question.asked:
        pytest.skip("no network interface of this machine has IPv6 multicast")
    return found


@ipv6
def test_everybody_on_the_link_is_asked_over_ipv6(monkeypatch: pytest.MonkeyPatch) -> None:
    assert answered_by_multicast(ANSWER, monkeypatch) == [URI(ANSWER.decode())]


@pytest.mark.parametrize(
    ("host", "scope", "usable"),
    [
        ("[fe80::1]", 3, "[fe80::1%3]"),
        ("[fe80::1]", 0, "[fe80::1]"),
        ("[fe80::1%eth9]", 3, "[fe80::1%3]"),
        ("[fd00::1]", 3, "[fd00::1]"),
        ("[::1]", 3, "[::1]"),
        ("192.168.0.1", 3, "192.168.0.1"),
        ("names.example", 3, "names.example"),
    ],
)
def test_an_address_of_one_link_goes_with_its_interface(host: str, scope: int, usable: str) -> None:
    uri = URI(f"PYRO:Pyro.NameServer@{host}:9090")
    assert discovery.with_scope(uri, ("fe80::2", 9091, 0, scope)) == URI(
        f"PYRO:Pyro.NameServer@{usable}:9090"
    )
    assert discovery.with_scope(uri, ("192.168.0.2", 9091)) == uri


@ipv6
def test_what_is_answered_over_a_link_can_be_connected(monkeypatch: pytest.MonkeyPatch) -> None:
    found = answered_by_multicast(b"PYRO:Pyro.NameServer@[fe80::1]:9090", monkeypatch)
    numbers = {str(number) for number, _name in socket.if_nameindex()}
    assert found
    assert all(str(uri.host).partition("%")[2] in numbers for uri in found)


def test_a_machine_without_ipv6(monkeypatch: pytest.MonkeyPatch) -> None:
    make = socket.socket

    def without(family: int = -1, *arguments: Any, **keywords: Any) -> socket.socket:
        if family == V6:
            raise OSError(97, "Address family not supported by protocol")
        return make(family, *arguments, **keywords)

    with responding(ANSWER) as responder:
        monkeypatch.setattr(discovery.socket, "socket", without)
        question = Question(["127.0.0.1", "::1"], responder.port, 6)
        assert next(question.answers(PATIENCE)) == URI(ANSWER.decode())
        assert [str(target) for target in question.failed] == ["::1"]
        monkeypatch.undo()


# With the responder that name servers have


def answered_by_a_name_server(host: str, addresses: list[str], in_thread: Any) -> None:
    config = settings(NS_PORT=1, BROADCAST_ADDRS=addresses)
    with NameServerDaemon(host, 0, config=config) as daemon:
        uri = daemon.uriFor("Pyro.NameServer")
        with BroadcastServer(uri, host, 0, config=config) as responder:
            loop, answering = in_thread(daemon.requestLoop), responder.runInThread()
            port = responder.sock.getsockname()[1]
            with locate_ns(port=port, config=config) as names:
                assert names._pyroUri == uri
                assert "Pyro.NameServer" in names.list()
            daemon.shutdown()
            loop.result(PATIENCE)
        if answering is not None:
            answering.join(PATIENCE)


def test_a_name_server_answers(in_thread: Any) -> None:
    answered_by_a_name_server("127.0.0.1", ["127.0.0.1"], in_thread)


@ipv6
@pytest.mark.parametrize("addresses", [["::1"], ["0.0.0.0"]])
def test_a_name_server_answers_over_ipv6(in_thread: Any, addresses: list[str]) -> None:
    answered_by_a_name_server("::1", addresses, in_thread)
