"""Results in the documentation: ``python -m benchmarks.page RESULTS`` renews ``docs/benchmarks.md``.

What is between the marks ``<!-- results: NAME -->`` and ``<!-- end -->`` is generated, and so are the plots;
all other text is kept.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

from .contestant import MIXED, OURS, RAW
from .report import left_out_lines, machine_lines, number, ratio_text, rounds_of
from .results import Measurement, Results, ratios
from .targets import Verdict, judge

__all__ = ["BLOCKS", "losses", "main", "render"]

_PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
_BLOCK = re.compile(r"(<!-- results: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_AHEAD = 0.97
"""Who takes less than this of the other's time is ahead; between them nobody is."""


def render(page: str, results: Results) -> str:
    """The page with the blocks renewed. Raises ``ValueError`` for a mark that names no block."""

    def block(found: re.Match[str]) -> str:
        begin, name, end = found.groups()
        if name not in BLOCKS:
            raise ValueError(f"there is no block {name!r} of results; there are {', '.join(BLOCKS)}")
        return f"{begin}\n" + "\n".join(BLOCKS[name](results)).strip() + f"\n\n{end}"

    return _BLOCK.sub(block, page)


def _tables(group: str, largest: bool = False) -> Callable[[Results], Iterator[str]]:
    """:param largest: of workloads that differ in their size alone, only the last."""

    def lines(results: Results) -> Iterator[str]:
        chosen = [each for each in results.measurements if each.group == group]
        if largest:
            last = {_without_size(each.workload): each.workload for each in chosen}
            chosen = [each for each in chosen if each.workload in last.values()]
        for workload, measurements in groupby(chosen, lambda each: each.workload):
            yield from _table(workload, list(measurements))

    return lines


def _without_size(workload: str) -> str:
    return workload.partition(" MiB ")[2]


def _table(workload: str, measurements: Sequence[Measurement]) -> Iterator[str]:
    columns = list(dict.fromkeys(to for each in measurements for to in each.compared))
    yield f"#### {workload[:1].upper()}{workload[1:]}"
    yield ""
    yield _row(["contestant", measurements[0].unit, *(f"x {to} (quartiles)" for to in columns)])
    yield "|---|--:|" + "--:|" * len(columns)
    for each in measurements:
        name = f"**{each.contestant}**" if each.who.library == OURS else each.contestant
        yield _row([name, number(each.value.median), *(ratio_text(each.ratio(to)) for to in columns)])
    yield ""


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _machine(results: Results) -> Iterator[str]:
    run = "a quick run" if results.quick else "a full run"
    yield f"Measured in {run}: {' '.join(machine_lines(results.machine, rounds_of(results)))}."


def _left_out(results: Results) -> Iterator[str]:
    yield from (f"- {line}" for line in left_out_lines(results))
    if not results.left_out:
        yield "Nothing."


def _targets(results: Results) -> Iterator[str]:
    yield _row(["contestant", "workload", "at most", "measured", ""])
    yield "|---|---|--:|--:|---|"
    for each in judge(results):
        if each.measured is not None:
            yield _row([each.target.contestant, each.target.workload, *_target_cells(each)])


def _target_cells(verdict: Verdict) -> list[str]:
    to = verdict.target.compared_with
    limit = f"{verdict.target.at_most:g}" + ("" if to == "value" else f" x {to}")
    return [limit, ratio_text(verdict.measured), "met" if verdict.met else "**missed**"]


def _losses(results: Results) -> Iterator[str]:
    found = list(losses(results))
    yield from (f"- {line}" for line in found)
    if not found:
        yield "In no workload that was measured is any other library ahead of pyroplug."


def losses(results: Results) -> Iterator[str]:
    """For each workload, by whom the best use of pyroplug is beaten, and by how much."""
    for workload in dict.fromkeys(each.workload for each in results.measurements):
        group = [each for each in results.measurements if each.workload == workload]
        ours = [each for each in group if each.who.library == OURS]
        others = [each for each in group if each.who.library not in (OURS, RAW, "python", *MIXED)]
        if not ours or not others:
            continue
        best = min(ours, key=lambda each: each.value.median)
        ahead = []
        for each in sorted(others, key=lambda each: each.value.median):
            ratio = ratios(each.rounds, best.rounds)
            if ratio is not None and ratio.median < _AHEAD:
                ahead.append(f"{each.contestant} takes {ratio.median:.2f} of it")
        if ahead:
            at_best = f"{number(best.value.median)} {best.unit} ({best.contestant})"
            yield f"{workload}: pyroplug takes {at_best} at best; {', '.join(ahead)}"


def _losses_to_pyro5(results: Results) -> Iterator[str]:
    found = [
        f"- {each.workload}: {each.contestant}: {ratio_text(each.to_pyro5)}"
        for each in results.measurements
        if each.who.library == OURS and each.to_pyro5 is not None and each.to_pyro5.median > 1 / _AHEAD
    ]
    yield from found or ["Nowhere."]


def _plots(results: Results) -> Iterator[str]:
    from .plots import PLOTS

    for name, (title, _) in PLOTS.items():
        yield f"![{title}](benchmarks/{name}.svg)"
        yield ""


BLOCKS: dict[str, Callable[[Results], Iterator[str]]] = {
    "machine": _machine,
    "plots": _plots,
    "targets": _targets,
    "losses": _losses,
    "losses-to-pyro5": _losses_to_pyro5,
    "left-out": _left_out,
    **{group: _tables(group) for group in ("calls", "crowd", "memory", "idle", "start-up")},
    "bulk": _tables("bulk", largest=True),
}
"""What can be put into the page, by name: the lines of it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page, and draw the plots beside it."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.page", description="Puts results into the documentation."
    )
    parser.add_argument("results", type=Path, help="what python -m benchmarks --json has written")
    parser.add_argument(
        "--page", type=Path, default=_PAGE, help="the page; its plots go into a folder beside it"
    )
    parser.add_argument("--no-plots", action="store_true", help="the tables alone, without matplotlib")
    options = parser.parse_args(arguments)
    if not options.results.exists():
        print(f"{options.results} is not there; python -m benchmarks --json writes it", file=sys.stderr)
        return 2
    results = Results.from_json(options.results.read_text())
    options.page.write_text(render(options.page.read_text(), results))
    if not options.no_plots:
        from .plots import draw

        draw(results, options.page.with_suffix(""))
    return 0


if __name__ == "__main__":
    sys.exit(main())
