"""Parquet: the table of the CSV with its types, a row group at a time."""

from typing import Any, BinaryIO, ClassVar, final

import msgspec

from dltlab.exports.abstract import AbstractExport, Progress, Wanted
from dltlab.exports.columns import columns, numbers
from dltlab.exports.exported import Exported
from dltlab.exports.gathering import gathered
from dltlab.exports.lines import facts
from dltlab.exports.rows import chosen, told


@final
class Parquet(AbstractExport):
    """A table for pandas, Polars, DuckDB and Arrow, with the columns of the CSV.

    A column has the recording's own dtype, bit for bit; it is null where its series was not read, so that
    a reading of NaN is told from none. What the session is stands as JSON in the file's metadata, under
    ``dltlab``.
    """

    name: ClassVar[str] = "parquet"
    says: ClassVar[str] = "the same table with its types, for pandas, Polars and DuckDB"
    patterns: ClassVar[tuple[str, ...]] = ("*.parquet", "*.pq")
    takes: ClassVar[frozenset[str]] = frozenset({"series"})
    text: ClassVar[bool] = False
    extra: ClassVar[str] = "parquet"
    modules: ClassVar[tuple[str, ...]] = ("pyarrow",)

    def write(self, session: Exported, out: BinaryIO, wanted: Wanted, progress: Progress) -> None:
        """Write a row group whenever enough rows have come."""
        # Imported here: it is optional, and takes half a second.
        import pyarrow as pa
        from pyarrow import parquet

        series = chosen(session, wanted.series)
        flat = columns(session.header, series)
        fields: list[Any] = [pa.field("step", pa.int64(), nullable=False)]
        fields += [pa.field(column.name, pa.from_numpy_dtype(column.dtype)) for column in flat]
        schema = pa.schema(fields, metadata={"dltlab": msgspec.json.encode(facts(session.header))})
        with parquet.ParquetWriter(out, schema, compression="zstd") as writer:
            for rows in gathered(told(session, series, progress)):
                arrays = [pa.array(rows.steps)]
                for (there, values), field in zip(numbers(rows, flat), fields[1:], strict=True):
                    arrays.append(pa.array(values, type=field.type, mask=None if there.all() else ~there))
                writer.write_table(pa.table(arrays, schema=schema), row_group_size=len(rows.steps))
