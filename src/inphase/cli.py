"""The command line: every command by name, and trouble told in one sentence."""

import sys
import warnings

import tyro

from inphase.commands.align import align
from inphase.commands.check import check
from inphase.commands.demo import demo
from inphase.commands.embed import embed
from inphase.commands.evaluate import evaluate
from inphase.commands.methods import methods
from inphase.commands.train import train
from inphase.commands.train_as import train_as_in
from inphase.console import speaks, trouble_in_one_sentence
from inphase.memory import keep_freed_memory
from inphase.threads import wait_briefly

COMMANDS = {
    "demo": demo,
    "check": check,
    "train": train,
    "embed": embed,
    "align": align,
    "evaluate": evaluate,
    "methods": methods,
}


def main() -> None:
    """Run the command line, and turn foreseen trouble into one sentence and an exit code."""
    keep_freed_memory()
    wait_briefly()
    warnings.formatwarning = lambda message, *_: f"inphase: {message}\n"
    if not speaks():
        warnings.simplefilter("ignore")
    with trouble_in_one_sentence():
        tyro.extras.subcommand_cli_from_dict(
            COMMANDS | {"train": train_as_in(sys.argv[1:])},
            prog="inphase",
            description="Learn what moment of an activity every video frame shows, without "
            "labels, and line videos up.",
            config=(tyro.conf.OmitArgPrefixes, tyro.conf.FlagCreatePairsOff),
        )


if __name__ == "__main__":
    main()
