"""rft_core.engine.data.reading.download: a download that breaks off goes on, and half
a file is never used.
"""

import gzip
import hashlib
import http.server
import io
import re
import tarfile
import threading
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest

from rft_core.engine.data.reading import download as module
from rft_core.engine.data.reading.download import fetch, has_checksum, unpack
from rft_core.errors import DataError

CONTENT = np.random.default_rng(0).bytes(300_000)
MD5 = hashlib.md5(CONTENT).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves the plan's content; each number in plan.drops ends one answer after so many bytes."""

    def do_GET(self):
        plan = self.server.plan
        plan.ranges.append(self.headers.get("Range"))
        if plan.status:
            return self.send_error(plan.status)
        requested = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or "")
        first = int(requested[1]) if requested and plan.resumes else 0
        if first >= len(plan.content):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(plan.content)}")
            self.send_header("Content-Length", "0")
            return self.end_headers()
        self.send_response(206 if requested and plan.resumes else 200)
        if requested and plan.resumes:
            self.send_header(
                "Content-Range", f"bytes {first}-{len(plan.content) - 1}/{len(plan.content)}"
            )
        self.send_header("Content-Length", str(len(plan.content) - first))
        self.end_headers()
        rest = plan.content[first:]
        self.wfile.write(rest[: plan.drops.pop(0)] if plan.drops else rest)
        self.close_connection = True
        return None

    def log_message(self, *args):
        """Say nothing."""


@pytest.fixture
def server(monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0.0)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.plan = SimpleNamespace(
            content=CONTENT, drops=[], ranges=[], resumes=True, status=None
        )
        running.plan.url = f"http://127.0.0.1:{running.server_port}/file.bin"
        threading.Thread(target=running.serve_forever, args=(0.02,), daemon=True).start()
        yield running.plan
        running.shutdown()


def test_a_whole_file(server, tmp_path):
    fetch(server.url, tmp_path / "new" / "file.bin", md5=MD5, notify=print)
    assert (tmp_path / "new" / "file.bin").read_bytes() == CONTENT
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["file.bin"]


def test_a_connection_that_drops_midway_twice(server, tmp_path):
    server.drops = [100_000, 50_000]
    fetch(server.url, tmp_path / "file.bin", md5=MD5, notify=print)
    assert (tmp_path / "file.bin").read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=100000-", "bytes=150000-"]


def test_a_later_process_goes_on(server, tmp_path):
    (tmp_path / "file.bin.part").write_bytes(CONTENT[:120_000])
    fetch(server.url, tmp_path / "file.bin", md5=MD5, notify=print)
    assert (tmp_path / "file.bin").read_bytes() == CONTENT
    assert server.ranges == ["bytes=120000-"]


def test_a_server_that_cannot_resume_starts_again(server, tmp_path):
    server.resumes = False
    server.drops = [100_000]
    fetch(server.url, tmp_path / "file.bin", md5=MD5, notify=print)
    assert (tmp_path / "file.bin").read_bytes() == CONTENT


def test_a_part_that_is_already_whole(server, tmp_path):
    (tmp_path / "file.bin.part").write_bytes(CONTENT)
    fetch(server.url, tmp_path / "file.bin", md5=MD5, notify=print)
    assert (tmp_path / "file.bin").read_bytes() == CONTENT


@pytest.mark.parametrize("old", [b"another version" * 100, b"longer" * 100_000])
def test_a_part_of_another_version_is_thrown_away(server, tmp_path, old):
    (tmp_path / "file.bin.part").write_bytes(old)
    fetch(server.url, tmp_path / "file.bin", md5=MD5, notify=print)
    assert (tmp_path / "file.bin").read_bytes() == CONTENT


def test_a_wrong_checksum_leaves_nothing(server, tmp_path):
    with pytest.raises(DataError, match="checksum is wrong"):
        fetch(server.url, tmp_path / "file.bin", md5="0" * 32, notify=print)
    assert list(tmp_path.iterdir()) == []


def test_without_a_checksum_the_length_is_checked(server, tmp_path):
    server.drops = [10, *[0] * module.TRIES]
    with pytest.raises(ConnectionError, match="broke off"):
        fetch(server.url, tmp_path / "file.bin", md5=None, notify=print)
    assert [path.name for path in tmp_path.iterdir()] == ["file.bin.part"]
    assert (tmp_path / "file.bin.part").read_bytes() == CONTENT[:10]
    assert len(server.ranges) == module.TRIES


@pytest.mark.parametrize("status", [404, 503])
def test_an_address_that_is_gone(server, tmp_path, status):
    server.status = status
    with pytest.raises(ConnectionError, match=str(status)):
        fetch(server.url, tmp_path / "file.bin", md5=MD5, notify=print)
    assert len(server.ranges) == 1
    assert list(tmp_path.iterdir()) == []


def test_no_network(tmp_path):
    with pytest.raises(ConnectionError):
        fetch("http://127.0.0.1:9/file.bin", tmp_path / "file.bin", md5=MD5, notify=print)


def test_no_room(server, tmp_path, monkeypatch):
    monkeypatch.setattr(module.shutil, "disk_usage", lambda path: SimpleNamespace(free=400_000))
    with pytest.raises(DataError, match="needs 0 MB for file.bin and its content"):
        fetch(server.url, tmp_path / "file.bin", md5=MD5, notify=print)


def test_it_says_how_far_it_is(server, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "NOTIFY_SECONDS", 0.0)
    lines = []
    server.content = bytes(3_000_000)
    fetch(server.url, tmp_path / "file.bin", md5=None, notify=lines.append)
    assert lines[-1] == "downloading file.bin: 3 of 3 MB"


def pack(path, members: dict[str, bytes]):
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        return path
    with tarfile.open(path, "w:gz" if path.suffix in (".gz", ".tgz") else "w") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


@pytest.mark.parametrize("suffix", ["zip", "tgz", "tar.gz", "tar"])
def test_unpack_takes_the_member_alone(tmp_path, suffix):
    archive = pack(tmp_path / f"a.{suffix}", {"set/a/1.txt": b"one", "other/2.txt": b"two"})
    unpack(archive, "set", tmp_path / "root" / "set")
    assert (tmp_path / "root" / "set" / "a" / "1.txt").read_bytes() == b"one"
    assert [path.name for path in (tmp_path / "root").iterdir()] == ["set"]


def test_unpack_an_archive_inside_an_archive(tmp_path):
    inner = pack(tmp_path / "inner.tar.gz", {"set/1.txt": b"one"}).read_bytes()
    archive = pack(tmp_path / "outer.zip", {"folder/inner.tar.gz": inner})
    unpack(archive, "set", tmp_path / "root" / "set", inner="folder/inner.tar.gz")
    assert (tmp_path / "root" / "set" / "1.txt").read_bytes() == b"one"


@pytest.mark.parametrize("suffix", ["zip", "tgz", "tar"])
def test_a_damaged_archive_is_removed(tmp_path, suffix):
    archive = pack(tmp_path / f"a.{suffix}", {"set/1.txt": CONTENT, "set/2.txt": CONTENT})
    content = archive.read_bytes()
    archive.write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match="is damaged"):
        unpack(archive, "set", tmp_path / "root" / "set")
    assert not archive.exists()
    assert list((tmp_path / "root").iterdir()) == []


def test_a_wrong_checksum_behind_the_last_member_is_found(tmp_path):
    archive = pack(tmp_path / "a.tar.gz", {"set/1.txt": b"one"})
    content = bytearray(archive.read_bytes())
    content[-5] ^= 255
    archive.write_bytes(content)
    with pytest.raises(DataError, match="is damaged"):
        unpack(archive, "set", tmp_path / "root" / "set")


def test_files_left_by_a_crash_do_not_matter(tmp_path):
    (tmp_path / "root" / ".unpacking-set").mkdir(parents=True)
    unpack(pack(tmp_path / "a.zip", {"set/1.txt": b"one"}), "set", tmp_path / "root" / "set")
    assert [path.name for path in (tmp_path / "root").iterdir()] == ["set"]


def test_another_archive(tmp_path):
    with pytest.raises(DataError, match="holds no 'set'"):
        unpack(pack(tmp_path / "a.zip", {"else/1.txt": b"one"}), "set", tmp_path / "root" / "set")


def test_a_member_that_would_leave_the_folder(tmp_path):
    archive = pack(tmp_path / "a.tar", {"../outside.txt": b"one"})
    with pytest.raises(DataError):
        unpack(archive, "set", tmp_path / "root" / "set")
    assert not (tmp_path / "outside.txt").exists()
    assert not (tmp_path / "root" / "outside.txt").exists()


def test_has_checksum(tmp_path):
    (tmp_path / "a").write_bytes(gzip.compress(b"x", mtime=0))
    assert has_checksum(tmp_path / "a", hashlib.md5(gzip.compress(b"x", mtime=0)).hexdigest())
    assert not has_checksum(tmp_path / "a", MD5)
