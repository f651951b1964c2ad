"""Only the schedule, in somebody else's trainer: a callback for Lightning, a line for timm's loop.

    python -m examples.schedule_only --epochs 10

`EpsilonCallback` has the hooks of a Lightning callback; with Lightning, derive it from
`lightning.Callback` and pass it to the Trainer. The loop below stands in for a trainer: optimiser
and learning rate come from timm, as in its train.py, and the attack from torchattacks.
"""

import argparse
from types import SimpleNamespace
from typing import Any

import timm.optim
import timm.scheduler
import torch
import torch.nn.functional as F
import torchattacks
from torch import Tensor, nn

from examples.own_loop import BATCH, digits, network
from rft_core.engine import EpsilonSchedule


class EpsilonCallback:
    """Sets `module.epsilon` before each batch, from the steps the trainer has taken."""

    def __init__(self, kind: str, epsilon: float, **settings: Any):
        self.kind, self.epsilon, self.settings = kind, epsilon, settings

    def on_train_start(self, trainer, module) -> None:
        """Make the schedule, once the trainer knows how long it will train."""
        self.schedule = EpsilonSchedule(
            self.kind,
            epsilon=self.epsilon,
            epochs=trainer.max_epochs,
            steps_per_epoch=trainer.num_training_batches,
            **self.settings,
        )

    def on_train_batch_start(self, trainer, module, batch, batch_idx: int) -> None:
        """Tell the module its budget."""
        module.epsilon = self.schedule.epsilon_at(trainer.global_step)


class YourModule(nn.Module):
    """Any module with a training step that attacks: here with torchattacks, at `self.epsilon`."""

    def __init__(self):
        super().__init__()
        self.network, self.epsilon = network(), 0.0

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        """Return the loss of one batch."""
        images, labels = batch
        if self.epsilon > 0:
            attack = torchattacks.PGD(self.network, self.epsilon, self.epsilon / 2, steps=3)
            images = attack(images, labels)
        return F.cross_entropy(self.network(images), labels)


def fit(module: YourModule, callback: EpsilonCallback, epochs: int) -> list[float]:
    """Train as a trainer would, calling the hooks; return epsilon at every step."""
    images, labels = digits()
    steps = len(images) // BATCH
    optimizer = timm.optim.create_optimizer_v2(module, opt="adamw", lr=2e-3)
    rates = timm.scheduler.CosineLRScheduler(optimizer, t_initial=epochs * steps, t_in_epochs=False)
    trainer = SimpleNamespace(max_epochs=epochs, num_training_batches=steps, global_step=0)
    epsilons = []

    callback.on_train_start(trainer, module)
    for _ in range(epochs):
        order = torch.randperm(len(images))
        for index in range(steps):
            chosen = order[index * BATCH : (index + 1) * BATCH]
            batch = images[chosen], labels[chosen]
            callback.on_train_batch_start(trainer, module, batch, index)
            epsilons.append(module.epsilon)
            optimizer.zero_grad()
            module.training_step(batch, index).backward()
            optimizer.step()
            trainer.global_step += 1
            # in timm's train.py this line is there already; epsilon asks for no more than its step
            rates.step_update(num_updates=trainer.global_step)
    return epsilons


def main(arguments: list[str] | None = None) -> list[float]:
    """Train and print epsilon at the start of every epoch; return it for every step."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--epsilon", type=float, default=0.15, help="target, in pixel scale")
    options = parser.parse_args(arguments)
    callback = EpsilonCallback("two_hinge", options.epsilon, ramp_start=0.25, ramp_end=0.75)
    epsilons = fit(YourModule(), callback, options.epochs)
    for epoch, epsilon in enumerate(epsilons[:: len(epsilons) // options.epochs]):
        print(f"epoch {epoch:3d}  epsilon {epsilon:.4f}")
    return epsilons


if __name__ == "__main__":
    main()
