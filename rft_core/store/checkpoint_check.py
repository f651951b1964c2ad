"""Whether a checkpoint is what was written, checked without torch."""

import json
import struct
import zlib
from pathlib import Path

CHECKSUM, LARGEST_HEADER = "crc32", 100_000_000


def is_intact(path: Path) -> bool:
    """Return whether a checkpoint (safetensors) is there and has the CRC-32 that
    it was written with.

    The checksum is over name and bytes of every tensor, in the order of the names; a file without
    a checksum is not intact.
    """
    try:
        with open(path, "rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > LARGEST_HEADER:
                return False
            header = json.loads(file.read(length))
            wanted, total = header.pop("__metadata__")[CHECKSUM], 0
            for name in sorted(header):
                begin, end = header[name]["data_offsets"]
                file.seek(8 + length + begin)
                data = file.read(end - begin)
                if len(data) != end - begin:
                    return False
                total = zlib.crc32(data, zlib.crc32(name.encode(), total))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, struct.error, MemoryError):
        return False
    return wanted == f"{total:08x}"
