"""Whether pyroplug got slower than it was: ratios of this run beside those that the repository keeps.

A ratio compares what was measured within moments, so that it holds on a faster or busier machine too. But
processes do not lie in memory in the same way twice, and no run tells how others vary. So the baseline is
made of several runs, with the lowest and the highest of each ratio, and what looks worse is measured again.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

from .contestant import MIXED, OURS
from .kinds.crowd import CLOCK_TIME
from .kinds.idle import IN_USE
from .results import Measurement, Quartiles, Results
from .workloads import SingleCalls

__all__ = ["AGAIN", "RUNS", "Change", "Kept", "changes", "compare_with_baseline", "kept", "save_baseline"]

RUNS = 3
"""Of which a baseline is made."""
AGAIN = 2
"""How many more times something is measured that looks worse, as long as it does."""
SHARE, FLOOR = 0.15, 0.03
"""What is less than this worse, as a share or at all, is no news."""
_OTHERS_DECIDE = (CLOCK_TIME, SingleCalls.name, IN_USE)
"""They tell who else was using the machine."""
_TIMES = ("µs", "ms")
Kept = dict[str, Quartiles]


@dataclass(frozen=True, slots=True)
class Change:
    """Something that is not as it was.

    :ivar before: the lowest, the middle and the highest of several runs.
    :ivar now: of the rounds of this one.

    Either is ``None`` if it was not measured there.
    """

    what: str
    before: Quartiles | None
    now: Quartiles | None

    @property
    def worse(self) -> bool:
        """Whether it got worse by more than its noise, or is gone."""
        if self.before is None:
            return False
        return self.now is None or self.now.median > self.before.high

    def __str__(self) -> str:
        if self.before is None:
            return f"new: {self.what}"
        if self.now is None:
            return f"MISSING: {self.what}, which was {self.before.median:.2f}"
        word = "WORSE" if self.worse else "better"
        return f"{word}: {self.what}: {self.before.median:.2f} before, {self.now.median:.2f} now"


def _beyond(lower: Quartiles, higher: Quartiles) -> bool:
    """Whether all of the second is above all of the first, and its middle by more than what is no news.

    That is a share of the first, or as much as it varied.
    """
    noise = max(SHARE * lower.high, FLOOR, lower.high - lower.low)
    return higher.low > lower.high and higher.median - lower.high > noise


def changes(before: Mapping[str, Quartiles], now: Mapping[str, Quartiles]) -> list[Change]:
    """All that is better or worse by more than its noise, and what is only in one of them."""
    found = []
    for what in dict.fromkeys((*before, *now)):
        old, new = before.get(what), now.get(what)
        if old is None or new is None or _beyond(old, new) or _beyond(new, old):
            found.append(Change(what, old, new))
    return found


def kept(results: Results) -> Kept:
    """The ratios of pyroplug in some results, and the numbers themselves of what is no time."""
    return {what: number for what, _, number in _kept(results)}


def _kept(results: Results) -> Iterator[tuple[str, Measurement, Quartiles]]:
    for each in results.measurements:
        if each.who.library not in (OURS, *MIXED) or each.workload in _OTHERS_DECIDE:
            continue
        what = f"{each.contestant}, {each.workload}"
        to, comparison = next(iter(each.compared.items()), ("", None))
        if comparison is None:
            if each.unit not in _TIMES:
                yield f"{what}, {each.unit}", each, each.value
        elif (comparison.contestant, comparison.workload) != (each.contestant, each.workload):
            yield f"{what}, x {to}", each, comparison.ratio


def save_baseline(runs: Sequence[Results], file: Path) -> None:
    """Write what later runs are compared with."""
    of_each = [kept(run) for run in runs]
    lines = []
    for what in of_each[0]:
        medians = [found[what].median for found in of_each if what in found]
        span = Quartiles(min(medians), statistics.median(medians), max(medians))
        numbers = [round(number, 3) for number in astuple(span)]
        lines.append(f"  {json.dumps(what, ensure_ascii=False)}: {json.dumps(numbers)}")
    head = json.dumps({"python": runs[0].machine.python, "quick": runs[0].quick})
    body = ",\n".join(lines)
    file.write_text(f'{{\n "measured": {head},\n "ratios": {{\n{body}\n }}\n}}\n')


def compare_with_baseline(
    results: Results, file: Path, again: Callable[[Sequence[Measurement]], Results], complete: bool = True
) -> tuple[str, bool]:
    """What has changed, in words, and whether nothing got worse.

    :param again: measures some of it once more: what is worse is so each time.
    :param complete: whether everything was to be measured, so that nothing may be missing.
    """
    if not file.exists():
        return f"There is no {file.name} to compare with; --save-baseline makes it.", True
    found = json.loads(file.read_text())
    now = kept(results)
    before = {
        what: Quartiles(*numbers) for what, numbers in found["ratios"].items() if complete or what in now
    }
    different = changes(before, now)
    lines = ["Compared with the baseline", *_notes(found["measured"], results)]
    suspects = confirmed = {change.what for change in different if change.worse and change.now is not None}
    for _ in range(AGAIN):
        if confirmed:
            next_one = again([each for what, each, _ in _kept(results) if what in confirmed])
            still = {change.what for change in changes(before, kept(next_one)) if change.worse}
            confirmed = confirmed & still
    if suspects:
        different = [each for each in different if each.what not in suspects - confirmed]
        lines.append(f"  ({len(suspects)} looked worse and were measured again; {len(confirmed)} still do)")
    lines += [f"  {change}" for change in different] or ["  nothing differs by more than noise"]
    return "\n".join(lines), not any(change.worse for change in different)


def _notes(measured: Mapping[str, object], results: Results) -> Iterator[str]:
    if measured["python"] != results.machine.python:
        yield f"  (which was measured with Python {measured['python']})"
    machine = results.machine
    if machine.load_at_start > machine.cores / 2:
        yield f"  (the machine was busy: its load average was {machine.load_at_start:.2f} at the start)"
    if measured["quick"] != results.quick:
        yield f"  (which was a {'quick' if measured['quick'] else 'full'} run, unlike this one)"
