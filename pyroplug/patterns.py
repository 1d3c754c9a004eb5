"""Regular expressions from strangers, or for what strangers send, matched in a time that has a bound.

Python's own engine goes back and tries again, so that thirty characters can keep it busy for years, and
nothing can interrupt it. Here all ways through a pattern are followed at once, a character at a time, as
Thompson has described it, and what was found out is kept for the next name. That rules out what depends on
the way taken, such as references back and looking ahead; whatever else people write for names is there, and
means what it means to :func:`re.fullmatch`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from pyroplug.errors import NamingError

from .pattern_syntax import START, Node, PatternError, literal_prefix, parse

__all__ = ["Pattern"]

LONGEST = 1000
"""Characters of a pattern."""
MOST_STATES = 2000
"""Places in a pattern where matching can be; repetitions with a number multiply them."""
MOST_PARTS = 10 * MOST_STATES
"""Parts of a pattern, likewise."""
MOST_WORK = 3_000_000
"""Steps that are made anew for one pattern, about a second's worth; those that were kept are free."""
MOST_KEPT = 20_000
"""Steps that are remembered for a pattern."""

Test: TypeAlias = "Callable[[str], bool]"


class Pattern:
    """A regular expression that matches whole names.

    :ivar prefix: what every name begins with that matches.
    """

    def __init__(self, text: str) -> None:
        """
        :raises NamingError: it is none, or says what cannot be bounded; the error says where.
        :raises TypeError: it is no text.
        """
        if not isinstance(text, str):
            raise TypeError(f"a pattern is a text, not a {type(text).__name__}")
        if len(text) > LONGEST:
            raise NamingError(f"a pattern of {len(text)} characters is too long: {LONGEST}")
        self._text = text
        try:
            tree = parse(text)
            self._program = _Program(tree)
        except PatternError as error:
            raise NamingError(f"invalid regex {text!r:.200}: {error}", hint=error.hint) from None
        self.prefix = literal_prefix(tree)
        self._kept = 0
        self._begin = self._program.reached([self._program.first], at_start=True)
        self._known: dict[frozenset[int], _Place] = {}
        self._first = self._place(self._begin)

    def matches(self, name: str) -> bool:
        """Whether the whole of a name matches.

        :raises NamingError: finding that out takes too much work.
        """
        place = self._first
        for char in name:
            following = place.following.get(char)
            if following is None:
                following = self._step(place, char)
            if not following.states:
                return False
            place = following
        return place.accepts if name else self._accepts_empty

    @property
    def _accepts_empty(self) -> bool:
        return self._program.accepts(self._begin, at_start=True)

    def _step(self, place: _Place, char: str) -> _Place:
        program = self._program
        targets = [program.after[state] for state in place.states if program.tests[state](char)]
        program.work += len(place.states) + 1
        reached = program.reached(targets, at_start=False)
        if program.work > MOST_WORK:
            raise NamingError(
                f"the pattern {self._text!r:.200} takes too much work",
                hint="repeat less in it, or list names by a prefix and match them yourself",
            )
        if self._kept >= MOST_KEPT:
            self._forget()
        self._kept += 1
        following = place.following[char] = self._place(reached)
        return following

    def _forget(self) -> None:
        for place in self._known.values():
            place.following.clear()
        self._known.clear()
        self._kept = 0

    def _place(self, states: frozenset[int]) -> _Place:
        known = self._known.get(states)
        if known is None:
            known = _Place(states, self._program.accepts(states, at_start=False))
            self._known[states] = known
        return known


class _Place:
    """Where matching can be after some characters.

    :ivar states: states of the program that wait for a character.
    :ivar accepts: whether a name may end here.
    :ivar following: the place after a further character, as far as it is known.
    """

    __slots__ = ("accepts", "following", "states")

    def __init__(self, states: frozenset[int], accepts: bool) -> None:
        self.states = states
        self.accepts = accepts
        self.following: dict[str, _Place] = {}


class _Program:
    """A pattern as a network of states.

    :ivar tests: of each state, what the next character has to be.
    :ivar after: the state that follows then.
    :ivar first: the state to begin with.
    :ivar work: steps that were made, from state to state and through ways that lead nowhere new.
    """

    def __init__(self, tree: Node) -> None:
        self.work = 0
        self.tests: list[Test] = []
        self.after: list[int] = []
        self._ways: list[tuple[int, ...]] = []  # further states that are reached without a character
        self._only: list[str] = []  # where in a name that is so; empty for anywhere
        self._built_parts = 0
        self._end = self._add(_never)
        self.first = self._built(tree, self._end)

    def reached(self, states: list[int], *, at_start: bool, at_end: bool = False) -> frozenset[int]:
        """The states with a test that are reached from others without a character; and the end."""
        found: set[int] = set()
        waiting = states
        seen = set(states)
        while waiting:
            state = waiting.pop()
            self.work += 1 + len(self._ways[state])
            if self.tests[state] is not _never or state == self._end:
                found.add(state)
            only = self._only[state]
            if only:
                found.add(state)  # the end may come next
                if not (at_start if only == START else at_end):
                    continue
            for way in self._ways[state]:
                if way not in seen:
                    seen.add(way)
                    waiting.append(way)
        return frozenset(found)

    def accepts(self, states: frozenset[int], *, at_start: bool) -> bool:
        """Whether a name may end in these states."""
        if self._end in states:
            return True
        return self._end in self.reached(list(states), at_start=at_start, at_end=True)

    def _add(self, test: Test, after: int = 0, ways: tuple[int, ...] = (), only: str = "") -> int:
        if len(self.tests) >= MOST_STATES:
            raise _too_large()
        self.tests.append(test)
        self.after.append(after)
        self._ways.append(ways)
        self._only.append(only)
        return len(self.tests) - 1

    def _built(self, node: Node, then: int) -> int:
        """The state at which a part of the pattern begins that goes on to ``then``."""
        self._built_parts += 1
        if self._built_parts > MOST_PARTS:  # repetitions of nothing make no states
            raise _too_large()
        if node.kind == "char":
            assert node.test is not None
            return self._add(node.test, then)
        if node.kind == "sequence":
            for part in reversed(node.parts):
                then = self._built(part, then)
            return then
        if node.kind == "either":
            return self._add(_never, ways=tuple([self._built(part, then) for part in node.parts]))
        if node.kind == "at":
            return self._add(_never, ways=(then,), only=node.text)
        return self._repeated(node, then)

    def _repeated(self, node: Node, then: int) -> int:
        part, least, most = node.parts[0], node.least, node.most
        if most is None:
            again = self._add(_never)
            self._ways[again] = (self._built(part, again), then)
            then = again
        else:
            end = then
            for _ in range(most - least):
                then = self._add(_never, ways=(self._built(part, then), end))
        for _ in range(least):
            then = self._built(part, then)
        return then


def _too_large() -> PatternError:
    return PatternError("it is too large", "repeat less in it")


def _never(_char: str) -> bool:
    return False
