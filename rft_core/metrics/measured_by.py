"""MeasuredBy: by which attack, and on how many images, a robust accuracy was measured."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

# texts come with bundles too: no markup, no control characters, one line
TEXT = re.compile(r"[\w .,:+()/-]{1,120}")


@dataclass(frozen=True, kw_only=True)
class MeasuredBy:
    """The measurement behind a robust accuracy, complete in itself: a report keeps its
    label when menus change.

    `attack` is the name in specs, `loss` what the attack maximises, in words. `relative_step_size`
    is a share of epsilon, None where the attack takes its usual one. `n` counts the images.
    `is_fixed` says that the attack always takes these steps, which are called `step_name`.
    """

    attack: str
    label: str
    loss: str
    steps: int
    restarts: int = 1
    relative_step_size: float | None = None
    n: int
    step_name: str = "step"
    is_fixed: bool = False

    @property
    def method(self) -> tuple[str, str, int, int, float | None]:
        """What two measurements must share for their accuracies to be compared: all but the
        images and the words.
        """
        return self.attack, self.loss, self.steps, self.restarts, self.relative_step_size

    @property
    def short(self) -> str:
        """The attack and its steps: "PGD-10", "APGD-CE + T, 10 steps", "AutoAttack"."""
        if self.is_fixed:
            return self.label
        if self.label.isalpha() and self.label.isupper() and self.step_name == "step":
            return f"{self.label}-{self.steps}"
        return f"{self.label}, {_count(self.steps, self.step_name)}"

    @property
    def chip(self) -> str:
        """The attack, its steps and the images: "PGD-10, n 1,000". What stands beside a number."""
        return f"{self.short}, n {self.n:,}"

    @property
    def full_method(self) -> str:
        """Everything but the images: "PGD, cross-entropy, 10 steps, 1 restart"."""
        steps = _count(self.steps, self.step_name)
        if self.relative_step_size is not None:
            steps += f" of {self.relative_step_size:.4g} epsilon"
        return ", ".join([self.label, self.loss, steps, _count(self.restarts, "restart")])

    @property
    def full(self) -> str:
        """Everything: "PGD, cross-entropy, 10 steps, 1 restart, n 1,000"."""
        return f"{self.full_method}, n {self.n:,}"

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain data, as reports and events hold them."""
        return asdict(self)

    @classmethod
    def from_dict(cls, raw: Any) -> "MeasuredBy":
        """Rebuild it from `as_dict()`; raises ValueError for anything that it
        could not have written.
        """
        if not isinstance(raw, Mapping) or set(raw) != set(cls.__dataclass_fields__):
            raise ValueError("what measured it is not given field by field")
        for name in ("attack", "label", "loss", "step_name"):
            if not (isinstance(raw[name], str) and TEXT.fullmatch(raw[name])):
                raise ValueError(f"{name} of what measured it is not a plain line of text")
        for name in ("steps", "restarts", "n"):
            if type(raw[name]) is not int or not 1 <= raw[name] <= 10**9:
                raise ValueError(f"{name} of what measured it is not a count")
        size = raw["relative_step_size"]
        if size is not None and not (type(size) in (int, float) and 0 < size < 1e6):
            raise ValueError("relative_step_size of what measured it is not a share of epsilon")
        if type(raw["is_fixed"]) is not bool:
            raise ValueError("is_fixed of what measured it is neither true nor false")
        return cls(**raw)


def read_measured_by(raw: Any) -> MeasuredBy | None:
    """Return what is written in a report or an event; None where it is
    missing or cannot be read.
    """
    try:
        return MeasuredBy.from_dict(raw)
    except ValueError:
        return None


def is_one_method(found: Iterable[MeasuredBy | None]) -> bool:
    """Whether all these measurements, None left out, were made by one attack with the same
    steps, restarts and loss.
    """
    return len({measurement.method for measurement in found if measurement is not None}) <= 1


def tell_apart(found: Iterable[MeasuredBy]) -> list[str]:
    """Return one text a measurement, short where that tells different methods apart, else
    with loss and step size.
    """
    found = list(found)
    methods = {measurement.method: measurement for measurement in found}
    shorts = [measurement.short for measurement in methods.values()]
    clear = len(set(shorts)) == len(shorts)
    return [measurement.short if clear else measurement.full_method for measurement in found]


def _count(number: int, name: str) -> str:
    plural = "queries" if name == "query" else f"{name}s"
    return f"{number:,} {name if number == 1 else plural}"
