"""Which processors there are: adding one is a line here."""

from __future__ import annotations

from typing import Any

from pipeline.processors.processor import Processor
from pipeline.processors.settlement.processor import SETTLEMENT

PROCESSORS: dict[str, Processor[Any, Any, Any]] = {SETTLEMENT.name: SETTLEMENT}
