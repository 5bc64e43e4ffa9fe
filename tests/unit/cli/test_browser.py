import os
import sys

import pytest

from aura_stack.cli import browser


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """Programs that write down what they were called with."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    def make(name):
        path = tmp_path / name
        path.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/called\n')
        path.chmod(0o755)
        return str(path)

    make.called = tmp_path / "called"
    return make


@pytest.mark.skipif(sys.platform == "darwin", reason="open is always there")
def test_without_a_display_there_is_no_browser(programs):
    programs("xdg-open")
    assert browser.opener({}) is None
    assert not browser.open_address("http://localhost:1", {})


@pytest.mark.skipif(sys.platform == "darwin", reason="open is always there")
@pytest.mark.parametrize("display", ["DISPLAY", "WAYLAND_DISPLAY"])
def test_a_desktop_has_its_way_to_open_addresses(programs, display):
    path = programs("xdg-open")
    assert browser.opener({display: ":0"}) == [path]


def test_the_browser_that_somebody_chose_counts_first(programs):
    path = programs("mine")
    os.mkfifo(programs.called)
    assert browser.open_address("http://localhost:4010", {"BROWSER": path})
    assert programs.called.read_text() == "http://localhost:4010\n"  # waits for the writer

    browser._opened.pop().wait()


def test_a_browser_that_is_not_there_is_none():
    assert not browser.open_address("http://localhost:1", {"BROWSER": "/nowhere/browser"})
