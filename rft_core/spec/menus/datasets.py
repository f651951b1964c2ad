"""The menu of datasets: those that come with the program, those of the network, and one's own."""

from types import MappingProxyType

from rft_core.spec.choice import menu
from rft_core.spec.menus.dataset_row import DataLocation, DatasetRow
from rft_core.spec.menus.online_datasets import HUB, ONLINE_DATASETS

DATASETS = menu(
    DatasetRow(
        "blooms_easy",
        "Blooms, easy",
        "Drawn flowers: 8 classes, strong contrast.",
        "drawn by this project",
        "rft_core.engine.data.sources.blooms:load",
        facts=MappingProxyType({"train": 800, "validation": 200, "test": 1000, "classes": 8}),
    ),
    DatasetRow(
        "blooms_medium",
        "Blooms, medium",
        "Drawn flowers: 24 classes.",
        "drawn by this project",
        "rft_core.engine.data.sources.blooms:load",
        facts=MappingProxyType({"train": 1200, "validation": 240, "test": 1000, "classes": 24}),
    ),
    DatasetRow(
        "blooms_hard",
        "Blooms, hard",
        "Drawn flowers: 48 fine-grained classes, few images a class.",
        "drawn by this project",
        "rft_core.engine.data.sources.blooms:load",
        facts=MappingProxyType({"train": 1536, "validation": 384, "test": 1000, "classes": 48}),
    ),
    DatasetRow(
        "blooms_styles",
        "Blooms in seven styles",
        "Drawn flowers: 16 classes in seven domains (plain, painting, sketch, silhouette, night,"
        " inverted, photo_noise).",
        "drawn by this project",
        "rft_core.engine.data.sources.styles:load",
        facts=MappingProxyType({"train": 800, "validation": 240, "test": 800, "classes": 16}),
        domains=("plain", "painting", "sketch", "silhouette", "night", "inverted", "photo_noise"),
    ),
    DatasetRow(
        "blooms_source",
        "Blooms, source",
        "Drawn flowers: the 54 classes that the embedded backbones were pretrained on.",
        "drawn by this project",
        "rft_core.engine.data.sources.blooms:load",
        facts=MappingProxyType({"train": 24000, "validation": 1000, "test": 2000, "classes": 54}),
    ),
    DatasetRow(
        "digits",
        "Handwritten digits",
        "1,797 real 8x8 digits in 10 classes.",
        "scikit-learn; Alpaydin and Kaynak, UCI 1998",
        "rft_core.engine.data.sources.digits:load",
        facts=MappingProxyType({"train": 1132, "validation": 126, "test": 539, "classes": 10}),
    ),
    DatasetRow(
        "folder",
        "Image folder",
        "Your own images: folder:PATH with one folder a class, or train/ and test/ of them; PATH"
        " may be a zip.",
        "your files",
        "rft_core.engine.data.sources.folder:load",
        location=DataLocation(
            "Image folder or zip · your own",
            "Folder or zip",
            "/path/to/images",
            "One folder of images a class, or train/ and test/ of them.",
            "Type the folder's path.",
            "folder:PATH of a folder with one folder of images a class, or of a zip of it",
            noun="folder",
            path_kinds=("folder", "zip"),
            check="rft_core.resources.dataset_check:check_folder",
            has_layout=True,
        ),
    ),
    DatasetRow(
        "csv",
        "Table of paths and labels",
        "Your own images: csv:PATH of a table with the columns path and label, and where wanted"
        " split and domain.",
        "your files",
        "rft_core.engine.data.sources.csv_table:load",
        location=DataLocation(
            "Table of paths and labels · your own",
            "Table (CSV)",
            "/path/to/table.csv",
            "Columns path and label; split and domain if there are any.",
            "Type the table's path.",
            "csv:PATH of a table with the columns path and label",
            noun="table",
            path_kinds=("file",),
            check="rft_core.resources.dataset_check:check_table",
        ),
    ),
    *ONLINE_DATASETS,
    DatasetRow(
        "hf",
        "Hugging Face dataset",
        "Any image dataset of the hub with one column of images and one of classes: hf:OWNER/NAME,"
        " or hf:OWNER/NAME@CONFIG.",
        "the Hugging Face hub",
        f"{HUB}:load",
        is_online=True,
        location=DataLocation(
            "Hugging Face dataset · online",
            "Name on the hub",
            "OWNER/NAME",
            "Its image and label columns are found by their types.",
            "Type the dataset's name on the hub.",
            "hf:OWNER/NAME of a dataset of the Hugging Face hub, or hf:OWNER/NAME@CONFIG",
            noun="dataset",
        ),
    ),
)
