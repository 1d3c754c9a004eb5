"""The regular expressions that a name server takes, from text to tree. How they match is not known here."""

from __future__ import annotations

import string
from bisect import bisect_right
from collections.abc import Callable
from typing import NamedTuple

__all__ = ["END", "START", "Node", "PatternError", "literal_prefix", "parse"]

START, END = "start", "end"
_PLACES = {"^": START, "$": END, "A": START, "Z": END}
DEEPEST = 50
"""How many groups may be within each other."""
MOST_REPEATS = 1000
"""The largest number in a repetition."""

_SUPPORTED = (
    "there are characters, . [sets] (groups) a|b ? * + {2,5} ^ $ \\d \\w \\s \\D \\W \\S,"
    " and (?i) (?s) in front"
)
_ENDLESS = "it cannot be matched in a time that has a bound; " + _SUPPORTED

Test = Callable[[str], bool]


class PatternError(Exception):
    """A text is no pattern.

    :ivar hint: what to do about it.
    """

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.hint = hint or _SUPPORTED


class Node(NamedTuple):
    """A part of a pattern.

    :ivar kind: ``char``, ``sequence``, ``either``, ``repeat`` or ``at``.
    :ivar parts: what it is made of.
    :ivar test: whether a character is one that a ``char`` stands for.
    :ivar text: the one character that it stands for, if there is one; of an ``at``, the place.
    :ivar least: how often it has to be there at the least.
    :ivar most: and at the most; ``None`` for any number.
    """

    kind: str
    parts: tuple[Node, ...] = ()
    test: Test | None = None
    text: str = ""
    least: int = 0
    most: int | None = None


def parse(text: str) -> Node:
    """The tree of a pattern. Raises :exc:`PatternError`."""
    return _Parser(text).whole()


def literal_prefix(tree: Node) -> str:
    """What everything begins with that matches."""
    prefix = ""
    parts = list(reversed(tree.parts)) if tree.kind == "sequence" else [tree]
    while parts:
        part = parts.pop()
        if part.kind == "sequence":
            parts += reversed(part.parts)
        elif part.kind == "char" and part.text:
            prefix += part.text
        elif part != Node("at", text=START):
            break
    return prefix


def _is_digit(char: str) -> bool:
    return char.isdecimal()


def _is_word(char: str) -> bool:
    return char.isalnum() or char == "_"


def _negated(test: Test) -> Test:
    return lambda char: not test(char)


_CLASSES: dict[str, Test] = {"d": _is_digit, "w": _is_word, "s": str.isspace}
_CLASSES |= {letter.upper(): _negated(test) for letter, test in _CLASSES.items()}
_PLAIN_ESCAPES = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_HEX_ESCAPES = {"x": 2, "u": 4, "U": 8}
_LETTERS_AND_DIGITS = frozenset(string.ascii_letters + string.digits)


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0
        self._ignore_case = self._any_char = False

    def whole(self) -> Node:
        while self._take("(?", then="is"):
            self._flags()
        tree = self._either()
        if self._at < len(self._text):
            raise self._error("a ) without a (")
        return tree

    # Structure

    def _either(self) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._error("too many groups within each other")
        branches = [self._sequence()]
        while self._take("|"):
            branches.append(self._sequence())
        self._depth -= 1
        return branches[0] if len(branches) == 1 else Node("either", tuple(branches))

    def _sequence(self) -> Node:
        parts = []
        while self._at < len(self._text) and self._text[self._at] not in "|)":
            parts.append(self._repeated(self._part()))
        return Node("sequence", tuple(parts))

    def _part(self) -> Node:
        if self._limits() is not None:
            raise self._error("nothing to repeat")
        char = self._next()
        if char == "(":
            return self._group()
        if char == "[":
            return Node("char", test=self._set())
        if char == ".":
            return Node("char", test=_anything if self._any_char else _no_line_break)
        if char in "^$":
            return Node("at", text=_PLACES[char])
        return self._escaped() if char == "\\" else self._char(char)

    def _char(self, char: str) -> Node:
        if self._ignore_case:
            return Node("char", test=_ignoring_case(char.__eq__))
        return Node("char", test=char.__eq__, text=char)

    def _group(self) -> Node:
        if self._take("?"):
            if self._take("P<") or self._take("<", unless="=!"):
                raise self._error("groups have no names here", "write it as (...) instead")
            if not self._take(":"):
                raise self._error(f"(?{self._text[self._at : self._at + 1]} is not known here", _ENDLESS)
        inner = self._either()
        if not self._take(")"):
            raise self._error("a ) is missing", "write \\( for the character itself")
        return inner

    def _flags(self) -> None:
        end = self._text.find(")", self._at)
        flags = self._text[self._at : end]
        if end < 0 or not set(flags) <= set("is"):
            raise self._error("these flags are not known here")
        self._ignore_case = self._ignore_case or "i" in flags
        self._any_char = self._any_char or "s" in flags
        self._at = end + 1

    def _repeated(self, part: Node) -> Node:
        limits = self._limits()
        if limits is None:
            return part
        if part.kind == "at":
            raise self._error("nothing to repeat")
        if self._take("+"):
            raise self._error("there are no possessive repetitions here", _ENDLESS)
        self._take("?")  # a lazy one matches the same names
        if self._limits() is not None:
            raise self._error("a repetition of a repetition", "put the inner one in ( )")
        return Node("repeat", (part,), least=limits[0], most=limits[1])

    def _limits(self) -> tuple[int, int | None] | None:
        if self._take("*"):
            return 0, None
        if self._take("+"):
            return 1, None
        if self._take("?"):
            return 0, 1
        return self._numbers()

    def _numbers(self) -> tuple[int, int | None] | None:
        """``{3}``, ``{3,}``, ``{,5}`` or ``{3,5}``; anything else in braces stands for itself."""
        end = self._text.find("}", self._at)
        if end < 0 or self._text[self._at : self._at + 1] != "{":
            return None
        least, comma, most = self._text[self._at + 1 : end].partition(",")
        if not all(part == "" or (part.isascii() and part.isdigit()) for part in (least, most)):
            return None
        if not least and not most and not comma:
            return None
        if any(len(part) > 4 or int(part or 0) > MOST_REPEATS for part in (least, most)):
            raise self._error(f"it repeats more than {MOST_REPEATS} times")
        self._at = end + 1
        first = int(least or 0)
        last = (int(most) if most else None) if comma else first
        if last is not None and last < first:
            raise self._error("the least number of a repetition is more than the most")
        return first, last

    # Characters

    def _escaped(self) -> Node:
        char = self._peek()
        if char in ("A", "Z"):
            self._at += 1
            return Node("at", text=_PLACES[char])
        test = self._class()
        return Node("char", test=test) if test is not None else self._char(self._escaped_char())

    def _class(self) -> Test | None:
        """What ``\\d`` and its like stand for; the backslash is behind."""
        letter = self._peek()
        test = _CLASSES.get(letter)
        if test is not None:
            self._at += 1
        return test

    def _escaped_char(self) -> str:
        char = self._next("a character after the \\ is missing")
        if char in _PLAIN_ESCAPES:
            return _PLAIN_ESCAPES[char]
        if char in _HEX_ESCAPES:
            digits = self._text[self._at : self._at + _HEX_ESCAPES[char]]
            if len(digits) == _HEX_ESCAPES[char] and set(digits) <= set(string.hexdigits):
                self._at += len(digits)
                if int(digits, 16) <= 0x10FFFF:
                    return chr(int(digits, 16))
            raise self._error(f"\\{char} needs {_HEX_ESCAPES[char]} hexadecimal digits")
        if char in _LETTERS_AND_DIGITS:
            raise self._error(f"\\{char} is not known here", _ENDLESS if char.isdigit() else "")
        return char

    def _set(self) -> Test:
        negated = self._take("^")
        chars: set[str] = set()
        ranges: list[tuple[str, str]] = []
        tests: list[Test] = []
        begin = self._at
        while self._peek() != "]" or self._at == begin:
            low = self._member(tests)
            if self._text[self._at : self._at + 1] == "-" and self._text[self._at + 1 : self._at + 2] != "]":
                self._at += 1
                high = self._member(None)
                if low is None or high is None or high < low:
                    raise self._error("a range in [ ] goes from a character to a later one")
                ranges.append((low, high))
            elif low is not None:
                chars.add(low)
        self._at += 1
        test = _any_of(frozenset(chars), ranges, tests)
        if self._ignore_case:
            test = _ignoring_case(test)
        return _negated(test) if negated else test

    def _member(self, tests: list[Test] | None) -> str | None:
        """The next character of a set; ``None`` for a class, which becomes one of the tests."""
        char = self._next("a ] is missing", "write \\[ for the character itself")
        if char != "\\":
            return char
        test = self._class()
        if test is None:
            return "\b" if self._take("b") else self._escaped_char()
        if tests is not None:
            tests.append(test)
        return None

    # Reading

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _next(self, missing: str = "it ends too early", hint: str = "") -> str:
        if self._at >= len(self._text):
            raise self._error(missing, hint)
        self._at += 1
        return self._text[self._at - 1]

    def _take(self, wanted: str, then: str = "", unless: str = "") -> bool:
        """Whether a text comes next, and after it one of ``then`` and none of ``unless``; it is taken."""
        after = self._at + len(wanted)
        following = self._text[after : after + 1]
        if not self._text.startswith(wanted, self._at) or (then and (not following or following not in then)):
            return False
        if following and following in unless:
            return False
        self._at = after
        return True

    def _error(self, what: str, hint: str = "") -> PatternError:
        return PatternError(f"{what}, at character {self._at}", hint)


def _anything(_char: str) -> bool:
    return True


def _no_line_break(char: str) -> bool:
    return char != "\n"


def _ignoring_case(test: Test) -> Test:
    return lambda char: test(char) or test(char.lower()) or test(char.upper())


def _any_of(chars: frozenset[str], ranges: list[tuple[str, str]], tests: list[Test]) -> Test:
    if not ranges and not tests:
        return chars.__contains__
    # However many ranges there are, one look-up tells: those that overlap are made one.
    lows: list[str] = []
    highs: list[str] = []
    for low, high in sorted(ranges):
        if highs and low <= highs[-1]:
            highs[-1] = max(highs[-1], high)
        else:
            lows.append(low)
            highs.append(high)
    classes = tuple(dict.fromkeys(tests))

    def test(char: str) -> bool:
        if char in chars:
            return True
        at = bisect_right(lows, char)
        return (at > 0 and char <= highs[at - 1]) or any(one(char) for one in classes)

    return test
