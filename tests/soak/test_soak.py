"""The whole soak, for some seconds; ``make soak`` takes ten minutes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
KINDS = ("call", "echo", "large value", "exception", "batch", "stream", "one-way call", "proxy passed")


@pytest.mark.skipif(sys.platform != "linux", reason="it looks at processes as Linux shows them")
def test_a_short_one() -> None:
    # Most of its time is warming up, so its growth tells little.
    command = [sys.executable, "-W", "error", "-m", "soak", "--seconds", "10", "--growth", "40"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=180, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stderr == ""
    assert all(f" {kind}" in ended.stdout for kind in KINDS)
    assert "threadpool: " in ended.stdout
    assert "multiplex: " in ended.stdout
