"""The engines beside PyTorch in float32, on networks of nnU-Net's own."""

import logging
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch
from nnunetv2.utilities.get_network_from_plans import get_network_from_plans

from nnunet_ext.cascade.prediction.engines import Engine, check_engine
from nnunet_ext.cascade.prediction.network import engine_network
from nnunet_ext.core.cpu import cpu_has_bf16
from nnunet_ext.core.errors import EnvironmentProblemError

pytestmark = pytest.mark.usefixtures("one_thread")
needs_openvino = pytest.mark.skipif(
    find_spec("openvino") is None, reason="the extra `fast` (openvino) is not installed"
)
needs_bf16 = pytest.mark.skipif(not cpu_has_bf16(), reason="this processor does not compute in bfloat16")
FAST = [pytest.param(Engine.OPENVINO, marks=needs_openvino), pytest.param(Engine.BF16, marks=needs_bf16)]

LOGIT_BOUND = {Engine.OPENVINO: 1e-4, Engine.BF16: 5e-2}
"""Largest difference of logits, as a share of the largest logit.

float32 rounds by 6e-8, and sums of up to 300 000 products taken in another order differ by some hundred times that;
measured were 2e-6 to 5e-6 here, and 7e-5 for a network and patch of nnU-Net's usual size. bfloat16 rounds by 4e-3 at
each of some ten layers; measured were 1e-2 to 3e-2.
"""

TINY: dict[str, Any] = {
    "features_per_stage": [8, 16, 16],
    "n_stages": 3,
    "n_conv_per_stage_decoder": [2, 2],
    "conv_bias": True,
    "norm_op_kwargs": {"eps": 1e-5, "affine": True},
    "nonlin": "torch.nn.LeakyReLU",
    "nonlin_kwargs": {"inplace": True},
}
CUBES = {"kernel_sizes": [[3, 3, 3]] * 3, "strides": [[1, 1, 1], [2, 2, 2], [2, 2, 2]]}
THICK_SLICES = {"kernel_sizes": [[1, 3, 3], [1, 3, 3], [3, 3, 3]], "strides": [[1, 1, 1], [1, 2, 2], [1, 2, 2]]}
FLAT = {"kernel_sizes": [[3, 3]] * 3, "strides": [[1, 1], [2, 2], [2, 2]]}
ARCHITECTURES = {
    "plain, cubic": ("PlainConvUNet", CUBES, (16, 32, 24)),
    "plain, thick slices": ("PlainConvUNet", THICK_SLICES, (8, 48, 32)),
    "plain, 2-D": ("PlainConvUNet", FLAT, (64, 48)),
    "residual, cubic": ("ResidualEncoderUNet", CUBES, (16, 32, 24)),
    "residual, thick slices": ("ResidualEncoderUNet", THICK_SLICES, (8, 48, 32)),
    "residual, 2-D": ("ResidualEncoderUNet", FLAT, (64, 48)),
}
CHANNELS = 2


def build(name: str, channels: int = CHANNELS, outputs: int = 2) -> tuple[torch.nn.Module, tuple[int, ...]]:
    """Build a network as nnU-Net does, with weights of a fixed seed; and its patch."""
    kind, shapes, patch = ARCHITECTURES[name]
    settings = {
        **TINY,
        **shapes,
        "n_blocks_per_stage" if kind == "ResidualEncoderUNet" else "n_conv_per_stage": [2, 2, 2],
        "conv_op": f"torch.nn.Conv{len(patch)}d",
        "norm_op": f"torch.nn.InstanceNorm{len(patch)}d",
    }
    torch.manual_seed(1)
    network: torch.nn.Module = get_network_from_plans(
        f"dynamic_network_architectures.architectures.unet.{kind}",
        settings,
        ["conv_op", "norm_op", "nonlin"],
        channels,
        outputs,
        deep_supervision=False,
    )
    return network.eval(), patch


def noise(*shape: int, seed: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("engine", FAST)
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_logits_are_those_of_torch_but_for_rounding(name: str, engine: Engine) -> None:
    network, patch = build(name)
    fast = engine_network(network, engine, patch, CHANNELS)
    for seed in range(2):
        image = noise(1, CHANNELS, *patch, seed=seed)
        with torch.inference_mode():
            expected, found = network(image), fast(image)
        bound = LOGIT_BOUND[engine] * expected.abs().max()
        assert found.dtype == torch.float32
        assert found.shape == expected.shape
        assert (found - expected).abs().max() <= bound
        # The sigmoid is nowhere steeper than 1/4; beyond what rounding allows, no voxel is decided otherwise.
        assert (found.sigmoid() - expected.sigmoid()).abs().max() <= bound / 4 + 1e-6
        assert not ((found > 0) != (expected > 0))[expected.abs() > bound].any()


@pytest.mark.parametrize("engine", FAST)
def test_hardly_a_voxel_is_decided_otherwise_even_by_a_network_that_knows_nothing(engine: Engine) -> None:
    network, patch = build("plain, cubic")
    fast = engine_network(network, engine, patch, CHANNELS)
    images = [noise(1, CHANNELS, *patch, seed=seed) for seed in range(8)]
    with torch.inference_mode():
        differs = torch.stack([(fast(image) > 0) != (network(image) > 0) for image in images])
    assert differs.float().mean() <= {Engine.OPENVINO: 1e-4, Engine.BF16: 1e-2}[engine]


@pytest.fixture(scope="module")
def trained() -> torch.nn.Module:
    """Train a network until it finds bright blobs in noise."""
    network, patch = build("plain, cubic", channels=1, outputs=1)
    network.train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3)
    for step in range(60):
        image, blob = _blob(patch, seed=step)
        loss = torch.nn.functional.binary_cross_entropy_with_logits(network(image), blob)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
    return network.eval()


@pytest.mark.parametrize("engine", FAST)
def test_a_trained_network_segments_the_same(trained: torch.nn.Module, engine: Engine) -> None:
    patch = ARCHITECTURES["plain, cubic"][2]
    fast = engine_network(trained, engine, patch, 1)
    images, blobs = zip(*[_blob(patch, seed=1000 + seed) for seed in range(6)], strict=True)
    with torch.inference_mode():
        expected = torch.stack([trained(image) > 0 for image in images])
        found = torch.stack([fast(image) > 0 for image in images])
    assert _dice(expected, torch.stack(blobs) > 0) > 0.8, "the network has not learnt what it was trained for"
    assert _dice(expected, found) >= {Engine.OPENVINO: 0.9999, Engine.BF16: 0.99}[engine]


@needs_openvino
@pytest.mark.parametrize("value", [0.0, -0.7, 0.3, 3.0])
def test_openvino_stays_exact_where_an_image_is_constant(trained: torch.nn.Module, value: float) -> None:
    patch = ARCHITECTURES["plain, cubic"][2]
    fast = engine_network(trained, Engine.OPENVINO, patch, 1)
    image = torch.full((1, 1, *patch), value)
    padded = _blob(patch, seed=1)[0]
    padded[..., patch[-1] // 2 :] = value
    with torch.inference_mode():
        for given in (image, padded):
            expected = trained(given)
            # Norms multiply the rounding of a constant by up to 300; measured 1e-4, and 6e-2 if left as it comes.
            assert (fast(given) - expected).abs().max() <= 1e-3 * expected.abs().max()


@pytest.mark.parametrize("engine", FAST)
def test_each_answer_is_a_tensor_of_its_own_and_the_image_stays_as_it_was(engine: Engine) -> None:
    network, patch = build("plain, cubic")
    fast = engine_network(network, engine, patch, CHANNELS)
    image, other = noise(1, CHANNELS, *patch, seed=1), noise(1, CHANNELS, *patch, seed=2)
    before = image.clone()
    with torch.inference_mode():
        first = fast(image)
        kept = first.clone()
        second = fast(other)
        second *= 2  # as a window does that weighs its tiles in place
        assert torch.equal(first, kept)
        assert torch.equal(fast(image), kept)
    assert torch.equal(image, before)


@pytest.mark.parametrize("engine", FAST)
def test_a_mirrored_view_and_a_half_precision_image_are_taken(engine: Engine) -> None:
    network, patch = build("plain, cubic")
    fast = engine_network(network, engine, patch, CHANNELS)
    view = noise(1, CHANNELS, *reversed(patch), seed=3).permute(0, 1, 4, 3, 2)
    assert not view.is_contiguous()
    with torch.inference_mode():
        assert torch.allclose(fast(view), fast(view.contiguous()), atol=1e-2)
        if engine is Engine.OPENVINO:
            assert torch.equal(fast(view.half()), fast(view.half().float()))


def test_torch_is_the_network_itself() -> None:
    network, patch = build("plain, 2-D")
    assert engine_network(network, Engine.TORCH, patch, CHANNELS) is network


@needs_openvino
def test_the_network_that_openvino_was_given_is_left_as_it_was() -> None:
    network, patch = build("plain, cubic")
    image = noise(1, CHANNELS, *patch, seed=1)
    with torch.inference_mode():
        before = network(image)
        engine_network(network, Engine.OPENVINO, patch, CHANNELS)
        assert torch.equal(network(image), before)
    assert not any(module._forward_pre_hooks for module in network.modules())


class Moody(torch.nn.Module):
    """Does one thing with bright images and another with dark ones, which no recording shows."""

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return torch.add(image, 1 if image.sum() > 0 else -1)


class Exotic(torch.nn.Module):
    def forward(self, image: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = torch.special.bessel_j0(image)
        return found


@needs_openvino
@pytest.mark.parametrize("architecture", [Moody, Exotic])
def test_an_architecture_that_openvino_cannot_run_is_refused_by_name_and_silences_nobody(
    architecture: type[torch.nn.Module],
) -> None:
    root = logging.getLogger()
    before = root.level, root.handlers[:]
    with pytest.raises(EnvironmentProblemError, match=rf"{architecture.__name__}.*--engine torch"):
        engine_network(architecture().eval(), Engine.OPENVINO, (4, 4, 4), 1)
    assert (root.level, root.handlers) == before


@needs_openvino
def test_openvino_reports_to_nobody(tmp_path: Path) -> None:
    """With a reporter that leaves a mark when it is so much as imported."""
    reporter = tmp_path / "openvino_telemetry"
    reporter.mkdir()
    mark = tmp_path / "mark"
    (reporter / "__init__.py").write_text(f"open({str(mark)!r}, 'w').close()\nraise ImportError\n")
    ask = (
        "import torch; from nnunet_ext.cascade.prediction.engines import *; "
        "from nnunet_ext.cascade.prediction.network import engine_network; check_engine(Engine.OPENVINO, 'cpu'); "
        "network = engine_network(torch.nn.Conv3d(1, 2, 1).eval(), Engine.OPENVINO, (4, 4, 4), 1); "
        "print(network(torch.ones(1, 1, 4, 4, 4)).shape)"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    seen = subprocess.run([sys.executable, "-c", "import openvino"], env=environment, check=True, capture_output=True)
    assert mark.exists(), f"the mark of the test does not work: {seen.stderr.decode()}"
    mark.unlink()
    done = subprocess.run([sys.executable, "-c", ask], env=environment, check=True, capture_output=True, text=True)
    assert "[1, 2, 4, 4, 4]" in done.stdout
    assert not mark.exists()


def test_naming_the_engines_does_not_wait_for_torch() -> None:
    ask = "import sys; import nnunet_ext.cascade.prediction.engines; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", ask], check=False).returncode == 0


@pytest.mark.parametrize("engine", [Engine.OPENVINO, Engine.BF16])
@pytest.mark.parametrize("device", ["cuda", "cuda:1", "mps"])
def test_a_cpu_engine_is_refused_on_a_gpu(engine: Engine, device: str) -> None:
    with pytest.raises(EnvironmentProblemError, match=rf"{engine}.*{device}.*--engine torch"):
        check_engine(engine, device)


def test_openvino_that_is_not_installed_is_named_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(EnvironmentProblemError, match=r"pip install 'nnunet_ext\[fast\]'"):
        check_engine(Engine.OPENVINO, "cpu")


def test_bf16_is_refused_on_a_processor_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for question in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        monkeypatch.setattr(torch.cpu, question, lambda: False, raising=False)
    with pytest.raises(EnvironmentProblemError, match="--engine openvino"):
        check_engine(Engine.BF16, "cpu")


@pytest.mark.parametrize("engine", [Engine.TORCH, *FAST])
def test_an_engine_that_can_run_here_is_let_through(engine: Engine) -> None:
    check_engine(engine, "cpu")
    check_engine(Engine.TORCH, "cuda")  # whether there is one is asked elsewhere


def _blob(patch: tuple[int, ...], seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw noise with a bright ball in it, and the ball; both (1, 1, *patch)."""
    generator = torch.Generator().manual_seed(seed)
    centre = [float(torch.rand((), generator=generator)) * size for size in patch]
    axes = torch.meshgrid(*(torch.arange(size) for size in patch), indexing="ij")
    distance = sum((axis - at) ** 2 for axis, at in zip(axes, centre, strict=True))
    ball = (torch.as_tensor(distance) < 36).float()[None, None]
    return torch.randn(ball.shape, generator=generator) + 2 * ball, ball


def _dice(one: torch.Tensor, other: torch.Tensor) -> float:
    return float(2 * (one & other).sum() / (one.sum() + other.sum()))
