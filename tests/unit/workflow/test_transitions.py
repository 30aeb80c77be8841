"""The table of transitions and the picture of it."""

from __future__ import annotations

import pytest

from pipeline.errors import FatalError
from pipeline.processors.workflow import transitions
from pipeline.processors.workflow.transitions import TABLE, Phase, Trigger


def test_the_picture_is_drawn_from_the_table() -> None:
    """The docstring shows exactly the table that decides."""
    assert transitions.picture() in (transitions.__doc__ or "")


def test_every_phase_can_be_reached_and_left_for_the_end() -> None:
    """From the first phase every other one can be reached, and from each the end, where nothing leads on."""
    reached, fresh = {Phase.NEW}, {Phase.NEW}
    while fresh:
        fresh = {target for phase in fresh for target in TABLE[phase].values()} - reached
        reached |= fresh
    assert reached == set(Phase)
    assert all(TABLE[phase][Trigger.OVER] is Phase.ENDED for phase in Phase if phase is not Phase.ENDED)
    assert not TABLE[Phase.ENDED]


def test_a_command_goes_out_of_a_question_only() -> None:
    """Both phases in which a command is out are entered by an ACCEPT from a question or a referral, and by nothing else."""
    into = {
        (phase, trigger) for phase, moves in TABLE.items() for trigger, to in moves.items() if to in (Phase.ACCEPTING, Phase.CO_SIGNING)
    }
    asking = (Phase.ASKING_ACCEPT, Phase.REFERRED_ACCEPT, Phase.ASKING_QUOTE, Phase.REFERRED_QUOTE)
    assert into == {(phase, Trigger.ACCEPTED) for phase in asking}


def test_what_is_not_in_the_table_stops_the_worker() -> None:
    """A transition that the table does not have raises FatalError and names it."""
    with pytest.raises(FatalError, match="phase declined cannot be asked"):
        transitions.after(Phase.DECLINED, Trigger.ASKED)
