"""What ``MODULE:NAME`` stands for: a class, an object, or a function that makes one."""

from __future__ import annotations

import importlib
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import BuiltinFunctionType, FunctionType, MethodType, TracebackType
from typing import Any

import click

from pyroplug.commands import Failure
from pyroplug.errors import format_traceback

__all__ = ["target_of"]

_FACTORIES = (FunctionType, BuiltinFunctionType, MethodType, partial)
_BETWEEN = (__file__, importlib.__file__, "<frozen importlib")

_is_dotted = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*").fullmatch


def target_of(text: str) -> Any:
    """The class, or the object, that is to be served. A function is called, and makes the object.

    Modules of the current folder can be imported, as with ``python -m``.

    :raises Failure: it is not there, or cannot be imported or made.
    """
    module, colon, name = text.partition(":")
    if not colon or module.endswith(".py") or not _is_dotted(module) or not _is_dotted(name):
        raise Failure(f"{text!r} is not MODULE:NAME{_advice(module, name)}", 2)
    found = _member(_module(module), module, name)
    if isinstance(found, _FACTORIES):
        with _blaming(f"calling {text}"):
            return found()
    return found


def _advice(module: str, name: str) -> str:
    stem = module.removesuffix(".py").replace(os.sep, ".").strip(".")
    example = f"{stem if _is_dotted(stem) else 'shop'}:{name if _is_dotted(name) else 'Warehouse'}"
    return f"\nhint: it is a module's name, not that of its file, and what is to be served: {example}"


def _module(name: str) -> Any:
    here = os.getcwd()
    if not getattr(sys.flags, "safe_path", False) and not {"", here} & {*sys.path}:
        sys.path.insert(0, here)
    with _blaming(f"importing {name}", lambda error: _missing(name, here, error)):
        return importlib.import_module(name)


def _missing(module: str, here: str, error: BaseException) -> str | None:
    """What to tell if it is this module itself that is not there."""
    if not isinstance(error, ModuleNotFoundError) or not f"{module}.".startswith(f"{error.name}."):
        return None
    return (
        f"there is no module {error.name!r}"
        f"\nhint: modules are looked for in {here} and where Python finds what is installed"
    )


def _member(found: Any, module: str, name: str) -> Any:
    path = module
    for part in name.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            raise Failure(f"{path} has no {part!r}{_similar(found, part)}") from None
        path = f"{path}:{part}" if path == module else f"{path}.{part}"
    return found


def _similar(found: Any, part: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(part, [name for name in dir(found) if not name.startswith("_")], n=1)
    return f"\nhint: did you mean {near[0]}?" if near else ""


@contextmanager
def _blaming(doing: str, known: Callable[[BaseException], str | None] = lambda error: None) -> Iterator[None]:
    """What the user's own code raises is shown with where it was raised, and ends the command."""
    try:
        yield
    except (Exception, SystemExit) as error:
        told = known(error)
        if told is None:
            lines = format_traceback(type(error), error, _of_the_user(error.__traceback__))
            click.echo("".join(lines).rstrip("\n"), err=True)
            told = f"{doing} failed: {type(error).__name__}"
        raise Failure(told) from error


def _of_the_user(traceback: TracebackType | None) -> TracebackType | None:
    """Without what lies between the command and the user's code."""
    while traceback is not None and traceback.tb_frame.f_code.co_filename.startswith(_BETWEEN):
        traceback = traceback.tb_next
    return traceback
