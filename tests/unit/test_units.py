"""rft_core.units: "8/255" <-> 0.03137, durations, percent."""

import math

import pytest

from rft_core.units import (
    format_bytes,
    format_count,
    format_duration,
    format_epsilon,
    format_percent,
    ordinal,
    parse_epsilon,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("8/255", 8 / 255),
        (" 8 / 255 ", 8 / 255),
        ("0.03", 0.03),
        (0.5, 0.5),
        (1, 1.0),
        ("0", 0.0),
        ("0/255", 0.0),
        ("1e-3", 1e-3),
    ],
)
def test_parse_epsilon(text, value):
    assert parse_epsilon(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "abc",
        "8/0",
        "8/",
        "/255",
        "1/2/3",
        "nan",
        "inf",
        "-1/255",
        -0.1,
        math.nan,
        math.inf,
        "1e999",
        True,
        "8 pixels",
    ],
)
def test_parse_epsilon_refuses(text):
    with pytest.raises(ValueError, match="must be"):
        parse_epsilon(text)


def test_a_huge_integer_is_refused_like_any_other_number():
    # JSON holds integers of any length; float() of one raises OverflowError
    with pytest.raises(ValueError, match="must be"):
        parse_epsilon(10**400)


@pytest.mark.parametrize(
    ("value", "norm", "text"),
    [
        (0, "linf", "0"),
        (8 / 255, "linf", "8/255"),
        (0.5 / 255, "linf", "0.5/255"),
        (3.37 / 255, "linf", "3.37/255"),
        (1.0, "linf", "255/255"),
        (0.5, "l2", "0.5"),
        (128 / 255, "l2", "0.502"),
        (0, "l2", "0"),
    ],
)
def test_format_epsilon(value, norm, text):
    assert format_epsilon(value, norm) == text


def test_a_tiny_epsilon_is_not_shown_as_zero():
    assert parse_epsilon(format_epsilon(1e-9)) == pytest.approx(1e-9, rel=1e-3)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "unknown"),
        (math.nan, "unknown"),
        (math.inf, "unknown"),
        (0.44, "0.4 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (72, "1 min 12 s"),
        (3599.7, "1 h 00 min"),
        (7500, "2 h 05 min"),
        (-1, "0.0 s"),
    ],
)
def test_format_duration(seconds, text):
    assert format_duration(seconds) == text


@pytest.mark.parametrize(
    ("fraction", "text"),
    [(None, "–"), (math.nan, "–"), (0, "0.0 %"), (0.5219, "52.2 %"), (1, "100.0 %")],
)
def test_format_percent(fraction, text):
    assert format_percent(fraction) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0"),
        (12, "12"),
        (999, "999"),
        (1000, "1 k"),
        (640_123, "640 k"),
        (999_600, "1 M"),
        (11_700_000, "11.7 M"),
        (1.2e9, "1.2 G"),
    ],
)
def test_format_count(count, text):
    assert format_count(count) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "1 MB"), (450_000_000, "450 MB"), (999_600_000, "1.0 GB"), (2_340_000_000, "2.3 GB")],
)
def test_format_bytes(count, text):
    assert format_bytes(count) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1, "1st"),
        (2, "2nd"),
        (3, "3rd"),
        (4, "4th"),
        (11, "11th"),
        (12, "12th"),
        (13, "13th"),
        (21, "21st"),
        (111, "111th"),
        (102, "102nd"),
    ],
)
def test_ordinal(number, text):
    assert ordinal(number) == text
