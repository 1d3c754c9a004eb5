"""How fast calls are, side by side: ``python -m benchmarks``; and why: ``python -m benchmarks.profile_call``.
The HTTP gateway beside Pyro5's is ``gateway``, by itself, and so is the name server, ``names``.

``contestant`` says what is compared, ``contestants`` has a module for each library, and ``workloads`` says by
doing what. ``children``, ``servers`` and ``connected`` start processes, ``clients`` are some of them. Each
module of ``kinds`` is a kind of measurement; most use ``rounds``, and all give ``series``. What comes after
knows only these: ``results`` makes ratios, ``targets`` judges by the ``goals``, ``regression`` compares with
the runs before, and ``report``, ``page`` and ``plots`` show them.
"""
