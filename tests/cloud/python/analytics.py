"""Twelve analytic questions to Athena over exported flights, and to a PostgreSQL server of its own that
holds the same rows: the answers must be equal, row by row."""

import contextlib
import csv
import io
import os
import pathlib
import pwd
import runpy
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile

from common import ACCOUNT, KEY, REGION, client

BIN = pathlib.Path(os.environ.get("POSTGRES_BIN", "/usr/lib/postgresql/15/bin"))
if not (BIN / "initdb").exists():
    if os.environ.get("CI"):
        raise SystemExit("PostgreSQL 15 is missing")
    print("skipped: PostgreSQL 15 is not installed")
    raise SystemExit(0)

# (what it is about, for Athena, for PostgreSQL; the same text when there is one only)
QUESTIONS = [
    (
        "a running total over the year's months",
        "SELECT month, flights, sum(flights) OVER (ORDER BY month ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS total FROM (SELECT month, count(*) AS flights FROM flights GROUP BY month) m ORDER BY month",
    ),
    (
        "the three worst destinations of each origin, ties by name",
        "SELECT origin, dest, late, place FROM (SELECT origin, dest, late, row_number() OVER (PARTITION BY origin ORDER BY late DESC, dest) AS place FROM (SELECT origin, dest, sum(arr_delay) AS late FROM flights WHERE arr_delay > 0 GROUP BY origin, dest) s) r WHERE place <= 3 ORDER BY origin, place",
    ),
    (
        "grouping sets, with what each row groups",
        "SELECT origin, carrier, count(*) AS flights, grouping(origin, carrier) AS level FROM flights WHERE month <= 3 GROUP BY GROUPING SETS ((origin, carrier), (origin), ()) ORDER BY level, origin, carrier",
    ),
    (
        "a cube of two columns",
        "SELECT origin, month, max(distance) AS far, count(DISTINCT tailnum) AS planes FROM flights WHERE month IN (6, 7) GROUP BY CUBE (origin, month) ORDER BY origin, month",
    ),
    (
        "four tables joined, one of them outer",
        "SELECT a.name, count(*) AS flights, count(p.tailnum) AS known, max(p.seats) AS seats FROM flights f JOIN airlines a ON a.carrier = f.carrier LEFT JOIN planes p ON p.tailnum = f.tailnum JOIN airports d ON d.faa = f.dest WHERE d.lat > 40.0 GROUP BY a.name ORDER BY a.name",
    ),
    (
        "what flies nowhere that is known: an anti-join",
        "SELECT dest, count(*) AS flights FROM flights f WHERE NOT EXISTS (SELECT 1 FROM airports a WHERE a.faa = f.dest) GROUP BY dest ORDER BY dest",
    ),
    (
        "days and hours of moments",
        "SELECT date_trunc('month', time_hour) AS first, count(*) AS flights, min(CAST(time_hour AS date)) AS day, max(date_diff('day', DATE '2013-01-01', CAST(time_hour AS date))) AS days, sum(EXTRACT(hour FROM time_hour)) AS hours, min(day_of_week(time_hour)) AS dow FROM flights WHERE time_hour >= TIMESTAMP '2013-11-15 00:00:00' AND time_hour < TIMESTAMP '2013-11-15 00:00:00' + INTERVAL '1' MONTH GROUP BY 1 ORDER BY 1",
        "SELECT date_trunc('month', time_hour) AS first, count(*) AS flights, min(CAST(time_hour AS date)) AS day, max(CAST(time_hour AS date) - DATE '2013-01-01') AS days, sum(EXTRACT(hour FROM time_hour)) AS hours, min(EXTRACT(isodow FROM time_hour)) AS dow FROM flights WHERE time_hour >= TIMESTAMP '2013-11-15 00:00:00' AND time_hour < TIMESTAMP '2013-11-15 00:00:00' + INTERVAL '1' MONTH GROUP BY 1 ORDER BY 1",
    ),
    (
        "each week against the one before",
        "SELECT wk, flights, flights - lag(flights) OVER (ORDER BY wk) AS more, lead(flights, 2, 0) OVER (ORDER BY wk) AS later, first_value(flights) OVER (ORDER BY wk) AS first FROM (SELECT week(time_hour) AS wk, count(*) AS flights FROM flights WHERE month BETWEEN 2 AND 5 GROUP BY week(time_hour)) w ORDER BY wk",
        "SELECT wk, flights, flights - lag(flights) OVER (ORDER BY wk) AS more, lead(flights, 2, 0::bigint) OVER (ORDER BY wk) AS later, first_value(flights) OVER (ORDER BY wk) AS first FROM (SELECT EXTRACT(week FROM time_hour) AS wk, count(*) AS flights FROM flights WHERE month BETWEEN 2 AND 5 GROUP BY 1) w ORDER BY wk",
    ),
    (
        "JSON that holds a route, read back",
        "SELECT json_extract_scalar(doc, '$.leg.to') AS dest, json_extract_scalar(doc, '$.via[1]') AS second, count(*) AS flights, sum(CAST(json_extract_scalar(doc, '$.leg.miles') AS bigint)) AS miles FROM (SELECT '{\"leg\": {\"to\": \"' || dest || '\", \"miles\": ' || CAST(distance AS varchar) || '}, \"via\": [\"' || origin || '\", \"' || carrier || '\"]}' AS doc FROM flights WHERE day = 7) j GROUP BY 1, 2 ORDER BY 1, 2",
        "SELECT doc::json #>> '{leg,to}' AS dest, doc::json #>> '{via,1}' AS second, count(*) AS flights, sum((doc::json #>> '{leg,miles}')::bigint) AS miles FROM (SELECT '{\"leg\": {\"to\": \"' || dest || '\", \"miles\": ' || CAST(distance AS varchar) || '}, \"via\": [\"' || origin || '\", \"' || carrier || '\"]}' AS doc FROM flights WHERE day = 7) j GROUP BY 1, 2 ORDER BY 1, 2",
    ),
    (
        "words of makers' names as an array, joined to an array's elements",
        "SELECT n, element_at(words, n) AS word, count(*) AS planes, max(cardinality(words)) AS longest, min(array_join(words, '/')) AS first FROM (SELECT split(manufacturer, ' ') AS words FROM planes) p CROSS JOIN UNNEST(ARRAY[1, 2, 3]) AS u(n) WHERE n <= cardinality(words) GROUP BY n, element_at(words, n) ORDER BY n, planes DESC, word",
        "SELECT n, words[n] AS word, count(*) AS planes, max(cardinality(words)) AS longest, min(array_to_string(words, '/')) AS first FROM (SELECT string_to_array(manufacturer, ' ') AS words FROM planes) p CROSS JOIN UNNEST(ARRAY[1, 2, 3]) AS u(n) WHERE n <= cardinality(words) GROUP BY n, words[n] ORDER BY n, planes DESC, word",
    ),
    (
        "statistics, in double precision",
        "SELECT origin, round(stddev(CAST(dep_delay AS double)), 6) AS spread, round(corr(CAST(dep_delay AS double), CAST(arr_delay AS double)), 9) AS together, round(avg(CAST(air_time AS double)), 6) AS mean, count(air_time) AS flown FROM flights GROUP BY origin ORDER BY origin",
        "SELECT origin, round(stddev(dep_delay)::numeric, 6)::float8 AS spread, round(corr(dep_delay, arr_delay)::numeric, 9)::float8 AS together, round(avg(air_time)::numeric, 6)::float8 AS mean, count(air_time) AS flown FROM flights GROUP BY origin ORDER BY origin",
    ),
    (
        "sets, common tables, CASE, HAVING and a scalar subquery",
        "WITH busy AS (SELECT dest FROM flights GROUP BY dest HAVING count(*) > 10000), far AS (SELECT DISTINCT dest FROM flights WHERE distance > (SELECT avg(distance) * 2 FROM flights)), both_kinds AS (SELECT dest FROM busy INTERSECT SELECT dest FROM far UNION ALL SELECT dest FROM busy EXCEPT SELECT dest FROM far) SELECT b.dest, CASE WHEN f.dest IS NULL THEN 'near' ELSE 'far' END AS kind, upper(substr(coalesce(a.name, '?'), 1, 5)) AS name FROM both_kinds b LEFT JOIN far f ON f.dest = b.dest LEFT JOIN airports a ON a.faa = b.dest ORDER BY b.dest",
    ),
]

root = os.geteuid() == 0
user = {"user": "postgres"} if root else {}


def tool(name, *arguments, **more):
    done = subprocess.run([BIN / name, *arguments], capture_output=True, cwd="/", **user, **more)
    assert done.returncode == 0, (name, arguments, done.stdout[-2000:], done.stderr[-2000:])
    return done.stdout.decode()


@contextlib.contextmanager
def postgres():
    """A server on loopback, in a folder of its own; gone at the end."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="snaplake-postgres-"))
    if root:
        account = pwd.getpwnam("postgres")
        os.chown(folder, account.pw_uid, account.pw_gid)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    try:
        tool("initdb", "--pgdata", folder / "data", "--username", "tester", "--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off -c timezone=UTC"
        tool("pg_ctl", "--pgdata", folder / "data", "--log", folder / "log", "--wait", "--timeout", "60", "--options", options, "start")
        try:
            yield lambda sql, **more: tool("psql", "--host", "127.0.0.1", "--port", str(port), "--username", "tester", "--dbname", "postgres", "--no-psqlrc", "--csv", "--tuples-only", "--set", "ON_ERROR_STOP=1", "--command", sql, **more)
        finally:
            tool("pg_ctl", "--pgdata", folder / "data", "--mode", "immediate", "--wait", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


TYPES = {"INT": ("int", "integer"), "DOUBLE": ("double", "double precision"), "DATETIME": ("timestamp", "timestamp")}
flights = runpy.run_path(str(pathlib.Path(__file__).parents[2] / "python" / "flights.py"))
flights["main"]("flights.db")
source = sqlite3.connect("flights.db")
columns = {
    table: [(name, TYPES.get(kind, ("string", "text"))) for _, name, kind, *_ in source.execute(f'PRAGMA table_info("{table}")')]
    for (table,) in source.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
}

# The export, and the tables over it.
rds, glue, athena = client("rds"), client("glue"), client("athena")
rds.start_export_task(
    ExportTaskIdentifier="flights", SourceArn=f"arn:aws:rds:{REGION}:{ACCOUNT}:snapshot:year-2013", S3BucketName="lake-bucket",
    IamRoleArn=f"arn:aws:iam::{ACCOUNT}:role/pipeline/export", KmsKeyId=KEY,
)
while (task := rds.describe_export_tasks(ExportTaskIdentifier="flights")["ExportTasks"][0])["Status"] not in ("COMPLETE", "FAILED"):
    pass
assert task["Status"] == "COMPLETE", task
glue.create_database(DatabaseInput={"Name": "nyc"})
for table, own in columns.items():
    glue.create_table(DatabaseName="nyc", TableInput={
        "Name": table, "TableType": "EXTERNAL_TABLE", "StorageDescriptor": {
            "Columns": [{"Name": name, "Type": hive} for name, (hive, _) in own],
            "Location": f"s3://lake-bucket/flights/nyc/nyc.{table}/",
            "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
        }})


def ask_athena(sql):
    id = athena.start_query_execution(QueryString=sql, QueryExecutionContext={"Database": "nyc"})["QueryExecutionId"]
    while (shown := athena.get_query_execution(QueryExecutionId=id)["QueryExecution"])["Status"]["State"] in ("QUEUED", "RUNNING"):
        pass
    assert shown["Status"]["State"] == "SUCCEEDED", (shown["Status"], sql)
    pages = athena.get_paginator("get_query_results").paginate(QueryExecutionId=id)
    return [[cell.get("VarCharValue") for cell in row["Data"]] for page in pages for row in page["ResultSet"]["Rows"]][1:]


def same(ours, theirs):
    """Equal as text, or as numbers: the two print doubles, decimals and moments in ways of their own."""
    theirs = theirs or None
    if ours == theirs:
        return True
    if ours is None or theirs is None:
        return False
    if ours == f"{theirs}.000":
        return True
    try:
        return abs(float(ours) - float(theirs)) <= 1e-9 * max(1.0, abs(float(theirs)))
    except ValueError:
        return False


asked = 0
with postgres() as ask_postgres:
    for table, own in columns.items():
        ask_postgres(f'CREATE TABLE "{table}" ({", ".join(f"{name} {kind}" for name, (_, kind) in own)})')
        text = io.StringIO()
        csv.writer(text).writerows(source.execute(f'SELECT * FROM "{table}"'))
        ask_postgres(f"COPY \"{table}\" FROM STDIN (FORMAT csv)", input=text.getvalue().encode())
    for about, sql, *other in QUESTIONS:
        theirs = list(csv.reader(io.StringIO(ask_postgres(other[0] if other else sql))))
        ours = ask_athena(sql)
        assert len(ours) == len(theirs) > 0, (about, len(ours), len(theirs))
        for number, (left, right) in enumerate(zip(ours, theirs)):
            assert len(left) == len(right) and all(map(same, left, right)), f"{about}, row {number}:\nAthena:     {left}\nPostgreSQL: {right}"
        asked += 1
assert asked == 12
print(f"{asked} questions, {task['TotalExtractedDataInGB']} GB")
