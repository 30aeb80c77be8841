"""Which processors there are, set up by the settings: adding one is a line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from pipeline.processors.processor import Processor
from pipeline.processors.risk.processor import RISK
from pipeline.processors.settlement.processor import SETTLEMENT
from pipeline.processors.workflow.facts import WorkflowRules
from pipeline.processors.workflow.processor import workflow
from pipeline.settings import Settings


def _workflow(settings: Settings) -> Processor[Any, Any, Any]:
    return workflow(
        WorkflowRules(
            mode=settings.mode.accepting,
            quote_window=timedelta(seconds=settings.workflow.quote_window),
            rates_expected=bool(settings.rates),
            quotes_expected=settings.workflow.quotes_expected,
            quote_margin=timedelta(seconds=settings.workflow.quote_margin),
        )
    )


PROCESSORS: Mapping[str, Callable[[Settings], Processor[Any, Any, Any]]] = {
    "settlement": lambda _: SETTLEMENT,
    "workflow": _workflow,
    "risk": lambda _: RISK,
}
"""By role."""
