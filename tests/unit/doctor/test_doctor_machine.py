"""Where Python, the parser, the kernel and its limits begin to be too little."""

import pytest

from aura_stack.doctor import machine
from aura_stack.doctor.findings import Finding, Level
from aura_stack.system.limits import Inotify, OpenFiles


@pytest.mark.parametrize(
    ("version", "level"),
    [((3, 10, 14), "trouble"), ((3, 11, 0), "ok"), ((3, 13, 1), "ok"), ((4, 0, 0), "ok")],
)
def test_python_is_told_with_its_path(version, level):
    finding = machine.check_python(version, "/usr/bin/python3")
    assert finding.level == level
    assert finding.found.startswith(f"{'.'.join(map(str, version))}, /usr/bin/python3")
    assert ("pipx install --python python3.11" in finding.cure) is (level == "trouble")


def test_a_parser_without_libyaml_is_slow_and_works():
    assert machine.check_yaml("0.2.5") == Finding("libyaml", Level.OK, "0.2.5")
    finding = machine.check_yaml(None)
    assert finding.level is Level.NOTE
    assert "--only-binary :all: PyYAML" in finding.cure


def test_the_kernel_is_named_and_what_is_lost_with_it():
    assert machine.check_system("Linux", "6.1.0", subreaper=True).found == "Linux 6.1.0"
    wsl = machine.check_system("Linux", "5.15.90.1-microsoft-standard-WSL2", subreaper=True)
    assert wsl == Finding("system", Level.OK, "Linux 5.15.90.1-microsoft-standard-WSL2, under WSL")
    darwin = machine.check_system("Darwin", "23.1.0", subreaper=False)
    assert darwin.level is Level.NOTE
    assert "a daemon that forks twice" in darwin.found


@pytest.mark.parametrize(
    ("found", "level", "told"),
    [
        (
            Inotify(524288, 128, 100, 3),
            "ok",
            "3 of 128 instances, 100 of 524288 watches taken by your programs",
        ),
        (Inotify(8192, 128, 100, 3), "note", "editors and bundlers take many"),
        (Inotify(524288, 64, 100, 3), "note", "editors and bundlers take many"),
        (Inotify(524288, 128, 100, 103), "note", "little is left"),
        (Inotify(65536, 128, 60000, 3), "note", "little is left"),
        (Inotify(524288, 128, 100, 128), "trouble", "nobody can watch anything more"),
        (Inotify(65536, 128, 65536, 3), "trouble", "nobody can watch anything more"),
    ],
)
def test_watches_are_told_when_they_are_few_or_taken(found, level, told):
    finding = machine.check_inotify(found)
    assert (finding.check, finding.level) == ("inotify", level)
    assert told in finding.found
    assert finding.cure.startswith("sudo sysctl fs.inotify.max_user_watches=") is (level != "ok")


def test_the_cure_is_more_than_what_is_taken():
    finding = machine.check_inotify(Inotify(1_000_000, 2000, 1_000_000, 2000))
    assert "max_user_watches=2000000 fs.inotify.max_user_instances=4000 " in finding.cure


def test_a_system_without_inotify_has_nothing_wrong():
    assert machine.check_inotify(None) == Finding("inotify", Level.OK, "not on this system")


@pytest.mark.parametrize(
    ("limits", "services", "level", "cure"),
    [
        (OpenFiles(1024, 1048576), 3, "ok", ""),
        (OpenFiles(None, None), 300, "ok", ""),
        (OpenFiles(256, None), 3, "note", "ulimit -n 4096, in the shell, before aura-stack up"),
        (OpenFiles(256, 2000), 3, "note", "ulimit -n 2000, in the shell, before aura-stack up"),
        (OpenFiles(256, 512), 3, "note", "the limit of your login is 512: raise it in "),
        (OpenFiles(1024, 20000), 300, "trouble", "ulimit -n 4096, in the shell, before aura-stack up"),
        (OpenFiles(1024, 1024), 300, "trouble", "the limit of your login is 1024: raise it in "),
    ],
)
def test_open_files_are_told_when_they_are_few_for_so_many_services(limits, services, level, cure):
    finding = machine.check_open_files(limits, services)
    assert finding.level == level
    assert finding.cure.startswith(cure)
    assert bool(finding.cure) is bool(cure)


def test_a_limit_that_is_none_is_called_so():
    assert (
        machine.check_open_files(OpenFiles(1024, None), 0).found == "1024 for each process, unlimited at most"
    )
    assert machine.check_open_files(OpenFiles(64, 64), 3).found.endswith(": 3 services need 88")
