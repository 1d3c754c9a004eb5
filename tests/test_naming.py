"""Names are looked up by the configured name service, and what it does wrong is told as its fault."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pyroplug.api import URI, Proxy, expose, locate_ns, resolve, start_ns, start_ns_loop
from pyroplug.contracts import NameServerOptions
from pyroplug.errors import (
    AddressError,
    ConnectionClosedError,
    NamingError,
    PluginError,
    PluginUnavailableError,
    PyroError,
    TimeoutError,
)

from .naming import Book, by_the_book
from .running import BOTH_MODELS, Running, Way, settings

THING = "PYRO:thing@127.0.0.1:4711"


@expose
class Thing:
    def where(self) -> str:
        return "here"


def asked(book: Book, uri: str = "PYRONAME:thing", **changes: Any) -> PluginError:
    with pytest.raises(PluginError) as caught:
        resolve(uri, config=by_the_book(**changes), plugins=book.plugins)
    return caught.value


# resolve


def test_a_direct_uri_stands_for_itself_and_nobody_is_asked() -> None:
    book = Book()
    given = URI(THING)
    found = resolve(given, config=by_the_book(), plugins=book.plugins)
    assert found == given
    assert found is not given
    assert resolve(THING, 5, config=settings(NAME_SERVICE="absent"), plugins=book.plugins) == given
    assert book.asked == []


@pytest.mark.parametrize("uri", ["PYRONAME:thing", "PYROMETA:a,b", "PYRONAME:thing@host:1"])
def test_a_name_is_looked_up_by_the_configured_service(uri: str) -> None:
    book = Book(**{uri.partition(":")[2]: THING})
    config, plugins = by_the_book(), book.plugins
    assert resolve(uri, config=config, plugins=plugins) == URI(THING)
    assert resolve(URI(uri), config=config, plugins=plugins) == URI(THING)
    for told, delay, context in book.asked:
        assert (told, delay) == (uri, 0)
        assert context.settings is config
        assert context.plugins is plugins
        assert context.left() is None


def test_the_delay_is_the_arguments_or_the_configurations() -> None:
    book = Book(thing=THING)
    for argument, item, delay in ((0, 0, 0), (3, 0, 3), (0, 4, 4), (3, 4, 3)):
        resolve("PYRONAME:thing", argument, config=by_the_book(NS_LOOKUP_DELAY=item), plugins=book.plugins)
        assert book.asked[-1][1] == delay


def test_the_askers_time_is_the_configured_limit_and_the_delay() -> None:
    book = Book(thing=THING)
    for argument, item, most in ((0, 0, 5), (3, 0, 8), (0, 4, 9)):
        config = by_the_book(COMMTIMEOUT=5, NS_LOOKUP_DELAY=item)
        resolve("PYRONAME:thing", argument, config=config, plugins=book.plugins)
        left = book.asked[-1][2].left()
        assert left is not None
        assert most - 4 < left <= most


@pytest.mark.parametrize("uri", [None, 5, b"PYRONAME:thing"])
def test_what_is_no_text_is_no_uri(uri: Any) -> None:
    with pytest.raises(TypeError):
        resolve(uri)
    with pytest.raises(PyroError, match="URI"):
        resolve("thing")


def test_an_unknown_name() -> None:
    with pytest.raises(NamingError, match="the book has no thing"):
        resolve("PYRONAME:thing", config=by_the_book(), plugins=Book().plugins)


def test_a_service_that_is_not_there() -> None:
    plugins = Book().plugins
    asks: list[Callable[..., Any]] = [
        lambda **where: resolve("PYRONAME:thing", **where),
        locate_ns,
        start_ns,
        start_ns_loop,
        lambda **where: Proxy("PYRONAME:thing", **where)._pyroBind(),
    ]
    for ask in asks:
        with pytest.raises(NamingError, match="'boook' is not to be had") as caught:
            ask(config=settings(NAME_SERVICE="boook"), plugins=plugins)
        assert "did you mean 'book'?" in str(caught.value)
        assert isinstance(caught.value.__cause__, PluginUnavailableError)


# What a service does wrong


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (None, "None, which is no address"),
        ("", "'', which is no address"),
        (b"PYRO:x@h:1", "which is no address"),
        ("thing", "'thing', which is no address"),
        ("PYRO:thing", "'PYRO:thing', which is no address"),
        ("x" * 5000, "xxx"),
        ("PYRONAME:thing", "PYRONAME:thing, which is no direct address: it has to look on"),
        ("PYROMETA:a", "PYROMETA:a, which is no direct address"),
    ],
)
def test_nonsense_instead_of_an_address(answer: Any, told: str) -> None:
    book = Book()
    book.answer = lambda: answer
    error = asked(book)
    assert "the name service 'book' says that PYRONAME:thing is at " in str(error)
    assert told in str(error)
    assert "pyroplug.contracts.NameService" in (error.hint or "")
    assert len(str(error)) < 600
    with pytest.raises(PluginError), Proxy("PYRONAME:x", config=by_the_book(), plugins=book.plugins) as proxy:
        proxy._pyroBind()


def test_an_address_may_also_be_a_uri() -> None:
    book = Book()
    book.answer = lambda: URI(THING)
    assert resolve("PYRONAME:thing", config=by_the_book(), plugins=book.plugins) == URI(THING)


@pytest.mark.parametrize("odd", [ZeroDivisionError("oops"), OSError("oops"), KeyError("oops")])
def test_odd_exceptions_are_the_plugins_fault(odd: Exception) -> None:
    def failing() -> Any:
        raise odd

    book = Book()
    book.answer = failing
    error = asked(book)
    assert f"the name service 'book' failed: its resolve() raised {type(odd).__name__}: " in str(error)
    assert "oops" in str(error)
    assert __file__ in str(error)
    assert error.__cause__ is odd
    with pytest.raises(PluginError, match="its locate\\(\\) raised"):
        locate_ns(config=by_the_book(), plugins=book.plugins)


@pytest.mark.parametrize(
    "kept", [NamingError("gone"), TimeoutError("late"), AddressError("nobody"), KeyboardInterrupt()]
)
def test_what_it_may_raise_is_raised(kept: BaseException) -> None:
    def failing() -> Any:
        raise kept

    book = Book()
    book.answer = failing
    with pytest.raises(type(kept)) as caught:
        resolve("PYRONAME:thing", config=by_the_book(), plugins=book.plugins)
    assert caught.value is kept


def test_no_name_server_instead_of_one() -> None:
    book = Book()
    book.answer = lambda: None
    with pytest.raises(PluginError, match="the name service 'book' located None"):
        locate_ns(config=by_the_book(), plugins=book.plugins)


@pytest.mark.parametrize("answer", [None, (), ("uri", "daemon"), ["uri", "daemon", None], object()])
def test_nonsense_instead_of_a_started_one(answer: Any) -> None:
    book = Book()
    book.answer = lambda: answer
    if answer is None:
        book.answer = lambda: 5
    with pytest.raises(PluginError, match="the name service 'book' started "):
        start_ns(config=by_the_book(), plugins=book.plugins)


# Locating and starting


def test_what_is_asked_for_is_passed_on() -> None:
    book = Book()
    config, plugins = by_the_book(COMMTIMEOUT=7), book.plugins
    assert locate_ns("host", 4711, False, config=config, plugins=plugins) is book  # type: ignore[comparison-overlap]
    assert locate_ns(config=config, plugins=plugins) is book  # type: ignore[comparison-overlap]
    assert [one[:3] for one in book.located] == [("host", 4711, False), ("", None, True)]
    for _host, _port, _broadcast, context in book.located:
        assert (context.settings, context.plugins) == (config, plugins)
        assert 3 < context.left() <= 7


def test_how_one_is_started_is_passed_on() -> None:
    book = Book()
    config, plugins = by_the_book(COMMTIMEOUT=7), book.plugins
    arguments = ("h", 1, False, "b", 2, "u", "n", 3, "memory")
    assert start_ns(*arguments, config=config, plugins=plugins) == ("uri", "daemon", None)
    start_ns(config=config, plugins=plugins)

    def condition() -> bool:
        return False

    start_ns_loop(*arguments, condition, config=config, plugins=plugins)
    (first, context), (second, _), (third, told, _) = book.started
    assert first == third == NameServerOptions(*arguments)
    assert second == NameServerOptions()
    assert told is condition
    assert (context.settings, context.plugins) == (config, plugins)
    assert context.left() is None, "a server's start is nobody's call"


@pytest.mark.parametrize("error", [ValueError("no such storage"), OSError(28, "full"), AddressError("used")])
def test_why_one_does_not_start_is_raised_as_it_is(error: Exception) -> None:
    def failing() -> Any:
        raise error

    book = Book()
    book.answer = failing
    with pytest.raises(type(error)) as caught:
        start_ns(config=by_the_book(), plugins=book.plugins)
    assert caught.value is error


# Proxies


EITHER = pytest.mark.parametrize("way", BOTH_MODELS, ids=str)


@EITHER
def test_a_proxy_becomes_that_of_the_address(run_daemon: Callable[..., Running], way: Way) -> None:
    running = run_daemon(way, thing=Thing())
    address = running.daemon.uriFor("thing")
    book = Book(thing=address)
    config = by_the_book(NS_LOOKUP_DELAY=2)
    with Proxy("PYRONAME:thing", config=config, plugins=book.plugins) as proxy:
        assert str(proxy._pyroUri) == "PYRONAME:thing"
        assert book.asked == [], "nothing is looked up before it is needed"
        assert proxy.where() == "here"
        assert proxy._pyroUri == address
        proxy._pyroRelease()
        assert proxy.where() == "here"
    assert len(book.asked) == 1
    assert book.asked[0][1] == 2


def test_the_proxys_own_time_limit_is_that_of_the_search() -> None:
    book = Book(thing=THING)
    with Proxy("PYRONAME:x", config=by_the_book(COMMTIMEOUT=50), plugins=book.plugins) as proxy:
        for limit in (5, None):
            proxy._pyroTimeout = limit
            with pytest.raises(NamingError):
                proxy._pyroBind()
            left = book.asked[-1][2].left()
            assert left is None if limit is None else 1 < left <= 5  # type: ignore[operator]


def test_where_nobody_is_the_name_stays_and_is_looked_up_anew(run_daemon: Callable[..., Running]) -> None:
    book = Book(thing="PYRO:thing@127.0.0.1:1")
    with Proxy("PYRONAME:thing", config=by_the_book(), plugins=book.plugins) as proxy:
        for _ in range(2):
            with pytest.raises(AddressError):
                proxy.where()
            assert str(proxy._pyroUri) == "PYRONAME:thing"
        book.entries["thing"] = run_daemon(thing=Thing()).daemon.uriFor("thing")
        assert proxy.where() == "here"
    assert len(book.asked) == 3


def test_retries_look_up_anew(run_daemon: Callable[..., Running]) -> None:
    address = run_daemon(thing=Thing()).daemon.uriFor("thing")
    book = Book()
    answers = iter(["PYRO:thing@127.0.0.1:1", "PYRO:thing@127.0.0.1:1", str(address)])
    book.answer = lambda: next(answers)
    with Proxy("PYRONAME:thing", config=by_the_book(MAX_RETRIES=2), plugins=book.plugins) as proxy:
        assert proxy.where() == "here"


def test_the_name_of_a_name_server_that_is_gone_in_the_middle() -> None:
    """A service may raise what a connection of its own raises; with retries it is asked again."""
    book = Book()
    errors: list[Exception] = [ConnectionClosedError("lost"), TimeoutError("late"), NamingError("unknown")]

    def failing() -> Any:
        raise errors.pop(0)

    book.answer = failing
    with (
        Proxy("PYRONAME:thing", config=by_the_book(MAX_RETRIES=3), plugins=book.plugins) as proxy,
        pytest.raises(NamingError, match="unknown"),
    ):
        proxy.where()
    assert len(book.asked) == 3
