"""Who else may have a secret's file, by mode, group and where it is mounted; and whether there are people enough."""

from __future__ import annotations

import os

import pytest

from pipeline.cli.doctor import people_line
from pipeline.secret_files import open_to_others


@pytest.mark.parametrize(
    ("mode", "group", "mounted", "is_open"),
    [
        (0o600, 5, False, False),
        (0o400, 5, False, False),
        (0o440, 7, False, False),  # a pod: root's, readable by fsGroup
        (0o640, 7, False, False),
        (0o440, 5, False, True),  # of a group that is not ours
        (0o660, 7, False, True),
        (0o444, 7, False, True),
        (0o444, 5, False, True),
        (0o604, 7, False, True),
        (0o444, 5, True, False),  # Compose mounts the file itself
        (0o446, 7, True, True),
        (0o777, 7, True, True),
    ],
)
def test_a_secret_is_open_when_others_may_read_or_anybody_else_may_write(mode: int, group: int, mounted: bool, is_open: bool) -> None:
    """Our own groups may read, nobody else; a file that is mounted by itself is guarded where it comes from; nobody else ever writes."""
    about = os.stat_result((0o100000 | mode, 1, 1, 1, 0, group, 1, 0, 0, 0))
    assert open_to_others(about, groups={7}, mounted=mounted) is is_open


@pytest.mark.parametrize(
    ("approve", "operate", "live", "do"),
    [
        (2, 2, True, None),
        (1, 2, True, "custodian people add LOGIN --may approve: each takes 2 people"),
        (0, 0, True, "custodian people add LOGIN --may approve --may operate: each takes 2 people"),
        (2, 1, False, None),
    ],
)
def test_fewer_people_than_have_to_agree_are_a_finding_where_money_moves(approve: int, operate: int, live: bool, do: str | None) -> None:
    """One person alone can neither end a halt nor put a policy in force."""
    line = people_line({"approve": approve, "operate": operate}, live=live)
    assert (line.found, line.do) == (f"{approve} may approve, {operate} end halts", do)
