"""Objects to plain dictionaries and back, the same way for every serializer.

A format writes what it knows; anything else it asks the :class:`ClassRegistry` for. That turns an object
into a dictionary whose ``__class__`` entry names its class, and makes objects of such dictionaries, of a
fixed set of classes: those that are registered here, Pyro's own, and exceptions. The names on the wire are
Pyro5's, whatever a class is called here.
"""

from __future__ import annotations

from .base import SerializerBase
from .exceptions import attach_remote_traceback, exception_to_dict
from .plain import plain_classes
from .registry import ClassRegistry, ExceptionWrapper, registry, wrapped_exception

__all__ = [
    "ClassRegistry",
    "ExceptionWrapper",
    "SerializerBase",
    "attach_remote_traceback",
    "exception_to_dict",
    "plain_classes",
    "register_class_to_dict",
    "register_dict_to_class",
    "register_wire_class",
    "registry",
    "unregister_class_to_dict",
    "unregister_dict_to_class",
    "wrapped_exception",
]

register_class_to_dict = registry.register_class_to_dict
unregister_class_to_dict = registry.unregister_class_to_dict
register_dict_to_class = registry.register_dict_to_class
unregister_dict_to_class = registry.unregister_dict_to_class
register_wire_class = registry.register_wire_class
