"""Plays the risk officer of the demo, by the command line alone: approves one referral, refuses the next, lets the others lapse."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from infra.demo.accepting import reason, short_amount
from pipeline.clock import SystemClock

NAME = "Demo Officer"
LOGIN = "demo_officer"
"""Who that is for the database: a login that may look and approve, and nothing else."""
TIME_NEEDED = timedelta(seconds=4)
"""Under so much time left a referral is let go: looking at it and answering takes two commands."""
PAUSE = 1.0
"""Seconds between looks; each is a start of the program on a machine that is busy."""

Program = Callable[..., subprocess.CompletedProcess[str]]
Said = Literal["approve", "refuse"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """A referral that was answered, and what the program said to it."""

    decision_id: str
    intent_id: str
    said: Said
    heard: bool


class Officer:
    """Answers referrals in a thread of its own until it has approved one and refused one, or is told to stop."""

    def __init__(self, custodian: Program, say: Callable[[str], None]) -> None:
        """`custodian` runs the program as the officer's login; `say` gets a line for whoever watches, from the officer's thread."""
        self.spoken: list[Spoken] = []
        self._custodian, self._say = custodian, say
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="officer", daemon=True)

    def start(self) -> None:
        """Begin to look for what waits."""
        if self._thread.ident is None:
            self._thread.start()

    def stop(self) -> None:
        """End after what is being done now."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(30)

    def became(self, said: Said) -> Spoken | None:
        """Return the referral to which this was said and heard."""
        return next((one for one in self.spoken if one.said == said and one.heard), None)

    def _work(self) -> None:
        while not self._stop.wait(PAUSE):
            wanted: Said = "refuse" if self.became("approve") else "approve"
            try:
                listed = self._custodian("decisions", "list", "--pending", "--format", "jsonl")
                waiting = [json.loads(text) for text in listed.stdout.splitlines()] if listed.returncode == 0 else []
                chosen = choose(waiting, now=SystemClock().now(), done={one.decision_id for one in self.spoken})
                if chosen is not None:
                    self._answer(chosen, wanted)
            except subprocess.TimeoutExpired:
                continue  # the machine is busy: it is looked at again
            if self.became("refuse"):
                self._say("leaves the others to lapse: what nobody approves is not accepted")
                return

    def _answer(self, waiting: dict[str, Any], said: Said) -> None:
        decision_id, digest = waiting["decision_id"], waiting["referral"]["shown_sha256"]
        shown = self._custodian("decisions", "show", decision_id, "--format", "table")
        if shown.returncode or digest not in shown.stdout:
            return  # it was asked anew between the two looks
        why = "known counterparty" if said == "approve" else "not today"
        done = self._custodian("decisions", said, decision_id, "--shown", digest, "--as", NAME, "--reason", why, "--format", "table")
        self.spoken.append(Spoken(decision_id=decision_id, intent_id=waiting["intent_id"], said=said, heard=done.returncode == 0))
        became = {"approve": "approved", "refuse": "refused"}[said] if done.returncode == 0 else f"came too late to {said}"
        self._say(f"{became} order {waiting['intent_id'][:8]} ({asked_of(waiting)})")


def choose(waiting: Sequence[dict[str, Any]], *, now: datetime, done: set[str]) -> dict[str, Any] | None:
    """Return what one person can still answer alone: a proposal with time left, the one with the most."""
    open_ones = [
        one
        for one in waiting
        if one["question"] == "accept_proposal"
        and one["decision_id"] not in done
        and one["referral"]["approvers_needed"] == 1
        and datetime.fromisoformat(one["referral"]["expires_at"]) - now > TIME_NEEDED
    ]
    return max(open_ones, key=lambda one: datetime.fromisoformat(one["referral"]["expires_at"]), default=None)


def asked_of(waiting: dict[str, Any]) -> str:
    """Return in few words why a decision was referred."""
    found = reason("REFER", waiting["rules"])
    observed = next((rule.get("observed") for rule in waiting["rules"] if rule["verdict"] == "REFER"), None)
    return found if observed is None or not observed.replace(".", "").isdigit() else f"{short_amount(observed)}; {found}"
