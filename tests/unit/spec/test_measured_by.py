"""rft_core.spec.measured_by: what measured a run follows from its settings, and old
runs keep their label.
"""

import gzip
import json

import pytest

from rft_core.bundles.incoming import import_bundle
from rft_core.bundles.outgoing import export_bundle
from rft_core.errors import BundleError
from rft_core.files.home import Home
from rft_core.recordings.making import write_card
from rft_core.recordings.reading import ENDING, RECORDED, read_recording
from rft_core.report.run.history import build_history, tracked_by
from rft_core.spec import catalog
from rft_core.spec.arguments import build_spec
from rft_core.spec.measured_by import attack_measured_by, earlier_tracked_by, final_measured_by
from rft_core.spec.presets import preset
from rft_core.spec.run_spec import with_settings
from rft_core.spec.stored_spec import parse_stored
from rft_core.store.events import Event
from rft_core.store.run_store import RunStore
from tests.unit.bundles.rewriting import changed, members, write
from tests.unit.report.stored import stored

REPORT = {"curve": [{"epsilon": 0.0, "accuracy": 0.8, "n": 100}]}


@pytest.mark.parametrize("row", catalog.ATTACKS, ids=lambda row: row.name)
def test_every_attack_says_what_it_maximises(row):
    found = attack_measured_by(row.name, steps=7, n=1000)
    assert row.loss
    assert found.full.startswith(f"{row.label}, {row.loss}, ")
    assert type(found).from_dict(found.as_dict()) == found


@pytest.mark.parametrize(
    ("attack", "steps", "short"),
    [
        ("pgd", 10, "PGD-10"),
        ("fgsm", 10, "FGSM"),
        ("autoattack", 10, "AutoAttack"),
        ("square", 10, "Square, 100 queries"),
        ("square", 1000, "Square, 1,000 queries"),
        ("apgd", 20, "APGD-CE, 20 steps"),
    ],
)
def test_a_setting_that_an_attack_does_not_use_is_not_told(attack, steps, short):
    assert attack_measured_by(attack, steps=steps, n=5).short == short


def test_a_step_size_is_told_where_it_counts_and_is_not_the_usual_one():
    size = {"steps": 10, "n": 5}
    assert attack_measured_by("pgd", relative_step_size=0.25, **size) == attack_measured_by(
        "pgd", **size
    )
    assert attack_measured_by("pgd", relative_step_size=0.1, **size) != attack_measured_by(
        "pgd", **size
    )
    assert attack_measured_by("apgd", relative_step_size=0.1, **size) == attack_measured_by(
        "apgd", **size
    )


def test_on_few_classes_the_loss_is_the_one_that_replaces_it():
    losses = [
        attack_measured_by("apgd_dlr", steps=5, n=5, classes=classes).loss for classes in (2, 3)
    ]
    assert losses == ["margin of the logits", "difference of logits ratio"]


def raw_spec(**evaluation) -> dict:
    """A spec as a store holds it."""
    spec = preset("digits_quick").model_dump(mode="json")
    return spec | {"evaluation": spec["evaluation"] | evaluation}


def test_a_stored_spec_without_the_attack_means_the_one_of_its_time():
    raw = raw_spec()
    del raw["evaluation"]["attack"]
    assert parse_stored(raw).evaluation.attack == "pgd"
    assert parse_stored(json.dumps(raw)).evaluation.attack == "pgd"
    del raw["evaluation"]
    assert final_measured_by(parse_stored(raw), REPORT).short == "PGD-10"
    # what is there stays
    assert parse_stored(raw_spec(attack="apgd")).evaluation.attack == "apgd"


def test_a_run_document_that_is_run_again_is_measured_as_it_was(tmp_path):
    raw = raw_spec()
    del raw["evaluation"]["attack"]
    path = tmp_path / "run.json"
    path.write_text(json.dumps({"run_id": "r", "spec": raw}))
    assert build_spec(None, path, None).evaluation.attack == "pgd"


@pytest.mark.parametrize(
    ("attack", "tracked"),
    [("pgd", "PGD-10"), ("apgd", "APGD-CE, 10 steps"), ("autoattack", "PGD-10")],
)
def test_events_that_do_not_say_it_were_measured_as_at_their_time(attack, tracked):
    spec = with_settings(preset("scheduled"), {"evaluation.attack": attack})
    point = [
        {"epsilon": 0.0, "accuracy": 0.5, "n": 256},
        {"epsilon": 0.03, "accuracy": 0.5, "n": 256},
    ]
    past = build_history(
        [Event(1, 0, 0.0, 1.0, "eval", {"curve": point, "expected_robustness": 0.5})]
    )
    assert tracked_by(spec, past) == earlier_tracked_by(spec, 256)
    assert tracked_by(spec, past).chip == f"{tracked}, n 256"


def test_an_event_that_says_it_is_believed():
    point = [{"epsilon": 0.0, "accuracy": 0.5, "n": 256}]
    own = attack_measured_by("apgd", steps=3, n=256)
    payload = {"curve": point, "expected_robustness": 0.5, "measured_by": own.as_dict()}
    past = build_history([Event(1, 0, 0.0, 1.0, "eval", payload)])
    assert tracked_by(preset("scheduled"), past) == own


def test_a_report_keeps_its_label_whatever_the_menus_say_later():
    own = attack_measured_by("pgd", steps=10, n=100).as_dict() | {
        "label": "An attack of its time",
        "attack": "gone",
    }
    found = final_measured_by(preset("scheduled"), REPORT | {"measured_by": own})
    assert (found.short, found.attack) == ("An attack of its time, 10 steps", "gone")


def test_a_recording_of_an_earlier_version_keeps_its_numbers_and_its_label(tmp_path):
    document = json.loads(gzip.decompress((RECORDED / f"standard{ENDING}").read_bytes()))
    document["report"].pop("measured_by", None)
    del document["spec"]["evaluation"]["attack"]
    for event in document["events"]:
        event["payload"].pop("measured_by", None)
    (tmp_path / f"standard{ENDING}").write_bytes(gzip.compress(json.dumps(document).encode()))
    write_card(tmp_path)
    found = read_recording("standard", tmp_path)
    assert found.measured_by.short == "PGD-10"
    assert found.report == document["report"]


@pytest.fixture
def other(tmp_path) -> RunStore:
    """The empty store of another home."""
    root = tmp_path / "other"
    (root / "runs").mkdir(parents=True)
    return RunStore(Home(root, f"sqlite:///{root / 'rft.db'}"))


def test_a_bundle_of_an_earlier_version_keeps_its_numbers_and_its_label(store, other, tmp_path):
    record = stored(store, "old", evaluation__attack="pgd")
    export_bundle(store, [record.run_id], tmp_path / "now.zip")
    files = members(tmp_path / "now.zip")
    name = f"runs/{record.run_id}/run.json"
    spec = json.loads(files[name])["spec"]
    del spec["evaluation"]["attack"]
    assert "measured_by" not in json.loads(files[name])["report"]
    import_bundle(
        other, write(tmp_path / "old.zip", files | {name: changed(files[name], spec=spec)})
    )
    found = other.get(record.run_id)
    assert (found.measured_by.chip, found.report) == ("PGD-10, n 200", record.report)
    assert other.summaries().rows[0].measured_by == found.measured_by


@pytest.mark.parametrize("raw", [{"label": "<b>"}, [], "PGD-10", {"attack": "pgd"}])
def test_a_bundle_whose_report_says_nonsense_is_refused(store, other, tmp_path, raw):
    record = stored(store, "one")
    export_bundle(store, [record.run_id], tmp_path / "one.zip")
    files = members(tmp_path / "one.zip")
    name = f"runs/{record.run_id}/run.json"
    report = json.loads(files[name])["report"] | {"measured_by": raw}
    bundle = write(tmp_path / "bad.zip", files | {name: changed(files[name], report=report)})
    with pytest.raises(BundleError, match="what measured it"):
        import_bundle(other, bundle)
