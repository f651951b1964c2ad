"""rft_core.store.filesystem: a store on a network file system is refused with the reason."""

from collections import namedtuple

import psutil
import pytest

from rft_core.errors import StoreError
from rft_core.store.connection import open_engine
from rft_core.store.filesystem import network_kind

Mount = namedtuple("Mount", "mountpoint fstype")


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "smb3", "lustre", "fuse.sshfs", "9p", "ceph"])
def test_a_network_file_system_is_refused(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(
        psutil, "disk_partitions", lambda all: [Mount("/", "ext4"), Mount(str(tmp_path), kind)]
    )
    assert network_kind(tmp_path / "below") == kind
    with pytest.raises(
        StoreError, match=rf"network file system \({kind}\).*RFT_HOME.*postgresql://"
    ):
        open_engine(f"sqlite:///{tmp_path / 'rft.db'}")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "mounts",
    [
        [],
        [Mount("/", "ext4")],
        [Mount("/", "nfs4"), Mount("{here}", "tmpfs")],
        [Mount("{here}", "nfs4"), Mount("{here}", "ext4")],
    ],
)
def test_the_nearest_and_newest_mount_decides(tmp_path, monkeypatch, mounts):
    there = [Mount(mount.mountpoint.format(here=tmp_path), mount.fstype) for mount in mounts]
    monkeypatch.setattr(psutil, "disk_partitions", lambda all: there)
    assert network_kind(tmp_path / "rft.db") is None
    open_engine(f"sqlite:///{tmp_path / 'rft.db'}").dispose()
