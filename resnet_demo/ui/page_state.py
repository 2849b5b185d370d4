"""What a single page keeps of a visitor."""

from __future__ import annotations


class PageState:
    """What one page keeps of a session, made when it is first asked for: see `Session.of`."""

    @property
    def nbytes(self) -> int:
        """The memory of what is the visitor's alone."""
        return 0

    @property
    def busy(self) -> bool:
        """Whether something runs for the visitor that must not be lost."""
        return False

    def end(self) -> None:
        """The visit is put away: stop what runs for it."""
