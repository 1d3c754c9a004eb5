"""Threads that take one proxy from each other, at any moment: each gets its own answers, or an error."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from pyroplug import retrying
from pyroplug.api import BatchProxy, expose
from pyroplug.errors import CommunicationError, PyroError
from tests.running import BOTH_MODELS, Running, Way
from tests.support import PATIENCE

THREADS, ANSWERS = 4, 60


@expose
class Counting:
    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def count(self, key: str) -> str:
        self.counts[key] += 1
        return key

    def large(self, key: str) -> str:
        self.counts[key] += 1
        return key.ljust(50_000)


def use(proxy: Any, key: str, chance: random.Random) -> str | None:
    """Call in some way: the answer; ``None`` if another thread was in the way."""
    proxy._pyroClaimOwnership()
    try:
        form = chance.randrange(4)
        if form == 0:
            return str(proxy.large(key)).rstrip()
        if form == 1:
            batch = BatchProxy(proxy)
            batch.count(key)
            return str(next(batch() or iter(())))
        return str(proxy.count(key))
    except CommunicationError:
        raise  # the connection was disturbed
    except PyroError:
        return None


@pytest.mark.parametrize("way", BOTH_MODELS, ids=str)
@pytest.mark.parametrize("retries", [0, 2])
@pytest.mark.parametrize("timeout", [None, PATIENCE])
def test_each_gets_its_own_answers(
    run_daemon: Callable[..., Running],
    way: Way,
    retries: int,
    timeout: float | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retrying, "wait", lambda _: None)
    thing = Counting()
    proxy = run_daemon(way, thing=thing).proxy()
    proxy._pyroMaxRetries, proxy._pyroTimeout = retries, timeout
    proxy._pyroBind()
    begin = threading.Barrier(THREADS)

    def work(name: int) -> int:
        """Call until so many calls were answered: how many were not."""
        chance, answered, tries = random.Random(name), 0, 0
        begin.wait(PATIENCE)
        while answered < ANSWERS:
            tries += 1
            assert tries < 100_000, "the others never let go"
            key = f"{name}-{tries}"
            answer = use(proxy, key, chance)
            assert answer in (key, None)
            if answer is not None:
                answered += 1
                assert thing.counts[key] == 1
            threading.Event().wait(chance.random() / 2000)
        return tries - answered

    with ThreadPoolExecutor(THREADS) as threads:
        disturbed = sum(threads.map(work, range(THREADS)))
    assert disturbed
    assert max(thing.counts.values()) == 1
    assert len(thing.counts) >= THREADS * ANSWERS
    assert use(proxy, "at last", random.Random(1)) == "at last"
