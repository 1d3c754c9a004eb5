"""What processes use, and whether it grows."""

from __future__ import annotations

import subprocess
import sys

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


_USES_MORE = """
import socket, sys, threading

def stop():
    print(flush=True)
    sys.stdin.readline()

stop()
gate = threading.Event()
thread = threading.Thread(target=gate.wait)
thread.start()
memory = b"x" * (32 << 20)
with socket.socket():
    stop()
gate.set()
thread.join()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_what_is_used_is_seen() -> None:
    """Of a process of its own: what others left in this one may be used again, or end in between."""
    with subprocess.Popen(
        [sys.executable, "-c", _USES_MORE], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        before = usage(process.pid)
        process.stdin.write(b"\n")
        process.stdin.flush()
        process.stdout.readline()
        now = usage(process.pid)
        process.communicate(b"\n", timeout=PATIENCE)
    assert process.returncode == 0
    assert now.threads == before.threads + 1
    assert now.files == before.files + 1
    assert now.memory - before.memory > 16 << 20
