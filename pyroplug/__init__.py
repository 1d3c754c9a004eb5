"""Python remote objects on an extensible, plugin-based framework.

Programs import :mod:`pyroplug.api`; plugin authors import :mod:`pyroplug.contracts`,
:mod:`pyroplug.hookspecs` and :mod:`pyroplug.errors`.
"""

__version__ = "0.1.0"
