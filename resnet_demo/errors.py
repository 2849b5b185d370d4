"""The one exception that is meant for a person's eyes."""


class InputError(ValueError):
    """Something given to us cannot be used. Its text is one plain sentence that says what is wrong and what would do.

    The app shows it as a notice, the shell prints it and exits with status 2; neither shows a traceback.
    """
