"""rft_core.engine.data.reading.hub_tables: datasets of the hub whose rows name a domain."""

import datasets
import pytest
from datasets import ClassLabel, Value
from PIL import Image

from rft_core.engine.data.reading.hub_tables import list_tables
from rft_core.errors import DataError, UnknownNameError
from tests.unit.engine.data.reading.test_hub_tables import shades, table

DOMAINS = ClassLabel(names=["clipart", "real", "sketch"])


def domain_tables(kind=DOMAINS, with_test=True):
    """Two classes in each domain; train rows 0..11, test rows 0..5."""
    names = (
        list
        if isinstance(kind, ClassLabel)
        else lambda rows: [DOMAINS.int2str(row) for row in rows]
    )
    made = {
        "train": table(
            [0, 1] * 6,
            ClassLabel(names=["cat", "dog"]),
            domain=(names([0] * 4 + [1] * 6 + [2] * 2), kind),
        )
    }
    if with_test:
        made["test"] = table(
            [0, 1] * 3, ClassLabel(names=["cat", "dog"]), domain=(names([0, 0, 1, 1, 2, 2]), kind)
        )
    return made


class TestDomains:
    @pytest.mark.parametrize("kind", [DOMAINS, Value("string")])
    @pytest.mark.parametrize(
        ("requested", "train", "test", "others"),
        [
            ((), [0, 1, 2, 3], [0, 1], {"real": [2, 3], "sketch": [4, 5]}),
            (("real",), [4, 5, 6, 7, 8, 9], [2, 3], {"clipart": [0, 1], "sketch": [4, 5]}),
            (("sketch", "clipart"), [0, 1, 2, 3, 10, 11], [0, 1, 4, 5], {"real": [2, 3]}),
            (("clipart", "real", "sketch"), list(range(12)), list(range(6)), {}),
        ],
    )
    def test_no_image_of_another_domain_is_ever_in_train(
        self, kind, requested, train, test, others
    ):
        found = list_tables("x/y", domain_tables(kind), requested)
        assert found.domains == (requested or ("clipart",))
        assert shades(found.train) == train
        assert shades(found.test) == test
        assert {name: shades(part) for name, part in found.others.items()} == others
        assert found.validation is None

    def test_without_a_test_split_the_others_are_measured_whole(self):
        found = list_tables("x/y", domain_tables(with_test=False), ("clipart",))
        assert found.test is None
        assert shades(found.train) == [0, 1, 2, 3]
        assert {name: shades(part) for name, part in found.others.items()} == {
            "real": [4, 5, 6, 7, 8, 9],
            "sketch": [10, 11],
        }

    def test_an_unknown_domain(self):
        with pytest.raises(UnknownNameError, match="unknown domain 'skech', did you mean 'sketch'"):
            list_tables("x/y", domain_tables(), ("skech",))

    def test_domains_of_a_dataset_that_has_none(self):
        with pytest.raises(DataError, match="x/y has no column 'domain'; leave data.domains empty"):
            list_tables("x/y", {"train": table([0, 1])}, ("clipart",))

    def test_a_domain_named_twice_counts_once(self):
        assert list_tables("x/y", domain_tables(), ("real", "real")).domains == ("real",)

    def test_a_class_that_the_domain_lacks_is_left_out_of_the_others_too(self):
        labels, places = [0, 1, 0, 2], [0, 0, 1, 1]
        found = list_tables(
            "x/y",
            {
                "train": table(labels, domain=(places, DOMAINS)),
                "test": table(labels, domain=(places, DOMAINS)),
            },
            ("clipart",),
        )
        assert found.class_names == ("cat", "dog")
        assert shades(found.others["real"]) == [2]

    def test_no_picture_is_decoded_to_list(self, monkeypatch):
        tables = domain_tables()

        def never(*args, **kwargs):
            raise AssertionError("a picture was decoded")

        monkeypatch.setattr(datasets.Image, "decode_example", never)
        monkeypatch.setattr(Image, "open", never)
        assert len(list_tables("x/y", tables).train) == 4
