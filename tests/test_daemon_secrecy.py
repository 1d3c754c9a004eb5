"""What a daemon tells anybody, if it is told not to: ``DAEMON_INFO`` and ``SEND_TRACEBACK``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import Pyro5.api
import Pyro5.errors
import pytest

from pyroplug.api import BatchProxy, expose
from pyroplug.errors import RemoteError, SecurityError
from pyroplug.uri import DAEMON_NAME

from .running import BOTH_MODELS, Running, Way
from .support import PATIENCE

EITHER = pytest.mark.parametrize("way", BOTH_MODELS, ids=str)
EACH = pytest.mark.parametrize("serializer", ["serpent", "json", "msgpack", "marshal"])


class SecretError(Exception):
    pass


@expose
class Thing:
    def fail(self) -> None:
        error = ValueError("told", 5)
        error.code = 7  # type: ignore[attr-defined]
        raise error

    def fail_with_another(self) -> None:
        inner = SecretError("inner")
        inner._pyroTraceback = ["secret place of another server\n"]  # type: ignore[attr-defined]
        outer = ValueError("told", [inner])
        outer.inner = {"one": inner}  # type: ignore[attr-defined]
        raise outer from inner

    def fail_unsendably(self) -> None:
        raise ValueError(object())

    def fail_in_iterator(self) -> Iterator[int]:
        yield 1
        raise ValueError("told")


# DAEMON_INFO


@EITHER
def test_nobody_is_told_what_there_is(run_daemon: Callable[..., Running], way: Way) -> None:
    running = run_daemon(way, thing=Thing(), DAEMON_INFO=False)
    daemon = running.proxy(DAEMON_NAME)
    for ask in (daemon.registered, daemon.info):
        with pytest.raises(SecurityError, match="tells nobody what it serves"):
            ask()
    assert daemon.ping() is None
    assert "fail" in daemon.get_metadata("thing")["methods"]
    with pytest.raises(ValueError, match="told"):
        running.proxy().fail()
    with Pyro5.api.Proxy(str(running.daemon.uriFor(DAEMON_NAME))) as theirs:
        theirs._pyroTimeout = PATIENCE
        with pytest.raises(Pyro5.errors.SecurityError):
            theirs.registered()


@EITHER
def test_everybody_is_by_default(run_daemon: Callable[..., Running], way: Way) -> None:
    daemon = run_daemon(way, thing=Thing()).proxy(DAEMON_NAME)
    assert sorted(daemon.registered()) == [DAEMON_NAME, "thing"]
    assert "2 objects" in daemon.info()


# SEND_TRACEBACK


@EITHER
@EACH
def test_no_tracebacks(run_daemon: Callable[..., Running], way: Way, serializer: str) -> None:
    running = run_daemon(
        way,
        thing=Thing(),
        SEND_TRACEBACK=False,
        DETAILED_TRACEBACK=True,
        SERIALIZERS_ACCEPTED=(serializer,),
    )
    proxy = running.proxy()
    proxy._pyroSerializer = serializer
    with pytest.raises(ValueError, match="told") as caught:
        proxy.fail()
    error: Any = caught.value
    assert (error.args, error.code) == (("told", 5), 7)
    check_silent(error)
    with pytest.raises(ValueError, match="told") as caught:
        proxy.fail_with_another()
    check_silent(caught.value)
    inner = caught.value.args[1][0]
    assert isinstance(inner, RemoteError)
    check_silent(inner)
    check_silent(caught.value.inner["one"])  # type: ignore[attr-defined]
    with pytest.raises(Exception, match="cannot be sent") as unsendable:
        proxy.fail_unsendably()
    check_silent(unsendable.value)
    batch = BatchProxy(proxy)
    batch.fail()
    results = batch()
    assert results is not None
    with pytest.raises(ValueError, match="told") as caught:
        next(results)
    check_silent(caught.value)
    items = proxy.fail_in_iterator()
    assert next(items) == 1
    with pytest.raises(ValueError, match="told") as caught:
        next(items)
    check_silent(caught.value)


def check_silent(error: Any) -> None:
    assert error._pyroTraceback == []
    assert not getattr(error, "__notes__", None)
    assert __file__ not in repr(vars(error))


def test_none_for_pyro5s_clients(run_daemon: Callable[..., Running]) -> None:
    running = run_daemon(thing=Thing(), SEND_TRACEBACK=False)
    with Pyro5.api.Proxy(str(running.daemon.uriFor("thing"))) as theirs:
        theirs._pyroTimeout = PATIENCE
        with pytest.raises(ValueError, match="told") as caught:
            theirs.fail()
        assert caught.value.args == ("told", 5)
        assert __file__ not in "".join(Pyro5.errors.get_pyro_traceback(ValueError, caught.value, None))
