"""How fast calls are, side by side: ``python -m benchmarks``; and why: ``python -m benchmarks.profile_call``.

``contestant`` says what is compared and ``workloads`` by doing what; ``servers`` starts the processes,
``runner`` measures in rounds, ``results`` makes ratios of it, ``targets`` judges and ``report`` shows them.
"""
