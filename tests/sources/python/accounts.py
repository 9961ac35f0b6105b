"""Whether the accounts' export is of one moment: transfers keep the sum, and each has its receipt."""

import glob
import sys

import pyarrow
import pyarrow.compute
import pyarrow.parquet as parquet

engine = sys.argv[1]


def table(name):
    files = glob.glob(f"exports/{engine}/db/*.{name}/*/*.parquet")
    return pyarrow.concat_tables(parquet.ParquetFile(file).read() for file in files)


accounts, transfers, receipts = table("accounts"), table("transfers"), table("receipts")
ids = accounts["id"].to_pylist()
assert len(ids) == len(set(ids)) and sorted(ids) == list(range(1, len(ids) + 1)), "rows lost or twice"
total = pyarrow.compute.sum(accounts["balance"]).as_py()
assert total == 100 * len(ids), (total, len(ids))
assert transfers.num_rows == receipts.num_rows, (transfers.num_rows, receipts.num_rows)
