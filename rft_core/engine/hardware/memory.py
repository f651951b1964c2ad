"""How many images fit into memory at once, found out before the first step and not by a crash.

On a CPU there is no error to catch: the system kills the process. So the tensors that one forward
pass keeps for its backward pass are counted, and batches are cut to what is free. A GPU says when
it is full; then the batch is halved (train.py). Where `runtime.checkpoint_activations` is set it
comes first: a batch is only cut when it does not fit with that either.
"""

import psutil
import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from rft_core.engine.hardware.recompute import kept_for_once, recomputes
from rft_core.engine.models.modes import eval_mode

# share of the free memory that a batch may take: weights, moments and other programs need the rest
SHARE = 0.6
# a backward pass holds gradients beside what the forward pass kept, and an attack a
# few copies of the batch
OVERHEAD = 1.6
# what stands while a block is computed again: what it keeps, and its gradients
BLOCK_COPIES = 2
PROBE_IMAGES = 2
CPU_MESSAGES = ("can't allocate memory", "not enough memory", "bad_alloc")


def kept_bytes(model: nn.Module, image_size: int, device: torch.device) -> int:
    """Return the bytes that a forward pass keeps for its backward pass, for one image;
    weights are not counted.

    Where activations are computed again, those are the inputs of the blocks, and BLOCK_COPIES times
    what the largest block keeps: one is computed again at a time.
    """
    kept, by_module = _noted(model, image_size, device)
    if recomputes(model):
        with kept_for_once(model):
            _, whole = _noted(model, image_size, device)
        kept += BLOCK_COPIES * max(
            (size for name, size in whole.items() if by_module.get(name) == 0), default=0
        )
    return kept // PROBE_IMAGES


def _noted(model: nn.Module, image_size: int, device: torch.device) -> tuple[int, dict[str, int]]:
    """Return the bytes that a forward pass of the probe keeps, in all and for
    each module by its name.
    """
    weights = {
        tensor.untyped_storage().data_ptr() for tensor in [*model.parameters(), *model.buffers()]
    }
    seen: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            seen[storage.data_ptr()] = storage.nbytes()
        return tensor

    by_module: dict[str, int] = {}
    hooks = [
        hook
        for name, module in model.named_modules()
        for hook in _watch(name, module, seen, by_module)
    ]
    images = torch.zeros(PROBE_IMAGES, 3, image_size, image_size, device=device, requires_grad=True)
    try:
        with (
            eval_mode(model),
            torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor),
        ):
            logits = model(images)
    finally:
        for hook in hooks:
            hook.remove()
    # what is kept lives as long as the graph: no two tensors have shared an address
    del logits
    return sum(seen.values()), by_module


def _watch(
    name: str, module: nn.Module, seen: dict[int, int], by_module: dict[str, int]
) -> tuple[RemovableHandle, RemovableHandle]:
    """Have `module` write into `by_module` by how much what is `seen` grows while it runs."""

    def enter(*_: object) -> None:
        by_module[name] = by_module.get(name, 0) - sum(seen.values())

    def leave(*_: object) -> None:
        by_module[name] += sum(seen.values())

    return module.register_forward_pre_hook(enter), module.register_forward_hook(leave)


def free_bytes(device: torch.device) -> int:
    """Return the memory that is free on `device` now."""
    return (
        torch.cuda.mem_get_info(device)[0]
        if device.type == "cuda"
        else psutil.virtual_memory().available
    )


def fitting_batch(wanted: int, per_image: int, free: int) -> int:
    """Return `wanted`, or the largest of its halves (at least 1) whose images fit into the
    share of `free` bytes.
    """
    batch = wanted
    while batch > 1 and batch * per_image * OVERHEAD > SHARE * free:
        batch = (batch + 1) // 2
    return batch


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether `error` says that memory ran out, on a GPU or a CPU."""
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or (
        isinstance(error, RuntimeError) and any(message in str(error) for message in CPU_MESSAGES)
    )
