"""What commands print: lines for people, JSON for scripts, one sentence for trouble."""

import errno
import json as json_module
import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from inphase.errors import InputError, TrainingError

_STOPPED = 130  # the exit code of what Ctrl-C stops


def count(number: int, what: str = "video") -> str:
    """Say how many: `1 video`, `2 videos`."""
    return f"{number} {what}{'s' * (number != 1)}"


def rate(fps: float | int | None) -> str:
    """The option to type again next, if it was given: ` --fps 30`."""
    return f" --fps {fps:g}" if fps else ""


def typed(*words: object) -> str:
    """Words as a shell reads them again: `runs/a 'my swing' videos`."""
    return shlex.join(map(str, words))


def speaks() -> bool:
    """Whether this process prints: of those that `torchrun` starts, the first does for all."""
    return os.environ.get("RANK", "0") == "0"


def say(line: str, json: bool) -> None:
    """Print for people; scripts that asked for JSON get it on standard error."""
    if not speaks():
        return
    print(line, file=sys.stderr if json else sys.stdout, flush=True)


def done(line: str, result: dict[str, Any], json: bool) -> None:
    """Print the last line: what was written and what to type next; or the result as JSON."""
    if speaks():
        print(json_module.dumps(result) if json else line)


@contextmanager
def trouble_in_one_sentence() -> Iterator[None]:
    """Turn foreseen trouble into a sentence on standard error and an exit code."""
    try:
        yield
    except (InputError, TrainingError) as error:
        _fail(str(error), 1)
    except KeyboardInterrupt as error:
        _fail(str(error) or "stopped; what was finished is kept", _STOPPED)
    except BrokenPipeError:
        # The reader of the output, as `head`, has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(141) from None
    except OSError as error:
        todo = ": make room, and run again" if error.errno == errno.ENOSPC else ""
        _fail(f"{error.filename or 'a file'} cannot be used: {error.strerror or error}{todo}", 1)


def _fail(message: str, code: int) -> None:
    if speaks() or code != _STOPPED:
        print(f"inphase: {message}", file=sys.stderr)
    raise SystemExit(code)
