"""Programs that hold back what they print while they print into a pipe, and what has each of them print at once.

The C library writes to a terminal line by line, to anything else in blocks of some kilobytes (setvbuf(3)), and some
languages do the same. Python is left out: it is always told to print at once (PYTHONUNBUFFERED).
"""

import re

_CURES = {
    "awk": "fflush() behind each print",
    "gawk": "fflush() behind each print",
    "mawk": "mawk -W interactive",
    "grep": "grep --line-buffered",
    "egrep": "grep -E --line-buffered",
    "fgrep": "grep -F --line-buffered",
    "jq": "jq --unbuffered",
    "perl": "$| = 1 at the beginning of the script",
    "ruby": "$stdout.sync = true at the beginning of the script",
    "sed": "sed -u",
    "tcpdump": "tcpdump -l",
    "cut": "stdbuf -oL cut",
    "tr": "stdbuf -oL tr",
    "uniq": "stdbuf -oL uniq",
}
"""By program: what helps beside a terminal."""

_PROMPT = re.compile(r"--(?:line-|un)buffered|stdbuf|unbuffer\b|-W ?interactive|fflush|\$\|")
_PARTS = re.compile(r"[|;&\n()]+")
_BEFORE = re.compile(r"(?:exec|env|nohup|time|bundle|[A-Za-z_]\w*=\S*)$")


def advice(command: str, *, tty: bool) -> str:
    """What has a service print at once that its command may hold back; "" where none is known for that.

    Args:
        command: as the user wrote it.
        tty: whether it has a terminal, into which nothing is held back.
    """
    if tty or _PROMPT.search(command):
        return ""
    for part in _PARTS.split(command):
        words = [word for word in part.split() if not _BEFORE.match(word)]
        program = words[0].rpartition("/")[2] if words else ""
        flags = [word for word in words[1:] if re.fullmatch("-[A-Za-z]+", word)]
        if program in _CURES and not (
            program in ("sed", "tcpdump") and any(set("ul") & set(flag) for flag in flags)
        ):
            return (
                f"{program} holds back what it prints into a pipe: tty: true or {_CURES[program]} ends that"
            )
    return ""
