"""Objects to serve in tests, which remember every member that was reached."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from pyroplug.context import current_context
from pyroplug.errors import CommunicationError
from pyroplug.exposure import callback, expose, oneway


class OwnError(Exception):
    """Nobody else knows this class."""


class UnspeakableError(Exception):
    """Has no text."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


class Thing:
    """Has something of everything that can be served, and something that must not be reached."""

    def __init__(self) -> None:
        self.reached: list[Any] = []
        self._level = 1
        self.plain = "not exposed"

    # Not exposed

    def secret(self, *args: Any) -> None:
        self.reached.append("secret")

    @property
    def hidden(self) -> str:
        self.reached.append("hidden")
        return "hidden"

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_pyro"):
            self.__dict__.setdefault("reached", []).append(f"__getattr__ {name}")
        raise AttributeError(name)

    # Exposed

    @expose
    def echo(self, *args: Any, **kwargs: Any) -> Any:
        self.reached.append("echo")
        return [list(args), kwargs]

    @expose
    def give(self, value: Any) -> Any:
        self.reached.append("give")
        return value

    @expose
    def make(self, kind: str) -> Any:
        """Something that no client could send."""
        return {"function": len, "frames": sys._getframe(), "large": "x" * 100_000}[kind]

    @expose  # type: ignore[prop-decorator]
    @property
    def level(self) -> Any:
        self.reached.append("get level")
        return self._level

    @level.setter
    def level(self, value: Any) -> None:
        self.reached.append("set level")
        if value == "wrong":
            raise ValueError("no such level")
        self._level = value

    @expose  # type: ignore[prop-decorator]
    @property
    def fixed(self) -> int:
        return 5

    @expose  # type: ignore[prop-decorator]
    @property
    def broken(self) -> int:
        raise ValueError("broken getter")

    @expose
    def fail(self, kind: str, *args: Any) -> None:
        """Raise an exception that is made here."""
        self.reached.append(f"fail {kind}")
        error = _ERRORS[kind](*args)
        if kind == "ValueError":
            error.colour = "blue"  # type: ignore[attr-defined]
        raise error

    @expose
    def fail_unsendably(self) -> None:
        error = ValueError("bad")
        error.frame = sys._getframe()  # type: ignore[attr-defined]
        raise error

    @expose
    def recurse(self) -> None:
        self.recurse()

    @callback
    @expose
    def call_back(self) -> None:
        raise ValueError("in the callback")

    @oneway
    @expose
    def note(self, value: Any) -> None:
        self.reached.append(("note", value))

    @expose
    def count(self, end: int, failing: bool = False) -> Iterator[int]:
        try:
            yield from range(end)
            if failing:
                raise ValueError("in the generator")
        finally:
            self.reached.append("count over")

    @expose
    def context(self) -> Any:
        """What is seen of the request."""
        context = current_context
        return [
            context.seq,
            context.msg_flags,
            context.serializer_id,
            {key: bytes(value).decode() for key, value in context.annotations.items()},
            list(context.response_annotations),
            list(context.client_sock_addr),
        ]

    @expose
    def annotate(self, text: str, then_fail: bool = False) -> None:
        current_context.response_annotations["ANSW"] = text.encode()  # type: ignore[index]
        if then_fail:
            raise ValueError(text)

    @expose
    def annotate_wrongly(self) -> None:
        current_context.response_annotations = {"bad": b""}

    @expose
    def correlation(self) -> str:
        return str(current_context.correlation_id)

    @expose
    def __len__(self) -> int:
        return 3

    @expose
    def __getitem__(self, index: Any) -> Any:
        return ["item", index]


@expose
class Maker:
    """Fails while an instance is made."""

    def __init__(self) -> None:
        raise ValueError("not today")

    def work(self) -> None:
        pass

    @property
    def state(self) -> int:
        return 1


@expose
class Talker:
    """Has a local variable that a traceback with details shows."""

    def fail(self) -> None:
        treasure = "a golden ring"
        raise ValueError(len(treasure))

    def fail_beside(self, kind: str) -> None:
        shy = {"error": ShyError, "exit": ShyExit}[kind]()
        raise ValueError(type(shy).__name__)

    def fail_at_length(self) -> None:
        raise ValueError("x" * 100_000)

    def fail_far_down(self, depth: int) -> None:
        if depth:
            self.fail_far_down_too(depth - 1)
        raise ValueError("at the bottom")

    def fail_far_down_too(self, depth: int) -> None:
        # Two that call each other, for Python's tracebacks do not repeat a line that repeats.
        self.fail_far_down(depth)


class ShyError:
    def __repr__(self) -> str:
        raise ValueError("no picture")


class ShyExit:
    def __repr__(self) -> str:
        raise SystemExit


_ERRORS: dict[str, Any] = {
    error.__name__: error
    for error in (
        ValueError,
        SystemExit,
        KeyboardInterrupt,
        GeneratorExit,
        StopIteration,
        CommunicationError,
        OwnError,
        UnspeakableError,
    )
}
