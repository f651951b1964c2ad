"""timm's backbones: fetch their weights through the hub, and build the architecture."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import timm
from huggingface_hub import hf_hub_download
from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError, OfflineModeIsEnabled
from huggingface_hub.utils import tqdm
from timm.models import PretrainedCfg
from torch import nn

from rft_core.engine.models import hub_access
from rft_core.errors import SettingError, UnknownNameError, WeightsError
from rft_core.files.home import find_home
from rft_core.resources.weights import FILES, OFFLINE, cached_in, holds
from rft_core.spec.sections import ModelSpec

SECONDS_BETWEEN_LINES = 2.0
Notify = Callable[[str], None]


def build(spec: ModelSpec, num_classes: int, image_size: int, notify: Notify) -> nn.Module:
    """Return the timm backbone of `spec` with a new head; its published weights are fetched if they
    are wanted and not here.
    """
    wants_weights = spec.pretrained and not spec.checkpoint
    folder = fetch(spec.backbone, notify) if wants_weights else None
    # if the file is here nothing needs the network, and a hub that does not answer cannot delay the
    # run
    is_here = folder is not None and holds(folder, _hub_id(spec.backbone))
    # only architectures that fix their size take img_size; the others raise TypeError on it
    natural = pretrained_config(spec.backbone).input_size[-1]
    sizes: list[dict[str, Any]] = [{}] if image_size == natural else [{"img_size": image_size}, {}]
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


def pretrained_config(name: str) -> PretrainedCfg:
    """Return timm's configuration of the backbone `name`; UnknownNameError if timm has none."""
    config = timm.get_pretrained_cfg(name)
    if config is None:
        raise UnknownNameError("backbone", name, timm.list_models(), "model.backbone")
    return config


def check_weights(name: str) -> None:
    """Raise WeightsError at once if the published weights of `name` are neither here nor can be
    fetched; does not fetch anything.
    """
    hub_id = _hub_id(name)
    if not hub_id:
        raise WeightsError(
            f"no weights were published for '{name}'; choose one of its tags, or set"
            " model.pretrained to false"
        )
    if cached_in(hub_id, find_home()) is None and not hub_access.is_reachable(
        hub_id if "://" in hub_id else None
    ):
        raise unavailable(name, OfflineModeIsEnabled())


def fetch(name: str, notify: Notify = lambda text: None) -> Path:
    """Return the cache that holds the weights of the timm backbone `name`, after fetching them into
    the home if no cache has them.

    A broken download is resumed, and the length is checked at its end. `notify` gets a line every
    two seconds.
    """
    check_weights(name)
    home, hub_id = find_home(), _hub_id(name)
    if folder := cached_in(hub_id, home):
        return folder
    if "://" not in hub_id:
        try:
            progress = progress_lines(name, notify)
            hf_hub_download(hub_id, FILES[0], cache_dir=home.weights, tqdm_class=progress)
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
    """Return a progress bar class for the hub that draws nothing and reports how far a download is,
    at most every two seconds.
    """

    class Lines(tqdm):
        def __init__(self, *arguments: object, **options: object):
            super().__init__(*arguments, **options | {"disable": False, "file": _Nowhere()})
            self.last_notified = time.monotonic()

        def update(self, n: float | None = 1) -> bool | None:
            """Count `n` bytes; report the progress if a line is due."""
            changed = super().update(n)
            if (
                time.monotonic() - self.last_notified >= SECONDS_BETWEEN_LINES
                or self.n == self.total
            ):
                self.last_notified = time.monotonic()
                share = f", {100 * self.n / self.total:.0f} %" if self.total else ""
                notify(f"downloading the weights of {name}: {self.n / 1e6:.0f} MB{share}")
            return changed

    return Lines


class _Nowhere:
    def write(self, text: str) -> None:
        """Drop `text`, which the bar would draw."""

    def flush(self) -> None:
        """Do nothing: no text is kept."""


def unavailable(name: str, error: Exception) -> WeightsError:
    """Return the error to show if the weights of `name` cannot be fetched because of `error`."""
    offline = isinstance(error, OfflineModeIsEnabled | LocalEntryNotFoundError)
    reason = (
        "the hub cannot be reached and they are not in the cache"
        if offline
        else (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
    )
    return WeightsError(
        f"the weights of '{name}' cannot be fetched ({reason}); {OFFLINE} by setting"
        " model.pretrained to false"
    )


def _unbuildable(spec: ModelSpec, error: Exception) -> SettingError:
    return SettingError("model.backbone", spec.backbone, f"cannot be built: {error}")


def _hub_id(name: str) -> str:
    config = pretrained_config(name)
    source = config.hf_hub_id or config.url or ""
    # a URL may come with the name of the file at it
    return source if isinstance(source, str) else source[0]
