"""rft_core.errors: each message names the setting, the value and the way out."""

import pytest

from rft_core import errors


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ("must be in [0, 1]", "threat.epsilon must be in [0, 1], got 8.0"),
        (
            "must be in [0, 1]; did you mean 8/255?",
            "threat.epsilon must be in [0, 1], got 8.0; did you mean 8/255?",
        ),
    ],
)
def test_setting_error_puts_the_value_before_the_way_out(message, text):
    error = errors.SettingError("threat.epsilon", 8.0, message)
    assert str(error) == text
    assert (error.setting, error.value) == ("threat.epsilon", 8.0)


def test_unknown_name_says_the_nearest():
    error = errors.UnknownNameError("strategy", "linear_prob", ["full_finetune", "linear_probe"])
    assert str(error) == "unknown strategy 'linear_prob', did you mean 'linear_probe'?"
    assert error.nearest == "linear_probe"


def test_unknown_name_far_from_all_lists_them():
    error = errors.UnknownNameError("attack", "zzzz", ["pgd", "fgsm"])
    assert str(error) == "unknown attack 'zzzz', known: pgd, fgsm"
    assert error.nearest is None


@pytest.mark.parametrize(
    "kind",
    [
        errors.SettingError,
        errors.UnknownNameError,
        errors.DataError,
        errors.WeightsError,
        errors.StoreError,
    ],
)
def test_what_a_person_can_mend_is_a_user_error(kind):
    assert issubclass(kind, errors.UserError)
    assert issubclass(kind, errors.RftError)


def test_a_training_error_is_not_the_users():
    assert issubclass(errors.TrainingError, errors.RftError)
    assert not issubclass(errors.TrainingError, errors.UserError)


@pytest.mark.parametrize(
    "value",
    [10**5000, [10**5000], "x" * 10**6, "\x1b[31m\n\u202e", {"a": "\x00"}],
    ids=["digits", "nested", "long", "controls", "mapping"],
)
def test_a_value_of_any_kind_is_shown_in_one_short_line(value):
    for error in (
        errors.SettingError("seed", value, "must be less"),
        errors.SettingError("seed", value, "must be less; lower it"),
        errors.UnknownNameError("kind", value, ["a"]),
    ):
        assert str(error).isprintable()
        assert len(str(error)) < 250
