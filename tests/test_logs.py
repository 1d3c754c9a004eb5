"""What is logged, and where, depending on the environment and on what the program sets up itself."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

LOG_ALL = """
import logging
for level in (10, 20, 30, 40):
    logging.getLogger("pyroplug.somewhere").log(level, "ours %d", level)
    logging.getLogger("theirs").log(level, "theirs %d", level)
"""


def run(code: str, folder: Path, *options: str, **environ: str) -> tuple[str, str]:
    """What a program writes to standard output and standard error."""
    ended = subprocess.run(
        [sys.executable, *options, "-c", code],
        cwd=folder,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout, ended.stderr


def texts(log: str) -> list[str]:
    """The messages of the lines, with the level that each line names."""
    found = [re.fullmatch(r"[\d-]+ [\d:,]+ ([A-Z]+) ([\w.]+): (.*)", line) for line in log.splitlines()]
    assert all(found), log
    return [f"{match[1]} {match[2]} {match[3]}" for match in found if match]


# The environment wants it ----------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["PYRO_", "PYROPLUG_"])
def test_to_a_file_from_a_level_on(tmp_path: Path, prefix: str) -> None:
    environ = {f"{prefix}LOGLEVEL": "INFO", f"{prefix}LOGFILE": "pyro.log"}
    assert run(f"import pyroplug.api\n{LOG_ALL}", tmp_path, **environ) == ("", "")
    assert texts((tmp_path / "pyro.log").read_text()) == [
        "INFO pyroplug logging from INFO on",
        "INFO pyroplug.somewhere ours 20",
        "INFO theirs theirs 20",
        "WARNING pyroplug.somewhere ours 30",
        "WARNING theirs theirs 30",
        "ERROR pyroplug.somewhere ours 40",
        "ERROR theirs theirs 40",
    ]


def test_set_by_the_program_before_the_import(tmp_path: Path) -> None:
    code = """
import os
os.environ["PYRO_LOGFILE"] = "pyro.log"
os.environ["PYRO_LOGLEVEL"] = "DEBUG"
import pyroplug.api
pyroplug.api.Daemon().close()
"""
    assert run(code + LOG_ALL, tmp_path) == ("", "")
    assert "DEBUG pyroplug.somewhere ours 10" in texts((tmp_path / "pyro.log").read_text())


def test_the_default_file(tmp_path: Path) -> None:
    run("import pyroplug.api", tmp_path, PYRO_LOGLEVEL="DEBUG")
    assert texts((tmp_path / "pyro5.log").read_text()) == ["INFO pyroplug logging from DEBUG on"]


def test_to_standard_error(tmp_path: Path) -> None:
    environ = {"PYRO_LOGLEVEL": "debug", "PYRO_LOGFILE": "{stderr}"}
    out, err = run(f"import pyroplug.api\n{LOG_ALL}", tmp_path, **environ)
    assert out == ""
    assert "DEBUG pyroplug.somewhere ours 10" in texts(err)
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_continued(tmp_path: Path) -> None:
    for _ in range(2):
        run("import pyroplug.api", tmp_path, PYRO_LOGLEVEL="INFO", PYRO_LOGFILE="x.log")
    assert len((tmp_path / "x.log").read_text().splitlines()) == 2


def test_the_programs_handlers_stay(tmp_path: Path) -> None:
    setup = "import logging; logging.basicConfig(format='own %(message)s')\n"
    environ = {"PYRO_LOGLEVEL": "INFO", "PYRO_LOGFILE": "x.log"}
    _, err = run(f"{setup}import pyroplug.api\n{LOG_ALL}", tmp_path, **environ)
    assert err.splitlines() == [
        *("own ours 20", "own ours 30", "own theirs 30", "own ours 40", "own theirs 40"),
    ]
    assert list(tmp_path.iterdir()) == []


def test_the_programs_level_stays(tmp_path: Path) -> None:
    setup = """
import logging
logging.basicConfig(format="own %(message)s")
logging.getLogger("pyroplug").setLevel(logging.ERROR)
import pyroplug.api
"""
    _, err = run(setup + LOG_ALL, tmp_path, PYRO_LOGLEVEL="DEBUG")
    assert "own ours 30" not in err
    assert "own ours 40" in err


@pytest.mark.parametrize("level", ["LOUD", "10", "Level 10", "basicConfig"])
def test_an_unknown_level_is_warned_of(tmp_path: Path, level: str) -> None:
    out, err = run("import pyroplug.api; print('imported')", tmp_path, PYRO_LOGLEVEL=level)
    assert out == "imported\n"
    assert f"UserWarning: PYRO_LOGLEVEL is {level!r}" in err
    assert "DEBUG, INFO, WARNING, ERROR or CRITICAL" in err
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_to_is_warned_of(tmp_path: Path) -> None:
    environ = {"PYRO_LOGLEVEL": "INFO", "PYRO_LOGFILE": "nowhere/x.log"}
    out, err = run("import pyroplug.api; print('imported')", tmp_path, **environ)
    assert out == "imported\n"
    assert "UserWarning: PYRO_LOGFILE is 'nowhere/x.log', which cannot be written to" in err
    assert "INFO pyroplug: logging from INFO on" in err


# It does not -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("environ", [{}, {"PYRO_LOGLEVEL": ""}, {"PYRO_LOGFILE": "x.log"}])
def test_nothing_below_a_warning_is_shown(tmp_path: Path, environ: dict[str, str]) -> None:
    out, err = run(f"import pyroplug.api\n{LOG_ALL}", tmp_path, **environ)
    assert out == ""
    assert err.splitlines() == ["ours 30", "theirs 30", "ours 40", "theirs 40"]
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_set_up_or_switched_off(tmp_path: Path) -> None:
    code = """
import logging, pyroplug.api, pyroplug.hosting, sys
for module in list(sys.modules.values()):
    if module.__name__.startswith("pyroplug") and hasattr(module, "log"):
        module.log.isEnabledFor(logging.INFO)  # there is a logger once it is used
loggers = [logging.root, *(logging.getLogger(name) for name in logging.root.manager.loggerDict)]
ours = [one for one in loggers if one.name.startswith("pyroplug")]
print(len(ours) > 3, [one for one in loggers if one.handlers])
print([one for one in ours if one.level or one.disabled or not one.propagate])
print("pyroplug.logs" in sys.modules)
"""
    assert run(code, tmp_path) == ("True []\n[]\nFalse\n", "")


def test_a_daemons_warnings_are_seen(tmp_path: Path) -> None:
    code = """
from pyroplug.api import Daemon, config
config.SERIALIZERS_ACCEPTED = config.SERIALIZERS_ACCEPTED
Daemon().close()
"""
    _, err = run(code, tmp_path, PYROPLUG_BLOCK="msgpack")
    assert err.startswith("not accepted: ")


BEFORE = """
import logging
logging.basicConfig(format="%(name)s %(message)s")
logging.getLogger("pyroplug").setLevel(logging.DEBUG)
logging.getLogger("pyroplug.quiet").setLevel(logging.ERROR)
import pyroplug.api
"""
AFTER = "import pyroplug.api\n" + BEFORE


@pytest.mark.parametrize("setup", [BEFORE, AFTER], ids=["before", "after"])
def test_with_the_standard_module_only(tmp_path: Path, setup: str) -> None:
    quiet = "logging.getLogger('pyroplug.quiet').warning('not seen')\n"
    _, err = run(setup + LOG_ALL + quiet, tmp_path)
    assert err.splitlines() == [
        "pyroplug.somewhere ours 10",
        "pyroplug.somewhere ours 20",
        "pyroplug.somewhere ours 30",
        "theirs theirs 30",
        "pyroplug.somewhere ours 40",
        "theirs theirs 40",
    ]


def test_loggers_are_named_like_the_modules(tmp_path: Path) -> None:
    code = """
import pyroplug.api, sys
pyroplug.api.Daemon().close()
modules = {name: module for name, module in sys.modules.items() if name.startswith("pyroplug")}
print(*(module.log.name for module in modules.values() if hasattr(module, "log")))
print(*modules)
"""
    loggers, modules = (set(line.split()) for line in run(code, tmp_path)[0].splitlines())
    assert {"pyroplug.daemon", "pyroplug.session", "pyroplug.hosting"} <= loggers
    assert loggers - modules == set()
