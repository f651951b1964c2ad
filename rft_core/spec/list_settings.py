"""Settings that hold several values, as people write them: "0,4/255,8/255", "0:0,0.5:1",
"painting, sketch", or as JSON.
"""

import json
from typing import Any

from rft_core.units import parse_epsilon, parse_number

BRACKETS = str.maketrans("()", "[]")


def split_words(value: Any) -> Any:
    """Turn "painting, sketch" into ("painting", "sketch"), a single number into its text, and None
    into no word.
    """
    if value is None:
        return ()
    if isinstance(value, (int, float)):
        return (str(value),)
    if not isinstance(value, str):
        return value
    written = _from_json(value)
    if isinstance(written, list):
        return tuple(written)
    return tuple(word.strip() for word in value.split(",") if word.strip())


def split_epsilons(value: Any) -> Any:
    """Turn "0, 4/255" into (0, 4/255) in pixel scale, and a single number into a list of it; raises
    ValueError for another text.
    """
    if isinstance(value, (int, float)):
        return (value,)
    if not isinstance(value, str):
        return value
    inner = value.strip().translate(BRACKETS).removeprefix("[").removesuffix("]")
    return tuple(parse_epsilon(part.strip().strip("\"'")) for part in inner.split(","))


def split_points(value: Any) -> Any:
    """Turn "0:0, 0.5:1" into ((0, 0), (0.5, 1)), also with brackets around or between pairs; raises
    ValueError for another text.
    """
    if not isinstance(value, str):
        return value
    text = value.strip().translate(BRACKETS)
    for written in (text, f"[{text}]"):
        pairs = _from_json(written)
        if isinstance(pairs, list) and all(isinstance(pair, list) for pair in pairs):
            return tuple(tuple(pair) for pair in pairs)
    return tuple(_point(part) for part in text.split(","))


def _point(text: str) -> tuple[float, float]:
    progress, colon, factor = text.partition(":")
    if not colon:
        raise ValueError("must be pairs progress:factor, both from 0 to 1")
    return parse_number(progress), parse_number(factor)


def _from_json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
