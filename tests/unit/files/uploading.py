"""A folder of images as an upload keeps it."""

from rft_core.files import uploads
from rft_core.files.uploads import Upload


def files(upload: Upload) -> list[str]:
    return sorted(
        path.relative_to(upload.folder).as_posix()
        for path in upload.folder.rglob("*")
        if path.is_file() and path.name != uploads.RECORD
    )


GOOD = ["cat/0.png", "cat/1.png", "cat/2.png", "dog/0.png", "dog/1.png", "dog/2.png"]
