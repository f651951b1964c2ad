"""rft_core.spec.run_spec: one complete description of a run, validated once."""

import json

import pytest

from rft_core.errors import SettingError, UnknownNameError, UserError
from rft_core.spec.run_spec import (
    RunSpec,
    describe,
    differences,
    epsilon_grid,
    flatten,
    grid_note,
    parse,
    setting_names,
    spec_hash,
    with_settings,
)

BAD = [
    (
        "threat.epsilon",
        8,
        "threat.epsilon must be in [0, 1] for norm 'linf', got 8.0; did you mean 8/255?",
    ),
    (
        "threat.epsilon",
        300,
        "threat.epsilon must be in [0, 1] for norm 'linf', got 300.0; write it as 8/255",
    ),
    (
        "threat.epsilon",
        "nan",
        "threat.epsilon must be a finite number of at least 0 such as 8/255, got 'nan'",
    ),
    (
        "threat.epsilon",
        "-1/255",
        "threat.epsilon must be a finite number of at least 0 such as 8/255, got '-1/255'",
    ),
    ("threat.epsilon", "", "threat.epsilon must be a number such as 8/255 or 0.03, got ''"),
    ("threat.epsilon", None, "threat.epsilon must be a number or text such as 8/255, got None"),
    ("threat.norm", "l1", "threat.norm must be 'linf' or 'l2', got 'l1'"),
    ("optim.epochs", 0, "optim.epochs must be greater than or equal to 1, got 0"),
    ("optim.learning_rate", float("nan"), "optim.learning_rate must be a finite number, got nan"),
    (
        "schedule.ramp_end",
        0.1,
        "schedule.ramp_end must be at least ramp_start = 0.25, got 0.1; swap the two",
    ),
    (
        "evaluation.epsilons",
        [0, 2],
        "evaluation.epsilons must stay in [0, 1] for norm 'linf', got 2.0; write them as 8/255",
    ),
    ("seed", -1, "seed must be greater than or equal to 0, got -1"),
]


def test_defaults_are_valid_and_complete():
    spec = RunSpec()
    assert parse(spec.to_json()) == spec
    assert set(flatten(spec)) == set(setting_names())


@pytest.mark.parametrize("name", setting_names())
def test_every_setting_has_one_line_of_help(name):
    assert describe(name).endswith(".")
    assert "\n" not in describe(name)


@pytest.mark.parametrize(("name", "value", "message"), BAD)
def test_a_bad_value_names_setting_value_and_way_out(name, value, message):
    with pytest.raises(SettingError) as caught:
        with_settings(RunSpec(), {name: value})
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("strategy.kind", "linear_prob"),
        ("schedule.kind", "cosin"),
        ("objective.kind", "naturl"),
        ("attack.kind", "pdg"),
        ("data.dataset", "digit"),
    ],
)
def test_an_unknown_choice_says_the_nearest(name, value):
    with pytest.raises(UnknownNameError, match="did you mean"):
        with_settings(RunSpec(), {name: value})


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("optim.epoch", "unknown setting 'optim.epoch', did you mean 'optim.epochs'?"),
        ("epsilon", "did you mean 'threat.epsilon'?"),
    ],
)
def test_an_unknown_setting_says_the_nearest(name, message):
    with pytest.raises(UserError) as caught:
        with_settings(RunSpec(), {name: 1})
    assert message in str(caught.value)


def test_an_unknown_field_in_json_says_the_nearest():
    with pytest.raises(
        UserError, match=r"unknown setting 'optim.epoch', did you mean 'optim.epochs'\?"
    ):
        parse({"optim": {"epoch": 3}})


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "null", '"x"', "[" * 100_000])
def test_text_that_is_no_spec(text):
    with pytest.raises(UserError):
        parse(text)


def test_l2_may_exceed_one():
    assert with_settings(RunSpec(), {"threat.norm": "l2", "threat.epsilon": 3}).threat.epsilon == 3
    with pytest.raises(SettingError, match="1000"):
        with_settings(RunSpec(), {"threat.norm": "l2", "threat.epsilon": 1001})


def test_a_folder_needs_a_path():
    for name in ("folder", "folder:"):
        with pytest.raises(SettingError, match="folder:PATH"):
            with_settings(RunSpec(), {"data.dataset": name})
    assert with_settings(RunSpec(), {"data.dataset": "folder:/x"}).data.dataset == "folder:/x"


def test_a_spec_cannot_be_changed():
    with pytest.raises(Exception, match="frozen"):
        RunSpec().seed = 3


def test_with_settings_changes_what_it_is_told_and_no_more():
    before = RunSpec()
    after = with_settings(before, {"optim.epochs": 3, "threat.epsilon": "4/255", "name": "x"})
    assert differences([before, after]) == {
        "threat.epsilon": [8 / 255, 4 / 255],
        "optim.epochs": [16, 3],
    }
    assert after.name == "x"


def test_the_hash_is_of_what_decides_the_numbers():
    base = RunSpec()
    for name, value in (("name", "x"), ("notes", "x"), ("tags", ("x",))):
        assert spec_hash(with_settings(base, {name: value})) == spec_hash(base)
    for name, value in (("seed", 1), ("threat.epsilon", "4/255"), ("optim.epochs", 3)):
        assert spec_hash(with_settings(base, {name: value})) != spec_hash(base)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"threat.epsilon": 0}, (0.0,)),
        ({"threat.epsilon": "4/255"}, tuple(place / 255 for place in range(5))),
        ({"threat.epsilon": "1.5/255"}, (0.0, 0.75 / 255, 1.5 / 255)),
        ({"threat.norm": "l2", "threat.epsilon": 1}, tuple(place / 8 for place in range(9))),
        ({"evaluation.epsilons": [0, "8/255"]}, (0.0, 8 / 255)),
    ],
)
def test_epsilon_grid(settings, expected):
    assert epsilon_grid(with_settings(RunSpec(), settings)) == pytest.approx(expected, abs=1e-12)


def test_a_grid_of_points_stays_small():
    assert len(epsilon_grid(with_settings(RunSpec(), {"threat.epsilon": 1.0}))) == 33


def test_json_is_plain():
    raw = json.loads(RunSpec().to_json())
    assert raw["threat"]["epsilon"] == 8 / 255
    assert raw["evaluation"]["epsilons"] is None


@pytest.mark.parametrize(
    ("given", "measured"),
    [([0.2, 0.1], (0.0, 0.1, 0.2)), ([0.1, 0.1], (0.0, 0.1)), (["4/255", 0], (0.0, 4 / 255))],
)
def test_an_epsilon_grid_is_mended_and_it_is_said(given, measured):
    wanted = with_settings(RunSpec(), {"evaluation.epsilons": given})
    assert epsilon_grid(wanted) == measured
    assert "evaluation.epsilons" in grid_note(wanted)


def test_a_grid_in_order_is_left_alone():
    assert grid_note(with_settings(RunSpec(), {"evaluation.epsilons": [0, 0.1]})) is None
    assert grid_note(RunSpec()) is None


# an epsilon has its ends by its norm; a gradient norm that is never reached clips nothing
OPEN_ENDED = {"threat.epsilon", "evaluation.epsilons", "optim.clip_norm"}


@pytest.mark.parametrize("name", [name for name in setting_names() if name not in OPEN_ENDED])
def test_every_number_has_two_ends_and_every_list_a_length(name):
    schema = RunSpec.model_json_schema()
    place = schema["properties"]
    for part in name.split(".")[:-1]:
        place = schema["$defs"][place[part]["$ref"].rpartition("/")[2]]["properties"]
    waiting = [place[name.rpartition(".")[2]]]
    while waiting:
        rule = waiting.pop()
        waiting += [
            *rule.get("anyOf", []),
            *rule.get("prefixItems", []),
            *([rule["items"]] if isinstance(rule.get("items"), dict) else []),
        ]
        if rule.get("type") in ("integer", "number"):
            assert {"minimum", "exclusiveMinimum"} & rule.keys(), name
            assert {"maximum", "exclusiveMaximum"} & rule.keys(), name
        if rule.get("type") == "array":
            assert "maxItems" in rule, name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", "x" * 201),
        ("notes", "x" * 20_001),
        ("tags", ["x"] * 51),
        ("tags", ["x" * 61]),
        ("tags", [" "]),
        ("data.dataset", "folder:" + "x" * 4096),
        ("evaluation.epsilons", [0.01] * 257),
        ("evaluation.epsilons", []),
        ("schedule.points", [[0, 0]] * 201),
        ("schedule.points", []),
        ("data.domains", ["x"] * 51),
        ("name", "a\x1b"),
        ("notes", "a\u202e"),
        ("tags", ["a\x00"]),
        ("seed", True),
        ("schedule.points", [[True, 0]]),
        ("runtime.device", "cuda:0;x"),
        ("optim.clip_norm", float("inf")),
        ("evaluation.epsilons", [True]),
        ("evaluation.epsilons", [2]),
        ("threat.epsilon", []),
        ("threat.epsilon", "9" * 400),
        ("threat.epsilon", "1/0"),
        ("schedule.points", [[0.5, 0], [0.2, 1]]),
        ("attack.kind", "square"),
    ],
)
def test_a_value_past_its_ends_is_refused_by_name(name, value):
    with pytest.raises(SettingError, match=f"^{name}"):
        with_settings(RunSpec(), {name: value})


def test_an_epsilon_of_l2_has_an_end_too():
    for name, value in (("threat.epsilon", 1001), ("evaluation.epsilons", [1001])):
        with pytest.raises(SettingError, match=f"^{name} must stay in|^{name} must be in"):
            with_settings(RunSpec(), {"threat.norm": "l2", name: value})


def test_notes_may_have_lines_and_be_longer_than_other_texts():
    assert len(with_settings(RunSpec(), {"notes": "x" * 20_000}).notes) == 20_000
    assert with_settings(RunSpec(), {"notes": "a\n\tb\r\n"}).notes == "a\n\tb\r\n"
