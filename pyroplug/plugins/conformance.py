"""Whether an object satisfies the contract of its kind, and who is to blame if not.

It is the run-time half of what a type checker sees in a plugin's source. Nothing here knows where an object
comes from.
"""

from __future__ import annotations

import importlib
import inspect
import reprlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from pyroplug.errors import PluginError

from .kinds import Kind

__all__ = ["blaming", "check", "described"]

_DEFERRED = (inspect.iscoroutinefunction, inspect.isasyncgenfunction, inspect.isgeneratorfunction)
"""A validator of such a kind would seem to agree with everything."""

_OURS = __file__.removesuffix("conformance.py")
"""Where the files are that call plugins' code, and are not to blame for what it raises."""


@contextmanager
def blaming(what: str | Callable[[], str], hint: str) -> Iterator[None]:
    """Turn whatever a plugin's code raises into a :exc:`PluginError`, even ``SystemExit``.

    :param what: what it was doing; a function where finding that out takes time.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        doing = what if isinstance(what, str) else what()
        raise PluginError(f"{doing} raised {described(error)}", hint=hint) from error


def described(error: BaseException) -> str:
    """The error in one line, with the place it was raised at."""
    try:
        text = " ".join(str(error.msg if isinstance(error, SyntaxError) else error).split())
    except Exception:  # a message that cannot be had must not hide the error itself
        text = ""
    place, trace = "", error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if file != importlib.__file__ and not file.startswith(("<frozen", _OURS)):
            place = f" ({file}, line {trace.tb_lineno})"
        trace = trace.tb_next
    if isinstance(error, SyntaxError) and error.filename:  # it is raised by whoever wanted to import that
        place = f" ({error.filename}, line {error.lineno})"
    return f"{type(error).__name__}{': ' if text else ''}{text}{place}"


def check(kind: Kind, value: object) -> dict[str, Any]:
    """The facts that an object tells about itself: its traits, by attribute.

    Raises :exc:`~pyroplug.errors.PluginError`, without the plugin's name, if it breaks its kind's contract.
    """
    if isinstance(value, type):
        raise PluginError(
            f"{_place(value)} is a class; the hook returns instances",
            hint=f"return {value.__name__}() instead of {value.__name__}.",
        )
    contract = kind.contract
    facts = _members(contract, value)
    for name, member in vars(contract).items():
        if inspect.isfunction(member) and name in facts:
            _check_method(contract, value, name, member, facts[name])
    for trait in kind.traits:
        fact = facts[trait.attribute]
        if not trait.accepts(fact):
            has = (
                f"has {reprlib.repr(fact)} ({type(fact).__name__}) as its {trait.label}, {trait.attribute!r}"
            )
            raise _breach(contract, value, f"{has}; it must be {trait.expected}")
    return {trait.attribute: facts[trait.attribute] for trait in kind.traits}


def _members(contract: type, value: object) -> dict[str, Any]:
    """The object's side of each member of the contract, read once."""
    read: dict[str, Any] = {}
    for name in vars(contract):
        if name.startswith("_"):
            continue
        with blaming(partial(_reading, name, value), _advice(contract)):
            if hasattr(value, name):
                read[name] = getattr(value, name)
        if name not in read:
            raise _breach(contract, value, f"has no {name!r}")
    return read


def _reading(name: str, value: object) -> str:
    return f"reading {name!r} of {_place(type(value))}"


def _check_method(
    contract: type, value: object, name: str, wanted: Callable[..., Any], actual: object
) -> None:
    """Whether it can be called as the kernel will call it, and runs when it is."""
    if not callable(actual):
        raise _breach(contract, value, f"has a {name!r} that cannot be called")
    if any(is_deferred(actual) for is_deferred in _DEFERRED):
        raise _breach(
            contract, value, f"has an asynchronous or generator {name!r}, which a call would not run"
        )
    parameters = list(inspect.signature(wanted).parameters.values())[1:]
    positional = [one.name for one in parameters if one.kind is not inspect.Parameter.KEYWORD_ONLY]
    keywords = [one.name for one in parameters if one.kind is inspect.Parameter.KEYWORD_ONLY]
    try:
        signature = inspect.signature(actual)
    except (TypeError, ValueError):  # written in C, and silent about its parameters
        return
    try:
        signature.bind(*positional, **dict.fromkeys(keywords))
    except TypeError as error:
        raise _breach(
            contract,
            value,
            f"has {name}{signature}, but is called as {name}({', '.join(positional)}): {error}",
        ) from None


def _breach(contract: type, value: object, what: str) -> PluginError:
    return PluginError(f"{_place(type(value))} {what}", hint=_advice(contract))


def _advice(contract: type) -> str:
    return f"compare it with the contract pyroplug.contracts.{contract.__name__}."


def _place(cls: type) -> str:
    """The class and the file it is written in."""
    try:
        file = inspect.getsourcefile(cls)
    except (TypeError, OSError):  # built in, or made at run time
        file = None
    where = file or f"module {cls.__module__}"
    return f"{cls.__qualname__} ({where})"
