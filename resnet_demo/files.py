"""Files: written so that a crash cannot tear them, and what is in strangers' ones checked before it is believed."""

from __future__ import annotations

import errno
import os
import re
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from .errors import InputError

T = TypeVar("T")

MOST_HEADER = 30_000_000  # bytes of a safetensors file's header, with the metadata of ours


def check_writable(path: Path) -> None:
    """Raise InputError where `write_atomically` could not write: before the work of hours, not after it."""
    handle, temporary = _beside(path)
    os.close(handle)
    Path(temporary).unlink(missing_ok=True)


def _beside(path: Path) -> tuple[int, str]:
    """An open file of another name in the same folder, which is made if it is not there."""
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        path.parent.mkdir(parents=True, exist_ok=True)
        return tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except (OSError, ValueError) as error:  # a ValueError: of a name with a zero byte in it
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError("{path} cannot be written: {reason}.", path=str(path)[-200:], reason=reason) from None


def write_atomically(path: Path, content: bytes) -> None:
    """Replace `path` by `content` so that a reader, or a crash, sees the old file or the new one, never a part.

    Raises InputError where there cannot be such a file.
    """
    handle, temporary = _beside(path)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)  # mkstemp's files are private; weights are to be shared
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def home(otherwise: str) -> Path:
    """The user's home, or an InputError that names the variable to set `otherwise`: in containers there may be none."""
    try:
        return Path.home()
    except RuntimeError:
        raise InputError(
            "There is no home directory here: set {variable} to a folder for what is downloaded.", variable=otherwise
        ) from None


def sync_folder(path: Path) -> None:
    """A new name, too, must survive a power cut."""
    if sys.platform != "win32":  # which cannot open a folder
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            with suppress(OSError):  # some file systems cannot; the file is in place all the same
                os.fsync(folder)
        finally:
            os.close(folder)


def parsed(kind: type[T], text: str | bytes) -> T:
    """JSON from outside, as a dataclass (or another type) whose fields have exactly the types that it states.

    Raises InputError as the dataclass itself does, and ValueError where the text is not JSON or of other types; what
    pydantic writes into that is not for people. Unknown fields are ignored.
    """
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(kind).validate_json(text, strict=True)
    except ValidationError as error:
        reasons: list[Any] = [each.get("ctx", {}).get("error") for each in error.errors(include_url=False)]
        found = next((reason for reason in reasons if isinstance(reason, InputError)), None)
        raise found or ValueError("This is not what it should be.") from None


def header_fits(path: Path, tensors: int) -> bool:
    """Whether a safetensors file's header has no more in it than so many tensors need.

    safetensors itself takes a hundred megabytes, and makes gigabytes of objects of them.
    """
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = file.read(min(size, MOST_HEADER + 1)).replace(rb"\\", b"").replace(rb"\"", b"")
    most = 15 * tensors  # a tensor has about ten
    return size <= MOST_HEADER and header.count(b'"') <= most and re.sub(rb'"[^"]*"?', b"", header).count(b",") <= most
