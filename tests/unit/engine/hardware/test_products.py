"""rft_core.engine.hardware.products: oneDNN's products are torch's to rounding, and attacks ask for
no gradient of the weights.
"""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from rft_core.engine.attacks.stepwise import input_gradient
from rft_core.engine.hardware import products
from rft_core.engine.hardware.products import (
    PatchConvolution,
    choose_products,
    prefers_onednn,
    use_onednn,
    use_torch,
    weights_at_rest,
)
from rft_core.engine.models import embedded
from rft_core.engine.models.normalize import NormalizedModel
from tests import tiny

pytestmark = pytest.mark.skipif(
    not hasattr(torch.ops.mkldnn, "_linear_pointwise"), reason="this torch has no oneDNN"
)
SHAPES = [(48,), (1, 48), (7, 48), (5, 6, 48), (2, 3, 4, 48)]
CLOSE = {"rtol": 1e-4, "atol": 1e-5}


def pair(inputs: int = 48, outputs: int = 64, bias: bool = True) -> tuple[nn.Linear, nn.Linear]:
    """The same layer twice: torch's, and with oneDNN's products."""
    plain = nn.Linear(inputs, outputs, bias=bias)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in plain.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return plain, use_onednn(copy.deepcopy(plain))


def gradients(
    layer: nn.Linear, inputs: torch.Tensor, seen: torch.Tensor | None = None
) -> list[torch.Tensor]:
    """Outputs, and the gradients of inputs and weights under the output gradient
    `seen`, or of the sum.
    """
    leaf = inputs.clone().requires_grad_(True)
    outputs = layer(leaf)
    wanted = [leaf, *layer.parameters()]
    return [
        outputs.detach(),
        *torch.autograd.grad(outputs if seen is not None else outputs.sum(), wanted, seen),
    ]


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("outputs", [64, 44])
def test_outputs_and_gradients_are_torchs(shape, outputs, bias):
    plain, quick = pair(outputs=outputs, bias=bias)
    assert type(quick) is not nn.Linear
    inputs = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    seen = torch.randn((*shape[:-1], outputs), generator=torch.Generator().manual_seed(2))
    for arguments in ((inputs,), (inputs, seen)):
        for first, second in zip(
            gradients(plain, *arguments), gradients(quick, *arguments), strict=True
        ):
            assert first.shape == second.shape
            torch.testing.assert_close(second, first, **CLOSE)


def test_inputs_that_lie_scattered_in_memory():
    plain, quick = pair()
    inputs = torch.randn(4, 48, 5, 3, generator=torch.Generator().manual_seed(1)).permute(
        0, 2, 3, 1
    )
    assert not inputs.is_contiguous()
    for first, second in zip(gradients(plain, inputs), gradients(quick, inputs), strict=True):
        torch.testing.assert_close(second, first, **CLOSE)


def test_no_rows_and_double_precision_go_torchs_way():
    plain, quick = pair()
    assert quick(torch.empty(0, 48)).shape == (0, 64)
    inputs = torch.randn(3, 48, dtype=torch.double)
    assert torch.equal(quick.double()(inputs), plain.double()(inputs))


def test_bfloat16_goes_torchs_way():
    plain, quick = pair()
    inputs = torch.randn(3, 48, generator=torch.Generator().manual_seed(1))
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(quick(inputs), plain(inputs))
        assert quick(inputs).dtype is torch.bfloat16


def patches(
    inputs: int, outputs: int, side: int | tuple[int, int], bias: bool
) -> tuple[nn.Conv2d, nn.Conv2d]:
    """The same convolution twice: torch's, and with oneDNN's product."""
    plain = nn.Conv2d(inputs, outputs, side, stride=side, bias=bias)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in plain.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return plain, use_onednn(copy.deepcopy(plain))


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize(
    ("inputs", "outputs", "side", "height", "width"),
    [(3, 32, 2, 8, 12), (8, 5, 4, 8, 8), (3, 6, (2, 4), 6, 8), (4, 8, 2, 2, 2)],
)
def test_patches_have_torchs_outputs_and_gradients(
    inputs, outputs, side, height, width, layout, bias
):
    plain, quick = patches(inputs, outputs, side, bias)
    assert type(quick) is PatchConvolution
    images = torch.randn(
        3, inputs, height, width, generator=torch.Generator().manual_seed(1)
    ).contiguous(memory_format=layout)
    seen = torch.randn(plain(images).shape, generator=torch.Generator().manual_seed(2))
    for arguments in ((images,), (images, seen), (images, seen.contiguous(memory_format=layout))):
        for first, second in zip(
            gradients(plain, *arguments), gradients(quick, *arguments), strict=True
        ):
            assert first.shape == second.shape
            torch.testing.assert_close(second, first, **CLOSE)


def test_images_that_patches_do_not_fill_and_a_single_image_go_torchs_way():
    plain, quick = patches(3, 8, 2, True)
    for shape in ((2, 3, 7, 9), (3, 6, 6), (0, 3, 4, 4)):
        images = torch.rand(shape)
        assert torch.equal(quick(images), plain(images))


def test_patches_at_rest_compute_no_gradient_of_the_weights(monkeypatch):
    _, quick = patches(3, 8, 2, True)
    images = torch.rand(2, 3, 4, 4).requires_grad_(True)
    with weights_at_rest():
        quick(images).sum().backward()
    assert images.grad is not None
    assert quick.weight.grad is None
    assert quick.bias.grad is None


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(3, 8, 2),
        nn.Conv2d(3, 8, 2, stride=2, padding=1),
        nn.Conv2d(4, 8, 2, stride=2, groups=2),
        nn.Conv2d(3, 8, 1),
        nn.Conv2d(3, 8, 2, stride=2, dilation=2),
    ],
)
def test_other_convolutions_stay(layer):
    assert type(use_onednn(layer)) is nn.Conv2d


def test_small_layers_and_other_layers_stay():
    class Stubborn(nn.Linear):
        pass

    model = use_onednn(
        nn.Sequential(nn.Linear(48, 64), nn.Linear(64, 10), Stubborn(64, 64), nn.Conv2d(3, 64, 3))
    )
    assert [type(module) for module in model][1:] == [nn.Linear, Stubborn, nn.Conv2d]
    assert type(model[0]) is not nn.Linear
    assert type(use_torch(model)[0]) is nn.Linear
    assert type(use_torch(use_onednn(nn.Conv2d(3, 8, 2, stride=2)))) is nn.Conv2d


def test_names_and_copies_are_those_of_a_linear_layer():
    plain, quick = pair()
    assert isinstance(quick, nn.Linear)
    assert list(quick.state_dict()) == list(plain.state_dict())
    assert type(copy.deepcopy(quick)) is type(quick)
    quick.load_state_dict(plain.state_dict())


def test_weights_at_rest_get_no_gradient_and_others_do():
    _, quick = pair()
    inputs = torch.randn(3, 48).requires_grad_(True)
    with weights_at_rest():
        outputs = quick(inputs)
        outputs.sum().backward()
    assert inputs.grad is not None
    assert quick.weight.grad is None
    with pytest.raises(ZeroDivisionError), weights_at_rest():
        raise ZeroDivisionError
    quick(inputs).sum().backward()
    assert quick.weight.grad is not None


def test_an_attack_computes_no_gradient_of_the_weights(monkeypatch):
    """Counted: a layer has one product forward and one backward where its weights rest."""
    _, quick = pair()
    model, calls, product = nn.Sequential(nn.Flatten(), quick), [], products.product
    monkeypatch.setattr(
        products, "product", lambda *arguments: calls.append(1) or product(*arguments)
    )
    input_gradient(model, torch.rand(5, 3, 4, 4), torch.zeros(5, dtype=torch.long))
    assert len(calls) == 2
    calls.clear()
    F.cross_entropy(model(torch.rand(5, 3, 4, 4)), torch.zeros(5, dtype=torch.long)).backward()
    # forward and weight: the pixels ask for no gradient
    assert len(calls) == 2


def test_a_second_derivative_is_refused_and_not_wrong():
    _, quick = pair()
    inputs = torch.randn(3, 48).requires_grad_(True)
    (first,) = torch.autograd.grad((quick(inputs) ** 2).sum(), inputs, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        first.sum().backward()


@pytest.mark.parametrize("build", [embedded.bloom_convnext, embedded.bloom_vit])
def test_a_network_gives_the_same_losses_over_steps(build):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        plain = NormalizedModel(build(5), tiny.MEAN, tiny.STD)
    quick = use_onednn(copy.deepcopy(plain))
    assert (
        sum(
            type(module) is not type(other)
            for module, other in zip(plain.modules(), quick.modules())
        )
        >= 8
    )
    found = []
    for model in (plain, quick):
        optimizer, losses = torch.optim.SGD(model.parameters(), lr=0.05), []
        for step in range(3):
            images, labels = tiny.pictures(6, 32, seed=step)
            loss = F.cross_entropy(model(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        found.append(losses)
    assert found[1] == pytest.approx(found[0], rel=1e-3)


@pytest.mark.parametrize(
    ("processor", "capability", "expected"),
    [
        ("vendor_id : AuthenticAMD", "AVX512", True),
        ("vendor_id : AuthenticAMD", "AVX2", False),
        ("vendor_id : GenuineIntel", "AVX512", False),
    ],
)
def test_the_library_follows_from_the_processor(monkeypatch, processor, capability, expected):
    monkeypatch.setattr(products, "_processor", lambda: processor)
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    assert prefers_onednn() is expected
    model = choose_products(nn.Sequential(nn.Linear(48, 64)), torch.device("cpu"))
    assert (type(model[0]) is not nn.Linear) is expected
    assert type(choose_products(model, torch.device("cuda"))[0]) is nn.Linear
