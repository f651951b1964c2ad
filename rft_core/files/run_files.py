"""What lies in a run's folder: the name, kind and format of every file, and where each is written.

The one contract between those who write these files and those who read them: engine, worker, store,
jobs, report, bundles, repair. No other module spells these names.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# below the run's folder
CHECKPOINT = "checkpoint.safetensors"
PREVIOUS_CHECKPOINT = "checkpoint.previous.safetensors"
WEIGHTS = "model.safetensors"
VERDICTS = "verdicts.npz"
DATA = "data.json"
JOURNAL = "journal.jsonl"
LAUNCH = "launch.json"
LOG = "run.log"
# a folder with one .npz for each measurement that followed images
EXAMPLES = "examples"
# a folder with one folder for each evaluation, which holds the files below
EVALUATIONS = "evaluations"

REQUEST = "request.json"
EVALUATION = "evaluation.json"
IMAGES = "images.npz"
PICTURES = "pictures.npz"
UPLOAD = "picture"
# of every background job, so also of an evaluation: its process, and what that printed
JOB_STATE = "state.json"
JOB_LOG = "log.txt"

# kinds under which the store registers files with their checksum
CHECKPOINT_KIND = "checkpoint"
WEIGHTS_KIND = "weights"
VERDICTS_KIND = "verdicts"
EXAMPLES_KIND = "examples"
EVALUATION_KIND = "evaluation"


@dataclass(frozen=True)
class RunFile:
    """One kind of file. `kind` is that of its artifact, empty where it is not registered.

    `version` is raised when a reader of the format before would misread the file; a JSON file says
    which it has where that is not 1. `travels` is False for what means something only on the
    machine that wrote it: it goes into no bundle.
    """

    name: str
    holds: str
    format: str
    kind: str = ""
    version: int = 1
    travels: bool = True


RUN_FOLDER = (
    RunFile(
        CHECKPOINT, "model, optimiser and progress, the newest", "safetensors", CHECKPOINT_KIND
    ),
    RunFile(PREVIOUS_CHECKPOINT, "the checkpoint before it", "safetensors"),
    RunFile(WEIGHTS, "the trained model", "safetensors", WEIGHTS_KIND),
    RunFile(VERDICTS, "right or wrong: (epsilons, test images)", "npz", VERDICTS_KIND),
    RunFile(DATA, "classes, sizes and digests of the splits it began with", "json"),
    RunFile(JOURNAL, "events that the store has not taken yet", "json lines", travels=False),
    RunFile(LAUNCH, "who launched it on a shared dashboard, its limit", "json", travels=False),
    RunFile(LOG, "what its process printed", "text"),
)
EXAMPLES_FOLDER = (RunFile("*.npz", "images that were followed", "npz", EXAMPLES_KIND),)
EVALUATION_FOLDER = (
    RunFile(REQUEST, "what was asked for", "json"),
    RunFile(EVALUATION, "what came out, or the error", "json", EVALUATION_KIND),
    RunFile(IMAGES, "verdicts and predictions of every image", "npz", EVALUATION_KIND),
    RunFile(PICTURES, "images at rising epsilons", "npz", EVALUATION_KIND),
    RunFile(UPLOAD, "the user's own picture", "any image", EVALUATION_KIND),
    RunFile(JOB_STATE, "the process that makes it", "json", travels=False),
    RunFile(JOB_LOG, "what that process printed", "text"),
)


def is_readable(name: str, document: Mapping[str, Any]) -> bool:
    """Return whether this program knows the format of a JSON file of a run, by its "version"."""
    versions = {file.name: file.version for file in (*RUN_FOLDER, *EVALUATION_FOLDER)}
    version = document.get("version", 1)
    return isinstance(version, int) and version <= versions[name]


def travels(path: str) -> bool:
    """Return whether a file, by its path below the run's folder, means something elsewhere."""
    folder, _, name = path.rpartition("/")
    listed = EVALUATION_FOLDER if folder.split("/")[0] == EVALUATIONS else RUN_FOLDER
    if listed is RUN_FOLDER and folder:
        return True
    return not any(file.name == name and not file.travels for file in listed)
