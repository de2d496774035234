"""What losses ask of settings that are one of a few words."""

from inphase.errors import InputError


def check_choice(given: str, choices: tuple[str, ...], name: str) -> None:
    """Check a setting that is one of a few words.

    Raises:
        InputError: If it is another.
    """
    if given not in choices:
        known = ", ".join(f"'{choice}'" for choice in choices)
        raise InputError(f"{name} is one of {known}, not '{given}'")
