"""What an analysis of one network found, in sentences and words made from its numbers."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from attrax.own_network.weights_analysis import AnalysedWeights
from attrax.reports.words.shares import in_percent, percents

_PLURALS = {
    "fixed point": "fixed points",
    "cycle": "cycles",
    "quasi-periodic": "quasi-periodic attractors",
    "chaotic": "chaotic attractors",
}
_SINGULARS = _PLURALS | {
    "fixed point": "fixed point", "cycle": "cycle",
    "quasi-periodic": "quasi-periodic attractor", "chaotic": "chaotic attractor",
}  # fmt: skip
_CELLS = {"relu": "ReLU", "tanh": "tanh", "gru": "GRU"}
_MOST_INPUTS_IN_WORDS = 12
_MOST_DIGITS = 3


def analysis_findings(analysed: AnalysedWeights) -> list[str]:
    """Return sentences: how many attractors there are, and under each input what starts go to, and fixed points."""
    table, count = analysed.table, len(analysed.results)
    where = "1 input" if count == 1 else f"{count} inputs"
    attractors = table[table.attractor > 0]
    total = f"{_counted(len(attractors), 'attractor', 'attractors')} under {where}: "
    sentences = [total + _kinds(attractors) + "." if len(attractors) else f"No attractor was found under {where}."]
    sentences[0] += f" {_without(table, analysed)}"
    for index in range(min(count, _MOST_INPUTS_IN_WORDS)):
        found = points_sentence(analysed, index)
        fates = _fates(table[table.input == index + 1])
        sentences.append(f"{input_title(analysed, index)}: {fates}.{found and ' ' + found}")
    if count > _MOST_INPUTS_IN_WORDS:
        sentences.append(f"The other {count - _MOST_INPUTS_IN_WORDS} inputs are in the table.")
    return sentences


def points_sentence(analysed: AnalysedWeights, index: int | None = None) -> str:
    """Return how many fixed points were found under one input, or under all, and how many are unstable.

    Nothing if no search was made.
    """
    if not any("point_state" in result for result in analysed.results):
        return ""
    points = analysed.points
    points = points if index is None else points[points.input == index + 1]
    if points.empty:
        return "No fixed point was found."
    unstable = int((points.unstable > 0).sum())
    missed = int(((points.instability == "stable") & (points.attractor < 0)).sum())
    found = f"{_counted(len(points), 'fixed point', 'fixed points')} found"
    open_starts = _undecided_starts(analysed.table, index) if missed else ""
    more = _more_points_words(analysed, index)
    if len(points) == 1:
        how = stability_words(points.instability.iloc[0])
        seen = f", though no start was seen to reach it{open_starts}" if missed else ""
        return f"{found}: {how}{seen}.{more}"
    share = "all" if unstable == len(points) else str(unstable or "none")
    reached = f", {missed} stable {'one' if missed == 1 else 'ones'} that no start was seen to reach{open_starts}"
    return f"{found}, {share} of them unstable{reached if missed else ''}.{more}"


def _undecided_starts(table: pd.DataFrame, index: int | None) -> str:
    """Return how many starts may reach what none was seen to reach: those that stayed undecided."""
    rows = table[table.kind == "undecided"]
    count = int((rows if index is None else rows[rows.input == index + 1]).starts.sum())
    return f" (of {_counted(count, 'start', 'starts')} it is undecided where they go)" if count else ""


def _more_points_words(analysed: AnalysedWeights, index: int | None) -> str:
    """Return that there are more fixed points than were found, where the search said so."""
    results = analysed.results if index is None else analysed.results[index : index + 1]
    if not any(result.attrs.get("still_new", 0) for result in results):
        return ""
    return " The search still found new ones when its solves ran out: there are more, perhaps a continuum."


def solves_words(analysed: AnalysedWeights) -> str:
    """Return how many linear solves the search for fixed points spent, the most and the least over inputs."""
    spent = [int(result.attrs["solves_spent"]) for result in analysed.results if "solves_spent" in result.attrs]
    if not spent:
        return ""
    return f"{min(spent):,}" if min(spent) == max(spent) else f"{min(spent):,} to {max(spent):,}"


_STABILITY = {"+1": "unstable, +1", "-1": "unstable, −1", "complex pair": "unstable, pair", "border": "on a border"}


def stability_words(instability: str) -> str:
    """Return how a fixed point's stability is called."""
    return _STABILITY.get(instability, instability)


def eigenvalue_words(row: pd.Series) -> str:
    """Return the leading eigenvalue of a fixed point; of a pair both."""
    if row.eigenvalue_imag == 0 or np.isnan(row.eigenvalue_imag):
        return number(row.eigenvalue_real)
    return f"{number(row.eigenvalue_real)} ± {number(abs(row.eigenvalue_imag))}i"


def rotation(value: float, digits: float) -> str:
    """Return a rotation number with the decimals on which the halves of its run agree, at most six."""
    if np.isnan(value):
        return "–"
    return f"{value:.{int(min(6, max(1, digits if not np.isnan(digits) else 5)))}f}"


def input_title(analysed: AnalysedWeights, index: int) -> str:
    """Return what an input is called: its number and its values."""
    values = analysed.analysis.inputs[index]
    if not values.any():
        return f"Input {index + 1} (zero)" if len(analysed.results) > 1 else "Zero input"
    text = ", ".join(f"{value:g}" for value in values[:8]).replace("-", "−")
    return f"Input {index + 1} ({text}{', …' if values.size > 8 else ''})"


def network_words(analysed: AnalysedWeights) -> str:
    """Return what the network is: kind, size, leak."""
    network = analysed.analysis.network
    leak = f", leak {network.leak:g}" if network.leak < 1 else ""
    inputs = f"{_counted(network.n_inputs, 'input', 'inputs')}" if network.n_inputs else "no input weights"
    return (
        f"{_counted(network.n_units, f'{_CELLS[network.kind]} unit', f'{_CELLS[network.kind]} units')}, {inputs}{leak}"
    )


def starts_words(analysed: AnalysedWeights) -> str:
    """Return where the starts come from."""
    analysis = analysed.analysis
    if not analysis.starts_are_drawn:
        return (
            f"The {_counted(analysis.n_starts, 'start', 'starts')} are those of the file. The intervals hold only if "
            "they were drawn at random, each by itself."
        )
    if analysis.network.kind != "relu":
        return f"{analysis.n_starts} starts are drawn uniformly from −1 to 1 in each unit; the zero state is one more."
    uppers = [result.attrs["starts_drawn_up_to"] for result in analysed.results]
    span = f"{min(uppers):.3g}" if min(uppers) == max(uppers) else f"{min(uppers):.3g} to {max(uppers):.3g}, by input"
    return (
        f"{analysis.n_starts} starts are drawn uniformly in each unit, from 0 to twice the largest activity that the "
        f"network has in its first 200 steps from zero ({span}); the zero state is one more."
    )


def attractor_title(row: pd.Series) -> str:
    """Return what a row of the table is called, in a few words."""
    if row.attractor < 0:
        return "neutral" if row.neutral else str(row.kind)
    return f"{row.attractor}  {kind_words(row)}"


def kind_words(row: pd.Series) -> str:
    """Return kind and period."""
    if row.attractor < 0 and row.neutral:
        return "undecided (neutral)"
    return f"cycle of period {row.period}" if row.kind == "cycle" else str(row.kind)


def percent(share: float) -> str:
    """Return a share for people: no digits that 100 starts cannot give."""
    if 0 < share < 0.0005:
        return "<0.1 %"
    return f"{100 * share:.0f} %" if share in (0, 1) or 0.0095 <= share <= 0.995 else f"{100 * share:.1f} %"


def share_words(shares: Sequence[float]) -> list[str]:
    """Return shares of the same starts, which add up: with the digits that the smallest needs, at most three."""
    return percents(shares, _MOST_DIGITS)


def number(value: float, digits: int = 3) -> str:
    """Return a number with a true minus sign; a dash where there is none."""
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    return f"{value:.{digits}g}".replace("-", "−")


def exponent(value: float, error: float) -> str:
    """Return a Lyapunov exponent with its standard error, where it was measured."""
    if not np.isfinite(value):
        return number(value)
    text = f"{value:z.4f}".replace("-", "−") if abs(value) < 10 else number(value)
    return f"{text} ± {error:.1g}" if error > 0 else text


def _counted(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def _kinds(attractors: pd.DataFrame) -> str:
    parts = []
    for kind, many in _PLURALS.items():
        rows = attractors[attractors.kind == kind]
        if len(rows):
            parts.append(_counted(len(rows), _SINGULARS[kind], many) + (_periods(rows) if kind == "cycle" else ""))
    return _joined(parts)


_MOST_PERIODS = 6


def _periods(cycles: pd.DataFrame) -> str:
    periods = sorted(set(cycles.period))
    if len(periods) > _MOST_PERIODS:
        return f" (periods {periods[0]} to {periods[-1]})"
    return f" (period{'s' if len(periods) > 1 else ''} {_joined([str(period) for period in periods])})"


def _without(table: pd.DataFrame, analysed: AnalysedWeights) -> str:
    total = analysed.analysis.n_starts * len(analysed.results)
    divergent, undecided = (int(table[table.kind == kind].starts.sum()) for kind in ("divergent", "undecided"))
    starts = "random starts" if analysed.analysis.starts_are_drawn else "starts"
    if not divergent and not undecided:
        return f"All {starts} reach {'it' if (table.attractor > 0).sum() == 1 else 'one of them'}."
    shares = [(total - divergent - undecided) / total, divergent / total, undecided / total]
    settle, leave, unknown = share_words(shares)
    reach = f"{settle} reach {'it' if (table.attractor > 0).sum() == 1 else 'one of them'}, " if shares[0] else ""
    return f"Of the {starts}, {reach}{leave} diverge and {unknown} stay undecided."


_MOST_FATES = 6


def _fates(rows: pd.DataFrame) -> str:
    found = in_percent(rows.share.tolist(), _MOST_DIGITS)
    parts = [
        f"{kind_words(row)} {found.words(count) if row.starts else 'from the zero state only'}"
        for count, (_, row) in zip(found.counts, rows.head(_MOST_FATES).iterrows(), strict=False)
    ]
    rest = found.counts[_MOST_FATES:]
    if rest:
        parts.append(f"{len(rest)} others {found.words(sum(rest))}")
    return ", ".join(parts)


def _joined(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]
