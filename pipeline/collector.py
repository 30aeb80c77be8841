"""Python's cycle collector, told to look seldom: records have no cycles, and looking through thousands of waiting ones is costly."""

from __future__ import annotations

import gc

THRESHOLDS = (50_000, 20, 50)
"""A record makes some forty objects and none of them in a cycle; at Python's default of 700 objects the collector takes a quarter to a
third of the time of ingest, of the ledger and of Faust's loop."""


def collect_seldom() -> None:
    """Collect once, keep what is there out of later looks, and look seldom from here on; to be called when a role has all its modules."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
