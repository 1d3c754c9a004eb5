"""Whether pyroplug got slower than it was: ratios of this run beside those that the repository keeps.

A ratio compares what was measured within moments, so that it holds on a faster or busier machine too. What
differs by no more than twice the spread of both runs, or by a fifth, is noise.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from .contestant import MIXED, OURS
from .kinds.crowd import CLOCK_TIME
from .results import Quartiles, Results

__all__ = ["Change", "changes", "compare_with_baseline", "kept", "save_baseline"]

LEAST, FLOOR, WIDTH = 0.2, 0.03, 2
"""Two runs differ by so much without a reason, as a share and at all: processes do not lie in memory in the
same way twice. And the spread within a run is taken so many times, as the one between runs is larger."""
Kept = dict[str, Quartiles]


@dataclass(frozen=True, slots=True)
class Change:
    """Something that is not as it was; ``before`` or ``now`` is ``None`` if it was not measured there."""

    what: str
    before: Quartiles | None
    now: Quartiles | None

    @property
    def worse(self) -> bool:
        """Whether it got worse by more than its noise, or is gone."""
        if self.before is None:
            return False
        return self.now is None or _beyond(self.before, self.now)

    def __str__(self) -> str:
        if self.before is None:
            return f"new: {self.what}"
        if self.now is None:
            return f"MISSING: {self.what}, which was {self.before.median:.2f}"
        word = "WORSE" if self.worse else "better"
        return f"{word}: {self.what}: {self.before.median:.2f} before, {self.now.median:.2f} now"


def _beyond(lower: Quartiles, higher: Quartiles) -> bool:
    """Whether the second is higher by more than the noise: what lies between its middle and its lower
    quartile, and between the other's middle and upper one."""
    noise = WIDTH * (higher.median - higher.low + lower.high - lower.median)
    return higher.median - lower.median > max(noise, LEAST * lower.median, FLOOR)


def changes(before: Mapping[str, Quartiles], now: Mapping[str, Quartiles]) -> list[Change]:
    """All that is better or worse by more than its noise, and what is only in one of them."""
    found = []
    for what in dict.fromkeys((*before, *now)):
        old, new = before.get(what), now.get(what)
        if old is None or new is None or _beyond(old, new) or _beyond(new, old):
            found.append(Change(what, old, new))
    return found


def kept(results: Results) -> Kept:
    """The ratios of pyroplug in some results; and the numbers themselves where they are no times."""
    found: Kept = {}
    for each in results.measurements:
        if each.who.library not in (OURS, *MIXED) or each.workload == CLOCK_TIME:
            continue
        for to, comparison in each.compared.items():
            found[f"{each.contestant}, {each.workload}, x {to}"] = comparison.ratio
        if not each.compared:
            found[f"{each.contestant}, {each.workload}, {each.unit}"] = each.value
    return found


def save_baseline(results: Results, file: Path) -> None:
    """Write what later runs are compared with."""
    lines = {
        what: [round(number, 3) for number in asdict(each).values()] for what, each in kept(results).items()
    }
    head = {"python": results.machine.python, "quick": results.quick}
    body = ",\n".join(
        f"  {json.dumps(what, ensure_ascii=False)}: {json.dumps(each)}" for what, each in lines.items()
    )
    file.write_text(f'{{\n "measured": {json.dumps(head)},\n "ratios": {{\n{body}\n }}\n}}\n')


def compare_with_baseline(results: Results, file: Path) -> tuple[str, bool]:
    """What has changed, in words, and whether nothing got worse."""
    if not file.exists():
        return f"There is no {file.name} to compare with; --save-baseline makes it.", True
    found = json.loads(file.read_text())
    before = {what: Quartiles(*numbers) for what, numbers in found["ratios"].items()}
    different = changes(before, kept(results))
    lines = ["Compared with the baseline", *_notes(found["measured"], results)]
    lines += [f"  {change}" for change in different] or ["  nothing differs by more than noise"]
    return "\n".join(lines), not any(change.worse for change in different)


def _notes(measured: Mapping[str, object], results: Results) -> Iterable[str]:
    if measured["python"] != results.machine.python:
        yield f"  (which was measured with Python {measured['python']})"
    if measured["quick"] != results.quick:
        yield f"  (which was a {'quick' if measured['quick'] else 'full'} run, unlike this one)"
