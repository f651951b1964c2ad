"""The second door, with torch: the engine as a library, and what runs inside a training process.

    from rft_core.engine import EpsilonSchedule, evaluate, make_adversary, pgd

Everything is loaded when it is first used. Pages and quick commands never import this module.
"""

from typing import TYPE_CHECKING

from rft_core import lazy_door

if TYPE_CHECKING:
    from rft_core.engine.attacks.apgd import apgd, apgd_dlr
    from rft_core.engine.attacks.library import autoattack, cw, fab, square
    from rft_core.engine.attacks.losses import cross_entropy, dlr, margin
    from rft_core.engine.attacks.pgd import fgsm, pgd
    from rft_core.engine.attacks.targeted import apgd_ce_t
    from rft_core.engine.execution import execute
    from rft_core.engine.measuring.evaluate import Evaluation
    from rft_core.engine.measuring.own_model import evaluate
    from rft_core.engine.models.by_name import apply_strategy, build_model, merge_strategy
    from rft_core.engine.models.modes import eval_mode, train_mode
    from rft_core.engine.models.normalize import NormalizedModel
    from rft_core.engine.objectives.adversary import make_adversary
    from rft_core.engine.objectives.build import make_objective
    from rft_core.engine.reporter import FolderReporter, Reporter
    from rft_core.metrics.curve import RobustnessCurve, all_weight_on, expected_robustness
    from rft_core.spec.epsilon_schedule import EpsilonSchedule
    from rft_core.spec.schedules import Moment, factor_at

__getattr__, __dir__, __all__ = lazy_door(__name__)
