"""Text on terminals and in pipes of any encoding: what the encoding lacks becomes the nearest that
it has, never an error.
"""

import codecs
import sys
import unicodedata
from types import MappingProxyType

from rich.cells import cell_len

ERRORS = "rft-nearest"
SIGNS = MappingProxyType(
    {
        **{
            "█": "#",
            "━": "-",
            "─": "-",
            "–": "-",
            "—": "-",
            "−": "-",
            "·": "-",
            "•": "*",
            "│": "|",
        },
        **{"…": "...", "→": "->", "×": "x", "±": "+-", "≤": "<=", "≥": ">=", "‘": "'", "’": "'"},
        **{
            "“": '"',
            "”": '"',
            "„": '"',
            "ß": "ss",
            "ø": "o",
            "Ø": "O",
            "æ": "ae",
            "Æ": "AE",
            "ł": "l",
        },
    }
)


def write_any_text() -> None:
    """Make stdout and stderr of this process take any text, whatever their encoding."""
    codecs.register_error(ERRORS, _nearest)
    for stream in (sys.stdout, sys.stderr):
        # a stream that a caller put there may be of another kind
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=ERRORS)


def nearest(text: str, encoding: str) -> str:
    """Return `text` as `encoding` can write it: signs by their look, letters without their
    accents, ? for the rest.
    """
    return "".join(_letter(letter, encoding) for letter in text)


def _nearest(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return nearest(error.object[error.start : error.end], error.encoding), error.end


def _letter(letter: str, encoding: str) -> str:
    for written in (letter, SIGNS.get(letter), _without_accents(letter)):
        if written and _is_writable(written, encoding):
            return written
    # as wide as what it stands for, so that columns stay in line
    return "?" * cell_len(letter) if not unicodedata.combining(letter) else ""


def _without_accents(letter: str) -> str:
    decomposed = unicodedata.normalize("NFKD", letter)
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def _is_writable(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
