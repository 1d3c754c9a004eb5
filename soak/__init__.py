"""Many clients for a long time, with faults in between: nothing is wrong, lost, or kept.

``python -m soak`` runs it: ``server`` serves, ``clients`` call and check, ``faults`` is the network that
misbehaves between some of them, ``ledger`` knows which calls must have run, and how often, ``watching`` looks
at what processes use, and ``__main__`` puts it all together and reports.
"""
