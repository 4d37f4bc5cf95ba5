"""How far a study is, in lines."""

from collections import Counter

from attrax.reports.terminal.study_progress import duration
from attrax.studies import Store
from attrax.studies.folder_lock import find_holder
from attrax.studies.run_record import RunRecord, read_record

_MOST = 20  # networks that are named one by one


def status_lines(store: Store) -> list[str]:
    """Return how many networks are finished, running, failed and missing, in all and by what is varied."""
    study = store.study
    conditions = study.conditions()
    made = {condition.settings_text for condition in store.conditions}  # perhaps by an earlier version of the code
    finished = {condition.identity for condition in conditions if condition.settings_text in made}
    holder, record = find_holder(store.directory), read_record(store.directory)
    held = holder is not None and not holder.is_overdue
    at_work = record if held and record is not None and not record.is_over() else None  # not that of the run before
    running = {} if at_work is None else dict(at_work.running)
    failed = {} if record is None else {name: why for name, why in record.failed.items() if name not in finished}

    lines = [f"{study.name}: {len(store.conditions)} of {len(conditions)} networks finished"]
    if at_work is not None:
        doing = at_work.phase or _rate(at_work)
        who = f"since {at_work.started} on {at_work.host} (process {at_work.process})"
        lines.append(f"  running {who}: {doing}")
        if at_work.waiting:
            lines.append(f"  waiting: {at_work.waiting}")
    elif held:
        lines.append("  a run is just beginning")
    elif holder is not None:
        lines.append(f"  {holder.describe(store.directory)}")
    else:
        lines.append("  no run is at work on it")

    def state(identity: str) -> str:
        if identity in finished:
            return "finished"
        return "running" if identity in running else "failed" if identity in failed else "missing"

    if len(conditions) <= _MOST:
        for condition in conditions:
            name = condition.identity
            more = f" ({running.get(name) or failed.get(name)})" if state(name) in ("running", "failed") else ""
            lines.append(f"  {state(name):8}  {condition.title}{more}")
        return [*lines, *(f"  damaged: {line}" for line in store.damaged)]

    counts: dict[str, Counter[str]] = {}
    for condition in conditions:
        levels = "".join(f", {name} = {value}" for name, value in condition.treatment.levels.items())
        cell = f"{condition.task_label}, {condition.learner_label}, δ = {condition.network.delta:g}{levels}"
        counts.setdefault(cell, Counter())[state(condition.identity)] += 1
    states = ("finished", "running", "failed", "missing")
    lines.append("  " + "".join(f"{word:>9}" for word in states))
    for cell, count in counts.items():
        lines.append("  " + "".join(f"{count[word]:>9}" for word in states) + f"  {cell}")
    lines += [f"  failed: {name} {why}" for name, why in list(failed.items())[:_MOST]]
    return [*lines, *(f"  damaged: {line}" for line in store.damaged)]


def _rate(record: RunRecord) -> str:
    """Return how many networks a run has finished, how fast, and how long the rest will take."""
    left = record.seconds_left()
    rate = f", {60 * record.finished / record.seconds:.3g} a minute" if record.finished else ""
    return f"{record.finished} finished by this run{rate}{'' if left is None else f', about {duration(left)} left'}"
