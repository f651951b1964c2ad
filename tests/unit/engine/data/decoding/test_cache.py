"""rft_core.engine.data.decoding.cache: what was decoded is kept, and trusted only while whole."""

import json
import os
import resource
import threading
import time

import numpy as np
import pytest

from rft_core.engine.data.decoding import cache, decode
from rft_core.files import atomic
from tests.unit.engine.data.decoding.shaded import Source, digests, folders, load


def _cut(path):
    path.write_bytes(path.read_bytes()[:-5])


def _flip(path):
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)


DAMAGE = {
    "no contents": lambda folder: (folder / "meta.json").unlink(),
    "empty contents": lambda folder: (folder / "meta.json").write_text(""),
    "other contents": (
        lambda folder: (folder / "meta.json").write_text(json.dumps({"splits": [{}], "notes": []}))
    ),
    "no images": lambda folder: (folder / "0.npy").unlink(),
    "cut images": lambda folder: _cut(folder / "1.npy"),
    "changed pixel": lambda folder: _flip(folder / "2.npy"),
    "changed label": lambda folder: _flip(folder / "0_labels.npy"),
    "pickle": lambda folder: np.save(
        folder / "0_labels.npy", np.array([{}], dtype=object), allow_pickle=True
    ),
    "nothing": lambda folder: [path.unlink() for path in folder.iterdir()],
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_cache_is_decoded_again(home, damage):
    first = load(Source().listing())
    damage(home.decoded / folders(home)[0])
    again = Source()
    assert digests(load(again.listing())) == digests(first)
    assert len(again.opened) == 40
    # and it is whole now
    third = Source()
    assert digests(load(third.listing())) == digests(first)
    assert third.opened == []


def test_a_large_set_is_mapped(home, monkeypatch):
    first = load(Source().listing())
    monkeypatch.setattr(cache, "IN_MEMORY_BYTES", 0)
    modes, read = [], np.load
    monkeypatch.setattr(
        cache.np,
        "load",
        lambda path, mmap_mode=None, **rest: (
            modes.append(mmap_mode),
            read(path, mmap_mode=mmap_mode, **rest),
        )[1],
    )
    again = Source()
    second = load(again.listing())
    assert again.opened == []
    assert modes == ["c", None] * 3
    assert digests(first) == digests(second)
    second.train.images[0] = 0
    assert digests(load(Source().listing())) == digests(first)


@pytest.mark.parametrize("damage", ["cut images", "no images", "changed label"])
def test_a_damaged_large_set_is_decoded_again(home, monkeypatch, damage):
    monkeypatch.setattr(cache, "IN_MEMORY_BYTES", 0)
    first = digests(load(Source().listing()))
    DAMAGE[damage](home.decoded / folders(home)[0])
    again = Source()
    assert digests(load(again.listing())) == first
    assert len(again.opened) == 40


def test_a_full_disk_leaves_a_note(home):
    """A limit on the size of files stands in for the end of the disk: writing
    fails in the middle.
    """
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        data = load(Source().listing())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "could not be kept" in data.notes[-1]
    assert folders(home) == []
    assert digests(load(Source().listing())) == digests(data)


def test_a_home_that_cannot_be_written_leaves_a_note(home):
    home.datasets.mkdir()
    home.decoded.write_text("a file where the folder should be")
    data = load(Source().listing())
    assert "could not be kept" in data.notes[-1]
    assert len(data.train) == 28


def test_what_a_killed_process_left_is_removed_a_day_later(home):
    old, young = home.decoded / ".gone-1", home.decoded / ".busy-2"
    for folder in (old, young):
        folder.mkdir(parents=True)
        (folder / "0.npy").touch()
    past = time.time() - atomic.ABANDONED_SECONDS - 60
    for path in (old / "0.npy", old, young):
        os.utime(path, (past, past))
    load(Source().listing())
    assert not old.exists()
    # something was written in it lately
    assert young.exists()


def test_two_threads_at_once(home):
    results = []
    work = [
        threading.Thread(target=lambda: results.append(digests(load(Source().listing(2000)))))
        for _ in range(4)
    ]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    assert len(results) == 4
    assert all(result == results[0] for result in results)
    assert len(folders(home)) == 1


def test_two_that_finish_at_the_same_moment(home, monkeypatch):
    """Each has decoded before either moves its folder into place."""
    together, publish, results = threading.Barrier(2, timeout=60), decode.publish, []
    monkeypatch.setattr(
        decode, "publish", lambda *arguments: (together.wait(), publish(*arguments))
    )
    work = [
        threading.Thread(target=lambda: results.append(load(Source().listing()))) for _ in range(2)
    ]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    assert digests(results[0]) == digests(results[1])
    assert results[0].notes == results[1].notes
    assert len(folders(home)) == 1
