"""The parts of a call are all there."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.profile_call import parts
from benchmarks.workloads import WORKLOADS


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)
def test_the_parts_of_a_call(workload: Any) -> None:
    found = parts("msgpack", workload, seconds=0.001)
    assert [part.name for part in found if part.depth == 0] == ["client", "server"]
    assert all(part.microseconds > 0 for part in found if part.depth == 0)
