"""What marshal data refers to: a short reference can stand for a value that takes long to hash.

Keys of dictionaries and items of sets are hashed, and compared with those of the same hash. A tuple is hashed
anew each time, with all that is in it, and so is a number of many digits. Nothing but the C stack's end stops
the interpreter from hashing tuples within tuples.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator

from .tokens import (
    BYTES_OF_LENGTH,
    CONTAINERS,
    DICT,
    END,
    HASHED,
    INTEGER,
    IS_REFERRED,
    LONG,
    NEVER_KEPT,
    REFERENCE,
    SHORT,
    SLICE,
    SMALL_TUPLE,
    STEPS,
    TEXT_COMPLEX,
    is_heavy,
)

__all__ = ["check_references", "refers_to_heavy"]

_DEEPEST = 2000
"""How far values may be nested. The reader has the same limit, but it does not see through references."""
_FREE, _PER_BYTE = 1 << 20, 16
"""What hashing may cost in all, and more of it for each byte of data; about ten nanoseconds each."""
_MOST = (1 << 31) - 1


def _tokens(data: bytes) -> Iterator[tuple[int, bool, int]]:
    """Each token's code, whether it may be referred to, and the number that it has, or no number."""
    at, size, steps = 0, len(data), STEPS
    while at < size:
        code, kept, number = data[at] & ~IS_REFERRED, data[at] >= IS_REFERRED, 0
        step = steps[code]
        if not step or code == REFERENCE:
            number = int.from_bytes(data[at + 1 : at + 5], "little", signed=True)
        if step:
            at += step
        elif code in SHORT or code == SMALL_TUPLE:
            number = data[at + 1] if at + 1 < size else 0
            at += 2 + (number if code in SHORT else 0)
        elif code in LONG:
            at += BYTES_OF_LENGTH + max(0, number)
        elif code == INTEGER:
            at += BYTES_OF_LENGTH + 2 * abs(number)
        elif code == TEXT_COMPLEX:
            for _ in "ri":
                at += 1 + (data[at + 1] if at + 1 < size else 0)
            at += 1
        elif code == SLICE:
            number = 3
            at += 1
        else:
            at += BYTES_OF_LENGTH
        yield code, kept, number


def refers_to_heavy(data: bytes) -> bool:
    """Whether anything is referred to that may take long to hash or compare: that it may be says nothing."""
    heavy, count = bytearray(), 0
    for code, kept, number in _tokens(data):
        if kept and code not in NEVER_KEPT:
            heavy.append(is_heavy(code, number))
            count += 1
        elif code == REFERENCE and 0 <= number < count and heavy[number]:
            return True
    return False


def check_references(data: bytes) -> None:
    """Make sure that no tuple is in itself or nested too deeply, and that hashing all keys takes no time.

    :raises ValueError: it is not so.
    """
    values = _Values(len(data))
    costs, depths, containers = values.costs, values.depths, values.containers
    for code, kept, number in _tokens(data):
        cost, depth = 1, 0
        if code in CONTAINERS or code in (DICT, SLICE):
            if len(containers) > _DEEPEST:
                raise ValueError("it is nested too deeply")
            # Type code, items to come, cost, depth, place among what may be referred to.
            containers.append([code, -1 if code == DICT else number, 1, 0, len(costs) if kept else -1])
        elif code == REFERENCE and 0 <= number < len(costs):
            cost, depth = costs[number], depths[number]
            if cost < 0:
                raise ValueError("it refers to a tuple that contains itself")
        elif code in LONG:
            cost += max(0, number) >> 9
        elif code == INTEGER:
            cost += abs(number) >> 3
        if kept and code not in NEVER_KEPT:
            costs.append(-1 if code in HASHED else cost)  # until it is complete
            depths.append(0)
        if code in CONTAINERS or code in (DICT, SLICE, END):
            if not containers or (containers[-1][1] and code != END):
                continue
            cost, depth = values.closed()
        values.count(cost, depth)
        if not containers:
            return


class _Values:
    """What is known of values that may be referred to, and of containers that are not complete."""

    __slots__ = ("allowed", "containers", "costs", "depths")

    def __init__(self, size: int) -> None:
        self.allowed = _FREE + _PER_BYTE * size
        self.costs = array("i")
        self.depths = array("H")
        self.containers: list[list[int]] = []

    def count(self, cost: int, depth: int) -> None:
        """Note that a value is complete, and with it perhaps what that is in."""
        while self.containers:
            container = self.containers[-1]
            container[1] -= 1
            container[2] += cost
            container[3] = max(container[3], depth)
            if container[0] not in _UNHASHED and not (container[0] == DICT and container[1] & 1):
                self.allowed -= cost
                if self.allowed < 0:
                    raise ValueError("its keys refer to what takes long to hash too often")
            if container[1]:
                return
            cost, depth = self.closed()

    def closed(self) -> tuple[int, int]:
        """The cost of the innermost container, which is complete, and how deep tuples in it are nested."""
        code, _, cost, depth, place = self.containers.pop()
        if code not in HASHED:
            return 1, 0
        depth = depth + 1 if code in _UNHASHED else 0  # a set has its items' hashes
        if depth > _DEEPEST:
            raise ValueError("its tuples are nested too deeply, by references")
        cost = min(cost, _MOST)
        if place >= 0:
            self.costs[place] = cost
            self.depths[place] = depth
        return cost, depth


_UNHASHED = frozenset(b"()[:")
"""Containers that do not hash what they hold."""
