"""What is being trained and how far a study is, on the terminal; as plain lines where there is none."""

import time
from collections import Counter
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from attrax.studies.conditions import Condition
from attrax.studies.execution import Event
from attrax.studies.study import Study

_LINES_EVERY = 100  # updates between plain lines about one network
_OVERALL_EVERY = 30.0  # seconds between plain lines about the study
_FEW = 20  # networks of which each gets lines of its own


_ANALYSES = {"attractors": "mapping attractors", "units": "testing units", "causes": "trying lesions"}
"""Stages after training, in words."""


class StudyProgress:
    """Shows the events of a running study; a context manager, and the function that `run_study` reports to.

    Parameters
    ----------
    study
        The study.
    beforehand
        What is said of the time that it will take.
    console
        Where to write; the standard error stream by default.
    """

    def __init__(self, study: Study, beforehand: str = "", console: Console | None = None) -> None:
        self.failed = 0
        self._study, self._beforehand = study, beforehand
        self._missing: list[Condition] = []
        self._done: Counter[tuple[str, float]] = Counter()
        self._finished = 0
        self._begun = self._said_overall = time.monotonic()
        self._console = console or Console(stderr=True)
        self._live = self._console.is_terminal
        self._rows: dict[str, TaskID] = {}
        self._overall: dict[tuple[str, float] | None, TaskID] = {}
        self._said: dict[str, tuple[str, int]] = {}
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(bar_width=24), TextColumn("{task.fields[state]}"),
            TimeElapsedColumn(), console=self._console, disable=not self._live, redirect_stdout=False,
        )  # fmt: skip

    def __enter__(self) -> "StudyProgress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def start(self, missing: list[Condition], damaged: list[str]) -> None:
        """Say what there is to do, before anything is done."""
        for line in damaged:
            self._print(f"damaged: {line.partition(';')[0]}; moved to damaged/, to be computed again")
        wanted = self._study.n_networks
        there = f", {wanted - len(missing)} are there already" if len(missing) < wanted else ""
        self._print(f"{self._study.name}: {wanted} networks{there}")
        if missing and self._beforehand:
            self._print(self._beforehand)
        self._missing = missing
        self._begun = self._said_overall = time.monotonic()
        self._progress.start()
        if self._live and missing:
            self._overall[None] = self._progress.add_task("all networks", total=len(missing), state="")
            cells = Counter(map(_cell, missing))
            if 1 < len(cells) <= _FEW < len(missing):
                for cell, count in cells.items():
                    title = f"  {cell[0]}, δ = {cell[1]:g}"
                    self._overall[cell] = self._progress.add_task(title, total=count, state=f"0 of {count}")

    def __call__(self, event: Event) -> None:
        """Show an event."""
        if event.kind in ("finished", "failed"):
            self._done[_cell(event.condition)] += 1
            self._finished += event.kind == "finished"
            self.failed += event.kind == "failed"
        if self._live:
            self._show(event)
        else:
            self._say(event)

    def _describe(self, event: Event) -> tuple[str, float]:
        """Return what to say of a network, and the share of its way to the criterion (or the budget)."""
        if event.kind == "again":
            return f"will be tried again, {event.stage}", 0.0
        if event.kind != "working":
            return ("finished" if event.kind == "finished" else f"failed: {event.stage}"), 1.0
        if event.stage == "compiling":
            return "compiling", 0.0
        if event.stage in _ANALYSES:
            return _ANALYSES[event.stage], 1.0
        rule = event.condition.stopping
        spent = event.updates / rule.updates
        share = spent if rule.accuracy is None else max(spent, min(event.accuracy / rule.accuracy, 1.0))
        return f"update {event.updates}, accuracy {event.accuracy:.3f}", share

    def _state(self) -> str:
        """Return how far the study is: done, failed, rate, time left."""
        done, seconds = self._finished + self.failed, time.monotonic() - self._begun
        words = [f"{done} of {len(self._missing)} networks"]
        if self.failed:
            words.append(f"{self.failed} failed")
        if done:
            words.append(f"{60 * done / seconds:.3g} a minute")
            words.append(f"{duration(seconds / done * (len(self._missing) - done))} left")
        return ", ".join(words)

    def _show(self, event: Event) -> None:
        state, share = self._describe(event)
        name = event.condition.identity
        if name not in self._rows:
            self._rows[name] = self._progress.add_task(f"  {event.condition.title}", total=1.0, state="")
        self._progress.update(self._rows[name], completed=share, state=state)
        if event.kind in ("finished", "failed"):
            self._progress.stop_task(self._rows[name])
            self._progress.update(self._overall[None], completed=self._finished + self.failed, state=self._state())
            cell = _cell(event.condition)
            if cell in self._overall:
                total = next(task.total for task in self._progress.tasks if task.id == self._overall[cell])
                done = self._done[cell]
                self._progress.update(self._overall[cell], completed=done, state=f"{done} of {total:g}")
            if event.kind == "finished" and len(self._missing) > _FEW:
                self._progress.remove_task(self._rows.pop(name))

    def _say(self, event: Event) -> None:
        """Print a line when something new begins, and now and then while training goes on."""
        few = len(self._missing) <= _FEW
        kind, updates = self._said.get(event.condition.identity, ("", -_LINES_EVERY))
        stage = event.stage if event.kind == "working" else event.kind
        news = few and (stage != kind or event.updates >= updates + _LINES_EVERY)
        if news or event.kind in ("failed", "again"):
            self._said[event.condition.identity] = (stage, event.updates)
            self._print(f"{event.condition.title}: {self._describe(event)[0]}")
        ended = event.kind in ("finished", "failed")
        now = time.monotonic()
        if ended and (now > self._said_overall + _OVERALL_EVERY or self._finished + self.failed == len(self._missing)):
            self._said_overall = now
            self._print(self._state())

    def say(self, line: str) -> None:
        """Say something besides, above the bars."""
        self._print(f"attrax: {line}")

    def _print(self, line: str) -> None:
        self._console.print(line, highlight=False, soft_wrap=True, markup=False)


def _cell(condition: Condition) -> tuple[str, float]:
    return condition.learner_label, condition.network.delta


def duration(seconds: float) -> str:
    """Write a time as a person would say it."""
    if seconds < 90:
        return f"{seconds:.0f} seconds"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.1f} hours" if seconds < 48 * 3600 else f"{seconds / 86400:.1f} days"
