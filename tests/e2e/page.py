"""What a browser makes of the page: its scripts by hand, its contents in headless Chromium."""

import re
import shutil
import urllib.request

from playwright.sync_api import expect, sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = [
    "--no-sandbox",  # it renders our own page only, and containers have no sandbox to give
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_SCRIPT = re.compile(r'<script[^>]*\bsrc="([^"]+)"')
_IMPORT = re.compile(r'\bfrom\s*"(/[^"]+)"|\bimport\s*"(/[^"]+)"')
_SECONDS = 20


def browser():
    """The Chromium of this machine, or None."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def fetch(url):
    """Status, content type and text of a page."""
    with urllib.request.urlopen(url, timeout=_SECONDS) as answer:
        return answer.status, answer.headers.get_content_type(), answer.read().decode()


def check_scripts(base):
    """Follow every script that the page names, and what those import: each must be JavaScript that compiled.

    Vite answers a module that does not compile with status 500. The answer is how many there were.
    """
    status, kind, html = fetch(base + "/")
    assert (status, kind) == (200, "text/html")
    waiting = _SCRIPT.findall(html)
    assert waiting, "the page names no script"
    seen = set()
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        status, kind, text = fetch(base + path)
        assert status == 200, path
        assert kind in {"text/javascript", "application/javascript"}, (path, kind)
        if "/node_modules/" not in path:
            waiting += [first or second for first, second in _IMPORT.findall(text)]
    return len(seen)


def check_page(base, title, chromium):
    """Open the page in Chromium: the item is on it, and a metric that changes while one looks."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=_FLAGS)
        try:
            page = running.new_page()
            faults = []
            page.on("pageerror", lambda error: faults.append(str(error)))
            page.goto(base + "/", timeout=_SECONDS * 1000)
            expect(page.get_by_test_id("items")).to_contain_text(title, timeout=_SECONDS * 1000)
            uptime = page.get_by_test_id("metric-uptime")
            expect(uptime).to_have_text(re.compile(r"\d+\.\d s"), timeout=_SECONDS * 1000)
            first = uptime.inner_text()
            expect(uptime).not_to_have_text(first, timeout=_SECONDS * 1000)
            assert faults == []
        finally:
            running.close()
