"""Sentences that the library says in English, said again in another language.

The library knows nothing of languages: it raises an InputError with one plain sentence. That sentence is recognised
here by what stands fixed in it, so that a language needs a table and the library no change.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeAlias

Patterns: TypeAlias = "list[tuple[re.Pattern[str], str]]"
LONGEST = 1000  # characters; nobody reads more, and looking for templates in them would take long


class Templates:
    """English templates with `{}` for what is filled in, and their counterparts with `{0}`, `{1}`, … .

    A sentence ends with a full stop. Templates that do not, such as `The file {}`, are of what is filled into one; that
    can be a sentence, too. What has no template stays as it is.
    """

    def __init__(self, counterparts: Mapping[str, str]):
        def those(whole: bool) -> Patterns:
            return _patterns({k: v for k, v in counterparts.items() if k.endswith((".", ". {}")) == whole})

        self._sentences = those(True)
        self._parts = those(False) + self._sentences

    def said(self, sentence: str) -> str:
        """The sentence in the other language; as it is, if there is no template for it."""
        return self._said(sentence, self._sentences)

    def _said(self, words: str, patterns: Patterns) -> str:
        if len(words) <= LONGEST:
            for pattern, counterpart in patterns:
                if found := pattern.fullmatch(words):
                    return counterpart.format(*(self._said(value, self._parts) for value in found.groups()))
        return words


def _patterns(counterparts: Mapping[str, str]) -> Patterns:
    """Where two templates fit, the one that says more is meant: it comes first."""
    order = sorted(counterparts, key=lambda template: len(template.replace("{}", "")), reverse=True)
    return [(re.compile("(.+?)".join(map(re.escape, t.split("{}"))), re.DOTALL), counterparts[t]) for t in order]
