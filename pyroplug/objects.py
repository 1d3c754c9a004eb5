"""The objects that a daemon serves: ids, registrations, and which instance answers a call.

An object serves every client. A class is instantiated when its first call comes: once for all (``single``),
once a connection (``session``), or for each call (``percall``). Nothing here knows messages.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

from .context import ClientConnection
from .errors import DaemonError
from .exposure import Exposure, exposure_of, functions_of, instance_creator_of, instance_mode_of
from .loggers import logger

__all__ = ["ObjectTable", "Registration", "check_exposed", "mark", "marks_of", "unknown_object"]

log = logger(__name__)

NewLock = Callable[[], AbstractContextManager[Any]]


class Registration:
    """One entry of the table.

    :ivar object_id: the name that clients use.
    :ivar cls: the class whose exposed members can be reached.
    :ivar functions: what its exposed methods are as long as nobody changes them, by name.
    :ivar fixed: the object that serves every call; ``None`` if which one does depends on the call.
    """

    __slots__ = (
        *("_creator", "_lock", "_mode", "_new_lock", "_single", "_weak"),
        *("_exposure", "cls", "fixed", "functions", "object_id"),
    )

    def __init__(self, object_id: str, target: Any, new_lock: NewLock, weak: bool) -> None:
        self.object_id = object_id
        self.fixed: Any = None
        self._weak: weakref.ref[Any] | None = None
        self._single: list[Any] = []
        self._new_lock = new_lock
        self._lock = new_lock()
        self._mode = ""
        self._creator: Callable[[type], Any] | None = None
        if isinstance(target, type):
            self.cls: type = target
            self._mode = instance_mode_of(target)
            self._creator = instance_creator_of(target)
        else:
            self.cls = type(target)
            if weak:
                self._weak = weakref.ref(target)
            else:
                self.fixed = target
        self.refresh()

    @property
    def exposure(self) -> Exposure:
        """Those members."""
        return self._exposure

    def refresh(self) -> None:
        """Look at them anew."""
        self._exposure = exposure_of(self.cls)
        self.functions = functions_of(self.cls)

    @property
    def alone(self) -> bool:
        """Whether an instance may expect that only one call at a time reaches it."""
        return self._mode == "session"

    @property
    def target(self) -> Any:
        """What was registered; ``None`` if it was registered weakly, and is gone."""
        if self._mode:
            return self.cls
        return self.fixed if self._weak is None else self._weak()

    def instance_for(self, client: ClientConnection) -> Any:
        """The object that answers a call of this client.

        :raises DaemonError: it was registered weakly, and is gone.
        :raises TypeError: the creator made something else than an instance of the class.
        """
        if self.fixed is not None:
            return self.fixed
        if self._mode == "session":
            if self.cls not in client.instances:
                self._create_for(client)
            return client.instances[self.cls]
        if self._mode == "single":
            with self._lock:
                if not self._single:
                    self._single.append(self._create())
            return self._single[0]
        if self._mode == "percall":
            return self._create()
        instance = self.target
        if instance is None:
            raise DaemonError(f"the object {self.object_id!r} is gone: it was registered weakly")
        return instance

    def _create_for(self, client: ClientConnection) -> None:
        # Its calls come one after the other; only one-way calls may meet here. Other clients are not held up.
        with client.creating.setdefault(self.cls, self._new_lock()):
            if self.cls not in client.instances:
                client.instances[self.cls] = self._create()

    def _create(self) -> Any:
        if self._creator is None:
            return self.cls()
        try:
            instance = self._creator(self.cls)
        except BaseException:
            log.exception("the instance creator of %r, for class %r, failed", self.object_id, self.cls)
            raise
        if not isinstance(instance, self.cls):
            raise TypeError(
                f"the instance creator of {self.cls.__qualname__} made "
                f"an object of type {type(instance).__qualname__!r}"
            )
        return instance


class ObjectTable:
    """Ids and what they stand for. Safe for use by many threads."""

    def __init__(self, new_lock: NewLock) -> None:
        """
        :param new_lock: makes a reentrant lock. Each class has its own, held while an instance is created
            that several calls could want: creating one may need others, or take its time.
        """
        self._new_lock = new_lock
        self._lock = new_lock()
        self._registrations: dict[str, Registration] = {}
        self.find: Callable[[str], Registration | None] = self._registrations.get
        """What is registered under an id, ``None`` if nothing is: the dictionary's own, fast method."""

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._registrations))

    def __len__(self) -> int:
        return len(self._registrations)

    def __contains__(self, object_id: object) -> bool:
        return object_id in self._registrations

    def get(self, object_id: str) -> Registration:
        """What is registered under an id.

        :raises DaemonError: nothing is.
        """
        registration = self.find(object_id) if isinstance(object_id, str) else None
        if registration is None:
            raise unknown_object(object_id) from None
        return registration

    def add(self, object_id: str, target: Any, *, force: bool = False, weak: bool = False) -> Registration:
        """Register an object or a class.

        :param force: take the id over from what has it now.
        :param weak: forget the object when nobody else holds it any longer.
        :raises DaemonError: the id is taken.
        :raises TypeError: ``weak`` for a class, or for an object that takes no weak references.
        """
        if weak and isinstance(target, type):
            raise TypeError(f"the class {target.__qualname__} cannot be registered weakly, only objects can")
        registration = Registration(object_id, target, self._new_lock, weak)
        with self._lock:
            if object_id in self._registrations and not force:
                raise DaemonError(
                    f"an object is registered as {object_id!r} already",
                    hint="choose another id, unregister that one first, or use force=True to replace it",
                )
            self._registrations[object_id] = registration
        if weak:
            # The table itself must not be kept alive by the object.
            weakref.finalize(target, _forget, weakref.ref(self), registration).atexit = False
        return registration

    def remove(self, object_id: str) -> Registration | None:
        """Forget an id: what it stood for, ``None`` if nothing."""
        return self._registrations.pop(object_id, None)

    def items(self) -> dict[str, Any]:
        """What is registered, by id."""
        found = {object_id: entry.target for object_id, entry in list(self._registrations.items())}
        return {object_id: target for object_id, target in found.items() if target is not None}

    def refresh(self, object_id: str) -> None:
        """Look at an object's exposed members anew."""
        self.get(object_id).refresh()


def check_exposed(target: Any) -> None:
    """Raise :exc:`~pyroplug.errors.DaemonError` if nothing of an object or class could be called."""
    cls = target if isinstance(target, type) else type(target)
    if exposure_of(cls).empty:
        raise DaemonError(
            f"the class {cls.__module__}.{cls.__qualname__} exposes nothing that could be called",
            hint="put @expose on the class, or on its methods and properties that are for remote callers",
        )


def unknown_object(object_id: object) -> DaemonError:
    """The error for an id under which nothing is registered."""
    return DaemonError(
        f"unknown object {object_id!r}",
        hint="the daemon at this address has no object of that name: compare it with the URI "
        "that register() gave, or with Daemon.registered()",
    )


def _forget(table: weakref.ref[ObjectTable], registration: Registration) -> None:
    alive = table()
    if alive is not None and alive._registrations.get(registration.object_id) is registration:
        alive.remove(registration.object_id)


def marks_of(target: Any) -> tuple[Any, Any]:
    """The id and the daemon that an object, or a class, is itself registered with; ``None`` for none."""
    attributes = getattr(target, "__dict__", None)
    if attributes is None:
        return getattr(target, "_pyroId", None), getattr(target, "_pyroDaemon", None)
    return attributes.get("_pyroId"), attributes.get("_pyroDaemon")


def mark(target: Any, object_id: str | None, daemon: Any) -> None:
    """Note in an object or a class itself what it is registered with; ``None`` for nothing.

    :raises AttributeError: it takes no attributes.
    """
    for name, value, before in zip(
        ("_pyroId", "_pyroDaemon"), (object_id, daemon), marks_of(target), strict=True
    ):
        if value is not None:
            setattr(target, name, value)
        elif before is not None:
            delattr(target, name)
