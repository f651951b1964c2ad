"""Runs as files: tables, JSON, one HTML report."""

from typing import TYPE_CHECKING

from rft_core import lazy_door

if TYPE_CHECKING:
    from rft_core.report.files.export import FILE_NAME, file_contents, one_file

__getattr__, __dir__, __all__ = lazy_door(__name__)
