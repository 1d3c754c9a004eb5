"""What was measured, and what follows from it: medians, and ratios of what was measured in the same round."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace

from .contestant import RAW, REAL_PYRO5, Contestant
from .runner import Samples
from .workloads import Workload

__all__ = ["SCHEMA", "Machine", "Measurement", "Quartiles", "Results", "evaluate", "ratios", "references"]

SCHEMA = 1
"""Goes up when a reader of the JSON would have to change."""


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
class Measurement:
    """One contestant with one workload.

    :ivar microseconds: a call.
    :ivar to_raw: times the limit's time, over the same transport; ``None`` if that was not measured.
    :ivar to_pyro5: times real Pyro5's, with the same serializer, server model and transport.
    :ivar rounds: microseconds a call in each round.
    """

    contestant: str
    library: str
    serializer: str
    model: str
    transport: str
    workload: str
    microseconds: Quartiles
    to_raw: Quartiles | None
    to_pyro5: Quartiles | None
    rounds: list[float]


@dataclass(frozen=True, slots=True)
class Machine:
    """Where it was measured.

    :ivar cores: those that could be used.
    :ivar pinned: whether all processes shared one of them.
    """

    python: str
    implementation: str
    system: str
    cores: int
    pinned: bool
    load_at_start: float
    load_at_end: float

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
        )

    def at_end(self) -> Machine:
        """The same at the end."""
        return replace(self, load_at_end=_load())


@dataclass(frozen=True, slots=True)
class Results:
    """All of one run."""

    machine: Machine
    measurements: list[Measurement]
    schema: int = field(default=SCHEMA)

    def find(self, contestant: str, workload: str) -> Measurement | None:
        """One contestant with one workload; ``None`` if it was not measured."""
        for each in self.measurements:
            if (each.contestant, each.workload) == (contestant, workload):
                return each
        return None

    def to_json(self) -> str:
        """As text for other programs."""
        return json.dumps(asdict(self), indent=1) + "\n"


def _load() -> float:
    return round(os.getloadavg()[0], 2)


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> Quartiles:
    """Of times that were taken in the same rounds: each round's ratio, not the medians'."""
    return Quartiles.of([a / b for a, b in zip(ours, theirs, strict=True)])


def references(contestant: Contestant, all_of_them: Sequence[Contestant]) -> dict[str, Contestant]:
    """By library, what a contestant is compared with; it may be itself."""
    setup = contestant.setup
    found = {}
    for other in all_of_them:
        if other.setup.transport == setup.transport and (
            other.library == RAW
            or (
                other.library == REAL_PYRO5
                and (other.serializer, other.setup.model) == (contestant.serializer, setup.model)
            )
        ):
            found[other.library] = other
    return found


def evaluate(
    contestants: Sequence[Contestant], workloads: Sequence[Workload], samples: Samples, machine: Machine
) -> Results:
    """Everything that the tables show, sorted as the contestants are."""
    measurements = []
    for workload in workloads:
        for contestant in contestants:
            times = samples[contestant.name, workload.name]
            compared = {
                library: ratios(times, samples[other.name, workload.name])
                for library, other in references(contestant, contestants).items()
            }
            microseconds = [round(seconds * 1e6, 3) for seconds in times]
            measurements.append(
                Measurement(
                    contestant.name,
                    contestant.library,
                    contestant.serializer,
                    contestant.setup.model,
                    contestant.setup.transport,
                    workload.name,
                    Quartiles.of(microseconds),
                    compared.get(RAW),
                    compared.get(REAL_PYRO5),
                    microseconds,
                )
            )
    return Results(machine, measurements)
