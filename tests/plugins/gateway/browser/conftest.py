"""One browser for all of these tests, and a shop to call."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pyroplug_gateway.app import Gateway

from tests.plugins.gateway.shop import Shop
from tests.running import Running

from .browsing import Tab, browser

Open = Callable[..., Tab]

SHOP = "http.shop"


@pytest.fixture(scope="package")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with browser(tmp_path_factory.mktemp("profile")) as made:
        yield made


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def uri(run_daemon: Callable[..., Running], shop: Shop) -> Callable[..., str]:
    """The URI of an object: the shop, or one that is given."""
    daemon = run_daemon(shop=shop).daemon
    return lambda target=None: str(daemon.uriFor("shop") if target is None else daemon.register(target))


@pytest.fixture
def tab(
    driver: Any,
    make: Callable[..., Gateway],
    serve: Callable[..., tuple[str, int]],
    uri: Callable[..., str],
) -> Iterator[Open]:
    """Opens the page of a gateway with the shop.

    Whatever a test does: the browser has nothing to complain of, and asks nobody but the gateway.
    """
    tabs: list[Tab] = []

    def tab(fragment: str = "", query: str = "", **changes: Any) -> Tab:
        changes.setdefault("objects", {SHOP: uri()})
        host, port = serve(make(**changes))
        tabs.append(Tab(driver, f"http://{host}:{port}/pyro/"))
        tabs[-1].complaints()
        tabs[-1].requested()
        return tabs[-1].open(fragment, query)

    yield tab
    for each in tabs:
        complaints, requested = each.complaints(), each.requested()
        each.reset()
        assert not complaints
        assert requested == {each.url.split("/")[2]}


@pytest.fixture
def script(tab: Open) -> Callable[..., Any]:
    """Runs code with a module ``m`` of the page's and an argument ``a``."""
    page = tab(objects={}, nameserver="none")

    def run(code: str, argument: Any = None, module: str = "request.js") -> Any:
        body = f"""
            const [module, json, done] = arguments;
            const a = JSON.parse(json);
            import(new URL('../assets/' + module, location.href))
                .then((m) => {{ {code} }})
                .then((it) => JSON.stringify(it), (error) => JSON.stringify('error: ' + error.message))
                .then(done);
        """
        return json.loads(page.driver.execute_async_script(body, module, json.dumps(argument)))

    return run
