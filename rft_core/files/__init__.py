"""Where things are kept; folders that are written whole or not at all; files of
strangers, read safely.
"""

from typing import TYPE_CHECKING

from rft_core import lazy_door

if TYPE_CHECKING:
    from rft_core.files import run_files, uploads
    from rft_core.files.home import CHECKOUT
    from rft_core.files.images import image_suffixes

__getattr__, __dir__, __all__ = lazy_door(__name__)
