"""Labels of people: one spelling, and nothing in them that a reader cannot see."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.labels import LENGTH_MAX, label_of


@pytest.mark.parametrize(
    "text", ["Risk Officer", " Risk  Officer ", "Risk\nOfficer", "Risk Officer.", "Ｒisk\u3000Officer", "Risk\u00a0Officer .."]
)
def test_one_label_has_one_spelling(text: str) -> None:
    """Spaces, line breaks, width and a dot at the end make no other label."""
    assert label_of(text) == "Risk Officer"


@pytest.mark.parametrize("text", ["", " ", ".", "x" * 201, "a\x07b", "a\u200bb", "a\u202eb", "a\u2066b", "a\udc80"])
def test_what_cannot_be_read_is_no_label(text: str) -> None:
    """Empty, too long, or with control, direction and zero-width characters or half of a pair."""
    with pytest.raises(ValueError, match="cannot be seen"):
        label_of(text)


@pytest.mark.parametrize("text", ["\u041efficer", "Officer \u041ene", "\u03a1isk"])
def test_a_word_has_letters_of_one_script(text: str) -> None:
    """A Cyrillic or Greek letter among Latin ones looks like one of them."""
    with pytest.raises(ValueError, match="two scripts"):
        label_of(text)


@pytest.mark.parametrize("text", ["Оксана Smith", "Ηλίας", "佐藤 花子", "Zoë Müller-Lüdenscheidt", "O'Neill 2"])
def test_names_of_the_world_are_labels(text: str) -> None:
    """Each word in its own script is a name as it is."""
    assert label_of(text) == text


@given(st.text(max_size=30))
def test_a_label_is_stable_and_visible(text: str) -> None:
    """Whatever becomes a label stays as it is, and holds nothing that cannot be seen."""
    try:
        label = label_of(text)
    except ValueError:
        return
    assert 0 < len(label) <= LENGTH_MAX
    assert not any(unicodedata.category(letter)[0] == "C" for letter in label)
    assert label_of(label) == label
