"""What is known of every backbone before it is built: size, cost, licence, memory of training.

Read from assets/backbones.json.
"""

import json
import re
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches
from functools import cache
from typing import Any

from rft_core.errors import SettingError, UnknownNameError, printable
from rft_core.files.home import BACKBONES_FILE
from rft_core.spec import catalog

BYTES = 4
# images, their attacked copy, delta, gradient, direction and the next iterate
IMAGE_COPIES = 6
# what a layer needs while it is computed, and what the allocator leaves unused, beside
# what is kept; measured
WORKSPACE = 1.4
# what stands in front of a name on the Hugging Face hub
HUB_PREFIXES = ("hf_hub:", "hf-hub:", "timm/")
# names of weights that timm's own names are near to, in messages
NEAR = 10
# resident memory of a run of bloom_resnet at 32 pixels; measured
PROGRAM_BYTES = 840_000_000


@dataclass(frozen=True)
class BackboneFacts:
    """One backbone with its published weights, at the size that they were made for; None where a
    number is not known.

    `parameters` counts weights with the published head. `macs` are multiply-adds a picture.
    `activations` are float32 numbers a picture that a forward pass keeps for the gradient of every
    weight, `frozen_activations` for the gradient of the pixels alone. `hub_id` is OWNER/NAME on the
    Hugging Face hub, an address, or "" where no weights were published. `licence` is that of the
    weights. `refusal` says why the architecture cannot be fine-tuned, as a clause; "" where it can.
    """

    name: str
    parameters: int | None
    image_size: int
    macs: int | None
    activations: int | None
    frozen_activations: int | None
    licence: str
    hub_id: str
    tier: str
    is_robust: bool
    refusal: str = ""

    @property
    def download_bytes(self) -> int | None:
        """Size of the weights as float32, about what a download takes."""
        return None if self.parameters is None else BYTES * self.parameters


def facts(name: str) -> BackboneFacts | None:
    """Return what is known of the backbone `name` (embedded, a timm architecture, or
    ARCHITECTURE.TAG); None for an unknown name.

    An architecture alone stands for its default weights, an earlier name of timm's for its new one.
    """
    index, name = _index(), current_name(name)
    row, (licence, own, hub) = index["embedded"].get(name), ("MIT", None, "")
    if row is None:
        architecture, dot, tag = name.partition(".")
        row, tags = index["architectures"].get(architecture), index["weights"].get(architecture, {})
        if row is None or (dot and tag not in tags):
            return None
        tag = tag or next(iter(tags), "")
        licence_index, own, hub = tags.get(tag, (None, None, ""))
        licence = "" if licence_index is None else index["licences"][licence_index]
        hub = f"timm/{architecture}.{tag}" if hub is None else hub
    choice = _choices().get(name)
    refusal = index["refused"].get(name.partition(".")[0], "")
    parameters, image_size, macs, activations, frozen_activations = own or row
    return BackboneFacts(
        name,
        parameters,
        image_size,
        macs,
        activations,
        frozen_activations,
        licence,
        hub,
        choice.tier if choice else "",
        bool(choice and choice.is_robust),
        refusal,
    )


def current_name(name: str) -> str:
    """Return the name that timm has today for `name`: after its renamings,
    without the hub's prefix.

    `vit_base_patch16_224_in21k` is `vit_base_patch16_224.augreg_in21k` now. A name that timm did
    not rename, and one that it does not know, comes back as it is.
    """
    short = name.strip()
    for prefix in HUB_PREFIXES:
        short = short.removeprefix(prefix)
    new = _index()["renamed"].get(short, short)
    return new if new in _known_names() else name


def renaming(name: str) -> str:
    """Return a sentence without its full stop that says under which name `name` is used, or ""."""
    new = current_name(name)
    return "" if new == name else f"the backbone '{printable(name)}' is called '{new}' in timm now"


def near_names(name: str, limit: int = NEAR) -> list[str]:
    """Return the `limit` names of backbones nearest to `name`: by words in common, then letters."""
    called = printable(name).lower()
    words = set(_split(called))
    shared = {other: len(words.intersection(_split(other))) for other in _names()}
    most = max(shared.values())
    matcher = SequenceMatcher(b=called, autojunk=False)

    def likeness(other: str) -> float:
        matcher.set_seq1(other)
        return matcher.ratio()

    def rank(other: str) -> tuple[bool, int, float]:
        return "".join(_split(other)) != joined, -shared[other], -likeness(other)

    joined = "".join(_split(called))
    candidates = [
        other
        for other, count in shared.items()
        if count >= most - 1 or "".join(_split(other)) == joined
    ]
    return sorted(candidates, key=rank)[:limit]


def check_backbone(name: str) -> None:
    """Raise unless `name` is a backbone that can be fine-tuned; says the nearest names, or why."""
    found = facts(name)
    if found is None:
        raise UnknownNameError("backbone", name, [], "model.backbone", near=near_names(name))
    if found.refusal:
        raise SettingError(
            "model.backbone",
            name,
            f"cannot be fine-tuned: {found.refusal}; choose another one, see `list backbones`",
        )


def search(text: str, limit: int = 30) -> list[str]:
    """Return up to `limit` names of backbones, with and without tags of weights, that hold every
    word of `text` in any order.

    A word that is in no name stands for the nearest that is, an earlier name of timm's for its new
    one. Names of the menu come first, then short before long.
    """
    text = current_name(text)
    words = _split(text.lower())
    alternatives = [_alternatives(word) for word in words]
    found = [
        name
        for name in _names()
        if all(any(option in name for option in options) for options in alternatives)
    ]
    menu = {choice.name: index for index, choice in enumerate(catalog.choices("backbones"))}
    return sorted(
        found,
        key=lambda name: (
            menu.get(name, len(menu)),
            not name.startswith(text.lower()),
            len(name),
            name,
        ),
    )[:limit]


def training_memory(
    name: str,
    *,
    batch_size: int,
    image_size: int | None = None,
    strategy: str = "full_finetune",
    objective: str = "adversarial",
) -> int | None:
    """Return about how many bytes a run takes on a CPU, its process included; None where the cost
    of `name` is not known.

    bytes = program + 4 * (P + 3 * T + batch * (1.4 * passes * k * A + 6 * pixels)), in float32: P
    weights, T of them trained (each with a gradient and the two moments of AdamW), A numbers kept
    for the backward pass of a picture, counted at the backbone's own size and scaled by pixels, k
    the strategy's share of them; `passes` forward passes are kept at once. Attacks go through the
    same network, so the strategies with frozen weights save less than they do without one. Images
    of the dataset are not counted. Off by -10 to +17 % on the runs of
    docs/log/2026-11-21-memory.md.
    """
    found = facts(name)
    method = catalog.find("strategies", strategy)
    passes = catalog.find("objectives", objective).passes
    activations = (
        None
        if found is None
        else found.frozen_activations
        if method.is_frozen
        else found.activations
    )
    if found is None or found.parameters is None or activations is None:
        return None
    size = image_size or found.image_size
    kept = WORKSPACE * passes * method.kept_share * activations * (size / found.image_size) ** 2
    weights = found.parameters * (1 + 3 * method.trained_share)
    program = PROGRAM_BYTES + method.program_bytes
    return program + round(BYTES * (weights + batch_size * (kept + IMAGE_COPIES * 3 * size**2)))


def _alternatives(word: str) -> list[str]:
    if any(word in name for name in _names()):
        return [word]
    return get_close_matches(word, _words(), n=4, cutoff=0.6) or [word]


@cache
def _index() -> dict[str, Any]:
    return json.loads(BACKBONES_FILE.read_text())


@cache
def _choices() -> dict[str, catalog.BackboneRow]:
    return {choice.name: choice for choice in catalog.choices("backbones")}


@cache
def _names() -> tuple[str, ...]:
    index = _index()
    tagged = (
        f"{architecture}.{tag}" for architecture, tags in index["weights"].items() for tag in tags
    )
    return (*index["embedded"], *index["architectures"], *tagged)


@cache
def _known_names() -> frozenset[str]:
    return frozenset(_names())


def _split(name: str) -> list[str]:
    return [word for word in re.split(r"[^a-z0-9]+", name) if word]


@cache
def _words() -> tuple[str, ...]:
    return tuple(
        sorted(
            {
                word
                for name in _names()
                for word in re.split(r"[^a-z0-9]+", name.lower())
                if len(word) > 1
            }
        )
    )
