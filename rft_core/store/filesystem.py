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
    resolved = path.resolve()
    mounts = [
        mount
        for mount in psutil.disk_partitions(all=True)
        if resolved.is_relative_to(mount.mountpoint)
    ]
    if not mounts:
        return None
    # the nearest mount; of two on the same folder the later one covers the earlier
    nearest = max(range(len(mounts)), key=lambda index: (len(mounts[index].mountpoint), index))
    kind = mounts[nearest].fstype.lower()
    return kind if kind.startswith(NETWORK_KINDS) else None
