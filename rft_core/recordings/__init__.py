"""Recorded runs: real runs kept with the program. Loads no torch."""

from typing import TYPE_CHECKING

from rft_core import lazy_door

if TYPE_CHECKING:
    from rft_core.recordings.reading import Gallery, Recording, read_gallery, read_recording
    from rft_core.recordings.thinning import thinned

__getattr__, __dir__, __all__ = lazy_door(__name__)
