import numpy as np
import pytest

from inphase.data.rendered.person import two_bones

ROOT, POLE = np.zeros(3), np.array([0.0, 1.0, 0.0])


def test_a_limb_reaches_its_target_with_bones_of_their_length():
    rng = np.random.default_rng(0)
    for _ in range(50):
        target = rng.standard_normal(3)
        target *= rng.uniform(0.1, 0.55) / np.linalg.norm(target)
        middle, end = two_bones(ROOT, target, 0.3, 0.27, POLE)
        np.testing.assert_allclose(end, target, atol=1e-6)
        assert np.linalg.norm(middle) == pytest.approx(0.3, rel=1e-3)
        assert np.linalg.norm(end - middle) == pytest.approx(0.27, rel=1e-3)
        straight = target * (middle @ target) / (target @ target)
        assert (middle - straight) @ POLE >= 0


def test_a_target_out_of_reach_is_pointed_at():
    _, end = two_bones(ROOT, np.array([5.0, 0, 0]), 0.3, 0.27, POLE)
    np.testing.assert_allclose(end, [0.57, 0, 0], atol=1e-3)
