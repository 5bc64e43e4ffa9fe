from aura_stack.logs.render import Style, prefixed


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


def test_a_coloured_prefix_ends_what_a_service_left_open():
    prefix = Style(["web"], colour=True).log("web")
    assert prefix.startswith(b"\x1b[0m\x1b[36m")
    assert prefix.endswith(b"\x1b[0m")


def test_a_colour_stays_with_its_place_in_the_definition():
    assert Style(["a", "b"], colour=True).log("a") == Style(["a", "c"], colour=True).log("a")
    assert Style(["a", "b"], colour=True).log("a") != Style(["b", "a"], colour=True).log("a")
