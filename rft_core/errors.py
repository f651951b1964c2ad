"""The tree of errors. Library code raises these; only the CLI and the pages turn them into text.

RftError
├── UserError                 a person can mend it: one clear line, exit code 2
│   ├── SettingError          a setting of a RunSpec: its name, its value, the way out
│   ├── UnknownNameError      a name that is on no menu, with the nearest one
│   ├── DataError             a dataset that cannot be used, and why
│   ├── WeightsError          weights that are missing, corrupt or do not fit
│   ├── StrategyError         a strategy that has no place in the model
│   ├── BundleError           a bundle that cannot be written or imported, and why
│   └── StoreError            the run store cannot be opened, or has no such run
└── TrainingError             the run itself went wrong (a loss that is not finite)
"""

from difflib import get_close_matches


class RftError(Exception):
    """Everything this package raises on purpose."""


class UserError(RftError):
    """Something a person can mend; the message says how."""


class SettingError(UserError):
    """A setting has a value that cannot be used.

    Example: ``SettingError("threat.epsilon", 8.0, "must be in [0, 1] for norm 'linf'; did you mean 8/255?")``
    """

    def __init__(self, setting: str, value: object, message: str):
        super().__init__(f"{setting} {message}, got {value!r}" if ";" not in message else _with_value(setting, value, message))
        self.setting, self.value = setting, value


def _with_value(setting: str, value: object, message: str) -> str:
    rule, way_out = message.split(";", 1)
    return f"{setting} {rule}, got {value!r};{way_out}"


class UnknownNameError(UserError):
    """A name that is on no menu; says the nearest one, or all of them."""

    def __init__(self, kind: str, name: str, known: list[str]):
        near = get_close_matches(str(name), known, n=1, cutoff=0.5)
        way_out = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(known)}"
        super().__init__(f"unknown {kind} '{name}', {way_out}")
        self.name, self.nearest = name, near[0] if near else None


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
