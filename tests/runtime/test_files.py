"""The writer: whole or not at all, under errors and signals; modes, links, and what is refused."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rectifold.errors import InputError
from rectifold.runtime.files import append_line, write_files, write_whole
from rectifold.runtime.targets import Target, named, require_targets

LINUX = pytest.mark.skipif(
    not sys.platform.startswith("linux"),
    reason="files without a name, limits and /proc are Linux's",
)


def program(folder: Path, text: str) -> subprocess.Popen[str]:
    """A Python process in `folder` whose text ends in a line on standard output when it is
    ready.
    """
    return subprocess.Popen(
        [sys.executable, "-c", text],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_file_is_written_and_replaced_only_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    write_files({path: b"one"}, force=False)
    with pytest.raises(InputError, match="out.txt exists already; give force=True"):
        write_files({path: b"two"}, force=False)
    assert path.read_bytes() == b"one"
    write_whole(path, b"three")
    assert path.read_bytes() == b"three"
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_appears_when_one_of_the_files_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "there").write_bytes(b"old")
    with pytest.raises(InputError, match="there exists already"):
        write_files({tmp_path / "new": b"1", tmp_path / "there": b"2"}, force=False)
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match="is a folder, and is not written to"):
        write_files({tmp_path / "new": b"1", tmp_path / "folder": b"2"})
    assert sorted(p.name for p in tmp_path.iterdir()) == ["folder", "there"]


@LINUX
def test_a_full_disk_is_one_message_and_leaves_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"old")
    text = (
        "import resource, pathlib\n"
        "from rectifold.errors import InputError\n"
        "from rectifold.runtime.files import write_files\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try:\n"
        "    write_files({pathlib.Path('new'): b'x', pathlib.Path('out'): b'x' * 5000})\n"
        "except InputError as error:\n"
        "    print(error)\n"
    )
    out, error = program(tmp_path, text).communicate()
    assert out == "cannot write out: File too large\n", error
    assert (tmp_path / "out").read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("mode", [0o600, 0o755, 0o644])
def test_the_mode_of_a_replaced_file_is_kept(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"old")
    path.chmod(mode)
    write_whole(path, b"new")
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert path.read_bytes() == b"new"


def test_a_new_file_has_the_mode_that_the_umask_leaves(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "out", b"new")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o640


def test_a_link_stays_and_what_it_points_to_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    target, link, loose = tmp_path / "far" / "target", tmp_path / "link", tmp_path / "loose"
    target.write_bytes(b"old")
    link.symlink_to(target)
    loose.symlink_to(tmp_path / "far" / "new")
    write_files({link: b"1", loose: b"2"})
    assert link.is_symlink()
    assert loose.is_symlink()
    assert (target.read_bytes(), (tmp_path / "far" / "new").read_bytes()) == (b"1", b"2")


def test_a_name_of_the_longest_length_is_written_and_a_longer_one_refused(tmp_path: Path) -> None:
    longest = tmp_path / ("n" * 255)
    for data in (b"old", b"new"):
        write_whole(longest, data)
        assert longest.read_bytes() == data
    with pytest.raises(InputError, match="cannot be the name of a file: File name too long"):
        write_whole(tmp_path / ("n" * 256), b"")
    assert list(tmp_path.iterdir()) == [longest]


def test_folders_devices_pipes_sockets_and_loops_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    os.symlink("loop", "loop")
    os.symlink("/dev/null", "null")
    with socket.socket(socket.AF_UNIX) as door:
        door.bind("socket")
        for name, what in [
            (".", "is a folder"), ("pipe", "is a pipe"), ("socket", "is a socket"),
            ("/dev/null", "is a device"), ("null", "is a device"),
            ("loop", "cannot be the name of a file"), ("gone/x", "there is no folder"),
            ("a\0b", "cannot be the name of a file"),
        ]:  # fmt: skip
            with pytest.raises(InputError, match=what):
                write_whole(Path(name), b"data")
            with pytest.raises(InputError, match=what):
                require_targets([Target("--json", name, continues=b"{")], [], force=True)


@LINUX
def test_a_folder_that_takes_no_files_is_known_before_the_work() -> None:
    with pytest.raises(InputError, match=r"^cannot write /proc/x.py: "):
        require_targets([Target("-o", "/proc/x.py")], [], force=False)
    with pytest.raises(InputError, match=r"^cannot write /proc/x.py: "):
        write_whole(Path("/proc/x.py"), b"")


def test_two_outputs_of_one_file_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a").write_text("")
    Path("folder").mkdir()
    os.link("a", "hard")
    os.symlink("a", "soft")
    os.symlink("new", "loose")
    os.symlink(".", "here")
    for one, other in [
        ("a", "a"), ("a", "./a"), ("a", "hard"), ("a", "soft"), ("new", "loose"),
        ("new", "folder/../new"), ("new", "here/new"), ("new", "NEW"),
        ("stra\u00dfe", "STRASSE"), ("\u00e9", "e\u0301"),
    ]:  # fmt: skip
        with pytest.raises(InputError, match="--certificate and -o are one file"):
            require_targets([Target("-o", one), Target("--certificate", other)], [], force=True)
    with pytest.raises(
        InputError, match=r"--certificate and -o \(which writes c1.h too\) are one file"
    ):
        require_targets(
            [Target("-o", "c1.c", perhaps=["c1.h"]), Target("--certificate", "c1.h")],
            [],
            force=False,
        )
    require_targets([Target("-o", "one"), Target("--certificate", "folder/one")], [], force=False)


def test_an_output_that_is_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.relu").write_text("")
    Path("point.npy").write_text("")
    os.link("net.relu", "copy.relu")
    inputs = ["net.relu", "point.npy±1/10", "[0,1]" * 100, None]
    for name in ("net.relu", "copy.relu", "point.npy"):
        with pytest.raises(InputError, match="--log and the input .* are one file"):
            require_targets([Target("--log", name, continues=b"{")], inputs, force=True)
    require_targets([Target("--log", "other", continues=b"{")], inputs, force=True)


def test_one_output_goes_to_standard_output() -> None:
    one, two = (Target(name, "-", may_be_standard_output=True) for name in ("-o", "--json"))
    require_targets([one], [], force=False)
    with pytest.raises(InputError, match="-o and --json both write to standard output"):
        require_targets([one, two], [], force=False)
    with pytest.raises(InputError, match="--log does not write to standard output"):
        require_targets([Target("--log", "-")], [], force=False)


def test_a_name_that_no_terminal_shows_is_quoted() -> None:
    assert named(Path("a b.py")) == "a b.py"
    assert named(Path("a\nb.py")) == "'a\\nb.py'"
    assert named(Path(os.fsdecode(b"\xff.py"))) == "'\\udcff.py'"


def test_a_hidden_name_stands_in_where_no_file_can_be_without_one(tmp_path: Path) -> None:
    text = (
        "import os, pathlib\n"
        "if hasattr(os, 'O_TMPFILE'): del os.O_TMPFILE\n"
        "from rectifold.runtime.files import write_whole\n"
        "from rectifold.runtime.staging import open_staged\n"
        "for data in (b'old', b'new'): write_whole(pathlib.Path('out'), data)\n"
        "staged = open_staged(pathlib.Path('.'))\n"
        "staged.write(b'never published')\n"
        "print(len(os.listdir()))\n"
        "staged.drop()\n"
        "print(os.listdir(), pathlib.Path('out').read_bytes())\n"
    )
    out, error = program(tmp_path, text).communicate()
    assert out == "2\n['out'] b'new'\n", error


def test_lines_are_appended_after_what_a_kill_left(tmp_path: Path) -> None:
    path = tmp_path / "log"
    append_line(path, b"one")
    append_line(path, b"two")
    with path.open("ab") as file:
        file.write(b"unfinis")
    append_line(path, b"three")
    assert path.read_bytes() == b"one\ntwo\nunfinis\nthree\n"
    with pytest.raises(InputError, match="cannot write .*: Is a directory"):
        append_line(tmp_path, b"four")


# ---- signals ---------------------------------------------------------------------------------

_WRITER = """
import itertools, os, pathlib
if not {unnamed}: del os.O_TMPFILE
from rectifold.runtime.files import write_files
print("ready", flush=True)
for k in itertools.count():
    data, end = b"%d " % k, str(k) if {fresh} else ""
    names = [pathlib.Path("side" + end), pathlib.Path("main" + end)]
    write_files({{name: data * 200_000 for name in names}})
"""


def interrupted(folder: Path, number: signal.Signals, *, unnamed: bool, fresh: bool) -> list[Path]:
    """What lies in the folder after a writer of many files was ended by the signal at some moment,
    five times.
    """
    for wait in (0.0, 0.003, 0.01, 0.02, 0.05):
        process = program(folder, _WRITER.format(unnamed=unnamed, fresh=fresh))
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(wait)
        process.send_signal(number)
        process.communicate()
        assert process.returncode == -number
    return list(folder.iterdir())


def require_whole(path: Path) -> None:
    words = path.read_bytes().split()
    assert len(words) == 200_000
    assert len(set(words)) == 1


@LINUX
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("unnamed", [True, False])
def test_a_signal_leaves_whole_files_and_no_others(
    tmp_path: Path, number: signal.Signals, unnamed: bool
) -> None:
    for path in interrupted(tmp_path, number, unnamed=unnamed, fresh=False):
        assert path.name in ("side", "main")
        require_whole(path)


@LINUX
def test_a_kill_leaves_whole_new_files_and_no_others(tmp_path: Path) -> None:
    for path in interrupted(tmp_path, signal.SIGKILL, unnamed=True, fresh=True):
        assert path.name.startswith(("side", "main"))
        require_whole(path)


@LINUX
@pytest.mark.parametrize("unnamed", [True, False])
def test_a_kill_leaves_no_half_of_a_replaced_file(tmp_path: Path, unnamed: bool) -> None:
    for path in interrupted(tmp_path, signal.SIGKILL, unnamed=unnamed, fresh=False):
        if unnamed or path.name in (
            "side",
            "main",
        ):  # a hidden one of a system without files without a name may be half
            require_whole(path)
