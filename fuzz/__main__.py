"""Run targets on bytes that nobody has thought of: ``python -m fuzz [TARGET ...]``.

With atheris, which knows what code the bytes reach, where it is installed (extra ``fuzz``); otherwise, and
with ``--plain``, with seeded mutations of the corpus. What breaks something is kept in ``fuzz/crashes/``.
"""

from __future__ import annotations

import argparse
import faulthandler
import hashlib
import importlib.util
import logging
import subprocess
import sys
import time
import traceback
from random import Random

from .mutations import mutated
from .seeds import CORPUS, CRASHES, files_of
from .targets import TARGETS

FRAMED = frozenset(("receiver", "session", "client"))
SLOW = 2.0
"""Seconds of processor time that no input may take; they have 64 KiB at most."""
STUCK = 60.0
"""Seconds after which a hundred inputs are taken to hang."""


def run_plain(
    target: str,
    *,
    runs: int = sys.maxsize,
    seconds: float = float("inf"),
    seed: int = 0,
    watched: bool = False,
) -> tuple[int, list[bytes]]:
    """Run a target on mutations of its corpus: how many there were, and which of them broke something.

    :param runs: how many; what a number gives depends on it, the seed and the corpus alone.
    :param seconds: after which it ends.
    :param watched: if a hundred take longer than ``STUCK``, print where, and end the process.
    """
    seeds = [path.read_bytes() for path in files_of(target)]
    ends = time.monotonic() + seconds
    broken, number = list[bytes](), 0
    while number < runs and time.monotonic() < ends and len(broken) < 10:
        if watched and number % 100 == 0:
            faulthandler.dump_traceback_later(STUCK, exit=True)
        random = Random(f"{target} {seed} {number}")
        data = mutated(random.choice(seeds), seeds, random, framed=target in FRAMED)
        if not is_harmless(target, data):
            broken.append(data)
        number += 1
    if watched:
        faulthandler.cancel_dump_traceback_later()
    return number, broken


def is_harmless(target: str, data: bytes) -> bool:
    """Whether all that must hold for these bytes does so, and soon; if not it is printed what does not."""
    began = time.process_time()
    try:
        TARGETS[target](data)
    except BaseException:
        traceback.print_exc()
        return False
    took = time.process_time() - began
    if took > SLOW:
        print(f"{target}: {len(data):,} bytes took {took:.1f} seconds", file=sys.stderr)
    return took <= SLOW


def _keep(target: str, data: bytes) -> None:
    folder = CRASHES / target
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / hashlib.sha256(data).hexdigest()[:12]
    path.write_bytes(data)
    print(f"kept as {path}", file=sys.stderr)


def _run_guided(target: str, seconds: int) -> bool:
    """Whether nothing broke; what does ends it. What it has learnt is there for the next time."""
    found, learnt = CRASHES / target, CORPUS.parent.parent / "build" / "fuzz" / target
    for folder in (found, learnt):
        folder.mkdir(parents=True, exist_ok=True)
    limits = [f"-max_total_time={seconds}", "-max_len=65536", "-timeout=20", "-rss_limit_mb=2048"]
    command = [sys.executable, "-m", "fuzz.guided", target, *limits, f"-artifact_prefix={found}/"]
    return subprocess.call([*command, str(learnt), str(CORPUS / target)]) == 0


def main() -> int:
    """What it says above; the exit status is 1 if something broke."""
    parser = argparse.ArgumentParser("fuzz", description=__doc__)
    parser.add_argument(
        "targets", nargs="*", metavar="TARGET", help=f"one of {', '.join(TARGETS)}; all of them"
    )
    parser.add_argument("--seconds", type=int, default=60, help="for each target (60)")
    parser.add_argument(
        "--runs", type=int, default=0, help="for each target, instead of a time; without atheris"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the mutations (0)")
    parser.add_argument("--plain", action="store_true", help="without atheris")
    chosen = parser.parse_args()
    with_atheris = not chosen.plain and not chosen.runs and importlib.util.find_spec("atheris") is not None
    logging.disable()  # what the bytes make a daemon warn of
    failed = False
    for target in chosen.targets or TARGETS:
        if target not in TARGETS:
            parser.error(f"there is no target {target!r}")
        if with_atheris:
            failed |= not _run_guided(target, chosen.seconds)
            continue
        limits = {"runs": chosen.runs} if chosen.runs else {"seconds": chosen.seconds}
        began = time.monotonic()
        count, broken = run_plain(target, seed=chosen.seed, watched=True, **limits)
        print(
            f"{target}: {count:,} inputs in {time.monotonic() - began:.1f} s, {len(broken)} broke something"
        )
        for data in broken:
            _keep(target, data)
        failed |= bool(broken)
    return failed


if __name__ == "__main__":
    sys.exit(main())
