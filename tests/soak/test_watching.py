"""What processes use, and whether it grows."""

from __future__ import annotations

import os
import socket
import sys
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soak.watching import growth, usage
from tests.support import PATIENCE

_SMALL = st.floats(-1e3, 1e3)


@given(_SMALL, _SMALL, st.lists(st.integers(0, 600), min_size=2, max_size=50, unique=True))
def test_a_line_has_its_slope(slope: float, start: float, times: list[int]) -> None:
    samples = [(float(time), start + slope * time) for time in times]
    assert growth(samples) == pytest.approx(slope, abs=1e-6)


def test_what_goes_up_and_down_does_not_grow() -> None:
    assert growth([(time, (time % 2) * 100.0) for time in range(101)]) == pytest.approx(0.0, abs=0.1)
    assert growth([]) == growth([(1.0, 5.0)]) == growth([(1.0, 5.0), (1.0, 9.0)]) == 0.0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_what_is_used_is_seen(in_thread: Any) -> None:
    before = usage(os.getpid())
    gate = threading.Event()
    waiting = in_thread(gate.wait, PATIENCE)
    memory = b"x" * (32 << 20)
    with socket.socket():
        now = usage(os.getpid())
    gate.set()
    waiting.result(PATIENCE)
    assert now.threads == before.threads + 1
    assert now.files == before.files + 1
    assert now.memory - before.memory > len(memory) // 2
