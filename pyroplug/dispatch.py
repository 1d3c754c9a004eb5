"""From the words of a request to what they mean: the object, and the member of it that may be called.

Only what is exposed is ever looked up, so that no getter and no ``__getattr__`` of an object runs for a name
that is not. Nothing here knows messages, and nothing here calls what it finds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from types import MethodType
from typing import Any

from .context import ClientConnection
from .errors import DaemonError, ProtocolError
from .exposure import Exposure, exposure_of, is_exposed_in, is_private_attribute
from .objects import ObjectTable, Registration, unknown_object

__all__ = ["Dispatcher"]


class Dispatcher:
    """Finds what a request wants to have called."""

    __slots__ = ("_find", "_objects")

    def __init__(self, objects: ObjectTable) -> None:
        self._objects = objects
        self._find = objects.find

    def resolve(
        self, client: ClientConnection, object_id: str, method: str, args: Sequence[Any]
    ) -> Callable[..., Any]:
        """The callable that takes the request's arguments.

        It is an exposed method, or for the methods ``__getattr__`` and ``__setattr__`` one that reads or
        writes the exposed property that its first argument names.

        :raises DaemonError: there is no such object.
        :raises AttributeError: it has no such exposed member.
        :raises BaseException: what making an instance raises.
        """
        find = self._find
        registration = find(object_id)
        if registration is None:
            raise unknown_object(object_id)
        function = registration.functions.get(method)
        if function is not None:
            instance = registration.fixed
            if instance is None:
                instance = registration.instance_for(client)
            found: Any = getattr(instance, method)
            if (
                (type(found) is not MethodType or found.__func__ is not function)
                and found is not function
                and not is_exposed_in(instance, method, found)
            ):
                raise _unreachable(registration, method)
            return found  # type: ignore[no-any-return]
        if method == "__getattr__":
            _check_property(registration, registration.exposure, args, 1)
            return partial(getattr, _instance_with(registration, client, args, 1))
        if method == "__setattr__":
            _check_property(registration, registration.exposure, args, 2)
            return partial(setattr, _instance_with(registration, client, args, 2))
        raise _unreachable(registration, method)

    def is_lasting(self, object_id: str, method: str) -> bool:
        """Whether what was found for a call serves other calls of the method as well."""
        registration = self._find(object_id)
        return (
            registration is not None
            and registration.fixed is not None
            and method in registration.exposure.methods
        )

    def expects_one_call(self, object_id: str) -> bool:
        """Whether the object may expect that only one call at a time reaches it."""
        try:
            return self._objects.get(object_id).alone
        except DaemonError:  # gone meanwhile
            return False

    def is_callback(self, object_id: str, method: str) -> bool:
        """Whether the method is marked as a callback: its errors are of interest on this side as well."""
        try:
            return method in self._objects.get(object_id).exposure.callbacks
        except DaemonError:  # gone meanwhile
            return False


def _instance_with(
    registration: Registration, client: ClientConnection, args: Sequence[Any], count: int
) -> Any:
    """The instance, which has the property as well if it is of another class than was registered."""
    instance = registration.instance_for(client)
    if type(instance) is not registration.cls:
        _check_property(registration, exposure_of(type(instance)), args, count)
    return instance


def _check_property(registration: Registration, exposure: Exposure, args: Sequence[Any], count: int) -> None:
    if not isinstance(args, (list, tuple)) or len(args) != count:
        raise ProtocolError("invalid data: a property's name is wanted, and to set it also a value")
    name = args[0]
    if not isinstance(name, str) or name not in exposure.attrs:
        raise _unreachable(registration, name)
    if count == 2 and name not in exposure.writable:
        raise AttributeError(f"the property {name!r} of {registration.object_id!r} cannot be set")


def _unreachable(registration: Registration, name: object) -> AttributeError:
    if isinstance(name, str) and is_private_attribute(name):
        return AttributeError(f"attempt to access private attribute {name!r} of {registration.object_id!r}")
    return AttributeError(
        f"remote object {registration.object_id!r} has no exposed method or property {name!r}"
    )
