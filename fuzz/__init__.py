"""Hostile bytes for everything that reads what strangers send; docs/fuzzing.md tells how to use it.

``targets`` says what must hold for any bytes, ``seeds`` makes valid ones, ``mutations`` others of those, and
``python -m fuzz`` runs them. ``corpus/`` has files for each target to begin with, ``crashes/`` every input
that ever broke something; the tests run both.
"""
