"""How the files of a dataset are told apart: names of splits and classes, what is ignored, and
how folders are read.
"""

from rft_core.files.layout.classes import settle_classes
from rft_core.files.layout.found import LayoutQuestion, LeftOut, Picture, shown
from rft_core.files.layout.names import (
    class_key,
    is_junk,
    is_system,
    looks_like_split,
    match_classes,
    split_of,
    split_word,
)
from rft_core.files.layout.reading import (
    Reading,
    check_classes_of,
    read_folder,
    read_names,
    require_images,
    require_two,
)
from rft_core.files.layout.table import TableReading, read_table

__all__ = [
    "LayoutQuestion",
    "LeftOut",
    "Picture",
    "Reading",
    "TableReading",
    "check_classes_of",
    "class_key",
    "is_junk",
    "is_system",
    "looks_like_split",
    "match_classes",
    "read_folder",
    "read_names",
    "read_table",
    "require_images",
    "require_two",
    "settle_classes",
    "shown",
    "split_of",
    "split_word",
]
