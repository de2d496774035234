import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from inphase.encoders.clip_heads import ClipHeads, FullyConnected
from inphase.errors import InputError
from inphase.probing.guided_backpropagation import guided_gradient, saliency, strength


def correlated(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """A convolution over (channels, t, h, w) without padding, written out."""
    out, _, *kernel = weight.shape
    sides = [a - b + 1 for a, b in zip(x.shape[1:], kernel, strict=True)]
    y = np.zeros((out, *sides))
    for o, t, i, j in np.ndindex(out, *sides):
        part = x[:, t : t + kernel[0], i : i + kernel[1], j : j + kernel[2]]
        y[o, t, i, j] = (part * weight[o]).sum()
    return y


def spread_back(gradient: np.ndarray, weight: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """What each input of `correlated` has part in, weighted by the gradients of the outputs."""
    x = np.zeros(shape)
    kernel = weight.shape[2:]
    for o, t, i, j in np.ndindex(*gradient.shape):
        part = x[:, t : t + kernel[0], i : i + kernel[1], j : j + kernel[2]]
        part += gradient[o, t, i, j] * weight[o]
    return x


@pytest.fixture
def network():
    generator = torch.Generator().manual_seed(0)
    layers = nn.Sequential(
        nn.Conv3d(3, 4, 2, bias=False), nn.ReLU(), nn.Conv3d(4, 3, 2, bias=False), nn.ReLU(),
        nn.Conv3d(3, 2, (1, 2, 2), bias=False),
    ).double()  # fmt: skip
    for weight in layers.parameters():
        nn.init.normal_(weight, generator=generator)
    return layers


@pytest.fixture
def clip():
    return torch.randn(3, 4, 6, 5, generator=torch.Generator().manual_seed(1)).double()


def test_it_is_the_backward_pass_written_by_hand(network, clip):
    one, two, three = (weight.detach().numpy() for weight in network.parameters())
    first = np.maximum(correlated(clip.numpy(), one), 0)
    second = np.maximum(correlated(first, two), 0)
    last = correlated(second, three)
    gradient = np.zeros_like(last)
    gradient[1, 0, 0, 1] = 1  # of one output
    for weight, below in ((three, second), (two, first)):
        gradient = spread_back(gradient, weight, below.shape)
        gradient = np.where((below > 0) & (gradient > 0), gradient, 0)
    by_hand = spread_back(gradient, one, tuple(clip.shape))
    found = guided_gradient(lambda x: network(x)[1, 0, 0, 1], clip)
    np.testing.assert_allclose(found.numpy(), by_hand, atol=1e-12)
    assert np.abs(by_hand).max() > 0
    plain = torch.autograd.functional.jacobian(lambda x: network(x)[1, 0, 0, 1], clip)
    assert not np.allclose(plain.numpy(), by_hand)


def test_where_everything_excites_it_is_the_gradient_by_finite_differences(network, clip):
    for weight in network.parameters():
        weight.data.abs_()
    clip = clip.abs()

    def score(x):
        return network(x).square().sum() ** 0.5

    found = guided_gradient(score, clip)
    for place in ((0, 0, 0, 0), (1, 2, 3, 4), (2, 3, 5, 4)):
        step = torch.zeros_like(clip)
        step[place] = 1e-5
        with torch.no_grad():
            slope = (score(clip + step) - score(clip - step)) / 2e-5
        assert found[place] == pytest.approx(float(slope), rel=1e-6)


@pytest.mark.parametrize(
    "relu",
    [
        nn.ReLU(), nn.ReLU(inplace=True), F.relu, torch.relu, torch.relu_, torch.Tensor.relu,
        lambda x: F.relu(input=x, inplace=True),
    ],
)  # fmt: skip
def test_every_way_to_write_a_relu_is_meant(relu):
    weights = torch.tensor([[1.0, -2.0], [3.0, 1.0]])

    def score(x):
        return relu(weights @ x) @ torch.tensor([1.0, -1.0])

    # Both units are on; the second one's gradient is negative and stops.
    found = guided_gradient(score, torch.tensor([1.0, 0.25]))
    np.testing.assert_array_equal(found, [1.0, -2.0])


def test_other_gradients_are_as_before_even_after_an_error(network, clip):
    def plain() -> torch.Tensor:
        at = clip.clone().requires_grad_()
        return torch.autograd.grad(network(at).sum(), at)[0]

    before = plain()
    guided_gradient(lambda x: network(x).sum(), clip)
    torch.testing.assert_close(plain(), before, rtol=0, atol=0)
    with pytest.raises(ZeroDivisionError):
        guided_gradient(lambda x: network(x).sum() / (1 // 0), clip)
    torch.testing.assert_close(plain(), before, rtol=0, atol=0)
    assert all(weight.grad is None for weight in network.parameters())


def test_strength_is_the_distance_to_the_median_of_frame_and_colour():
    gradient = torch.zeros(3, 2, 1, 3)
    gradient[0, 0, 0] = torch.tensor([5.0, 7.0, 4.0])  # from 5: 0, 2, 1
    gradient[2, 1, 0] = torch.tensor([-9.0, 0.0, 3.0])  # from 0: 9, 0, 3
    found = strength(gradient)
    np.testing.assert_allclose(found, [[[0, 2 / 3, 1 / 3]], [[3, 0, 1]]], rtol=1e-6)


@pytest.fixture(scope="module")
def dot(shown):
    """A light square on grey, which moves to the right."""
    frames = np.full((20, 18, 24, 3), 90)
    for number, frame in enumerate(frames):
        frame[6:12, 4 + number // 2 : 9 + number // 2] = 230
    return shown("dot", frames)


def test_a_clip_s_saliency_has_a_value_for_each_pixel_shown(random_encoder, dot):
    found = saliency(random_encoder, dot, device="cpu")
    assert found.values.shape == (16, 16, 16) and (found.values >= 0).all()
    assert found.values.max() > 0
    assert found.winner == -1 and found.video == "dot"
    # The middle of a video too short for more than its own speed.
    np.testing.assert_array_equal(found.indices, np.arange(2, 18))
    np.testing.assert_array_equal(found.frames, dot.frames()[2:18, 1:17, 4:20])


def test_only_what_a_network_sees_is_salient(sees_brightness, dot):
    network = sees_brightness.temporal.network
    network.forward = lambda clips: clips[:, :, :, 3:6, 7:10].square().mean((3, 4), keepdim=True)
    values = saliency(sees_brightness, dot, device="cpu").values
    inside = np.zeros_like(values, dtype=bool)
    inside[:, 3:6, 7:10] = True
    assert (values[inside] > 0).all() and (values[~inside] == 0).all()


def test_a_head_s_winner_is_followed(random_encoder, dot):
    network = random_encoder.temporal.network
    torch.manual_seed(0)
    head = FullyConnected(network.flat_dim(16, 16), 5, hidden=(8,))
    found = saliency(random_encoder, dot, head=head, device="cpu")
    with torch.no_grad():
        shown = torch.from_numpy(found.frames.copy()).permute(3, 0, 1, 2)[None] / 255
        mean = torch.tensor([0.43216, 0.394666, 0.37645]).view(3, 1, 1, 1)
        deviation = torch.tensor([0.22803, 0.22145, 0.216989]).view(3, 1, 1, 1)
        last = network.eval()((shown - mean) / deviation)
        assert found.winner == int(head.eval()(network.flat(last)).argmax())
    head.answer.weight.data *= 0
    head.answer.bias.data[3] = 1
    flat = saliency(random_encoder, dot, head=head, device="cpu")
    assert flat.winner == 3 and (flat.values == 0).all()


def test_a_head_of_several_questions_is_asked_one(random_encoder, dot):
    inputs = random_encoder.temporal.network.flat_dim(16, 16)
    heads = ClipHeads(inputs, {"motion": 4, "speed": 3}, hidden=(8,))
    for name, count in (("motion", 4), ("speed", 3)):
        assert 0 <= saliency(random_encoder, dot, head=heads, output=name).winner < count
    with pytest.raises(InputError, match="one of motion, speed, not ''"):
        saliency(random_encoder, dot, head=heads)
    three = ClipHeads(inputs, {"order": 6}, joined=3)
    with pytest.raises(InputError, match="the head is about several clips"):
        saliency(random_encoder, dot, head=three, output="order")
    with pytest.raises(InputError, match="which has no name"):
        saliency(random_encoder, dot, head=FullyConnected(inputs, 2), output="speed")


def test_nothing_about_the_encoder_changes(random_encoder, dot):
    model = random_encoder.temporal.train()
    before = {name: each.clone() for name, each in model.state_dict().items()}
    saliency(random_encoder, dot, device="cpu")
    assert all(torch.equal(each, before[name]) for name, each in model.state_dict().items())
    assert all(module.training for module in model.modules())
    assert not any(m._forward_hooks or m._backward_hooks for m in model.modules())
    assert all(each.grad is None for each in model.parameters())


def test_what_makes_no_sense_is_refused(random_encoder, image_encoder, dot):
    with pytest.raises(InputError, match="start must be a frame of 'dot', not 20"):
        saliency(random_encoder, dot, start=20)
    with pytest.raises(InputError, match="speed must be 0 to 3"):
        saliency(random_encoder, dot, speed=5)
    with pytest.raises(InputError, match="not a network over clips"):
        saliency(image_encoder, dot)
