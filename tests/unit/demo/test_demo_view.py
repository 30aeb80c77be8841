"""The demo's live screen, on the smallest terminal that is usual."""

from __future__ import annotations

from io import StringIO

from rich.console import Console

from infra.demo.accepting import Accepting
from infra.demo.figures import Figures, Role
from infra.demo.view import ROLES, line, screen

LONG = "a line that is longer than any terminal of eighty columns can show, so that it has to be cut at its end, not wrapped"


def test_the_screen_fits_eighty_columns_and_twenty_four_lines() -> None:
    """With every line in use, large numbers and long texts, nothing wraps and nothing is pushed off the screen."""
    roles = tuple(Role(name=name, pid=4_000_000, healthy=True, restarts=0, alive=True) for names in ROLES for name in names)
    seen = Accepting(proposals=99_999, accepted=99_999, p50=1.25, p99=99.5, latest=(f"59:59 ACCEPT {LONG}",) * 4)
    figures = Figures(
        venue_settled=999_999, published=999_999, lag={name: 999 for names in ROLES for name in names}, p50=1.25, p99=99.5,
        accepting=seen, roles=roles, trouble=LONG,
    )  # fmt: skip
    output = StringIO()
    Console(file=output, width=80, height=24, legacy_windows=False).print(
        screen(figures, elapsed=60, seconds=60, spoken=[LONG] * 9, news=[LONG] * 9)
    )
    drawn = output.getvalue().splitlines()
    assert len(drawn) <= 24
    assert all(len(text) <= 80 for text in drawn)
    assert any("archive 4000000" in text for text in drawn), "every role is to be seen"


def test_into_a_pipe_one_line_says_it_all() -> None:
    """The plain form is one line, and counts accepting too."""
    text = line(Figures(accepting=Accepting(proposals=3, accepted=2, referred=1)), elapsed=5)
    assert "\n" not in text
    assert "proposals 3, accepted 2, co-signed 0, rejected 0, referred 1" in text
