"""A training step of adversarial fine-tuning, ours against a loop with torchattacks, alternating
step by step.
"""

import copy
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Any

import torch
import torch.nn.functional as F
import torchattacks
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from rft_core.bench.limit import count_operations
from rft_core.engine.execution import prepare
from rft_core.engine.hardware.products import use_torch
from rft_core.engine.job import Job
from rft_core.engine.reporter import FolderReporter
from rft_core.engine.training.step import build_adversary, next_batch, training_step
from rft_core.spec.run_spec import RunSpec, with_settings

WARM_UP, COMPARED_LOSSES = 2, 3


@dataclass(frozen=True)
class Case:
    """One row: a backbone at an image size, with its batch; `loaded` takes embedded weights,
    where there are some.
    """

    backbone: str
    image_size: int
    batch: int
    steps: int = 3
    loaded: bool = True

    def spec(self) -> RunSpec:
        """Return the run: full fine-tuning, PGD at a constant 8/255 without a random start, AdamW,
        no augmentation, so that both loops do the same.
        """
        return with_settings(
            RunSpec(),
            {
                "data.dataset": "blooms_easy",
                "data.image_size": self.image_size,
                "data.train_size": 4 * self.batch,
                "data.eval_size": 8,
                "data.augment": "none",
                "model.backbone": self.backbone,
                "model.pretrained": self.loaded,
                "schedule.kind": "constant",
                "attack.steps": self.steps,
                "attack.random_start": False,
                "optim.batch_size": self.batch,
                "optim.epochs": 10_000,
                "optim.learning_rate": 1e-4,
                "optim.warmup_fraction": 0.0,
                "optim.decay": "none",
                "evaluation.eval_size": 8,
                "runtime.compile": torch.cuda.is_available(),
            },
        )


def measure_training(case: Case, rounds: int, threads: int | None = None) -> dict[str, Any]:
    """Return images a second of both loops, the median and quartiles of their ratio over `rounds`
    pairs of steps, and what a step is made of.

    Both start from the same weights and see the same batches; "largest_loss_difference" is over
    the first three steps.
    """
    with TemporaryDirectory() as folder:
        job = prepare(
            with_settings(case.spec(), {"runtime.threads": threads}), FolderReporter(Path(folder))
        )
    operations = count_operations(job)
    # the plain model a user would have: contiguous, torch's own products, not compiled
    plain = use_torch(copy.deepcopy(job.model)).to(memory_format=torch.contiguous_format)
    plain._compiled_call_impl = None
    arms = {"ours": _ours(job), "theirs": _theirs(plain, job)}
    seconds: dict[str, list[float]] = {name: [] for name in arms}
    losses: dict[str, list[float]] = {name: [] for name in arms}
    inputs: list[float] = []
    for _ in range(WARM_UP + rounds):
        for name, arm in arms.items():
            started = _now(job.runtime.device)
            loss, waited = next(arm)
            seconds[name].append(_now(job.runtime.device) - started)
            losses[name].append(float(loss))
            if name == "ours":
                inputs.append(waited)
    ours, theirs = (seconds[name][WARM_UP:] for name in arms)
    ratios = [slow / fast for fast, slow in zip(ours, theirs)]
    low, _, high = quantiles(ratios, n=4)
    return {
        "model": case.backbone,
        "image_size": case.image_size,
        "batch": case.batch,
        "attack_steps": case.steps,
        **job.runtime.describe(),
        "ours_images_per_second": case.batch / median(ours),
        "torchattacks_images_per_second": case.batch / median(theirs),
        "ratio": median(ratios),
        "ratio_quartiles": [low, high],
        "rounds": rounds,
        "largest_loss_difference": max(
            abs(first - second)
            for first, second in zip(losses["ours"][:COMPARED_LOSSES], losses["theirs"])
        ),
        "input_share": median(inputs[WARM_UP:]) / median(ours),
        "operations_per_step": operations,
        "operations_per_second": operations / median(ours),
    }


def _now(device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


def _ours(job: Job) -> Iterator[tuple[Tensor, float]]:
    """Take the engine's own steps; yield each loss, and the seconds that its batch took."""
    epsilon, step = job.spec.threat.epsilon, 0
    while True:
        started = time.perf_counter()
        images, labels = next_batch(job, step)
        waited = time.perf_counter() - started
        yield training_step(job, step, images, labels, build_adversary(job, step, epsilon)), waited
        step += 1


def _theirs(model: nn.Module, job: Job) -> Iterator[tuple[Tensor, float]]:
    """Train as a user would write it: torchattacks' PGD, a DataLoader over float images, AdamW with
    its defaults.
    """
    spec, device, train = job.spec, job.runtime.device, job.dataset.train
    attack = torchattacks.PGD(
        model,
        eps=spec.threat.epsilon,
        alpha=2.5 / spec.attack.steps * spec.threat.epsilon,
        steps=spec.attack.steps,
        random_start=False,
    )
    groups = [
        {name: value for name, value in group.items() if name in ("lr", "weight_decay")}
        for group in job.optimizer.param_groups
    ]
    group_of = {
        id(parameter): index
        for index, group in enumerate(job.optimizer.param_groups)
        for parameter in group["params"]
    }
    members: list[list[nn.Parameter]] = [[] for _ in groups]
    for ours, theirs in zip(job.model.parameters(), model.parameters()):
        members[group_of[id(ours)]].append(theirs)
    optimizer = torch.optim.AdamW(
        [group | {"params": parameters} for group, parameters in zip(groups, members)]
    )
    data, epoch = TensorDataset(train.images.cpu().float() / 255, train.labels.cpu()), 0
    while True:
        order = job.order.of(spec.seed, epoch, len(train)).tolist()
        for images, labels in DataLoader(
            data, spec.optim.batch_size, sampler=order, drop_last=True
        ):
            images, labels = images.to(device), labels.to(device)
            model.train()
            adversarial = attack(images, labels)
            loss = F.cross_entropy(model(adversarial), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            yield loss.detach(), 0.0
        epoch += 1
