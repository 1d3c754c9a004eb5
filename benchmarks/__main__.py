"""The command ``python -m benchmarks``."""

from __future__ import annotations

import argparse
import faulthandler
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from .children import environment
from .contestant import Contestant
from .contestants import line_up
from .kinds import KINDS
from .processes import quietest
from .references import with_references
from .regression import RUNS, compare_with_baseline, save_baseline
from .report import report, report_targets
from .results import Machine, Measurement, Results, evaluate
from .series import Key, Kind, Outcome, Plan
from .targets import judge, passed

BASELINE = Path(__file__).with_name("baseline.json")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and show: 1 if a check fails that was asked for, 2 for a wrong command line."""
    options = _parser().parse_args(arguments)
    everybody = line_up()
    contestants = select(everybody, options.filter)
    if not contestants:
        print(f"no contestant has all of {options.filter} in its name; there are:", file=sys.stderr)
        print(*(f"  {each.name}" for each in everybody), sep="\n", file=sys.stderr)
        return 2
    _forget_settings()
    runs = Runs(contestants, options)
    results = runs.measure()
    if options.json is not None:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(results.to_json())
    print(report(results))
    good = True
    if options.check:
        verdicts = judge(results)
        print(f"\n{report_targets(verdicts)}")
        good = passed(verdicts)
    if options.save_baseline:
        save_baseline([results, *(runs.measure() for _ in range(RUNS - 1))], BASELINE)
    if options.regression:
        complete = not options.filter and not options.kind
        text, same = compare_with_baseline(results, BASELINE, runs.measure, complete)
        print(f"\n{text}")
        good = good and same
    return 0 if good else 1


def select(everybody: Sequence[Contestant], words: Sequence[str]) -> list[Contestant]:
    """Those that have all the words in their names, and what they are compared with."""
    chosen = [each for each in everybody if all(word.lower() in each.name.lower() for word in words)]
    return with_references(chosen, everybody)


class Runs:
    """Makes runs as they were asked for."""

    def __init__(self, contestants: Sequence[Contestant], options: argparse.Namespace) -> None:
        self._contestants = contestants
        self._options = options
        self._cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
        pinned = bool(self._cores) and not options.free
        self._machine = Machine.this(len(self._cores) or os.cpu_count() or 1, pinned)

    def measure(self, again: Sequence[Measurement] = ()) -> Results:
        """All of it.

        :param again: nothing but these and what they are compared with, if there are any.
        """
        options, outcome = self._options, Outcome()
        groups = {each.group for each in again} or options.kind or {kind.name for kind in KINDS}
        only = frozenset(key for each in again for key in _keys(each))
        names = {name for name, _ in only}
        # Programs that start up are no contestants.
        contestants = [each for each in self._contestants if each.name in names] or self._contestants
        for kind in KINDS:
            if kind.name in groups:
                start = time.monotonic()
                outcome.add(self._measure_kind(kind, contestants, only))
                if options.times:
                    print(f"{kind.name}: {time.monotonic() - start:.0f} seconds", file=sys.stderr)
        return evaluate(outcome, self._machine.at_end(), options.quick)

    def _measure_kind(self, kind: Kind, contestants: Sequence[Contestant], only: frozenset[Key]) -> Outcome:
        self._settle()
        plan = _plan(kind.plan(self._options.quick), self._options, only)
        progress = _progress if sys.stderr.isatty() else _silent
        # A server that does not answer, in whichever library, would have its client wait for ever.
        faulthandler.dump_traceback_later(_longest(plan, len(contestants)), exit=True)
        try:
            return kind.measure(contestants, plan, self._options.quick, progress)
        finally:
            faulthandler.cancel_dump_traceback_later()

    def _settle(self) -> None:
        """Bind this process and its children to one core, unless they are to be free.

        Two processes that take turns never run at the same time. Left to itself, the system has them on one
        core in this turn and on two in the next; a call then takes several times as long, whoever makes it.
        It is the core that idles most: others who measure something may have taken one, too.
        """
        if self._machine.pinned:
            os.sched_setaffinity(0, {quietest(self._cores)})


def _keys(measurement: Measurement) -> Iterator[Key]:
    yield measurement.contestant, measurement.workload
    for each in measurement.compared.values():
        yield each.contestant, each.workload


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Compares bare sockets, real Pyro5, pyroplug and other libraries, by turns.",
    )
    parser.add_argument("filter", nargs="*", help="only contestants that have all these words in their names")
    parser.add_argument(
        "--kind",
        action="append",
        choices=[kind.name for kind in KINDS],
        help="only this kind of measurement; may be repeated",
    )
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds, and smaller sizes")
    parser.add_argument("--rounds", type=_positive(int), metavar="N", help="this many, however long it takes")
    parser.add_argument(
        "--turn", type=_positive(float), metavar="MS", help="milliseconds a contestant, workload and round"
    )
    parser.add_argument("--free", action="store_true", help="let the system place processes on any core")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there as well")
    parser.add_argument("--times", action="store_true", help="tell how long each kind of measurement took")
    parser.add_argument(
        "--check", action="store_true", help="tell which targets are met; exit 1 if not all are"
    )
    parser.add_argument(
        "--regression",
        action="store_true",
        help="compare with the ratios kept in the repository, and measure again what looks worse;"
        " exit 1 if something got worse",
    )
    parser.add_argument("--save-baseline", action="store_true", help=f"keep the ratios there of {RUNS} runs")
    return parser


def _positive(kind: Callable[[str], float]) -> Callable[[str], float]:
    def number(text: str) -> float:
        value = kind(text)
        if not value > 0:
            raise ValueError
        return value

    number.__name__ = f"positive {kind.__name__}"
    return number


def _plan(plan: Plan, options: argparse.Namespace, only: frozenset[Key]) -> Plan:
    return Plan(
        options.rounds or plan.rounds,
        options.turn / 1000 if options.turn else plan.turn,
        None if options.rounds else plan.seconds,
        only,
    )


def _longest(plan: Plan, contestants: int) -> float:
    """Seconds after which something hangs, however busy the machine is."""
    return 300 + 10 * (plan.seconds or plan.rounds * plan.turn * contestants * 10)


def _forget_settings() -> None:
    """Both libraries read their settings from the environment when they are imported."""
    for name in os.environ.keys() - environment().keys():
        del os.environ[name]


def _progress(text: str) -> None:
    print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


def _silent(text: str) -> None:
    pass


if __name__ == "__main__":
    sys.exit(main())
