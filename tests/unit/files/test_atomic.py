"""rft_core.files.atomic: a file is the old one or the new one, whatever happens to its writer."""

import errno
import json
import os
import resource
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from rft_core.files.atomic import (
    atomic_file,
    is_unfinished,
    read_json,
    write_arrays,
    write_bytes,
    write_json,
    write_text,
)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def dead_pid():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_each_writer_writes_what_it_was_given(tmp_path):
    write_bytes(tmp_path / "a", b"\x00\xff")
    write_text(tmp_path / "b", "ε = 8/255\n")
    write_json(tmp_path / "c", {"n": 1})
    write_arrays(tmp_path / "d.npz", {"x": np.arange(3)})
    assert (tmp_path / "a").read_bytes() == b"\x00\xff"
    assert (tmp_path / "b").read_text(encoding="utf-8") == "ε = 8/255\n"
    assert json.loads((tmp_path / "c").read_text()) == read_json(tmp_path / "c") == {"n": 1}
    with np.load(tmp_path / "d.npz", allow_pickle=False) as saved:
        assert saved["x"].tolist() == [0, 1, 2]
    assert names(tmp_path) == ["a", "b", "c", "d.npz"]


def test_an_error_leaves_the_old_file_and_nothing_beside_it(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, {"old": True})

    def fail_half_way():
        with atomic_file(path) as temporary:
            temporary.write_text("half")
            assert read_json(path) == {"old": True}
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_half_way()
    assert read_json(path) == {"old": True}
    assert names(tmp_path) == ["a.json"]


def test_what_cannot_be_said_as_json_leaves_the_old_file(tmp_path):
    write_json(tmp_path / "a", {"old": True})
    with pytest.raises(TypeError):
        write_json(tmp_path / "a", {"new": object()})
    assert read_json(tmp_path / "a") == {"old": True}


def test_a_full_disk_leaves_the_old_file(tmp_path):
    """A limit on the size of files stands for the disk: the system refuses the write half-way."""
    path = tmp_path / "a.npz"
    write_arrays(path, {"old": np.zeros(1)})
    before = path.read_bytes()
    limits, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.getsignal(signal.SIGXFSZ)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(OSError) as caught:
            write_arrays(path, {"new": np.random.default_rng(0).random(100_000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert caught.value.errno == errno.EFBIG
    assert path.read_bytes() == before
    assert names(tmp_path) == ["a.npz"]


def test_the_file_before_is_kept_where_that_is_asked(tmp_path):
    path, previous = tmp_path / "new", tmp_path / "previous"
    for text in ("one", "two", "three"):
        with atomic_file(path, keep_as=previous) as temporary:
            temporary.write_text(text)
    assert (path.read_text(), previous.read_text()) == ("three", "two")
    assert names(tmp_path) == ["new", "previous"]


def test_a_writer_that_is_killed_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, {"old": True})
    script = """
        import os, signal, sys
        from pathlib import Path
        from rft_core.files.atomic import atomic_file
        with atomic_file(Path(sys.argv[1])) as temporary:
            temporary.write_text("half")
            os.kill(os.getpid(), signal.SIGKILL)
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(path)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert read_json(path) == {"old": True}
    (left,) = [entry for entry in tmp_path.iterdir() if entry != path]
    assert is_unfinished(left)


def test_readers_of_a_file_that_is_written_again_and_again_see_it_whole(tmp_path):
    path = tmp_path / "a.json"
    script = """
        import sys
        from pathlib import Path
        from rft_core.files.atomic import write_json
        for number in range(200):
            write_json(Path(sys.argv[1]), {"number": number, "filler": "x" * 20_000})
    """
    write_json(path, {"number": -1})
    command = [sys.executable, "-c", textwrap.dedent(script), str(path)]
    seen = set()
    with subprocess.Popen(command) as writer:
        while writer.poll() is None:
            seen.add(json.loads(path.read_text())["number"])
    assert writer.returncode == 0
    assert json.loads(path.read_text())["number"] == 199
    assert len(seen) > 1


@pytest.mark.parametrize("content", ["", "{", "[1]", "[" * 100_000, "\xff"])
def test_what_is_no_whole_json_object_reads_as_none(tmp_path, content):
    (tmp_path / "a").write_bytes(content.encode("latin-1"))
    assert read_json(tmp_path / "a") is None
    assert read_json(tmp_path / "missing") is None


def test_files_of_a_writer_that_lives_are_not_taken_for_left(tmp_path):
    listed = {
        f".a.json.0a1b2c.{dead_pid()}.tmp": True,
        f".a.json.0a1b2c.{os.getpid()}.tmp": True,
        f".a.json.0a1b2c.{os.getppid()}.tmp": False,
        ".a.json.tmp": True,
        ".tmpBypUET": True,
        "a.tmp": False,
        ".notes": False,
    }
    for name, expected in listed.items():
        (tmp_path / name).write_text("half")
        assert is_unfinished(tmp_path / name) == expected, name
    (tmp_path / ".folder.tmp").mkdir()
    assert not is_unfinished(tmp_path / ".folder.tmp")


def test_a_name_as_long_as_a_name_may_be(tmp_path):
    path = tmp_path / ("n" * 255)
    write_text(path, "whole")
    assert path.read_text() == "whole"
