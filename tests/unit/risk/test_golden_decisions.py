"""Decisions stay what they were: a change of the code may make them faster, and not other."""

from __future__ import annotations

import sys

import orjson

from pipeline.log.codec import encode
from schemas.accepting import RuleOutcome
from tests.unit.risk.corpus import DIGESTS, corpus, digested


def test_every_decision_of_the_corpus_has_the_bytes_that_were_written_down() -> None:
    """Yesterday's decisions replay identically by today's code: policy, question, counters and time give the bytes they gave."""
    written = DIGESTS.read_text(encoding="utf-8").splitlines()
    found = []
    for one in corpus():
        made = one.engine.decide(one.request, one.counters, one.at)
        found.append(digested(one, encode(made), made.verdict))
    assert found == written
    assert {line.split(" ", 1)[1] for line in written} == {
        f"{verdict} {question}" for verdict in ("ACCEPT", "REJECT", "REFER", "WAIT") for question in ("accept_proposal", "co_sign_quote")
    }


def test_every_character_is_written_as_the_codec_writes_it() -> None:
    """A decision is written without its model; both ways escape the same characters in the same way."""
    every = "".join(chr(number) for number in range(sys.maxunicode + 1) if not 0xD800 <= number <= 0xDFFF)
    written = {"name": "n", "check": "c", "verdict": "PASS", "inputs": {every: every}, "explanation": every}
    assert orjson.dumps(written) == encode(RuleOutcome.model_validate(written))
