"""What a client does with the stock, what each answer has to be, and how long a call takes."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from typing import Any

__all__ = ["WrongAnswer", "median_microseconds", "play"]

_STOCKED = {"apples": {"quantity": 100, "price": 30}, "jalapeños": {"quantity": 40, "price": 15}}
_DELIVERED = {"apples": {"quantity": 150, "price": 30}, "jalapeños": {"quantity": 40, "price": 15}}


class WrongAnswer(Exception):
    """An answer is not what it has to be; the text says which."""


def play(stock: Any, patience: float) -> str:
    """Use an empty stock, and check every answer: what it holds in the end, for people.

    :param stock: a proxy for a stock, or a stock.
    :param patience: seconds in which a one-way call has to take effect.
    :raises WrongAnswer: an answer is not right.
    :raises Exception: what a call raises that should have been answered.
    """
    currency = stock.currency()
    expect("currency()", currency, "EUR")
    expect("inventory() of an empty stock", stock.inventory(), {})
    expect("add('apples', 120, 30)", stock.add("apples", 120, 30), 120)
    expect("add('jalapeños', quantity=40, price=15)", stock.add("jalapeños", quantity=40, price=15), 40)
    expect("take('apples', 20)", stock.take("apples", 20), 100)
    expect("inventory()", stock.inventory(), _STOCKED)
    expect("the property value", stock.value, 3600)
    expect_error(
        "take('apples', 1000)",
        lambda: stock.take("apples", 1000),
        ValueError("cannot take 1000 apples: there are 100"),
    )
    expect("the one-way call deliver('apples', 50)", stock.deliver("apples", 50), None)
    expect_soon("quantity('apples') after deliver", lambda: stock.quantity("apples"), 150, patience)
    inventory, value = stock.inventory(), stock.value
    expect("inventory() after deliver", inventory, _DELIVERED)
    expect("the property value after deliver", value, 5100)
    return f"{len(inventory)} goods worth {value / 100:.2f} {currency}"


def median_microseconds(call: Callable[[], Any], count: int) -> float:
    """How long a call takes: the median of so many."""
    call()
    durations = []
    for _ in range(count):
        start = time.perf_counter_ns()
        call()
        durations.append(time.perf_counter_ns() - start)
    return statistics.median(durations) / 1000


def expect(what: str, answer: Any, right: Any) -> None:
    """Raise :exc:`WrongAnswer` unless the answer is the right one, of the right types."""
    if _shown(answer) != _shown(right):
        raise WrongAnswer(f"{what} gave {_shown(answer):.200}, and not {_shown(right)}")


def expect_soon(what: str, ask: Callable[[], Any], right: Any, patience: float) -> None:
    """Ask again until the answer is right; raise :exc:`WrongAnswer` if it is not so in time."""
    deadline = time.monotonic() + patience
    while True:
        answer = ask()
        if _shown(answer) == _shown(right) or time.monotonic() > deadline:
            break
    expect(what, answer, right)


def expect_error(what: str, call: Callable[[], Any], right: Exception) -> None:
    """Raise :exc:`WrongAnswer` unless the call raises that exception, with that text."""
    try:
        answer = call()
    except Exception as error:
        expect(f"the exception from {what}", _described(error), _described(right))
    else:
        raise WrongAnswer(f"{what} gave {_shown(answer):.200}, and did not raise {_described(right)}")


def _described(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _shown(value: Any) -> str:
    # As text, for 1, 1.0 and True are equal to each other. What JSON does not know is wrong in any case.
    try:
        return json.dumps(value, sort_keys=True, ensure_ascii=False, default=_marked)
    except (TypeError, ValueError):
        return _marked(value)


def _marked(value: Any) -> str:
    return f"<{value!r}>"
