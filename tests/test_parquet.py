"""Tables in memory: what is written is read back, with its types."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from attrax.parquet import frame_as_bytes, read_table, table_as_bytes, to_frame

FRAME = pd.DataFrame({"a": [1, 2], "b": ["δ", ""], "c": [True, False], "d": [0.5, np.nan]})


def test_a_frame_is_read_back_as_it_was():
    assert to_frame(read_table(frame_as_bytes(FRAME))).equals(FRAME)


def test_the_bytes_are_those_that_pandas_writes():
    assert bytes(frame_as_bytes(FRAME)) == FRAME.to_parquet(index=False)


def test_metadata_take_the_place_of_what_a_table_carries():
    table = pa.table({"a": [1]}, metadata={"old": "1"})
    read = read_table(table_as_bytes(table, {"made_for": "this"}, compression="zstd"))
    assert read.schema.metadata == {b"made_for": b"this"}


def test_what_is_no_table_is_an_error():
    with pytest.raises(pa.ArrowInvalid):
        read_table(b"nothing")
