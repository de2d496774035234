import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inphase.errors import InputError
from inphase.metrics import segmentation_scores


def array(*labels):
    return np.array(labels)


def segments(labels):
    """(label, start, end) of every run of frames with a label."""
    found, start = [], 0
    for label, frames in itertools.groupby(labels):
        end = start + len(list(frames))
        if label >= 0:
            found.append((int(label), start, end))
        start = end
    return found


def levenshtein(a, b):
    best = {(0, 0): 0}
    for i, j in itertools.product(range(len(a) + 1), range(len(b) + 1)):
        ways = [best[0, 0]] if i == j == 0 else []
        if i:
            ways.append(best[i - 1, j] + 1)
        if j:
            ways.append(best[i, j - 1] + 1)
        if i and j:
            ways.append(best[i - 1, j - 1] + (a[i - 1] != b[j - 1]))
        best[i, j] = min(ways)
    return best[len(a), len(b)]


def f1(pairs, overlap):
    """True and false positives and negatives, segment by segment."""
    tp = fp = fn = 0
    for found, true in pairs:
        found, true = segments(found), segments(true)
        taken = [False] * len(true)
        for label, start, end in found:
            ious = []
            for other, begin, stop in true:
                frames, others = set(range(start, end)), set(range(begin, stop))
                ious.append((label == other) * len(frames & others) / len(frames | others))
            best = int(np.argmax(ious))
            if ious[best] >= overlap and not taken[best]:
                tp, taken[best] = tp + 1, True
            else:
                fp += 1
        fn += taken.count(False)
    return 2 * tp / (2 * tp + fp + fn)


videos = st.lists(
    st.lists(st.tuples(st.integers(-1, 2), st.integers(-1, 2)), min_size=1, max_size=15),
    min_size=1,
    max_size=3,
)


@given(videos)
def test_equal_to_counting_one_by_one(given_videos):
    predicted = [np.array([one for one, _ in video]) for video in given_videos]
    labels = [np.array([other for _, other in video]) for video in given_videos]
    kept = [
        (np.where(true >= 0, found, -1), true)
        for found, true in zip(predicted, labels, strict=True)
        if (true >= 0).any()
    ]
    if not kept:
        with pytest.raises(InputError, match="judged"):
            segmentation_scores(predicted, labels)
        return
    scores = segmentation_scores(predicted, labels)
    judged = [(a, b) for found, true in kept for a, b in zip(found, true, strict=True) if b >= 0]
    assert scores.frame_accuracy == pytest.approx(np.mean([a == b for a, b in judged]))
    edits = []
    for found, true in kept:
        ours, theirs = ([label for label, _, _ in segments(one)] for one in (found, true))
        edits.append(1 - levenshtein(ours, theirs) / max(len(ours), len(theirs)))
    assert scores.edit == pytest.approx(np.mean(edits))
    assert scores.f1_10 == pytest.approx(f1(kept, 0.10))
    assert scores.f1_25 == pytest.approx(f1(kept, 0.25))
    assert scores.f1_50 == pytest.approx(f1(kept, 0.50))


def test_the_truth_itself_is_perfect():
    labels = [array(0, 0, 1, 1, 2), array(-1, 1, 1, -1, 0), array(3)]
    scores = segmentation_scores(labels, labels)
    assert (scores.frame_accuracy, scores.edit, scores.boundary_error) == (1, 1, 0)
    assert (scores.f1_10, scores.f1_25, scores.f1_50) == (1, 1, 1)


def test_over_segmentation_costs_edit_and_f1_but_hardly_accuracy():
    true = np.repeat([0, 1], 50)
    found = true.copy()
    found[[10, 30, 70, 90]] = [1, 1, 0, 0]
    scores = segmentation_scores([found], [true])
    assert scores.frame_accuracy == 0.96
    assert scores.edit == pytest.approx(1 - 8 / 10)
    assert scores.f1_50 < 0.2


def test_a_boundary_is_as_far_off_as_the_nearest_on_the_other_side():
    true, found = array(0, 0, 0, 0, 1, 1, 1, 1), array(0, 0, 1, 1, 1, 1, 1, 0)
    # The true one, at 4, is 2 from the nearest; those found, at 2 and 7, are 2 and 3 from it.
    assert segmentation_scores([found], [true]).boundary_error == pytest.approx((2 + 2.5) / 2)


def test_boundaries_are_measured_in_seconds_if_times_are_given():
    true, found = array(0, 0, 1, 1), array(0, 1, 1, 1)
    times = [np.array([2.0, 2.5, 2.6, 9.0])]
    assert segmentation_scores([found], [true], times=times).boundary_error == pytest.approx(0.1)


def test_a_side_without_boundaries_is_off_by_the_video():
    even, parted = array(0, 0, 0, 0), array(0, 0, 1, 1)
    for pair in ((even, parted), (parted, even)):
        assert segmentation_scores([pair[0]], [pair[1]]).boundary_error == 4
    seconds = [np.arange(4) / 10]
    assert segmentation_scores([even], [parted], times=seconds).boundary_error == pytest.approx(0.4)


def test_videos_without_boundaries_have_no_boundary_error():
    still, parted, found = array(1, 1, 1, 1), array(0, 0, 1, 1), array(0, 1, 1, 1)
    assert segmentation_scores([still], [still]).boundary_error is None
    assert segmentation_scores([still, found], [still, parted]).boundary_error == 1


def test_unlabelled_frames_are_not_judged():
    true = array(0, 0, -1, -1, 1, 1)
    for found in (array(0, 0, 0, 1, 1, 1), array(0, 0, 5, 7, 1, 1)):
        scores = segmentation_scores([found], [true])
        assert (scores.frame_accuracy, scores.edit, scores.f1_50) == (1, 1, 1)
        assert scores.boundary_error is None


def test_no_phase_predicted_is_wrong_and_no_segment():
    scores = segmentation_scores([array(-1, -1, -1)], [array(0, 0, 1)])
    assert (scores.frame_accuracy, scores.edit, scores.f1_10) == (0, 0, 0)
    assert scores.boundary_error == 3


@pytest.mark.parametrize(
    ("predicted", "times", "reason"),
    [
        ([], None, "predictions of 0"),
        ([np.zeros(3, int)], None, "predictions of shape"),
        ([np.zeros(4, int)], [np.zeros(3)], "times of shape"),
        ([np.zeros(4, int)], [np.full(4, np.nan)], "NaN"),
    ],
)
def test_input_that_does_not_fit_together_is_refused(predicted, times, reason):
    with pytest.raises(InputError, match=reason):
        segmentation_scores(predicted, [np.zeros(4, int)], times=times)
