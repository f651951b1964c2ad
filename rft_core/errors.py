"""The tree of errors. Library code raises these; only the CLI and the pages turn them into text.

RftError
├── UserError                 a person can put it right: one clear line, exit code 2
│   ├── SettingError          a setting of a RunSpec: its name, its value, what to do
│   ├── UnknownNameError      a name that is on no menu, with the nearest one
│   ├── DataError             a dataset that cannot be used, and why
│   ├── WeightsError          weights that are missing, corrupt or do not fit
│   ├── StrategyError         a strategy that finds nothing to work on in the model
│   ├── BundleError           a bundle that cannot be written or imported, and why
│   └── StoreError            the run store cannot be opened, or has no such run
└── TrainingError             the run itself went wrong (a loss that is not finite)
"""

from collections.abc import Sequence
from difflib import get_close_matches

LONGEST_SHOWN = 100
# names that a message lists at most
MOST_LISTED = 30


class RftError(Exception):
    """Everything this package raises on purpose."""


class UserError(RftError):
    """Something a person can put right; the message says how."""


class SettingError(UserError):
    """A setting has a value that cannot be used.

    Example: ``SettingError("threat.epsilon", 8.0, "must be in [0, 1] for norm 'linf';
    did you mean 8/255?")``
    """

    def __init__(self, setting: str, value: object, message: str):
        super().__init__(
            f"{setting} {message}, got {_shown(value)}"
            if ";" not in message
            else _with_value(setting, value, message)
        )
        self.setting, self.value = setting, value


def _with_value(setting: str, value: object, message: str) -> str:
    rule, hint = message.split(";", 1)
    return f"{setting} {rule}, got {_shown(value)};{hint}"


def _shown(value: object) -> str:
    try:
        return printable(repr(value))
    except (ValueError, RecursionError):
        # Python writes no number of more than 4300 digits, and no endless nesting
        return f"a value of type {type(value).__name__} that is too long to write"


def printable(text: str) -> str:
    """Return `text` for a message: one line, nothing that does not show, not endless."""
    start = "".join(
        letter if letter.isprintable() else " " if letter.isspace() else "?"
        for letter in text[:LONGEST_SHOWN]
    )
    return start if len(text) <= LONGEST_SHOWN else f"{start[:-1]}…"


class UnknownNameError(UserError):
    """A name that is on no menu; the message gives the nearest name, or the menu, or the first
    names of a long menu.

    `setting` is the dotted setting that has the name, where there is one. `near` are names like
    it, the nearest first, from a list that is too long for a message; then `known` is not used.
    """

    def __init__(
        self,
        kind: str,
        name: str,
        known: list[str],
        setting: str = "",
        *,
        near: Sequence[str] = (),
    ):
        # no name of a menu is near to endless text, and looking for one takes long
        called = printable(name) if isinstance(name, str) else _shown(name)
        nearest = list(near) or get_close_matches(called, known, n=1, cutoff=0.5)
        where = f"{setting}: " if setting else ""
        super().__init__(f"{where}unknown {kind} '{called}', {_hint(nearest, known)}")
        self.kind, self.name, self.known = kind, name, known
        self.nearest, self.near = nearest[0] if nearest else None, tuple(near)


def _hint(nearest: Sequence[str], known: Sequence[str]) -> str:
    if not nearest:
        more = len(known) - MOST_LISTED
        listed = ", ".join(map(printable, known[:MOST_LISTED]))
        return f"known: {listed}{f', and {more} more' if more > 0 else ''}"
    first, *others = map(printable, nearest)
    also = f" Names near it: {', '.join(others)}" if others else ""
    return f"did you mean '{first}'?{also}"


class DataError(UserError):
    """A dataset cannot be used."""


class WeightsError(UserError):
    """Weights are missing, corrupt or do not fit the model."""


class StrategyError(UserError):
    """A strategy finds none of the modules it works on in a model."""


class BundleError(UserError):
    """A bundle of runs cannot be written, or cannot be imported."""


class StoreError(UserError):
    """The run store cannot be opened, or does not hold what was asked for."""


class TrainingError(RftError):
    """The run itself went wrong, for example a loss that is not finite."""
