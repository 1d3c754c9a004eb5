"""Which calls a client made, and how often each may, or must, have run."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["Ledger"]


class Ledger:
    """The calls of one client, by number. It forgets those that are known to have run.

    :ivar wrong: what must not be, in words.
    """

    def __init__(self, name: str) -> None:
        self.wrong: list[str] = []
        self._name = name
        self._number = 0
        self._open: dict[int, bool] = {}  # whether it must have run

    def begin(self) -> int:
        """The number of another call, which may run once."""
        self._number += 1
        self._open[self._number] = False
        return self._number

    def must_run(self, number: int) -> None:
        """It was acknowledged, or sent where nothing is lost: so it has run, or will, once."""
        if number in self._open:
            self._open[number] = True

    def settle(self, ran: Iterable[tuple[int, int]], *, all_over: bool = True) -> None:
        """Compare with what the server says has run since the last time.

        :param ran: numbers of calls, and how often each has run.
        :param all_over: what must have run has to be there by now.
        """
        for number, times in ran:
            if self._open.pop(number, None) is None or times != 1:
                self.wrong.append(f"{self._name}: call {number} ran more than once")
        if all_over:
            lost = [number for number, must in self._open.items() if must]
            self.wrong += [f"{self._name}: call {number} was lost" for number in lost]

    @property
    def missing(self) -> int:
        """How many calls must have run, and are not known to have."""
        return sum(self._open.values())

    @property
    def uncertain(self) -> int:
        """How many calls failed, and have not run as far as is known."""
        return len(self._open) - self.missing
