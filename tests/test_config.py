"""Configurations: where values come from, how they are set, copied and shown."""

from __future__ import annotations

import copy
import os
import subprocess
import sys
import threading
import warnings
import weakref
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

import pyroplug.config
from pyroplug import __version__
from pyroplug.config import Configuration, config
from pyroplug.contracts import ConfigItem
from pyroplug.errors import ConfigError, PyroError

PLUGIN_ITEM = ConfigItem("WHEELS", 4, "number of wheels")


def make(environ: dict[str, str] | None = None) -> Configuration:
    return Configuration(environ=environ or {}, plugin_items=lambda: [PLUGIN_ITEM])


def test_values_are_typed() -> None:
    config = make()
    config.COMMTIMEOUT = 3
    assert isinstance(config.COMMTIMEOUT, float)
    config.COMPRESSION = 1
    assert config.COMPRESSION is True
    config.SERIALIZERS_ACCEPTED = ["marshal"]
    assert config.SERIALIZERS_ACCEPTED == ("marshal",)
    config.NATHOST = "example.org"
    config.NATHOST = None
    assert config.NATHOST is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("COMMTIMEOUT", "soon"),
        ("COMMTIMEOUT", True),
        ("NS_PORT", 1.5),
        ("NS_PORT", None),
        ("COMPRESSION", "maybe"),
        ("SERIALIZER", 4),
        ("SERIALIZERS_ACCEPTED", "serpent"),
        ("SERIALIZERS_ACCEPTED", [1]),
    ],
)
def test_a_wrong_value_is_refused_and_changes_nothing(name: str, value: object) -> None:
    config = make()
    before = config.as_dict()
    with pytest.raises(ConfigError, match=name) as caught:
        setattr(config, name, value)
    assert isinstance(caught.value, ValueError)
    assert caught.value.hint
    assert config.as_dict() == before


def test_an_unknown_item_is_an_attribute_error_that_suggests_one() -> None:
    config = make()
    with pytest.raises(AttributeError, match="COMMTIMEOUT"):
        _ = config.COMTIMEOUT
    with pytest.raises(PyroError, match="check-config"):
        config.XQZ = 1
    assert not hasattr(config, "nothing")


def test_no_item_can_be_deleted() -> None:
    config = make()
    config.COMMTIMEOUT = 3.0
    for name in ("COMMTIMEOUT", "COMTIMEOUT"):
        with pytest.raises(AttributeError, match=name):
            delattr(config, name)
    assert config.COMMTIMEOUT == config.as_dict()["COMMTIMEOUT"] == 3.0


@pytest.mark.parametrize("prefix", ["PYRO_", "PYROPLUG_"])
def test_environment(prefix: str) -> None:
    config = make(
        {
            prefix + "COMPRESSION": "Yes",
            prefix + "NS_PORT": "1234",
            prefix + "COMMTIMEOUT": "2.5",
            prefix + "BROADCAST_ADDRS": "a, b,",
            prefix + "NATHOST": "x",
            prefix + "WHEELS": "3",
        }
    )
    assert config.COMPRESSION is True
    assert config.NS_PORT == 1234
    assert config.COMMTIMEOUT == 2.5
    assert config.BROADCAST_ADDRS == ("a", "b")
    assert config.NATHOST == "x"
    assert config.WHEELS == 3


def test_our_own_prefix_wins() -> None:
    assert make({"PYROPLUG_NS_PORT": "2", "PYRO_NS_PORT": "1"}).NS_PORT == 2


def test_a_bad_variable_spoils_its_item_and_nothing_else() -> None:
    config = make({"PYRO_COMPRESSION": "maybe", "PYRO_WHEELS": "many", "PYRO_NS_PORT": "7"})
    assert config.NS_PORT == 7
    for name, value in {"COMPRESSION": "maybe", "WHEELS": "many"}.items():
        for _ in range(2):
            with pytest.raises(ConfigError, match=f"environment variable PYRO_{name}: '{value}'") as caught:
                getattr(config, name)
            assert "unset it" in (caught.value.hint or "")
        problem = config.problem(name)
        assert problem is not None
        assert str(problem) == str(caught.value)
        assert config.variable(name) == f"PYRO_{name}"
    assert config.problem("NS_PORT") is None
    with pytest.raises(ConfigError, match="PYRO_COMPRESSION"):
        config.as_dict()
    assert "COMPRESSION=(unusable: configuration item COMPRESSION: environment" in repr(config)
    assert "COMPRESSION = (unusable: configuration item COMPRESSION: environment" in config.dump()


def test_the_program_has_the_last_word_about_a_bad_variable() -> None:
    config = make({"PYRO_COMPRESSION": "maybe"})
    spoilt = config.copy()
    config.COMPRESSION = True
    assert config.COMPRESSION is True
    assert (config.problem("COMPRESSION"), config.variable("COMPRESSION")) == (None, None)
    with pytest.raises(ConfigError, match="PYRO_COMPRESSION"):
        _ = spoilt.COMPRESSION
    spoilt.reset(use_environment=False)
    assert spoilt.COMPRESSION is False


def test_our_own_variable_counts_even_if_it_is_the_bad_one() -> None:
    config = make({"PYROPLUG_NS_PORT": "x", "PYRO_NS_PORT": "1"})
    with pytest.raises(ConfigError, match="PYROPLUG_NS_PORT"):
        _ = config.NS_PORT


def test_where_a_value_comes_from() -> None:
    config = make({"PYRO_NS_PORT": "1", "PYROPLUG_WHEELS": "3"})
    assert config.variable("NS_PORT") == "PYRO_NS_PORT"
    assert config.variable("WHEELS") == "PYROPLUG_WHEELS"
    assert config.variable("HOST") is None
    config.NS_PORT = 1
    assert config.variable("NS_PORT") is None
    with pytest.raises(ConfigError, match="WHELS"):
        config.variable("WHELS")


def test_an_unknown_variable_warns_once_plugins_are_known() -> None:
    config = make({"PYRO_WHEEL": "3", "PYROPLUG_BLOCK": "x", "PYRO_WHEELS": "2", "PATH": "/"})
    with pytest.warns(UserWarning, match="did you mean WHEELS") as caught:
        assert config.WHEELS == 2
    assert len(caught) == 1


def test_plugin_items_are_asked_for_only_when_needed() -> None:
    asked = []
    config = Configuration(environ={}, plugin_items=lambda: asked.append(1) or [PLUGIN_ITEM])
    assert config.HOST == "localhost"
    config.HOST = "other"
    config.copy()
    assert not hasattr(config, "__wrapped__")
    assert not asked
    assert config.WHEELS == 4
    assert "WHEELS" in config.as_dict()
    assert config.items()["WHEELS"] is PLUGIN_ITEM
    assert len(asked) == 1


def test_copies_are_independent() -> None:
    config = make()
    twin = config.copy()
    twin.HOST = "elsewhere"
    config.WHEELS = 6
    assert config.HOST == "localhost"
    assert twin.WHEELS == 4


def test_the_copy_module_copies() -> None:
    config = make({"PYRO_HOST": "x"})
    twin = copy.copy(config)
    twin.HOST = "y"
    assert (config.HOST, twin.HOST, twin.variable("HOST")) == ("x", "y", None)


def test_reset() -> None:
    environ = {"PYRO_HOST": "x"}
    config = make(environ)
    config.NS_PORT = 1
    environ.update(PYRO_HOST="y", PYRO_WHEELS="3")
    config.reset()
    assert (config.HOST, config.NS_PORT, config.WHEELS) == ("y", 9090, 3)
    config.reset(use_environment=False)
    assert (config.HOST, config.NS_PORT, config.WHEELS, config.variable("HOST")) == (
        "localhost",
        9090,
        4,
        None,
    )
    config.reset()
    assert config.HOST == "y"


def test_items_that_come_later_keep_to_the_last_reset() -> None:
    config = make({"PYRO_WHEELS": "3", "PYRO_NOTHING": "1"})
    config.reset(use_environment=False)
    assert config.WHEELS == 4
    assert config.unknown_variables() == {}


def test_unknown_variables_with_what_is_wrong() -> None:
    with pytest.warns(UserWarning, match="PYRO"):
        found = make({"PYRO_WHEEL": "3", "PYROPLUG_XQZ": "", "PYROPLUG_AUTOLOAD": "1"}).unknown_variables()
    assert list(found) == ["PYROPLUG_XQZ", "PYRO_WHEEL"]
    assert found["PYROPLUG_XQZ"].startswith("environment variable PYROPLUG_XQZ: ")
    assert "check-config" in found["PYROPLUG_XQZ"]
    assert found["PYRO_WHEEL"].endswith("did you mean WHEELS?")


def test_an_unknown_variable_harms_nothing_where_warnings_are_errors() -> None:
    config = make({"PYRO_WHEEL": "3"})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning, match="PYRO_WHEEL"):
            _ = config.WHEELS
        assert config.WHEELS == 4


def test_dump_tells_versions_and_every_item() -> None:
    config = make({"PYRO_WHEELS": "3"})
    lines = config.dump().splitlines()
    assert f"pyroplug {__version__} in {os.path.dirname(pyroplug.__file__)}" in lines[0]
    assert "Python 3." in lines[1]
    assert "502" in lines[2]
    assert lines[3:] == sorted(lines[3:])
    assert [line.split(" = ")[0] for line in lines[3:]] == sorted(config)
    assert "WHEELS = 3" in lines
    assert "COMMTIMEOUT = 0.0" in lines
    assert "NATHOST = None" in lines
    assert config.dump().endswith("\n")


def test_people_are_not_shown_secrets_and_programs_are() -> None:
    secret = ConfigItem("PASSWORD", "", "what nobody sees", secret=True)
    config = Configuration(environ={"PYRO_PASSWORD": "sesame"}, plugin_items=lambda: [secret])
    assert config.PASSWORD == config.as_dict()["PASSWORD"] == "sesame"
    for text in (config.dump(), repr(config)):
        assert "sesame" not in text
        assert "***" in text


def test_threads_that_need_a_plugins_item_at_the_same_time_all_get_it() -> None:
    inside, results = threading.Barrier(2), []

    def slow_items() -> Iterator[ConfigItem]:
        yield ConfigItem("FIRST", 1, "the first")
        inside.wait(20)
        yield PLUGIN_ITEM

    config = Configuration(environ={}, plugin_items=slow_items)

    def read() -> None:
        try:
            results.append(config.WHEELS)
        except BaseException as error:
            results.append(error)

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [4, 4]


def test_items_that_are_loaded_twice_keep_their_values() -> None:
    def items() -> list[ConfigItem]:
        loading.append("again")
        if len(loading) == 1:
            config.WHEELS = 6  # as if by another thread
        return [PLUGIN_ITEM]

    loading: list[str] = []
    config = Configuration(environ={}, plugin_items=items)
    assert config.WHEELS == 6


def test_items_that_cannot_be_had_are_asked_for_again() -> None:
    answers: list[Any] = [OSError("not now"), [PLUGIN_ITEM]]

    def items() -> list[ConfigItem]:
        answer = answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return [*answer]

    config = Configuration(environ={}, plugin_items=items)
    with pytest.raises(OSError, match="not now"):
        _ = config.WHEELS
    assert config.WHEELS == 4


# As the module of the package that programs know ------------------------------------------------------


@pytest.fixture
def restored() -> Iterator[None]:
    yield
    config.reset(use_environment=False)


def test_the_module_passes_items_on_to_the_process_wide_configuration(restored: None) -> None:
    module: Any = pyroplug.config
    module.SERIALIZER = "json"
    assert config.SERIALIZER == module.SERIALIZER == "json"
    assert "SERIALIZER" not in vars(module)
    assert module.as_dict() == config.as_dict()
    assert module.dump() == config.dump()
    assert module.copy().SERIALIZER == "json"
    module.reset(use_environment=False)
    assert module.SERIALIZER == "serpent"


def test_the_module_knows_what_is_no_item() -> None:
    module: Any = pyroplug.config
    with pytest.raises(ConfigError, match="COMMTIMEOUT"):
        module.COMTIMEOUT = 3
    with pytest.raises(AttributeError, match=r"module 'pyroplug.config' has no attribute 'nothing'"):
        _ = module.nothing
    with pytest.raises(ImportError, match="SERIALISER"):
        from pyroplug.config import SERIALISER  # type: ignore[attr-defined]  # noqa: F401


# The process's own environment -----------------------------------------------------------------------

PROGRAM = """
import warnings
warnings.simplefilter("always")
from pyroplug.api import Daemon, Proxy, config
print("imported")
try:
    print(config.THREADPOOL_SIZE)
    Proxy("PYRO:thing@localhost:1")
except Exception as error:
    print(type(error).__name__, error)
config.COMMTIMEOUT = 2
print(Proxy("PYRO:thing@localhost:1")._pyroTimeout)
"""


def test_no_variable_breaks_the_import() -> None:
    environ = {"PYRO_COMMTIMEOUT": "soon", "PYRO_ONEWAY_THREADED": "1", "PYRO_THREADPOOL_SIZE": "7"}
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environ, capture_output=True, text=True, check=True, timeout=60
    )
    imported, size, error, hint, timeout = ended.stdout.splitlines()
    assert (imported, size, timeout) == ("imported", "7", "2.0")
    assert error == (
        "ConfigError configuration item COMMTIMEOUT: environment variable PYRO_COMMTIMEOUT: "
        "'soon' is not a number (float) of at least 0"
    )
    assert hint.startswith("hint: COMMTIMEOUT: ")
    assert "environment variable PYRO_ONEWAY_THREADED: there is no configuration item" in ended.stderr
    assert ended.stderr.count("PYRO_ONEWAY_THREADED") == 1


class TestWhatIsDerived:
    def test_is_made_once(self) -> None:
        config, made = make(), count()
        assert [config.derived("key", lambda: next(made) + 1) for _ in range(3)] == [1, 1, 1]
        assert config.derived("other", lambda: "else") == "else"

    @pytest.mark.parametrize(
        "change", [lambda config: setattr(config, "COMMTIMEOUT", 7), lambda config: config.reset()]
    )
    def test_is_made_anew_when_a_value_has_changed(self, change: Callable[[Configuration], None]) -> None:
        config = make()
        before = config.derived("key", object)
        change(config)
        assert config.derived("key", object) is not before

    def test_is_not_kept_if_a_value_has_changed_meanwhile(self) -> None:
        config = make()

        def slowly() -> float:
            found: float = config.COMMTIMEOUT
            config.COMMTIMEOUT = found + 1
            return found

        config.derived("key", slowly)
        assert config.derived("key", lambda: config.COMMTIMEOUT) == config.COMMTIMEOUT

    def test_is_not_a_copys(self) -> None:
        config = make()
        before = config.derived("key", object)
        assert config.copy().derived("key", object) is not before
        assert config.derived("key", object) is before

    def test_is_not_more_than_so_much(self) -> None:
        config = make()
        kept = [weakref.ref(config.derived(key, Made)) for key in range(1000)]
        assert sum(reference() is not None for reference in kept) <= 100

    def test_is_not_kept_where_making_failed(self) -> None:
        config = make()
        with pytest.raises(ZeroDivisionError):
            config.derived("key", lambda: 1 // 0)
        assert config.derived("key", lambda: 5) == 5


class Made:
    pass


class Interrupting(dict[str, str]):
    """An environment that has another thread go on at the worst moment."""

    def __init__(self, variable: str) -> None:
        self.variable = variable
        self.meanwhile: Callable[[], None] = lambda: None

    def __contains__(self, variable: object) -> bool:
        if variable == self.variable:
            meanwhile, self.meanwhile = self.meanwhile, lambda: None
            meanwhile()
        return super().__contains__(variable)


def test_a_value_is_not_lost_where_two_threads_load_the_plugins_items() -> None:
    environ = Interrupting("PYROPLUG_LATE")
    config = Configuration(environ=environ, plugin_items=lambda: [ConfigItem("LATE", 1, "added late")])
    environ.meanwhile = lambda: setattr(config, "LATE", 5)
    assert config.LATE == 5
    assert config.variable("LATE") is None
