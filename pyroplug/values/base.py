"""The registry under the name by which Pyro5's programs know it: a class with the functions as methods."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .registry import FromDict, ToDict, registry

__all__ = ["SerializerBase"]


class SerializerBase:
    """Registers how objects of a class are written and read; the base of objects that do so.

    Registrations hold for every serializer of the process.

    :cvar serializer_id: the number by which messages name the serializer; 0 for none.
    """

    serializer_id: int = 0

    # Registration

    @classmethod
    def register_class_to_dict(cls, clazz: type, converter: ToDict, serpent_too: bool = True) -> None:
        """Have objects of a class written as ``converter(obj)`` says."""
        registry.register_class_to_dict(clazz, converter, serpent_too)

    @classmethod
    def unregister_class_to_dict(cls, clazz: type) -> None:
        """Write objects of the class in the default way again."""
        registry.unregister_class_to_dict(clazz)

    @classmethod
    def register_dict_to_class(cls, classname: str, converter: FromDict) -> None:
        """Have dictionaries of that ``__class__`` read as ``converter(classname, dict)`` says."""
        registry.register_dict_to_class(classname, converter)

    @classmethod
    def unregister_dict_to_class(cls, classname: str) -> None:
        """Forget the converter for the class name."""
        registry.unregister_dict_to_class(classname)

    @classmethod
    def register_type_replacement(cls, object_type: type, replacement_function: Callable[[Any], Any]) -> None:
        """Have what ``replacement_function(obj)`` gives written in the place of objects of a class.

        :raises ValueError: ``object_type`` is no class, or the class of all classes.
        """
        if not isinstance(object_type, type) or object_type is type:
            raise ValueError(f"objects of a class can be replaced, and {object_type!r} is not one")
        registry.register_class_to_dict(object_type, replacement_function)

    # One object

    @classmethod
    def class_to_dict(cls, obj: Any) -> Any:
        """A plain stand-in for an object, usually a dictionary with a ``__class__`` entry.

        :raises SerializeError: it has no state that could be written.
        :raises ValueError: it is a container, which every format writes as it is.
        """
        if isinstance(obj, (set, dict, tuple, list)):
            raise ValueError(f"a {type(obj).__name__} is written as it is, not as an object of a class")
        return registry.to_dict(obj)

    @classmethod
    def dict_to_class(cls, data: dict[str, Any]) -> Any:
        """The object for a dictionary that has a ``__class__`` entry.

        :raises SerializeError: the class is unknown here.
        :raises SecurityError: nothing of that name must be made here.
        """
        return registry.from_dict(data)

    def recreate_classes(self, literal: Any) -> Any:
        """A value with each dictionary in it that stands for an object made into that."""
        return registry.recreate(literal)

    @staticmethod
    def make_exception(exceptiontype: type[BaseException], data: Mapping[str, Any]) -> BaseException:
        """An exception of a class, with the ``args`` and ``attributes`` of a dictionary."""
        error = exceptiontype(*data["args"])
        for name, value in data.get("attributes", {}).items():
            setattr(error, name, value)
        return error

    # What a serializer has

    def dumps(self, data: Any) -> bytes:
        """A value as bytes."""
        raise _not_here(self)

    def loads(self, data: Any) -> Any:
        """The value back from bytes."""
        raise _not_here(self)

    def dumpsCall(self, obj: str, method: str, vargs: Any, kwargs: Any) -> bytes:
        """A call as bytes."""
        raise _not_here(self)

    def loadsCall(self, data: Any) -> Any:
        """A call back: object id, method, positional and keyword arguments."""
        raise _not_here(self)


def _not_here(serializer: SerializerBase) -> NotImplementedError:
    return NotImplementedError(f"{type(serializer).__name__} is no format; its subclasses are")
