"""A stranger's bundle is refused with a reason, and nothing of it stays."""

import io
import json
import os
import stat
import zipfile
from collections import namedtuple

import pytest

from rft_core.bundles import checking, incoming
from rft_core.bundles.checking import opened
from rft_core.bundles.incoming import import_bundle
from rft_core.errors import BundleError
from rft_core.files.uploads import Limits
from rft_core.store.home_lock import home_turn
from tests.unit.bundles.importing import refused, snapshot
from tests.unit.bundles.rewriting import manifest_of, write


def test_what_is_written_again_unchanged_is_taken(files, other, tmp_path):
    """The changes below are what is refused, not the rewriting."""
    assert import_bundle(other, write(tmp_path / "same.zip", files))["runs"]


class TestFormat:
    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"version": 2}, "format rft-lab-bundle 2, this program reads rft-lab-bundle 1"),
            ({"format": "zip"}, "is of format zip"),
            ({"kind": "all"}, "unknown kind of bundle"),
            ({"extra": 1}, "extra"),
            ({"version": "1"}, "version"),
            ({"created": "now"}, "created"),
        ],
    )
    def test_another_manifest(self, files, other, tmp_path, change, words):
        refused(other, write(tmp_path / "bad.zip", files, manifest_of(files, **change)), words)

    @pytest.mark.parametrize("text", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000])
    def test_a_manifest_that_is_none(self, files, other, tmp_path, text):
        refused(other, write(tmp_path / "bad.zip", files, text), "manifest")

    def test_no_manifest(self, other, tmp_path):
        with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
            archive.writestr("a.png", b"x")
        refused(other, tmp_path / "bad.zip", "holds no manifest.json")

    def test_a_manifest_without_end(self, files, other, tmp_path, monkeypatch):
        monkeypatch.setattr(checking, "LARGEST_MANIFEST", 100)
        refused(other, write(tmp_path / "bad.zip", files), "manifest is larger than 100 bytes")

    @pytest.mark.parametrize("data", [b"", b"hello", b"PK\x05\x06"])
    def test_no_zip(self, other, data):
        refused(other, io.BytesIO(data), "not a bundle")

    def test_a_truncated_file(self, files, other, tmp_path):
        data = write(tmp_path / "good.zip", files).read_bytes()
        for length in (len(data) // 2, len(data) - 30):
            refused(other, io.BytesIO(data[:length]), "cut-off")


class TestBytes:
    def test_another_checksum(self, files, run_id, other, tmp_path):
        wrong = manifest_of(files)
        wrong["files"][2]["sha256"] = "0" * 64
        refused(other, write(tmp_path / "bad.zip", files, wrong), "another checksum")

    def test_every_flipped_byte_of_a_stored_file_is_noticed(
        self, store, run_id, files, other, tmp_path
    ):
        good = (tmp_path / "good.zip").read_bytes()
        name = f"runs/{run_id}/files/verdicts.npz"
        begin = good.index(files[name])
        for place in range(begin, begin + len(files[name]), 97):
            bad = bytearray(good)
            bad[place] ^= 1
            refused(other, io.BytesIO(bytes(bad)), "verdicts.npz (is damaged|has another checksum)")

    def test_smaller_and_larger_than_the_manifest_says(self, files, other, tmp_path):
        for more, words in ((1, "is cut off"), (-1, "larger than the manifest says")):
            wrong = manifest_of(files)
            wrong["files"][2]["size"] += more
            refused(other, write(tmp_path / "bad.zip", files, wrong), words)

    def test_more_and_less_than_the_manifest_has(self, files, run_id, other, tmp_path):
        more = files | {f"runs/{run_id}/files/more.txt": b"x"}
        refused(
            other, write(tmp_path / "more.zip", more, manifest_of(files)), "not in its manifest"
        )
        refused(other, write(tmp_path / "less.zip", files, manifest_of(more)), "is not there")

    def test_a_name_twice(self, files, run_id, other, tmp_path):
        path = write(tmp_path / "twice.zip", files)
        with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr(f"runs/{run_id}/run.json", b"{}")
        refused(other, path, "there twice")


class TestPaths:
    @pytest.mark.parametrize(
        "name",
        [
            "runs/{}/files/../../../evil",
            "/etc/evil",
            "runs/{}/files//evil",
            "runs/{}/files/./evil",
            "../evil",
            "C:/evil",
            "runs/{}/files/a\\b",
            "runs/{}/files/a\nb",
            "runs/{}/files/\u202eevil",
            "runs/{}/files/" + "a" * 300,
            "runs/{}/files/" + "a/" * 30 + "b",
        ],
    )
    def test_a_name_that_leads_elsewhere_or_deceives(self, files, run_id, other, tmp_path, name):
        refused(
            other,
            write(tmp_path / "bad.zip", files | {name.format(run_id): b"x"}),
            "manifest is wrong",
        )

    @pytest.mark.parametrize(
        "name",
        [
            "evil",
            "rft.db",
            "worker.lock",
            "runs/evil",
            "runs/a b/x",
            "runs/.hidden/run.json",
            "datasets/x.png",
            "weights/x.safetensors",
        ],
    )
    def test_a_file_without_a_place(self, files, other, tmp_path, name):
        refused(other, write(tmp_path / "bad.zip", files | {name: b"x"}), "has no place")

    def test_decoded_images_are_made_here(self, files, other, tmp_path):
        """Whoever could bring them would choose what a run trains on."""
        files = files | {"datasets/decoded/x/images.npy": b"x"}
        refused(
            other,
            write(tmp_path / "bad.zip", files, manifest_of(files, kind="home")),
            "has no place",
        )

    def test_a_stray_beside_a_runs_parts(self, files, run_id, other, tmp_path):
        refused(
            other,
            write(tmp_path / "bad.zip", files | {f"runs/{run_id}/stray": b"x"}),
            "stray has no place",
        )

    def test_a_link(self, files, run_id, other, tmp_path):
        name = f"runs/{run_id}/files/link"
        files = files | {name: b"/etc/passwd"}
        path = tmp_path / "link.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for member, data in files.items():
                info = zipfile.ZipInfo(member)
                info.external_attr = (stat.S_IFLNK | 0o777) << 16 if member == name else 0
                archive.writestr(info, data)
            archive.writestr("manifest.json", json.dumps(manifest_of(files)))
        refused(other, path, "link: a link")

    def test_a_file_that_is_also_a_folder(self, files, run_id, other, tmp_path):
        refused(
            other,
            write(
                tmp_path / "bad.zip",
                files | {f"runs/{run_id}/files/a": b"x", f"runs/{run_id}/files/a/b": b"y"},
            ),
            "meets another",
        )

    def test_the_process_of_an_evaluation(self, files, run_id, other, tmp_path):
        """Cancelling such an evaluation would end the process of that number here."""
        name = f"runs/{run_id}/files/evaluations/20260101-000000-aaaaaa/state.json"
        refused(
            other,
            write(
                tmp_path / "bad.zip",
                files | {name: json.dumps({"pid": os.getpid(), "start": 0}).encode()},
            ),
            "names a process",
        )


class TestSizes:
    def test_a_bomb(self, files, run_id, other, tmp_path):
        bomb = write(
            tmp_path / "bomb.zip", files | {f"runs/{run_id}/files/zeros": bytes(300 * 2**20)}
        )
        refused(other, bomb, "are in proportion to its own")

    @pytest.mark.parametrize(
        ("limits", "words"),
        [
            (Limits(files=2), "and 2 may be in one"),
            (Limits(file_bytes=100), "and 100 may be in one file"),
            (Limits(total_bytes=1000), "and 1,000 are in proportion"),
        ],
    )
    def test_limits(self, files, tmp_path, limits, words):
        path = write(tmp_path / "good.zip", files)
        with pytest.raises(BundleError, match=words), opened(path, "good.zip", limits):
            pass

    def test_a_disk_that_is_too_small_is_said_before_anything_is_written(
        self, files, other, tmp_path, monkeypatch
    ):
        usage = namedtuple("usage", "total used free")
        monkeypatch.setattr(checking.shutil, "disk_usage", lambda path: usage(10, 9, 1))
        before = snapshot(other.home)
        with pytest.raises(BundleError, match="1 are free .* make room there"):
            import_bundle(other, write(tmp_path / "good.zip", files))
        assert snapshot(other.home) == before

    @pytest.mark.parametrize("where", ["unpack", "_insert"])
    def test_a_disk_that_fills_on_the_way(self, files, other, tmp_path, monkeypatch, where):
        """While it is unpacked, and when its files lie in place already."""
        inner = getattr(incoming, where)

        def full(*arguments):
            inner(*arguments)
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(incoming, where, full)
        before = snapshot(other.home)
        with pytest.raises(BundleError, match="No space left on device .* make room there"):
            import_bundle(other, write(tmp_path / "good.zip", files))
        assert snapshot(other.home) == before
        assert other.records() == []


def test_one_import_at_a_time(files, other, tmp_path):
    with home_turn(other.home):
        refused(other, write(tmp_path / "good.zip", files), "another import")
