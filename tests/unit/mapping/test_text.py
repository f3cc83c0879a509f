import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluent_connect.mapping.localized import localized
from fluent_connect.mapping.text import clean, cut, fits, units, whole
from fluent_connect.model.errors import UnprocessableError


@given(st.text(), st.integers(1, 20))
def test_a_cut_text_is_short_enough_and_starts_alike(text: str, limit: int) -> None:
    short = cut(text, limit)
    if short is not None:
        assert 0 < units(short) <= limit
        assert (clean(text) or "").startswith(short)


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "abc"),
        ("ab cd", 3, "ab"),
        ("cafe\u0301s", 4, "caf"),
        ("a\U0001f600", 2, "a"),
        ("\x00 \t", 5, None),
        ("a\x00b", 5, "a b"),
        ("e\u0301", 1, None),
    ],
)
def test_texts_are_cut_between_letters(text: str, limit: int, expected: str | None) -> None:
    assert cut(text, limit) == expected


def test_what_would_be_wrong_once_cut_is_whole_or_not_there() -> None:
    assert fits("a@b", 3) == "a@b"
    assert fits("a@bc", 3) is None
    assert whole("abc", 3, "it") == "abc"
    for wrong in ("abcd", "", " "):
        with pytest.raises(UnprocessableError, match="it is empty or over 3"):
            whole(wrong, 3, "it")


@pytest.mark.parametrize(
    ("texts", "locales", "expected"),
    [
        ({"en": "a", "de": "b"}, ["de"], "b"),
        ({"en": "a", "de": "b"}, ["de-CH", "en"], "b"),
        ({"en": " ", "de": "b"}, ["en"], "b"),
        ({"fr": "c", "de": "b"}, ["en"], "b"),
        ({}, ["en"], None),
        (None, [], None),
    ],
)
def test_a_language_is_chosen(
    texts: dict[str, str] | None, locales: list[str], expected: str | None
) -> None:
    assert localized(texts, locales) == expected
