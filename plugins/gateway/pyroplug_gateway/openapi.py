"""A description of the exposed objects for programs: OpenAPI 3.1."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

from .calls import META, Calls, Members
from .directory import Directory
from .failures import Failure
from .pool import LONGEST_WAIT
from .settings import Settings

__all__ = ["OpenApi", "document"]

_MOST_OBJECTS = 200
_LONGEST = 10.0
"""Seconds to ask objects for what they have; who is left then is left out."""
_LONGEST_EACH = 2.0
"""Seconds that one of them has to say it."""


class OpenApi:
    """Makes the document, and keeps it for as long as names are remembered."""

    def __init__(
        self,
        settings: Settings,
        directory: Directory,
        calls: Calls,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings, self._directory, self._calls, self._clock = settings, directory, calls, clock
        self._made: tuple[float, dict[str, Any]] | None = None
        self._alone = threading.Lock()

    def bytes(self, root: str) -> bytes:
        """The document.

        :param root: the path at which the gateway is mounted; empty for the top.
        :raises Failure: 502, 504: the name server does not say which objects there are; 503: it does not
            say so soon, and others are waiting for it.
        """
        # Whoever makes it may have to wait for many objects; the others are not to occupy threads meanwhile.
        if self._alone.acquire(timeout=LONGEST_WAIT):
            try:
                if self._made is None or self._clock() - self._made[0] > self._settings.cache_time:
                    described = self._describe()
                    self._made = (self._clock(), described)
            finally:
                self._alone.release()
        elif self._made is None:
            raise Failure(503, "the description is being made", (("Retry-After", "1"),))
        made = self._made[1]
        return json.dumps({**made, "servers": [{"url": root or "/"}]}).encode()

    def _describe(self) -> dict[str, Any]:
        found: dict[str, Members] = {}
        left_out: dict[str, str] = {}
        start = self._clock()
        for name in self._directory.names():
            if len(found) + len(left_out) >= _MOST_OBJECTS or self._clock() - start > _LONGEST:
                left_out[name] = "it is one of too many"
                continue
            try:
                found[name] = self._calls.members(
                    name, min(_LONGEST_EACH, self._settings.timeout or _LONGEST_EACH)
                )
            except Failure as failure:
                left_out[name] = failure.text
        return document(found, left_out, get_calls=self._settings.get_calls, key=bool(self._settings.key))


def document(
    objects: dict[str, Members], left_out: dict[str, str], *, get_calls: bool, key: bool
) -> dict[str, Any]:
    """An OpenAPI document.

    :param objects: what each object has.
    :param left_out: objects of which nothing is known, and why.
    :param get_calls: whether any method may be called by GET.
    :param key: whether callers have to know a key.
    """
    paths: dict[str, Any] = {}
    for name, members in sorted(objects.items()):
        path = f"/pyro/{_segment(name)}/"
        paths[path + META] = {"get": _meta(name)}
        for attribute in sorted(members.attributes):
            paths[path + _segment(attribute)] = {"get": _operation(name, attribute, "Read the property")}
        for method in sorted(members.methods - members.attributes - {META}):
            oneway = method in members.oneway
            summary = "Call the one-way method" if oneway else "Call the method"
            post = {**_operation(name, method, summary, oneway=oneway), "requestBody": _BODY}
            item = paths[path + _segment(method)] = {"post": post}
            if get_calls or method in members.idempotent:
                item["get"] = {
                    **_operation(name, method, summary, ":get", oneway=oneway),
                    "parameters": [_QUERY],
                }
    made: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": "Remote objects",
            "version": "1",
            "description": _about(left_out),
        },
        "paths": paths,
        "components": {"schemas": {"Exception": _EXCEPTION}, "responses": _SHARED},
    }
    if left_out:
        made["x-left-out"] = dict(sorted(left_out.items()))
    if key:
        made["components"]["securitySchemes"] = {
            "key": {"type": "apiKey", "in": "header", "name": "X-Pyro-Gateway-Key"}
        }
        made["security"] = [{"key": []}]
    return made


def _about(left_out: Iterable[str]) -> str:
    text = "Methods of remote objects. What they take and return is theirs to say: any JSON value."
    names = ", ".join(sorted(left_out))
    return f"{text} Left out, as they could not be asked: {names}." if names else text


def _segment(text: str) -> str:
    """A part of a path, in which braces would stand for a parameter."""
    return quote(text, safe="")


def _operation(
    name: str, member: str, summary: str, kind: str = "", *, oneway: bool = False
) -> dict[str, Any]:
    return {
        # No other operation's, whatever the names: in them slashes and colons are encoded.
        "operationId": f"{_segment(name)}/{_segment(member)}{kind}",
        "summary": f"{summary} {member}",
        "tags": [name],
        "responses": {**_RESPONSES, "200": _NOTHING} if oneway else _RESPONSES,
    }


def _meta(name: str) -> dict[str, Any]:
    return {**_operation(name, META, "What there is:"), "responses": _META}


def _json(schema: dict[str, Any], kind: str = "application/json") -> dict[str, Any]:
    return {kind: {"schema": schema}}


_EXCEPTION = {
    "type": "object",
    "description": "An exception, as Pyro has it on the wire.",
    "properties": {
        "__class__": {"type": "string"},
        "__exception__": {"const": True},
        "args": {"type": "array"},
        "attributes": {"type": "object"},
    },
    "required": ["__class__", "__exception__", "args", "attributes"],
}
_ERROR = _json({"$ref": "#/components/schemas/Exception"})
_SHARED: dict[str, Any] = {
    str(status): {"description": text, "content": _ERROR}
    for status, text in (
        (400, "The parameters cannot be understood."),
        (403, "The key is wrong, or the object is not exposed."),
        (404, "There is no such object, method or property."),
        (405, "The method is not to be called like this."),
        (413, "The body is too large."),
        (415, "The body has a format that is not taken."),
        (500, "The exception that the method raised."),
        (502, "The object cannot be reached."),
        (503, "Too many calls are under way."),
        (504, "The object does not answer in time."),
    )
}
_SHARED["200"] = {
    "description": "What the method returned.",
    "content": {**_json({}), **_json({"type": "string"}, "application/x-ndjson")},
}
_RESPONSES = {status: {"$ref": f"#/components/responses/{status}"} for status in sorted(_SHARED)}
_NOTHING = {"description": "The call was sent; there is no answer."}
_NAMES = {"type": "array", "items": {"type": "string"}}
_META = {
    **_RESPONSES,
    "200": {
        "description": "The names of methods and properties.",
        "content": _json(
            {
                "type": "object",
                "properties": {"methods": _NAMES, "attributes": _NAMES},
                "required": ["methods", "attributes"],
            }
        ),
    },
}
_BODY = {
    "description": "Parameters by name, as an object or a form, or by position, as an array.",
    "required": False,
    "content": {
        **_json({"type": ["object", "array"]}),
        **_json({"type": "object"}, "application/x-www-form-urlencoded"),
    },
}
_QUERY = {
    "name": "parameters",
    "in": "query",
    "description": "Parameters by name: texts, or lists of them where a name is repeated.",
    "style": "form",
    "explode": True,
    "schema": {"type": "object", "additionalProperties": {"type": ["string", "array"]}},
}
