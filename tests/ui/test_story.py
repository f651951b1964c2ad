"""The story and the live race through app.py with AppTest; no worker, no browser, no network."""

import pytest

from pages.ui.story_page import guessing
from rft_core.metrics.transfer import onset_threshold
from rft_core.recordings import reading
from rft_core.recordings.reading import read_recording
from rft_core.spec.presets import preset
from rft_core.store.events import Event, append_events
from rft_core.units import format_percent
from tests.ui.dashboard import open_app, texts

FIXED, SCHEDULED = read_recording("fixed"), read_recording("scheduled")


def story(**query: str):
    return open_app("pages/story.py", **query)


def played(store, name: str, share: float = 1.0) -> str:
    """A stored run with the events of a recorded one, all of them or the first part."""
    one = read_recording(name)
    run_id = store.submit(preset(name))
    store.claim(("cpu",), run_id)
    events = one.events[: max(1, int(share * len(one.events)))]
    append_events(
        store.engine,
        run_id,
        [
            Event(n + 1, e.step, e.epoch, 1000.0 + e.wall_time, e.kind, e.payload)
            for n, e in enumerate(events)
        ],
    )
    store.beat(run_id, events[-1].step, one.total_steps)
    if share == 1.0:
        store.finish(run_id, "finished", report=one.report)
    return run_id


def test_the_story_is_what_opens(store):
    app = open_app()
    assert not app.exception
    assert not app.error
    assert app.title[0].value == "A tiny change makes an accurate model wrong"
    assert app.select_slider(key="story.epsilon").value == pytest.approx(2 / 255)


@pytest.mark.parametrize("step", [1, 2, 3, 4, 5])
def test_each_step_has_a_claim_a_figure_and_its_source(store, step):
    app = story(step=str(step))
    assert not app.exception
    assert not app.error
    assert f"step {step} of 5" in texts(app)
    assert len(app.get("plotly_chart")) == 1
    assert any("recorded real run" in one.label.lower() for one in app.expander)
    # what colours the command is loaded when it is asked for, not before the first figure
    assert not app.code
    app.session_state[f"story.source.{step}"] = True
    app.run()
    assert any("python -m rft_core run --preset" in one.value for one in app.code)


def test_the_first_step_shows_its_pictures_without_waiting_for_a_script(store):
    app = story(step="1")
    (pictures,) = [one.proto.body for one in app.get("html") if "attacked" in one.proto.body]
    assert pictures.count("data:image/png;base64,") == 3
    assert "grey = no change" in pictures
    assert "Clean picture: 4 petals" in pictures
    app.select_slider(key="story.epsilon").set_value(0.0).run()
    (still,) = [one.proto.body for one in app.get("html") if "attacked" in one.proto.body]
    # nothing is moved: the third picture is the first
    first, _, third = [part.split('"')[0] for part in still.split('src="')[1:]]
    assert first == third
    assert "wrong" not in still


@pytest.mark.parametrize("step", ["0", "6", "x", "-1", "²"])
def test_a_step_that_is_not_there_opens_the_first(store, step):
    app = story(step=step)
    assert not app.exception
    assert "step 1 of 5" in texts(app)


def test_next_and_back(store):
    app = story(step="4")
    app.button(key="story.next").click().run()
    assert "step 5 of 5" in texts(app)
    assert app.button(key="story.next").disabled
    app.button(key="story.back").click().run()
    assert "step 4 of 5" in texts(app)


def test_a_stronger_attack_is_told(store):
    app = story(step="1")
    app.select_slider(key="story.epsilon").set_value(0.0).run()
    assert "No attack" in texts(app)
    app.select_slider(key="story.epsilon").set_value(8 / 255).run()
    assert "The model now reads" in texts(app)


def test_the_numbers_wait_until_they_are_asked_for(store):
    app = story(step="4")
    reached = format_percent(SCHEDULED.report["clean_accuracy"])
    assert reached not in texts(app)
    app.button(key="story.4.reveal").click().run()
    assert reached in texts(app)
    assert "you guessed" not in texts(app)


def test_predict_then_reveal(store):
    app = story(step="3")
    app.toggle(key="story.3.guess").set_value(True).run()
    app.slider(key="story.3.fixed").set_value(60).run()
    app.button(key="story.next").click().run()
    # fixed is drawn here already: only scheduled is asked for
    assert [one.key for one in app.slider] == ["story.4.scheduled"]
    app.slider(key="story.4.scheduled").set_value(20).run()
    assert app.query_params["guess"] in ("fixed:60,scheduled:20", ["fixed:60,scheduled:20"])
    assert "you guessed" not in texts(app)
    app.button(key="story.4.reveal").click().run()
    assert "Scheduled: you guessed 20 %" in texts(app)
    assert "points too low" in texts(app)
    app.button(key="story.back").click().run()
    app.button(key="story.3.reveal").click().run()
    reached = 100 * FIXED.report["clean_accuracy"]
    assert (
        f"you guessed 60 %, it reached {reached:.1f} %: {60 - reached:.1f} points too high"
        in texts(app)
    )
    app.toggle(key="story.3.guess").set_value(False).run()
    assert "you guessed" not in texts(app)
    assert "guess" not in app.query_params


def test_a_refresh_keeps_the_guess(store):
    app = story(step="4", guess="fixed:60,scheduled:20")
    assert app.toggle(key="story.4.guess").value
    assert app.slider(key="story.4.scheduled").value == 20
    first = played(store, "fixed", 0.5)
    race = story(race=f"{first},{store.submit(preset('scheduled'))}", guess="fixed:60,scheduled:20")
    assert "Faint lines" not in texts(race)
    assert race.query_params["guess"] in ("fixed:60,scheduled:20", ["fixed:60,scheduled:20"])


@pytest.mark.parametrize(
    "guess", ["", "x", "fixed", "fixed:-1", "fixed:101", "fixed:1e9", "other:50", ":,:", "fixed:²"]
)
def test_what_is_no_guess_in_an_address_is_left_out(store, guess):
    assert guessing.read(guess) == {}
    app = story(step="4", guess=guess)
    assert not app.exception
    assert not app.toggle(key="story.4.guess").value


def test_a_live_race_takes_the_guess_along(store):
    app = story(step="4", guess="scheduled:20")
    app.button(key="story.live").click().run()
    assert app.title[0].value == "The race, live"
    assert app.query_params["guess"] in ("scheduled:20", ["scheduled:20"])
    assert "Faint lines" not in texts(app)


@pytest.mark.parametrize("step", ["1", "2"])
def test_the_story_says_what_is_to_be_learned(store, step):
    assert all(
        read_recording(name).spec.data.dataset.startswith("blooms")
        for name in ("standard", "fixed", "scheduled")
    )
    assert "48 kinds of drawn flowers; guessing gets 2.1 %" in texts(story(step=step))


@pytest.mark.parametrize("step", ["3", "4"])
def test_the_dotted_line_is_named(store, step):
    assert (
        f"Dotted grey line: {format_percent(onset_threshold(48))}, above which a run has adapted"
        in texts(story(step=step))
    )


@pytest.mark.parametrize(
    ("step", "names"),
    [
        ("2", ["standard", "fixed", "scheduled"]),
        ("3", ["standard", "fixed", "scheduled"]),
        ("4", ["fixed", "scheduled"]),
    ],
)
def test_running_it_live_queues_the_recorded_settings(store, step, names):
    app = story(step=step)
    app.button(key="story.live").click().run()
    records = sorted(store.records(), key=lambda record: record.number)
    assert [record.spec for record in records] == [preset(name) for name in names]
    assert app.title[0].value == "The race, live"
    assert "has not been measured yet" in texts(app)


def test_a_race_under_way(store):
    first = played(store, "fixed", 0.5)
    second = store.submit(preset("scheduled"))
    app = story(race=f"{first},{second}")
    assert not app.exception
    assert "Fixed is at" in texts(app)
    assert "Scheduled has not been measured yet" in texts(app)


def test_a_finished_race_says_how_it_ended(store):
    ids = [played(store, name) for name in ("fixed", "scheduled")]
    app = story(step="4")
    app.toggle(key="story.4.guess").set_value(True).run()
    app.slider(key="story.4.scheduled").set_value(60).run()
    app.query_params["race"] = ",".join(ids)
    app.run()
    assert not app.exception
    assert f"Fixed ends at {format_percent(FIXED.report['clean_accuracy'])}" in texts(app)
    assert "you guessed 60 %" in texts(app)
    app.button(key="race.back").click().run()
    assert "step 4 of 5" in texts(app)


def test_a_race_of_two_runs_with_one_schedule(store):
    ids = [played(store, "fixed"), played(store, "fixed")]
    app = story(race=",".join(ids))
    assert not app.exception
    assert "Fixed ends at" in texts(app)
    assert "Fixed 2 ends at" in texts(app)


def test_the_recorded_answer_is_not_shown_beside_a_guess(store):
    ids = ",".join([played(store, "fixed", 0.5), store.submit(preset("scheduled"))])
    app = story(race=ids)
    assert "Faint lines: the recorded runs" in texts(app)
    app.session_state["guesses"] = {"fixed": 0.6}
    assert "Faint lines" not in texts(app.run())


@pytest.mark.parametrize("ids", ["nothing", ",", "a,b"])
def test_a_race_of_unknown_runs_says_so(store, ids):
    app = story(race=ids)
    assert not app.exception
    assert "Back to the story" in [button.label for button in app.button]
    assert "These runs are not in this store" in texts(app)


def test_a_damaged_recording_is_one_line(store, monkeypatch, tmp_path):
    import streamlit

    streamlit.cache_resource.clear()
    monkeypatch.setattr(reading, "read_recording", lambda name: read_recording(name, tmp_path))
    app = story(step="2")
    assert not app.exception
    assert "card of the recorded runs" in texts(app)
