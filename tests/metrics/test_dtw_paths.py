import numpy as np

from inphase.metrics.dtw_paths import dtw_paths
from inphase.metrics.inputs import squared_distances
from inphase.warping.dtw import dtw


def test_each_pair_has_the_path_of_its_own_distances_also_where_costs_tie():
    random = np.random.default_rng(0)
    frames = [random.integers(0, 3, (n, 2)).astype(float) for n in (12, 17, 9, 1)]
    pairs = [(2, 0), (0, 2), (1, 3), (0, 2), (3, 1), (1, 1)]
    found = list(dtw_paths(frames, pairs))
    assert sorted(pair for pair, _ in found) == sorted(pairs)
    for (first, second), path in found:
        expected = dtw(squared_distances(frames[first], frames[second])).path
        assert path.tolist() == expected.tolist()
