"""Shards of networks that took no training, for tests of what keeps and reads them."""

import numpy as np
import xarray as xr

from attrax.learning.compiled_training import initial_network
from attrax.networks import NetworkSettings
from attrax.studies.shards import NetworkResult, write_shard
from attrax.studies.study_folder import make_folder, write_study


def made_up(condition, **columns):
    """Return what is kept of a network with a condition's name; `columns` are added to its row of the summary."""
    row = {"network": condition.identity, **condition.factors, "accuracy": 0.5, **columns}
    arrays = xr.Dataset({"kind": ("point", np.array(["fixed point"]))}).expand_dims(network=[condition.identity])
    network = initial_network(condition.task, NetworkSettings(delta=0.3, n_hidden=2), 0)
    timing = {"network": condition.identity, "seconds": 1.0}
    return NetworkResult(condition.identity, condition.settings, row, timing, arrays, {"final": network})


def made_up_study(directory, study, **columns):
    """Write a study's folder in which every network is finished, each in a shard of its own."""
    make_folder(directory)
    write_study(directory, study)
    return [write_shard(directory, [made_up(condition, **columns)]) for condition in study.conditions()]
