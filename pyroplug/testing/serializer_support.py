"""What the parts of the suite for serializers share: its fixtures, and looks at values and payloads."""

from __future__ import annotations

import reprlib
from typing import Any

import pytest

from pyroplug.contracts import Codec, Serializer, Settings, joined
from pyroplug.values import ClassRegistry

from .comparing import same
from .suite import Breach, Suite

__all__ = ["SerializerSupport", "shown", "told"]

_repr = reprlib.Repr()
_repr.maxstring = _repr.maxother = 200
_repr.maxlong = 60
_repr.maxlevel = 8


def shown(value: Any) -> str:
    """A value for people: short, whatever it is."""
    try:
        return _repr.repr(value)
    except Exception:
        return f"a value of type {type(value).__name__}"


def told(value: Any) -> str:
    """A value for people, with its type."""
    return f"{shown(value)} ({type(value).__name__})"


class SerializerSupport(Suite):
    """Fixtures, and steps of which laws are made."""

    @pytest.fixture
    def serializer(self) -> Serializer:
        """The serializer on trial: to be overridden."""
        raise NotImplementedError(
            f"{type(self).__name__} needs a fixture 'serializer', which returns the serializer on trial"
        )

    @pytest.fixture
    def classes(self) -> ClassRegistry:
        """The classes that the codec on trial knows: none but exceptions, until a test registers some."""
        return ClassRegistry()

    @pytest.fixture
    def codec(self, serializer: Serializer, settings: Settings, classes: ClassRegistry) -> Codec:
        """The serializer's codec."""
        return serializer.codec(settings, classes)

    def comes_back(self, codec: Codec, value: Any, kind: str = "") -> None:
        """Write and read a value."""
        of_kind = f", of the type {kind!r} that carries names," if kind else ""
        law = "loads gives back what dumps was given, of the same types"
        try:
            payload = codec.dumps(value)
        except Exception as error:
            raise Breach(
                law, f"dumps({shown(value)}){of_kind} raised {type(error).__name__}: {error}"
            ) from error
        self.is_payload(payload, value)
        try:
            loaded = codec.loads(joined(payload))
        except Exception as error:
            raise Breach(
                law,
                f"{shown(value)}{of_kind} was written as {shown(bytes(joined(payload)))},"
                f" for which loads raised {type(error).__name__}: {error}",
            ) from error
        if not same(loaded, value):
            raise Breach(law, f"{shown(value)}{of_kind} came back as {told(loaded)}")

    def is_payload(self, payload: Any, value: Any) -> None:
        """Look at what ``dumps`` gave."""
        parts = payload if type(payload) is tuple else (payload,)
        for part in parts:
            if not isinstance(part, (bytes, bytearray, memoryview)):
                raise Breach(
                    "a payload is bytes, a bytearray, a memoryview, or a tuple of them",
                    f"for {shown(value)} there is {told(part)} in it",
                )
            if isinstance(part, memoryview) and not (part.contiguous and part.itemsize == 1 == part.ndim):
                raise Breach(
                    "a payload's views are of single bytes, one after the other",
                    f"for {shown(value)} there is one of format {part.format!r} and shape {part.shape}",
                    'view.cast("B") makes such a view',
                )

    def lets_go_of(self, data: Any, form: str) -> None:
        """Look whether anything of a buffer that was read is still in use."""
        owner = data.obj if isinstance(data, memoryview) else data
        if isinstance(data, memoryview):
            try:
                data.release()
            except BufferError:
                raise _kept(form) from None
        if isinstance(owner, bytearray):
            try:
                owner.append(0)
            except BufferError:
                raise _kept(form) from None


def _kept(form: str) -> Breach:
    return Breach(
        "a codec keeps nothing of a buffer that it has read: the next message may be received into it",
        f"after loading from {form}, a view of it is still in use",
    )
