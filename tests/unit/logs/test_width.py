import pytest

from aura_stack.logs.width import fitted, padded, shortened, width


@pytest.mark.parametrize(
    ("text", "columns"), [("web", 3), ("日本", 4), ("e\u0301", 1), ("👩‍💻", 2), ("한글", 4), ("", 0)]
)
def test_columns_are_those_of_a_terminal(text, columns):
    assert width(text) == columns


def test_what_fits_is_never_wider_than_its_place():
    for columns in range(9):
        assert width(fitted("日本a語e\u0301x", columns)) <= columns
    assert fitted("日本", 3) == "日"
    assert fitted("web", 5) == "web"


def test_padding_counts_columns():
    assert padded("日", 4) == "日  "


def test_what_is_too_long_keeps_both_its_ends():
    assert shortened("abcdefghij", 7) == "abc…hij"
    assert shortened("abc", 7) == "abc"
    assert width(shortened("日本語日本語日本語", 8)) <= 8
