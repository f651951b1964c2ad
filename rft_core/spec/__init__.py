"""The description of a run: RunSpec, its sections, the menus, the schedules, presets, and specs as
links and commands. Loads no torch.
"""

from typing import TYPE_CHECKING

from rft_core import lazy_door

if TYPE_CHECKING:
    from rft_core.spec.arguments import split_epsilons
    from rft_core.spec.catalog import DatasetRow, dataset_row, locations, settings_of_methods
    from rft_core.spec.choice import Choice
    from rft_core.spec.links import link_items, read_items
    from rft_core.spec.measured_by import attack_measured_by, evaluation_measured_by
    from rft_core.spec.run_paths import gone_settings
    from rft_core.spec.run_spec import describe, differences, flatten, setting_names
    from rft_core.spec.schedules import points_fault
    from rft_core.spec.setting_paths import (
        CHECKPOINT,
        DATASET,
        PATH_SETTINGS,
        absolute_value,
        gone_message,
        is_there,
    )
    from rft_core.spec.setting_range import NumberRange, number_range

__getattr__, __dir__, __all__ = lazy_door(__name__)
