"""Where the microseconds of a call go: ``python -m benchmarks.profile_call``, or ``make profile``."""

from __future__ import annotations

import argparse
import cProfile
import pstats
import sys
import timeit
from collections.abc import Sequence

from .kinds_of_calls import KINDS_OF_CALLS, KindOfCall
from .parts import MODELS, open_ends, parts
from .system_calls import count_system_calls, show_system_calls

__all__ = ["main"]

_PROFILED = 0.5
"""Seconds of calls that a profile is made of; while it is made they take several times as long."""
_SERIALIZERS = ("msgpack", "marshal", "json", "serpent")
_ROUNDS = 30
_NAMES, _CELL = 28, 10


def _show(serializers: Sequence[str], model: str, rounds: int) -> None:
    print(f"Microseconds of a call, server model {model}")
    for kind in KINDS_OF_CALLS:
        found = [parts(serializer, kind, model, rounds=rounds) for serializer in serializers]
        print(f"\n{kind.name:<{_NAMES}}" + "".join(f"{each:>{_CELL}}" for each in serializers))
        for row in zip(*found, strict=True):
            times = (round(part.microseconds, 2) + 0.0 for part in row)  # no -0.00
            cells = "".join(f"{time:>{_CELL}.2f}" for time in times)
            print(f"{'  ' * row[0].depth + row[0].name:<{_NAMES}}{cells}", flush=True)


def _show_functions(serializer: str, kind: KindOfCall) -> None:
    print(f"\nFunctions of both ends, {serializer}, {kind.name}:")
    with open_ends(serializer, kind) as ends:
        profile, call = cProfile.Profile(), ends.client
        calls = max(10, round(_PROFILED / timeit.timeit(call, number=10) * 10))
        profile.enable()
        for _ in range(calls):
            call()
        profile.disable()
    pstats.Stats(profile, stream=sys.stdout).strip_dirs().sort_stats("tottime").print_stats(30)


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and show."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.profile_call", description="Shows where the microseconds of a call go."
    )
    parser.add_argument("serializer", nargs="*", help=f"some of {', '.join(_SERIALIZERS)}; all by default")
    parser.add_argument("--model", choices=MODELS, default=MODELS[0], help="the server model")
    parser.add_argument(
        "--rounds", type=_count, default=_ROUNDS, help=f"how often everything is measured ({_ROUNDS})"
    )
    parser.add_argument("--functions", action="store_true", help="list the functions that take longest, too")
    parser.add_argument("--system-calls", action="store_true", help="count system calls, with strace")
    options = parser.parse_args(arguments)
    serializers = options.serializer or _SERIALIZERS
    if not set(serializers) <= set(_SERIALIZERS):
        parser.error(f"there are {', '.join(_SERIALIZERS)}")
    _show(serializers, options.model, options.rounds)
    if options.functions:
        for kind in KINDS_OF_CALLS:
            _show_functions(serializers[0], kind)
    if options.system_calls:
        print()
        show_system_calls(count_system_calls())
    return 0


if __name__ == "__main__":
    sys.exit(main())
