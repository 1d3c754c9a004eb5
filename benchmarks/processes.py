"""What processes use, as Linux tells it from outside."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from pathlib import Path

__all__ = ["cpu_seconds", "cpus_seconds", "peak", "proportional", "quietest", "reset_peak", "resident"]

_CPU_CLOCK = 2
"""What makes a process id a clock id: the scheduler's clock of all threads, ended ones too."""


def cpu_seconds(process: int) -> float:
    """The processor time that it has used, to the nanosecond."""
    return time.clock_gettime((~process << 3) | _CPU_CLOCK)


def cpus_seconds(processes: Iterable[int]) -> float:
    """Of all of them."""
    return sum(map(cpu_seconds, processes))


def reset_peak(process: int) -> None:
    """From now on, the peak is what comes now."""
    Path(f"/proc/{process}/clear_refs").write_text("5")


def peak(process: int) -> int:
    """The most resident memory since then, in bytes."""
    return _field(process, "status", "VmHWM")


def resident(process: int) -> int:
    """Resident memory in bytes."""
    return _field(process, "status", "VmRSS")


def proportional(process: int) -> int:
    """Memory in bytes, of which pages that are shared count in proportion."""
    return _field(process, "smaps_rollup", "Pss")


def _field(process: int, file: str, name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+) kB", Path(f"/proc/{process}/{file}").read_text(), re.MULTILINE)
    if found is None:
        raise RuntimeError(f"this system does not tell {name} of a process")
    return int(found[1]) * 1024


def quietest(cores: Iterable[int], seconds: float = 0.5) -> int:
    """The one of these processor cores that idles most while this waits for so long."""
    before = _idle_ticks()
    time.sleep(seconds)
    after = _idle_ticks()
    return max(cores, key=lambda core: after[core] - before[core])


def _idle_ticks() -> dict[int, int]:
    found = re.findall(r"^cpu(\d+) (?:\d+ ){3}(\d+)", Path("/proc/stat").read_text(), re.MULTILINE)
    return {int(core): int(ticks) for core, ticks in found}
