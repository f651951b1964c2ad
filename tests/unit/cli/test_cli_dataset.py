"""The command `dataset`: a card for people, for scripts, and kept for the pages."""

from rft_core.jobs.dataset_cards import read_card
from rft_core.spec.run_spec import RunSpec, with_settings


class TestDataset:
    def test_a_card_is_printed_and_kept(self, answer, home):
        card = answer("dataset", "digits", "--image-size", "8")
        assert (card["name"], len(card["class_names"]), card["image_size"]) == ("digits", 10, 8)
        spec = with_settings(RunSpec(), {"data.dataset": "digits", "data.image_size": 8})
        assert read_card(home, spec) == card

    def test_for_people_it_is_lines(self, call):
        code, output, _ = call("dataset", "digits", "--image-size", "8")
        assert code == 0
        assert "10 classes, 8 pixels" in output
        assert "test" in output

    def test_a_folder_that_is_not_there_is_one_line(self, call, tmp_path):
        code, _, error = call("dataset", f"folder:{tmp_path / 'nowhere'}")
        assert code == 2
        assert "there is no folder" in error
