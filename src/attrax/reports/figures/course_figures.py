"""How the dynamics change along training, by matplotlib."""

import numpy as np
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from attrax.reports.appearance import KIND_LOOKS
from attrax.reports.drawn_cells import left_out, say_left_out, shown
from attrax.studies import Store

_KINDS = list(KIND_LOOKS)


def course_figure(store: Store) -> Figure | None:
    """Draw the stimulus stage at each checkpoint as a strip, a row for each network; None where nothing was mapped.

    Both contexts lie one above the other in each picture; the letters are those of `KIND_LOOKS`.
    """
    courses = {}
    for condition in shown(store):
        arrays = store.arrays(condition.identity).isel(network=0)
        if not {"course_kind", "course_updates"} <= set(arrays.data_vars):
            continue  # not asked for, or of an earlier version of the code
        moments = arrays.course_updates.values
        # Checkpoints that were taken in one moment are one network: it is drawn once.
        courses[condition] = arrays.isel(checkpoint=np.unique(moments, return_index=True)[1])
    if not courses:
        return None
    columns = max(course.sizes["checkpoint"] for course in courses.values())
    contexts = next(iter(courses)).task.n_contexts
    figure = Figure(figsize=(1.3 * columns + 0.6, (1.18 * contexts + 0.35) * len(courses) + 0.6), layout="constrained")
    axes = figure.subplots(len(courses) * contexts, columns, squeeze=False)
    colours = ListedColormap([KIND_LOOKS[kind].colour for kind in _KINDS])
    norm = BoundaryNorm(np.arange(len(_KINDS) + 1) - 0.5, len(_KINDS))
    present = set()
    for axis in axes.flat:
        axis.set_axis_off()
    for row, (condition, course) in enumerate(courses.items()):
        name = f"{store.study.learner_title(condition.learner_label)}, δ = {condition.network.delta:g}"
        for column in range(course.sizes["checkpoint"]):
            at = course.isel(checkpoint=column)
            for context in range(contexts):
                axis, kinds = axes[row * contexts + context, column], at.course_kind.values[context]
                present |= set(kinds.ravel().tolist())
                numbers = np.vectorize(_KINDS.index)(kinds).T
                axis.set_axis_on()
                axis.imshow(numbers, origin="lower", cmap=colours, norm=norm)
                for place, kind in np.ndenumerate(kinds):
                    look = KIND_LOOKS[kind]
                    axis.text(*place, look.letter, ha="center", va="center", fontsize=4.5, color=look.text_colour)
                axis.set_xticks([])
                axis.set_yticks([])
                if column == 0:
                    axis.set_ylabel(f"{name}\n" * (context == 0) + f"context {context + 1}", fontsize=7)
            accuracy = float(at.course_accuracy) if "course_accuracy" in at else float("nan")
            right = f"{100 * accuracy:.0f} % right" if np.isfinite(accuracy) else ""
            axes[row * contexts, column].set_title(f"{int(at.course_updates):,} updates\n{right}", fontsize=7)
    figure.legend(
        handles=[
            Patch(facecolor=KIND_LOOKS[kind].colour, edgecolor="#999999",
                  label=f"{kind} ({KIND_LOOKS[kind].letter})" if KIND_LOOKS[kind].letter else kind)
            for kind in _KINDS if kind in present
        ],
        loc="outside lower center", ncols=6, fontsize=7.5, frameon=False,
        title="in each picture coherence 1 goes to the right and coherence 2 upwards, from −1 to 1", title_fontsize=7.5,
    )  # fmt: skip
    say_left_out(figure, left_out(store))
    return figure
