"""What a server does with connections: everybody is served, and nobody waits for others."""

from __future__ import annotations

import socket
import struct
import threading

import pytest

from pyroplug.contracts import ServerModel
from pyroplug.testing.patience import start as in_thread
from pyroplug.testing.scripted import frame
from pyroplug.testing.verdicts import require
from pyroplug.testing.waiting import wait_until

from .running import Client, ServedSuite, Start

__all__ = ["ServingTests"]

HARMS_NOBODY = "what is raised for one connection harms no other"


class ServingTests(ServedSuite):
    """Requests and answers."""

    def test_it_satisfies_the_contract(self, server_model: ServerModel) -> None:
        missing = [name for name in dir(ServerModel) if name[0] != "_" and not hasattr(server_model, name)]
        require(
            not missing, "a server model has all members of the contract", f"missing: {', '.join(missing)}"
        )
        require(
            isinstance(server_model.aliases, frozenset),
            "aliases are a frozenset",
            f"{server_model.aliases!r}",
        )

    # Requests

    @pytest.mark.parametrize("plain", [False, True], ids=["usual", "short way"])
    def test_requests_in_a_row(self, start: Start, plain: bool) -> None:
        running = start()
        running.host.is_plain = plain
        client = running.connect()
        for number in range(200):
            self.answers(client, b"%d" % number)
        handled = running.host.sessions[0].handled
        require(handled == 200, "each request is handled once", f"200 requests were handled {handled} times")

    @pytest.mark.parametrize("plain", [False, True], ids=["usual", "short way"])
    def test_requests_that_are_sent_at_once(self, start: Start, plain: bool) -> None:
        running = start()
        running.host.is_plain = plain
        client = running.connect()
        client.sock.sendall(b"".join(frame(b"e%d" % number) for number in range(500)))
        client.gets(*(b"%d" % number for number in range(500)))

    def test_a_request_after_a_silence(self, start: Start) -> None:
        client = start().connect()
        for _ in range(3):
            self.answers(client)
            threading.Event().wait(0.05)

    def test_a_large_request_and_a_large_answer(self, start: Start) -> None:
        client = start().connect()
        body = b"y" * self.big
        sending = in_thread(client.send, b"e" + body)
        client.gets(body)
        self.result_of(sending, "taking a large request")
        client.send(b"b%d" % self.big)
        client.gets(b"x" * self.big)
        self.answers(client)

    def test_many_clients(self, start: Start) -> None:
        clients = start().connect_many(60)
        for round_ in range(3):
            for number, client in enumerate(clients):
                client.send(b"e%d/%d" % (number, round_))
            for number, client in enumerate(clients):
                client.gets(b"%d/%d" % (number, round_))

    def test_clients_in_threads(self, start: Start) -> None:
        running = start()

        def talk(number: int) -> None:
            client = running.connect()
            for n in range(100):
                self.answers(client, b"%d" % (number * n))

        for talking in [in_thread(talk, number) for number in range(8)]:
            self.result_of(talking, "a conversation of 100 requests")

    def test_answers_to_a_reader_who_takes_his_time_keep_their_order(self, start: Start) -> None:
        client = start().connect()
        sizes = [self.big // 8 * number for number in range(1, 12)]
        sending = in_thread(client.sock.sendall, b"".join(frame(b"b%d" % size) for size in sizes))
        threading.Event().wait(0.05)
        client.gets(*(b"x" * size for size in sizes))
        self.result_of(sending, "taking small requests")

    # Those who hold up others

    @pytest.mark.parametrize("said", [b"", b"\0", frame(b"ehello")[:7]], ids=["nothing", "a byte", "half"])
    def test_silent_clients_hold_up_nobody(self, start: Start, said: bytes) -> None:
        running = start()
        for client in running.connect_many(30):
            client.sock.sendall(said)
        self.answers(running.connect())

    def test_half_a_message_is_kept_until_the_rest_comes(self, start: Start) -> None:
        running = start()
        halves, good = running.connect_many(20), running.connect()
        for number, client in enumerate(halves):
            client.sock.sendall(frame(b"e%d" % number)[:5])
        self.answers(good)
        for number, client in enumerate(halves):
            client.sock.sendall(frame(b"e%d" % number)[5:])
            client.gets(b"%d" % number)

    def test_a_client_that_sends_byte_by_byte(self, start: Start) -> None:
        running = start()
        dripping, good = running.connect_many(2)
        for byte in frame(b"ehello"):
            dripping.sock.sendall(bytes([byte]))
            self.answers(good)
        dripping.gets(b"hello")

    def test_slow_readers_hold_up_nobody(self, start: Start) -> None:
        running = start()
        slow = running.connect_many(20)
        for client in slow:
            client.send(b"b%d" % self.big)
            client.send(b"eafterwards")
        good = running.connect()
        for _ in range(10):
            self.answers(good)
        for client in slow:
            client.gets(b"x" * self.big, b"afterwards")
            self.answers(client)

    # Ends

    def test_a_client_that_only_listens_gets_its_answers(self, start: Start) -> None:
        client = start().connect()
        client.sock.sendall(frame(b"b%d" % self.big) + frame(b"eand more"))
        client.sock.shutdown(socket.SHUT_WR)
        client.gets(b"x" * self.big, b"and more", None)

    def test_the_last_word_is_sent_before_the_end(self, start: Start) -> None:
        running = start()
        client = running.connect()
        client.sock.sendall(frame(b"b%d" % self.big) + frame(b"cbye"))
        client.gets(b"x" * self.big, b"bye", None)
        running.host.wait_until_lost()

    @pytest.mark.parametrize("how", ["after an answer", "in a message", "in an answer", "by a reset"])
    def test_the_end_of_a_connection_is_told_once(self, start: Start, how: str) -> None:
        running = start()
        for client in running.connect_many(3):
            leave(client, how, self.big)
        running.host.wait_until_lost(3)
        self.answers(running.connect())

    @pytest.mark.parametrize(
        "letter", [b"r", b"x", b"i"], ids=["ValueError", "SystemExit", "KeyboardInterrupt"]
    )
    def test_whatever_is_raised_harms_one_connection_only(self, start: Start, letter: bytes) -> None:
        running = start()
        good = running.connect()
        for _ in range(5):
            bad = running.connect()
            bad.send(letter)
            require(
                bad.is_cut_off(), "a connection is closed whose session raises something", "it stays open"
            )
            self.answers(good)
        self.answers(running.connect())

    @pytest.mark.parametrize("method", ["get_buffer", "buffer_updated", "lost"])
    def test_a_fault_in_a_session_is_contained(self, start: Start, method: str) -> None:
        running = start()
        bad, good = running.connect_many(2)
        session = running.host.wait_for_session()
        told = threading.Event()

        def raise_it(*_: object) -> None:
            told.set()
            raise SystemExit

        setattr(session, method, raise_it)
        bad.sock.sendall(frame(b"ehello"))
        bad.sock.close()
        require(told.wait(self.patience), f"{method} of a session is called", "it is not")
        self.answers(good)
        running.server.close(self.patience)
        session.ends[:] = ["told"]

    def test_a_session_that_cannot_be_opened_harms_nobody_else(self, start: Start) -> None:
        running = start()
        good = running.connect()
        self.answers(good)
        opened = running.host.open_session
        running.host.open_session = lambda *_, **__: 1 / 0  # type: ignore[method-assign,assignment]
        bad = running.connect()
        require(bad.is_cut_off(), "a connection is closed for which there is no session", "it stays open")
        running.host.open_session = opened  # type: ignore[method-assign]
        self.answers(good)
        self.answers(running.connect())

    # Too many

    def test_too_many_are_refused_and_told_why(self, start: Start) -> None:
        if self.two_clients is None:
            pytest.skip("this server model refuses nobody (the attribute `two_clients` says how it does)")
        running = start(**self.two_clients)
        clients = running.connect_many(2)
        self.all_answered(clients)
        late = running.connect()
        late.send(b"eme too")
        got = late.receive()
        require(
            got is not None and got.startswith(b"refused: ") and len(got) > len(b"refused: "),
            "who does not fit in is told so: session.refuse() with a reason, and what it gives is sent",
            f"the third client got {got!r}",
        )
        late.gets(None)
        require(
            running.host.refusals, "host.refused() is told of everybody who was refused", "it was not called"
        )
        self.all_answered(clients)
        clients[0].sock.close()
        running.host.wait_until_lost(2)
        self.answers(running.connect())

    # What is to be done besides

    def test_housekeeping(self, start: Start) -> None:
        running = start(POLLTIMEOUT=0.05)
        client = running.connect()
        self.answers(client)
        called = running.host.housekept.wait(self.patience)
        require(called, "housekeeping() is called every few seconds", "it was not called")

    def test_one_way_calls_hold_up_nobody(self, start: Start) -> None:
        running = start()
        client, other = running.connect_many(2)
        client.send(b"ogate")
        running.host.wait_for_call()
        self.answers(other)
        self.answers(client)
        running.host.gate.set()
        wait_until(lambda: running.host.order == [b"gate"], "the end of a one-way call", self.patience)

    def test_one_way_calls_are_all_run(self, start: Start) -> None:
        running = start()
        client = running.connect()
        words = [b"%d" % number for number in range(200)]
        requests = [frame(b"oexit"), *(frame(b"o" + word) for word in words), frame(b"oexit")]
        client.sock.sendall(b"".join(requests))
        wait_until(
            lambda: sorted(running.host.order) == sorted(words),
            "every one-way call, whatever others of them have raised,",
            self.patience,
        )
        self.answers(client)


def leave(client: Client, how: str, big: int) -> None:
    """Go away in one of several ways."""
    if how == "in a message":
        client.sock.sendall(frame(b"ehello")[:6])
    elif how == "in an answer":
        client.send(b"b%d" % big)
        client.exactly(10)
    else:
        client.ask(b"ehello")
    if how == "by a reset":
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.sock.close()
