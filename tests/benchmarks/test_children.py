"""Processes do what they are told, say what went wrong, and end."""

from __future__ import annotations

import subprocess

import pytest

from benchmarks.children import Child
from benchmarks.clients import crowd

from .made_up import OURS


def test_what_goes_wrong_in_a_client_is_told() -> None:
    with Child(crowd.__name__) as client, pytest.raises(RuntimeError, match="KeyError: 'pyroplug"):
        client.ask("run", OURS, 1)


def test_a_client_that_has_ended_is_told() -> None:
    with Child("colorsys") as client, pytest.raises(RuntimeError, match="has ended"):
        client.answer()


def test_a_process_that_does_not_end_is_made_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.children.PATIENCE", 0.1)
    sleeper = Child("timeit", "-n1", "-r1", "import time; time.sleep(60)")
    sleeper.close()
    with pytest.raises(subprocess.CalledProcessError):
        subprocess.run(["kill", "-0", str(sleeper.pid)], check=True, capture_output=True)
