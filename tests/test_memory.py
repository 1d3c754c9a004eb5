from __future__ import annotations

import platform
import subprocess
import sys
from collections.abc import Callable

import pytest

from pyroplug import memory
from pyroplug.memory import fresh_memory

TEXTS_AFTER_TEXTS = """
import resource
from pyroplug.memory import fresh_memory

def receive(size):
    piece = fresh_memory(size)
    piece.getbuffer()[:] = bytes(size)
    return piece.getvalue().decode()

for size in (1 << 20, 5 << 20):
    for _ in range(3):
        receive(size)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        receive(size)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.parametrize("size", [0, 1, 5000, 1 << 16, (1 << 20) + 1])
def test_is_as_large_as_asked_for_and_cleared(size: int) -> None:
    piece = fresh_memory(size)
    with piece.getbuffer() as view:
        assert view.nbytes == size
    assert piece.getvalue() == bytes(size)


def test_what_is_written_to_it_is_not_copied() -> None:
    piece = fresh_memory(1 << 20)
    with piece.getbuffer() as view:
        view[:5] = b"first"
    assert piece.getvalue() is piece.getvalue()


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have other ways")
def test_large_texts_do_not_take_new_pages_each_time() -> None:
    done = subprocess.run(
        [sys.executable, "-c", TEXTS_AFTER_TEXTS], capture_output=True, text=True, timeout=60, check=True
    )
    # Ten texts of a MiB have 5,000 pages with their bytes; those that come as a surprise are few.
    assert all(int(faults) < 500 for faults in done.stdout.split()), done.stdout


def test_a_lack_of_memory_for_the_future_is_no_lack_now(monkeypatch: pytest.MonkeyPatch) -> None:
    size, real = (1 << 20) + 7, bytes
    monkeypatch.setattr(memory, "_seen", 0)
    monkeypatch.setattr(memory, "bytes", _short_of_memory(real, size), raising=False)
    assert fresh_memory(size).getvalue() == real(size)


def _short_of_memory(make: Callable[[int], bytes], most: int) -> Callable[[int], bytes]:
    def short_of_memory(size: int) -> bytes:
        if size > most:
            raise MemoryError
        return make(size)

    return short_of_memory
