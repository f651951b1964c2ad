"""A few test images attacked at rising epsilons, with the model's answers: the pictures of the
first lesson.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from rft_core.engine.data.dataset import Split
from rft_core.engine.evaluate_run import load_job
from rft_core.engine.measuring.attacked_images import MOST_CONFIDENT, climb
from rft_core.engine.measuring.evaluate import predict
from rft_core.engine.models.modes import eval_mode
from rft_core.errors import DataError, SettingError
from rft_core.files.atomic import write_arrays
from rft_core.spec.run_spec import RunSpec
from rft_core.units import PIXEL_LEVELS

# dense below 1/255, where a standard model falls
EPSILONS = tuple(level / PIXEL_LEVELS for level in (0, 0.25, 0.5, 1, 2, 3, 4, 6, 8))


def save_gallery(path: Path, spec: RunSpec, folder: Path, count: int, *, run: str) -> None:
    """Attack `count` test images with the trained model in a run's `folder` and write the file that
    recordings.Gallery reads.

    The images are the first of the test set that the model classifies correctly, at most one per
    class. `run` is kept as the name of the run they belong to.
    """
    if spec.threat.norm != "linf":
        raise SettingError(
            "threat.norm",
            spec.threat.norm,
            "must be linf, the norm of the pictures' epsilons; record without --pictures",
        )
    job = load_job(spec, folder)
    with eval_mode(job.model):
        right = predict(job.model, job.dataset.test).argmax(1) == job.dataset.test.labels
        chosen = _one_per_class(job.dataset.test, right, count)
        deltas, logits = climb(
            job.model, chosen, norm=spec.threat.norm, steps=spec.evaluation.steps, epsilons=EPSILONS
        )
    confidences, classes = logits.softmax(-1).topk(min(MOST_CONFIDENT, logits.shape[-1]))
    names = np.array(job.dataset.class_names)
    content = {
        "clean": chosen.images.permute(0, 2, 3, 1).cpu().numpy(),
        "delta": deltas.permute(0, 1, 3, 4, 2).to(torch.float16).cpu().numpy(),
        "epsilons": np.array(EPSILONS),
        "truth": names[chosen.labels.cpu().numpy()],
        "names": names[classes.cpu().numpy()],
        "confidences": confidences.cpu().numpy(),
        "run": np.array(run),
    }
    write_arrays(path, content)


def _one_per_class(split: Split, right: Tensor, count: int) -> Split:
    taken: dict[int, int] = {}
    for index in torch.nonzero(right).flatten().tolist():
        taken.setdefault(int(split.labels[index]), index)
    if len(taken) < count:
        raise DataError(
            f"the model classifies images of {len(taken)} classes correctly, {count} were"
            " requested; request fewer, or train it longer"
        )
    return split.take(torch.tensor(sorted(taken.values())[:count]))
