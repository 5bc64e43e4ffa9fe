"""What is read of a folder, and what is not."""

import os

import pytest
from imagined_folders import make, package

from aura_stack.drafting import looking
from aura_stack.drafting.looking import look


def test_what_says_how_programs_are_run_is_read(tmp_path):
    texts = {
        "package.json": package(name="x"),
        "Procfile": "web: x\n",
        "a/b/server.js": "x.listen(1)",
        "a/app.py": "",
        "a/requirements.txt": "flask",
        "web/vite.config.ts": "",
        "compose.yaml": "services: {}",
        ".env": "PORT=1",
    }
    make(tmp_path, texts | {"README.md": "", "a/data.bin": ""})
    found = look(str(tmp_path))
    assert found.texts == texts
    assert found.present >= {"README.md", "a", "a/b", "a/data.bin"}
    assert set(found.trees) == {"package.json", "compose.yaml"}
    assert (found.name, found.cut) == (tmp_path.name, ())


@pytest.mark.parametrize(
    "path",
    [
        "node_modules/x/package.json",
        "a/node_modules/x/server.js",
        ".git/server.js",
        ".venv/lib/server.py",
        "dist/server.js",
        "tests/server.py",
        "__pycache__/a.py",
        "1/2/3/4/5/server.js",
        "${X}/server.js",
    ],
)
def test_what_was_installed_or_made_or_lies_deep_is_not(tmp_path, path):
    make(tmp_path, {path: "{}"})
    assert look(str(tmp_path)).texts == {}


def test_what_is_no_file_or_not_written_by_hand_is_not_read(tmp_path):
    make(tmp_path, {
        "large.js": "\n" * (looking.LARGEST + 1),
        "bundle.js": "x" * 6000,
        "good.js": "x",
    })  # fmt: skip
    os.mkfifo(tmp_path / "pipe.js")  # to open it would be to wait for a writer
    (tmp_path / "folder.js").mkdir()
    (tmp_path / "gone.js").symlink_to("nowhere")
    (tmp_path / "link.js").symlink_to("good.js")
    (tmp_path / "round").symlink_to(".")
    (tmp_path / "bytes.js").write_bytes(b"\xff\xfe listen")
    assert set(look(str(tmp_path)).texts) == {"good.js", "link.js", "bytes.js"}


def test_a_folder_that_is_not_ours_to_read_is_passed_over(tmp_path, monkeypatch):
    make(tmp_path, {"shut/a.js": "", "open/a.js": ""})
    real = os.scandir

    def scandir(path):
        if path.endswith("shut"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert set(look(str(tmp_path)).texts) == {"open/a.js"}


def test_limits_are_told(tmp_path, monkeypatch):
    make(
        tmp_path, {f"{folder}/{name}.js": "" for folder in "abc" for name in "xy"} | {"z/package.json": "{}"}
    )
    monkeypatch.setattr(looking, "MOST_FILES", 3)
    found = look(str(tmp_path))
    assert list(found.texts) == ["z/package.json", "a/x.js", "a/y.js"]  # what matters most comes first
    assert found.cut == ("only the first 3 files were read",)
    monkeypatch.setattr(looking, "MOST_FOLDERS", 2)
    assert look(str(tmp_path)).cut == ("only the first 2 folders were looked at",)


def install(folder, package_name, bin_, first="#!/usr/bin/env node\n"):
    make(folder, {f"node_modules/{package_name}/package.json": package(bin=bin_)})
    for file in bin_.values() if isinstance(bin_, dict) else [bin_]:
        make(folder, {f"node_modules/{package_name}/{file}": first})


def test_programs_that_are_installed_are_found_for_each_package(tmp_path):
    make(tmp_path, {"apps/web/package.json": package(scripts={"dev": "vite", "story": "storybook dev"})})
    install(tmp_path, "vite", {"vite": "bin/vite.js"})
    install(tmp_path / "apps/web", "storybook", "./index.js")
    assert look(str(tmp_path)).programs == {
        ("apps/web", "vite"): "../../node_modules/vite/bin/vite.js",
        ("apps/web", "storybook"): "node_modules/storybook/index.js",
    }


@pytest.mark.parametrize(
    ("bin_", "first"),
    [("run.sh", "#!/bin/sh\n"), ({"other": "a.js"}, "\n"), ("../../evil.js", "\n"), ("vite", "\x7fELF")],
)
def test_what_node_would_not_run_is_no_program_of_it(tmp_path, bin_, first):
    make(tmp_path, {"package.json": package(scripts={"dev": "vite"})})
    install(tmp_path, "vite", bin_, first)
    assert look(str(tmp_path)).programs == {}


def test_an_environment_of_python_is_seen(tmp_path):
    make(tmp_path, {"a/.venv/bin/python": "", "a/x.py": ""})
    assert look(str(tmp_path)).has("a", ".venv/bin/python")


def test_the_numbers_for_outgoing_connections_are_those_of_the_kernel(tmp_path, monkeypatch):
    (tmp_path / "range").write_text("20000\t21000\n")
    monkeypatch.setattr(looking, "_OUTGOING", str(tmp_path / "range"))
    assert looking.outgoing() == range(20000, 21001)
    (tmp_path / "range").write_text("nonsense")
    assert looking.outgoing() == range(32768, 61000)
    monkeypatch.setattr(looking, "_OUTGOING", str(tmp_path / "none"))
    assert looking.outgoing() == range(32768, 61000)


def test_no_more_is_read_than_a_moment_allows(tmp_path, monkeypatch):
    make(tmp_path, {f"{name}.js": "x" * 100 for name in "abcd"})
    monkeypatch.setattr(looking, "MOST_BYTES", 150)
    found = look(str(tmp_path))
    assert (len(found.texts), found.cut) == (2, ("only the first 2 files were read",))
