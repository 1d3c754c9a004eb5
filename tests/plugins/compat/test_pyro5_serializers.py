"""``pyroplug_pyro5.serializers``: plugins with the methods that Pyro5's serializers have."""

from __future__ import annotations

from typing import Any

import Pyro5.serializers
import pytest
from pyroplug_pyro5 import serializers as ours

from pyroplug.config import config
from pyroplug.errors import PluginUnavailableError, SerializeError

NAMES = sorted(Pyro5.serializers.serializers)
CALL = ("object", "method", [1, "zwei"], {"key": 2.5})


def test_all_are_there() -> None:
    assert set(NAMES) <= set(ours.serializers)
    assert len(ours.serializers) == len(ours.serializers_by_id) >= 4
    assert all(name in repr(ours.serializers) for name in NAMES)
    with pytest.raises(KeyError):
        ours.serializers["none"]


@pytest.mark.parametrize("name", NAMES)
class TestEach:
    def test_it_has_its_number_and_its_class(self, name: str) -> None:
        one, other = ours.serializers[name], Pyro5.serializers.serializers[name]
        assert one.serializer_id == other.serializer_id
        assert type(one) is getattr(ours, type(other).__name__)
        assert isinstance(one, ours.SerializerBase)
        assert one == ours.serializers_by_id[one.serializer_id] == type(one)()
        assert hash(one) == hash(type(one)())
        assert one != ours.SerializerBase()

    def test_it_writes_what_pyro5_reads(self, name: str) -> None:
        one, other = ours.serializers[name], Pyro5.serializers.serializers[name]
        value: Any = {"a": [1, 2.5, None, "č"], "b": {"c": True}}
        for writer, reader in ((one, other), (other, one)):
            data = writer.dumps(value)
            assert type(data) is bytes
            assert reader.loads(data) == reader.loads(memoryview(data)) == value
            assert list(reader.loadsCall(writer.dumpsCall(*CALL))) == list(CALL)

    def test_what_it_cannot_write(self, name: str) -> None:
        with pytest.raises(SerializeError):
            ours.serializers[name].dumps(object())


def test_the_configuration_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    serpent = ours.SerpentSerializer()
    monkeypatch.setattr(config, "SERPENT_BYTES_REPR", True)
    assert serpent.loads(serpent.dumps(b"bytes")) == b"bytes"
    monkeypatch.setattr(config, "SERPENT_BYTES_REPR", False)
    assert serpent.loads(serpent.dumps(b"bytes")) != b"bytes"


def test_one_that_is_missing() -> None:
    class Missing(ours.PluginSerializer):
        plugin_name = "missing"

    with pytest.raises(PluginUnavailableError, match="missing"):
        Missing()
