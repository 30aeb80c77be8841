"""Signatures of an external engine's answers: what holds, and whatever else does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.log.signatures import fault, new_pair, public_key, signature_of, signed_bytes
from tests.signing import key_of, public_pem, signature

VALUE, QUESTION = b'{"verdict": "ACCEPT"}', "ab" * 32
KEYS = {name: public_key(public_pem(name)) for name in ("desk", "next")}


def test_a_signature_by_any_named_key_holds() -> None:
    """Two keys are named while one takes the place of the other; what is signed is digest and bytes, and nothing else."""
    assert [fault(signature(VALUE, QUESTION, key=name), VALUE, QUESTION, KEYS) for name in KEYS] == [None, None]
    assert signed_bytes(VALUE, QUESTION) == b"custody.decision-made.v1 " + QUESTION.encode() + b"\n" + VALUE


@given(st.integers(0, len(VALUE) - 1), st.integers(1, 255))
def test_no_byte_of_an_answer_can_be_changed(place: int, change: int) -> None:
    """With any byte changed the signature does not hold."""
    changed = VALUE[:place] + bytes([VALUE[place] ^ change]) + VALUE[place + 1 :]
    assert fault(signature(VALUE, QUESTION), changed, QUESTION, KEYS) == "its signature by the key desk does not hold"


@given(st.text(max_size=100))
def test_whatever_else_stands_in_the_header_is_no_signature(text: str) -> None:
    """Any other text is refused, and raises nothing."""
    said = signature_of([("ce_signature", text.encode("utf-8", "surrogatepass"))])
    assert fault(said, VALUE, QUESTION, KEYS) is not None


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (None, "no header ce_signature"),
        (signature(VALUE, "cd" * 32), "does not hold"),
        (signature(VALUE, QUESTION, key="stranger"), "the key stranger, which the settings do not name"),
        (signature(VALUE, QUESTION, key="stranger", called="desk"), "by the key desk does not hold"),
        (signature(VALUE, QUESTION, key="desk", called="next"), "by the key next does not hold"),
    ],
)
def test_what_does_not_hold_says_why(said: str | None, why: str) -> None:
    """Unsigned, signed for another question, by an unknown key, and by another key under a known name."""
    assert why in str(fault(said, VALUE, QUESTION, KEYS))


@pytest.mark.parametrize("text", ["", "desk", "desk:", "desk:AA==", ":" + "A" * 86 + "==", "a b:" + "A" * 86 + "=="])
def test_a_header_of_another_form_counts_as_none(text: str) -> None:
    """What is not KEY_ID:BASE64 of 64 bytes is nothing that is kept."""
    assert signature_of([("ce_signature", text.encode())]) is None
    assert signature_of([]) is None


def test_a_new_pair_fits_and_is_new() -> None:
    """Both halves are of one key, in PEM, and no two pairs are alike."""
    one, other = new_pair(), new_pair()
    assert one != other
    assert one.private.startswith(b"-----BEGIN PRIVATE KEY-----")
    assert public_key(one.public).public_bytes_raw() != public_key(other.public).public_bytes_raw()


def test_a_key_of_another_kind_is_refused() -> None:
    """A private half, and what is no key, is none to check with."""
    for pem in (new_pair().private, b"nothing", b""):
        with pytest.raises(ValueError, match="public key"):
            public_key(pem)
    assert public_key(public_pem()).public_bytes_raw() == key_of("desk").public_key().public_bytes_raw()
