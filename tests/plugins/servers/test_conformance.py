"""The built-in server models do what every server has to do."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from pyroplug_servers import MultiplexModel, ThreadPoolModel
from pyroplug_transports import TcpTransport

from pyroplug.contracts import ServerModel, Transport
from pyroplug.testing import ServerModelSuite


class LimitedSuite(ServerModelSuite):
    two_clients: ClassVar[dict[str, Any]] = {"MAX_CONNECTIONS": 2}


class TestThreadPool(LimitedSuite):
    @pytest.fixture
    def server_model(self) -> ServerModel:
        return ThreadPoolModel()


class TestThreadPoolWithFewThreads(TestThreadPool):
    """Also when nobody stays with a connection, and large answers are put aside."""

    configuration: ClassVar[dict[str, Any]] = {"THREADPOOL_SIZE": 2, "THREADPOOL_SIZE_MIN": 1}

    @pytest.fixture(autouse=True)
    def in_a_hurry(self, short: Any) -> None:
        short(STAY=0.001, OUTBOX=100_000)


class TestMultiplex(LimitedSuite):
    @pytest.fixture
    def server_model(self) -> ServerModel:
        return MultiplexModel()


class TestThreadPoolOverTcp(TestThreadPool):
    """With the built-in way of receiving and sending."""

    big = 24 << 20

    @pytest.fixture
    def transport(self) -> Transport:
        return TcpTransport()


class TestMultiplexOverTcp(TestMultiplex):
    big = 24 << 20

    @pytest.fixture
    def transport(self) -> Transport:
        return TcpTransport()
