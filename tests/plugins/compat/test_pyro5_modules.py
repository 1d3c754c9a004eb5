"""``pyroplug_pyro5`` has Pyro5's modules and the names that these publish."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
from ast import literal_eval
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyroplug_pyro5
import pytest

import pyroplug.api
import pyroplug.config
import pyroplug.errors

MODULES = [
    *("api", "callcontext", "client", "configure", "core", "errors", "nameserver", "nsc", "protocol"),
    *("serializers", "server", "socketutil", "utils", "utils.echoserver", "utils.httpgateway"),
]
LEFT_OUT = {
    "protocol": {"ReceivingMessage", "SendingMessage", "log_wiredata", "recv_stub"},
    "serializers": {
        "all_exceptions",
        "name",
        "pyro_class_serpent_serializer",
        "serialize_pyro_object_to_dict",
    }
    | {"t"},
    "socketutil": {"ERRNO_BADF", "ERRNO_EADDRINUSE", "ERRNO_EADDRNOTAVAIL", "ERRNO_ENOTSOCK", "ERRNO_RETRIES"}
    | {"USE_MSG_WAITALL"},
    "utils.echoserver": {"NameServer", "start_nameserver"},
    "utils.httpgateway": {"cors_response_header", "get_nameserver", "index_page_template", "invalid_request"}
    | {"not_found", "option_request", "process_pyro_request", "redirect", "return_homepage"}
    | {"singlyfy_parameters"},
}
"""What Pyro5 uses within itself."""


def ours(module: str) -> Any:
    return importlib.import_module(f"pyroplug_pyro5.{module}")


def theirs(module: str) -> Any:
    return importlib.import_module(f"Pyro5.{module}")


def published(module: Any) -> set[str]:
    """What it defines, or says that it publishes."""
    own = {
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", module.__name__) == module.__name__
    }
    own -= {name for name in own if inspect.ismodule(getattr(module, name))}
    return own | set(getattr(module, "__all__", ()))


@pytest.mark.parametrize("module", MODULES)
def test_a_module_publishes_the_same_names(module: str) -> None:
    found = ours(module)
    assert published(theirs(module)) - LEFT_OUT.get(module, set()) - set(vars(found)) == set()
    assert all(hasattr(found, name) for name in getattr(found, "__all__", ()))


@pytest.mark.parametrize("module", MODULES)
def test_its_functions_take_the_same_arguments(module: str) -> None:
    for name in published(theirs(module)) - LEFT_OUT.get(module, set()):
        function = getattr(theirs(module), name)
        if inspect.isfunction(function):
            wanted = list(inspect.signature(function).parameters)
            assert list(inspect.signature(getattr(ours(module), name)).parameters)[: len(wanted)] == wanted


@pytest.mark.parametrize("module", ["protocol", "core"])
def test_constants_are_the_same(module: str) -> None:
    found = ours(module)
    names = [name for name in found.__all__ if name.isupper() and name != "URI"]
    assert names
    for name in names:
        assert getattr(found, name) == getattr(theirs(module), name)


def test_they_are_pyroplugs_own() -> None:
    for module in ("api", "client", "server", "callcontext"):
        for name in ours(module).__all__:
            if hasattr(pyroplug.api, name):
                assert getattr(ours(module), name) is getattr(pyroplug.api, name)
    for name in ours("errors").__all__:
        assert getattr(ours("errors"), name) is getattr(pyroplug.errors, name)
    assert pyroplug_pyro5.config is ours("configure").global_config is pyroplug.config.config


def test_importing_the_api_makes_the_modules_attributes() -> None:
    """Programs say ``import Pyro5.api`` and go on with ``Pyro5.errors``."""
    code = (
        "import {0}.api, types; print(sorted(n for n, v in vars({0}).items() if type(v) is types.ModuleType))"
    )
    found = [
        subprocess.run(
            [sys.executable, "-c", code.format(package)], capture_output=True, text=True, check=True
        ).stdout
        for package in ("Pyro5", "pyroplug_pyro5")
    ]
    assert set(literal_eval(found[0])) - set(literal_eval(found[1])) == set()


def test_dump_prints_the_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    ours("configure").dump()
    printed = capsys.readouterr().out
    assert "502" in printed
    assert all(f"{name} = " in printed for name in theirs("configure").global_config.as_dict())


def test_the_echo_server_is_a_program(in_thread: Callable[..., Any]) -> None:
    module = ours("utils.echoserver")
    daemon, echo, uri = module.main(["-H", "127.0.0.1", "-q"], returnWithoutLooping=True)
    assert isinstance(echo, module.EchoServer)
    served = in_thread(daemon.requestLoop)
    with theirs("api").Proxy(str(uri)) as proxy:
        assert proxy.echo("hello") == "hello"
    daemon.shutdown()
    served.result(20)
    daemon.close()


# Names


def test_a_direct_uri_is_its_own_answer() -> None:
    core = ours("core")
    assert core.resolve("PYRO:thing@localhost:9999") == core.URI("PYRO:thing@localhost:9999")
    with pytest.raises(TypeError):
        core.resolve(5)


def test_name_servers_over_each_storage(tmp_path: Path) -> None:
    module = ours("nameserver")
    for storage in (None, module.MemoryStorage(), module.SqlStorage(str(tmp_path / "names.db"))):
        names = module.NameServer(storage)
        names.register("a", "PYRO:a@host:1", metadata={"x"})
        assert names.lookup("a", True) == (ours("core").URI("PYRO:a@host:1"), {"x"})
        names.storage.close()
    with pytest.raises(ValueError, match="no file"):
        module.SqlStorage(":memory:")
    with module.NameServerDaemon("127.0.0.1", 0, storage=f"sql:{tmp_path / 'names.db'}") as daemon:
        assert daemon.nameserver.lookup("a") == ours("core").URI("PYRO:a@host:1")


_USE_STORAGE = """
import importlib, sys
module = importlib.import_module(sys.argv[1] + ".nameserver")
storage = getattr(module, sys.argv[2])(*sys.argv[3:])
print(len(storage), list(storage), "one" in storage)
storage["one"] = "PYRO:a@host:1", {"x", "y"}
storage["two"] = "PYRO:b@host:1", None
storage.update(three=("PYRO:c@host:1", {"x"}), other=("PYRO:d@host:1", set()))
storage["two"] = "PYRO:e@host:1", {"y"}
print(len(storage), sorted(storage), "one" in storage)
print(storage["three"], storage["other"][0], len(storage["one"][1]))
print(sorted(storage.keys()), sorted(uri for uri, tags in storage.values()), len(storage.items()))
for full in (False, True):
    for found in (
        storage.everything(full),
        storage.optimized_prefix_list("t", full),
        storage.optimized_metadata_search({"x", "y"}, None, full),
        storage.optimized_metadata_search(metadata_any={"x", "y"}, return_metadata=full),
    ):
        print(sorted((name, (it[0], sorted(it[1])) if full else it) for name, it in found.items()))
    print(storage.optimized_regex_list("t.*", full))
del storage["two"]
storage.remove_items(["one", "no such name"])
print(sorted(storage))
try:
    storage["one"]
except KeyError as error:
    print(error)
storage.clear()
print(len(storage))
storage.close()
"""


@pytest.mark.parametrize("kind", ["MemoryStorage", "SqlStorage"])
def test_storages_are_mappings_like_pyro5s(tmp_path: Path, kind: str) -> None:
    def said(library: str, *arguments: str) -> str:
        command = [sys.executable, "-c", _USE_STORAGE, library, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout

    file = [] if kind == "MemoryStorage" else [str(tmp_path / "ours.db")]
    assert said("pyroplug_pyro5", kind, *file) == said("Pyro5", "SqlStorage", str(tmp_path / "theirs.db"))


def test_names_are_there_at_once_or_not_at_all() -> None:
    storage = ours("nameserver").MemoryStorage(a=("PYRO:a@host:1", {"x"}))
    assert dict(storage) == {"a": ("PYRO:a@host:1", {"x"})}
    with pytest.raises(KeyError):
        del storage["b"]
    storage.close()


def test_the_name_server_as_a_program(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, status in ((["--storage", "sql:"], 2), (["--unknown"], 2), (["-s", "dbm:x"], 1)):
        with pytest.raises(SystemExit) as caught:
            ours("nameserver").main(arguments)
        assert caught.value.code == status
        assert "rror: " in capsys.readouterr().err


def test_the_gateway_as_a_program(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, told in ((["-e", "("], "no regular expression"), (["--unknown"], "No such option")):
        with pytest.raises(SystemExit) as caught:
            ours("utils.httpgateway").main(arguments)
        assert caught.value.code == 2
        assert told in capsys.readouterr().err


def test_the_gateway_is_the_plugins() -> None:
    from pyroplug_gateway.wsgi import pyro_app

    assert ours("utils.httpgateway").pyro_app is pyro_app
