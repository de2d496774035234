"""Every format: read what others wrote, give back what was written, refuse what is wrong."""

import json
from pathlib import Path

import numpy as np
import pytest

from inphase.data.label_files import activitynet, elan, frame_text, read_labels, write_labels
from inphase.data.labels import Segments
from inphase.errors import InputError

LABELS = {
    "a.mp4": Segments.of([(0.0, 1.25, "down"), (1.25, 2.0, "up, fast"), (2.5, 2.5, "impact")]),
    "sub/b.mp4": Segments.of([(0.04, 0.5, "dö\u00a0wn")]),
}


def saved(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


# Round trips


@pytest.mark.parametrize("name", ["a.csv", "a.json"])
def test_what_is_written_is_read_back(tmp_path, name: str):
    write_labels(tmp_path / name, LABELS)
    assert read_labels(tmp_path / name) == LABELS


def test_boris_is_read_back_under_the_files_own_names(tmp_path):
    write_labels(tmp_path / "a.tsv", LABELS)
    found = read_labels(tmp_path / "a.tsv")
    assert found == {"a.mp4": LABELS["a.mp4"], "b.mp4": LABELS["sub/b.mp4"]}


def test_csv_keeps_every_digit_of_a_time(tmp_path):
    rows = {"a": Segments.of([(1 / 3, np.pi, "x")])}
    write_labels(tmp_path / "a.csv", rows)
    assert read_labels(tmp_path / "a.csv") == rows


def test_elan_is_read_back_to_a_millisecond(tmp_path):
    rows = Segments.of([(0.0, 1.23456, "a & b"), (1.23456, 2.0, "<c>"), (2.5, 2.5, "hit")])
    write_labels(tmp_path / "a.eaf", {"my clip.mp4": rows})
    (back,) = read_labels(tmp_path / "a.eaf").items()
    assert back[0] == "my clip.mp4"
    assert back[1].label == rows.label
    assert np.abs(back[1].start - rows.start).max() <= 0.0005
    assert np.abs(back[1].end - rows.end).max() <= 0.001 + 1e-9


def test_frame_text_is_read_back_when_the_rate_varies(tmp_path):
    times = np.array([0.0, 0.04, 0.1, 0.2, 0.21])
    frame_text.write(tmp_path / "a.txt", Segments.of([(0.04, 0.2, "x")]), times)
    assert (tmp_path / "a.txt").read_text().split() == [
        "background", "x", "x", "background", "background",
    ]  # fmt: skip
    rows = frame_text.read(tmp_path / "a.txt", times=times)
    assert list(rows)[1] == (0.04, 0.2, "x")


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = saved(tmp_path / "a.eaf", "old")
    with pytest.raises(InputError, match="overlap"):
        write_labels(path, {"a": Segments.of([(0, 2, "x"), (1, 3, "y")])})
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["a.eaf"]


# CSV


def test_a_csv_may_have_other_columns_and_semicolons(tmp_path):
    path = saved(tmp_path / "a.csv", "\ufeffLabel;id;Video;Start;End\nup;7;v.mp4;0,5;1\n")
    with pytest.raises(InputError, match="line 2: start is `0,5`, not a number of seconds"):
        read_labels(path)
    saved(path, "\ufeffLabel;id;Video;Start;End\nup;7;v.mp4;0.5;1\n\n;;;;\n")
    assert read_labels(path) == {"v.mp4": Segments.of([(0.5, 1.0, "up")])}


def test_a_csv_without_a_video_column_is_of_the_video_beside_it(tmp_path):
    path = saved(tmp_path / "clip.csv", "start,end,label\n0,1,up\n1,,hit\n")
    assert read_labels(path) == {"clip": Segments.of([(0.0, 1.0, "up"), (1.0, 1.0, "hit")])}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is empty"),
        ("video,start,end\na,0,1\n", "no column `label` but video, start, end"),
        ("video,start,end,label\na,0,1,x\na,2,1,x\n", r"line 3: end \(1.0 s\) comes before start"),
        ("video,start,end,label\na,0,1,\n", "line 2: `label` is empty"),
        ("video,start,end,label\n,0,1,x\n", "line 2: `video` is empty"),
        ("video,start,end,label\na,nan,1,x\n", "line 2: start is `nan`"),
    ],
)
def test_a_wrong_csv_is_told_by_its_line(tmp_path, text: str, reason: str):
    with pytest.raises(InputError, match=rf"a\.csv.*{reason}"):
        read_labels(saved(tmp_path / "a.csv", text))


def test_real_phases_of_golf_swings(real_data):
    labels = read_labels(real_data / "golf" / "phases.csv")
    assert sorted(labels) == [f"swing{k}.mp4" for k in range(1, 6)]
    assert list(labels["swing1.mp4"])[1] == (3.0667, 3.6, "Takeaway")


# BORIS

AGGREGATED = (
    "Observation id,Observation date,Description,Media file,Total length,FPS,Subject,Behavior,"
    "Behavioral category,Modifiers,Behavior type,Start (s),Stop (s),Duration (s),Comment start\n"
    "6008,2021-12-06,,T:/My Videos/6008.mp4,1381.010,29.97,No focal subject,Hold,,,STATE,"
    "689.000,989.023,300.023,\n"
    "6008,2021-12-06,,T:/My Videos/6008.mp4,1381.010,29.97,No focal subject,Look,,,POINT,"
    "700.5,700.5,NA,\n"
)
TABULAR = (
    "Observation id\tSource\tTime offset (s)\tSubject\tBehavior\tBehavior type\tTime\t"
    "Media file name\n"
    "o1\tplayer #1:v/a.mp4\t10\tOdin\tsniff\tSTART\t11.0\tv/a.mp4\n"
    "o1\tplayer #1:v/a.mp4\t10\tOdin\tlick\tPOINT\t11.5\tv/a.mp4\n"
    "o1\tplayer #1:v/a.mp4\t10\tLoki\tsniff\tSTART\t11.7\tv/a.mp4\n"
    "o1\tplayer #1:v/a.mp4\t10\tOdin\tsniff\tSTOP\t12.25\tv/a.mp4\n"
    "o1\tplayer #1:v/a.mp4\t10\tLoki\tsniff\tSTOP\t13.0\tv/a.mp4\n"
    "live\tLive observation\t0\t\tsniff\tPOINT\t1\tNA\n"
)


def test_boris_aggregated_events(tmp_path):
    assert read_labels(saved(tmp_path / "a.csv", AGGREGATED)) == {
        "6008.mp4": Segments.of([(689.0, 989.023, "Hold"), (700.5, 700.5, "Look")])
    }


def test_boris_tabular_events_are_paired_and_the_offset_is_taken_off(tmp_path):
    found = read_labels(saved(tmp_path / "a.tsv", TABULAR))
    assert list(found["a.mp4"]) == [
        (1.0, 2.25, "sniff"),
        (1.5, 1.5, "lick"),
        (pytest.approx(1.7), 3.0, "sniff"),
    ]
    assert found["live"].label == ("sniff",)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("STOP\t13.0", "POINT\t13.0", "line 4: sniff starts and never stops"),
        ("START\t11.7", "POINT\t11.7", "line 6: sniff stops without having started"),
        ("START\t11.0", "START\televen", "line 2: time is `eleven`"),
        ("lick\tPOINT\t11.5\tv/a.mp4", "lick\tPOINT\t11.5\ta;b", "line 3: .* several media files"),
    ],
)
def test_a_wrong_boris_table_is_told_by_its_line(tmp_path, old: str, new: str, reason: str):
    assert old in TABULAR
    with pytest.raises(InputError, match=reason):
        read_labels(saved(tmp_path / "a.tsv", TABULAR.replace(old, new)))


# ELAN

EAF = """<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="" DATE="2014-10-28T10:14:04+01:00" FORMAT="3.0" VERSION="3.0">
  <HEADER MEDIA_FILE="" TIME_UNITS="milliseconds">
    <MEDIA_DESCRIPTOR MEDIA_URL="file:///C:/x/sound.wav" MIME_TYPE="audio/x-wav"/>
    <MEDIA_DESCRIPTOR MEDIA_URL="file:///C:/my%20x/clip.mpg" MIME_TYPE="video/mpeg"
      TIME_ORIGIN="500"/>
  </HEADER>
  <TIME_ORDER>
    <TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="1000"/>
    <TIME_SLOT TIME_SLOT_ID="ts2"/>
    <TIME_SLOT TIME_SLOT_ID="ts3"/>
    <TIME_SLOT TIME_SLOT_ID="ts4" TIME_VALUE="4000"/>
  </TIME_ORDER>
  <TIER LINGUISTIC_TYPE_REF="default-lt" TIER_ID="phases">
    <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a1" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2">
      <ANNOTATION_VALUE>down</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
    <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a2" TIME_SLOT_REF1="ts2" TIME_SLOT_REF2="ts3">
      <ANNOTATION_VALUE></ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
    <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a3" TIME_SLOT_REF1="ts3" TIME_SLOT_REF2="ts4">
      <ANNOTATION_VALUE>up</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
  </TIER>
  <TIER LINGUISTIC_TYPE_REF="note" PARENT_REF="phases" TIER_ID="notes">
    <ANNOTATION><REF_ANNOTATION ANNOTATION_ID="a4" ANNOTATION_REF="a1">
      <ANNOTATION_VALUE>slow</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>
  </TIER>
</ANNOTATION_DOCUMENT>
"""


def test_elan_slots_without_a_time_are_spread_and_the_origin_is_added(tmp_path):
    assert read_labels(saved(tmp_path / "a.eaf", EAF)) == {
        "clip.mpg": Segments.of([(1.5, 2.5, "down"), (3.5, 4.5, "up")])
    }


def test_of_several_elan_tiers_one_is_named(tmp_path):
    second = EAF.replace('TIER_ID="phases"', 'TIER_ID="left"').split("<TIER LINGUISTIC_TYPE_REF")[1]
    both = EAF.replace("</ANNOTATION_DOCUMENT>", f"<TIER X{second}</ANNOTATION_DOCUMENT>")
    both = both.replace("<TIER X", "<TIER LINGUISTIC_TYPE_REF")
    path = saved(tmp_path / "a.eaf", both)
    with pytest.raises(InputError, match=r"has 2 tiers \(phases, left\)"):
        read_labels(path)
    assert read_labels(path, tier="left")["clip.mpg"].label == ("down", "up")
    with pytest.raises(InputError, match="no tier `right` but phases, notes, left"):
        read_labels(path, tier="right")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("</HEADER>", "", r"a\.eaf, line \d+: is not XML"),
        ("ANNOTATION_DOCUMENT", "SVG", "is not an ELAN file but XML of a `SVG`"),
        ('TIME_SLOT_REF2="ts4"', 'TIME_SLOT_REF2="ts9"', "annotation a3 refers to a time slot"),
        ('TIME_VALUE="4000"', 'TIME_VALUE="4.0"', "not in whole milliseconds"),
    ],
)
def test_a_wrong_eaf_is_refused(tmp_path, old: str, new: str, reason: str):
    with pytest.raises(InputError, match=reason):
        read_labels(saved(tmp_path / "a.eaf", EAF.replace(old, new)))


def test_an_eaf_without_annotations_or_media_is_an_unlabelled_video(tmp_path):
    elan.write(tmp_path / "a.eaf", Segments.of([]))
    assert read_labels(tmp_path / "a.eaf") == {"a": Segments.of([])}


# ActivityNet

NET = {"v1": {"duration": 9.0, "annotations": [{"segment": [1, 2.5], "label": "up"}]}}


@pytest.mark.parametrize(
    "whole", [NET, {"database": NET}, {"results": {"v1": NET["v1"]["annotations"]}}]
)
def test_activitynet_and_its_kin(tmp_path, whole: dict):
    path = saved(tmp_path / "a.json", json.dumps(whole))
    assert read_labels(path) == {"v1": Segments.of([(1.0, 2.5, "up")])}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"v1":\n oops}', "line 2: is not JSON"),
        ("[1]", "is not ActivityNet's JSON"),
        ('{"v1": {"fps": 3}}', "video v1: has no list of annotations"),
        ('{"v1": {"annotations": [{"segment": [1]}]}}', "video v1, annotation 0: expected"),
        ('{"v1": {"annotations": [{"segment": [2, 1], "label": "x"}]}}', "video v1: segment 0"),
    ],
)
def test_wrong_json_is_told_by_its_place(tmp_path, text: str, reason: str):
    with pytest.raises(InputError, match=rf"a\.json.*{reason}"):
        activitynet.read(saved(tmp_path / "a.json", text))


# One label a frame


def test_a_line_a_frame_at_a_rate(tmp_path):
    path = saved(tmp_path / "v1.txt", "SIL\nSIL\ncut tomato\nSIL\n\n")
    assert read_labels(path, fps=2) == {
        "v1": Segments.of([(0.0, 1.0, "SIL"), (1.0, 1.5, "cut tomato"), (1.5, 2.0, "SIL")])
    }
    with pytest.raises(InputError, match="give the frames per second"):
        read_labels(path)


def test_a_frame_and_its_label_a_line(tmp_path):
    path = saved(tmp_path / "v1.txt", "Frame\tPhase\n0\tPrep\n25\tPrep\n50\tCut\n")
    assert list(frame_text.read(path, fps=25)) == [(0.0, 2.0, "Prep"), (2.0, 3.0, "Cut")]
    assert list(frame_text.read(path, times=np.arange(75) / 25)) == [
        (0.0, 2.0, "Prep"),
        (2.0, 3.0, "Cut"),
    ]


def test_lines_and_frames_that_differ_by_more_than_a_percent_are_warned_of(tmp_path):
    path = saved(tmp_path / "v1.txt", "a\n" * 100)
    assert frame_text.read(path, times=np.arange(99) / 25).end.tolist() == [99 / 25]
    assert frame_text.read(path, times=np.arange(101) / 25).end.tolist() == [100 / 25]
    with pytest.warns(UserWarning, match="labels 100 frames, but there are 90"):
        frame_text.read(path, times=np.arange(90) / 25)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("\n", "is empty"),
        ("a\n\nb\n", "line 2: is empty"),
        ("0\ta\nx\tb\n", "line 2: expected a frame number"),
        ("5\ta\n5\tb\n", "line 2: frame 5 comes after 5"),
    ],
)
def test_wrong_frame_text_is_told_by_its_line(tmp_path, text: str, reason: str):
    with pytest.raises(InputError, match=reason):
        frame_text.read(saved(tmp_path / "a.txt", text), fps=25)


# Which format


def test_a_folder_of_files_has_a_video_each(tmp_path):
    saved(tmp_path / "a.txt", "x\n")
    saved(tmp_path / "b.txt", "y\n")
    assert {v: s.label for v, s in read_labels(tmp_path, fps=1).items()} == {
        "a": ("x",),
        "b": ("y",),
    }
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no .eaf and no .txt"):
        read_labels(tmp_path / "empty")


def test_other_formats_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"read from \.csv, .*, not `\.xlsx`"):
        read_labels(tmp_path / "a.xlsx")
    with pytest.raises(InputError, match="written as csv, boris, eaf, activitynet"):
        write_labels(tmp_path / "a.xlsx", LABELS)
    with pytest.raises(InputError, match="holds one video, not 2"):
        write_labels(tmp_path / "a.eaf", LABELS)
    with pytest.raises(InputError, match="cannot be read"):
        read_labels(tmp_path / "nowhere.csv")
    (tmp_path / "b.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="is not a text file"):
        read_labels(tmp_path / "b.csv")


def test_boris_can_be_written_as_csv(tmp_path):
    rows = {"a.mp4": LABELS["a.mp4"]}
    write_labels(tmp_path / "a.csv", rows, form="boris")
    assert (tmp_path / "a.csv").read_text().startswith("Observation id,")
    assert read_labels(tmp_path / "a.csv") == rows
