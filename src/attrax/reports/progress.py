"""What is being trained and how far it is, on the terminal; as plain lines where there is none."""

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from attrax.studies.conditions import Condition
from attrax.studies.execution import Event
from attrax.studies.study import Study

_LINES_EVERY = 100  # updates between plain lines about one network


class StudyProgress:
    """Shows the events of a running study; a context manager, and the function that `run_study` reports to.

    Parameters
    ----------
    study
        The study.
    missing
        The networks that will be computed.
    console
        Where to write; the standard error stream by default.
    """

    def __init__(self, study: Study, missing: list[Condition], console: Console | None = None) -> None:
        self.failed = 0
        self._study = study
        self._missing = len(missing)
        self._console = console or Console(stderr=True)
        self._live = self._console.is_terminal
        self._rows: dict[str, TaskID] = {}
        self._said: dict[str, tuple[str, int]] = {}
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(bar_width=24), TextColumn("{task.fields[state]}"),
            TimeElapsedColumn(), console=self._console, disable=not self._live,
        )  # fmt: skip

    def __enter__(self) -> "StudyProgress":
        wanted = len(self._study.conditions())
        there = f", {wanted - self._missing} are there already" if self._missing < wanted else ""
        self._console.print(f"{self._study.name}: {wanted} networks{there}", highlight=False)
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def __call__(self, event: Event) -> None:
        """Show an event."""
        if event.kind == "failed":
            self.failed += 1
        state, done = self._describe(event)
        if self._live:
            self._show(event, state, done)
        else:
            self._say(event, state)

    def _describe(self, event: Event) -> tuple[str, float]:
        """Return what to say of a network, and the share of its way to the criterion (or the budget)."""
        if event.kind != "working":
            return ("finished" if event.kind == "finished" else f"failed: {event.stage}"), 1.0
        if event.stage == "compiling":
            return "compiling", 0.0
        if event.stage == "attractors":
            return "mapping attractors", 1.0
        rule = self._study.stopping
        spent = event.updates / rule.updates
        share = spent if rule.accuracy is None else max(spent, min(event.accuracy / rule.accuracy, 1.0))
        return f"update {event.updates}, accuracy {event.accuracy:.3f}", share

    def _show(self, event: Event, state: str, done: float) -> None:
        name = event.condition.identity
        if name not in self._rows:
            self._rows[name] = self._progress.add_task(event.condition.title, total=1.0, state="")
        self._progress.update(self._rows[name], completed=done, state=state)
        if event.kind != "working":
            self._progress.stop_task(self._rows[name])

    def _say(self, event: Event, state: str) -> None:
        """Print a line when something new begins, and now and then while training goes on."""
        kind, updates = self._said.get(event.condition.identity, ("", -_LINES_EVERY))
        stage = event.stage if event.kind == "working" else event.kind
        if stage != kind or event.updates >= updates + _LINES_EVERY:
            self._said[event.condition.identity] = (stage, event.updates)
            self._console.print(f"{event.condition.title}: {state}", highlight=False, soft_wrap=True)
