"""Laws of RunSpec: JSON in and out, and any nonsense is either a valid spec or a
message for a person.
"""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rft_core.errors import UserError
from rft_core.spec import catalog
from rft_core.spec.run_spec import (
    RunSpec,
    differences,
    epsilon_grid,
    flatten,
    parse,
    setting_names,
    spec_hash,
    with_settings,
)

UNIT = st.floats(0, 1)
PLAIN = st.characters(
    exclude_categories=["Cs", "Cc", "Zl", "Zp"],
    exclude_characters="\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
)


def names(kind: str):
    return st.sampled_from([row.name for row in catalog.choices(kind)])


def maybe(strategy):
    return st.one_of(st.none(), strategy)


VALID = {
    "name": st.text(PLAIN, max_size=30),
    "notes": st.text(st.one_of(PLAIN, st.sampled_from("\t\n\r")), max_size=30),
    "tags": st.lists(
        st.text("abc ä", min_size=1, max_size=9).map(str.strip).filter(bool), max_size=3
    ),
    "seed": st.integers(0, 2**31 - 1),
    "data.dataset": st.one_of(
        st.sampled_from(["blooms_easy", "digits"]),
        st.text("abc/", min_size=1, max_size=9).map("folder:{}".format),
    ),
    "data.train_size": maybe(st.integers(2, 10_000)),
    "data.eval_size": maybe(st.integers(2, 10_000)),
    "data.image_size": maybe(st.integers(8, 1024)),
    "data.augment": st.sampled_from(["none", "flip", "paper"]),
    "model.backbone": st.sampled_from(["bloom_vit", "resnet50"]),
    "model.pretrained": st.booleans(),
    "strategy.kind": names("strategies"),
    "threat.norm": st.sampled_from(["linf", "l2"]),
    "threat.epsilon": st.one_of(UNIT, st.integers(0, 255).map("{}/255".format)),
    "schedule.kind": names("schedules"),
    "schedule.steps": st.integers(1, 1000),
    "schedule.points": st.lists(st.tuples(UNIT, UNIT), min_size=1, max_size=5).map(sorted),
    "schedule.granularity": st.sampled_from(["step", "epoch"]),
    "attack.steps": st.integers(1, 1000),
    "attack.relative_step_size": maybe(st.floats(1e-3, 10)),
    "attack.random_start": st.booleans(),
    "objective.kind": names("objectives"),
    "optim.epochs": st.integers(1, 100_000),
    "optim.learning_rate": st.floats(1e-9, 100),
    "optim.head_learning_rate": maybe(st.floats(1e-9, 100)),
    "optim.clip_norm": maybe(st.floats(1e-3, 10)),
    "evaluation.epsilons": maybe(
        st.sets(st.integers(1, 255), max_size=5).map(
            lambda levels: [0, *(f"{level}/255" for level in sorted(levels))]
        )
    ),
    "evaluation.tracking": st.integers(2, 1000),
    "evaluation.tracking_share": st.floats(0.01, 1),
    "runtime.device": st.sampled_from(["auto", "cpu", "cuda", "cuda:3", "mps"]),
    "runtime.threads": maybe(st.integers(1, 1024)),
}

ODD_TEXT = st.sampled_from(
    [
        "",
        " ",
        "nan",
        "inf",
        "-1",
        "8",
        "8/255",
        "0/0",
        "1e999",
        "\x00",
        "ä",
        "\ud800",
        "cuda:",
        "folder:",
        "linf",
        "x" * 5000,
        "null",
        "True",
    ]
)
HOSTILE = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.sampled_from([10**400, -(10**400), 2**63, 0, -1]),
        st.floats(),
        ODD_TEXT,
        st.text(max_size=10),
    ),  # fmt: skip
    lambda children: st.one_of(
        st.lists(children, max_size=4),
        st.dictionaries(
            st.one_of(st.text(max_size=5), st.sampled_from(["kind", "epsilon"])),
            children,
            max_size=3,
        ),
    ),
    max_leaves=6,
)
ANY_NAME = st.one_of(
    st.sampled_from(setting_names()),
    st.sampled_from(["optim", "threat", "", ".", "a.b.c", "optim.", ".epochs"]),
    st.text(max_size=8),
)


@st.composite
def specs(draw):
    start, end = sorted((draw(UNIT), draw(UNIT)))
    chosen = {name: draw(strategy) for name, strategy in VALID.items() if draw(st.booleans())}
    return with_settings(
        RunSpec(), chosen | {"schedule.ramp_start": start, "schedule.ramp_end": end}
    )


@given(specs())
def test_json_and_back_is_the_identity(spec):
    again = parse(spec.to_json())
    assert again == spec
    assert again.to_json() == spec.to_json()
    assert spec_hash(again) == spec_hash(spec)
    assert parse(spec.model_dump(mode="json")) == spec


@given(specs())
def test_dotted_names_rebuild_a_spec(spec):
    assert with_settings(RunSpec(), flatten(spec)) == spec


@given(specs(), specs())
def test_specs_without_differences_have_one_hash(one, other):
    assert (differences([one, other]) == {}) == (spec_hash(one) == spec_hash(other))


@given(specs())
def test_the_grid_rises_from_0(spec):
    grid = epsilon_grid(spec)
    assert grid[0] == 0
    assert list(grid) == sorted(set(grid))
    if spec.evaluation.epsilons is None:
        assert abs(grid[-1] - spec.threat.epsilon) < 1e-12


def outcome(read) -> str:
    """Return the message of a UserError, or "" where `read` gives a spec, which
    must then survive JSON.
    """
    try:
        spec = read()
    except UserError as error:
        return str(error) or "a message without words"
    assert parse(spec.to_json()) == spec
    return ""


@settings(max_examples=400)
@given(st.dictionaries(ANY_NAME, HOSTILE, min_size=1, max_size=3))
def test_hostile_settings_give_a_spec_or_a_message(changes):
    assert outcome(lambda: with_settings(RunSpec(), changes)) != "a message without words"


ODD_VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    2**63,
    10**400,
    -(10**400),
    1e308,
    float("nan"),
    float("inf"),
    -0.0,
    "",
    " ",
    "nan",
    "1e999",
    "8",
    "0/0",
    "8/255",
    "\x00",
    "\ud800",
    "ä",
    "x" * 5000,
    "1" * 5000,
    [],
    [[]],
    [None],
    [0, 10**400],
    [0, "nan"],
    [[0, 0], [10**400, 1]],
    {},
    {"kind": 1},
    b"\xff",
    object(),
)


@pytest.mark.parametrize("name", setting_names())
def test_odd_values_of_every_setting_give_a_spec_or_a_message(name):
    for value in ODD_VALUES:
        message = outcome(lambda value=value: with_settings(RunSpec(), {name: value}))
        # a rule between two settings may name the other one, and a choice names what was not found
        assert not message or any(
            known in message for known in (name, "unknown", "schedule.ramp_end")
        ), message[:200]


@settings(max_examples=200)
@given(HOSTILE)
def test_a_hostile_document_gives_a_spec_or_a_message(document):
    assert outcome(lambda: parse(document)) != "a message without words"


@settings(max_examples=200)
@given(st.dictionaries(st.sampled_from(list(RunSpec.model_fields)), HOSTILE, max_size=3))
def test_a_hostile_section_gives_a_spec_or_a_message(raw):
    assert outcome(lambda: parse(raw)) != "a message without words"
