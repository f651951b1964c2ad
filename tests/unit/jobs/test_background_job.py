"""rft_core.jobs.background_job: one process a job, seen truly whatever happens to it; with real
processes.
"""

import json
import os
import subprocess
import sys
import textwrap
import threading
import time

import psutil
import pytest

from rft_core.errors import DataError
from rft_core.files.run_files import JOB_LOG, JOB_STATE
from rft_core.jobs.background_job import BackgroundJob, JobState
from rft_core.store.process import this_process

# a command that never answers: a worker waits an hour for work
ENDLESS = ["worker"]
QUICK = ["list", "schedules", "--json"]
GONE = "it ended without an answer; ask again"


@pytest.fixture
def job(home):
    job = BackgroundJob(home.root / "jobs" / "a", "answer.json", GONE)
    yield job
    job.cancel()


def process_of(job) -> psutil.Process:
    return psutil.Process(json.loads((job.folder / JOB_STATE).read_text())["pid"])


def wait_until(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_what_nobody_asked_for_is_absent(job):
    assert job.read_state() == JobState("absent")
    assert not job.cancel()


def test_it_is_made_by_one_process_apart_from_this_one(job, home):
    assert job.start(home, ENDLESS)
    assert not job.start(home, ENDLESS, again=True)
    state = job.read_state()
    assert (state.status, abs(time.time() - state.requested) < 60) == ("making", True)
    process = process_of(job)
    assert os.getsid(process.pid) == process.pid != os.getsid(0)
    assert process.environ()["RFT_HOME"] == str(home.root)


def test_two_that_ask_at_once_start_one_process(job, home):
    started = []
    threads = [
        threading.Thread(target=lambda: started.append(job.start(home, ENDLESS))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(started) == [False, False, False, True]


def test_one_that_is_cancelled_was_never_asked_for(job, home):
    job.start(home, ENDLESS)
    process = process_of(job)
    assert job.cancel()
    assert gone(process)
    assert job.read_state() == JobState("absent")
    assert job.start(home, ENDLESS)


def test_one_that_does_not_heed_a_polite_request_is_killed(job, home, monkeypatch):
    monkeypatch.setattr("rft_core.jobs.background_job.END_SECONDS", 0.3)
    script = "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True);"
    command = [sys.executable, "-c", f"{script} time.sleep(60)"]
    job.folder.mkdir(parents=True)
    with psutil.Popen(command, stdout=subprocess.PIPE) as deaf:
        deaf.stdout.readline()
        state = {"pid": deaf.pid, "start": deaf.create_time()}
        (job.folder / JOB_STATE).write_text(json.dumps(state))
        assert job.read_state().status == "making"
        assert job.cancel()
        assert gone(deaf)


def test_one_that_is_killed_has_failed_and_says_what_to_do(job, home):
    job.start(home, ENDLESS)
    process = process_of(job)
    process.kill()
    wait_until(lambda: gone(process))
    assert (job.read_state().status, job.read_state().line) == ("failed", GONE)
    assert not job.start(home, ENDLESS)
    assert job.start(home, ENDLESS, again=True)


def test_one_that_ends_without_an_answer_has_failed(job, home):
    job.start(home, QUICK)
    wait_until(lambda: job.read_state().status != "making")
    assert (job.read_state().status, job.read_state().line) == ("failed", GONE)


def test_its_log_says_why_and_its_last_line_how_far_it_is(job, home):
    job.start(home, ["dataset", "no_such_dataset", "--json"])
    wait_until(lambda: job.read_state().status != "making")
    assert "no_such_dataset" in (job.folder / JOB_LOG).read_text()
    job.note_progress("")
    (job.folder / JOB_LOG).write_text("decoding\nthe last line\n")
    assert job.read_state().line == "the last line"
    job.note_progress("said by itself", began=5.0)
    assert (job.read_state().line, job.read_state().began) == ("said by itself", 5.0)
    # this process is not to be ended by the fixture
    (job.folder / JOB_STATE).unlink()


def test_another_process_with_its_number_is_not_taken_for_it(job, home):
    pid, start = this_process()
    job.folder.mkdir(parents=True)
    (job.folder / JOB_STATE).write_text(json.dumps({"pid": pid, "start": start - 100}))
    assert job.read_state().status == "failed"
    assert job.cancel()
    assert psutil.Process().is_running()


@pytest.mark.parametrize(
    ("error", "line"),
    [(DataError("the images are gone"), "the images are gone"), (ValueError("x"), "ValueError: x")],
)
def test_an_error_is_the_answer_and_is_raised(job, error, line):
    job.folder.mkdir(parents=True)

    def fail():
        with job.errors_answered():
            raise error

    with pytest.raises(type(error)):
        fail()
    assert job.read_state().status == "failed"
    assert job.read_state().line.startswith(line)


def test_an_answer_that_is_there_is_kept_unless_it_is_asked_for_again(job, home):
    job.folder.mkdir(parents=True)
    job.answer({"n": 1})
    assert job.read_state() == JobState("done", answer={"n": 1})
    assert not job.start(home, ENDLESS)
    assert not job.cancel()
    assert job.start(home, ENDLESS, again=True)
    assert job.read_state().status == "making"


def test_it_goes_on_and_is_found_after_the_server_that_asked_for_it_has_ended(job, home):
    script = """
        import sys
        from pathlib import Path
        from rft_core.files.home import find_home
        from rft_core.jobs.background_job import BackgroundJob
        job = BackgroundJob(Path(sys.argv[1]), "answer.json", "gone")
        assert job.start(find_home(), ["worker"])
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(job.folder)]
    subprocess.run(command, check=True, timeout=120)
    assert job.read_state().status == "making"
    process = process_of(job)
    assert process.ppid() != os.getpid()
    assert job.cancel()
    assert gone(process)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        '{"pid": "x"}',
        '{"pid": null}',
        '{"pid": 1e9, "start": 1}',
        '{"pid": -5, "start": 1}',
    ],
)
def test_a_state_that_makes_no_sense_is_no_error(job, content):
    job.folder.mkdir(parents=True)
    (job.folder / JOB_STATE).write_text(content)
    assert job.read_state().status in ("absent", "failed")
    job.cancel()
