"""The rig of the acceptance tests."""

from __future__ import annotations

from tests.faults.conftest import make_rig

__all__ = ["make_rig"]
