"""What viewers may launch: every limit holds on the server, names itself, its
value and the way out.
"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from rft_core import cli
from rft_core.errors import SettingError, UserError
from rft_core.serving import pin, server
from rft_core.serving.launch_limits import LIMITS_VARIABLE, LaunchLimits, find_limits, to_text
from rft_core.serving.pin import HASH_VARIABLE, open_door
from rft_core.serving.viewer_launch import check_spec, home_bytes, launch_for_viewer
from rft_core.spec.run_spec import RunSpec, with_settings
from rft_core.store.launches import Launch, read_launch, write_launch
from rft_core.store.run_store import RunStore

PIN = "correct 7"


def spec(**settings) -> RunSpec:
    return with_settings(
        RunSpec(),
        {"data.dataset": "digits", "runtime.device": "cpu"}
        | {name.replace("__", "."): value for name, value in settings.items()},
    )


def launch(store: RunStore, limits: LaunchLimits, viewer: str = "ann", count: int = 1) -> list[str]:
    return launch_for_viewer(store, [spec()] * count, viewer, limits, RunStore.submit)


class TestLimits:
    @pytest.mark.parametrize(
        "wrong",
        [
            {"queued": 0},
            {"queued": 1.5},
            {"minutes": -1},
            {"minutes": float("nan")},
            {"minutes": float("inf")},
            {"images": 0},
            {"disk": 0},
            {"disk": "1"},
            {"queued": True},
        ],
    )
    def test_one_that_is_none(self, wrong):
        with pytest.raises(UserError, match=f"--limit-{next(iter(wrong))} must be"):
            LaunchLimits(**wrong)

    def test_the_way_into_the_dashboard(self):
        limits = LaunchLimits(queued=2, minutes=1.5, images=500, disk=3.5)
        assert find_limits({LIMITS_VARIABLE: to_text(limits)}) == limits
        assert find_limits({LIMITS_VARIABLE: to_text(LaunchLimits())}) == LaunchLimits()

    @pytest.mark.parametrize(
        "text", ["", "{", "[]", "null", '{"queued": 0}', '{"all": 1}', '{"queued": "2"}']
    )
    def test_a_damaged_text_lets_nobody_launch(self, text):
        assert find_limits({LIMITS_VARIABLE: text}) is None
        assert find_limits({}) is None

    def test_the_sentence_says_each(self):
        sentence = LaunchLimits(queued=1, minutes=10, images=2000, disk=20).sentence()
        assert all(
            part in sentence for part in ("1 run of yours", "10 min", "2,000 images", "20 GB")
        )
        assert LaunchLimits().sentence() == "You may launch runs here."


class TestQueue:
    def test_each_viewer_has_their_own_and_a_run_that_ended_counts_no_more(self, store):
        limits = LaunchLimits(queued=2)
        (first,), (second,) = launch(store, limits), launch(store, limits)
        with pytest.raises(
            UserError, match=r"you have 2 runs .* limit of 2 \(--limit-queued\); wait"
        ):
            launch(store, limits)
        assert len(launch(store, limits, "bob")) == 1
        store.claim(("cpu",), first)
        with pytest.raises(UserError, match="you have 2 runs"):
            launch(store, limits)
        store.finish(first, "finished")
        assert len(launch(store, limits)) == 1
        assert store.get(second).status == "queued"

    def test_all_or_none(self, store):
        with pytest.raises(UserError, match="ask for 3 more, above the limit of 2"):
            launch(store, LaunchLimits(queued=2), count=3)
        assert store.records() == []

    def test_what_the_instructor_launched_does_not_count(self, store):
        store.submit(spec())
        assert launch(store, LaunchLimits(queued=1))

    def test_who_it_was_is_not_kept(self, store):
        (run_id,) = launch(store, LaunchLimits(), "192.168.1.7")
        assert "192.168" not in (store.home.run_folder(run_id) / "launch.json").read_text()


class TestSpec:
    LIMITS = LaunchLimits(images=1000)

    @pytest.mark.parametrize(
        ("settings", "setting", "words"),
        [
            ({}, "data.train_size", "1,671 images, above the limit of 1,000 a run"),
            ({"data__train_size": 501, "data__eval_size": 500}, "data.train_size", "1,001 images"),
            (
                {"data__dataset": "caltech101", "data__eval_size": 10},
                "data.train_size",
                "must be set where viewers may use 1,000 images",
            ),
            (
                {"data__dataset": "caltech101", "data__train_size": 10},
                "data.eval_size",
                "must be set",
            ),
        ],
    )
    def test_images(self, home, settings, setting, words):
        with pytest.raises(SettingError, match=words) as caught:
            check_spec(home, spec(**settings), self.LIMITS)
        assert caught.value.setting == setting
        assert "--limit-images" in str(caught.value)
        check_spec(home, spec(**settings), LaunchLimits())

    def test_what_is_within(self, home):
        check_spec(home, spec(data__train_size=500, data__eval_size=500), self.LIMITS)

    @pytest.mark.parametrize(
        "place",
        [
            "folder:/etc",
            "csv:/etc/x.csv",
            "hf:owner/name",
            "folder:{uploads}/../../..",
            "folder:{uploads}/cats/../../x",
        ],
    )
    def test_a_place_is_the_instructors(self, home, place):
        with pytest.raises(SettingError, match="only the instructor"):
            check_spec(home, spec(data__dataset=place.format(uploads=home.uploads)), LaunchLimits())

    def test_an_upload_is_on_the_menu(self, home):
        check_spec(home, spec(data__dataset=f"folder:{home.uploads / 'cats'}"), LaunchLimits())

    def test_a_file_of_weights_is_the_instructors(self, home):
        with pytest.raises(SettingError, match="only the instructor"):
            check_spec(home, spec(model__checkpoint="/etc/x.safetensors"), LaunchLimits())

    def test_a_backbone_of_the_hub_is_the_instructors(self, home):
        with pytest.raises(SettingError, match="only the instructor"):
            check_spec(home, spec(model__backbone="hf_hub:someone/model"), LaunchLimits())

    def test_one_of_several_keeps_all_out(self, store):
        with pytest.raises(SettingError):
            launch_for_viewer(
                store, [spec(), spec(model__checkpoint="x")], "ann", LaunchLimits(), RunStore.submit
            )
        assert store.records() == []


class TestDisk:
    def test_a_full_home_takes_no_more(self, store):
        held = home_bytes(store.home)
        (store.home.runs / "big").write_bytes(bytes(2_000_000))
        (store.home.runs / "link").symlink_to("/usr")
        assert 2_000_000 <= home_bytes(store.home) - held < 2_001_000
        assert launch(store, LaunchLimits(disk=1))
        with pytest.raises(
            UserError,
            match=(
                r"the limit is 0.002 GB \(--limit-disk\), so that no run can be launched; those"
                r" launched before go on. Ask the instructor to delete"
            ),
        ):
            launch(store, LaunchLimits(disk=0.002))


class TestLaunchFile:
    @pytest.mark.parametrize(
        "text", ["", "{", "[]", '{"who": 1}', '{"viewer": "a", "minutes": "5"}']
    )
    def test_a_damaged_one_holds_nothing(self, tmp_path, text):
        (tmp_path / "launch.json").write_text(text)
        assert read_launch(tmp_path) is None

    def test_a_resumption_lifts_it(self, store):
        (run_id,) = launch(store, LaunchLimits(minutes=3))
        folder = store.home.run_folder(run_id)
        assert read_launch(folder).minutes == 3
        store.request(run_id, "pause")
        store.resume(run_id)
        assert read_launch(folder) is None

    def test_back_and_forth(self, tmp_path):
        write_launch(tmp_path, Launch("a", 2.5, True))
        assert read_launch(tmp_path) == Launch("a", 2.5, True)
        assert [path.name for path in tmp_path.iterdir()] == ["launch.json"]


class TestDoor:
    def test_viewers_launch_only_where_it_was_said_and_there_is_a_pin(self, monkeypatch):
        monkeypatch.setenv(LIMITS_VARIABLE, to_text(LaunchLimits(queued=1)))
        monkeypatch.setenv(HASH_VARIABLE, "a:b")
        assert open_door("0.0.0.0").launching == LaunchLimits(queued=1)
        monkeypatch.setenv(HASH_VARIABLE, "")
        assert open_door("0.0.0.0").launching is None
        monkeypatch.setenv(HASH_VARIABLE, "a:b")
        monkeypatch.delenv(LIMITS_VARIABLE)
        assert open_door("0.0.0.0").launching is None
        assert pin.Door(True).launching is None


def test_two_tabs_at_once_find_room_for_one(store):
    """Both are past the count of runs before either has queued its own, but for the lock."""

    def slow(store: RunStore, wanted: RunSpec) -> str:
        time.sleep(0.3)
        return store.submit(wanted)

    def launch(_: int) -> str:
        try:
            return launch_for_viewer(store, [spec()], "ann", LaunchLimits(queued=1), slow)[0]
        except UserError as error:
            return str(error)

    with ThreadPoolExecutor(2) as pool:
        messages = list(pool.map(launch, range(2)))
    assert sum("--limit-queued" in line for line in messages) == 1
    assert store.summaries().total == 1


class TestServe:
    @pytest.fixture
    def served(self, home, monkeypatch):
        """Call `app`; return the environment that the dashboard would get."""
        started = []
        monkeypatch.setattr(server, "ensure_worker", lambda home: None)
        monkeypatch.setattr(server, "is_taken", lambda port, address: False)
        monkeypatch.setattr(server.os, "chdir", lambda path: None)
        monkeypatch.setattr(server.os, "execve", lambda *process: started.append(process[2]))
        monkeypatch.setenv(LIMITS_VARIABLE, to_text(LaunchLimits()))

        def run(*arguments: str) -> dict[str, str]:
            monkeypatch.setattr(sys, "argv", ["rft_core", "app", *arguments])
            with pytest.raises(SystemExit) as ended:
                cli.main()
            assert not ended.value.code, ended.value.code
            return started.pop()

        return run

    def test_off_unless_it_is_asked_for(self, served):
        assert LIMITS_VARIABLE not in served("--share", "--pin", PIN)

    def test_the_limits_arrive(self, served):
        limits = (
            "--limit-queued",
            "2",
            "--limit-minutes",
            "5",
            "--limit-images",
            "900",
            "--limit-disk",
            "1.5",
        )
        environment = served("--share", "--pin", PIN, "--viewers-launch", *limits)
        assert find_limits(environment) == LaunchLimits(queued=2, minutes=5, images=900, disk=1.5)

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (("--share", "--pin", PIN, "--limit-queued", "1"), "add --viewers-launch"),
            (("--viewers-launch",), "are for a shared dashboard"),
            (
                ("--share", "--pin", PIN, "--viewers-launch", "--limit-queued", "0"),
                "--limit-queued must be a whole number above 0",
            ),
        ],
    )
    def test_what_is_refused(self, home, monkeypatch, capsys, arguments, words):
        monkeypatch.setattr(server, "open_store", lambda: pytest.fail("something was started"))
        monkeypatch.setattr(sys, "argv", ["rft_core", "app", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert ended.value.code == 2
        assert words in capsys.readouterr().err
