"""The harness of the attacks itself: what it measures is so, and a bad server would be found out."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

import pytest

from tests.support import PATIENCE, wait_until

from .harness import MODELS, PLACES, AttackedServer, Place, attacked, is_over


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_a_good_client_is_answered(place: Place, tmp_path: Path) -> None:
    with attacked(place, tmp_path) as (server, good, crowd):
        before = server.usage()
        assert before.memory > 5 << 20
        assert before.threads >= 1
        with good.asking():
            good.ask_anew()
        crowd.open(20, server.connect)
        wait_until(lambda: server.usage().files == before.files + 20)
        crowd.close()
        server.wait_until_back(before)
        assert server.log == ""


@pytest.mark.parametrize("place", MODELS, ids=str)
def test_what_is_used_is_seen(place: Place, tmp_path: Path) -> None:
    with attacked(place, tmp_path, THREADPOOL_SIZE=4) as (server, _, crowd):
        before = server.usage()
        size = 64 << 20

        def take() -> None:
            with server.proxy(SERIALIZER="msgpack") as proxy:
                assert len(proxy.give(size)) == size

        assert size // 2 < server.peak(take) < 4 * size
        server.wait_until_back(before)
        assert server.busy(0.3) < 0.5
        crowd.open(1, server.connect)
        wait_until(lambda: server.usage().files > before.files)
        with pytest.raises(AssertionError, match="it uses"):
            server.wait_until_back(before, limit=0.3)


def test_a_server_that_holds_up_others_is_found_out(
    tmp_path: Path, in_thread: Callable[..., Future[None]]
) -> None:
    def hold_up() -> None:
        with server.proxy() as proxy:
            proxy.sleep(1.5)

    with attacked(Place("multiplex", "tcp"), tmp_path) as (server, good, _):
        busy = in_thread(hold_up)
        with pytest.raises(AssertionError, match=r"took \d"), good.asking():
            busy.result(PATIENCE)


def test_the_end_of_a_connection_is_seen(tmp_path: Path) -> None:
    with attacked(Place(), tmp_path) as (server, _, crowd):
        sock = crowd.open(1, server.connect, b"nonsense" * 10)[0]
        assert is_over(sock)
        assert not is_over(crowd.open(1, server.connect)[0], 0.2)


def test_a_server_that_does_not_start_tells_why(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="server model 'nonsense' is not available"):
        AttackedServer(Place("nonsense"), tmp_path)
