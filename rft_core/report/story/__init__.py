"""The story: the race, its replay, and the figures and sentences of each step."""

from typing import TYPE_CHECKING

from rft_core import lazy_door

if TYPE_CHECKING:
    from rft_core.report.story.figures import (
        MAGNIFY,
        area_figure,
        confidence_figure,
        fragile_figure,
        magnified,
    )
    from rft_core.report.story.race import race_figure
    from rft_core.report.story.replay import race_replay
    from rft_core.report.story.sentences import (
        describe_areas,
        describe_attack,
        describe_falls,
        describe_fragile,
        describe_guess,
        describe_limit,
        describe_race,
        describe_source,
        describe_task,
        describe_threshold,
    )
    from rft_core.report.story.track import STYLES, Track, build_track

__getattr__, __dir__, __all__ = lazy_door(__name__)
