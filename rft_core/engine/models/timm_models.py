"""timm's backbones: their weights brought here through the hub, and the
architecture built around them.
"""

import time
from collections.abc import Callable
from pathlib import Path

import timm
from huggingface_hub import hf_hub_download
from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError, OfflineModeIsEnabled
from huggingface_hub.utils import tqdm
from torch import nn

from rft_core.engine.models import hub_access
from rft_core.errors import SettingError, WeightsError
from rft_core.files.home import find_home
from rft_core.resources.weights import FILES, OFFLINE, cached_in, holds
from rft_core.spec.sections import ModelSpec

SECONDS_BETWEEN_LINES = 2.0
Notify = Callable[[str], None]


def build(spec: ModelSpec, num_classes: int, image_size: int, notify: Notify) -> nn.Module:
    """Return the timm backbone of `spec` with a new head; its published weights are fetched when
    wanted and not here.
    """
    wants_weights = spec.pretrained and not spec.checkpoint
    folder = fetch(spec.backbone, notify) if wants_weights else None
    # with the file in its place nothing needs the network, and a hub that has gone silent
    # cannot hold the run up
    is_here = folder is not None and holds(folder, _hub_id(spec.backbone))
    # only architectures that fix their size take img_size; the others raise TypeError on it
    natural = timm.get_pretrained_cfg(spec.backbone).input_size[-1]
    sizes = [{}] if image_size == natural else [{"img_size": image_size}, {}]
    for options in sizes:
        try:
            with hub_access.offline(is_here):
                return timm.create_model(
                    spec.backbone,
                    pretrained=wants_weights,
                    num_classes=num_classes,
                    cache_dir=folder,
                    **options,
                )
        except TypeError:
            if options is sizes[-1]:
                raise
        except (OSError, RuntimeError, ValueError) as error:
            raise (
                unavailable(spec.backbone, error) if wants_weights else _unbuildable(spec, error)
            ) from None
    raise AssertionError("unreachable: the last attempt returns or raises")


def check_weights(name: str) -> None:
    """Raise WeightsError at once where the published weights of `name` are neither here nor to be
    had; fetches nothing.
    """
    where = _hub_id(name)
    if not where:
        raise WeightsError(
            f"no weights were published for '{name}'; choose one of its tags, or set"
            " model.pretrained to false"
        )
    if cached_in(where, find_home()) is None and not hub_access.is_reachable(
        where if "://" in where else None
    ):
        raise unavailable(name, OfflineModeIsEnabled())


def fetch(name: str, notify: Notify = lambda text: None) -> Path:
    """Return the cache that holds the weights of the timm backbone `name`, after bringing them into
    the home's when they are nowhere.

    A broken download goes on where it stopped, and the length is checked at its end. `notify` gets
    a line every two seconds.
    """
    check_weights(name)
    home, where = find_home(), _hub_id(name)
    if folder := cached_in(where, home):
        return folder
    if "://" not in where:
        try:
            progress = progress_lines(name, notify)
            hf_hub_download(where, FILES[0], cache_dir=home.weights, tqdm_class=progress)
        except LocalEntryNotFoundError as error:
            raise unavailable(name, error) from None
        except EntryNotFoundError:
            # published as another file: timm knows which
            notify(f"downloading the weights of {name}")
        # the errors of the hub's transport have no class in common with those of its files
        except Exception as error:
            raise unavailable(name, error) from None
    return home.weights


def progress_lines(name: str, notify: Notify) -> type[tqdm]:
    """Return a progress bar class for the hub that draws nothing and says how far a download is, at
    most every two seconds.
    """

    class Lines(tqdm):
        def __init__(self, *arguments: object, **options: object):
            super().__init__(*arguments, **options | {"disable": False, "file": _Nowhere()})
            self.said = time.monotonic()

        def update(self, n: float | None = 1) -> bool | None:
            """Count `n` bytes; say where the download stands when a line is due."""
            changed = super().update(n)
            if time.monotonic() - self.said >= SECONDS_BETWEEN_LINES or self.n == self.total:
                self.said = time.monotonic()
                share = f", {100 * self.n / self.total:.0f} %" if self.total else ""
                notify(f"downloading the weights of {name}: {self.n / 1e6:.0f} MB{share}")
            return changed

    return Lines


class _Nowhere:
    def write(self, text: str) -> None:
        """Drop what a bar would draw."""

    def flush(self) -> None:
        """Nothing is kept."""


def unavailable(name: str, error: Exception) -> WeightsError:
    """Return what to tell a person when the weights of `name` cannot be had because of `error`."""
    offline = isinstance(error, OfflineModeIsEnabled | LocalEntryNotFoundError)
    reason = (
        "the hub cannot be reached and they are not in the cache"
        if offline
        else (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
    )
    return WeightsError(
        f"the weights of '{name}' cannot be had ({reason}); {OFFLINE} by setting model.pretrained"
        " to false"
    )


def _unbuildable(spec: ModelSpec, error: Exception) -> SettingError:
    return SettingError("model.backbone", spec.backbone, f"cannot be built: {error}")


def _hub_id(name: str) -> str:
    config = timm.get_pretrained_cfg(name)
    return config.hf_hub_id or config.url or ""
