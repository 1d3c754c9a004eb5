"""What MODULE:NAME stands for, and what is told where it stands for nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyroplug_tools.targets import target_of

from pyroplug.commands import Failure

SHOP = """
import functools

class Shop:
    def __init__(self, name="main"):
        self.name = name
    @classmethod
    def small(cls):
        return cls("small")
    class Till:
        pass

shop = Shop()
def make():
    return Shop("made")
other = functools.partial(Shop, "other")
def fail():
    return 1 / 0
def end():
    raise SystemExit(3)
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current one, with a module in it."""
    (tmp_path / "a_shop.py").write_text(SHOP)
    (tmp_path / "a_broken.py").write_text("import a_module_that_is_missing\n")
    (tmp_path / "a_package").mkdir()
    (tmp_path / "a_package" / "inner.py").write_text("class Thing:\n    pass\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry])
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("a_")]:
        del sys.modules[name]


def test_a_class_is_itself() -> None:
    shop = target_of("a_shop:Shop")
    assert isinstance(shop, type)
    assert target_of("a_shop:Shop.Till") is shop.Till  # type: ignore[attr-defined]
    assert target_of("a_package.inner:Thing").__name__ == "Thing"


@pytest.mark.parametrize(
    ("name", "made"), [("shop", "main"), ("make", "made"), ("other", "other"), ("Shop.small", "small")]
)
def test_an_object_or_what_makes_one(name: str, made: str) -> None:
    assert target_of(f"a_shop:{name}").name == made


def failure(text: str) -> tuple[int, str]:
    with pytest.raises(Failure) as caught:
        target_of(text)
    return caught.value.exit_code, str(caught.value)


@pytest.mark.parametrize(
    "text", ["a_shop", "a_shop:", ":Shop", "a_shop.py:Shop", "./a_shop:Shop", "a-b:c", "a:b()"]
)
def test_what_has_another_form(text: str) -> None:
    code, told = failure(text)
    assert code == 2
    assert told.startswith(f"{text!r} is not MODULE:NAME\nhint: ")


def test_the_hint_says_what_was_meant() -> None:
    assert failure("a_shop.py:Shop")[1].endswith(": a_shop:Shop")
    assert failure("a_package/inner.py:Thing")[1].endswith(": a_package.inner:Thing")


@pytest.mark.parametrize(("text", "module"), [("a_nothing:X", "a_nothing"), ("a_shop.sub:X", "a_shop.sub")])
def test_a_module_that_is_not_there(text: str, module: str, folder: Path) -> None:
    code, told = failure(text)
    assert code == 1
    assert told.startswith(f"there is no module {module!r}\nhint: ")
    assert str(folder) in told


def test_a_name_that_is_not_there() -> None:
    assert failure("a_shop:Shpo") == (1, "a_shop has no 'Shpo'\nhint: did you mean Shop?")
    assert failure("a_shop:Shop.Tell") == (1, "a_shop:Shop has no 'Tell'\nhint: did you mean Till?")
    assert failure("a_shop:zzz") == (1, "a_shop has no 'zzz'")


def test_what_fails_in_the_users_code_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert failure("a_shop:fail") == (1, "calling a_shop:fail failed: ZeroDivisionError")
    shown = capsys.readouterr().err
    assert "a_shop.py" in shown
    assert "targets.py" not in shown
    assert failure("a_broken:X") == (1, "importing a_broken failed: ModuleNotFoundError")
    assert "a_module_that_is_missing" in capsys.readouterr().err
    assert failure("a_shop:end")[0] == 1


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python knows of safe paths from 3.11 on")
def test_who_wants_no_module_of_the_current_folder_gets_none(folder: Path) -> None:
    code = "from pyroplug_tools.targets import target_of; target_of('a_shop:Shop')"
    for option, found in (("-P", False), ("-b", True)):
        ended = subprocess.run(
            [sys.executable, option, "-c", code],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert ("there is no module 'a_shop'" in ended.stderr) is not found
