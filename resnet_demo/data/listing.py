"""What lies in a folder or a zip of pictures, by its names alone; a zip may come from a stranger.

Nothing is ever unpacked to the disk, so no name in a zip can lead anywhere, and what a zip may cost in memory and time
is bounded before its first picture is read.
"""

from __future__ import annotations

import mmap
import os
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

from ..errors import InputError
from ..i18n import Message
from ..images import readable_suffixes
from .names import Printable, entry_names, printable

MAX_ENTRIES = 80_000  # of a zip, pictures or not: some 500 bytes of memory and 20 microseconds each, only to list them
MAX_NAMES = 16_000_000  # characters of all their names, which are looked at one by one
MAX_FILE_BYTES = 50_000_000  # of one picture in a zip
MAX_BYTES = 2_000_000_000  # of all that a zip unpacks to
MAX_RATIO = 200  # of that to the zip itself, where it is much: pictures are packed already, and shrink little
MUCH = 100_000_000  # bytes
MAX_DEPTH = 10  # of folders in each other; what lies deeper is left out
MAX_NAME = 80  # characters of a folder's name, since it becomes a class's

JUNK = {"__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "$recycle.bin", "@eadir"}  # of macOS, Windows, Synology

# What is a picture by its name, but is not read: counted, and called by what it is.
UNREAD = {
    ".heic": "HEIC",
    ".heif": "HEIC",
    ".hif": "HEIC",
    ".avif": "AVIF",
    ".jxl": "JPEG XL",
    ".jp2": "JPEG 2000",
    ".svg": "SVG",
    ".psd": "PSD",
    ".tga": "TGA",
    ".ppm": "PPM",
    ".pgm": "PGM",
    ".ico": "ICO",
    **dict.fromkeys((".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf"), "RAW"),
}

# How JPEG, PNG, GIF, BMP and TIFF files begin: of those whose names have no ending, this tells.
BEGINNINGS = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF8", b"BM", b"II*\0", b"MM\0*")

# A path -> what fetches the file there; None: a folder.
Fetch = Callable[[], Path | bytes]


@dataclass
class Listing:
    """The files and folders by their paths as a person reads them, hidden ones left out."""

    files: dict[tuple[str, ...], Fetch | None] = field(default_factory=dict)
    bare: set[tuple[str, ...]] = field(default_factory=set)  # those that are pictures, but have no ending
    too_deep: list[str] = field(default_factory=list)  # pictures
    # A name that may be read wrongly, since the zip does not say how it is written, and how it is read.
    doubtful: tuple[str, str] | None = None

    def is_picture(self, parts: tuple[str, ...]) -> bool:
        return is_picture(parts[-1]) or parts in self.bare


def is_picture(name: str) -> bool:
    return name.lower().endswith(readable_suffixes())


def unread_format(name: str) -> str | None:
    """The format of a picture that is not read here, by its name; None for others."""
    return None if is_picture(name) else UNREAD.get(os.path.splitext(name)[1].lower())


def _begins_as_picture(file: IO[bytes]) -> bool:
    head = file.read(12)
    return head.startswith(BEGINNINGS) or (head[:4] == b"RIFF" and head[8:] == b"WEBP")


def is_hidden(name: str) -> bool:
    return name.startswith(".") or name.casefold() in JUNK


@contextmanager
def listed(path: Path, title: Message) -> Iterator[Listing]:
    """What lies in a folder or a zip, for as long as its files shall be fetched. Raises InputError."""
    if os.path.isdir(path):
        yield _list_folder(path.resolve())
        return
    if not os.path.isfile(path) or not zipfile.is_zipfile(path):
        raise InputError("{title} is not a zip; a data set is a folder or a zip of class folders.", title=title)
    if _count_entries(path) > MAX_ENTRIES:
        raise InputError("{title} holds more than {most:,} files.", title=title, most=MAX_ENTRIES)
    try:
        archive = _open(path)
    except Exception:  # a torn or hostile directory fails in many ways
        raise InputError("{title} is damaged: its list of files cannot be read.", title=title) from None
    with archive:
        _vet(archive.infolist(), path.stat().st_size, title)
        yield _list_zip(archive)


def _list_folder(root: Path) -> Listing:
    found, shown = Listing(), Printable()
    for folder, folders, files in os.walk(root):  # which does not follow links to folders: they could run in circles
        folders[:] = sorted(name for name in folders if not is_hidden(name) and not os.path.islink(Path(folder, name)))
        place = Path(folder).relative_to(root).parts
        if len(place) >= MAX_DEPTH:
            found.too_deep += ["/".join(shown((*place, name))) for name in files if is_picture(name)]
            continue
        found.files.update({shown((*place, name)): None for name in folders})
        for name in sorted(files):
            file = Path(folder, name)
            if is_hidden(name) or (file.is_symlink() and not Path(os.path.realpath(file)).is_relative_to(root)):
                continue
            parts = shown((*place, name))
            found.files[parts] = partial(Path, file)
            if "." not in name and file.is_file():  # and no pipe, which would be waited for
                with suppress(OSError), file.open("rb") as content:
                    if _begins_as_picture(content):
                        found.bare.add(parts)
    return found


def _list_zip(archive: zipfile.ZipFile) -> Listing:
    found, shown = Listing(), Printable()
    entries = archive.infolist()
    names, doubtful = entry_names(entries)
    found.doubtful = doubtful and (printable(doubtful[0]), doubtful[1])
    names = [name.replace("\\", "/") for name in names]  # some Windows programs write backslashes
    if all(name.startswith("/") for name in names):  # some programs begin all names so; a single one is odd
        names = [name.lstrip("/") for name in names]
    for entry, name in zip(entries, names, strict=True):
        parts = PurePosixPath(name).parts
        if not parts or parts[0] == "/" or any(map(is_hidden, parts)):  # as is ".."
            continue
        if len(parts) > MAX_DEPTH:
            if is_picture(parts[-1]):
                found.too_deep.append("/".join(map(str, shown((*parts[:2], parts[-1])))))
            continue
        if name.endswith("/"):
            found.files[shown(parts)] = None
            continue
        found.files[shown(parts)] = partial(_unpack, archive, entry)
        if "." not in parts[-1]:
            with suppress(Exception), archive.open(entry) as content:  # a torn or hostile one fails in many ways
                if _begins_as_picture(content):
                    found.bare.add(shown(parts))
    return found


def _count_entries(path: Path) -> int:
    """How often the mark of an entry in a zip's directory occurs in the file; `ZipFile` itself would list them all."""
    with path.open("rb") as file:
        return sum(chunk.count(b"PK\1\2") for chunk in iter(partial(file.read, 1 << 24), b""))


def _open(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except UnicodeDecodeError:  # a name is marked as UTF-8, and is not
        with path.open("rb") as file:
            return zipfile.ZipFile(_Unmarked(file.fileno(), 0, access=mmap.ACCESS_COPY))  # pyright: ignore


class _Unmarked(mmap.mmap):
    """A zip, of whose names none is marked as UTF-8; in memory, page by page as far as that is changed."""

    def __init__(self, *_args: object, **_options: object):
        super().__init__()
        for mark, flags in ((b"PK\1\2", 8), (b"PK\3\4", 6)):
            place = self.find(mark)
            while 0 <= place < len(self) - flags - 2:
                self[place + flags + 1] &= ~0x08
                place = self.find(mark, place + 4)

    def seekable(self) -> bool:  # zipfile asks
        return True


def _vet(entries: list[zipfile.ZipInfo], size: int, title: Message) -> None:
    """Refuse a zip, by what its directory says, that is locked, oddly packed or too large when unpacked."""
    if sum(len(entry.orig_filename) for entry in entries) > MAX_NAMES:
        raise InputError("{title} is damaged: its list of files cannot be read.", title=title)
    for entry in entries:
        if entry.flag_bits & 1:
            raise InputError("{title} is locked with a password; pack the pictures without one.", title=title)
        # Python unpacks other methods' data without a limit, whatever size the directory states.
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise InputError(
                "{title} is packed with a method that is not read here; pack it as an ordinary zip.", title=title
            )
        if entry.file_size > MAX_FILE_BYTES:
            raise InputError(
                "{title} holds a file of more than {most} MB.", title=title, most=MAX_FILE_BYTES // 1_000_000
            )
    total = sum(entry.file_size for entry in entries)
    if total > max(MUCH, MAX_RATIO * size) and total <= MAX_BYTES:
        raise InputError("{title} unpacks to more than {most} times its size.", title=title, most=MAX_RATIO)
    if total > MAX_BYTES:
        raise InputError("{title} unpacks to more than {most} GB.", title=title, most=MAX_BYTES // 1_000_000_000)


def _unpack(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    with archive.open(entry) as stream:
        return stream.read(entry.file_size)  # a plain read() would unpack beyond the stated size, and only then cut
