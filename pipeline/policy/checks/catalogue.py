"""All checks that rules can use, by name."""

from __future__ import annotations

from typing import Any

from pipeline.policy.check import Check
from pipeline.policy.checks import amounts, compliance, hours, parties, quotes, rates

CHECKS: dict[str, Check[Any]] = {
    check.name: check for check in (*amounts.CHECKS, *quotes.CHECKS, *rates.CHECKS, *parties.CHECKS, *compliance.CHECKS, *hours.CHECKS)
}
