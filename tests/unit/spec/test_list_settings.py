"""rft_core.spec.list_settings: settings that hold several values are written as people write them,
and the message says how.
"""

import pytest

from rft_core.errors import UserError
from rft_core.spec.arguments import split_epsilons, split_settings
from rft_core.spec.links import link_items, read_items
from rft_core.spec.run_spec import RunSpec, describe, flatten, setting_names, with_settings

WRITTEN = [
    ("evaluation.epsilons=0,8/255", (0, 8 / 255)),
    ("evaluation.epsilons=0, 2/255", (0, 2 / 255)),
    ("evaluation.epsilons=[0, 8/255]", (0, 8 / 255)),
    ('evaluation.epsilons=[0, "8/255"]', (0, 8 / 255)),
    ("evaluation.epsilons='0','4/255'", (0, 4 / 255)),
    ("evaluation.epsilons=8/255", (8 / 255,)),
    ("evaluation.epsilons=0.01", (0.01,)),
    ("evaluation.epsilons=0", (0,)),
    ("evaluation.epsilons=", None),
    ("schedule.points=0:0,0.5:1", ((0, 0), (0.5, 1))),
    ("schedule.points=0:0, 1/2:1/4, 1:1", ((0, 0), (0.5, 0.25), (1, 1))),
    ("schedule.points=[[0,0],[0.5,1]]", ((0, 0), (0.5, 1))),
    ("schedule.points=(0,0),(0.5,1)", ((0, 0), (0.5, 1))),
    ("schedule.points=0.3:1", ((0.3, 1),)),
    ("data.domains=painting, sketch", ("painting", "sketch")),
    ("data.domains=1990", ("1990",)),
    ("data.domains=", ()),
    ("tags=lecture", ("lecture",)),
    ("tags=first,lecture", ("first", "lecture")),
    ('tags=["first", "lecture"]', ("first", "lecture")),
    ("tags=2026", ("2026",)),
    ("tags=", ()),
]


@pytest.mark.parametrize(("text", "expected"), WRITTEN, ids=[text for text, _ in WRITTEN])
def test_a_list_as_people_write_it(text, expected):
    spec = with_settings(RunSpec(), split_settings([text]))
    assert flatten(spec)[text.partition("=")[0]] == expected


WRONG = [
    ("evaluation.epsilons={}", "0,4/255,8/255"),
    ("evaluation.epsilons=0,many", "0,4/255,8/255"),
    ("evaluation.epsilons=0,,8/255", "0,4/255,8/255"),
    ("evaluation.epsilons=0;8/255", "0,4/255,8/255"),
    ("evaluation.epsilons=[]", "0,4/255,8/255"),
    ("evaluation.epsilons=[[0]]", "0,4/255,8/255"),
    ("schedule.points=0,1", "0:0,0.5:1"),
    ("schedule.points=3", "0:0,0.5:1"),
    ("schedule.points=0:0,2:1", "0:0,0.5:1"),
    ("schedule.points=[[0,0],[1]]", "0:0,0.5:1"),
    ("schedule.points=[0,1]", "0:0,0.5:1"),
    ("schedule.points=a:b", "0:0,0.5:1"),
    ("tags={}", "first,lecture"),
    ("tags=[1]", "first,lecture"),
    ("data.domains={}", "painting,sketch"),
    ("data.domains=[[]]", "painting,sketch"),
]


@pytest.mark.parametrize(("text", "example"), WRONG, ids=[text for text, _ in WRONG])
def test_a_mistake_says_how_to_write_one(text, example):
    name = text.partition("=")[0]
    with pytest.raises(UserError) as caught:
        with_settings(RunSpec(), split_settings([text]))
    message = str(caught.value)
    assert message.startswith(f"{name} must ")
    assert f"write it as {example} or [" in message
    assert "tuple" not in message.lower()
    # what the message says is taken
    with_settings(RunSpec(), split_settings([f"{name}={example}"]))


def test_every_setting_of_several_values_has_an_example():
    several = [name for name in setting_names() if isinstance(flatten(RunSpec())[name], tuple)]
    assert several == ["tags", "data.domains", "schedule.points"]
    for name in [*several, "evaluation.epsilons"]:
        with pytest.raises(UserError, match="write it as"):
            with_settings(RunSpec(), {name: {}})
        assert describe(name)


def test_epsilons_of_evaluate_and_of_a_setting_are_read_alike():
    for text in ("0,8/255", "0, 2/255", "4/255", "[0,1/255]"):
        spec = with_settings(RunSpec(), {"evaluation.epsilons": text})
        assert list(spec.evaluation.epsilons) == split_epsilons(text)
    for text in ("", "0,,1", "x"):
        with pytest.raises(
            UserError, match="--epsilons must be a number.*write them as 0,4/255,8/255"
        ):
            split_epsilons(text)


def test_lists_survive_a_link():
    spec = with_settings(
        RunSpec(), {"schedule.points": "0:0,0.5:1", "tags": "a,b", "evaluation.epsilons": "0,8/255"}
    )
    items = link_items(spec, RunSpec())
    assert read_items(items, RunSpec(), setting_names()) == (spec, [])
