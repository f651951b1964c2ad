"""The Markdown files of the checkout as data: headings, links, and the commands that they name."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tests.architecture.source import CHECKOUT

FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"(?<!`)`([^`]+)`(?!`)")
LINK = re.compile(r"!?\[(?:[^\[\]]|`[^`]*`)*\]\(([^()\s]+(?:\([^()]*\))?[^()\s]*)\)")
HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
# what begins a command of ours; options of the shell before it, such as RFT_PIN=..., are left out
COMMAND = re.compile(r"^(?:[A-Z_]+=\S+ )*(python -m (?:rft_core|docs|tests)\b|rft-lab\b|make\b)")


@dataclass(frozen=True)
class Page:
    """One Markdown file."""

    path: Path
    text: str

    @property
    def name(self) -> str:
        """The file's path from the checkout."""
        return self.path.relative_to(CHECKOUT).as_posix()

    @cached_property
    def prose(self) -> str:
        """The text without its fenced blocks."""
        return FENCE.sub("", self.text)

    @property
    def links(self) -> list[str]:
        """What its links and pictures lead to."""
        return LINK.findall(self.prose)

    @property
    def spans(self) -> list[str]:
        """What is written as code inside a line, line ends as spaces."""
        return [" ".join(span.split()) for span in SPAN.findall(self.prose)]

    @property
    def anchors(self) -> set[str]:
        """The names under which GitHub makes its headings reachable."""
        names = [slug(heading) for heading in HEADING.findall(self.prose)]
        before = [names[:index].count(name) for index, name in enumerate(names)]
        return {f"{name}-{count}" if count else name for name, count in zip(names, before)}

    @property
    def commands(self) -> list[str]:
        """Every line of a fenced block and every span that calls something of this project."""
        lines = [line.strip() for _, block in FENCE.findall(self.text) for line in _joined(block)]
        return [one for one in [*lines, *self.spans] if COMMAND.match(one)]


def pages() -> Iterator[Page]:
    """Return every Markdown file that git knows or would take."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in sorted(set(listed.stdout.split("\0")) - {""}):
        path = CHECKOUT / name
        if path.is_file():
            yield Page(path, path.read_text(encoding="utf-8"))


def slug(heading: str) -> str:
    """Return the anchor that GitHub gives a heading: small letters, no punctuation, hyphens."""
    plain = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


def words(command: str) -> list[str]:
    """Return the words of a command as a shell would take them, without its comment, without the
    variables set before it, and up to the first `;`, `&` or `|` that stands alone.
    """
    found = shlex.split(command, comments=True)
    while found and re.fullmatch(r"[A-Z_]+=.*", found[0]):
        found = found[1:]
    ends = [index for index, word in enumerate(found) if word in (";", "&", "&&", "|", ">")]
    return found[: ends[0]] if ends else found


def _joined(block: str) -> list[str]:
    return re.sub(r"\\\n\s*", " ", block).splitlines()
