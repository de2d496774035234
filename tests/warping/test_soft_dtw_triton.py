"""Soft-DTW by Triton: on a GPU where there is one, else in Triton's interpreter on the CPU."""

import importlib
import subprocess
import sys

import pytest
import torch

from inphase.errors import InputError
from inphase.warping.routes import forced
from inphase.warping.soft_dtw import (
    soft_alignment,
    soft_alignment_from_cost,
    soft_dtw,
    soft_dtw_divergence,
    soft_dtw_from_cost,
)

triton = pytest.importorskip("triton", reason="Triton is not installed: pip install triton")
tl = pytest.importorskip("triton.language")

# Of the interpreter of Triton 3.6 and before, with NumPy 2.3 and before.
pytestmark = pytest.mark.filterwarnings("ignore:Conversion of an array with ndim > 0")
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
KERNELS = "inphase.warping.soft_dtw_triton_kernels"
ROUTE = "inphase.warping.soft_dtw_triton"


def _count(out, n):
    for k in range(0, n):
        tl.store(out + k, 1.0)


def _interpreter_works():
    try:
        triton.jit(_count)[(1,)](torch.zeros(3), 3)
    except triton.runtime.errors.InterpreterError:
        return False
    return True


@pytest.fixture(scope="module", autouse=True)
def route():
    """The module under test; without a GPU, a copy whose kernels are interpreted, for us only."""
    if DEVICE == "cuda":
        yield importlib.import_module(ROUTE)
        return
    package = importlib.import_module("inphase.warping")
    names = {name: name.rpartition(".")[2] for name in (KERNELS, ROUTE)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRITON_INTERPRET", "1")
        if not _interpreter_works():
            pytest.skip("the interpreter of Triton 3.6 and before needs NumPy before 2.4")
        before = {name: sys.modules.pop(name, None) for name in names}
        for short in names.values():
            package.__dict__.pop(short, None)
        yield importlib.import_module(ROUTE)
    for name, short in names.items():
        del sys.modules[name]
        package.__dict__.pop(short, None)
        if (module := before[name]) is not None:
            sys.modules[name] = module
            setattr(package, short, module)


@pytest.fixture
def strips(route, monkeypatch):
    """Have pairs worked on in strips of so many rows."""
    return lambda rows: monkeypatch.setattr(route, "ROWS", rows)


def random_pairs(batch, n, m, dim=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(batch, n, dim, generator=generator)
    y = torch.randn(batch, m, dim, generator=generator)
    return x.to(DEVICE).requires_grad_(), y.to(DEVICE).requires_grad_()


def padded(x, lengths):
    """Frames past the lengths become NaN."""
    past = torch.arange(x.shape[1])[None] >= torch.tensor(lengths)[:, None]
    return x.detach().masked_fill(past[..., None].to(DEVICE), torch.nan).requires_grad_()


def by(name, function, *inputs, **options):
    """Values by a route, and gradients of a weighted sum of them."""
    with forced(name):
        value = function(*inputs, **options)
        weights = torch.linspace(-1, 2, value.numel(), device=DEVICE).view(value.shape)
        return value, *torch.autograd.grad((value * weights).sum(), inputs)


def assert_as_reference(function, *inputs, **options):
    ours = by("triton", function, *inputs, **options)
    expected = by("reference", function, *inputs, **options)
    for mine, right in zip(ours, expected, strict=True):
        assert mine.dtype == right.dtype
        torch.testing.assert_close(mine, right, atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize(("n", "m"), [(1, 1), (1, 6), (5, 1), (7, 4), (15, 15), (6, 19)])
def test_values_and_gradients_are_those_of_the_reference(n, m):
    assert_as_reference(soft_dtw, *random_pairs(2, n, m), gamma=0.5)


@pytest.mark.parametrize("gamma", [10.0, 0.1, 0.001])
def test_all_gammas_serve(gamma):
    assert_as_reference(soft_dtw, *random_pairs(2, 9, 12), gamma=gamma)


def test_longer_videos_serve():
    assert_as_reference(soft_dtw, *random_pairs(1, 40, 50), gamma=0.1)


def test_cosine_distance():
    assert_as_reference(soft_dtw, *random_pairs(2, 8, 6), gamma=0.1, distance="cosine")


def test_frames_past_the_lengths_are_never_used():
    x, y = random_pairs(3, 9, 11)
    lengths = {"x_lengths": [9, 1, 4], "y_lengths": [2, 11, 7]}
    x, y = padded(x, lengths["x_lengths"]), padded(y, lengths["y_lengths"])
    assert_as_reference(soft_dtw, x, y, gamma=0.3, **lengths)


@pytest.mark.parametrize(("n", "m", "band"), [(11, 14, 0.2), (13, 10, 4), (6, 6, 0)])
def test_bands(n, m, band):
    assert_as_reference(soft_dtw, *random_pairs(2, n, m), gamma=0.3, band=band)


@pytest.mark.parametrize("rows", [1, 3])
def test_strips_change_nothing(strips, rows):
    strips(rows)  # the second pair has none in the last strip
    x, y = random_pairs(2, 7, 6)
    lengths = {"x_lengths": [7, 3], "y_lengths": [4, 6]}
    x, y = padded(x, lengths["x_lengths"]), padded(y, lengths["y_lengths"])
    assert_as_reference(soft_dtw, x, y, gamma=0.3, **lengths)
    assert_as_reference(soft_dtw, x, y, gamma=0.3, band=0.4, **lengths)


def test_costs_may_be_negative():
    cost = torch.randn(2, 10, 7, device=DEVICE, requires_grad=True)
    assert_as_reference(soft_dtw_from_cost, cost, gamma=0.2)


def test_costs_past_the_lengths_are_never_used():
    cost = torch.rand(2, 8, 10, device=DEVICE)
    cost[0, 5:], cost[1, :, 4:] = torch.nan, torch.inf
    lengths = {"x_lengths": [5, 8], "y_lengths": [10, 4]}
    assert_as_reference(soft_dtw_from_cost, cost.requires_grad_(), gamma=0.2, **lengths)


def test_costs_need_not_be_contiguous():
    cost = torch.rand(2, 8, 6, device=DEVICE).mT.requires_grad_()
    assert_as_reference(soft_dtw_from_cost, cost, gamma=0.2)


def test_the_alignment_is_that_of_the_reference(strips):
    strips(4)
    x, y = (each.detach() for each in random_pairs(2, 11, 8))
    with forced("triton"):
        shares = soft_alignment(x, y, gamma=0.5, x_lengths=[11, 6])
    with forced("reference"):
        expected = soft_alignment(x, y, gamma=0.5, x_lengths=[11, 6])
    torch.testing.assert_close(shares, expected, atol=1e-5, rtol=0)


def test_float32_shares_are_right_where_differences_of_sums_are_not():
    """Frames of norm 10 and a small gamma: sums of 1e6 and more in units of gamma."""
    x, y = (10 * torch.nn.functional.normalize(each, dim=-1) for each in random_pairs(1, 24, 30))
    cost = torch.cdist(x, y).square().detach()
    with forced("triton"):
        shares = soft_alignment_from_cost(cost, gamma=1e-3)
    with forced("reference"):
        expected = soft_alignment_from_cost(cost.double(), gamma=1e-3)
    torch.testing.assert_close(shares.double(), expected, atol=1e-4, rtol=0)


def test_the_divergence_of_a_video_and_itself_is_none():
    x, _ = random_pairs(1, 12, 1)
    with forced("triton"):
        assert soft_dtw_divergence(x, x.clone()).abs().item() < 1e-4


@pytest.mark.parametrize("which", [0, 1])
def test_one_input_alone_may_need_a_gradient(which):
    inputs = [each.detach() for each in random_pairs(2, 6, 8)]
    inputs[which].requires_grad_()
    found = {}
    for name in ("triton", "reference"):
        with forced(name):
            (found[name],) = torch.autograd.grad(soft_dtw(*inputs).sum(), inputs[which])
    torch.testing.assert_close(found["triton"], found["reference"], atol=1e-4, rtol=1e-5)


def test_values_alone_need_no_gradient():
    x, y = (each.detach() for each in random_pairs(2, 6, 8))
    with forced("triton"):
        value = soft_dtw(x, y)
    with forced("reference"):
        torch.testing.assert_close(value, soft_dtw(x, y))
    assert not value.requires_grad


def test_half_precision_is_computed_in_float32():
    x, y = (each.detach().bfloat16() for each in random_pairs(2, 6, 8))
    with forced("triton"):
        value = soft_dtw(x, y)
    assert value.dtype == torch.bfloat16
    with forced("reference"):
        torch.testing.assert_close(value, soft_dtw(x.float(), y.float()).bfloat16())


def test_autocast_takes_no_digits_from_the_cost():
    x, y = random_pairs(2, 6, 8)
    plain = by("triton", soft_dtw, x, y)
    with torch.autocast(DEVICE, dtype=torch.bfloat16):
        cast = by("triton", soft_dtw, x, y)
    for mine, right in zip(cast, plain, strict=True):
        torch.testing.assert_close(mine, right)


@pytest.mark.parametrize("costs", [False, True])
def test_a_second_derivative_is_that_of_the_reference(costs):
    inputs = random_pairs(1, 4, 5)
    if costs:
        inputs = [torch.rand(1, 4, 5, device=DEVICE, requires_grad=True)]
    function = soft_dtw_from_cost if costs else soft_dtw
    found = {}
    for name in ("triton", "reference"):
        with forced(name):
            (first,) = torch.autograd.grad(function(*inputs).sum(), inputs[0], create_graph=True)
            (found[name],) = torch.autograd.grad(first.square().sum(), inputs[0])
    torch.testing.assert_close(found["triton"], found["reference"], atol=1e-3, rtol=1e-3)


def test_float64_is_refused():
    x, y = (each.double() for each in random_pairs(1, 3, 3))
    with forced("triton"), pytest.raises(InputError, match="float32"):
        soft_dtw(x, y)


SMALL_KERNELS = """
import sys
import pytest
import torch
import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from inphase.errors import InputError
from inphase.warping import soft_dtw_triton_kernels as kernels
from inphase.warping.routes import forced
from inphase.warping.soft_dtw import soft_dtw

with forced("triton"), pytest.raises(InputError, match="CUDA"):
    soft_dtw(torch.ones(1, 2, 3), torch.ones(1, 2, 3))

types = {"above": "*fp64", "below": "*fp64", "offsets": "*fp64", "lengths": "*i32"}
types |= {"low": "*i32", "high": "*i32", "factor": "fp32", "floor": "fp32", "scale": "fp32"}
types |= {name: "i32" for name in ("first", "pitch", "height", "width")}
for kernel in (kernels.skew, kernels.forward, kernels.backward, kernels.unskew):
    names = kernel.arg_names
    sizes = {name: 64 for name in names if name.isupper()}
    signature = {name: "constexpr" if name in sizes else types.get(name, "*fp32") for name in names}
    source = ASTSource(kernel, signature, sizes)
    options = {"num_warps": 2, "num_stages": 1, "enable_fp_fusion": True}
    compiled = triton.compile(source, target=GPUTarget("cuda", 80, 32), options=options)
    assert compiled.asm["ptx"]
"""


@pytest.mark.slow
def test_without_a_gpu_kernels_compile_and_refuse_to_run(tmp_path, monkeypatch):
    """The interpreter takes programs that the compiler does not."""
    pytest.importorskip("triton", minversion="3.3", reason="compiled otherwise before Triton 3.3")
    monkeypatch.delenv("TRITON_INTERPRET", raising=False)
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    done = subprocess.run(
        [sys.executable, "-c", SMALL_KERNELS], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
