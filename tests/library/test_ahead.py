"""One thing made ahead in a thread: in order, never more than one, errors where the thing is asked for."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator

import duckdb
import pytest

from accord.facts.engine import Engine
from accord.insight.ahead import one_ahead

LONG = "SELECT count(*) FROM range(1_000_000) a, range(1_000_000) b WHERE (a.range * b.range) % 7 = 3"


def test_the_next_is_made_while_one_is_in_use_and_no_more() -> None:
    made: list[int] = []
    second = threading.Event()

    def numbers() -> Iterator[int]:
        for number in range(5):
            made.append(number)
            if number == 1:
                second.set()
            yield number

    with one_ahead(numbers(), stop=lambda: None) as things:
        assert next(things) == 0
        assert second.wait(10)
        time.sleep(0.05)
        assert made == [0, 1]
        assert list(things) == [1, 2, 3, 4]


def test_what_goes_wrong_in_the_thread_is_raised_where_the_thing_is_asked_for() -> None:
    def numbers() -> Iterator[int]:
        yield 1
        raise ValueError("no second")

    got = []
    with pytest.raises(ValueError, match="no second"), one_ahead(numbers(), stop=lambda: None) as things:
        for thing in things:
            got.append(thing)  # noqa: PERF402 what came before the error counts
    assert got == [1]
    with one_ahead(numbers(), stop=lambda: None) as things:
        assert next(things) == 1


def _queries(engine: Engine, begun: threading.Event) -> Iterator[int]:
    yield 1
    begun.set()
    engine.one(LONG)
    yield 2


def test_who_leaves_early_does_not_wait_for_the_query_under_way() -> None:
    engine, begun = Engine(threads=1), threading.Event()
    with (
        pytest.raises(KeyError, match="on the way"),
        one_ahead(_queries(engine, begun), stop=engine.interrupt) as things,
    ):
        assert next(things) == 1
        assert begun.wait(10)
        raise KeyError("on the way")
    assert engine.one("SELECT 42") == (42,)


def test_ctrl_c_ends_a_wait_for_the_thread() -> None:
    engine, begun, main = Engine(threads=1), threading.Event(), threading.main_thread().ident or 0

    def press() -> None:
        begun.wait(10)
        signal.pthread_kill(main, signal.SIGINT)

    presser, too_late = threading.Thread(target=press), threading.Timer(20, engine.interrupt)
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    mask = signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # a shell may hold it back
    try:
        too_late.start()
        presser.start()
        with pytest.raises(KeyboardInterrupt), one_ahead(_queries(engine, begun), stop=engine.interrupt) as things:
            list(things)
    finally:
        too_late.cancel()
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGINT, handler)
    assert engine.one("SELECT 42") == (42,)


def test_a_query_that_is_interrupted_raises_in_its_thread() -> None:
    engine, begun = Engine(threads=1), threading.Event()
    with one_ahead(_queries(engine, begun), stop=engine.interrupt) as things:
        assert next(things) == 1
        assert begun.wait(10)
        time.sleep(0.2)
        engine.interrupt()
        with pytest.raises(duckdb.InterruptException):
            next(things)
