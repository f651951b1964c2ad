"""The table of docs/guards.md as data: which test failed when a guard was taken out, and where that
test is now.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
TABLE = CHECKOUT / "docs" / "guards.md"
ROW = re.compile(r"^\| (?P<guard>.+) \| `(?P<test>test_\w+)` \| `(?P<file>tests/[\w/]+\.py)` \|$")
TEST = re.compile(r"^\s*def (test_\w+)\(", re.MULTILINE)


@dataclass(frozen=True)
class Guard:
    """One row: the guards that were taken out, the test that failed, its file in the checkout."""

    guard: str
    test: str
    file: str

    @property
    def files_now(self) -> tuple[str, ...]:
        """The files that may be meant: the row's own where it still has the test, else those of its
        folder that have one of that name, else all that have.
        """
        found = files_by_test().get(self.test, ())
        beside = tuple(one for one in found if Path(one).parent == Path(self.file).parent)
        return (self.file,) if self.file in found else beside or found

    @property
    def is_held(self) -> bool:
        """Whether the named test is in the named file."""
        return self.files_now == (self.file,)


def guards(text: str | None = None) -> Iterator[Guard]:
    """Return the rows of the table, by default of docs/guards.md."""
    for line in (TABLE.read_text(encoding="utf-8") if text is None else text).splitlines():
        if found := ROW.match(line):
            yield Guard(**found.groupdict())


def current_table() -> str:
    """Return docs/guards.md with the file of every test that moved, where only one file has it."""
    text = TABLE.read_text(encoding="utf-8")
    for guard in guards(text):
        if not guard.is_held and len(guard.files_now) == 1:
            before = f"`{guard.test}` | `{guard.file}`"
            text = text.replace(before, f"`{guard.test}` | `{guard.files_now[0]}`")
    return text


@cache
def files_by_test() -> dict[str, tuple[str, ...]]:
    """Return name of a test -> the files of the checkout that have it."""
    found: dict[str, tuple[str, ...]] = {}
    for path in sorted((CHECKOUT / "tests").rglob("test_*.py")):
        for name in set(TEST.findall(path.read_text(encoding="utf-8"))):
            found[name] = (*found.get(name, ()), str(path.relative_to(CHECKOUT)))
    return found
