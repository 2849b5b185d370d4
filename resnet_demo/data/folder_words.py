"""What the name of a folder says: training, testing or validation, pictures or their annotations.

The words stand in `folder_words.yaml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

import yaml

from ..i18n import Message, _

TRAIN, TEST, VALIDATION = "train", "test", "validation"
_WORDS = yaml.safe_load(Path(__file__).with_name("folder_words.yaml").read_text("utf-8"))
ROLES: dict[str, list[str]] = _WORDS["roles"]
NEUTRAL: list[str] = _WORDS["neutral"]  # what may stand beside these in a name
_ANY_ROLE = re.compile("|".join(chain(*ROLES.values())))
_NEUTRAL = re.compile("|".join(sorted(NEUTRAL, key=len, reverse=True)))
IMAGES, ANNOTATIONS = set(_WORDS["images"]), set(_WORDS["annotations"])
PARTS = set(_WORDS["parts"])
UNLABELLED = set(_WORDS["unlabelled"])
WITHOUT_CLASSES = UNLABELLED | set(_WORDS["without_classes"])


def roles_of(names: Iterable[str]) -> dict[str, tuple[str, str]]:
    """What folders are for, by their names; with "flower_train" goes "flower_test"."""
    names = list(names)
    found = {name: role for name in names if (role := role_of(name))}
    if len(found) == len(names) and len({role for role, _rest in found.values()}) > 1:
        return found
    known: dict[str, set[str]] = {}
    for role, rest in found.values():
        known.setdefault(rest, set()).add(role)
    plain = known.get("", set())
    return {name: (role, rest) for name, (role, rest) in found.items() if not rest or (known[rest] | plain) - {role}}


def role_of(name: str) -> tuple[str, str] | None:
    """What a folder is for, and what else its name says: "seg_train" -> ("train", "seg")."""
    roles, rest = set(), []
    for word in _words(name):
        role, left = _role_of_word(word)
        if role:
            roles.add(role)
        if left and left not in NEUTRAL:
            rest.append(left)
    return (roles.pop(), " ".join(rest)) if len(roles) == 1 else None


def _role_of_word(word: str) -> tuple[str | None, str]:
    """ "trainset" -> ("train", ""), "cat" -> (None, "cat"); languages without spaces write all in one word."""
    for role, words in ROLES.items() if _ANY_ROLE.search(word) else ():
        for known in words:
            if known not in word:
                continue
            left = "".join(_NEUTRAL.sub("", part) for part in word.split(known, 1))
            if word == known or not known.isascii() or (len(known) > 2 and not left):
                return role, left
    return None, word


def _words(name: str) -> list[str]:
    """The words of a name, in lower case, without digits: "TrainingSet_2" -> ["training", "set"]."""
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return re.findall(r"[^\W\d_]+", name.casefold())


def letters_of(name: str) -> str:
    return "".join(_words(name))


def are_parts(names: Iterable[str]) -> bool:
    """Whether these are numbered parts of one thing: images_part_1, images_part_2."""
    kinds = {tuple(_words(name)) for name in names}
    return len(kinds) == 1 and any(word in PARTS for word in kinds.pop())


def role_name(role: str) -> Message:
    return {TRAIN: _("training"), TEST: _("testing"), VALIDATION: _("validation")}[role]
