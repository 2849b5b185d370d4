"""A visitor's own pictures, from which Back and Forward take them."""

from __future__ import annotations

from collections.abc import Container

from PIL import Image

MOST_PICTURES, MOST_PIXELS = 8, 40_000_000


class Album(dict[int, Image.Image]):
    """Pictures by number; the numbers rise, and none is given twice."""

    def keep(self, picture: Image.Image) -> int:
        """Put a picture in that may be there already; returns its number."""
        kept = [number for number, there in self.items() if there is picture]
        number = kept[0] if kept else max(self, default=0) + 1
        self[number] = picture
        return number

    def make_room(self, in_sight: Container[int]) -> None:
        """Let the oldest pictures go, where there are too many; not those that are in sight."""
        for number in list(self):
            pixels = sum(there.width * there.height for there in self.values())
            if len(self) <= MOST_PICTURES and pixels <= MOST_PIXELS:
                break
            if number not in in_sight:
                del self[number]
