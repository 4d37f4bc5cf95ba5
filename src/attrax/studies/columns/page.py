"""The page `docs/columns.md`, written from the words that are in the files: ``make columns`` prints it there."""

from collections.abc import Mapping, Sequence

from attrax.studies.columns import ARRAYS, SECTIONS, SUMMARY, Column, Section, Variable
from attrax.studies.columns.axes import BARE_AXES_OF_ARRAYS, BARE_AXES_OF_UNITS

_TOP = f"""# What does this column mean?

Every column of a study's two tables, and every variable of its two files of arrays. They lie in each shard of the
study's folder `DIR` ([what else is in it](studies.md#what-is-in-the-folder)):

| file | holds | in Python |
|---|---|---|
| `DIR/shards/ID/summary.parquet` | [what each network is and became](#summaryparquet) | `study.summary()` |
| `DIR/shards/ID/timing.parquet` | [seconds, machine, versions](#timingparquet) | `study.timing()` |
| `DIR/shards/ID/arrays.nc` | [planes, groups, training, atlases](#arraysnc) | `study.arrays(network)` |
| `DIR/shards/ID/units.nc` | [what units do, what lesions cost](#unitsnc) | `study.units()`, `study.causes()` |

```python
import attrax

study = attrax.studies.open("attrax-out/entropy")  # DIR
table, machines = study.summary(), study.timing()  # pandas, a row per network
arrays = study.arrays(table.network[0])  # xarray, all of one network
units = study.units([table.network[0]], ["unit_information"])  # some networks, some variables
print(arrays.kind.attrs["long_name"])
```

```
{ARRAYS["kind"].meaning}
```

The same words are in the files: as the attributes `long_name` and `units` of each variable, which any reader of netCDF
shows, and as the metadata of each field in Parquet. attrax puts them on what it reads of older files as well.

```python
from attrax.studies.columns import SUMMARY  # and TIMING, ARRAYS, UNITS

print(SUMMARY["frac_locked"].meaning)
```

```
{SUMMARY["frac_locked"].meaning}
```

The unit 1 is that of numbers that have none: shares, counts, ratios, probabilities, activities. Where values are no
numbers, "text" or "true or false" stands in its place.

**Columns that a study adds.** What it varies has a column in the summary, and is a coordinate over `network` of what
the store returns of several networks. It is called by the setting's last name (`entropy_weight`), or by all of it where
that name is taken (`planes.trials`), and its words say that the study varies it. A network to which the setting does
not apply has a missing value there.

**Variables that a learner adds.** The history holds what a learning rule records; a rule of one's own may record more,
under names without words.

**Networks that differ in an axis.** Where the networks of a file differ along an axis X (checkpoints, updates, units),
it has the places of all, and `own_X` over (`network`, X): which places are a network's own, 0, 1, 2... in its order,
and -1 at the others. What `study.arrays(network)` returns has the network's own places only.

`study.summary_at(accuracy=0.8)` and its like have columns of the summary, of a checkpoint; what they add is described
at `attrax.studies.Store.summary_at`.
"""
_ABOUT: Mapping[str, str] = {
    "summary.parquet": "A row per network.",
    "timing.parquet": "A row per network: what depends on the machine, and is no result.",
    "arrays.nc": "Every variable is over `network` first, which is left out below.",
    "units.nc": "Every variable is over `network` first, which is left out below.",
}
_BARE: Mapping[str, Mapping[str, str]] = {"arrays.nc": BARE_AXES_OF_ARRAYS, "units.nc": BARE_AXES_OF_UNITS}


def page() -> str:
    """Return the page's text."""
    parts = [_TOP]
    for file, sections in SECTIONS.items():
        parts.append(f"## {file}\n\n{_ABOUT[file]}\n")
        parts += [_section(section) for section in sections]
        if file in _BARE:
            rows = [f"| `{name}` | {meaning} |" for name, meaning in _BARE[file].items()]
            head = "Axes that have no coordinate, whose places are counted from 0:\n\n| axis | goes over |\n|---|---|\n"
            parts.append(head + "\n".join(rows) + "\n")
    return "\n".join(parts)


def _section(section: Section[Column] | Section[Variable]) -> str:
    named: Sequence[tuple[str, Column]] = list(section.columns.items())
    arrays = isinstance(named[0][1], Variable)
    head = ("variable", "over", "unit", "meaning") if arrays else ("column", "unit", "meaning")
    about = [f"{_about(section, arrays)}\n"] if arrays or section.switch else []
    rows = [_row(name, said) for name, said in named]
    return "\n".join([f"### {section.title}\n", *about, _line(head), "|---" * len(head) + "|", *rows, ""])


def _about(section: Section[Column] | Section[Variable], arrays: bool) -> str:
    """Say how to get a section of arrays, and what must be switched on for it."""
    network = "network" if section.method == "arrays" else ""
    got = f"`study.{section.method}({network})`" if arrays else ""
    if section.switch is None:
        return f"{got}."
    table, setting = section.switch
    where = f"where the study has `{setting} = true` under `[{table}]`."
    return f"{got}, {where}" if arrays else f"W{where[1:]}"


def _row(name: str, said: Column) -> str:
    cells = [f"`{name}`", said.unit, said.meaning.replace("|", "\\|")]
    if isinstance(said, Variable):
        over = [f"`{dim}`" for dim in said.dims if dim != "network" or said.dims == (name,)]
        cells.insert(1, ", ".join(over))
    return _line(cells)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    print(page(), end="")
