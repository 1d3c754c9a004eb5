"""A page in Chromium, as the tests use it: by what people see, and by keys that they press."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support import PATIENCE

REQUIRED = os.environ.get("BROWSER_TESTS") == "required"
"""Whether a missing browser is a failure, and no reason to skip."""
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_OPTIONS = (
    "--headless=new",
    "--no-sandbox",  # which root cannot have
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    "--window-size=1200,900",
)
_OPENED = ".panel:not([hidden])"


def missing(what: str) -> None:
    """There is something without which the page cannot be tested."""
    reason = f"the page is tested in Chromium, and there is no {what}"
    if REQUIRED:
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def browser(profile: Path) -> Iterator[Any]:
    """A browser without a window, which reaches nothing but this machine."""
    try:
        from selenium import webdriver
    except ModuleNotFoundError:
        missing("selenium")
    program = next(filter(None, map(shutil.which, _BROWSERS)), None)
    driver = shutil.which("chromedriver")
    if program is None or driver is None:
        missing("chromium" if program is None else "chromedriver")
    options = webdriver.ChromeOptions()
    options.binary_location = program or ""
    for option in (*_OPTIONS, f"--user-data-dir={profile}"):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    made = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    try:
        made.set_script_timeout(PATIENCE)
        yield made
    finally:
        made.quit()


class Tab:
    """One page, of one gateway.

    :ivar url: of the page.
    """

    def __init__(self, driver: Any, url: str) -> None:
        self.driver, self.url = driver, url

    # Looking

    def all(self, selector: str) -> list[Any]:
        return list(self.driver.find_elements("css selector", selector))

    def one(self, selector: str) -> Any:
        """The first one of them that can be seen, as soon as there is one."""
        return self.until(lambda: next((each for each in self.all(selector) if each.is_displayed()), None))

    def texts(self, selector: str) -> list[str]:
        return [str(each.text) for each in self.all(selector) if each.is_displayed()]

    def text(self, selector: str) -> str:
        return str(self.one(selector).text)

    def shown(self, selector: str) -> bool:
        return any(each.is_displayed() for each in self.all(selector))

    def until(self, condition: Callable[[], Any]) -> Any:
        """What the condition gives, once that is true."""
        from selenium.common.exceptions import StaleElementReferenceException
        from selenium.webdriver.support.wait import WebDriverWait

        wait = WebDriverWait(self.driver, PATIENCE, 0.02, ignored_exceptions=[StaleElementReferenceException])
        return wait.until(lambda _: condition())

    def script(self, code: str, *arguments: Any) -> Any:
        return self.driver.execute_script(code, *arguments)

    def focused(self) -> str:
        """The text or label of the element that has the focus."""
        code = "const it = document.activeElement; return it.getAttribute('aria-label') || it.innerText"
        return str(self.script(code)).strip()

    # Doing

    def open(self, fragment: str = "", query: str = "") -> Tab:
        """Open the page; with a fragment, an object."""
        self.driver.get("about:blank")
        self.driver.get(f"{self.url}{query}{fragment}")
        self.one("body[data-ready]")
        if fragment:
            self.one(".member, .failure, .trouble, #key")
        return self

    def press(self, *keys: str, ctrl: bool = False) -> None:
        from selenium.webdriver import ActionChains, Keys

        actions = ActionChains(self.driver, duration=0)
        if ctrl:
            actions.key_down(Keys.CONTROL)
        for key in keys:
            actions.send_keys(getattr(Keys, key.upper()) if len(key) > 1 else key)
        if ctrl:
            actions.key_up(Keys.CONTROL)
        actions.perform()

    def fill(self, *arguments: Any) -> None:
        """Fill in the arguments of the method that is open: texts, and pairs of a name and a text."""
        for at, argument in enumerate(arguments):
            if at:
                self.one(f"{_OPENED} .arguments > .actions button").click()
            row = self.all(f"{_OPENED} .row")[at]
            name, text = argument if isinstance(argument, tuple) else ("", argument)
            for selector, value in ((".name", name), (".value", text)):
                # As if it were pasted: chromedriver types no characters beyond the first plane.
                self.script(
                    "const [field, value] = arguments; field.value = JSON.parse(value);"
                    "field.dispatchEvent(new Event('input'))",
                    row.find_element("css selector", selector),
                    json.dumps(value),
                )

    def call(self, *arguments: Any) -> None:
        """Fill in, call, and wait for the answer."""
        self.fill(*arguments)
        self.one(f"{_OPENED} button[type=submit]").click()
        self.answered()

    def answered(self) -> None:
        self.one(f"{_OPENED} .curl")

    def state(self) -> str:
        """How a call went."""
        return self.text(f"{_OPENED} .status .state")

    def copied(self, selector: str) -> str:
        """What a button copies."""
        self.script("navigator.clipboard.writeText = async (text) => { window.copied = text }")
        self.one(selector).click()
        return str(self.until(lambda: self.script("return window.copied")))

    def curl(self) -> str:
        return self.copied(f"{_OPENED} .curl button")

    # The device

    def size(self, width: int, height: int, phone: bool = False) -> None:
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def prefer(self, scheme: str) -> None:
        """The system's colours are light, or dark."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def reset(self) -> None:
        self.driver.get("about:blank")
        self.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})

    # What it has done

    def complaints(self) -> list[str]:
        """What the browser has to say, but for statuses of answers, which are none of the page's mistakes."""
        said = [entry["message"] for entry in self.driver.get_log("browser")]
        answers = ("the server responded with a status of", "net::ERR_CONNECTION_REFUSED")
        return [text for text in said if not any(each in text for each in answers)]

    def requested(self) -> set[str]:
        """The hosts, with ports, that were asked for something."""
        from urllib.parse import urlsplit

        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        urls = [
            event["params"]["request"]["url"]
            for event in events
            if event["method"] == "Network.requestWillBeSent"
        ]
        return {urlsplit(url).netloc for url in urls if url.startswith(("http", "ws"))}
