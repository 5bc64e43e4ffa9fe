"""How many columns of a terminal a text takes, and what of it fits into so many."""


def width(text: str) -> int:
    """Columns: 2 for a wide character (UAX #11) or an emoji, 0 for what combines; text has no controls."""
    if text.isascii():
        return len(text)
    from wcwidth import wcswidth  # noqa: PLC0415 - most text needs no tables

    return max(wcswidth(text), 0)


def fitted(text: str, columns: int) -> str:
    """The beginning of a text that fits."""
    if width(text) <= columns:
        return text
    low, high = 0, columns
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if width(text[:middle]) <= columns else (low, middle - 1)
    return text[:low]


def padded(text: str, columns: int) -> str:
    """A text with blanks behind it, as far as there is room."""
    return text + " " * (columns - width(text))


def shortened(text: str, columns: int) -> str:
    """A text that is too long keeps both its ends."""
    if width(text) <= columns:
        return text
    end = (columns - 1) // 2
    head = fitted(text, columns - 1 - end)
    tail = text[len(text) - end :]
    while width(tail) > end:
        tail = tail[1:]
    return f"{head}…{tail}"
