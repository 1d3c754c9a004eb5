"""It keeps its contract; what that means is said by pyroplug's own suite."""

from __future__ import annotations

import pytest
from pyroplug.testing import SerializerSuite

from pyroplug_cbor import CborSerializer


class TestCborSerializer(SerializerSuite):
    @pytest.fixture
    def serializer(self) -> CborSerializer:
        return CborSerializer()
