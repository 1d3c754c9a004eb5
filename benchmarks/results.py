"""What was measured, and what follows from it: medians, and ratios of what was measured in the same round."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib import metadata
from typing import Any

from .contestant import RAW, REAL_PYRO5, Who
from .series import Key, LeftOut, Outcome, Series

__all__ = [
    "SCHEMA",
    "Comparison",
    "Machine",
    "Measurement",
    "Quartiles",
    "Results",
    "evaluate",
    "ratios",
]

SCHEMA = 2
"""Goes up when a reader of the JSON would have to change."""
_LIBRARIES = ("pyroplug", "Pyro5", "msgpack", "serpent", "rpyc", "grpcio", "zerorpc")


@dataclass(frozen=True, slots=True)
class Quartiles:
    """Where the middle of some numbers lies, and the half around it."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, numbers: Sequence[float]) -> Quartiles:
        """Those of at least one number."""
        if len(numbers) == 1:
            return cls(numbers[0], numbers[0], numbers[0])
        return cls(*statistics.quantiles(numbers, n=4, method="inclusive"))


@dataclass(frozen=True, slots=True)
class Comparison:
    """How many times another's numbers these are.

    :ivar contestant: the other's name.
    """

    contestant: str
    workload: str
    ratio: Quartiles


@dataclass(frozen=True, slots=True)
class Measurement:
    """One contestant with one workload.

    :ivar value: in the unit.
    :ivar compared: comparisons, by the heading of the column that shows them.
    :ivar rounds: the number of each round; ``None`` where there was none.
    """

    who: Who
    workload: str
    unit: str
    group: str
    value: Quartiles
    compared: dict[str, Comparison]
    rounds: list[float | None]

    @property
    def contestant(self) -> str:
        """The contestant's name."""
        return self.who.name

    def ratio(self, to: str) -> Quartiles | None:
        """That of a comparison, if it was made."""
        found = self.compared.get(to)
        return None if found is None else found.ratio

    @property
    def to_raw(self) -> Quartiles | None:
        """Times the limit's."""
        return self.ratio(RAW)

    @property
    def to_pyro5(self) -> Quartiles | None:
        """Times real Pyro5's."""
        return self.ratio(REAL_PYRO5)


@dataclass(frozen=True, slots=True)
class Machine:
    """Where it was measured.

    :ivar cores: those that could be used.
    :ivar pinned: whether all processes shared one of them.
    :ivar versions: of the libraries that are installed.
    """

    python: str
    implementation: str
    system: str
    cores: int
    pinned: bool
    load_at_start: float
    load_at_end: float
    versions: dict[str, str] = field(default_factory=dict)

    @classmethod
    def this(cls, cores: int, pinned: bool) -> Machine:
        """This one, at the start of a run."""
        return cls(
            platform.python_version(),
            platform.python_implementation(),
            f"{platform.system()} {platform.machine()}",
            cores,
            pinned,
            _load(),
            _load(),
            dict(_versions()),
        )

    def at_end(self) -> Machine:
        """The same at the end."""
        return replace(self, load_at_end=_load())


@dataclass(frozen=True, slots=True)
class Results:
    """All of one run."""

    machine: Machine
    measurements: list[Measurement]
    left_out: list[LeftOut] = field(default_factory=list)
    quick: bool = False
    schema: int = SCHEMA

    def find(self, contestant: str, workload: str) -> Measurement | None:
        """One contestant with one workload; ``None`` if it was not measured."""
        for each in self.measurements:
            if (each.contestant, each.workload) == (contestant, workload):
                return each
        return None

    def to_json(self) -> str:
        """As text for other programs."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Results:
        """What was written by this version. Raises ``ValueError`` if it was another one."""
        found = json.loads(text)
        if found.get("schema") != SCHEMA:
            raise ValueError(
                f"these results are of version {found.get('schema')}, not {SCHEMA}: measure again"
            )
        return cls(
            Machine(**found["machine"]),
            [_measurement(each) for each in found["measurements"]],
            [LeftOut(**each) for each in found["left_out"]],
            found["quick"],
        )


def _measurement(found: dict[str, Any]) -> Measurement:
    compared = {
        to: Comparison(each["contestant"], each["workload"], Quartiles(**each["ratio"]))
        for to, each in found.pop("compared").items()
    }
    who, value = Who(**found.pop("who")), Quartiles(**found.pop("value"))
    return Measurement(who=who, value=value, compared=compared, **found)


def _load() -> float:
    return round(os.getloadavg()[0], 2)


def _versions() -> Iterator[tuple[str, str]]:
    for name in _LIBRARIES:
        try:
            yield name, metadata.version(name)
        except metadata.PackageNotFoundError:
            continue


def ratios(ours: Sequence[float | None], theirs: Sequence[float | None]) -> Quartiles | None:
    """Of what was taken in the same rounds, each round's; ``None`` if there is none."""
    found = [a / b for a, b in zip(ours, theirs, strict=False) if a is not None and b]
    return Quartiles.of(found) if found else None


def evaluate(outcome: Outcome, machine: Machine, quick: bool = False) -> Results:
    """Everything that the tables show, workload by workload, sorted as they were measured."""
    by_key = {each.key: each for each in outcome.series}
    order = list(dict.fromkeys(each.workload for each in outcome.series))
    sorted_series = sorted(outcome.series, key=lambda each: order.index(each.workload))
    measurements = [_evaluated(each, by_key) for each in sorted_series if _was_measured(each)]
    return Results(machine, measurements, outcome.left_out, quick)


def _was_measured(series: Series) -> bool:
    return any(number is not None for number in series.rounds)


def _evaluated(series: Series, by_key: dict[Key, Series]) -> Measurement:
    compared = {}
    for to, key in series.references.items():
        ratio = ratios(series.rounds, by_key[key].rounds) if key in by_key else None
        if ratio is not None:
            compared[to] = Comparison(*key, ratio)
    rounds = [None if each is None else round(each, 4) for each in series.rounds]
    value = Quartiles.of([each for each in rounds if each is not None])
    return Measurement(series.who, series.workload, series.unit, series.group, value, compared, rounds)
