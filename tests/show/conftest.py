"""Numbered clips, alignments made by hand, and a browser, for the tests of what people look at."""

import base64
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from inphase.data.video import Video
from inphase.tasks.align import Alignment

BITS = 8


def bar_code(number: int, height: int, width: int) -> np.ndarray:
    """A picture that says its number: white and black bars, one a bit, highest on the left."""
    bits = [number >> bit & 1 for bit in reversed(range(BITS))]
    bars = np.repeat(np.array(bits, dtype=np.uint8) * 255, width // BITS)
    return np.broadcast_to(bars[None, :, None], (height, width, 3)).copy()


def read_bar_code(picture: np.ndarray) -> int:
    """The number of a picture of any size that shows one bar code from edge to edge."""
    height, width = picture.shape[:2]
    middles = ((np.arange(BITS) + 0.5) * width / BITS).astype(int)
    levels = picture[height // 4 : -(height // 4), :, :3].mean(axis=(0, 2))[middles]
    assert not ((levels > 60) & (levels < 195)).any(), f"no bar code: {levels}"
    return int("".join(str(int(level > 127)) for level in levels), 2)


@pytest.fixture(scope="module")
def read_number() -> Callable[[np.ndarray], int]:
    return read_bar_code


@pytest.fixture(scope="module")
def numbered(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Video]:
    """Make a video whose frame i shows i, with frames at given times (seconds) or a rate."""

    def make(
        name: str, count: int, *, rate: float = 25, times: Any = None, size: tuple = (64, 96)
    ) -> Video:
        path = tmp_path_factory.mktemp("clips") / f"{name}.mp4"
        base = Fraction(rate).limit_denominator(1001) if times is None else Fraction(1000)
        ticks = range(count) if times is None else np.rint(np.multiply(times, 1000)).astype(int)
        last = 1 if times is None else int(ticks[-1] - ticks[-2])
        with av.open(str(path), "w") as container:
            stream = container.add_stream("libx264", rate=base)
            stream.height, stream.width, stream.pix_fmt = *size, "yuv420p"
            stream.options = {"crf": "10", "bf": "2" if times is None else "0"}
            for number, tick in enumerate([*ticks, None]):
                frame = None
                if tick is not None:
                    frame = av.VideoFrame.from_ndarray(bar_code(number, *size), format="rgb24")
                    frame.pts, frame.time_base = int(tick), 1 / base
                for packet in stream.encode(frame):
                    packet.duration = last  # only that of the last frame is kept
                    container.mux(packet)
        return Video(path, name=name)

    return make


@pytest.fixture(scope="module")
def matched() -> Callable[[Video, Video, Any], Alignment]:
    """Make the alignment in which the reference's frame i goes with the own frames `own[i]`."""

    def make(reference: Video, video: Video, own: Any) -> Alignment:
        path = [(i, j) for i, frames in enumerate(own) for j in np.atleast_1d(frames)]
        rng = np.random.default_rng(0)
        similarity = rng.uniform(0, 0.5, (len(reference), len(video))).astype(np.float32)
        rows, columns = np.array(path).T
        similarity[rows, columns] = 0.9
        return Alignment(
            reference=reference.name,
            video=video.name,
            reference_times=np.asarray(reference.times),
            times=np.asarray(video.times),
            path=np.array(path),
            cost=1 - similarity[rows, columns].astype(float),
            similarity=similarity,
        )

    return make


# Gives the program its two pipes under the numbers that Chromium expects, 3 and 4.
PIPES = """
import fcntl, os, sys
pipes = [fcntl.fcntl(int(pipe), fcntl.F_DUPFD, 10) for pipe in sys.argv[1:3]]
os.dup2(pipes[0], 3)
os.dup2(pipes[1], 4)
os.execv(sys.argv[3], sys.argv[3:])
"""


FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--hide-scrollbars", "--remote-debugging-pipe",
]  # fmt: skip


class Browser:
    """Headless Chromium with one page, driven by the DevTools protocol over a pair of pipes."""

    def __init__(self, program: str, profile: Path):
        command_out, command_in = os.pipe()
        answer_out, answer_in = os.pipe()
        self._process = subprocess.Popen(
            [
                sys.executable, "-c", PIPES, str(command_out), str(answer_in), program, *FLAGS,
                f"--user-data-dir={profile}",
            ],
            pass_fds=(command_out, answer_in),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(command_out)
        os.close(answer_in)
        self._commands, self._answers = command_in, answer_out
        self._number, self._rest, self._session = 0, b"", None
        self.events: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=1280, height=720, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._send(message)
        while (answer := self._next()).get("id") != self._number:
            self.events.append(answer)
        assert "error" not in answer, answer
        return answer["result"]

    def _send(self, message: dict[str, Any]) -> None:
        rest = json.dumps(message).encode() + b"\0"
        while rest:
            rest = rest[os.write(self._commands, rest) :]

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            block = os.read(self._answers, 1 << 20)
            assert block, "the browser has gone"
            self._rest += block
        message, self._rest = self._rest.split(b"\0", 1)
        return json.loads(message)

    def open(self, page: Path) -> None:
        """Open a page from disk and wait until it is ready."""
        self.events.clear()
        self.call("Page.navigate", url=page.as_uri())
        while not self.run("document.readyState === 'complete' && 'inphase' in window"):
            pass
        self.run("inphase.ready")

    def run(self, script: str) -> Any:
        """The value of an expression on the page; a promise is waited for."""
        answer = self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def press(self, key: str, **extra: Any) -> None:
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, **extra)

    def click(self, x: float, y: float) -> None:
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def picture(self) -> np.ndarray:
        """What is on screen."""
        self.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        png = base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])
        return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))

    def close(self) -> None:
        self._send({"id": 0, "method": "Browser.close"})
        os.close(self._commands)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._answers)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None:
        pytest.skip("no Chromium on the PATH to open the page in")
    browser = Browser(program, tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()
