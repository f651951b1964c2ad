"""Captured steps: work that is launched in the same way each time is recorded once as a CUDA graph
and then replayed, so that the host need not launch it.

A small model's attack step is some hundred launches, and the host takes longer over each than the
GPU does. What is captured must work on buffers that stay where they are, with shapes that do not
depend on data, and must not ask the device for a value. On a CPU there is nothing to gain: there
a captured step is the step itself, so that the same code runs everywhere.
"""

import logging
from collections.abc import Callable

import torch

LOG = logging.getLogger(__name__)
# calls before the capture: libraries choose their kernels and allocate their workspaces in them
WARM_UP = 3


class CapturedStep:
    """Calls `step`, which works on buffers that stay where they are; on CUDA it is captured after
    WARM_UP calls and replayed from then on.

    A step that cannot be captured is called as it is from then on, and the log says why, once.
    `restore` puts the Python side of the step back to its buffers after a capture that failed.
    """

    def __init__(
        self,
        step: Callable[[], None],
        device: torch.device,
        *,
        restore: Callable[[], None] = lambda: None,
    ):
        self.step, self.restore = step, restore
        self.is_capturable = device.type == "cuda"
        self.calls = 0
        self.graph: torch.cuda.CUDAGraph | None = None
        # graphs and warm-up share a stream of their own, as capturing wants it
        self.stream = torch.cuda.Stream(device) if self.is_capturable else None

    def __call__(self) -> None:
        """Take one step."""
        self.calls += 1
        if self.graph is not None:
            self.graph.replay()
        elif not self.is_capturable:
            self.step()
        elif self.calls <= WARM_UP:
            self._on_stream()
        else:
            self._capture()

    def _on_stream(self) -> None:
        self.stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self.stream):
            self.step()
        torch.cuda.current_stream().wait_stream(self.stream)

    def _capture(self) -> None:
        try:
            graph = torch.cuda.CUDAGraph()
            # recorded, not done: another thread may go on using the device
            with torch.cuda.graph(graph, stream=self.stream, capture_error_mode="thread_local"):
                self.step()
        # whatever a model does that cannot be recorded, the work goes on without it
        except Exception as error:
            LOG.info("a step is not captured, it runs as it is: %s", str(error).split("\n")[0])
            self.is_capturable = False
            self.restore()
            self.step()
            return
        self.graph = graph
        graph.replay()
