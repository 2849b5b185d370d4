"""Checkpoints from the Hugging Face Hub: `hf://user/name`, `hf://user/name@revision`, `hf://user/name/file`.

What is downloaded lies in the Hub's own cache, and is then read with the same distrust as any file (see `weights`).
The app never comes here: a visitor must not make a server ask for what they like.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from ..errors import InputError
from .weights import MAX_BYTES, SUFFIXES, shards_of

SCHEME = "hf://"
HUB = "https://huggingface.co"
TIMEOUT = 20  # seconds for the list of files
FIRST = (
    "model.safetensors",
    "pytorch_model.bin",
    "model-00001-of-?????.safetensors",
)  # as the Hub's libraries call them


@dataclass(frozen=True)
class Place:
    """What a reference names; without a file, the one that the Hub's own libraries would take."""

    repository: str
    revision: str | None = None
    file: str | None = None


def is_reference(source: object) -> bool:
    return str(source).startswith(SCHEME)


def endpoint() -> str:
    """The Hub's address: a mirror's, where HF_ENDPOINT names one."""
    return (os.environ.get("HF_ENDPOINT") or HUB).rstrip("/")


def place_of(reference: str) -> Place:
    """Raises InputError where it is none. A slash in a revision is written %2F, as the Hub does itself."""
    name = r"\w(?:[\w.-]{0,94}\w)?"
    found = re.fullmatch(rf"hf://({name}/{name})(?:@([\w.%-]{{1,200}}))?(?:/(.{{1,200}}))?", reference, re.ASCII)
    if not found or ".." in reference or "--" in found[1]:
        raise InputError(
            "A network on the Hub is called hf://user/name, hf://user/name@revision or hf://user/name/file, not "
            "{reference!r}.",
            reference=reference,
        )
    return Place(found[1], found[2] and unquote(found[2]), found[3])


def fetch(reference: str) -> Path:
    """Bring a checkpoint onto this computer, with all its shards; the path of its (first) file.

    Raises InputError, one sentence: there is no such repository or it is private, no such revision, no file that can
    be read, one that is too large, no connection.
    """
    from huggingface_hub import HfApi

    place, api = place_of(reference), HfApi(endpoint=endpoint(), library_name="resnet_demo")
    with plainly(place):
        info = api.model_info(place.repository, revision=place.revision, files_metadata=True, timeout=TIMEOUT)
        sizes = {file.rfilename: file.size or 0 for file in info.siblings or ()}
        files = _chosen(place, sizes)
        if sum(sizes[name] for name in files) > MAX_BYTES:
            raise InputError(
                "The file {file} of {repository} is larger than the {most} MB that are read.",
                file=files[0],
                repository=place.repository,
                most=MAX_BYTES // 1_000_000,
            )
        # By the commit, so that a push between two shards mixes nothing.
        found = [Path(api.hf_hub_download(place.repository, name, revision=info.sha)) for name in files]
        return found[0]


@contextmanager
def plainly(place: Place) -> Iterator[None]:
    """Whatever goes wrong between here and the Hub is an InputError, one sentence."""
    from huggingface_hub import errors

    repository, host = place.repository, urlsplit(endpoint()).hostname or endpoint()
    failed: Any = errors.HfHubHTTPError.__bases__[0]  # that of whatever fails on the way, in httpx or what follows it
    try:
        yield
    except InputError:
        raise
    except errors.GatedRepoError:
        raise InputError(
            "The files of {repository} are only for who has asked for them: do so on its page, then log in (hf auth "
            "login).",
            repository=repository,
        ) from None
    except errors.RepositoryNotFoundError:  # the Hub does not tell strangers which
        raise InputError(
            "{host} has no {repository}, or it is private: then log in (hf auth login).",
            host=host,
            repository=repository,
        ) from None
    except errors.RevisionNotFoundError:
        raise InputError(
            "There is no revision {revision!r} of {repository}.", repository=repository, revision=place.revision
        ) from None
    except errors.HfHubHTTPError as error:
        if (status := error.response.status_code) in (401, 403):
            raise InputError(
                "{host} lets only who may do so write to {repository}: log in (hf auth login), with a token that may "
                "write.",
                host=host,
                repository=repository,
            ) from None
        raise InputError(
            "{host} did not do what it was asked with {repository} (status {status}).",
            host=host,
            repository=repository,
            status=status,
        ) from None
    except (failed, ConnectionError, errors.LocalEntryNotFoundError):
        raise InputError(
            "There is no connection to {host} and {repository}.", host=host, repository=repository
        ) from None
    except OSError as error:
        raise InputError(
            "The files of {repository} did not arrive whole, or cannot be kept: {reason}.",
            repository=repository,
            reason=error.strerror or str(error),
        ) from None
    except (ValueError, TypeError, KeyError):
        raise InputError("{host} does not answer as the Hub does.", host=host) from None


def _chosen(place: Place, sizes: dict[str, int]) -> list[str]:
    """The names of the file that is meant, and of its other shards."""
    first = place.file
    if first is None:
        usual = [name for wanted in FIRST for name in sizes if PurePosixPath(name).match(wanted) and "/" not in name]
        others = [name for name in sizes if name.lower().endswith(SUFFIXES) and "/" not in name]
        others = [name for name in others if not re.search(r"-(?!00001)\d{5}-of-", name)]
        if not usual and len(others) > 1:
            raise InputError(
                "There are several checkpoints in {repository} ({names:and}): name one, as hf://{repository}/{first}.",
                repository=place.repository,
                names=others[:4],
                first=others[0],
            )
        if not (usual or others):
            raise InputError(
                "There is no file in {repository} that can be read here: {endings:or}.",
                repository=place.repository,
                endings=SUFFIXES,
            )
        first = (usual or others)[0]
    folder = PurePosixPath(first).parent
    files = [str(folder / shard.name) for shard in shards_of(Path(first))]
    for name in files:
        if name not in sizes:
            raise InputError(
                "There is no file {file!r} in {repository} at this revision.", repository=place.repository, file=name
            )
    return files
