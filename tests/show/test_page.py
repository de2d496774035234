import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inphase.errors import InputError
from inphase.show.page import save_page

ODD_NAME = "</script><b>3 & 'more'"
TICKS = 60
OWN = {
    name: np.sort(np.random.default_rng(seed).integers(0, count, TICKS))
    for seed, (name, count) in enumerate({"slow": 150, "short": 33, ODD_NAME: 90}.items())
}


@pytest.fixture(scope="module")
def videos(numbered):
    uneven = np.cumsum([0, *np.random.default_rng(7).integers(20, 60, 89)]) / 1000
    return [
        numbered("coach", TICKS, rate=25),
        numbered("slow", 150, rate=30),
        numbered("short", 33, rate=15),
        replace(numbered("odd", 90, times=uneven), name=ODD_NAME),
    ]


@pytest.fixture(scope="module")
def page(videos, matched, tmp_path_factory) -> Path:
    reference, *others = videos
    alignments = {video.name: matched(reference, video, OWN[video.name]) for video in others}
    return save_page(reference, videos, alignments, tmp_path_factory.mktemp("aligned"))


@pytest.fixture
def opened(browser, page):
    browser.open(page)
    return browser


def expected(clock: str, tick: int, videos) -> list[int]:
    """The frames to show, said again in other words than in the code under test."""
    reference, *others = videos
    seconds = (tick + 0.5) / 25
    shown = [min(tick, TICKS - 1)]
    for video in others:
        if clock == "aligned":
            shown.append(int(OWN[video.name][tick]))
        else:
            stretch = video.duration / reference.duration if clock == "percentage" else 1
            shown.append(int((video.times <= seconds * stretch + 1e-9).sum()) - 1)
    return shown


@pytest.fixture
def on_screen(opened, read_number):
    """Read the numbers off the videos on screen."""

    def read() -> list[int]:
        boxes = opened.run(
            "[...document.querySelectorAll('video')].map(v => v.getBoundingClientRect())"
            ".map(b => [b.top, b.bottom, b.left, b.right].map(Math.round))"
        )
        picture = opened.picture()
        return [read_number(picture[top:bottom, left:right]) for top, bottom, left, right in boxes]

    return read


@pytest.mark.parametrize(
    ("clock", "ticks"),
    [
        ("aligned", [0, 59, 1, 30, 31, 17, 44, 58]),
        ("own", [0, 1, 37, 54, 55, 60, 90, 124, 2]),
        ("percentage", [0, 59, 29, 30, 7, 48]),
    ],
)
def test_the_frames_on_screen_are_those_of_the_clock(opened, on_screen, videos, clock, ticks):
    opened.run(f"inphase.clock('{clock}')")
    shown = {}
    for tick in ticks:
        opened.run(f"inphase.seek({tick})")
        shown[tick] = on_screen()
    assert shown == {tick: expected(clock, tick, videos) for tick in ticks}


def test_a_clock_switch_keeps_the_tick(opened, on_screen, videos):
    opened.run("inphase.seek(41)")
    for clock in ("own", "aligned", "percentage"):
        opened.run(f"inphase.clock('{clock}')")
        assert on_screen() == expected(clock, 41, videos)
    opened.run("inphase.clock('own').then(() => inphase.seek(120))")
    opened.run("inphase.clock('aligned')")
    assert opened.run("inphase.state.tick") == TICKS - 1


def test_the_last_of_many_hasty_wishes_is_the_one_shown(opened, on_screen, videos):
    opened.run("for (let i = 0; i < 50; i++) inphase.seek(i); inphase.seek(23)")
    assert on_screen() == expected("aligned", 23, videos)
    opened.run(
        "inphase.seek(50); inphase.clock('own'); inphase.seek(10);"
        "inphase.clock('percentage').then(() => inphase.seek(33))"
    )
    assert on_screen() == expected("percentage", 33, videos)


def test_own_times_and_names_stand_under_the_videos(opened, videos):
    opened.run("inphase.seek(30)")
    captions = opened.run(
        "[...document.querySelectorAll('figcaption')]"
        ".map(caption => [...caption.children].map(part => part.textContent))"
    )
    times = [v.times[i] for v, i in zip(videos, expected("aligned", 30, videos), strict=True)]
    assert captions == [[v.name, f"{t:.2f} s"] for v, t in zip(videos, times, strict=True)]


def test_the_bar_says_how_alike_the_frames_shown_are(opened, videos):
    opened.run("inphase.seek(30)")
    meters = "[...document.querySelectorAll('[role=meter]')].slice(1).map(m => +m.ariaValueNow)"
    assert opened.run(meters) == [90, 90, 90]
    opened.run("inphase.clock('own')")
    assert max(opened.run(meters)) <= 50  # frames that the alignment does not match


def test_the_keyboard_alone_is_enough(opened, on_screen, videos):
    tick = "inphase.seek(inphase.state.tick).then(() => inphase.state.tick)"
    for key, extra, then in (
        ("ArrowRight", {}, 1), ("ArrowRight", {"modifiers": 8}, 11), ("ArrowLeft", {}, 10),
        ("End", {}, 59), ("ArrowRight", {}, 59), ("ArrowLeft", {"modifiers": 8}, 49),
        ("Home", {}, 0), ("ArrowLeft", {}, 0),
    ):  # fmt: skip
        opened.press(key, **extra)
        assert opened.run(tick) == then, key
    for key, clock in (("2", "own"), ("3", "percentage"), ("1", "aligned")):
        opened.press(key, text=key)
        assert opened.run("inphase.state.clock") == clock
    opened.press("ArrowDown")
    assert opened.run("inphase.state.selected") == 2
    for key, motion in ((" ", "forward"), (" ", "still"), ("l", "forward"), ("k", "still")):
        opened.press(key, text=key)
        assert opened.run("inphase.state.motion") == motion
    opened.run("inphase.seek(12)")
    opened.press("j", text="j")
    wait(opened, "inphase.state.motion === 'still'")
    opened.run("inphase.seek(inphase.state.tick)")
    assert on_screen() == expected("aligned", 0, videos)


def wait(browser, condition: str) -> None:
    """Wait until a condition holds on the page; a minute without it is a failure."""
    browser.run(
        "new Promise((done, fail) => { const end = Date.now() + 60000;"
        f"const look = () => ({condition}) ? done() : Date.now() > end ? fail('too late')"
        " : setTimeout(look, 20); look(); })"
    )


def test_a_still_frame_is_right_even_where_the_browser_drops_frames(opened, on_screen, videos):
    # Seeking in the middle of play, twice at once, made Chromium keep a stale frame on screen.
    for _ in range(4):
        opened.run("inphase.seek(0).then(inphase.play)")
        wait(opened, "inphase.state.tick > 15")
        opened.run("document.querySelectorAll('video')[2].currentTime -= 0.2; inphase.pause()")
        assert on_screen() == expected("aligned", opened.run("inphase.state.tick"), videos)


def test_playing_stops_with_all_videos_on_one_frame(opened, on_screen, videos):
    opened.run("inphase.play()")
    wait(opened, "inphase.state.tick > 15")
    opened.run("document.querySelectorAll('video')[2].currentTime -= 0.2; inphase.pause()")
    tick = opened.run("inphase.state.tick")
    assert tick > 15
    assert on_screen() == expected("aligned", tick, videos)


def test_a_video_that_strays_while_playing_is_brought_back(opened):
    opened.run("inphase.loop(false); inphase.speed(0.5); inphase.play()")
    wait(opened, "inphase.state.tick > 5")
    opened.run("document.querySelectorAll('video')[2].currentTime += 1")
    drift = (
        "(v => Math.abs(v[2].currentTime - v[0].currentTime))(document.querySelectorAll('video'))"
    )
    wait(opened, f"inphase.state.motion === 'still' || {drift} < 0.1")
    assert opened.run("inphase.state.motion") == "forward"


def test_playing_ends_on_the_last_frame_or_starts_again(opened, on_screen, videos):
    opened.run("inphase.loop(false); inphase.speed(2); inphase.seek(40).then(inphase.play)")
    wait(opened, "inphase.state.motion === 'still'")
    opened.run("inphase.seek(inphase.state.tick)")
    assert on_screen() == expected("aligned", TICKS - 1, videos)
    opened.run("inphase.loop(true); inphase.seek(50).then(inphase.play)")
    wait(opened, "inphase.state.tick < 40 && inphase.state.motion === 'forward'")


def test_videos_that_end_early_wait_while_others_play_on(opened, on_screen, videos):
    opened.run("inphase.clock('own').then(() => inphase.seek(50)).then(inphase.play)")
    wait(opened, "inphase.state.tick > 70")
    opened.run("inphase.pause()")
    tick = opened.run("inphase.state.tick")
    assert on_screen() == expected("own", tick, videos)
    assert opened.run("document.querySelectorAll('figure.finished').length") == 2


def test_a_click_on_the_map_goes_to_that_moment_of_the_reference(opened):
    left, top, side = opened.run(
        "(b => [b.left, b.top, b.width])(document.getElementById('map').getBoundingClientRect())"
    )
    opened.click(left + side * 45.5 / TICKS, top + 20)
    assert opened.run("inphase.state.tick") == 45


def test_a_video_can_be_taken_off_the_stage_and_put_back(opened, on_screen, videos):
    box = "document.querySelectorAll('#list input')[2].click()"
    opened.run("inphase.seek(20)")
    full = expected("aligned", 20, videos)
    opened.run(box)
    wait(opened, "document.querySelectorAll('video').length === 3")
    opened.run("inphase.seek(20)")
    assert on_screen() == [full[0], full[1], full[3]]
    opened.run(box)
    wait(opened, "document.querySelectorAll('video').length === 4")
    opened.run("inphase.seek(20)")
    assert on_screen() == full


def test_nothing_but_its_own_folder_is_asked_for_and_nothing_fails(opened, page):
    opened.run("inphase.clock('own').then(() => inphase.select(2)).then(() => inphase.play())")
    wait(opened, "inphase.state.tick > 5")
    asked = [
        event["params"]["request"]["url"]
        for event in opened.events
        if event.get("method") == "Network.requestWillBeSent"
    ]
    assert any(url.endswith(".own.mp4") for url in asked)
    assert all(url.startswith((page.parent.as_uri(), "data:")) for url in asked), asked
    methods = {event.get("method") for event in opened.events}
    assert not methods & {"Log.entryAdded", "Runtime.exceptionThrown", "Network.loadingFailed"}
    assert "http:" not in page.read_text() and "https:" not in page.read_text()


def test_everything_fits_a_small_screen(opened):
    size = "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
    assert opened.run(size) == [1280, 720]
    low, right = opened.run(
        "(boxes => [Math.max(...boxes.map(b => b.bottom)), Math.max(...boxes.map(b => b.right))])"
        "([...document.querySelectorAll('figure')].map(f => f.getBoundingClientRect()))"
    )
    footer = opened.run("document.querySelector('footer').getBoundingClientRect().top")
    assert low <= footer and right <= 1280 - 312


def test_every_control_has_a_name(opened):
    nodes = opened.call("Accessibility.getFullAXTree")["nodes"]
    controls = {"button", "slider", "checkbox", "meter", "image", "img"}
    named = [
        (node["role"]["value"], node.get("name", {}).get("value"))
        for node in nodes
        if not node["ignored"] and node["role"]["value"] in controls
    ]
    assert len(named) > 15
    assert all(name for _, name in named), named


def test_a_missing_clip_is_said_on_the_page(browser, page, tmp_path):
    shutil.copytree(page.parent, tmp_path / "copy")
    clip = next((tmp_path / "copy" / "media").glob("02-*.aligned.mp4"))
    clip.unlink()
    browser.open(tmp_path / "copy" / "page.html")
    browser.run("inphase.seek(3)")
    assert browser.run("inphase.shown().filter(tick => tick === 3).length") == 3
    captions = browser.run("[...document.querySelectorAll('figcaption')].map(c => c.textContent)")
    assert ["cannot be played" in caption for caption in captions] == [False, False, True, False]


def test_clips_that_show_the_same_are_one_file(page, videos):
    text = page.read_text(encoding="utf-8")
    start = text.index('id="data">') + len('id="data">')
    data = json.loads(text[start : text.index("</script>", start)])
    files = [sorted(set(video["clips"].values())) for video in data["videos"]]
    assert [len(names) for names in files] == [1, 3, 3, 3]
    assert {path.name for path in (page.parent / "media").iterdir()} == {
        Path(name).name for names in files for name in names
    } | {Path(video["map"]["image"]).name for video in data["videos"][1:]}


def test_a_folder_that_cannot_be_made_is_said_in_a_sentence(videos, matched, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="cannot be written .*choose another folder"):
        save_page(videos[0], [], {}, tmp_path / "file" / "folder")
