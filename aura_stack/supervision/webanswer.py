"""Holds an answer over HTTP against what it has to be (RFC 9110, RFC 9112)."""

import re
from collections.abc import Mapping, Sequence

from aura_stack.stack.model import Answer


def status(line: bytes) -> int | None:
    """The status in the first line of an answer; None where that is no answer."""
    found = re.match(rb"HTTP/\d(?:\.\d)? (\d{3})\b", line)
    return int(found[1]) if found else None


def headers(lines: Sequence[bytes]) -> dict[str, list[str]]:
    """The values of each header, whose name is in lower case; what is no header is passed over."""
    found: dict[str, list[str]] = {}
    for line in lines:
        name, colon, value = line.decode("latin-1").partition(":")
        if colon:
            found.setdefault(name.lower(), []).append(value.strip())
    return found


def head_lacks(number: int, got: Mapping[str, Sequence[str]], wanted: Answer) -> str:
    """What status and headers lack, in words; "" where they will do."""
    if not any(low <= number <= high for low, high in wanted.statuses):
        return f"HTTP {number}"
    for name, value in wanted.headers:
        if value not in got.get(name.lower(), ()):
            return f"HTTP {number} without the header {name}: {value}"
    return ""


def body_lacks(number: int, raw: bytes, got: Mapping[str, Sequence[str]], wanted: Answer) -> str:
    """The same of as much of the body as has come."""
    if re.search(wanted.body.encode(), body(raw, got)):
        return ""
    return f"HTTP {number} with a body in which nothing matches {wanted.body}"


def body(raw: bytes, got: Mapping[str, Sequence[str]]) -> bytes:
    """What was sent, out of its chunks where it came in chunks (RFC 9112 §7.1)."""
    if not _in_chunks(got):
        return raw
    parts: list[bytes] = []
    while raw:
        line, _, raw = raw.partition(b"\r\n")
        size = _size(line)
        if not size:
            break
        parts.append(raw[:size])
        raw = raw[size + 2 :]
    return b"".join(parts)


def is_whole(raw: bytes, got: Mapping[str, Sequence[str]]) -> bool:
    """Whether nothing of the body can come any more, as far as the answer itself tells."""
    if _in_chunks(got):
        return raw.endswith(b"0\r\n\r\n")
    length = got.get("content-length", ("",))[0]
    return length.isdecimal() and len(raw) >= int(length[:18])


def _in_chunks(got: Mapping[str, Sequence[str]]) -> bool:
    return any("chunked" in value.lower() for value in got.get("transfer-encoding", ()))


def _size(line: bytes) -> int:
    """The length of a chunk; extensions behind it mean nothing to us."""
    try:
        return max(int(line.partition(b";")[0].strip() or b"0", 16), 0)
    except ValueError:
        return 0
