import pytest

from aura_stack.logs.render import PALETTE, Style, colour_of, prefixed


def test_every_line_gets_the_prefix():
    assert prefixed(b"one\n\ntwo\n", b"a | ") == b"a | one\na | \na | two\n"


def test_only_line_feeds_end_lines():
    data = "one\rtwo\x0cthree\u2028four\n".encode()
    assert prefixed(data, b"a | ") == b"a | " + data


def test_bytes_that_are_no_utf_8_pass_unchanged():
    assert prefixed(b"\xff\xfe\x00\n", b"a | ") == b"a | \xff\xfe\x00\n"


def test_prefixes_are_as_wide_as_the_widest_name():
    style = Style(["web", "gateway"], colour=False)
    assert style.log("web") == b"web     | "
    assert style.mark("gateway") == "gateway · ".encode()


def test_a_colour_stays_with_its_service_whatever_comes_and_goes_around_it():
    assert Style(["a", "b"], colour=True).log("b") == Style(["b"], colour=True).log("b")
    usual = ["aura", "backend", "frontend", "gateway", "web", "api", "worker", "db", "redis", "postgres"]
    assert len({colour_of(name) for name in usual}) == len(usual)


def luminance(number):
    """Of one of the 216 colours of the cube (WCAG 2)."""
    levels = (0, 95, 135, 175, 215, 255)
    shares = [levels[(number - 16) // step % 6] / 255 for step in (36, 6, 1)]
    linear = [one / 12.92 if one <= 0.03928 else ((one + 0.055) / 1.055) ** 2.4 for one in shares]
    return sum(weight * one for weight, one in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("number", PALETTE)
def test_every_colour_is_legible_on_black_and_on_white(number):
    on_black, on_white = (luminance(number) + 0.05) / 0.05, 1.05 / (luminance(number) + 0.05)
    assert min(on_black, on_white) > 3.4


def test_a_long_name_keeps_both_its_ends_on_a_screen_and_is_whole_in_a_record():
    name = "frontend-dashboard-admin-web"
    assert Style([name, "db"], colour=False, short=True).log(name).decode() == "frontend-d…admin-web | "
    assert Style([name, "db"], colour=False, short=True).log("db").decode() == "db                   | "
    assert Style([name], colour=False).log(name).decode() == f"{name} | "


def test_the_column_grows_with_a_service_that_comes_later():
    style = Style(["web"], colour=False)
    assert (style.log("web"), style.log("worker-2"), style.log("web")) == (
        b"web | ",
        b"worker-2 | ",
        b"web      | ",
    )


def test_what_we_say_about_a_file_with_any_name_is_one_harmless_line():
    style = Style(["web"], colour=False)
    assert style.dim("a\x1b[2Jb\udcff\nc saved") == b"ab\\udcff c saved"


def test_last_words_end_their_colour():
    style = Style(["web"], colour=True)
    assert style.line("web", b"\x1b[31mred\x1b[2J") == style.log("web") + b"\x1b[31mred\x1b[0m\n"
