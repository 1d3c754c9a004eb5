"""What tests of the benchmarks share: everybody who takes part, and results as if they had been measured."""

from __future__ import annotations

from pathlib import Path

from benchmarks.connected import able
from benchmarks.contestant import Can
from benchmarks.contestants import line_up
from benchmarks.kinds.calls import CALLS
from benchmarks.references import references
from benchmarks.results import Machine, Results, evaluate
from benchmarks.series import Outcome, Series
from benchmarks.servers import Servers
from benchmarks.workloads import WORKLOADS, Workload

ROOT = Path(__file__).resolve().parent.parent.parent
LIMIT = 240
EVERYBODY = line_up()
MACHINE = Machine("3.10.0", "CPython", "Linux", 2, True, 0.5, 0.5)
RAW_THREADS = "raw msgpack threads tcp"
PYRO5_THREADS = "Pyro5 msgpack threadpool tcp"
OURS = "pyroplug msgpack threadpool tcp"
CALL = WORKLOADS[0].name


def made_up(times: dict[str, list[float]], workloads: tuple[Workload, ...] = WORKLOADS) -> Results:
    """Results as if each contestant took these times with every workload."""
    present = [each for each in EVERYBODY if each.name in times]
    outcome = Outcome()
    for workload in workloads:
        for each in able(present, workload.needs):
            compared = references(
                each.who, workload.name, able(present, workload.needs), workload.raw_threads
            )
            numbers: list[float | None] = [*times[each.name]]
            outcome.series.append(Series(each.who, workload.name, "µs", "calls", compared, numbers))
    return evaluate(outcome, MACHINE)


def verify_all(name: str) -> None:
    """Every workload that it can do, and large values."""
    (contestant,) = (each for each in EVERYBODY if each.name == name)
    with Servers() as servers:
        servers.start([contestant.setup])
        address = servers.address(contestant.setup)
        remote = contestant.connect(address)
        for workload in CALLS:
            if workload.needs in contestant.can:
                assert workload.verify(workload.prepare(contestant, address, remote)), workload.name
        if Can.BULK in contestant.can:
            bulk = contestant.bulk()
            bulk.hold("bytes", 1024, 1)
            assert bytes(bulk.give("bytes", 1024)) == bytes(range(256)) * 4
            assert bulk.take(b"x" * 1024) == 1024
        if Can.CHUNKS in contestant.can:
            assert [len(chunk) for chunk in contestant.bulk().chunks(3)] == [256 * 1024] * 3
        contestant.close()
