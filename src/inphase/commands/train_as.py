"""`inphase train` as one command, with the settings of the method that is named."""

import inspect
from collections.abc import Callable, Sequence
from typing import Annotated, Any, get_type_hints

from tyro.conf import arg

from inphase.commands.train import method_of, train
from inphase.commands.train_clips import train_clips
from inphase.methods import CLIP_METHODS, METHODS, ClipMethod, Method


def train_as_in(words: Sequence[str]) -> Callable[..., None]:
    """Return the command for the method that the words name, with its settings.

    Args:
        words: What was typed after `inphase`.

    Raises:
        InputError: If they name a method that does not exist.
    """
    named = _positional(words[1:]) if words[:1] == ["train"] else []
    name = named[1] if len(named) > 1 else "scl"
    if name in CLIP_METHODS:
        return _with_settings_of(CLIP_METHODS[name], train_clips)
    return _with_settings_of(method_of(name), train)


def _positional(words: Sequence[str]) -> list[str]:
    """The words that are neither options nor their values: every option but a flag has one."""
    known = (train, train_clips, *METHODS.values(), *CLIP_METHODS.values())
    typed = [hint for each in known for hint in get_type_hints(each).items()]
    of_flags = {name.replace("_", "-") for name, kind in typed if kind is bool}
    flags = {f"--{no}{name}" for name in of_flags for no in ("", "no-")}
    found, skip = [], False
    for word in words:
        if skip or word.startswith("-"):
            flag = word.replace("_", "-") in flags  # the parser takes either
            skip = not skip and "=" not in word and not flag and word.startswith("--")
        else:
            found.append(word)
    return found


def _with_settings_of(
    method: type[Method] | type[ClipMethod], command: Callable[..., None]
) -> Callable[..., None]:
    """A command with another type and default of its argument `method`, from which options come."""

    def called(*words: Any, **options: Any) -> None:
        command(*words, **options)

    setting: Any = Annotated[method, arg(name="")]
    given = inspect.signature(command)
    parameters = given.parameters | {
        "method": given.parameters["method"].replace(annotation=setting, default=method())
    }
    called.__doc__ = command.__doc__
    called.__annotations__ = command.__annotations__ | {"method": setting}
    called.__dict__["__signature__"] = given.replace(parameters=list(parameters.values()))
    called.__dict__.pop("__wrapped__", None)  # where types are checked, the parser would look in
    return called
