"""The way into the lesson, until the bar above the pages says it from `captions/lesson.py`."""

from ....i18n import language as _language
from ...captions import lesson as _lesson

START = _language("en")(_lesson.START)
INVITATION = _language("en")(_lesson.INVITATION)
