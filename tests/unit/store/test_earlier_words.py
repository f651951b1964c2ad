"""Runs of earlier versions, whose names, notes and tags hold what a new run may not: none is lost,
and new ones stay refused.
"""

import contextlib
import json
import re
import sys
from pathlib import Path

import pytest
from sqlalchemy import select, update

from rft_core import cli
from rft_core.bundles.incoming import HERE, IMPORTED, import_bundle
from rft_core.bundles.outgoing import export_bundle
from rft_core.errors import SettingError, UserError
from rft_core.files.home import Home
from rft_core.report.files.export import export_runs
from rft_core.report.files.html_report import html_report
from rft_core.spec.rerun_command import short_command
from rft_core.spec.run_spec import RunSpec, parse, with_settings
from rft_core.spec.sections import HIDDEN, LONGEST_TAG, readable
from rft_core.spec.stored_spec import parse_stored
from rft_core.store.connection import open_engine
from rft_core.store.forks import _changed
from rft_core.store.queue import find_waiting
from rft_core.store.recovery import _copy
from rft_core.store.run_store import RunStore
from rft_core.store.schema import runs
from rft_core.store.summaries import Wanted, list_choices
from rft_core.store.summary_rows import write_summary
from tests.unit.bundles.rewriting import members, write
from tests.unit.report.stored import content, stored

WORDS = {
    "name": "\x1b[31mred\u202egnp\nsecond line",
    "notes": "tried\ttwice\r\nthen \x07 rang\u2066",
    "tags": ["a\x07b", "x" * 200, " \x1b ", "", "thesis"],
}
NAME, NOTES, TAGS = (
    "\ufffd[31mred\ufffdgnp second line",
    "tried\ttwice\r\nthen \ufffd rang\ufffd",
    ("a\ufffdb", "x" * 59 + "…", "\ufffd", "thesis"),
)


def make_old(store: RunStore, run_id: str, **words) -> str:
    """Give a stored run words as an earlier version wrote them, past all rules."""
    with store.engine.execution_options(writes=True).begin() as connection:
        row = connection.execute(
            select(runs.c.spec, runs.c.report).where(runs.c.run_id == run_id)
        ).one()
        text = json.dumps(json.loads(row.spec) | WORDS | words)
        connection.execute(
            update(runs)
            .where(runs.c.run_id == run_id)
            .values(spec=text, name=json.loads(text)["name"])
        )
        write_summary(connection, run_id, text, row.report)
    return run_id


def raw_words(store: RunStore, run_id: str) -> dict:
    with store.engine.connect() as connection:
        return json.loads(
            connection.execute(select(runs.c.spec).where(runs.c.run_id == run_id)).scalar_one()
        )


@pytest.fixture
def old(store) -> str:
    """A finished run of an earlier version."""
    return make_old(store, stored(store).run_id)


def test_it_is_read_and_what_is_stored_stays(store, old):
    record = store.get(old)
    assert (record.name, record.spec.name, record.spec.notes, record.spec.tags) == (
        NAME,
        NAME,
        NOTES,
        TAGS,
    )
    assert parse(record.spec.to_json()) == record.spec
    assert store.records()[0].spec == record.spec
    assert {name: raw_words(store, old)[name] for name in WORDS} == WORDS


def test_a_new_one_is_still_refused():
    for name, value in WORDS.items():
        with pytest.raises(SettingError, match=f"^{name}"):
            with_settings(RunSpec(), {name: value})


def test_it_is_listed_and_found_by_its_tags(store, old):
    (row,) = store.summaries().rows
    assert (row.name, row.tags[0], row.tags[-1]) == (NAME, "a\ufffdb", "thesis")
    for tag in list_choices(store.engine)["tags"]:
        assert store.summaries(Wanted(tags=(tag,))).total == (len(tag) <= LONGEST_TAG), tag
    store.discard(old)
    assert store.discarded()[0][1] == NAME


def test_it_is_shown_on_a_terminal(store, old, capsys, monkeypatch):
    for arguments in (["show", old], ["compare", old], ["runs"]):
        monkeypatch.setattr(sys, "argv", ["rft", *arguments])
        with contextlib.suppress(SystemExit):
            cli.main()
        printed = capsys.readouterr().out
        assert printed.strip(), arguments
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", printed), (
            arguments
        )


def test_it_is_compared_and_exported(store, old, tmp_path):
    page = html_report(content(store, [store.get(old), stored(store, "two")]), store.home.runs)
    assert "\ufffd[31mred" in page
    assert not re.search(
        "[\x1b\x07\u202e\u2066]", page.partition("<h2>Numbers</h2>")[2].partition("<script>")[0]
    )
    for form in ("csv", "parquet", "json", "html"):
        assert export_runs(store, [old], form, tmp_path / f"x.{form}.zip")["runs"] == [old]
    assert short_command(store.get(old).spec) is None or "\x1b" not in short_command(
        store.get(old).spec
    )


def test_it_is_exported_and_imported_as_a_bundle(store, old, other, tmp_path):
    export_bundle(store, [old], tmp_path / "new.zip")
    assert import_bundle(other, tmp_path / "new.zip")["runs"][0]["outcome"] == IMPORTED
    assert other.get(old).spec == store.get(old).spec
    assert import_bundle(store, tmp_path / "new.zip")["runs"][0]["outcome"] == HERE


def test_the_bundle_of_an_earlier_version_is_imported(store, old, other, tmp_path):
    export_bundle(store, [old], tmp_path / "new.zip")
    files = members(tmp_path / "new.zip")
    document = json.loads(files[f"runs/{old}/run.json"])
    files[f"runs/{old}/run.json"] = json.dumps(
        document | {"spec": document["spec"] | WORDS}
    ).encode()
    write(tmp_path / "old.zip", files)
    for outcome in (IMPORTED, HERE):
        assert import_bundle(other, tmp_path / "old.zip")["runs"][0]["outcome"] == outcome
    assert other.get(old).spec == store.get(old).spec
    # what came in is of this version
    assert parse(json.dumps(raw_words(other, old))) == other.get(old).spec


def test_it_is_duplicated_and_forked_with_a_name_that_may_be(store, old):
    again = store.get(store.submit(with_settings(store.get(old).spec, {"name": f"{NAME} · copy"})))
    assert (again.name, again.spec.notes) == (f"{NAME} · copy", NOTES)
    assert _changed(store.get(old), {"schedule.kind": "constant"}, "").name == f"{NAME} · fork"


def test_words_that_nobody_changes_stay_as_they_were_written(store, old):
    store.annotate(old, tags=("new",))
    assert raw_words(store, old)["name"] == WORDS["name"]
    assert raw_words(store, old)["notes"] == WORDS["notes"]
    assert (store.get(old).name, store.get(old).spec.tags) == (NAME, ("new",))
    store.annotate(old, name="mine")
    assert (store.get(old).name, store.summaries(Wanted("mine")).total) == ("mine", 1)
    with pytest.raises(SettingError, match="^notes"):
        store.annotate(old, notes="\x1b")


def test_it_is_claimed_waited_for_and_paces_an_estimate(store):
    first, second = (make_old(store, store.submit(RunSpec())) for _ in range(2))
    assert store.claim(("cpu",)).run_id == first
    assert find_waiting(store.engine, second).at_work == (NAME,)
    store.finish(first, "finished", report={"seconds": 2.0, "gradient_evaluations": 10})
    (pace,) = store.measured_paces(RunSpec())
    assert pace.basis == f"the run '{NAME}' on this machine"


def test_a_damaged_store_keeps_it(store, old, tmp_path):
    fresh = tmp_path / "fresh.db"
    store.engine.dispose()
    assert _copy(Path(store.engine.url.database), fresh) == (1, 0)
    again = RunStore(Home(store.home.root, f"sqlite:///{fresh}"))
    assert again.get(old).spec.name == NAME
    open_engine(f"sqlite:///{fresh}").dispose()


@pytest.mark.parametrize(
    ("section", "leaf", "given", "read"),
    [
        ("data", "dataset", "folder:/a\x1bb", "folder:/a\ufffdb"),
        ("data", "domains", ["ske\u202etch"], ("ske\ufffdtch",)),
        ("model", "backbone", "res\x7fnet", "res\ufffdnet"),
        ("model", "checkpoint", "/w\n.pt", "/w .pt"),
    ],
)
def test_other_texts_of_an_earlier_version(section, leaf, given, read):
    raw = json.loads(RunSpec().to_json())
    raw[section][leaf] = given
    with pytest.raises(SettingError, match=f"{section}.{leaf}"):
        parse(raw)
    assert getattr(getattr(parse_stored(json.dumps(raw)), section), leaf) == read


@pytest.mark.parametrize(
    "raw",
    [
        '{"seed": -1}',
        "[]",
        "{",
        '{"optim": {"epochs": 0}, "name": "\\u001b"}',
        '{"notes": 3, "tags": "x"}',
        '{"tags": [3]}',
    ],
)
def test_what_was_never_a_spec_is_refused_as_before(raw):
    with pytest.raises(UserError) as caught:
        parse_stored(raw)
    assert str(caught.value).isprintable()


def test_every_hidden_character_has_a_stand_in():
    every = "".join(letter for letter in map(chr, range(0x3000)) if HIDDEN.match(letter))
    assert not HIDDEN.search(readable(every))
    assert len(readable(every)) == len(every) > 60
    assert readable("ordinary ünïcode ☃") == "ordinary ünïcode ☃"


@pytest.fixture
def other(tmp_path) -> RunStore:
    """The empty store of another home."""
    (tmp_path / "other" / "runs").mkdir(parents=True)
    return RunStore(Home(tmp_path / "other", f"sqlite:///{tmp_path / 'other' / 'rft.db'}"))
