"""``python -m pyroplug`` is the command ``pyroplug``."""

from .cli import main

if __name__ == "__main__":
    main(prog_name="pyroplug")
