"""Files that a client names: they lie in gradio's folder of uploads, or they are refused.

The refusal is the same whether there is such a file or not, so that nobody can ask what is on the server's disk.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import gradio.route_utils
import gradio.routes
from gradio.route_utils import FileUploadProgress
from gradio.utils import get_upload_folder

from ..errors import InputError
from .visits import visitor

MOST_PATH = 1_000  # characters
SPARE = 200_000_000  # bytes of the disk that uploads leave free
MOST_TRACKED = 1_000  # uploads of which it is known how far they are
TRIES = 20  # to go through the files while others arrive

_turns: WeakValueDictionary[str, threading.Lock] = WeakValueDictionary()  # by visitor, while a file of theirs is read
_one_at_a_time = threading.Lock()


@contextmanager
def reading() -> Iterator[None]:
    """Files of one visitor are read one after another: who sends many that take long waits for them, not others."""
    who = visitor.get()
    with _one_at_a_time:
        turn = _turns.setdefault(who.owner if who else "", threading.Lock())
    with turn:
        yield


def has_room(size: int) -> bool:
    """Whether an upload of so many bytes leaves enough of the disk."""
    folder = Path(get_upload_folder())
    while not folder.exists():  # gradio makes it with the first upload
        folder = folder.parent
    return shutil.disk_usage(folder).free >= size + SPARE


_delete_old = gradio.route_utils.delete_files_created_by_app


def delete_old(blocks: Any, age: int | None) -> None:
    """gradio's deletion of old files, which is called on schedule, and must not fail: nothing would call it again.

    It goes through sets of names that grow with every upload, and Python breaks such a loop off.
    """
    for _try in range(TRIES):
        with suppress(RuntimeError, OSError):  # what has been deleted so far stays so
            return _delete_old(blocks, age)


gradio.route_utils.delete_files_created_by_app = delete_old


class Progress(FileUploadProgress):
    """How far uploads are. gradio remembers for ever who asked, and of which uploads nobody asked."""

    def track(self, upload_id: str) -> None:
        while len(self._statuses) >= MOST_TRACKED:
            self.stop_tracking(next(iter(self._statuses)))
        super().track(upload_id)

    async def is_tracked(self, upload_id: str) -> bool:
        try:
            return await super().is_tracked(upload_id)
        finally:
            if upload_id not in self._statuses:
                self._signals.pop(upload_id, None)

    def stop_tracking(self, upload_id: str) -> None:
        super().stop_tracking(upload_id)
        self._signals.pop(upload_id, None)


gradio.routes.file_upload_statuses = Progress()


def uploaded(path: object) -> Path:
    """The file of that path, if it was uploaded and is still there; InputError else."""
    found = _inside(path)
    if found is None or not os.path.isfile(found):
        raise InputError("That file is not among those that were uploaded, or was deleted by now: upload it again.")
    return found


def _inside(path: object) -> Path | None:
    """The path without links and dots, if it leads into the folder of uploads."""
    if not isinstance(path, (str, os.PathLike)) or not 0 < len(str(path)) <= MOST_PATH or "\0" in str(path):
        return None
    try:
        found, folder = Path(os.path.realpath(path)), Path(os.path.realpath(get_upload_folder()))
    except (OSError, ValueError):
        return None
    return found if found != folder and found.is_relative_to(folder) else None


def check_files(value: Any) -> None:
    """Refuse a value from a client in which anything, however deep, names a file that was not uploaded.

    gradio itself looks at such values first, and would fetch an address or copy the file.
    """
    for found in _inner(value):
        if isinstance(found, dict) and found.get("path") is not None:
            uploaded(found["path"])


def check_size(value: Any) -> None:
    """Refuse a value from a client that holds too many others."""
    for _found in _inner(value):
        pass


def _inner(value: Any, most: int = 10_000) -> Iterator[Any]:
    """A value and all in it; InputError where that is too much."""
    todo = [(value, 0)]
    while todo:
        found, depth = todo.pop()
        most -= 1
        if depth > 20 or most < 0:
            raise InputError("What was sent holds too many values, or values too deep in each other.")
        yield found
        if isinstance(found, dict):
            todo += [(inner, depth + 1) for inner in found.values()]
        elif isinstance(found, (list, tuple)):
            todo += [(inner, depth + 1) for inner in found[: most + 1]]
