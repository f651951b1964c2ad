"""How many images fit into memory at once, found out before the first step and not by a crash.

On a CPU there is no error to catch: the system kills the process. So the tensors that one forward pass keeps for its backward
pass are counted, and batches are cut to what is free. A GPU says when it is full; then the batch is halved (train.py).
"""

import psutil
import torch
from torch import Tensor, nn

from rft_core.engine.modes import eval_mode

# share of the free memory that a batch may take: weights, moments and other programs need the rest
SHARE = 0.6
# a backward pass holds gradients beside what the forward pass kept, and an attack a few copies of the batch
OVERHEAD = 1.6
PROBE_IMAGES = 2
CPU_MESSAGES = ("can't allocate memory", "not enough memory", "bad_alloc")


def kept_bytes(model: nn.Module, image_size: int, device: torch.device) -> int:
    """Return the bytes that a forward pass keeps for its backward pass, for one image; weights are not counted."""
    weights = {tensor.untyped_storage().data_ptr() for tensor in [*model.parameters(), *model.buffers()]}
    seen: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            seen[storage.data_ptr()] = storage.nbytes()
        return tensor

    images = torch.zeros(PROBE_IMAGES, 3, image_size, image_size, device=device, requires_grad=True)
    with eval_mode(model), torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        logits = model(images)
    # what is kept lives as long as the graph: no two tensors have shared an address
    del logits
    return sum(seen.values()) // PROBE_IMAGES


def free_bytes(device: torch.device) -> int:
    """Return the memory that is free on `device` now."""
    return torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else psutil.virtual_memory().available


def fitting_batch(wanted: int, per_image: int, free: int) -> int:
    """Return `wanted`, or the largest of its halves (at least 1) whose images fit into the share of `free` bytes."""
    batch = wanted
    while batch > 1 and batch * per_image * OVERHEAD > SHARE * free:
        batch = (batch + 1) // 2
    return batch


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether `error` says that memory ran out, on a GPU or a CPU."""
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or (isinstance(error, RuntimeError) and any(one in str(error) for one in CPU_MESSAGES))
