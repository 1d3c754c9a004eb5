"""The page and its plots show the results."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.page import BLOCKS, losses, render
from benchmarks.workloads import WORKLOADS

from .made_up import LIMIT, OURS, RAW_THREADS, ROOT, made_up

PAGE = ROOT / "docs" / "benchmarks.md"


def test_the_page_is_renewed_between_its_marks() -> None:
    results = made_up({RAW_THREADS: [10.0], "Pyro5 msgpack threadpool tcp": [40.0], OURS: [12.0]})
    page = "By hand.\n\n<!-- results: calls -->\nold\n<!-- end -->\n\nBy hand, too.\n"
    text = render(page, results)
    assert text.startswith("By hand.\n")
    assert text.endswith("\nBy hand, too.\n")
    assert "old" not in text
    assert "| contestant | µs | x raw (quartiles) | x Pyro5 (quartiles) |" in text
    assert f"| **{OURS}** | 12.0 | 1.20 (1.20 - 1.20) | 0.30 (0.30 - 0.30) |" in text
    assert render(text, results) == text


def test_a_mark_of_something_else_is_an_error() -> None:
    with pytest.raises(ValueError, match="no block 'nothing'"):
        render("<!-- results: nothing -->\n<!-- end -->", made_up({OURS: [1.0]}))


def test_who_is_ahead_is_said() -> None:
    times = {
        RAW_THREADS: [1.0],
        "Pyro5 msgpack threadpool tcp": [40.0],
        "managers pickle threads tcp": [20.0],
    }
    assert list(losses(made_up({**times, OURS: [19.0]}))) == []
    found = list(losses(made_up({**times, OURS: [25.0]})))
    assert found == [
        f"{workload.name}: pyroplug takes 25.0 µs ({OURS}) at best; "
        "managers pickle threads tcp takes 0.80 of it"
        for workload in WORKLOADS
    ]


def test_the_documentation_shows_every_block_and_plot() -> None:
    text = PAGE.read_text()
    for name in BLOCKS:
        assert f"<!-- results: {name} -->" in text
    for plot in PAGE.with_suffix("").glob("*.svg"):
        assert f"(benchmarks/{plot.name})" in text


def test_plots_are_the_same_each_time(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    code = (
        "import pathlib, sys; from tests.benchmarks.made_up import *; from benchmarks.plots import draw; "
        "draw(made_up({RAW_THREADS: [10.0], OURS: [12.0]}), pathlib.Path(sys.argv[1]))"
    )
    for folder in ("one", "two"):
        subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / folder)], check=True, timeout=LIMIT, cwd=ROOT
        )
    one, two = ((tmp_path / folder / "latency.svg").read_bytes() for folder in ("one", "two"))
    assert one == two
    assert OURS.encode() in one
