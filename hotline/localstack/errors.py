"""The one error of the embedded stack."""


class LocalStackError(Exception):
    """The embedded stack cannot serve; the text is one sentence that says what to do."""
