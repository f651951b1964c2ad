"""What is known of backbones and datasets, and which are here. Loads no torch."""

from typing import TYPE_CHECKING

from rft_core import lazy_door

if TYPE_CHECKING:
    from rft_core.resources import backbones, datasets, weights
    from rft_core.resources.dataset_check import check_dataset

__getattr__, __dir__, __all__ = lazy_door(__name__)
