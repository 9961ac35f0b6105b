"""A table with every type of each engine: makes its SQL, and judges what was exported.

Rows are (declared type, physical type, logical type, values as SQL and what they read back as), typed
from https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ExportSnapshot.data-types.html and
from the engines' manuals.
"""

import datetime
import glob
import json
import math
import struct
import sys
from decimal import Decimal

import pyarrow
import pyarrow.parquet as parquet

NONE, STRING = "None", "String"
SHORT = "Int(bitWidth=16, isSigned=true)"
STAMP = "Timestamp(isAdjustedToUTC=true, timeUnit=microseconds, is_from_converted_type=false, force_set_converted_type=false)"


def decimal(precision, scale):
    return f"Decimal(precision={precision}, scale={scale})"


def utc(*parts):
    return datetime.datetime(*parts, tzinfo=datetime.timezone.utc)


def numbers(*values):
    return [(f"'{value}'", value) for value in values]


def texts(*values):
    return [("'" + value.replace("'", "''") + "'", value) for value in values]


def single(value):
    return struct.unpack("f", struct.pack("f", value))[0]


WORDS = texts("", "日本語 𝄞", "it's", "line\nbreak\ttab\\slash", "\\N", " blanks ")
NINES = "9" * 38

POSTGRES_BEFORE = """
CREATE TYPE mood AS ENUM ('sad', 'happy 𝄞');
CREATE DOMAIN positive AS int CHECK (value > 0);
CREATE DOMAIN feeling AS mood;
CREATE DOMAIN day AS date;
CREATE DOMAIN list AS int[];
CREATE TYPE pair AS (a int, b text);
CREATE TYPE span AS RANGE (subtype = float8);
CREATE EXTENSION IF NOT EXISTS hstore;
CREATE EXTENSION IF NOT EXISTS citext;
"""

POSTGRES = [
    ("smallint", "INT32", SHORT, numbers(-32768, 32767, 0)),
    ("integer", "INT32", NONE, numbers(-(2**31), 2**31 - 1)),
    ("bigint", "INT64", NONE, numbers(-(2**63), 2**63 - 1)),
    ("smallserial", "INT32", SHORT, numbers(1)),
    ("serial", "INT32", NONE, numbers(1)),
    ("bigserial", "INT64", NONE, numbers(1)),
    ("boolean", "BOOLEAN", NONE, [("true", True), ("false", False)]),
    ("real", "FLOAT", NONE, [("'1.1'", single(1.1)), ("'NaN'", math.nan), ("'-Infinity'", -math.inf), ("'3.4028235e38'", single(3.4028235e38)), ("'1e-45'", single(1e-45))]),
    ("double precision", "DOUBLE", NONE, [("'0.1'", 0.1), ("'NaN'", math.nan), ("'Infinity'", math.inf), ("'-1.7976931348623157e308'", -1.7976931348623157e308), ("'5e-324'", 5e-324)]),
    ("bytea", "BYTE_ARRAY", NONE, [("''", b""), ("'\\x00ff'", b"\x00\xff")]),
    ("numeric", "BYTE_ARRAY", STRING, texts(NINES, "-" + NINES, "0." + "0" * 37 + "1", "NaN", "Infinity", "-Infinity", "0", "0.00", "10000", "1000000000000.0001", "-0.5")),
    ("numeric(38,10)", "BYTE_ARRAY", STRING, [("'1234567890123456789012345678.0123456789'", "1234567890123456789012345678.0123456789"), ("'1'", "1.0000000000")]),
    ("numeric(3,-2)", "BYTE_ARRAY", STRING, [("12345", "12300")]),
    ("money", "BYTE_ARRAY", STRING, [("'-1234.5'", "-$1,234.50")]),
    ("text", "BYTE_ARRAY", STRING, WORDS),
    ("character varying(20)", "BYTE_ARRAY", STRING, WORDS),
    ("character varying", "BYTE_ARRAY", STRING, texts("x" * 100_000)),
    ("character(3)", "BYTE_ARRAY", STRING, [("'a'", "a  "), ("'𝄞'", "𝄞  ")]),
    ('"char"', "BYTE_ARRAY", STRING, texts("x")),
    ("name", "BYTE_ARRAY", STRING, texts("a name")),
    ("citext", "BYTE_ARRAY", STRING, texts("Ab")),
    ("date", "BYTE_ARRAY", STRING, texts("2024-02-29", "0001-01-01", "9999-12-31", "infinity", "-infinity", "0044-03-15 BC", "0001-12-31 BC", "4713-01-01 BC", "10000-01-01", "5874897-12-31")),
    ("time", "BYTE_ARRAY", STRING, texts("00:00:00", "24:00:00", "23:59:59.999999")),
    ("time(3) with time zone", "BYTE_ARRAY", STRING, texts("12:00:00.5+05:30")),
    ("timestamp", "BYTE_ARRAY", STRING, texts("2024-02-29 12:34:56", "2024-02-29 12:34:56.7", "infinity", "-infinity", "0044-03-15 12:00:00 BC", "294276-12-31 23:59:59.999999", "1999-12-31 23:59:59.999999")),
    ("timestamp(3) with time zone", "BYTE_ARRAY", STRING, [("'2013-01-01 05:00:00.5+01:00'", "2013-01-01 04:00:00.5+00"), ("'0044-03-15 12:00:00+00 BC'", "0044-03-15 12:00:00+00 BC"), ("'infinity'", "infinity")]),
    ("interval", "BYTE_ARRAY", STRING, texts("1 year 2 mons -3 days +04:05:06.7", "00:00:00")),
    ("interval day to second(2)", "BYTE_ARRAY", STRING, texts("1 day 02:00:00.25")),
    ("uuid", "BYTE_ARRAY", STRING, texts("00000000-0000-0000-0000-0000000000af")),
    ("json", "BYTE_ARRAY", STRING, texts('{"a":  [1, null, "𝄞"]}')),
    ("jsonb", "BYTE_ARRAY", STRING, [("'{\"b\":1,  \"a\":[null]}'", '{"a": [null], "b": 1}')]),
    ("xml", "BYTE_ARRAY", STRING, texts("<a>é</a>")),
    ("inet", "BYTE_ARRAY", STRING, texts("10.0.0.1", "10.0.0.0/8", "::1")),
    ("cidr", "BYTE_ARRAY", STRING, texts("10.0.0.0/8")),
    ("macaddr", "BYTE_ARRAY", STRING, texts("08:00:2b:01:02:03")),
    ("macaddr8", "BYTE_ARRAY", STRING, texts("08:00:2b:01:02:03:04:05")),
    ("bit(4)", "BYTE_ARRAY", STRING, texts("0101")),
    ("bit varying(8)", "BYTE_ARRAY", STRING, texts("101", "")),
    ("point", "BYTE_ARRAY", STRING, texts("(1,-2.5)")),
    ("line", "BYTE_ARRAY", STRING, texts("{1,2,3}")),
    ("lseg", "BYTE_ARRAY", STRING, texts("[(0,0),(1,1)]")),
    ("box", "BYTE_ARRAY", STRING, texts("(1,1),(0,0)")),
    ("path", "BYTE_ARRAY", STRING, texts("[(0,0),(1,1)]")),
    ("polygon", "BYTE_ARRAY", STRING, texts("((0,0),(1,1),(1,0))")),
    ("circle", "BYTE_ARRAY", STRING, texts("<(0,0),1>")),
    ("tsvector", "BYTE_ARRAY", STRING, texts("'a':1 'b':2")),
    ("tsquery", "BYTE_ARRAY", STRING, texts("'a' & 'b'")),
    ("pg_lsn", "BYTE_ARRAY", STRING, texts("16/B374D848")),
    ("oid", "BYTE_ARRAY", STRING, texts("4294967295")),
    ("regtype", "BYTE_ARRAY", STRING, texts("integer")),
    ("integer[]", "BYTE_ARRAY", STRING, texts("{1,NULL,3}", "{}", "[0:1]={1,2}")),
    ("text[][]", "BYTE_ARRAY", STRING, texts('{{a,"b c"},{"\\"",NULL}}')),
    ("timestamp[]", "BYTE_ARRAY", STRING, texts('{"2024-02-29 00:00:00"}')),
    ("int4range", "BYTE_ARRAY", STRING, texts("[1,5)", "empty", "(,)")),
    ("tstzrange", "BYTE_ARRAY", STRING, texts('["2024-01-01 00:00:00+00",infinity)')),
    ("int8multirange", "BYTE_ARRAY", STRING, texts("{[1,2),[5,9)}")),
    ("span", "BYTE_ARRAY", STRING, texts("[0.5,1.5)")),
    ("mood", "BYTE_ARRAY", STRING, texts("happy 𝄞")),
    ("mood[]", "BYTE_ARRAY", STRING, texts('{sad,"happy 𝄞"}')),
    ("positive", "BYTE_ARRAY", STRING, texts("5")),
    ("feeling", "BYTE_ARRAY", STRING, texts("sad")),
    ("day", "BYTE_ARRAY", STRING, texts("2024-02-29", "infinity")),
    ("list", "BYTE_ARRAY", STRING, texts("{1,2}")),
    ("pair", "BYTE_ARRAY", STRING, texts('(1,"a ""b"" c")', "(,)")),
    ("pair[]", "BYTE_ARRAY", STRING, texts('{"(1,x)"}')),
    ("hstore", "BYTE_ARRAY", STRING, texts('"a"=>"1"')),
]

MARIADB_BEFORE = "SET sql_mode = '', time_zone = '+00:00';\n"

BYTES = [("''", b""), ("x'00ff'", b"\x00\xff")]
MARIADB_WORDS = [(sql.replace("\\", "\\\\"), value) for sql, value in WORDS]

MARIADB = [
    ("BIGINT", "INT64", NONE, numbers(-(2**63), 2**63 - 1)),
    ("BIGINT UNSIGNED", "FIXED_LEN_BYTE_ARRAY(9)", decimal(20, 0), [("18446744073709551615", Decimal(2**64 - 1)), ("0", Decimal(0))]),
    ("BIT(1)", "BYTE_ARRAY", NONE, [("1", b"\x01"), ("0", b"\x00")]),
    ("BIT(12)", "BYTE_ARRAY", NONE, [("4095", b"\x0f\xff")]),
    ("BIT(64)", "BYTE_ARRAY", NONE, [("18446744073709551615", b"\xff" * 8)]),
    ("DECIMAL(9,2)", "INT32", decimal(9, 2), [("-9999999.99", Decimal("-9999999.99")), ("1", Decimal("1.00"))]),
    ("DECIMAL(18,4)", "INT64", decimal(18, 4), [("12.3", Decimal("12.3000"))]),
    ("DECIMAL(10,2) UNSIGNED ZEROFILL", "INT64", decimal(10, 2), [("12.5", Decimal("12.50"))]),
    ("DECIMAL(38,10)", "FIXED_LEN_BYTE_ARRAY(16)", decimal(38, 10), [("-1234567890123456789012345678.0123456789", Decimal("-1234567890123456789012345678.0123456789"))]),
    ("NUMERIC(38,0)", "FIXED_LEN_BYTE_ARRAY(16)", decimal(38, 0), [(NINES, Decimal(NINES))]),
    ("DECIMAL(65,30)", "BYTE_ARRAY", STRING, [("1.5", "1.5" + "0" * 29), ("-" + "9" * 35 + "." + "9" * 30, "-" + "9" * 35 + "." + "9" * 30)]),
    ("FLOAT", "DOUBLE", NONE, [("1.1", single(1.1)), ("-3.40282e38", single(-3.40282e38))]),
    ("DOUBLE", "DOUBLE", NONE, [("0.1", 0.1), ("-1.7976931348623157e308", -1.7976931348623157e308), ("2.2250738585072014e-308", 2.2250738585072014e-308)]),
    ("INT", "INT32", NONE, numbers(-(2**31), 2**31 - 1)),
    ("INT UNSIGNED", "INT64", NONE, numbers(2**32 - 1)),
    ("INT(10) UNSIGNED ZEROFILL", "INT64", NONE, numbers(42)),
    ("MEDIUMINT", "INT32", NONE, numbers(-(2**23), 2**23 - 1)),
    ("MEDIUMINT UNSIGNED", "INT64", NONE, numbers(2**24 - 1)),
    ("SMALLINT", "INT32", NONE, numbers(-32768, 32767)),
    ("SMALLINT UNSIGNED", "INT32", NONE, numbers(65535)),
    ("TINYINT", "INT32", NONE, numbers(-128, 127)),
    ("TINYINT(1)", "INT32", NONE, numbers(0, 1)),
    ("TINYINT UNSIGNED", "INT32", SHORT, numbers(255)),
    ("YEAR", "INT32", NONE, numbers(1901, 2155) + [("0", 0)]),
    ("CHAR(5)", "BYTE_ARRAY", NONE, [("'ab '", b"ab"), ("'日本'", "日本".encode()), ("''", b"")]),
    ("VARCHAR(40)", "BYTE_ARRAY", STRING, MARIADB_WORDS),
    ("VARCHAR(40) CHARACTER SET latin1", "BYTE_ARRAY", STRING, [("'café'", "café")]),
    ("TINYTEXT", "BYTE_ARRAY", STRING, MARIADB_WORDS),
    ("TEXT", "BYTE_ARRAY", STRING, MARIADB_WORDS),
    ("TEXT CHARACTER SET utf16", "BYTE_ARRAY", STRING, MARIADB_WORDS),
    ("MEDIUMTEXT", "BYTE_ARRAY", STRING, texts("x" * 100_000)),
    ("LONGTEXT", "BYTE_ARRAY", STRING, MARIADB_WORDS),
    ("JSON", "BYTE_ARRAY", STRING, texts('{"a": [1, null, "𝄞"]}')),
    ("ENUM('a','b c')", "BYTE_ARRAY", STRING, texts("b c")),
    ("SET('a','b')", "BYTE_ARRAY", STRING, texts("a,b", "")),
    ("BINARY(3)", "BYTE_ARRAY", NONE, [("x'ff'", b"\xff\x00\x00")]),
    ("VARBINARY(9)", "BYTE_ARRAY", NONE, BYTES),
    ("TINYBLOB", "BYTE_ARRAY", NONE, BYTES),
    ("BLOB", "BYTE_ARRAY", NONE, BYTES),
    ("LONGBLOB", "BYTE_ARRAY", NONE, BYTES),
    ("POINT", "BYTE_ARRAY", NONE, [("POINT(1, 2)", struct.pack("<IBIdd", 0, 1, 1, 1, 2))]),
    ("GEOMETRY", "BYTE_ARRAY", NONE, [("ST_GeomFromText('POINT(1 2)', 4326)", struct.pack("<IBIdd", 4326, 1, 1, 1, 2))]),
    ("DATE", "BYTE_ARRAY", STRING, texts("0000-00-00", "2024-00-00", "1000-01-01", "9999-12-31")),
    ("TIME", "BYTE_ARRAY", STRING, texts("-838:59:59", "838:59:59", "00:00:00")),
    ("TIME(3)", "BYTE_ARRAY", STRING, [("'12:00:00.5'", "12:00:00.500")]),
    ("DATETIME", "INT64", STAMP, [("'1000-01-01 00:00:00'", utc(1000, 1, 1)), ("'9999-12-31 23:59:59'", utc(9999, 12, 31, 23, 59, 59))]),
    ("DATETIME(6)", "INT64", STAMP, [("'2024-02-29 12:34:56.789012'", utc(2024, 2, 29, 12, 34, 56, 789012))]),
    ("TIMESTAMP NULL", "INT64", STAMP, [("'1970-01-01 00:00:01'", utc(1970, 1, 1, 0, 0, 1)), ("'2038-01-19 03:14:07'", utc(2038, 1, 19, 3, 14, 7))]),
    ("UUID", "BYTE_ARRAY", STRING, texts("00000000-0000-0000-0000-0000000000af")),
    ("INET6", "BYTE_ARRAY", STRING, texts("::1")),
]

ENGINES = {
    "postgres": ("public", POSTGRES_BEFORE, POSTGRES),
    "mariadb": ("db", MARIADB_BEFORE, MARIADB),
}


def make(engine):
    _, before, rows = ENGINES[engine]
    columns = ", ".join(f"c{number} {row[0]}" for number, row in enumerate(rows))
    print(before)
    print(f"CREATE TABLE every_type ({columns});")
    # A serial column holds no NULL; the others are empty beside the value of each row.
    filled = {number for number, row in enumerate(rows) if "serial" in row[0]}
    for number, row in enumerate(rows):
        for value, _ in [] if number in filled else row[3]:
            others = ", ".join(f"c{other}" for other in sorted(filled))
            ones = ", 1" * len(filled)
            names = f"c{number}, {others}" if others else f"c{number}"
            print(f"INSERT INTO every_type ({names}) VALUES ({value}{ones});")


def equal(got, expected):
    nans = isinstance(expected, float) and math.isnan(expected)
    return math.isnan(got) if nans else got == expected and type(got) is type(expected)


def check(engine):
    schema, _, rows = ENGINES[engine]
    (file,) = glob.glob(f"exports/{engine}/db/{schema}.every_type/1/part-00000-*-c000.gz.parquet")
    found = parquet.ParquetFile(file)
    (manifest,) = glob.glob(f"exports/{engine}/export_tables_info_{engine}_from_1_to_1.json")
    status = json.load(open(manifest))["perTableStatus"][0]
    mappings = status["schemaMetadata"]["originalTypeMappings"]
    data = found.read().to_pydict()
    assert len(rows) == len(found.schema) == len(mappings)
    wrong = []
    for number, (declared, physical, logical, values) in enumerate(rows):
        column = found.schema.column(number)
        length = f"({column.length})" if column.physical_type.startswith("FIXED") else ""
        kind = (column.physical_type + length, str(column.logical_type))
        if kind != (physical, logical):
            wrong.append((declared, kind))
        got = [value for value in data[f"c{number}"] if value is not None]
        if "serial" in declared:
            got = sorted(set(got))
        expected = [read for _, read in values]
        if len(got) != len(expected) or not all(map(equal, got, expected)):
            wrong.append((declared, got, expected))
    assert not wrong, "\n".join(map(str, wrong))


{"make": make, "check": check}[sys.argv[1]](sys.argv[2])
