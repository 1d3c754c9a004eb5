"""A call: an object and a method by name, values in, an answer out.

What is answered is what the remote object's daemon has written, byte for byte, tracebacks aside.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pyroplug.errors import CommunicationError, DaemonError, HandshakeError, PyroError, TimeoutError
from pyroplug.protocol import Flags

from .answers import LINES, Answer
from .directory import Directory
from .failures import Failure, remote_failure
from .pool import Lease, Pool
from .settings import Settings
from .streams import Lines, Slots

__all__ = ["META", "Call", "Calls", "Members", "is_public"]

T = TypeVar("T")

META = "$meta"
"""Stands in a method's place for the question what an object has."""

_ONEWAY, _EXCEPTION = int(Flags.ONEWAY), int(Flags.EXCEPTION)
_STREAM = int(Flags.ITEM_STREAM_RESULT)
_STREAM_ID = "STRM"
_UNKNOWN = "unknown object"
"""What daemons say of an object that they do not have."""


@dataclass(frozen=True, slots=True)
class Call:
    """What is called, with what.

    :ivar oneway: no answer is waited for.
    :ivar harmless: nothing may be called but what changes nothing.
    """

    name: str
    method: str
    args: Sequence[Any]
    kwargs: Mapping[str, Any]
    oneway: bool = False
    harmless: bool = False


@dataclass(frozen=True, slots=True)
class Members:
    """What an object has, as names; those that cannot be called by HTTP are left out."""

    methods: frozenset[str]
    attributes: frozenset[str]
    oneway: frozenset[str]
    idempotent: frozenset[str]


class _UnknownError(Exception):
    """The daemon has no such object; nothing was run."""


class Calls:
    """Makes calls. May be used by many threads at once."""

    def __init__(self, settings: Settings, directory: Directory, pool: Pool) -> None:
        self._tracebacks = settings.tracebacks
        self._directory, self._pool = directory, pool
        self._slots = Slots(settings.streams)

    def call(self, call: Call) -> Answer:
        """Call a method, or read a property.

        :raises Failure: 400: a property was given parameters; 403, 404: there is no such thing; 405: it may
            change something, and the call must not; 502, 503, 504: the object cannot be reached, or answers
            too late.
        """
        if not is_public(call.method):
            raise _no_member()
        return self._at(call.name, lambda lease: self._call(lease, call))

    def meta(self, name: str, *, details: bool = False) -> Answer:
        """What an object has, as a document. Raises as ``call`` does.

        :param details: tell also which methods are one-way, and which idempotent.
        """
        members = self.members(name)
        document = {"methods": sorted(members.methods), "attributes": sorted(members.attributes)}
        if details:
            document["oneway"] = sorted(members.oneway & members.methods)
            document["idempotent"] = sorted(members.idempotent & members.methods)
        return Answer(json.dumps(document).encode())

    def members(self, name: str, timeout: float | None = None) -> Members:
        """What an object has, as its daemon says now. Raises as ``call`` does.

        :param timeout: seconds that it has to say so; ``None`` for the usual limit.
        """
        return self._at(name, self._members, timeout)

    def _at(self, name: str, use: Callable[[Lease], T], timeout: float | None = None) -> T:
        """Do something with a proxy of the object; once more, elsewhere, if nothing was run here."""
        uri = self._directory.find(name)
        while True:
            try:
                return self._with(uri, use, timeout)
            except TimeoutError as error:
                raise Failure(504, "the remote object does not answer in time") from error
            except (_UnknownError, CommunicationError) as error:
                # A call that may have run is not repeated.
                if isinstance(error, CommunicationError) and not error.unsent:
                    raise _unreachable() from error
                failed = error
            except PyroError as error:
                raise Failure(502, "the remote object cannot be used") from error
            # It may have moved.
            before, uri = uri, self._directory.find(name, afresh=True)
            if uri == before:
                if isinstance(failed, _UnknownError):
                    raise Failure(404, "there is no object of this name any more")
                raise _unreachable() from failed

    def _with(self, uri: str, use: Callable[[Lease], T], timeout: float | None) -> T:
        with self._pool.lease(uri, timeout) as lease:
            proxy = lease.proxy
            while True:
                kept = proxy._pyroConnection is not None
                try:
                    if not kept:
                        proxy._pyroBind()
                    return use(lease)
                except CommunicationError as error:
                    if isinstance(error, HandshakeError) and _UNKNOWN in str(error):
                        raise _UnknownError from error
                    if not (kept and error.unsent and proxy._pyroConnection is None):
                        raise
                # Its daemon has hung up, and may have been started anew.

    def _members(self, lease: Lease) -> Members:
        proxy = lease.proxy
        try:
            proxy._pyroGetMetadata(proxy._pyroUri.object)
        except DaemonError as error:
            raise _UnknownError from error
        return Members(
            methods=frozenset(filter(is_public, proxy._pyroMethods)),
            attributes=frozenset(filter(is_public, proxy._pyroAttrs)),
            oneway=frozenset(proxy._pyroOneway),
            idempotent=frozenset(proxy._pyroIdempotent),
        )

    def _call(self, lease: Lease, call: Call) -> Answer:
        proxy, method = lease.proxy, call.method
        if method not in proxy._pyroMethods and method not in proxy._pyroAttrs:
            self._members(lease)  # it may be another object since then
        if method in proxy._pyroAttrs:
            if call.args or call.kwargs:
                raise Failure(400, "a property takes no parameters")
            return self._invoke(lease, "__getattr__", (method,), {}, call.oneway)
        if method not in proxy._pyroMethods:
            raise _no_member()
        if call.harmless and method not in proxy._pyroIdempotent:
            raise Failure(405, "this method is to be called by POST", (("Allow", "POST, OPTIONS"),))
        return self._invoke(lease, method, call.args, call.kwargs, call.oneway)

    def _invoke(
        self, lease: Lease, method: str, args: Sequence[Any], kwargs: Mapping[str, Any], oneway: bool
    ) -> Answer:
        proxy = lease.proxy
        proxy._pyroRawWireResponse = True
        try:
            message = proxy._pyroInvoke(method, args, kwargs, _ONEWAY if oneway else 0)
        finally:
            proxy._pyroRawWireResponse = False
        if message is None:
            return Answer()
        payload = bytes(message.payload)
        if not message.flags & _EXCEPTION:
            return Answer(payload)
        if message.flags & _STREAM and _STREAM_ID in message.annotations:
            return self._stream(lease, bytes(message.annotations[_STREAM_ID]).decode("ascii", "replace"))
        if _UNKNOWN.encode() in payload and b"DaemonError" in payload:
            self._members(lease)  # raises if it is this object that is unknown
        try:
            return Answer(remote_failure(payload, self._tracebacks), status=500)
        except (ValueError, RecursionError) as error:
            raise Failure(502, "the remote object's answer cannot be read") from error

    def _stream(self, lease: Lease, stream_id: str) -> Answer:
        lines = Lines(lease, stream_id, self._tracebacks, self._slots)
        lease.keep()
        if not lines.begin():
            lines.close()
            raise Failure(503, "too many remote iterators are being sent", (("Retry-After", "1"),))
        return Answer(lines, LINES)


def is_public(member: str) -> bool:
    """Whether a name may be called by HTTP; none that begins with an underscore may."""
    return member != "" and member[0] != "_"


def _no_member() -> Failure:
    return Failure(404, "the object has no such method or property")


def _unreachable() -> Failure:
    return Failure(502, "the remote object cannot be reached")
