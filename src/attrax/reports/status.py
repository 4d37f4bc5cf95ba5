"""How far a study is, in lines."""

from collections import Counter

from attrax.reports.progress import duration
from attrax.studies import Store
from attrax.studies.folder_lock import is_held
from attrax.studies.run_record import read_record

_MOST = 20  # networks that are named one by one


def status_lines(store: Store) -> list[str]:
    """Return how many networks are finished, running, failed and missing, in all and by what is varied."""
    study = store.study
    conditions = study.conditions()
    made = {condition.settings_text for condition in store.conditions}  # perhaps by an earlier version of the code
    finished = {condition.identity for condition in conditions if condition.settings_text in made}
    held, record = is_held(store.directory), read_record(store.directory)
    running = dict(record.running) if record is not None and held else {}
    failed = {} if record is None else {name: why for name, why in record.failed.items() if name not in finished}

    lines = [f"{study.name}: {len(store.conditions)} of {len(conditions)} networks finished"]
    if held and record is not None:
        left = record.seconds_left()
        rate = f", {60 * record.finished / record.seconds:.3g} a minute" if record.finished else ""
        lines.append(
            f"  running since {record.started} on {record.host} (process {record.process}): {record.finished} finished "
            f"by this run{rate}{'' if left is None else f', about {duration(left)} left'}"
        )
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
