"""Jobs in the background: what they give, and that nobody waits who does not want to."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import wait

import pytest

from resnet_demo.errors import InputError
from resnet_demo.ui.jobs.background import in_background


def test_a_job_gives_what_it_found() -> None:
    with in_background(divmod, 17, 5) as job:
        assert job.result(10) == (3, 2)


def test_what_a_job_raises_is_raised_where_it_is_asked_for() -> None:
    def fail() -> None:
        raise InputError("There is nothing.")

    with in_background(fail) as job:
        wait([job])
    with pytest.raises(InputError, match="nothing"):
        job.result()


def test_a_generator_that_is_closed_does_not_wait_for_its_job() -> None:
    """As gradio closes it, on the loop that serves everybody, when its page is closed."""
    goes_on, ended = threading.Event(), threading.Event()

    def job() -> None:
        goes_on.wait(20)
        ended.set()

    def event() -> Iterator[None]:
        with in_background(job) as done:
            while wait([done], 0.01).not_done:
                yield

    running = event()
    next(running)
    start = time.monotonic()
    running.close()  # pyright: ignore[reportAttributeAccessIssue]
    assert time.monotonic() - start < 5
    assert not ended.is_set()
    goes_on.set()
    assert ended.wait(20)  # the job itself went on
