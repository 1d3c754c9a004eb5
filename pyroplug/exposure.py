"""What of an object can be reached from afar: the decorators that say so, and the reading of what they said.

Nothing is exposed unless it is marked. The marks are the attributes that Pyro5 uses too, so that each
understands the other's classes: ``_pyroExposed``, ``_pyroOneway`` and ``_pyroCallback`` on functions,
``_pyroInstancing`` on classes; ``_pyroIdempotent`` on functions is new.

Reading a class never runs its code, nor that of its metaclass or of a descriptor in it.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from functools import cached_property, partialmethod, singledispatchmethod
from types import FunctionType, MethodType
from typing import Any, NamedTuple, TypeVar

from .errors import DaemonError
from .members import (
    ACCESSORS,
    attributes_of,
    bearers_of,
    first_accessor,
    has_mark,
    is_a,
    member_of,
    members_of,
    mro_of,
)

__all__ = [
    "INSTANCE_MODES",
    "Exposure",
    "behavior",
    "callback",
    "expose",
    "exposure_of",
    "forget_exposure",
    "functions_of",
    "idempotent",
    "instance_creator_of",
    "instance_mode_of",
    "is_exposed_in",
    "is_private_attribute",
    "oneway",
]

INSTANCE_MODES = ("session", "single", "percall")
"""How instances of a registered class come to be: per connection, per daemon, per call."""

InstanceCreator = Callable[[Any], Any]
"""Given the class, makes an instance of it."""


def _special(*groups: str) -> frozenset[str]:
    return frozenset(f"__{name}__" for group in groups for name in group.split())


_REFUSED = _special(
    "class module weakref dir sizeof new init del call",  # the object as such
    "init_subclass subclasshook instancecheck subclasscheck enter exit",
    "getattr getattribute setattr delattr hasattr",  # attribute access
    "repr str format bool nonzero hash coerce cmp eq ne lt le gt ge",  # conversion and comparison
    "copy deepcopy reduce reduce_ex getstate setstate getinitargs getnewargs",  # copies and pickles
    # The rest Pyro5 leaves open, mostly because it is younger: what dataclasses and Python itself call.
    "post_init replace getnewargs_ex aenter aexit get set delete",
    "class_getitem set_name mro_entries prepare annotate annotate_func",
)

T = TypeVar("T")
C = TypeVar("C", bound=type)


def is_private_attribute(attr_name: str) -> bool:
    """Whether an attribute can never be reached from afar, because of its name.

    Those are the names with a leading underscore, except for special methods (``__len__``) other than the
    ones that Python calls to build, copy, compare or look into an object.
    """
    if not attr_name.startswith("_"):
        return False
    is_special = len(attr_name) > 4 and attr_name.startswith("__") and attr_name.endswith("__")
    return not is_special or attr_name in _REFUSED


# Decorators ------------------------------------------------------------------------------------------


def expose(method_or_class: T) -> T:
    """Let a method, a property or what a class body defines be used from afar.

    On a class it stands for every member that is written in the class's own body and is not private; what
    is inherited keeps the marks that it has. Exposing a property's getter lets its setter be used too.

    :raises AttributeError: for a private name, for ``@expose`` above ``@classmethod`` or ``@staticmethod``,
        and for what is neither a method nor a property nor a class.
    """
    target: Any = method_or_class
    if isinstance(target, type):
        _check_name(target.__name__)
        for name, member in members_of(target).items():
            # Enumerations have some of what they inherit in their own dictionary, too.
            inherited = any(members_of(base).get(name) is member for base in mro_of(target)[1:])
            if type(name) is str and not is_private_attribute(name) and not inherited:
                bearers = list(bearers_of(member))
                _mark_all(name, bearers if isinstance(member, property) else bearers[:1])
        target._pyroExposed = True  # type: ignore[attr-defined]
    elif isinstance(target, (classmethod, staticmethod)):
        kind = type(target).__name__
        raise AttributeError(
            f"@expose is above @{kind} at {_name_of(target.__func__)}(): "
            f"write @{kind} first, and @expose on the line below it"
        )
    elif isinstance(target, property):
        bearer = first_accessor(target)
        if bearer is not None:
            _check_name(_name_of(bearer))
            _mark_all(_name_of(bearer), [bearer])
    else:
        _expose_one(target)
    return method_or_class


def _expose_one(target: Any) -> None:
    wrapped = isinstance(target, (cached_property, partialmethod, singledispatchmethod))
    bearer = next(bearers_of(target), None) if wrapped else target
    name = getattr(bearer, "__name__", None)
    if not wrapped and not (isinstance(name, str) and name):
        raise AttributeError(
            f"@expose cannot tell what {target!r} is; it goes above a method, a property or a class"
        )
    if name is not None:
        _check_name(name)
    _mark_all(name or type(target).__name__, [bearer])


def _check_name(name: str) -> None:
    if is_private_attribute(name):
        raise AttributeError(f"{name} cannot be exposed: its name makes it private")


def _mark_all(name: str, bearers: list[Any]) -> None:
    for bearer in bearers:
        if isinstance(bearer, type):
            raise AttributeError(f"{name} cannot be exposed: it calls the class {bearer.__qualname__}")
        _mark(bearer, "_pyroExposed", f"{name} cannot be exposed")


def _mark(bearer: Any, mark: str, failure: str) -> None:
    try:
        setattr(bearer, mark, True)
    except (AttributeError, TypeError):
        kind = type(bearer).__name__
        raise AttributeError(
            f"{failure}: {bearer!r} takes no mark, because it is a {kind}; wrap it in a function"
        ) from None


def oneway(method: T) -> T:
    """Have clients call a method without waiting for it: they get neither its result nor its error.

    :raises AttributeError: for something that is not a method.
    """
    _mark(method, "_pyroOneway", "it cannot be made one-way")
    return method


def idempotent(method: T) -> T:
    """Let clients call a method again when they cannot know whether it has run: twice does what once does.

    They do so only if they were told to repeat calls at all: ``MAX_RETRIES``, ``_pyroMaxRetries``.

    :raises AttributeError: for something that is not a method.
    """
    _mark(method, "_pyroIdempotent", "it cannot be made idempotent")
    return method


def callback(method: T) -> T:
    """Have what a method raises reported where it runs too, and not only to the caller.

    :raises AttributeError: for something that is not a method.
    """
    _mark(method, "_pyroCallback", "it cannot be made a callback")
    return method


def behavior(
    instance_mode: str = "session", instance_creator: InstanceCreator | None = None
) -> Callable[[C], C]:
    """Choose how instances of a class come to be, once the class itself is registered.

    :param instance_mode: ``session`` for one instance a connection, ``single`` for one a daemon,
        ``percall`` for a new one each call.
    :param instance_creator: called with the class to make an instance; ``None`` to call the class.
    :raises SyntaxError: if it is used without parentheses.
    :raises TypeError: if it is applied to something other than a class, or the creator cannot be called.
    :raises ValueError: for an unknown mode.
    """
    if not isinstance(instance_mode, str):
        raise SyntaxError(
            "@behavior needs parentheses, and the instance mode in them: @behavior(instance_mode='single')"
        )

    def apply(cls: C) -> C:
        if not isinstance(cls, type):
            raise TypeError(f"@behavior goes above a class, not above {cls!r}")
        if instance_mode not in INSTANCE_MODES:
            raise ValueError(f"instance mode {instance_mode!r} is none of {', '.join(INSTANCE_MODES)}")
        if instance_creator is not None and not callable(instance_creator):
            raise TypeError(f"instance creator {instance_creator!r} cannot be called")
        cls._pyroInstancing = (instance_mode, instance_creator)  # type: ignore[attr-defined]
        return cls

    return apply


# Reading ---------------------------------------------------------------------------------------------


class Exposure(NamedTuple):
    """The names that a class lets be used from afar.

    :ivar methods: those that can be called.
    :ivar oneway: those of them that clients do not wait for.
    :ivar attrs: properties.
    :ivar callbacks: methods whose errors are reported where they run, too.
    :ivar writable: properties that can be set.
    :ivar idempotent: methods that may be called again by who cannot know whether they have run.
    """

    methods: frozenset[str]
    oneway: frozenset[str]
    attrs: frozenset[str]
    callbacks: frozenset[str]
    writable: frozenset[str]
    idempotent: frozenset[str] = frozenset()

    @property
    def empty(self) -> bool:
        """Whether nothing at all is exposed."""
        return not self.methods and not self.attrs

    def metadata(self) -> dict[str, set[str]]:
        """What clients are told, fresh: ``methods``, ``oneway``, ``attrs``, and ``idempotent`` if any are."""
        told = {"methods": set(self.methods), "oneway": set(self.oneway), "attrs": set(self.attrs)}
        if self.idempotent:
            told["idempotent"] = set(self.idempotent)
        return told


# By identity: a metaclass may define equality for its classes, or make them unhashable.
_known: dict[int, tuple[weakref.ref[type], Exposure]] = {}


def exposure_of(cls: type) -> Exposure:
    """What a class exposes, its inherited members included. It is found out once a class.

    A member that a subclass defines anew has the marks of the new definition alone.
    """
    known = _known.get(id(cls))
    if known is not None and known[0]() is cls:
        return known[1]
    exposure, key = _read(cls), id(cls)

    def gone(reference: weakref.ref[type], known: dict[int, Any] = _known) -> None:
        if known.get(key, (None,))[0] is reference:
            del known[key]

    _known[key] = (weakref.ref(cls, gone), exposure)
    return exposure


def functions_of(cls: type) -> dict[str, Any]:
    """The functions of a class's exposed methods, by name; something else where there is no single one."""
    found: dict[str, Any] = {}
    for name in exposure_of(cls).methods:
        member = member_of(cls, name)
        single = is_a(member, FunctionType, staticmethod, classmethod)
        found[name] = next(bearers_of(member), member) if single else _SEVERAL
    return found


_SEVERAL = object()


def is_exposed_in(instance: Any, name: str, found: Any) -> bool:
    """Whether what an object has under the name of an exposed method is exposed itself.

    The object may have an attribute of that name, its class may be another one than was registered, or may
    have got another method since.

    :param found: what it has there.
    """
    if name in attributes_of(instance):
        return has_mark(found.__func__ if type(found) is MethodType else found, "_pyroExposed")
    return "methods" in _places_of(member_of(type(instance), name))


def forget_exposure(cls: type) -> None:
    """Have what a class and its subclasses expose found out again, after members were added or marked."""
    for key, (reference, _) in _known.copy().items():  # in one step: classes may go at any time
        known = reference()
        if known is not None and any(base is cls for base in mro_of(known)):
            _known.pop(key, None)


def instance_mode_of(cls: type) -> str:
    """The instance mode of a class, its own or inherited: one of :data:`INSTANCE_MODES`.

    :raises DaemonError: if ``_pyroInstancing`` was given an unusable value.
    """
    return _instancing_of(cls)[0]


def instance_creator_of(cls: type) -> InstanceCreator | None:
    """What makes the instances of a class, its own or inherited; ``None`` where calling the class does.

    :raises DaemonError: if ``_pyroInstancing`` was given an unusable value.
    """
    return _instancing_of(cls)[1]


def _instancing_of(cls: type) -> tuple[str, InstanceCreator | None]:
    for base in mro_of(cls):
        if "_pyroInstancing" in (members := members_of(base)):
            value = members["_pyroInstancing"]
            if isinstance(value, tuple) and len(value) == 2 and value[0] in INSTANCE_MODES:
                mode, creator = value
                if creator is None or callable(creator):
                    return mode, creator
            raise DaemonError(
                f"the class {base.__qualname__} has {value!r} for its _pyroInstancing",
                hint=f"use @behavior; the instance modes are {', '.join(INSTANCE_MODES)}",
            )
    return INSTANCE_MODES[0], None


def _read(cls: type) -> Exposure:
    members: dict[str, Any] = {}
    for base in reversed(mro_of(cls)):
        members.update(members_of(base))
    found: dict[str, set[str]] = {where: set() for where in Exposure._fields}
    for name, member in members.items():
        if type(name) is str and not is_private_attribute(name):
            for where in _places_of(member):
                found[where].add(name)
    return Exposure(**{where: frozenset(names) for where, names in found.items()})


def _places_of(member: Any) -> Iterator[str]:
    """In which of an exposure's sets a member belongs."""
    if is_a(member, property):
        if has_mark(first_accessor(member), "_pyroExposed"):
            yield "attrs"
            if ACCESSORS[1](member) is not None:  # it has a setter
                yield "writable"
        return
    bearers = list(bearers_of(member))
    if not any(has_mark(bearer, "_pyroExposed") for bearer in bearers):
        return
    if is_a(member, cached_property):
        yield "attrs"
        return
    yield "methods"
    bearers.append(member)  # these may also stand above @staticmethod and @classmethod
    if any(has_mark(bearer, "_pyroOneway") for bearer in bearers):
        yield "oneway"
    if any(has_mark(bearer, "_pyroCallback") for bearer in bearers):
        yield "callbacks"
    if any(has_mark(bearer, "_pyroIdempotent") for bearer in bearers):
        yield "idempotent"


def _name_of(function: Any) -> str:
    name = getattr(function, "__name__", None)
    return name if isinstance(name, str) else type(function).__name__
