"""The page in a browser: the key, many objects, the keyboard, colours, and the width of a phone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pyroplug_gateway.app import Gateway

from .browsing import Tab

Open = Callable[..., Tab]

SHOP = "http.shop"


# The key ---------------------------------------------------------------------------------------------


def test_the_key_is_asked_for(tab: Open) -> None:
    page = tab(key="schlüssel")
    assert page.focused() == ""
    assert not page.shown("#names a, #search, #empty")
    field = page.one("#key-value")
    field.send_keys("wrong")
    page.press("enter")
    assert page.text("#key-trouble") == "The gateway does not take this key."
    page.press("s", "c", "h", "l", "ü", "s", "s", "e", "l", "enter")
    page.one("#names a").click()
    page.one(".member")
    page.open("#http.shop/nothing")
    page.call()
    assert page.state() == "200 OK", "it lasts as long as the tab"
    assert page.curl().endswith('-H "X-Pyro-Gateway-Key: $PYRO_GATEWAY_KEY"')
    assert page.script("return [localStorage.length, document.cookie]") == [0, ""]
    page.one("#forget").click()
    page.one("#key-value")
    assert not page.shown("#names a, #object")
    page.open()
    assert page.shown("#key-value")


def test_a_key_in_the_address_does_not_stay_there(tab: Open) -> None:
    page = tab("#http.shop/nothing", "?$key=sesame&x=1", key="sesame")
    page.call()
    assert page.state() == "200 OK"
    assert page.script("return location.href") == f"{page.url}?x=1#http.shop/nothing"


def test_a_key_that_has_changed(tab: Open, driver: Any) -> None:
    page = tab(key="new")
    page.script("sessionStorage.setItem('pyroplug-gateway-key', 'old')")
    page.open()
    assert page.shown("#key-value")


# Many objects ----------------------------------------------------------------------------------------


def test_a_thousand_objects(tab: Open, uri: Callable[..., str]) -> None:
    page = tab(objects={f"http.sensor.{number:04}": uri() for number in range(1000)})
    assert page.text("#count") == "1,000 objects"
    assert len(page.all("#names a")) == 200
    page.one("#more").click()
    assert len(page.all("#names a")) == 400
    assert page.focused() == "http.sensor.0200"
    page.one("#search").send_keys("SENSOR 99")
    assert page.text("#count") == "19 of 1,000 objects"
    assert page.texts("#names a")[0] == "http.sensor.0099"
    took = page.script(
        """
        const field = document.getElementById('search');
        const began = performance.now();
        for (const text of ['s', 'se', 'sen', '1', '']) {
            field.value = text;
            field.dispatchEvent(new Event('input'));
        }
        document.body.offsetHeight;
        return performance.now() - began;
        """
    )
    assert took < 1000
    page.one("#search").send_keys("nowhere")
    assert page.text("#count") == "0 of 1,000 objects"


def test_no_objects(tab: Open) -> None:
    page = tab(objects={}, nameserver="none")
    assert page.text("#empty h1") == "No objects are exposed"
    assert "pyroplug gateway --object" in page.text("#empty")
    assert not page.shown("#welcome")


def test_the_list_is_refreshed(tab: Open, make: Callable[..., Gateway], uri: Callable[..., str]) -> None:
    objects = {SHOP: uri()}
    page = tab(objects=objects)
    objects["http.new"] = uri()
    page.one("#refresh").click()
    page.until(lambda: page.texts("#names a") == ["http.new", SHOP])


# Keys, colours, sizes --------------------------------------------------------------------------------


def test_with_the_keyboard_only(tab: Open, uri: Callable[..., str]) -> None:
    page = tab(objects={name: uri() for name in ("http.a", "http.b", SHOP)})
    page.script("document.activeElement.blur()")
    page.press("/")
    assert page.focused() == "Search objects"
    page.press("arrow_down", "arrow_down", "arrow_down")
    assert page.focused() == SHOP
    page.press("arrow_up", "arrow_up", "arrow_up")
    assert page.focused() == "Search objects"
    page.press("s", "h", "o", "p", "enter")
    page.one(".member")
    assert page.focused() == SHOP, "the object's title"
    page.press("arrow_down", "end", "arrow_up", "home", "arrow_down")
    assert page.focused() == "buy"
    page.press("enter", "tab")
    assert page.focused() == "Name of argument 1, if it has one"
    page.press(*"article", "tab", *"tea", "arrow_up", "home")
    assert page.focused() == "Value of argument 1: JSON or text"
    page.press("enter", ctrl=True)
    page.answered()
    assert "not 1" in page.text(".failure .json")
    assert '\\"tea\\"' not in page.curl()
    page.one(".panel .value").send_keys("/")
    page.press("escape")
    assert page.focused() == "buy"
    page.press("escape")
    assert page.focused() == SHOP
    assert page.script("return document.activeElement.closest('#names') !== null")


def test_a_link_to_a_method(tab: Open) -> None:
    page = tab("#http.shop/price")
    page.until(lambda: page.focused() == "Value of argument 1: JSON or text")
    page.press(*"tea")
    page.press("enter", ctrl=True)
    page.answered()
    assert page.state() == "200 OK"


def test_the_order_of_the_focus(tab: Open) -> None:
    page = tab("#http.shop/price")
    page.script("document.activeElement.blur(); document.body.focus(); getSelection().removeAllRanges()")
    page.script("document.getElementById('skip').focus()")
    found = []
    for _ in range(12):
        found.append(page.focused())
        outline = page.script("return getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", found
        page.press("tab")
    assert found[:7] == [
        "Skip to the object",
        "pyroplug",
        "OpenAPI",
        "Switch between light and dark",
        "Search objects",
        "Refresh",
        SHOP,
    ]


def test_every_control_has_a_name(tab: Open) -> None:
    page = tab("#http.shop/price")
    page.call("tea")
    nodes = page.driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    controls = [
        (node["role"]["value"], node["name"]["value"])
        for node in nodes
        if not node["ignored"]
        and node["role"]["value"] in ("button", "link", "textbox", "searchbox", "checkbox")
    ]
    assert {role for role, _ in controls} == {"button", "link", "textbox", "searchbox", "checkbox"}
    assert [control for control in controls if not control[1]] == []
    landmarks = {node["role"]["value"] for node in nodes if not node["ignored"]}
    assert {"main", "navigation", "banner", "region", "status"} <= landmarks


CONTRASTS = """
    const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
    const rgba = (colour) => {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
      return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const light = (colour) => {
      const [r, g, b] = rgba(colour).map((v) => v / 255)
        .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = (element) => {
      for (let each = element; each; each = each.parentElement) {
        const colour = getComputedStyle(each).backgroundColor;
        if (rgba(colour)[3] > 0) return colour;
      }
    };
    const found = [];
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
      const element = walk.currentNode.parentElement;
      if (!walk.currentNode.data.trim() || !element.checkVisibility()) continue;
      const [a, b] = [light(getComputedStyle(element).color), light(ground(element))];
      const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      found.push([ratio, walk.currentNode.data.trim().slice(0, 30)]);
    }
    return found;
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_can_be_read_in_both_schemes(tab: Open, scheme: str) -> None:
    page = tab("#http.shop/catalogue")
    page.prefer(scheme)
    for member in ("catalogue", "fail"):
        page.open(f"#http.shop/{member}")
        page.call()
        found = page.script(CONTRASTS)
        assert len(found) > 20
        assert [each for each in found if each[0] < 4.5] == []


def test_light_and_dark(tab: Open) -> None:
    page = tab()

    def dark() -> bool:
        colour = page.script("return getComputedStyle(document.body).backgroundColor")
        return int(colour.split("(")[1].split(",")[0]) < 128

    def offers(scheme: str) -> bool:
        return page.text("#theme") == scheme

    for scheme in ("light", "dark"):
        page.prefer(scheme)
        page.until(lambda scheme=scheme: dark() == (scheme == "dark"))
    page.until(lambda: offers("Light"))
    page.one("#theme").click()
    page.until(lambda: not dark() and offers("Dark"))
    page.open()
    assert not dark(), "the choice is kept"
    page.one("#theme").click()
    page.until(lambda: dark() and offers("Light"))
    page.prefer("light")
    page.until(lambda: not dark())  # with the system again


def test_at_the_width_of_a_phone(tab: Open, uri: Callable[..., str]) -> None:
    long = "http." + "a" * 200
    page = tab(objects={SHOP: uri(), long: uri()})
    page.size(390, 844, phone=True)

    def fits() -> bool:
        return bool(
            page.script("return document.documentElement.scrollWidth <= innerWidth && innerWidth === 390")
        )

    page.open()
    assert fits()
    assert page.shown("#names")
    for fragment in (f"#{long}/echo", "#http.shop/fail", "#http.shop/catalogue"):
        page.open(fragment)
        page.call(*["x" * 300] if fragment.endswith("echo") else [])
        assert fits()
        assert not page.shown("#names"), "one thing at a time"
    page.one(".back").click()
    page.one("#names a")
    assert not page.shown("#object h1")
    page.one("#names a").click()
    page.one(".member")
    page.press("/")
    assert page.shown("#search")
    assert page.focused() == "Search objects"
