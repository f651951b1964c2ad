"""rft_core.jobs.dataset_cards: one process a card, and a page that always knows where it stands."""

import json
import os
import subprocess
import time

import psutil
import pytest

from rft_core.files.run_files import JOB_LOG, JOB_STATE
from rft_core.jobs.dataset_cards import (
    CARD,
    Reading,
    ask_for_card,
    card_folder,
    card_key,
    card_size,
    keep_card,
    read_card,
    reading,
    stop_reading,
)
from rft_core.spec.run_spec import RunSpec, with_settings

DIGITS = with_settings(RunSpec(), {"data.dataset": "digits", "data.image_size": 8})


@pytest.fixture
def folder(home):
    place = card_folder(home, DIGITS)
    place.mkdir(parents=True)
    return place


def at_work(folder, pid: int | None = None) -> None:
    process = psutil.Process(pid)
    state = {"pid": process.pid, "start": process.create_time(), "asked": time.time() - 60}
    (folder / JOB_STATE).write_text(json.dumps(state))


@pytest.mark.parametrize(
    "change",
    [
        {"data.dataset": "blooms_easy"},
        {"data.image_size": 16},
        {"data.train_size": 100},
        {"data.eval_size": 100},
        {"data.domains": ("a",)},
    ],
)
def test_the_key_follows_what_a_card_says(change):
    assert card_key(with_settings(DIGITS, change)) != card_key(DIGITS)


def test_the_key_does_not_follow_the_rest():
    assert card_key(
        with_settings(DIGITS, {"optim.epochs": 3, "seed": 9, "data.augment": "none"})
    ) == card_key(DIGITS)


def test_the_key_follows_files_that_come_and_go(tmp_path):
    inner = tmp_path / "train" / "cat"
    inner.mkdir(parents=True)
    spec = with_settings(RunSpec(), {"data.dataset": f"folder:{tmp_path}"})
    before = card_key(spec)
    assert card_key(spec) == before
    (inner / "0.png").touch()
    os.utime(inner, ns=(1, 1))
    assert card_key(spec) != before


def test_the_key_follows_a_file_that_is_written_over(tmp_path):
    table = tmp_path / "table.csv"
    table.write_text("path,label\n")
    spec = with_settings(RunSpec(), {"data.dataset": f"csv:{table}"})
    before = card_key(spec)
    table.write_text("path,label\na.png,cat\n")
    assert card_key(spec) != before


def test_the_size_is_the_backbones_own_unless_given():
    assert card_size(with_settings(RunSpec(), {"model.backbone": "bloom_vit"})) == 32
    assert card_size(DIGITS) == 8
    assert card_size(with_settings(RunSpec(), {"model.backbone": "no_such_backbone"})) == 224


def test_a_kept_card_is_read(home):
    assert read_card(home, DIGITS) is None
    card = keep_card(home, DIGITS, lambda spec, size, folder: {"image_size": size})
    assert read_card(home, DIGITS) == card
    assert (card["image_size"], card["seconds"] >= 0) == (8, True)


def test_an_unforeseen_failure_is_kept_and_raised(home):
    def fail(spec, size, folder):
        raise RuntimeError("no memory")

    with pytest.raises(RuntimeError):
        keep_card(home, DIGITS, fail)
    assert read_card(home, DIGITS)["error"].startswith("RuntimeError: no memory")


def test_a_half_card_counts_as_none(home, folder):
    (folder / CARD).write_text('{"name": ')
    assert read_card(home, DIGITS) is None


def test_a_live_reader_says_its_last_line(home, folder):
    at_work(folder)
    (folder / JOB_LOG).write_text("reading the images\ndecoding 5 of 9 pictures\n")
    now = reading(home, DIGITS)
    assert isinstance(now, Reading)
    assert (round(now.seconds), now.line) == (60, "decoding 5 of 9 pictures")
    assert read_card(home, DIGITS) is None


def test_a_reader_that_died_without_an_answer_is_a_failure_with_a_way_out(home, folder):
    (folder / JOB_STATE).write_text(json.dumps({"pid": 2**22 + 1, "start": 0.0, "asked": 0.0}))
    assert "fewer training images" in read_card(home, DIGITS)["error"]


class Started:
    """Stands for subprocess.Popen: notes the command, starts nothing, and is this process."""

    commands: tuple = ()

    def __init__(self, command, **options):
        type(self).commands = (*self.commands, command)
        assert options["start_new_session"]
        self.pid = os.getpid()


@pytest.fixture
def started(monkeypatch):
    Started.commands = ()
    monkeypatch.setattr(subprocess, "Popen", Started)
    monkeypatch.setattr(psutil.Process, "nice", lambda self, value=None: None)
    return Started


def test_one_process_a_card(home, started):
    assert ask_for_card(home, DIGITS)
    assert not ask_for_card(home, DIGITS)
    assert len(started.commands) == 1


def test_a_card_that_is_there_is_made_again_only_when_asked(home, started):
    keep_card(home, DIGITS, lambda spec, size, folder: {})
    assert not ask_for_card(home, DIGITS)
    assert ask_for_card(home, DIGITS, again=True)
    assert read_card(home, DIGITS) is None


def test_the_process_makes_the_card_that_was_asked_for(home, started):
    from rft_core.spec.arguments import split_settings

    wanted = with_settings(
        RunSpec(),
        {"data.dataset": "blooms_easy", "data.train_size": 80, "data.domains": ("a b", "c")},
    )
    ask_for_card(home, wanted)
    command = started.commands[0]
    settings = split_settings([text for flag, text in zip(command, command[1:]) if flag == "--set"])
    made = with_settings(
        RunSpec(), {"data.dataset": command[command.index("dataset") + 1]} | settings
    )
    assert card_key(made) == card_key(wanted)


def test_a_reader_of_the_version_before_that_died_is_forgotten(home, folder, started):
    """It kept reader.json where state.json is now; the card is made anew."""
    (folder / "reader.json").write_text(json.dumps({"pid": 2**22 + 1, "start": 0.0, "asked": 0.0}))
    assert (read_card(home, DIGITS), reading(home, DIGITS)) == (None, None)
    assert ask_for_card(home, DIGITS)


def test_stopping_ends_the_process(home, folder):
    child = psutil.Popen(["sleep", "60"])
    at_work(folder, child.pid)
    stop_reading(home, DIGITS)
    assert child.wait(timeout=5) != 0
    assert (reading(home, DIGITS), read_card(home, DIGITS)) == (None, None)
