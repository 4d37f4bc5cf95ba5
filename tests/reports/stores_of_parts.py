"""Stores that have some of the parts of another one: nothing is trained, and nothing computed again."""

from collections.abc import Callable
from functools import lru_cache

from attrax.analyses.perturbations import perturbation_summary
from attrax.analyses.unit_analysis import unit_summary
from attrax.reports.pages.pictures import ASKED_BY
from attrax.studies import Store, parse_study
from attrax.studies.packing import unpack
from attrax.studies.shards import NetworkResult, write_shard

OPTIONAL = tuple(dict.fromkeys(ASKED_BY.values()))
"""The settings of a study that ask for a part of the report."""
_ARRAYS = {"planes.atlas": ("atlas_", "course_atlas"), "planes.course": ("course_",)}
_UNITS = {
    "populations.units": ("unit_", "units_course_", "balance_", "connectivity_"),
    "populations.causes": ("cause_",),
}


def text_with(parts, text):
    """The text of a study that has all parts, with these alone."""
    for setting in OPTIONAL:
        name = setting.rpartition(".")[2]
        assert text.count(f"\n{name} = true\n") == 1
        text = text.replace(f"\n{name} = true\n", f"\n{name} = {str(setting in parts).lower()}\n")
    return text


def store_with(directory, source, text, change: Callable = lambda condition, result: result, finished=None):
    """Write a store of a study as if its networks had come out as those of another, which has every part.

    `change` gets a condition and its result, a `NetworkResult`, and returns another one. `finished` networks are there.
    """
    study = parse_study(text)
    directory.mkdir(parents=True)
    (directory / "study.toml").write_text(study.to_toml(), encoding="utf-8")
    origins = {origin.learner_label: origin for origin in source.conditions}
    shards = {}
    for condition in study.conditions()[:finished]:
        result = change(condition, _as(condition, origins[condition.learner_label], source))
        shards.setdefault(condition.treatment, []).append(result)
    for results in shards.values():
        write_shard(directory, results)
    return Store(directory)


@lru_cache(maxsize=1)
def _read(source):
    """All that a store has, by network: it is slow to open, and read for store after store."""
    rows, timing = (table.set_index("network", drop=False) for table in (source.summary(), source.timing()))
    units = {name: unpack(shard.units(), name) for shard in source.shards for name in shard.units().network.values}
    return {
        name: (
            rows.loc[name].to_dict(),
            timing.loc[name].to_dict(),
            source.arrays(name),
            source.networks(name),
            units[name],
        )
        for name in rows.index
    }


def _as(condition, origin, source):
    """What is stored of a network, as that of another condition with the parts that this one asks for."""
    planes, populations = condition.planes, condition.populations
    asked = {
        "planes.atlas": planes.atlas, "planes.course": planes.course,
        "populations.units": populations.units, "populations.causes": populations.causes,
    }  # fmt: skip
    assert set(asked) == set(OPTIONAL)
    without = [setting for setting, there in asked.items() if not there]
    own = {"network": [condition.identity]}
    row, timing, all_arrays, networks, all_units = _read(source)[origin.identity]
    row, timing = ({**each, "network": condition.identity} for each in (row, timing))
    columns = {
        "planes.atlas": [name for name in row if name.startswith("atlas_")],
        "planes.course": [name for name in row if name.startswith("first_quasi_")],
        "populations.units": list(unit_summary(all_units.isel(network=0))),
        "populations.causes": list(perturbation_summary(all_units.isel(network=0))),
    }
    row |= condition.factors
    for setting in without:
        for name in columns[setting]:
            row.pop(name)
    arrays = _without(all_arrays, [start for s in without for start in _ARRAYS.get(s, ())])
    arrays = arrays.sel(stage=list(planes.stages))
    units = _without(all_units, [start for setting in without for start in _UNITS.get(setting, ())])
    return NetworkResult(
        condition.identity, condition.settings, row, timing, arrays.assign_coords(own),
        networks, units.assign_coords(own) if len(units.data_vars) else None,
    )  # fmt: skip


def _without(dataset, starts):
    dropped = dataset.drop_vars([name for name in dataset.data_vars if str(name).startswith(tuple(starts))])
    used = {dim for variable in dropped.data_vars.values() for dim in variable.dims} | {"network"}
    return dropped.drop_dims([dim for dim in dropped.dims if dim not in used])
