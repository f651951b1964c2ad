"""RFT Lab: robust fine-tuning of pretrained image models.

Door 1: everything a page needs, without loading torch.
"""

from rft_core.errors import RftError, UserError
from rft_core.spec.catalog import choices, find
from rft_core.spec.presets import PRESETS, preset
from rft_core.spec.run_spec import RunSpec, parse, with_settings
from rft_core.store.run_store import open_store
from rft_core.worker.submit import submit

__all__ = [
    "PRESETS",
    "RftError",
    "RunSpec",
    "UserError",
    "choices",
    "find",
    "open_store",
    "parse",
    "preset",
    "submit",
    "with_settings",
]
