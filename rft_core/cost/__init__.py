"""What a run or an evaluation will cost, known before it starts. Loads no torch."""

from typing import TYPE_CHECKING

from rft_core import lazy_door

if TYPE_CHECKING:
    from rft_core.cost.evaluation_cost import START_SECONDS, estimate_evaluation
    from rft_core.cost.known_sizes import train_images
    from rft_core.cost.run_cost import Cost, estimate
    from rft_core.cost.schedule_demand import (
        attacked_share,
        demand,
        factors,
        may_attack,
        never_rises,
    )

__getattr__, __dir__, __all__ = lazy_door(__name__)
