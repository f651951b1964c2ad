"""Work in the background that is not a run: cards of datasets, evaluations. Loads no torch."""

from typing import TYPE_CHECKING

from rft_core import lazy_door

if TYPE_CHECKING:
    from rft_core.jobs import dataset_cards, evaluations
    from rft_core.jobs.dataset_cards import Reading
    from rft_core.jobs.evaluations import Evaluation
    from rft_core.jobs.relocating import relocate_apart

__getattr__, __dir__, __all__ = lazy_door(__name__)
