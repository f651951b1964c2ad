"""Values, and specs made of them, that nobody means: for fuzzing."""

import json
import math
import os
from typing import Any

from hypothesis import strategies as st

from rft_core.spec.run_spec import (
    RunSpec,
    setting_names,
    with_settings,
)
from tests.property.test_spec import VALID

FULL = int(os.environ.get("RFT_FUZZ", "0"))
SECTIONS = tuple(
    name
    for name in RunSpec.model_fields
    if any(setting.startswith(f"{name}.") for setting in setting_names())
)
# a rule between two settings may name the other one
PARTNERS = {
    "schedule.ramp_start": "schedule.ramp_end",
    "threat.norm": "threat.epsilon",
    "threat.epsilon": "evaluation.epsilons",
}
NUMBERS = (
    0,
    -1,
    1,
    2,
    2**31,
    2**63,
    10**400,
    -(10**400),
    0.5,
    -0.0,
    5e-324,
    1e308,
    -1e308,
    math.nan,
    math.inf,
    -math.inf,
    True,
    False,
)
TEXTS = (
    "",
    " ",
    "nan",
    "inf",
    "-1",
    "8",
    "8/255",
    "0/0",
    "1e999",
    "true",
    "null",
    "\x00",
    "a\x00b",
    "\x1b[31mred",
    "two\nlines",
    "\u2028",
    "\u202egnp.exe",
    "\u2066x",
    "\ud800",
    "x\udfff",
    "ä" * 300,
    "x" * 5000,
    "x" * 300_000,
    "<script>alert(1)</script>",
    "[x](javascript:alert(1))",
    "$\\frac{1}{0}$",
    "1" * 5000,
    "{}",
    "%s%n",
    "'; drop table runs; --",
)
PLACES = (
    "../../etc/passwd",
    "/etc/passwd",
    "~root",
    "folder:",
    "folder:../..",
    "folder:/dev/zero",
    "folder:\x00",
    "csv:/proc/self/mem",
    "hf:../x",
    "hf:a/b/c",
    "file:///",
    "C:\\",
    "con",
    "\\\\srv\\x",
    "bloom_vit\n",
    "bloom_vit ",
    "digits\x00",
)
KINDS = (
    "lora",
    "trades",
    "pgd",
    "auto",
    "autoattack",
    "adversarial",
    "custom",
    "square",
    "l2",
    "linf",
    "paper",
    "digits",
    "bfloat16",
    "cuda:99999999999",
)
UNKNOWN = (
    "",
    ".",
    "a.b",
    "epoch",
    "optim.epochs",
    "__class__",
    "constructor",
    "kind ",
    "Kind",
    "x" * 3000,
    "\ud800",
    "two\nlines",
    "\x1b[2J",
    "model_config",
    "0",
)
LEAVES = st.one_of(
    st.none(),
    st.sampled_from(NUMBERS),
    st.integers(),
    st.floats(),
    st.sampled_from(TEXTS),
    st.sampled_from(PLACES),
    st.sampled_from(KINDS),
    st.text(max_size=8),
)
NESTED = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from(("kind", "epsilon", *UNKNOWN)), inner, max_size=3),
    ),
    max_leaves=8,
)
POINTS = st.lists(
    st.tuples(st.one_of(st.floats(0, 1), LEAVES), st.one_of(st.floats(0, 1), LEAVES)).map(list),
    max_size=6,
)


@st.composite
def mutated(draw) -> tuple[dict[str, Any], set[str]]:
    """A valid document with up to three hostile changes, and the names that were touched."""
    chosen = {
        name: draw(strategy) for name, strategy in VALID.items() if draw(st.integers(0, 4)) == 0
    }
    document, touched = json.loads(with_settings(RunSpec(), chosen).to_json()), set()
    for _ in range(draw(st.integers(1, 3))):
        what = draw(
            st.sampled_from(
                (
                    "setting",
                    "setting",
                    "setting",
                    "setting",
                    "points",
                    "unknown",
                    "section",
                    "missing",
                )
            )
        )
        section = draw(st.sampled_from(SECTIONS))
        if what == "setting" or what == "points":
            name = (
                draw(st.sampled_from(setting_names())) if what == "setting" else "schedule.points"
            )
            section, _, leaf = name.rpartition(".")
            place = document.get(section, {}) if section else document
            if isinstance(place, dict):
                place[leaf] = draw(POINTS if what == "points" else NESTED)
                touched.add(name)
        elif what == "unknown":
            place = draw(st.sampled_from((document, document.get(section))))
            if isinstance(place, dict):
                place[draw(st.sampled_from(UNKNOWN))] = draw(LEAVES)
        elif what == "section":
            document[section] = draw(NESTED)
            touched.add(section)
        else:
            document.pop(section, None)
    return document, touched


@st.composite
def hostile(draw) -> tuple[Any, set[str]]:
    """What `parse` is given, and the names that were touched: a mapping as Python code has it,
    or the text of a file.
    """
    document, touched = draw(mutated())
    form = draw(st.sampled_from(("mapping", "text", "text", "text", "doubled", "cut", "deep")))
    if form == "mapping":
        return document, touched
    text = json.dumps(document)
    if form == "doubled":
        name = draw(st.sampled_from(list(document) or ["seed"]))
        text = text[:-1] + f", {json.dumps(name)}: {json.dumps(draw(LEAVES))}" + "}"
    elif form == "cut":
        text = text[: draw(st.integers(0, len(text)))] + draw(
            st.sampled_from(("", "}", "\x00", "]]]"))
        )
    elif form == "deep":
        depth, (opened, closed) = (
            draw(st.sampled_from((3, 100, 900, 100_000))),
            draw(st.sampled_from(("[]", '{"a":}')[:1])),
        )
        name = draw(st.sampled_from(("schedule", "seed", "notes")))
        text, touched = f'{{"{name}": {opened * depth}{closed * depth}}}', {name}
    return text, touched
