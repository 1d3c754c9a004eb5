"""The demo's parts: the stock, the story and its judgement, channels for children, and the children."""

from __future__ import annotations

import itertools
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pyroplug.api import Daemon
from pyroplug.demo import channels, station
from pyroplug.demo.child import Child, ChildError
from pyroplug.demo.stock import Stock
from pyroplug.demo.story import WrongAnswer, expect, median_microseconds, play

from .support import PATIENCE, wait_until

BRIEF = 0.2


@pytest.fixture
def stock(tmp_path: Path) -> Stock:
    return Stock(str(tmp_path / "stock.sqlite"))


# The stock -------------------------------------------------------------------------------------------


def test_goods_come_and_go(stock: Stock) -> None:
    assert stock.inventory() == {}
    assert stock.value == 0
    assert stock.add("nuts", 5, 20) == 5
    assert stock.add("nuts", 2, 30) == 7
    assert stock.add("figs", 1, 0) == 1
    assert stock.take("nuts", 3) == 4
    assert stock.quantity("nuts") == 4
    assert stock.inventory() == {"figs": {"quantity": 1, "price": 0}, "nuts": {"quantity": 4, "price": 30}}
    assert stock.value == 120
    assert stock.take("nuts", 4) == 0


def test_what_is_not_there_cannot_be_taken(stock: Stock) -> None:
    stock.add("nuts", 5, 20)
    with pytest.raises(ValueError, match=r"^cannot take 6 nuts: there are 5$"):
        stock.take("nuts", 6)
    with pytest.raises(ValueError, match=r"^cannot take 1 figs: there are 0$"):
        stock.take("figs", 1)
    assert stock.quantity("nuts") == 5


@pytest.mark.parametrize("quantity", [0, -1])
def test_quantities_are_positive(stock: Stock, quantity: int) -> None:
    stock.add("nuts", 5, 20)
    calls: list[Callable[[], object]] = [
        lambda: stock.add("nuts", quantity, 20),
        lambda: stock.take("nuts", quantity),
        lambda: stock.deliver("nuts", quantity),
    ]
    for call in calls:
        with pytest.raises(ValueError, match=f"quantity of {quantity}"):
            call()
    assert stock.quantity("nuts") == 5


def test_prices_are_not_negative(stock: Stock) -> None:
    with pytest.raises(ValueError, match="-1"):
        stock.add("nuts", 5, -1)
    assert stock.inventory() == {}


def test_a_delivery_adds_to_what_is_known(stock: Stock) -> None:
    stock.add("nuts", 5, 20)
    stock.deliver("nuts", 3)
    stock.deliver("figs", 3)
    assert stock.inventory() == {"nuts": {"quantity": 8, "price": 20}}


def test_the_stock_is_in_the_file(stock: Stock, tmp_path: Path) -> None:
    stock.add("nuts", 5, 20)
    assert Stock(str(tmp_path / "stock.sqlite")).inventory() == stock.inventory()
    assert Stock(str(tmp_path / "other.sqlite")).inventory() == {}


def test_threads_take_no_more_than_there_is(stock: Stock) -> None:
    stock.add("nuts", 30, 20)
    taken: list[int] = []

    def take_ten() -> None:
        for _ in range(10):
            try:
                taken.append(stock.take("nuts", 1))
            except ValueError:
                return

    threads = [threading.Thread(target=take_ten) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert sorted(taken) == list(range(30))
    assert stock.quantity("nuts") == 0


def test_what_clients_may_use(stock: Stock) -> None:
    with Daemon() as daemon:
        daemon.register(stock, "stock")
        assert daemon.metadata("stock") == {
            "methods": {"currency", "add", "take", "deliver", "quantity", "inventory"},
            "oneway": {"deliver"},
            "attrs": {"value"},
        }


# The story -------------------------------------------------------------------------------------------


def test_a_right_stock_passes(stock: Stock) -> None:
    assert play(stock, BRIEF) == "2 goods worth 51.00 EUR"


def replaced(name: str, substitute: Callable[..., Any]) -> Callable[[Stock], Any]:
    """Makes a stock with another method, which is given what the real one does, and the arguments."""

    def make(stock: Stock) -> Any:
        original = getattr(stock, name)
        setattr(stock, name, lambda *args, **kwargs: substitute(lambda: original(*args, **kwargs), *args))
        return stock

    return make


def after(calls: int, substitute: Callable[..., Any]) -> Callable[..., Any]:
    """Leaves so many calls alone first."""
    numbers = itertools.count(1)
    return lambda original, *args: original() if next(numbers) <= calls else substitute(original, *args)


def with_value(right_reads: int) -> Callable[[Stock], Any]:
    """Makes a stock whose value is wrong after so many reads."""

    class Cheap(Stock):
        reads = 0

        @property
        def value(self) -> int:
            Cheap.reads += 1
            return super().value + (Cheap.reads > right_reads)

    return lambda stock: Cheap(stock._path)


def raising(error: Exception) -> Callable[..., Any]:
    def substitute(original: Callable[[], Any], *args: Any) -> Any:
        try:
            return original()
        except ValueError:
            raise error from None

    return substitute


def swallowing(original: Callable[[], Any], *args: Any) -> Any:
    try:
        return original()
    except ValueError:
        return 100


@pytest.mark.parametrize(
    ("faulty", "told"),
    [
        (replaced("currency", lambda original: "USD"), 'currency() gave "USD", and not "EUR"'),
        (replaced("inventory", lambda original: {"x": 1}), "inventory() of an empty stock gave"),
        (replaced("inventory", lambda original: []), "inventory() of an empty stock gave [], and not {}"),
        (replaced("add", lambda original, *args: 0), "add('apples', 120, 30) gave 0, and not 120"),
        (replaced("add", after(1, lambda original, *args: None)), "quantity=40, price=15) gave null"),
        (replaced("take", lambda original, *args: float(original())), "take('apples', 20) gave 100.0, and"),
        (replaced("take", lambda original, *args: str(original())), "take('apples', 20) gave \"100\", and"),
        (replaced("inventory", after(1, lambda original: {})), "inventory() gave {}, and not"),
        (replaced("inventory", after(2, lambda original: {})), "inventory() after deliver gave {}"),
        (with_value(0), "the property value gave 3601, and not 3600"),
        (with_value(1), "the property value after deliver gave 5101, and not 5100"),
        (replaced("take", swallowing), "take('apples', 1000) gave 100, and did not raise ValueError: cannot"),
        (replaced("take", raising(KeyError("x"))), "the exception from take('apples', 1000) gave \"KeyError"),
        (replaced("take", raising(ValueError("no"))), 'gave "ValueError: no", and not "ValueError: cannot'),
        (replaced("deliver", lambda original, *args: 1), "the one-way call deliver('apples', 50) gave 1"),
        (replaced("deliver", lambda original, *args: None), "quantity('apples') after deliver gave 100, and"),
        (replaced("currency", lambda original: object()), 'currency() gave "<<object object at'),
    ],
)
def test_each_wrong_answer_is_told(stock: Stock, faulty: Callable[[Stock], Any], told: str) -> None:
    with pytest.raises(WrongAnswer) as caught:
        play(faulty(stock), BRIEF)
    assert told in str(caught.value)


def test_a_delivery_may_take_a_moment(stock: Stock) -> None:
    late: list[threading.Thread] = []

    def deliver(original: Callable[[], Any], *args: Any) -> None:
        late.append(threading.Timer(BRIEF, original))
        late[0].start()

    assert play(replaced("deliver", deliver)(stock), PATIENCE)
    late[0].join()


def test_what_a_call_raises_otherwise_is_not_hidden(stock: Stock) -> None:
    with pytest.raises(ZeroDivisionError):
        play(replaced("add", lambda original, *args: 1 // 0)(stock), BRIEF)


@pytest.mark.parametrize(
    ("answer", "right"),
    [(1, True), (1, 1.0), ("1", 1), (None, 0), ({"a": 1}, {"a": 1.0}), (b"x", "x"), ({b"x": 1}, {"x": 1})],
)
def test_answers_have_the_right_types(answer: Any, right: Any) -> None:
    expect("it", right, right)
    with pytest.raises(WrongAnswer, match=r"^it gave "):
        expect("it", answer, right)


def test_the_median_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    durations = iter([1_000, 9_000_000, 3_000])  # nanoseconds
    clock = itertools.chain.from_iterable((0, duration) for duration in durations)
    monkeypatch.setattr("pyroplug.demo.story.time.perf_counter_ns", lambda: next(clock))
    calls: list[None] = []
    assert median_microseconds(lambda: calls.append(None), 3) == 3.0
    assert len(calls) == 4  # the first is for warming up


# Channels for children ---------------------------------------------------------------------------------


class Wrapped:
    """Made of a socket, and of something else."""

    def __init__(self, sock: socket.socket, label: str) -> None:
        self.sock = sock
        self.label = label


def test_a_channel_arrives_with_its_sockets() -> None:
    first, second = socket.socketpair()
    with first, second:
        text, descriptors = channels.pack(Wrapped(first, "x"))
        assert descriptors == [first.fileno()]
        # As in a child, where the number is the same and the object is another.
        first.detach()
        with (arrived := channels.unpack(text)).sock:
            assert arrived.label == "x"
            arrived.sock.sendall(b"hello")
            assert second.recv(5) == b"hello"


def test_what_cannot_be_pickled_is_no_channel_for_a_child() -> None:
    with pytest.raises(ChildError, match=r"^a lock cannot be handed to a process: TypeError: "):
        station._packed(threading.Lock())


# Children --------------------------------------------------------------------------------------------


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Child]]:
    """Starts a child that does what a text says."""
    monkeypatch.syspath_prepend(str(tmp_path))
    numbers = itertools.count()
    children: list[Child] = []

    def start(source: str) -> Child:
        module = f"child_made_up_{next(numbers)}"
        lines = ["import os, sys, time", "def main():", *(f"    {line}" for line in source.splitlines())]
        (tmp_path / f"{module}.py").write_text("\n".join(lines))
        children.append(Child("child", module, tmp_path / f"{module}.log"))
        return children[-1]

    yield start
    for child in children:
        child.reap(time.monotonic() + PATIENCE)


def test_a_child_is_told_and_heard(start: Callable[[str], Child]) -> None:
    child = start("for line in sys.stdin: print(line, end='', flush=True)")
    for word in ("one", "zwölf"):
        child.tell(word=word)
        assert child.hear(PATIENCE) == {"word": word}


def test_messages_that_arrive_together_are_heard_one_by_one(start: Callable[[str], Child]) -> None:
    child = start("print('{\"a\": 1}\\n{\"b\": 2}\\n{', end='', flush=True)\ntime.sleep(.1)\nprint('}')")
    assert [child.hear(PATIENCE) for _ in range(3)] == [{"a": 1}, {"b": 2}, {}]


def test_a_child_has_the_import_path(start: Callable[[str], Child]) -> None:
    assert start("import json; print(json.dumps({'path': sys.path}))").hear(PATIENCE) == {"path": sys.path}


def test_a_silent_child(start: Callable[[str], Child]) -> None:
    child = start("sys.stdin.read()")
    with pytest.raises(ChildError, match=r"^the child did not answer within 0\.2 seconds$"):
        child.hear(BRIEF)
    with pytest.raises(ChildError):
        child.hear(PATIENCE, time.monotonic() - PATIENCE)


def test_a_child_that_dies(start: Callable[[str], Child]) -> None:
    child = start("print('help', file=sys.stderr); sys.exit('out of cheese')")
    with pytest.raises(ChildError, match=r"^the child ended with status 1: out of cheese$"):
        child.hear(PATIENCE)
    with pytest.raises(ChildError, match=r"^the child ended with status 1: out of cheese$"):
        child.tell(word="x" * 1_000_000)


def test_a_child_that_does_not_want_to_end(start: Callable[[str], Child]) -> None:
    child = start("print(f'{{\"pid\": {os.getpid()}}}', flush=True)\nwhile True: time.sleep(60)")
    pid = child.hear(PATIENCE)["pid"]
    os.kill(pid, 0)
    child.reap(time.monotonic() + BRIEF)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


PARENT_GONE = """
from pyroplug.demo.parent import Parent
parent = Parent()
parent.stop = {stop}
parent.tell(pid=os.getpid())
time.sleep(1000)
"""


@pytest.mark.parametrize(
    ("stop", "trace"),
    [("lambda: open('{}', 'w').close() or os._exit(0)", True), ("lambda: time.sleep(1000)", False)],
)
def test_a_child_without_a_parent_ends(
    start: Callable[[str], Child], tmp_path: Path, stop: str, trace: bool
) -> None:
    child = start(PARENT_GONE.format(stop=stop.format(tmp_path / "trace")))
    pid = child.hear(PATIENCE)["pid"]
    child.dismiss()
    wait_until(lambda: os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG), "its end")
    assert (tmp_path / "trace").exists() == trace


def test_a_transport_that_takes_its_time() -> None:
    end = threading.Event()
    with pytest.raises(ChildError, match=r"^the transport gave no way for trials within 0\.2 seconds$"):
        station.limited(lambda: end.wait(PATIENCE), BRIEF)
    end.set()
    with pytest.raises(ChildError, match=r"^the transport gave no way for trials: KeyError: 'NOT THERE'$"):
        station.limited(lambda: os.environ["NOT THERE"], PATIENCE)
    assert station.limited(lambda: 5, PATIENCE) == 5
