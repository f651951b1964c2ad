"""Heads: one step of full fine-tuning and of a linear probe on one architecture of
each of timm's families.

    python -m docs.studies.heads measure FILE [HOURS]    about an hour on one core;
    goes on where it stopped
    python -m docs.studies.heads table FILE              a table for docs/log

A family is a module of timm; of each the architecture with the fewest weights is tried, without
pretrained weights, at the smallest of a few sizes that it takes. A step is a forward pass in
training mode, cross-entropy over three classes on two pictures of noise, its gradient and an update
of SGD. "Trains" says that the head moved, and under a linear probe nothing else.
"""

import json
import sys
import time
from pathlib import Path

import timm
import torch
from torch import nn

from rft_core.engine.models.heads import heads
from rft_core.engine.models.trainable import CLASSES, NO_HEAD, STRATEGIES, step, why_not
from rft_core.resources.backbones import facts

SIZES = (32, 64, 96, 128, 160)
# with more weights a step is tried on fake tensors: shapes, no numbers
MOST_WEIGHTS = 300_000_000


def smallest() -> list[tuple[str, str]]:
    """Return (family, the name of its architecture with the fewest weights), small before large."""
    found = []
    for family in timm.list_modules():
        if names := timm.list_models(module=family):
            found.append((family, min(names, key=weights_of)))
    return sorted(found, key=lambda pair: weights_of(pair[1]))


def weights_of(name: str) -> int:
    """Return how many weights the architecture `name` has, its published head included."""
    return facts(name).parameters


def attempt(name: str) -> dict:
    """Return what one step of each strategy did: pixels on a side, the head, a word a strategy."""
    natural = timm.get_pretrained_cfg(name).input_size[-1]
    if weights_of(name) > MOST_WEIGHTS:
        fake = {strategy: why_not(name, strategy, fake=True) or "trains" for strategy in STRATEGIES}
        return {"pixels": natural, "head": "fake tensors"} | fake
    result: dict = {}
    for size in (*(size for size in SIZES if size < natural), natural):
        backbone = build(name, size, natural)
        kinds = [type(head).__name__ for head in heads(backbone)]
        result = {"pixels": size, "head": " + ".join(kinds) or "none"}
        if not kinds:
            return result | dict.fromkeys(STRATEGIES, NO_HEAD)
        result |= {strategy: tried(name, size, natural, strategy) for strategy in STRATEGIES}
        if all(result[strategy] == "trains" for strategy in STRATEGIES):
            break
    return result


def build(name: str, size: int, natural: int) -> nn.Module:
    """Return a new model for pictures of `size`; only architectures that fix it are told."""
    torch.manual_seed(0)
    if size != natural:
        try:
            return timm.create_model(name, num_classes=CLASSES, img_size=size)
        except Exception:  # it takes no size, or not this one, which the step then shows
            torch.manual_seed(0)
    return timm.create_model(name, num_classes=CLASSES)


def tried(name: str, size: int, natural: int, strategy: str) -> str:
    """Return "trains", or what went wrong in one step of `strategy`."""
    backbone = build(name, size, natural)
    before = [parameter.detach().clone() for parameter in backbone.parameters()]
    own = {id(parameter) for head in heads(backbone) for parameter in head.parameters()}
    try:
        problem = step(backbone, strategy, size)
    except Exception as error:
        return (str(error).strip().splitlines() or [type(error).__name__])[0][:120]
    moved = [
        id(parameter)
        for parameter, old in zip(backbone.parameters(), before, strict=True)
        if not torch.equal(parameter, old)
    ]
    if strategy == "linear_probe" and not own.issuperset(moved):
        problem = problem or "weights outside the head moved"
    if not own.intersection(moved):
        problem = problem or "the head did not move"
    return problem or "trains"


def measure(file: Path, hours: float) -> None:
    """Try every family that `file` does not have yet, one JSON line each, for at most `hours`."""
    done = {row["family"] for row in read(file)}
    started = time.monotonic()
    for family, name in smallest():
        if family in done:
            continue
        if time.monotonic() - started > 3600 * hours:
            return
        row = {"family": family, "architecture": name} | attempt(name)
        with file.open("a") as output:
            output.write(json.dumps(row) + "\n")


def read(file: Path) -> list[dict]:
    """Return the rows of `file`; none where it is not there yet."""
    return [json.loads(line) for line in file.read_text().splitlines()] if file.is_file() else []


def table(file: Path) -> str:
    """Return the rows as Markdown, by family."""
    lines = [
        "| family | architecture | pixels | head | full fine-tuning | linear probe |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row in sorted(read(file), key=lambda row: row["family"]):
        columns = ("family", "architecture", "pixels", "head", *STRATEGIES)
        lines.append(f"| {' | '.join(str(row[column]) for column in columns)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    torch.set_num_threads(1)
    command, file = sys.argv[1], Path(sys.argv[2])
    if command == "measure":
        measure(file, float(sys.argv[3]) if len(sys.argv) > 3 else 24.0)
    else:
        print(table(file))
