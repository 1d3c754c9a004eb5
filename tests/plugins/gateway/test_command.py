"""The command ``pyroplug gateway``, in processes of its own."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner
from pyroplug_gateway.command import gateway

from pyroplug.api import expose
from tests.running import Running
from tests.support import PATIENCE, wait_until


@contextmanager
def running(*arguments: str, **environment: str) -> Iterator[tuple[subprocess.Popen[str], str, int]]:
    """The process, and where it serves."""
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "pyroplug", "gateway", "--port", "0", *arguments],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("Pyro HTTP gateway running on http://"), process.communicate()[1]
            url = urlsplit(line.split()[-1])
            assert url.path == "/pyro/"
            assert url.port is not None
            yield process, url.hostname or "", url.port
        finally:
            process.kill()


def get(host: str, port: int, path: str, **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(host, port, timeout=PATIENCE)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_told_to_end(daemon: Running, number: signal.Signals) -> None:
    uri = daemon.daemon.uriFor("thing")
    with running("-H", "127.0.0.1", "--object", f"http.sample={uri}") as (process, host, port):
        assert host == "127.0.0.1"
        assert get(host, port, "/pyro/http.sample/stock") == (200, b"7")
        with socket.create_connection((host, port)) as idle:
            idle.sendall(b"GET /")
            process.send_signal(number)
            out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (0, "")
    assert err == "exposing http.sample\n"


class Slow:
    """Takes its time."""

    def __init__(self) -> None:
        self.running, self.go_on = threading.Event(), threading.Event()

    @expose
    def work(self) -> str:
        self.running.set()
        assert self.go_on.wait(PATIENCE)
        return "done"


def _is_taken(host: str, port: int) -> bool:
    """Whether a new client is connected."""
    try:
        socket.create_connection((host, port), PATIENCE).close()
    except ConnectionError:
        return False
    return True


def test_a_call_that_is_running_when_it_ends_is_answered(
    run_daemon: Callable[..., Running], in_thread: Callable[..., Future[Any]]
) -> None:
    slow = Slow()
    with running("-o", f"slow={run_daemon(slow=slow).daemon.uriFor('slow')}") as (process, host, port):
        try:
            waiting = in_thread(get, host, port, "/pyro/slow/work")
            assert slow.running.wait(PATIENCE)
            process.send_signal(signal.SIGTERM)
            wait_until(lambda: not _is_taken(host, port))
        finally:
            slow.go_on.set()
        assert waiting.result(PATIENCE) == (200, b'"done"')
        process.communicate(timeout=PATIENCE)
    assert process.returncode == 0


def test_pyro5s_options(daemon: Running) -> None:
    uri = daemon.daemon.uriFor("thing")
    options = ["-e", "x", "-g", "sesame", "-c", "https://shop.org", "-t", "5", "-o", f"a={uri}"]
    with running(*options) as (_, host, port):
        assert get(host, port, "/pyro/a/stock")[0] == 403
        assert get(host, port, "/pyro/a/stock?$key=sesame") == (200, b"7")


def test_the_environment(daemon: Running) -> None:
    objects = f"http.sample={daemon.daemon.uriFor('thing')}"
    with running(PYRO_GATEWAY_KEY="sesame", PYRO_GATEWAY_OBJECTS=objects) as (_, host, port):
        assert get(host, port, "/pyro/http.sample/stock")[0] == 403
        path = "/pyro/http.sample/stock"
        assert get(host, port, path, **{"X-Pyro-Gateway-Key": "sesame"}) == (200, b"7")


def test_a_web_sites_name_for_this_machine(daemon: Running) -> None:
    option = f"--object=a={daemon.daemon.uriFor('thing')}"
    with running(option) as (_, host, port):
        for path in ("/pyro/a/stock", "/pyro/", "/pyro/openapi.json"):
            assert get(host, port, path)[0] == 200
            assert get(host, port, path, Host=f"evil.example.org:{port}")[0] == 403
        assert get(host, port, "/healthz", Host="watcher")[0] == 200
    with running(option, PYRO_GATEWAY_HOSTS="shop.example.org") as (_, host, port):
        assert get(host, port, "/pyro/a/stock", Host="shop.example.org") == (200, b"7")
    with running(option, "--host", "0.0.0.0") as (_, host, port):
        assert get("127.0.0.1", port, "/pyro/a/stock", Host="anything") == (200, b"7")


def test_no_calls_by_get(daemon: Running) -> None:
    uri = daemon.daemon.uriFor("thing")
    with running("-o", f"a={uri}", "--no-get-calls", "--threads", "2") as (_, host, port):
        assert get(host, port, "/pyro/a/sell")[0] == 405
        assert get(host, port, "/pyro/a/stock") == (200, b"7")


def run(*arguments: str, **environment: str) -> tuple[int, str]:
    result = subprocess.run(
        [sys.executable, "-m", "pyroplug", "gateway", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert result.stdout == ""
    return result.returncode, result.stderr


def test_an_address_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, err = run("--host", "127.0.0.1", "--port", port)
    assert code == 1
    assert f"cannot listen on 127.0.0.1:{port}" in err
    assert "hint: " in err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--expose", "("], "no regular expression"),
        (["--object", "x"], "NAME=URI"),
        (["--nameserver", "a b"], "HOST:PORT"),
        (["--port", "x"], "--port"),
        (["--timeout", "-1"], "--timeout"),
    ],
)
def test_what_it_cannot_understand(arguments: list[str], told: str) -> None:
    code, err = run(*arguments)
    assert code == 2
    assert told in err
    assert err.count("hint: ") <= 1
    assert "Traceback" not in err


def test_help_says_how_to_hide_the_key() -> None:
    result = CliRunner().invoke(gateway, ["--help"])
    assert result.exit_code == 0
    assert "PYRO_GATEWAY_KEY" in result.output
    for option in (
        "-H, --host",
        "-p, --port",
        "-e, --expose",
        "-g, --gatewaykey",
        "-c, --cors",
        "-t, --timeout",
    ):
        assert option in result.output


MISSING = """
import sys
for name in ("werkzeug", "waitress", "jinja2"):
    sys.modules[name] = None
sys.argv[0] = "pyroplug"
{code}
"""


def without_libraries(code: str) -> Any:
    return subprocess.run(
        [sys.executable, "-c", MISSING.format(code=code)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_without_its_libraries_it_says_what_to_install() -> None:
    result = without_libraries("from pyroplug.cli import main; main(['gateway'])")
    assert result.returncode == 1
    assert "the HTTP gateway needs werkzeug" in result.stderr
    assert "hint: install what it needs: pip install 'pyroplug[gateway]'" in result.stderr


@pytest.mark.parametrize(
    "code",
    [
        "from pyroplug.cli import main; main(['list-plugins', '--check'])",
        "from pyroplug.cli import main; main(['--help'])",
        "from pyroplug.cli import main; main(['gateway', '--help'])",
        "import pyroplug_pyro5.utils.httpgateway",
        "from pyroplug_gateway.wsgi import pyro_app; pyro_app.cors = '*'",
    ],
)
def test_without_its_libraries_all_else_works(code: str) -> None:
    result = without_libraries(code)
    assert (result.returncode, result.stderr) == (0, "")


def test_the_plugins_module_is_cheap() -> None:
    code = "import sys, pyroplug_gateway; print(*sys.modules)"
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"werkzeug", "waitress", "jinja2", "click", "pyroplug_gateway.command"} & set(out)
