"""The home and its folders; files that are written completely or not at all; files of other
people, read safely.
"""

from typing import TYPE_CHECKING

from rft_core import lazy_door

if TYPE_CHECKING:
    from rft_core.files import run_files, uploads
    from rft_core.files.home import CHECKOUT
    from rft_core.files.images import image_suffixes

__getattr__, __dir__, __all__ = lazy_door(__name__)
