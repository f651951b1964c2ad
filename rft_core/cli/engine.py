"""The engine that the commands run: the command line joins it with the worker."""

from rft_core.worker.loop import Engine

EXECUTE = "rft_core.engine.execution:execute"


ENGINE = Engine(
    EXECUTE,
    preload=(
        "torch",
        "timm",
        "rft_core.engine.execution",
        "rft_core.engine.data.sources.blooms",
        "rft_core.engine.models.embedded",
    ),
)
