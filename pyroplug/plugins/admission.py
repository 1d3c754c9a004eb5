"""One plugin: load it, check its hooks, collect what it provides.

Each plugin has a hook manager of its own, so that whatever comes out of a hook is known to be its own, and
nothing that it does reaches another. What is found here concerns one plugin; clashes between several are
judged elsewhere. A fault in the module or in a hook takes the plugin out, a fault in one object that object.
"""

from __future__ import annotations

import importlib
import inspect
import sys
import time
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import pluggy

from pyroplug import hookspecs
from pyroplug.contracts import ConfigItem
from pyroplug.errors import PluginError

from .conformance import blaming, check, described
from .discovery import BLOCK, Source
from .kinds import Kind, PluginRecord, Provided, Status

__all__ = ["Entry", "Offer", "admit"]

_IMPORT_LINE = "from pyroplug.hookspecs import hookimpl"
_PREFIX = f"{hookspecs.PROJECT}_"


@dataclass(slots=True, eq=False)
class Offer:
    """One object that a plugin provides, and what became of it."""

    source: Source
    kind: Kind
    value: Any
    name: str
    facts: dict[str, Any] = field(default_factory=dict)
    status: Status = Status.ACTIVE
    problem: str | None = None
    hint: str | None = None

    def reject(self, status: Status, problem: str, hint: str | None) -> None:
        """Take it out of use, for the first reason that is found."""
        if self.status is Status.ACTIVE:
            self.status, self.problem, self.hint = status, problem, hint

    def provided(self) -> Provided:
        """The offer, for people."""
        traits = self.kind.traits if self.facts else ()
        shown = [trait.show(self.facts[trait.attribute]) for trait in traits if trait.show]
        facts = {name: value for name, value in self.facts.items() if name != "name"}
        return Provided(
            self.kind, self.name, ", ".join(filter(None, shown)), facts, self.status, self.problem, self.hint
        )


@dataclass(slots=True, eq=False)
class Entry:
    """One plugin, and what became of it."""

    source: Source
    status: Status = Status.NOT_LOADED
    problems: list[str] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)
    manager: pluggy.PluginManager | None = None
    offers: list[Offer] = field(default_factory=list)
    file: str | None = None
    import_seconds: float | None = None
    commands: list[str] = field(default_factory=list)

    def reject(self, status: Status, problem: str, hint: str | None) -> None:
        """Note what is wrong with it as a whole, or with a part that is not an offer."""
        self.status = status
        self.problems.append(problem)
        self.hints += [hint] if hint else []

    def record(self) -> PluginRecord:
        """The plugin, for people: its own trouble, and that of what it offers."""
        bad = [offer for offer in self.offers if offer.problem]
        statuses = {self.status, *(offer.status for offer in bad)}
        worst = next((status for status in (Status.FAILED, Status.CLASH) if status in statuses), self.status)
        problems = self.problems + [f"{offer.kind.label} {offer.name!r}: {offer.problem}" for offer in bad]
        hints = dict.fromkeys(self.hints + [offer.hint for offer in bad if offer.hint])
        return PluginRecord(
            self.source.name,
            self.source.target,
            worst,
            self.source.distribution,
            self.source.version,
            "; ".join(problems) or None,
            " ".join(hints) or None,
            tuple(offer.provided() for offer in self.offers),
            self.file,
            self.import_seconds,
            tuple(self.commands),
        )


def admit(entry: Entry) -> None:
    """Load the plugin and take in what it provides; whatever goes wrong is noted in the entry."""
    try:
        began = time.perf_counter()
        plugin = _load(entry.source)
        entry.import_seconds = time.perf_counter() - began
        entry.file = _file_of(plugin)
        manager = _registered(entry.source, plugin)
        entry.offers = [offer for kind in Kind for offer in _collect(entry.source, kind, manager)]
    except PluginError as fault:
        entry.reject(Status.FAILED, str(fault.args[0]), fault.hint)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # its objects' own code runs wherever they are looked at
        entry.reject(Status.FAILED, f"looking at it raised {described(error)}", f"{_remedy(entry.source)}.")
    else:
        entry.status, entry.manager = Status.ACTIVE, manager


# Loading ---------------------------------------------------------------------------------------------


def _load(source: Source) -> object:
    """The plugin: a module or an instance."""
    plugin = source.plugin if not source.target else _resolve(source)
    if isinstance(plugin, type):
        raise PluginError(
            f"it names the class {plugin.__name__!r}; a plugin is a module or an instance",
            hint=f"make an instance, PLUGIN = {plugin.__name__}(), and name that one in the entry point,"
            " or name the module.",
        )
    return plugin


def _file_of(plugin: object) -> str | None:
    """The file of the module that it is, or that its class is written in."""
    module = plugin if isinstance(plugin, ModuleType) else sys.modules.get(type(plugin).__module__)
    file = vars(module).get("__file__") if module is not None else None
    return file if isinstance(file, str) else None


def _resolve(source: Source) -> object:
    module_name, _, attribute = (part.strip() for part in source.target.partition("[")[0].partition(":"))
    try:
        with blaming("its import", f"the other plugins are loaded; {_remedy(source)}."):
            plugin: object = importlib.import_module(module_name)
    except PluginError as fault:
        if isinstance(fault.__cause__, ModuleNotFoundError) and fault.__cause__.name:
            raise _missing(source, module_name, fault.__cause__.name) from fault.__cause__
        raise
    for part in filter(None, attribute.split(".")):
        with blaming(
            f"looking up {attribute!r} in its module", f"correct the entry point {source.target!r}."
        ):
            plugin = getattr(plugin, part)
    return plugin


def _missing(source: Source, module: str, missing: str) -> PluginError:
    if module == missing or module.startswith(f"{missing}."):
        return PluginError(
            f"its entry point names the module {module!r}, and there is no module {missing!r}",
            hint=f"correct the entry point {source.target!r}, or install {source.distribution} again.",
        )
    package = missing.partition(".")[0]
    if package == module.partition(".")[0]:
        return PluginError(
            f"its own module {missing!r} is missing",
            hint=f"install {source.distribution} again; if that does not help, {_remedy(source)}.",
        )
    return PluginError(
        f"it needs the module {missing!r}, which is not installed",
        hint=f"pip install {package} (the module's distribution may have another name),"
        f" or install {source.distribution} again, with all that it depends on.",
    )


def _remedy(source: Source) -> str:
    origin = f"update {source.distribution}, tell its authors" if source.distribution else "correct it"
    return f"{origin}, or block it: {BLOCK}={source.name}"


# Hooks -----------------------------------------------------------------------------------------------


def _known_hooks(manager: pluggy.PluginManager) -> list[str]:
    return sorted(name for name, caller in vars(manager.hook).items() if caller.has_spec())


def _registered(source: Source, plugin: object) -> pluggy.PluginManager:
    """A manager that knows this plugin alone, whose hooks were found to be in order."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    known = _known_hooks(manager)
    _check_marks(manager, plugin, known)
    try:
        manager.register(plugin, source.name)
    except pluggy.PluginValidationError as error:
        forms = (f"{name}({', '.join(getattr(manager.hook, name).spec.argnames)})" for name in known)
        raise PluginError(
            " ".join(str(error).split()), hint=f"the hooks with their arguments: {', '.join(forms)}."
        ) from error
    callers = [caller for caller in vars(manager.hook).values() if caller.get_hookimpls()]
    for caller in callers:
        for impl in caller.get_hookimpls():
            if not (caller.has_spec() or impl.optionalhook):
                raise _unknown_hook(caller.name, known)
            if impl.wrapper or impl.hookwrapper:
                raise PluginError(
                    f"its {caller.name} is a hook wrapper, and this hook takes none",
                    hint="return your own objects from a plain @hookimpl, and leave those of others alone.",
                )
    if not callers:
        raise PluginError(
            f"it implements no pyroplug hook; what it names is of type {type(plugin).__name__!r}",
            hint=f"{_IMPORT_LINE}, and put @hookimpl on functions called: {', '.join(known)}.",
        )
    return manager


def _check_marks(manager: pluggy.PluginManager, plugin: object, known: list[str]) -> None:
    """Functions that are named like hooks must be marked as hooks, and be known."""
    for name in dir(plugin):
        if not name.startswith(_PREFIX) or manager.parse_hookimpl_opts(plugin, name) is not None:
            continue
        if inspect.isroutine(inspect.getattr_static(plugin, name, None)):
            if name not in known:
                raise _unknown_hook(name, known)
            raise PluginError(
                f"its function {name} is not marked as a hook, so it would never be called",
                hint=f"{_IMPORT_LINE}, and put @hookimpl on the line before it.",
            )


def _unknown_hook(name: str, known: list[str]) -> PluginError:
    from difflib import get_close_matches  # for when something is wrong

    near = get_close_matches(name, known, n=1)
    guess = f"did you mean {near[0]}? " if near else ""
    return PluginError(f"there is no hook {name!r}", hint=f"{guess}The hooks are: {', '.join(known)}.")


# Collecting ------------------------------------------------------------------------------------------


def _collect(source: Source, kind: Kind, manager: pluggy.PluginManager) -> list[Offer]:
    """What the plugin provides of one kind."""
    caller: pluggy.HookCaller = getattr(manager.hook, kind.hook)
    if not caller.get_hookimpls():
        return []
    values: list[object] = []
    with blaming(f"its {kind.hook}", f"the other plugins are loaded; {_remedy(source)}."):
        results: list[Any] = caller()
    if len(results) < len(caller.get_hookimpls()):  # pluggy leaves out what returns None
        results.append(None)
    for result in results:
        if isinstance(result, str | bytes | dict) or not hasattr(result, "__iter__"):
            raise PluginError(
                f"its {kind.hook} returned {_typed(result)}, not the {kind.label}s",
                hint=f"return a list, even of a single {kind.label}.",
            )
        with blaming(f"its {kind.hook}", f"the other plugins are loaded; {_remedy(source)}."):
            values.extend(result)
    return [_offer(source, kind, value) for value in values]


def _typed(value: object) -> str:
    return "None" if value is None else f"an object of type {type(value).__name__!r}"


def _offer(source: Source, kind: Kind, value: object) -> Offer:
    offer = Offer(source, kind, value, type(value).__name__)
    try:
        offer.facts = check(kind, value)
    except PluginError as fault:
        offer.reject(Status.FAILED, str(fault.args[0]), fault.hint)
    name = offer.facts["name"] if offer.facts else _name_of(value)
    offer.name = name if isinstance(name, str) else offer.name
    return offer


def _name_of(value: object) -> object:
    """What a broken object calls itself, as far as no code of its own has to run for that."""
    return value.name if isinstance(value, ConfigItem) else inspect.getattr_static(value, "name", None)
