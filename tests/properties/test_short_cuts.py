"""Short cuts on every record's way give what the long way gives, its refusals included."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.identifiers import check_opaque, opaque
from pipeline.domain.money import canonical_amount, parse_amount, plain
from pipeline.engines.inline import InlineEngine
from pipeline.errors import PoisonRecordError
from pipeline.log import topics
from pipeline.log.codec import encode, stated_terms, terms_of
from pipeline.processors.settlement.processor import SETTLEMENT
from pipeline.processors.settlement.state import from_json, to_json
from pipeline.testing.clocks import HandClock
from pipeline.testing.orders import records
from schemas.events import OrderSettled, OrderTerms, OrderUpdated
from tests.properties.test_settlement import histories

AMOUNTS = st.one_of(
    st.from_regex(r"[0-9]{1,39}(\.[0-9]{1,39})?([eE][+-]?[0-9]{1,3})?", fullmatch=True),
    st.from_regex(r"0{0,2}[1-9]?0{0,3}(\.0{0,3}[1-9]?0{0,3})?", fullmatch=True),
    st.text(alphabet="0123456789.eE+- \n٣", max_size=12),
)
TIMES = st.one_of(
    st.datetimes().map(lambda at: at.isoformat(timespec="milliseconds") + "Z"),
    st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?Z", fullmatch=True),
    st.sampled_from(["2025-W10-1T09:00:00.500Z", "2025-03-15T24:00:00.000Z", "2025-03-15T23:59:60.000Z"]),
)
NAMES = st.text(alphabet=st.sampled_from("aé :\x7f\x00\n"), max_size=6) | st.just("p" * 300) | st.just("p" * 513)


def said(result: Callable[[], object]) -> object:
    """Return what comes out, or the reason of the refusal."""
    try:
        return result()
    except PoisonRecordError as error:
        return f"refused: {error}"


@given(AMOUNTS)
def test_an_amount_is_spelled_as_by_way_of_its_value(text: str) -> None:
    """The canonical spelling of an amount is that of its exact value, and it is refused for the same reason."""
    assert said(lambda: canonical_amount(text, "x")) == said(lambda: plain(parse_amount(text, "x")))


@given(amount=AMOUNTS, time=TIMES, party=NAMES)
def test_terms_are_stated_as_by_way_of_their_values(amount: str, time: str, party: str) -> None:
    """Terms are stated as their values state them, whatever stands in the fields."""
    event = OrderTerms.trusted({"target_amount": amount, "settled_at": time, "sender_custodian_party_id": party})
    assert said(lambda: stated_terms(event)) == said(lambda: terms_of(event).stated())


@given(st.dictionaries(st.sampled_from("abcd"), NAMES))
def test_texts_are_checked_together_as_each_alone(texts: dict[str, str]) -> None:
    """Texts pass together when each passes alone, and the first one that does not is named."""
    assert said(lambda: check_opaque(texts)) == said(lambda: [opaque(text, name) for name, text in texts.items()][:0] or None)


@given(histories)
def test_what_is_emitted_and_stored_is_what_checking_everything_gives(events: list[OrderUpdated]) -> None:
    """Each settlement is valid and has the bytes of the checked event; each state has the bytes that `json` writes."""
    engine = InlineEngine(SETTLEMENT, HandClock())
    for output in engine.run(records(events)):
        if output.envelope.kind is topics.ORDER_SETTLED:
            assert encode(OrderSettled.model_validate_json(output.value)) == output.value
    for text in engine.states.values():
        assert json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":")) == text == to_json(from_json(text))


@pytest.mark.parametrize("character", ["\x00", "\x1f", "\x7f", '"', "\\", "/", "é", "\u2028", "😀"])
def test_a_state_is_written_as_json_writes_it(character: str) -> None:
    """Every kind of character stands in a state as `json` writes it."""
    state = from_json(json.dumps({"venue": character, "intent_id": "x"}))
    assert to_json(state) == json.dumps({"venue": character, "intent_id": "x"}, ensure_ascii=False, separators=(",", ":"))
