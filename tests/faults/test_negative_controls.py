"""Each protection that money depends on is missed by a test when it is taken away."""

from __future__ import annotations

import pytest

from tests.faults.controls import ROOT, Control, edited, show
from tests.faults.negative_controls import CONTROLS


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.name)
def test_each_protection_stands_where_its_control_looks_for_it(control: Control) -> None:
    """The text that a control takes away is in the tree exactly once."""
    assert edited(control, ROOT)


@pytest.mark.faults_long
@pytest.mark.timeout(420)
@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.name)
def test_without_a_protection_a_test_turns_red(control: Control) -> None:
    """With the protection taken away in a copy of the tree, the named test fails for the reason that is expected."""
    assert show(control)
