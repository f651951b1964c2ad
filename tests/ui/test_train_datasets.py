"""The Train page's choice of data through app.py: every state of the menu."""

import pytest

from tests.trees import plant, two
from tests.ui.dashboard import TRAIN, open_app, read_aloud
from tests.ui.dataset_rows import ONLINE, STYLES, labels


class TestDataset:
    def test_the_menu_groups_embedded_own_and_online(self, store, menu):
        menu(ONLINE)
        found = labels(open_app(TRAIN), "train.data.dataset")
        places = [
            next(place for place, one in enumerate(found) if mark in one)
            for mark in ("· embedded", "· your own", "· online")
        ]
        assert places == sorted(places)
        assert "CIFAR-10 · online, not here, needs a download" in found

    @pytest.mark.parametrize(
        ("is_up", "said"),
        [(False, "the network cannot be reached"), (True, "the first run downloads it")],
    )
    def test_an_online_dataset_says_what_it_needs(self, store, menu, monkeypatch, is_up, said):
        menu(ONLINE)
        monkeypatch.setattr("rft_core.resources.weights.network_is_up", lambda timeout=1.0: is_up)
        app = open_app(TRAIN)
        app.selectbox(key="train.data.dataset").set_value("cifar10").run()
        assert said in read_aloud(app)

    def test_an_online_dataset_that_was_loaded_before_is_here(self, store, menu, monkeypatch):
        menu(ONLINE)
        monkeypatch.setattr(
            "rft_core.resources.datasets.is_downloaded", lambda home, dataset: dataset == "cifar10"
        )
        app = open_app(TRAIN)
        app.selectbox(key="train.data.dataset").set_value("cifar10").run()
        assert "CIFAR-10 · online, here" in labels(app, "train.data.dataset")
        assert "downloads it" not in read_aloud(app)

    def test_domains_are_offered_where_the_dataset_has_some(self, store, menu):
        menu(STYLES)
        app = open_app(TRAIN)
        assert "train.data.domains" not in [one.key for one in app.multiselect]
        app.selectbox(key="train.data.dataset").set_value("styled").run()
        app.multiselect(key="train.data.domains").set_value(["sketch"]).run()
        app.button(key="train.launch").click().run()
        assert store.records()[0].spec.data.domains == ("sketch",)

    def test_domains_of_one_dataset_do_not_follow_to_another(self, store, menu):
        menu(STYLES)
        app = open_app(TRAIN)
        app.selectbox(key="train.data.dataset").set_value("styled").run()
        app.multiselect(key="train.data.domains").set_value(["sketch"]).run()
        app.selectbox(key="train.data.dataset").set_value("digits").run()
        app.button(key="train.launch").click().run()
        assert store.records()[0].spec.data.domains == ()

    def test_corruptions_and_the_image_size_reach_the_spec(self, store):
        app = open_app(TRAIN)
        app.toggle(key="train.evaluation.corruptions").set_value(True)
        app.number_input(key="train.data.image_size").set_value(48).run()
        app.button(key="train.launch").click().run()
        spec = store.records()[0].spec
        assert (spec.evaluation.corruptions, spec.data.image_size) == (True, 48)

    @pytest.mark.parametrize(
        ("scheme", "place", "said"),
        [
            ("csv", "/nowhere.csv", "there is no file '/nowhere.csv'"),
            ("folder", "/nowhere", "there is no folder"),
        ],
    )
    def test_a_place_that_leads_nowhere_is_named(self, store, scheme, place, said):
        app = open_app(TRAIN)
        app.selectbox(key="train.data.dataset").set_value(scheme).run()
        app.text_input(key=f"train.{scheme}").set_value(place).run()
        assert said in app.error[0].value

    @pytest.mark.parametrize("scheme", ["csv", "folder", "hf"])
    def test_a_place_not_typed_yet_is_no_mistake(self, store, scheme):
        app = open_app(TRAIN)
        app.selectbox(key="train.data.dataset").set_value(scheme).run()
        assert not app.error
        assert app.button(key="train.launch").disabled

    def test_launching_on_a_folder(self, store, tmp_path):
        app = open_app(TRAIN)
        app.selectbox(key="train.data.dataset").set_value("folder").run()
        root = plant(tmp_path / "photos", two("", 3))
        app.text_input(key="train.folder").set_value(str(root)).run()
        app.button(key="train.launch").click().run()
        assert store.records()[0].spec.data.dataset == f"folder:{root}"
