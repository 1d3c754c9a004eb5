"""What processes use, and whether that grows."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

__all__ = ["Usage", "growth", "usage"]


class Usage(NamedTuple):
    """What a process uses at one moment.

    :ivar memory: bytes that are resident; of those that are shared its part (PSS).
    """

    memory: int
    threads: int
    files: int


def usage(pid: int) -> Usage:
    """What a process of this user's uses now. Raises ``OSError`` if it is gone."""
    folder = Path(f"/proc/{pid}")
    memory = re.findall(r"^Pss: +(\d+) kB", (folder / "smaps_rollup").read_text(), re.MULTILINE)
    threads = (folder / "stat").read_text().rpartition(")")[2].split()[17]
    return Usage(sum(map(int, memory)) << 10, int(threads), len(os.listdir(folder / "fd")))


def growth(samples: Sequence[tuple[float, float]]) -> float:
    """How much a quantity grows in a second, by the line that fits best.

    :param samples: points in time, in seconds, and the quantity then.
    """
    if len(samples) < 2:
        return 0.0
    mean_time = sum(time for time, _ in samples) / len(samples)
    mean = sum(value for _, value in samples) / len(samples)
    spread = sum((time - mean_time) ** 2 for time, _ in samples)
    return sum((time - mean_time) * (value - mean) for time, value in samples) / spread if spread else 0.0
