"""Where SQLite must not live: its write-ahead log needs shared memory, which network file systems
do not give (sqlite.org/wal.html).
"""

from pathlib import Path

import psutil

NETWORK_KINDS = (
    "nfs",
    "cifs",
    "smb",
    "lustre",
    "gpfs",
    "ceph",
    "beegfs",
    "glusterfs",
    "afs",
    "9p",
    "fuse.sshfs",
    "fuse.s3fs",
    "fuse.rclone",
    "davfs",
)


def network_kind(path: Path) -> str | None:
    """Return the kind of the network file system that `path` lies on, such as "nfs4";
    None on a local one.
    """
    place = path.resolve()
    mounts = [
        mount
        for mount in psutil.disk_partitions(all=True)
        if place.is_relative_to(mount.mountpoint)
    ]
    # the mount that is nearest; of two at the same place the later one covers the earlier
    kind = (
        max(enumerate(mounts), key=lambda one: (len(one[1].mountpoint), one[0]))[1].fstype.lower()
        if mounts
        else ""
    )
    return kind if kind.startswith(NETWORK_KINDS) else None
