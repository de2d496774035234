"""UCF101: class folders of AVIs, three folds of lists, and what is absent."""

from fractions import Fraction
from pathlib import Path

import av
import pytest

from inphase.data.collection import find, inspect
from inphase.data.datasets import load, recognise, ucf101
from inphase.data.video import Video
from inphase.errors import InputError

# The published spelling: the clips of this class have another case than its folder.
PUSHUPS = "HandstandPushups/v_HandStandPushups"
TRAIN = ["Archery/v_Archery_g08_c01", "Archery/v_Archery_g08_c02", f"{PUSHUPS}_g09_c03"]
TEST = ["Archery/v_Archery_g01_c01", f"{PUSHUPS}_g01_c02"]


def write_lists(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "classInd.txt").write_text("3 Archery\r\n37 HandstandPushups\r\n")
    numbers = {"Archery": 3, "HandstandPushups": 37}
    for fold, (train, test) in enumerate([(TRAIN, TEST), (TEST, TRAIN), (TRAIN[:1], TEST)], 1):
        lines = [f"{each}.avi {numbers[each.split('/')[0]]}\r\n" for each in train]
        (folder / f"trainlist0{fold}.txt").write_text("".join(lines))
        (folder / f"testlist0{fold}.txt").write_text("".join(f"{each}.avi\r\n" for each in test))


@pytest.fixture
def root(tmp_path, avi):
    """A folder with the clips and the lists side by side."""
    write_lists(tmp_path / "data" / "ucfTrainTestlist")
    for each in TRAIN + TEST:
        avi(tmp_path / "data" / "UCF-101" / f"{each}.avi")
    return tmp_path / "data"


def test_videos_have_the_class_the_source_and_the_split(root):
    dataset = load(root)
    assert [(v.name, v.activity, v.group, v.split) for v in dataset.videos] == [
        ("v_Archery_g08_c01", "Archery", "Archery_g08", "train"),
        ("v_Archery_g08_c02", "Archery", "Archery_g08", "train"),
        ("v_HandStandPushups_g09_c03", "HandstandPushups", "HandstandPushups_g09", "train"),
        ("v_Archery_g01_c01", "Archery", "Archery_g01", "test"),
        ("v_HandStandPushups_g01_c02", "HandstandPushups", "HandstandPushups_g01", "test"),
    ]
    assert dataset.missing == [] and dataset.labels == {} and dataset.phases == {}


def test_a_fold_has_a_division_of_its_own(root):
    splits = {v.name: v.split for v in load(root).videos}
    other = {v.name: v.split for v in load(root, fold=2).videos}
    turned = {"train": "test", "test": "train"}
    assert other == {name: turned[split] for name, split in splits.items()}
    assert len(load(root, fold=3).videos) == 3
    with pytest.raises(InputError, match="folds 1, 2 and 3, not 4"):
        load(root, fold=4)


def test_whoever_finds_videos_can_name_the_fold(root, movie, tmp_path):
    assert {v.name: v.split for v in find(root, fold=2)} == {
        v.name: v.split for v in load(root, fold=2).videos
    }
    assert inspect(root, fold=3).notes[0].startswith("UCF101 (fold 3): 1 train")
    movie(tmp_path / "mine" / "a.mp4")
    for source in (tmp_path / "mine", tmp_path / "mine" / "a.mp4"):
        with pytest.raises(InputError, match="no data set with several folds"):
            find(source, fold=2)
    with pytest.raises(InputError, match="a list of paths has no folds"):
        find([root], fold=2)


def test_the_folder_of_the_classes_finds_the_lists_beside_it(root, tmp_path):
    assert load(root / "UCF-101").videos == load(root).videos
    renamed = (root / "UCF-101").rename(root / "videos")
    assert load(renamed).split("test")[0].name == "v_Archery_g01_c01"
    inside = root / "videos" / "Archery"  # a class alone is an ordinary folder
    assert recognise(inside) is None


def test_check_counts_splits_and_classes_and_reads_the_files(root):
    report = inspect(root)
    assert report.notes == ["UCF101 (fold 1): 3 train, 2 test videos of 2 activities"]
    assert [(len(v), round(v.rate)) for v in report.videos] == [(75, 25)] * 5
    assert find(root)[0].activity == "Archery"


def test_missing_clips_are_named_and_counted(root):
    (root / "UCF-101" / f"{TRAIN[0]}.avi").unlink()
    dataset = load(root)
    assert len(dataset.videos) == 4
    assert [str(each) for each in dataset.missing] == [
        "1 video (v_Archery_g08_c01) of the 5; "
        "published at https://www.crcv.ucf.edu/data/UCF101.php"
    ]


def test_without_lists_the_clips_have_no_split(root):
    (root / "ucfTrainTestlist").rename(root.parent / "elsewhere")
    dataset = load(root / "UCF-101")
    assert {(v.activity, v.split) for v in dataset.videos} == {
        ("Archery", ""),
        ("HandstandPushups", ""),
    }
    assert [each.what for each in dataset.missing] == ["trainlist01.txt", "testlist01.txt"]
    assert dataset.summary == "UCF101: 5 videos of 2 activities"


def test_a_list_that_is_absent_is_told(root):
    (root / "ucfTrainTestlist" / "testlist01.txt").unlink()
    dataset = load(root)
    assert {v.split for v in dataset.videos} == {"train"}
    assert [each.where for each in dataset.missing] == [ucf101.LISTS_URL]


def test_names_may_differ_from_the_lists_in_case(root):
    file = root / "UCF-101" / f"{PUSHUPS}_g09_c03.avi"
    file.rename(file.with_name("v_HandstandPushups_g09_c03.avi"))
    assert load(root).missing == []


def test_the_classes_may_have_another_case_in_one_file_than_in_another(root):
    (root / "ucfTrainTestlist" / "classInd.txt").write_text("3 Archery\n37 HandStandPushups\n")
    assert load(root).activities == ["Archery", "HandstandPushups"]


def test_lists_may_leave_out_the_suffix_as_those_of_ucf101_24_do(root):
    expected = load(root).videos
    for file in (root / "ucfTrainTestlist").glob("t*list0?.txt"):
        lines = [line.partition(".avi")[0] for line in file.read_text().splitlines()]
        file.write_text("\n".join(lines))
    assert load(root).videos == expected


@pytest.mark.parametrize(
    ("list_", "line", "reason"),
    [
        ("trainlist01", "Archery/clip.avi 3", "line 4: expected `ApplyEyeMakeup/.* 1`, not"),
        ("testlist01", "what is this", r"line 3: expected `\S*`, not `what is this`"),
        ("trainlist01", f"{TRAIN[0]}.avi 37", "line 4: class 37 is not Archery"),
        ("trainlist01", f"{TRAIN[0]}.avi 102", "line 4: class 102 is not Archery"),
        ("classInd", "Archery", "line 3: expected `1 ApplyEyeMakeup`, not `Archery`"),
    ],
)
def test_a_foreign_line_is_named(root, list_: str, line: str, reason: str):
    file = root / "ucfTrainTestlist" / f"{list_}.txt"
    file.write_text(file.read_text() + line + "\n")
    with pytest.raises(InputError, match=f"{list_}.txt, {reason}"):
        load(root)


def test_the_counts_are_those_of_the_lists():
    assert {sum(each) for each in ucf101.COUNTS.values()} == {13320}
    assert ucf101.COUNTS[1] == (9537, 3783)


# XviD as in UCF101: a P picture shares its packet with the B picture shown before it, and an empty
# packet stands in the place of the B picture.
_PICTURE, _WORD = b"\0\0\1\xb6", b"\0\0\1\xb2DivX503b1393p"
_EMPTY = _PICTURE + bytes([0b01010000, 0b01001111])  # a P picture that is not coded


def packed(path: Path, source: Path) -> Path:
    """Repack an MPEG-4 AVI with single B pictures as XviD's `packed bitstream` does."""
    with av.open(source) as file:
        packets = [bytes(packet) for packet in file.demux(file.streams.video[0]) if packet.size]
    kinds = ["IPB"[each[each.index(_PICTURE) + 4] >> 6] for each in packets]
    assert kinds.count("B") > 30
    with av.open(path, "w") as file:
        stream = file.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        stream.codec_context.codec_tag = "XVID"
        for number, (kind, data) in enumerate(zip(kinds, packets, strict=True)):
            if kind == "I":
                data = data.replace(_PICTURE, _WORD + _PICTURE, 1)
            if kinds[number + 1 : number + 2] == ["B"]:
                data += packets[number + 1]
            packet = av.Packet(_EMPTY if kind == "B" else data)
            packet.stream, packet.time_base = stream, Fraction(1, 25)
            packet.pts = packet.dts = number
            packet.is_keyframe = kind == "I"
            file.mux(packet)
    return path


def test_frames_of_packed_xvid_come_out_one_by_one(root, clips, tmp_path):
    plain = clips.encode(
        tmp_path / "plain.avi", "mpeg4", options={"g": "20", "bf": "1", "b_strategy": "0"}
    )
    packed(root / "UCF-101" / f"{TRAIN[0]}.avi", plain)
    video = find(root)[0]
    assert clips.numbers(video.frames()) == list(range(75))
    assert clips.numbers(video.frames([40, 3, 41])) == [40, 3, 41]
    assert video.rate == pytest.approx(25)
    assert (video.frames() == Video(plain).frames()).all()
