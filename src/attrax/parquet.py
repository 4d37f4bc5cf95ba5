"""Tables as Parquet, read and written in memory and on the calling thread alone.

pyarrow's own threads hold Python objects (the file that they read from). One that lets go of such an object after the
interpreter has begun to shut down takes the process with it: ``terminate called without an active exception``, and exit
status 134 in the place of whatever the program had to say. So nothing here leaves work to them.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


def read_table(content: bytes | memoryview) -> "pa.Table":
    """Return the table that a Parquet file's content holds.

    Raises
    ------
    pyarrow.ArrowInvalid
        If it is no Parquet.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    # pq.read_table goes through Arrow's datasets, which scan on threads of their own whatever they are told.
    with pq.ParquetFile(pa.BufferReader(content), pre_buffer=False) as file:
        return file.read(use_threads=False)


def to_frame(table: "pa.Table") -> "pd.DataFrame":
    """Return a table as a data frame."""
    frame: pd.DataFrame = table.to_pandas(use_threads=False)
    return frame


def table_as_bytes(
    table: "pa.Table", metadata: Mapping[str, str] | None = None, compression: str = "snappy"
) -> memoryview:
    """Return a table as the content of a Parquet file; `metadata` takes the place of what the table carries."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(
        table if metadata is None else table.replace_schema_metadata(metadata), sink, compression=compression
    )
    return memoryview(sink.getvalue())


def frame_as_bytes(frame: "pd.DataFrame", attributes: Mapping[str, Mapping[str, str]] | None = None) -> memoryview:
    """Return a data frame as the content of a Parquet file, without its index.

    Parameters
    ----------
    frame
        The table.
    attributes
        Column to the metadata of its field.
    """
    import pyarrow as pa

    table = pa.Table.from_pandas(frame, preserve_index=False, nthreads=1)
    of = attributes or {}
    fields = [field.with_metadata(of[field.name]) if field.name in of else field for field in table.schema]
    return table_as_bytes(table.cast(pa.schema(fields, table.schema.metadata)))
