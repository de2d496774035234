import itertools

import numpy as np
import pytest

from inphase.errors import InputError
from inphase.metrics import rand_index

cluster = pytest.importorskip("sklearn.cluster")


def pairs_that_agree(labels, clusters):
    agree = [
        (labels[i] == labels[j]) == (clusters[i] == clusters[j])
        for i, j in itertools.combinations(range(len(labels)), 2)
    ]
    return np.mean(agree)


def videos(lengths=(30, 12, 45), seed=0, phases=3):
    random = np.random.default_rng(seed)
    labels = [np.arange(n) * phases // n for n in lengths]
    return [label[:, None] + random.normal(size=(len(label), 4)) for label in labels], labels


@pytest.mark.parametrize("seed", [0, 7])
def test_share_of_pairs_of_frames_on_which_k_means_and_labels_agree(seed):
    embeddings, labels = videos()
    per_video = []
    for z, label in zip(embeddings, labels, strict=True):
        model = cluster.KMeans(len(set(label)), n_init=10, random_state=seed)
        per_video.append(pairs_that_agree(label, model.fit_predict(z)))
    assert rand_index(embeddings, labels, seed=seed) == pytest.approx(np.mean(per_video), abs=1e-12)


def test_phases_that_are_apart_are_found_whatever_their_names():
    labels = [np.repeat([0, 1, 2], [5, 9, 3]), np.repeat([4, 0], [6, 2])]
    assert rand_index([10.0 * np.eye(5)[label] for label in labels], labels) == 1


def test_of_a_still_video_all_frames_are_one_cluster():
    labels = [np.repeat([0, 1], [3, 5])]
    same = (3 * 2 + 5 * 4) / (8 * 7)
    assert rand_index([np.full((8, 3), 0.3)], labels) == pytest.approx(same)


def test_frames_without_a_label_are_not_clustered():
    embeddings, labels = videos()
    expected = rand_index(embeddings, labels)
    junk = 100 * np.random.default_rng(1).normal(size=(6, 4))
    embeddings = [np.concatenate([z, junk]) for z in embeddings]
    labels = [np.concatenate([label, np.full(6, -1)]) for label in labels]
    assert rand_index(embeddings, labels) == pytest.approx(expected, abs=1e-12)


def test_videos_of_a_single_phase_are_left_out():
    embeddings, labels = videos()
    expected = rand_index(embeddings, labels)
    one_frame, one_phase = np.zeros((1, 4)), np.random.default_rng(2).normal(size=(9, 4))
    more = [*labels, np.zeros(1, dtype=int), np.full(9, 2)]
    assert rand_index([*embeddings, one_frame, one_phase], more) == expected
    with pytest.raises(InputError, match="two phases"):
        rand_index([one_frame, one_phase], more[-2:])


def test_labels_that_do_not_fit_are_refused():
    embeddings, labels = videos()
    with pytest.raises(InputError, match="labels"):
        rand_index(embeddings, labels[:-1])
    with pytest.raises(InputError, match="no videos"):
        rand_index([], [])
