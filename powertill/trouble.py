"""An error that the person at the keyboard can act on: one sentence, and what to do next."""


class Trouble(Exception):
    """Shown by the command line without a traceback; `hint` says what to do next."""

    def __init__(self, sentence: str, hint: str = "") -> None:
        super().__init__(f"{sentence} {hint}".strip())
        self.sentence = sentence
        self.hint = hint
