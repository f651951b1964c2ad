"""Read a file of weights, and find the weights among everything else a training program saved.

Only tensors and plain data are read: a file that would have to be unpickled is refused.
"""

import argparse
import pickle
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import torch
from torch import Tensor

from rft_core.engine.models.readings import is_second
from rft_core.engine.models.run_checkpoint import read_tensors
from rft_core.errors import WeightsError, printable

SAFE = ".safetensors"
PICKLED = (".pt", ".pth", ".ckpt", ".bin", ".tar")
# levels of dictionaries and lists; a file may contain itself
DEEPEST = 4
# a running average holds a count as well as the same tensors
LIKE_SIZE = 0.9
NAMED = 6
NOT_WEIGHTS = ("optim", "sched", "scaler", "amp")


@dataclass(frozen=True)
class Weights:
    """The tensors of one dictionary of a file by name, in its order, and the keys that lead to it.

    `has_order` is False where the file was sorted by name when it was written.
    """

    tensors: Mapping[str, Tensor]
    keys: tuple[str, ...] = ()
    has_order: bool = True


def read_weights(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a file by name: those of its likeliest dictionary."""
    return dict(read_candidates(path)[0].tensors)


def read_candidates(path: Path) -> list[Weights]:
    """Return every dictionary of weights in a file, the likeliest first; at least one.

    It reads safetensors, and torch files that only hold tensors and plain data. Anything else
    raises WeightsError with the reason.
    """
    if path.suffix == SAFE:
        return [Weights(read_tensors(path)[0], has_order=False)]
    if path.suffix not in PICKLED:
        raise WeightsError(
            f"{path.name} is not a kind of checkpoint that can be read; give a .safetensors file,"
            f" or one of {', '.join(PICKLED)}"
        )
    if _is_web_page(path):
        raise WeightsError(
            f"{path.name} is a web page, not weights: the download went wrong; open its address in"
            " a browser, then fetch it again"
        )
    content = _load(path)
    found = find_weights(content)
    if not found:
        raise WeightsError(
            f"{path.name} holds no weights by name{_keys_of(content)}; save model.state_dict()"
        )
    return found


def _load(path: Path) -> Any:
    try:
        # Namespace: the plain settings that timm's training script writes beside the weights
        with torch.serialization.safe_globals([argparse.Namespace]):
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise WeightsError(
            f"{path.name} is not loaded: it holds more than tensors, and reading that could run "
            f"a program ({_reason(error)}); save it again where it comes from, with "
            "torch.save(model.state_dict(), FILE) or safetensors"
        ) from None
    except (OSError, RuntimeError, EOFError, ValueError, BadZipFile) as error:
        raise WeightsError(
            f"{path.name} cannot be read as a torch checkpoint ({first_line(error)}); fetch it"
            " again, or give another file"
        ) from None


def find_weights(content: Any) -> list[Weights]:
    """Return every dictionary of tensors in what a training program saved, the likeliest first.

    The likeliest is the dictionary with the most tensors. Among dictionaries of about this size
    plain weights come before their averages, a teacher before its student, and outer dictionaries
    before inner dictionaries.
    """
    found = [weights for weights in _dictionaries(content, ()) if weights.tensors]
    most = max((len(weights.tensors) for weights in found), default=0)

    def rank(weights: Weights) -> tuple[bool, bool, int]:
        is_small = len(weights.tensors) < LIKE_SIZE * most
        return is_small, any(map(is_second, weights.keys)), -len(weights.tensors) * is_small

    return sorted(found, key=rank)


def unwrap(content: Any) -> dict[str, Tensor]:
    """Return the likeliest tensors by name in what was saved; empty when there are none."""
    found = find_weights(content)
    return dict(found[0].tensors) if found else {}


def _dictionaries(content: Any, keys: tuple[str, ...]) -> Iterator[Weights]:
    if isinstance(content, list | tuple) and len(content) <= DEEPEST:
        content = dict(enumerate(content))
    elif isinstance(content, Mapping):
        named = {str(key): value for key, value in content.items() if isinstance(value, Tensor)}
        yield Weights(named, keys)
    if not isinstance(content, Mapping) or len(keys) >= DEEPEST:
        return
    for key, value in content.items():
        if not isinstance(value, Tensor) and not str(key).lower().startswith(NOT_WEIGHTS):
            yield from _dictionaries(value, (*keys, str(key)))


def _keys_of(content: Any) -> str:
    if not isinstance(content, Mapping) or not content:
        return ""
    keys = [printable(str(key)) for key in content]
    more = ", ..." if len(keys) > NAMED else ""
    return f" (its top-level keys: {', '.join(keys[:NAMED])}{more})"


def _is_web_page(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(1) == b"<"


def first_line(error: Exception) -> str:
    """Return the first line of an error's text, cut to 160 characters."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:160]


def _reason(error: Exception) -> str:
    """Return the part of torch's long message that names the object it found."""
    lines = [line.strip() for line in str(error).splitlines()]
    met = [line for line in lines if "GLOBAL" in line or "Unsupported" in line]
    return (met or [first_line(error)])[0][:160]
