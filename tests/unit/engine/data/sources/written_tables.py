"""Tables of 40 pictures, written as people and spreadsheets write them."""

from rft_core.engine.data.load import load_dataset
from rft_core.spec.run_spec import RunSpec
from rft_core.spec.sections import DataSpec


def load(table, **settings):
    return load_dataset(RunSpec(data=DataSpec(dataset=f"csv:{table}", **settings)), image_size=8)


def rows(count=40, extra=lambda place: []):
    return [
        [f"img/{place:03d}.png", "cat" if place < 20 else "dog", *extra(place)]
        for place in range(count)
    ]


def write(folder, lines, header=("path", "label"), delimiter=",", encoding="utf-8", newline="\n"):
    table = folder / "table.csv"
    table.write_text(
        "".join(delimiter.join(line) + newline for line in [header, *lines]),
        encoding=encoding,
        newline="",
    )
    return table


def sizes(data):
    return len(data.train), len(data.validation), len(data.test)
