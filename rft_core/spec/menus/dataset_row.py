"""The rows of the menu of datasets."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from rft_core.spec.choice import Choice, load_target


@dataclass(frozen=True)
class DataLocation:
    """How a person names data by a scheme and a path or name, such as folder:PATH.

    `label` stands on the form's menu; `field`, `placeholder` and `help` belong to the field for the
    path or name, `missing` is shown while that is empty, `written` says how data.dataset is
    written. Such data are called a `noun`. `path_kinds` are what a path must lead to ("file",
    "folder", "zip"); it is empty for a name. `check` names the code (path, layout, domains, most)
    -> lines that checks the data by names alone before a run is queued, and `has_layout` says that
    data.layout counts.
    """

    label: str
    field: str
    placeholder: str
    help: str
    missing: str
    written: str
    noun: str
    path_kinds: tuple[str, ...] = ()
    check: str = ""
    has_layout: bool = False

    @property
    def described(self) -> str:
        """The data in words: "a table with the columns path and label"."""
        return self.written.partition(" of ")[2]

    def load_check(self) -> Callable[..., tuple[str, ...]]:
        """Import and return the code of `check`."""
        return load_target(self.check)


@dataclass(frozen=True)
class DatasetRow(Choice):
    """A dataset: a function (name, request) -> Dataset.

    `facts` are numbers known before anything is loaded: the images of "train", "validation" and
    "test", and "classes"; tests hold them true. `domains` are those of a dataset that has some.
    `is_online` says that it is downloaded the first time it is used. `location` is set where the
    row stands for all data whose name begins with the row's name as a scheme; the function is then
    called with what follows the scheme.
    """

    facts: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    domains: tuple[str, ...] = ()
    is_online: bool = False
    location: DataLocation | None = None
