"""Plugins that are broken on purpose; ``SAYS`` has which test finds each, and what it must say."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any, ClassVar

from pyroplug.testing import PluginSuite

SITE = Path(__file__).parent / "site"

SERIALIZER = """
from pyroplug.hookspecs import hookimpl

class Serializer:
    name, wire_id, carries = {name!r}, {wire_id}, frozenset()
    def codec(self, settings, classes): pass

@hookimpl
def pyroplug_serializers():
    return [Serializer()]
"""

SOURCES = {
    "sound": "",
    "unimportable": "import no_such_module_anywhere",
    "misspelled": "pyroplug_serialisers = hookimpl(lambda: [])",
    "unmarked": "def pyroplug_transports(): return []",
    "slow": "import time\nwhile time.process_time() < 1.2: pass",
    "talkative": "print('hello, I am here')",
    "threaded": "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()",
    "environment": "import os\nos.environ['ACME'] = '1'",
    "signals": "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)",
    "logs": "import logging\nlogging.basicConfig()",
    "opens": "kept = open(__file__)",
    "tested": "import unittest",
}


def install() -> None:
    """Make what an installation leaves behind: modules and metadata."""
    SITE.mkdir(exist_ok=True)
    for number, (name, more) in enumerate(SOURCES.items()):
        (SITE / f"acme_{name}.py").write_text(
            SERIALIZER.format(name=name, wire_id=200 + number) + more + "\n"
        )
        metadata(f"acme-{name}", {name: f"acme_{name}"})
    metadata("acme-again", {"twice": "acme_sound"})
    metadata("acme-once-more", {"twice": "acme_sound"})
    sys.path.insert(0, str(SITE))
    importlib.invalidate_caches()


def metadata(distribution: str, entries: dict[str, str]) -> None:
    folder = SITE / f"{distribution.replace('-', '_')}-1.0.dist-info"
    folder.mkdir(exist_ok=True)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
    lines = [f"{name} = {target}" for name, target in entries.items()]
    (folder / "entry_points.txt").write_text("\n".join(["[pyroplug]", *lines, ""]))


if __name__ == "test_mutants":  # where it is run: not where it is looked at
    install()


class TestSound(PluginSuite):
    plugin = "sound"
    provides: ClassVar[Any] = {"serializer": ["sound"]}


class TestNotInstalled(PluginSuite):
    plugin = "soundless"


class TestTwice(PluginSuite):
    plugin = "twice"


class TestProvidesLess(TestSound):
    provides: ClassVar[Any] = {"serializer": ["sound"], "transport": ["acme"]}


class TestProvidesMore(TestSound):
    provides: ClassVar[Any] = {}


class TestOfNoKind(TestSound):
    provides: ClassVar[Any] = {"serialiser": ["sound"]}


class TestUnimportable(PluginSuite):
    plugin = "unimportable"


class TestMisspelled(PluginSuite):
    plugin = "misspelled"


class TestUnmarked(PluginSuite):
    plugin = "unmarked"


class TestSlow(PluginSuite):
    plugin = "slow"


class TestTalkative(PluginSuite):
    plugin = "talkative"


class TestThreaded(PluginSuite):
    plugin = "threaded"


class TestEnvironment(PluginSuite):
    plugin = "environment"


class TestSignals(PluginSuite):
    plugin = "signals"


class TestLogs(PluginSuite):
    plugin = "logs"


class TestOpens(PluginSuite):
    plugin = "opens"


class TestTested(PluginSuite):
    plugin = "tested"


_EFFECTS = "test_its_import_has_no_side_effects"

SAYS = {
    "TestNotInstalled": ("test_it_is_found", "did you mean 'sound'?"),
    "TestTwice": ("test_it_is_found", "acme-again 1.0 and acme-once-more 1.0"),
    "TestProvidesLess": ("test_it_provides_what_it_says", "transport 'acme' is missing"),
    "TestProvidesMore": ("test_it_provides_what_it_says", "a suite says all that its plugin provides"),
    "TestOfNoKind": ("test_it_provides_what_it_says", "serialiser is none"),
    "TestUnimportable": ("test_it_is_admitted", "'no_such_module_anywhere', which is not installed"),
    "TestMisspelled": ("test_it_is_admitted", "did you mean pyroplug_serializers?"),
    "TestUnmarked": ("test_it_is_admitted", "not marked as a hook"),
    "TestSlow": ("test_its_import_is_quick", "import large libraries where they are used"),
    "TestTalkative": (_EFFECTS, "'hello, I am here' was written to standard output"),
    "TestThreaded": (_EFFECTS, "threads changed"),
    "TestEnvironment": (_EFFECTS, "the environment changed: ACME: 1"),
    "TestSignals": (_EFFECTS, "the handlers of signals changed: 15"),
    "TestLogs": (_EFFECTS, "the root logger changed"),
    "TestOpens": (_EFFECTS, "open files changed"),
    "TestTested": ("test_it_needs_no_tools_for_tests", "it imports unittest"),
}
