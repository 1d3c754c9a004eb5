"""What ``pyroplug demo`` shows: every server model and transport, called through every serializer.

``stock`` is the object that is served, ``story`` is what a client does with it and what the answers have to
be. ``server`` and ``client`` run in processes of their own, at the ends of pipes that are in ``parent`` and
``child``; ``show`` starts them and collects what comes back. Nothing here knows any plugin by its name.
"""

from .show import Outcome, Result, show

__all__ = ["Outcome", "Result", "show"]
