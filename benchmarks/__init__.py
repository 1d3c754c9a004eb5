"""How fast calls are, side by side: ``python -m benchmarks``; and why: ``python -m benchmarks.profile_call``.

``contestant`` says what is compared, ``contestants`` has a module for each library, and ``workloads`` says by
doing what. ``servers`` and ``connected`` start the processes, ``clients`` are some of them. Each module of
``kinds`` is a kind of measurement; all of them use ``rounds`` and give ``series``. What comes after knows
only these: ``results`` makes ratios, ``targets`` judges by the ``goals``, ``regression`` compares with the
run before, and ``report``, ``page`` and ``plots`` show them.
"""
