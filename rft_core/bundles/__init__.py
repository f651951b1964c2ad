"""Bundles: runs, or a whole home, as one zip with a manifest; written here, checked byte by byte
where they come in. Loads no torch.
"""

from typing import TYPE_CHECKING

from rft_core import lazy_door

if TYPE_CHECKING:
    from rft_core.bundles.incoming import import_bundle, import_lines
    from rft_core.bundles.outgoing import bundle_bytes

__getattr__, __dir__, __all__ = lazy_door(__name__)
