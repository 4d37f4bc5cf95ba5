"""How far one long piece of work is, on the terminal; where there is none, in plain lines now and then."""

import threading
import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from attrax.progress import Step
from attrax.reports.terminal.study_progress import duration

_PLAIN_EVERY = 10.0
"""Seconds between plain lines; when nothing new has been done for so long, a line says that it is still at work."""

_MANY, _SOME = 5, 2
"""Steps of a kind from which on, and steps done from which on, the time left is said: a few can be of any length."""


class StepsShown:
    """Shows the steps of a piece of work; a context manager, and the function that the work takes as ``on_progress``.

    The time left is that of the kind of step that is being done, at its own rate so far: what comes after it is another
    kind, and nobody knows its rate yet.

    Parameters
    ----------
    title
        What is done, in words.
    console
        Where to write; the standard error stream by default.
    every
        Seconds between plain lines.
    """

    def __init__(self, title: str, console: Console | None = None, every: float = _PLAIN_EVERY) -> None:
        self._title, self._every = title, every
        self._console = console or Console(stderr=True)
        self._live = self._console.is_terminal
        self._step: Step | None = None
        self._begun = self._begun_kind = self._last = self._said = time.monotonic()
        self._ended = threading.Event()
        self._heart = threading.Thread(target=self._beat, daemon=True)
        self._speaking = threading.Lock()
        self._row: TaskID | None = None
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(bar_width=24), TextColumn("{task.fields[state]}"),
            TimeElapsedColumn(), console=self._console, disable=not self._live, redirect_stdout=False, transient=True,
        )  # fmt: skip

    def __enter__(self) -> "StepsShown":
        if self._live:
            self._bar.start()
            self._row = self._bar.add_task(self._title, total=None, state="")
        else:
            self._heart.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._live:
            self._bar.stop()
        else:
            self._heart.join()

    def __call__(self, step: Step) -> None:
        """Show a step."""
        now = time.monotonic()
        if self._step is None or step.what != self._step.what or step.done < self._step.done:
            # this kind of step began where the one before it ended
            self._begun_kind = self._last
        self._step, self._last = step, now
        if step.outlook:
            self._console.print(f"{self._title}: {step.outlook}", highlight=False, soft_wrap=True, markup=False)
            return
        if self._live and self._row is not None:
            self._bar.update(self._row, completed=step.done, total=step.total, state=self._words(step))
        elif now >= self._said + self._every:
            self._say()

    def _words(self, step: Step) -> str:
        """Return how far it is, and how long the rest of this kind of step will take."""
        if step.total is None:
            return f"{step.done:,} {step.what}"
        words = f"{step.done:,} of {'about ' if step.about else ''}{step.total:,} {step.what}"
        spent = self._last - self._begun_kind
        if step.total < _MANY or step.done < _SOME or spent < 1:
            return words
        left = spent / step.done * (step.total - step.done) - (time.monotonic() - self._last)
        return f"{words}, about {duration(left)} left of these" if left > 0 else words

    def _beat(self) -> None:
        """Say something now and then, even when nothing is told."""
        while not self._ended.wait(self._every / 4):
            if time.monotonic() >= self._said + self._every:
                self._say()

    def _say(self) -> None:
        with self._speaking:
            now = time.monotonic()
            if now < self._said + self._every:  # the other thread has just spoken
                return
            self._said = now
            so_far = f"{duration(now - self._begun)} so far"
            step = self._step
            words = so_far if step is None else f"{self._words(step)}; {so_far}"
            self._console.print(f"{self._title}: {words}", highlight=False, soft_wrap=True, markup=False)
