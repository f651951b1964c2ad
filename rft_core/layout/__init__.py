"""How the files of a dataset are told apart: names of splits and classes, what is ignored, and how folders are read."""

from rft_core.layout.names import class_key, is_junk, is_system, looks_like_split, match_classes, split_of, split_word

__all__ = ["class_key", "is_junk", "is_system", "looks_like_split", "match_classes", "split_of", "split_word"]
