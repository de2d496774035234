"""The exceptions that are shown to users as one sentence, without a traceback."""


class InputError(ValueError):
    """Input that cannot be used.

    The message is one sentence that says what was given, what was expected and what to do.
    """


class TrainingError(RuntimeError):
    """Training went wrong and stopped; the message says how, and what to try."""


class Interrupted(KeyboardInterrupt):
    """Training was stopped by the user; the message says how to go on."""
