"""A table with every type of each engine: makes the SQLite files, and judges what was exported.

Rows are (declared type, physical type, logical type, values and what they read back as), typed from
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ExportSnapshot.data-types.html
"""

import datetime
import glob
import json
import sqlite3
import sys
from decimal import Decimal

import pyarrow.parquet as parquet

NONE, STRING = "None", "String"
SHORT = "Int(bitWidth=16, isSigned=true)"
STAMP = "Timestamp(isAdjustedToUTC=true, timeUnit=microseconds, is_from_converted_type=false, force_set_converted_type=false)"


def decimal(precision, scale):
    return f"Decimal(precision={precision}, scale={scale})"


def utc(*parts):
    return datetime.datetime(*parts, tzinfo=datetime.timezone.utc)


def same(*values):
    return [(value, value) for value in values]


BIGS = same(-(2**63), 2**63 - 1, 0)
INTS = same(-(2**31), 2**31 - 1)
TEXTS = same("", "日本語 𝄞", "a\x00b", "line\nbreak")
BYTES = [(b"", b""), (b"\x00\xff", b"\x00\xff"), ("abc", b"abc")]
DATES = same("0001-01-01", "9999-12-31")
STAMPS = [
    ("1970-01-01 00:00:00", utc(1970, 1, 1)),
    ("1000-01-01 00:00:00", utc(1000, 1, 1)),
    ("9999-12-31 23:59:59.999999", utc(9999, 12, 31, 23, 59, 59, 999999)),
    ("2013-01-01T05:00:00.25Z", utc(2013, 1, 1, 5, 0, 0, 250000)),
    (1357016400, utc(2013, 1, 1, 5)),
]

MYSQL = [
    ("BIGINT", "INT64", NONE, BIGS),
    ("BIGINT UNSIGNED", "FIXED_LEN_BYTE_ARRAY(9)", decimal(20, 0), [(2**63 - 1, Decimal(2**63 - 1))]),
    ("SERIAL", "FIXED_LEN_BYTE_ARRAY(9)", decimal(20, 0), [(1, Decimal(1))]),
    ("BIT(1)", "BYTE_ARRAY", NONE, [(1, b"\x01"), (0, b"\x00")]),
    ("BIT(12)", "BYTE_ARRAY", NONE, [(4095, b"\x0f\xff")]),
    ("DECIMAL(9,2)", "INT32", decimal(9, 2), [(-9999999.99, Decimal("-9999999.99")), (1, Decimal("1.00"))]),
    ("DECIMAL(10,2)", "INT64", decimal(10, 2), [("12.3", Decimal("12.30")), (0.125, Decimal("0.13"))]),
    ("NUMERIC(18,0)", "INT64", decimal(18, 0), [(10**18 - 1, Decimal(10**18 - 1))]),
    ("DECIMAL(19,0)", "FIXED_LEN_BYTE_ARRAY(9)", decimal(19, 0), [(2**63 - 1, Decimal(2**63 - 1))]),
    ("DECIMAL(38,10)", "FIXED_LEN_BYTE_ARRAY(16)", decimal(38, 10), [(b"1234567890123456789012345678.0123456789", None)]),
    ("DECIMAL(65,30)", "BYTE_ARRAY", STRING, [(1.5, "1.500000000000000000000000000000")]),
    ("DOUBLE", "DOUBLE", NONE, same(0.1, -1.7976931348623157e308, 5e-324)),
    ("FLOAT", "DOUBLE", NONE, same(1.5)),
    ("INT", "INT32", NONE, INTS),
    ("INT UNSIGNED", "INT64", NONE, same(2**32 - 1)),
    ("MEDIUMINT", "INT32", NONE, same(-(2**23))),
    ("MEDIUMINT UNSIGNED", "INT64", NONE, same(2**24 - 1)),
    ("REAL", "DOUBLE", NONE, same(2.5)),
    ("SMALLINT", "INT32", NONE, same(-32768)),
    ("SMALLINT UNSIGNED", "INT32", NONE, same(65535)),
    ("TINYINT", "INT32", NONE, same(-128, 127)),
    ("TINYINT(1)", "INT32", NONE, same(0, 1)),
    ("BOOLEAN", "INT32", NONE, same(0, 1)),
    ("TINYINT UNSIGNED", "INT32", SHORT, same(255)),
    ("BINARY(2)", "BYTE_ARRAY", NONE, BYTES),
    ("BLOB", "BYTE_ARRAY", NONE, BYTES),
    ("LONGBLOB", "BYTE_ARRAY", NONE, BYTES),
    ("CHAR(3)", "BYTE_ARRAY", NONE, [("日本", "日本".encode()), (7, b"7")]),
    ("ENUM('a','b')", "BYTE_ARRAY", STRING, same("a")),
    ("POINT", "BYTE_ARRAY", NONE, [(b"\x01\x02", b"\x01\x02")]),
    ("JSON", "BYTE_ARRAY", STRING, same('{"a": [1, null]}')),
    ("SET('a','b')", "BYTE_ARRAY", STRING, same("a,b")),
    ("TEXT", "BYTE_ARRAY", STRING, TEXTS),
    ("LONGTEXT", "BYTE_ARRAY", STRING, same("x" * 100_000)),
    ("VARBINARY(9)", "BYTE_ARRAY", NONE, BYTES),
    ("VARCHAR(40)", "BYTE_ARRAY", STRING, TEXTS),
    ("DATE", "BYTE_ARRAY", STRING, DATES + same("0000-00-00")),
    ("DATETIME(6)", "INT64", STAMP, STAMPS),
    ("TIME", "BYTE_ARRAY", STRING, same("-838:59:59", "12:00:00")),
    ("TIMESTAMP", "INT64", STAMP, STAMPS),
    ("YEAR", "INT32", NONE, same(1901, 2155)),
]

POSTGRESQL = [
    ("integer[]", "BYTE_ARRAY", STRING, same("{1,NULL,3}")),
    ("bigint", "INT64", NONE, BIGS),
    ("bigserial", "INT64", NONE, same(1)),
    ("bit varying(8)", "BYTE_ARRAY", STRING, same("b101")),
    ("boolean", "BOOLEAN", NONE, [(1, True), (0, False), ("t", True)]),
    ("bytea", "BYTE_ARRAY", NONE, BYTES),
    ("character(3)", "BYTE_ARRAY", STRING, same("abc")),
    ("character varying(9)", "BYTE_ARRAY", STRING, TEXTS),
    ("date", "BYTE_ARRAY", STRING, DATES + same("infinity", "0044-03-15 BC")),
    ("double precision", "DOUBLE", NONE, same(0.1, float("inf"), float("-inf"))),
    ("my_enum", "BYTE_ARRAY", STRING, same("ok")),
    ("inet", "BYTE_ARRAY", STRING, same("10.0.0.0/8")),
    ("integer", "INT32", NONE, INTS),
    ("interval", "BYTE_ARRAY", STRING, same("1 day 02:00:00")),
    ("jsonb", "BYTE_ARRAY", STRING, same('{"a": 1}')),
    ("money", "BYTE_ARRAY", STRING, same("$1.00")),
    ("numeric(10,2)", "BYTE_ARRAY", STRING, [(12.3, "12.30"), (-5, "-5.00"), ("NaN", "NaN")]),
    ("numeric", "BYTE_ARRAY", STRING, [(12.25, "12.25"), (7, "7")]),
    ("real", "FLOAT", NONE, same(1.5)),
    ("smallint", "INT32", SHORT, same(-32768, 32767)),
    ("smallserial", "INT32", SHORT, same(1)),
    ("serial", "INT32", NONE, same(1)),
    ("text", "BYTE_ARRAY", STRING, TEXTS),
    ("time", "BYTE_ARRAY", STRING, same("05:00:00")),
    ("timestamp", "BYTE_ARRAY", STRING, [("2013-01-01T05:00:00", "2013-01-01 05:00:00"), (0, "1970-01-01 00:00:00")]),
    ("timestamp(3) with time zone", "BYTE_ARRAY", STRING, [("2013-01-01 05:00:00.5+01:00", "2013-01-01 04:00:00.5+00")]),
    ("tsvector", "BYTE_ARRAY", STRING, same("'a':1")),
    ("uuid", "BYTE_ARRAY", STRING, same("00000000-0000-0000-0000-000000000001")),
    ("xml", "BYTE_ARRAY", STRING, same("<a/>")),
]

ENGINES = {"mysql": ("db", MYSQL), "postgres": ("public", POSTGRESQL)}


def quoted(declared):
    """SQLite takes any text as a type, when it is in quotes."""
    return '"' + declared + '"'


def make():
    for engine, (_, rows) in ENGINES.items():
        source = sqlite3.connect(f"{engine}.sqlite")
        columns = ", ".join(f"c{number} {quoted(row[0])}" for number, row in enumerate(rows))
        source.execute(f"CREATE TABLE every_type ({columns})")
        # A row of NULLs, then each column's values beside NULLs.
        source.execute("INSERT INTO every_type DEFAULT VALUES")
        for number, row in enumerate(rows):
            for value, _ in row[3]:
                source.execute(f"INSERT INTO every_type (c{number}) VALUES (?)", (value,))
        source.commit()


def check():
    for engine, (schema, rows) in ENGINES.items():
        folder = f"exports/{engine}/db/{schema}.every_type/1"
        (file,) = glob.glob(f"{folder}/part-00000-*-c000.gz.parquet")
        found = parquet.ParquetFile(file)
        (manifest,) = glob.glob(f"exports/{engine}/export_tables_info_{engine}_from_1_to_1.json")
        status = json.load(open(manifest))["perTableStatus"][0]
        mappings = status["schemaMetadata"]["originalTypeMappings"]
        data = found.read().to_pydict()
        assert len(rows) == len(found.schema) == len(mappings)
        for number, (declared, physical, logical, values) in enumerate(rows):
            column = found.schema.column(number)
            what = f"{engine} {declared}"
            length = f"({column.length})" if column.physical_type.startswith("FIXED") else ""
            assert column.physical_type + length == physical, (what, column)
            assert str(column.logical_type) == logical, (what, str(column.logical_type))
            chunk = found.metadata.row_group(0).column(number)
            assert chunk.compression == "GZIP" and chunk.is_stats_set, what
            expected = [Decimal(value.decode()) if read is None else read for value, read in values]
            got = [value for value in data[f"c{number}"] if value is not None]
            assert got == expected, (what, got, expected)
            assert data[f"c{number}"].count(None) == found.metadata.num_rows - len(values), what
            primitive = mappings[number]["expectedExportedType"].split(" ")[0]
            names = {"BYTE_ARRAY": "binary"}.get(physical, physical.lower())
            assert primitive == names, (what, mappings[number])


{"make": make, "check": check}[sys.argv[1]]()
