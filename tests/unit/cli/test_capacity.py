"""What `custodian doctor` says about the capacity that a request cap gives."""

from __future__ import annotations

import pytest

from pipeline.cli.doctor import capacity


@pytest.mark.parametrize(("rate", "said"), [(5.0, "5 requests/s: some 0.45 orders/s"), (110.0, "110 requests/s: some 10 orders/s")])
def test_the_doctor_says_how_many_orders_a_cap_lets_through(rate: float, said: str) -> None:
    """It is a line of its own per venue, and no finding."""
    line = capacity("tokyo", rate)
    assert line.do is None
    assert line.check == "venue tokyo capacity"
    assert line.found.startswith(said)
