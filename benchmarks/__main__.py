"""The command ``python -m benchmarks``."""

from __future__ import annotations

import argparse
import faulthandler
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from .contestant import Contestant
from .contestants import line_up
from .report import report, report_targets
from .results import Machine, evaluate, references
from .runner import Plan, measure
from .servers import environment
from .targets import judge, passed
from .workloads import WORKLOADS

DEFAULT = Plan(rounds=60, turn=0.025, seconds=70)
QUICK = Plan(rounds=15, turn=0.02, seconds=18)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and show: 1 if a target is missed that was to be checked, 2 for a wrong command line."""
    options = _parser().parse_args(arguments)
    everybody = line_up()
    contestants = select(everybody, options.filter)
    if not contestants:
        print(f"no contestant has all of {options.filter} in its name; there are:", file=sys.stderr)
        print(*(f"  {each.name}" for each in everybody), sep="\n", file=sys.stderr)
        return 2
    _forget_settings()
    machine, plan = _machine(options.free), _plan(options)
    # A server that does not answer, in whichever library, would have its client wait for ever.
    faulthandler.dump_traceback_later(_longest(plan, len(contestants)), exit=True)
    try:
        samples = measure(contestants, WORKLOADS, plan, _progress if sys.stderr.isatty() else _silent)
    finally:
        faulthandler.cancel_dump_traceback_later()
    results = evaluate(contestants, WORKLOADS, samples, machine.at_end())
    if options.json is not None:
        options.json.write_text(results.to_json())
    print(report(results))
    if not options.check:
        return 0
    verdicts = judge(results)
    print(f"\n{report_targets(verdicts)}")
    return 0 if passed(verdicts) else 1


def select(everybody: Sequence[Contestant], words: Sequence[str]) -> list[Contestant]:
    """Those that have all the words in their names, and what they are compared with."""
    chosen = {each.name for each in everybody if all(word.lower() in each.name.lower() for word in words)}
    wanted = {
        other.name
        for each in everybody
        if each.name in chosen
        for other in (each, *references(each, everybody).values())
    }
    return [each for each in everybody if each.name in wanted]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Compares a bare socket, real Pyro5 and pyroplug: calls over the loopback, by turns.",
    )
    parser.add_argument("filter", nargs="*", help="only contestants that have all these words in their names")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--rounds", type=_positive(int), metavar="N", help="this many, however long it takes")
    parser.add_argument(
        "--turn", type=_positive(float), metavar="MS", help="milliseconds a contestant, workload and round"
    )
    parser.add_argument("--free", action="store_true", help="let the system place processes on any core")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there as well")
    parser.add_argument(
        "--check", action="store_true", help="tell which targets are met; exit 1 if not all are"
    )
    return parser


def _positive(kind: Callable[[str], float]) -> Callable[[str], float]:
    def number(text: str) -> float:
        value = kind(text)
        if not value > 0:
            raise ValueError
        return value

    number.__name__ = f"positive {kind.__name__}"
    return number


def _plan(options: argparse.Namespace) -> Plan:
    plan = QUICK if options.quick else DEFAULT
    return Plan(
        options.rounds or plan.rounds,
        options.turn / 1000 if options.turn else plan.turn,
        None if options.rounds else plan.seconds,
    )


def _longest(plan: Plan, contestants: int) -> float:
    """Seconds after which something hangs, however busy the machine is."""
    return 120 + 10 * (plan.seconds or plan.rounds * plan.turn * contestants * len(WORKLOADS))


def _machine(free: bool) -> Machine:
    """This machine; unless ``free``, with this process and its children bound to one of its cores.

    Two processes that take turns never run at the same time. Left to itself, the system has them on one core
    in this turn and on two in the next; a call then takes several times as long, whoever makes it.
    """
    if not hasattr(os, "sched_getaffinity"):
        return Machine.this(os.cpu_count() or 1, pinned=False)
    cores = os.sched_getaffinity(0)
    if not free:
        os.sched_setaffinity(0, {max(cores)})
    return Machine.this(len(cores), pinned=not free)


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
