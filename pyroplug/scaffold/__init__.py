"""New plugins: a complete distribution of any kind, written from templates into a folder of its own.

``kinds`` is the table of what can be made, ``names`` says which names are possible, ``project`` fills the
templates and writes. Nothing here knows the command line, nor which plugins are installed.
"""

from .kinds import KINDS, NewKind
from .names import check_name
from .project import LICENCES, Project

__all__ = ["KINDS", "LICENCES", "NewKind", "Project", "check_name"]
