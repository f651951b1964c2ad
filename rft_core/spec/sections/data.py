"""The sections data and model: what is fine-tuned on what."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from rft_core.spec import catalog
from rft_core.spec.list_settings import split_words
from rft_core.spec.sections.values import Line, Section, SettingErrorValue, require_name


class DataSpec(Section):
    dataset: Line = Field(
        "blooms_hard",
        description=(
            "Dataset: a name from the menu, folder:PATH (a folder or a zip), csv:PATH, or"
            " hf:OWNER/NAME of the Hugging Face hub."
        ),
    )
    domains: Annotated[tuple[Line, ...], BeforeValidator(split_words)] = Field(
        (),
        max_length=50,
        description=(
            "Domains to train on, where the dataset has domains; empty for its first. The others"
            " are only measured on."
        ),
        examples=["painting,sketch", '["painting", "sketch"]'],
    )
    layout: Literal["auto", "splits", "classes"] = Field(
        "auto",
        description=(
            "What the folders of an image folder are: splits (train, val, test), classes, or auto:"
            " by their names and what they hold."
        ),
    )
    train_size: int | None = Field(
        None,
        ge=2,
        le=10_000_000,
        description="Training images to use, drawn evenly over the classes; empty for all.",
    )
    eval_size: int | None = Field(
        None, ge=2, le=10_000_000, description="Test images for the final report; empty for all."
    )
    image_size: int | None = Field(
        None, ge=8, le=1024, description="Pixels on a side; empty for the backbone's own size."
    )
    augment: Literal["none", "flip", "paper"] = Field(
        "flip",
        description=(
            "Random changes to training images: none, flip, or paper (flip, colour jitter and a"
            " small rotation)."
        ),
    )

    @model_validator(mode="after")
    def _check_dataset(self):
        scheme, colon, where = self.dataset.partition(":")
        if (location := catalog.locations().get(scheme)) is not None:
            if not (colon and where.strip()):
                raise SettingErrorValue(
                    "dataset", self.dataset, f"names no data; write {location.written}"
                )
        else:
            require_name("datasets", self.dataset, "dataset")
        return self


class ModelSpec(Section):
    backbone: Line = Field(
        "bloom_convnext", min_length=1, description="Backbone: one from the menu, or any timm name."
    )
    pretrained: bool = Field(
        True, description="Start from pretrained weights; off means random weights."
    )
    checkpoint: Line | None = Field(
        None,
        description=(
            "File of backbone weights to start from (.safetensors, .pt, .pth, .ckpt or .bin), or"
            " the folder of a run."
        ),
    )
