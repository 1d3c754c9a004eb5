"""What pytest loads wherever pyroplug is installed: next to nothing, and no library but pytest.

It must not stand within ``pyroplug.testing``, which needs hypothesis: an environment without that could not
run any test of any project.
"""

from __future__ import annotations

import pytest

# The suites' assertions stand in a package that is installed, where pytest does not explain them by itself.
pytest.register_assert_rewrite("pyroplug.testing")
