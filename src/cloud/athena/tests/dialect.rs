//! Expectations are Trino's: its documentation's examples, and its documented rules of types.

use super::lake;

/// Expressions and what Trino answers.
#[tokio::test]
async fn expressions_answer_as_trino() {
    let lake = lake();
    let mut wrong = Vec::new();
    for (expression, expected) in [
        // Numbers: https://trino.io/docs/current/functions/decimal.html, math.html
        ("1 + 2 * 3", "7"),
        ("7 / 2", "3"),
        ("-7 / 2", "-3"),
        ("7 % 3", "1"),
        ("1.5 + 1", "2.5"),
        ("0.1 + 0.2", "0.3"),
        ("1.0 / 3", "0.3"),
        ("10.00 / 3.000", "3.333"),
        ("DECIMAL '10.50' / 4", "2.63"),
        ("1e0 / 3", "0.3333333333333333"),
        ("2 * 1e0", "2.0"),
        ("1e0 / 0", "Infinity"),
        ("1 / 0", "DIVISION_BY_ZERO: Division by zero"),
        ("1.0 / 0", "DIVISION_BY_ZERO: Division by zero"),
        ("2147483647 + 1", "NUMERIC_VALUE_OUT_OF_RANGE"),
        ("9223372036854775807 + 1", "NUMERIC_VALUE_OUT_OF_RANGE"),
        ("round(2.5)", "3"),
        ("round(-2.5)", "-3"),
        ("round(2.345, 2)", "2.350"),
        ("round(1.005e0, 2)", "1.01"),
        ("round(7)", "7"),
        ("ceil(1.2)", "2"),
        ("floor(-1.2)", "-2"),
        ("ceiling(3)", "3"),
        ("truncate(-1.9)", "-1"),
        ("abs(-1.50)", "1.50"),
        ("sign(-3)", "-1"),
        ("mod(10, 4)", "2"),
        ("power(2, 10)", "1024.0"),
        ("sqrt(2)", "1.4142135623730951"),
        ("greatest(1, 2, NULL)", "-"),
        ("least(3, 2)", "2"),
        ("coalesce(NULL, 5)", "5"),
        ("nullif(1, 1)", "-"),
        ("if(1 = 1, 'a', 'b')", "a"),
        ("if(1 = 2, 'a')", "-"),
        // Text: https://trino.io/docs/current/functions/string.html
        ("concat('a', NULL)", "-"),
        ("'a' || 'b'", "ab"),
        ("length('日本')", "2"),
        ("upper('aé')", "AÉ"),
        ("reverse('abc')", "cba"),
        ("substr('abcdef', 2, 3)", "bcd"),
        ("substr('abcdef', -2)", "ef"),
        ("substring('abcdef' FROM 3 FOR 2)", "cd"),
        ("substr('abc', 0)", ""),
        ("strpos('high', 'g')", "3"),
        ("position('z' IN 'high')", "0"),
        ("replace('aXbX', 'X')", "ab"),
        ("split_part('a,b,c', ',', 2)", "b"),
        ("split_part('a,b', ',', 5)", "-"),
        ("trim('  x ')", "x"),
        ("trim(LEADING 'x' FROM 'xxa')", "a"),
        ("lpad('7', 3, '0')", "007"),
        ("rpad('abc', 2, 'x')", "ab"),
        ("starts_with('abc', 'ab')", "true"),
        ("'abc' LIKE 'a%'", "true"),
        ("'a_c' LIKE 'a#_c' ESCAPE '#'", "true"),
        ("split('a,b,', ',')", "[a, b, ]"),
        ("cardinality(split('a,b', ','))", "2"),
        ("element_at(split('a,b', ','), -1)", "b"),
        ("element_at(split('a,b', ','), 3)", "-"),
        ("split('a,b', ',')[2]", "b"),
        ("ARRAY[ARRAY[1, 2], ARRAY[3]][1][2]", "2"),
        ("ARRAY['a', NULL][1 + 1]", "-"),
        ("split('a,b', ',')[CAST(NULL AS integer)]", "-"),
        ("array_join(ARRAY['a','b'], '-')", "a-b"),
        ("regexp_like('1a 2b 14m', '\\d+b')", "true"),
        ("regexp_extract('1a 2b 14m', '\\d+')", "1"),
        ("regexp_extract('1a 2b 14m', '(\\d+)([a-z]+)', 2)", "a"),
        ("regexp_replace('1a 2b 14m', '\\d+[ab] ')", "14m"),
        ("to_hex(to_utf8('ab'))", "6162"),
        ("from_utf8(from_hex('6162'))", "ab"),
        ("to_base64(to_utf8('a'))", "YQ=="),
        (
            "to_hex(sha256(to_utf8('')))",
            "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
        ),
        ("to_hex(md5(to_utf8('')))", "D41D8CD98F00B204E9800998ECF8427E"),
        ("codepoint('A')", "65"),
        ("chr(65)", "A"),
        ("levenshtein_distance('apple', 'epplea')", "2"),
        // Casts: https://trino.io/docs/current/functions/conversion.html
        ("CAST('12' AS integer)", "12"),
        ("CAST(' 12' AS integer)", "INVALID_CAST_ARGUMENT"),
        ("TRY_CAST('x' AS integer)", "-"),
        ("CAST(2.5 AS bigint)", "3"),
        ("CAST(-2.5 AS bigint)", "-3"),
        ("CAST(2.5e0 AS integer)", "3"),
        ("CAST(300 AS tinyint)", "INVALID_CAST_ARGUMENT"),
        ("TRY_CAST(300 AS tinyint)", "-"),
        ("CAST('1.255' AS decimal(5,2))", "1.26"),
        ("CAST(12345 AS decimal(4,1))", "INVALID_CAST_ARGUMENT"),
        ("CAST('1.5' AS double)", "1.5"),
        ("CAST('abc' AS double)", "INVALID_CAST_ARGUMENT"),
        ("CAST(1 AS varchar)", "1"),
        ("CAST(1.50 AS varchar)", "1.50"),
        ("CAST(true AS varchar)", "true"),
        ("CAST('abcdef' AS varchar(3))", "abc"),
        ("CAST(DATE '2020-02-29' AS varchar)", "2020-02-29"),
        ("CAST('T' AS boolean)", "true"),
        ("CAST('yes' AS boolean)", "INVALID_CAST_ARGUMENT"),
        ("CAST('2020-02-30' AS date)", "INVALID_CAST_ARGUMENT"),
        ("CAST('2020-02-29 10:11:12.5' AS timestamp)", "2020-02-29 10:11:12.500"),
        ("CAST('2020-02-29T10:11:12' AS timestamp)", "INVALID_CAST_ARGUMENT"),
        ("CAST(TIMESTAMP '2020-02-29 10:11:12' AS date)", "2020-02-29"),
        ("CAST(DATE '2020-02-29' AS timestamp)", "2020-02-29 00:00:00.000"),
        // Time: https://trino.io/docs/current/functions/datetime.html
        ("DATE '2012-08-08' + INTERVAL '2' DAY", "2012-08-10"),
        ("TIMESTAMP '2012-10-31 01:00' + INTERVAL '1' MONTH", "2012-11-30 01:00:00.000"),
        ("date_trunc('month', TIMESTAMP '2001-08-22 03:04:05.321')", "2001-08-01 00:00:00.000"),
        ("date_trunc('quarter', DATE '2001-08-22')", "2001-07-01"),
        ("date_trunc('hour', DATE '2001-08-22')", "INVALID_FUNCTION_ARGUMENT"),
        ("date_add('second', 86, TIMESTAMP '2020-03-01 00:00:00')", "2020-03-01 00:01:26.000"),
        ("date_add('month', -1, DATE '2020-03-31')", "2020-02-29"),
        (
            "date_diff('hour', TIMESTAMP '2020-03-01 00:00:00', TIMESTAMP '2020-03-02 00:00:00')",
            "24",
        ),
        ("date_diff('day', DATE '2020-03-01', DATE '2020-03-02')", "1"),
        ("year(DATE '2020-02-29')", "2020"),
        ("EXTRACT(week FROM DATE '2021-01-03')", "53"),
        ("day_of_week(DATE '2024-01-07')", "7"),
        ("hour(TIMESTAMP '2020-02-29 10:11:12')", "10"),
        ("last_day_of_month(DATE '2020-02-02')", "2020-02-29"),
        ("to_unixtime(TIMESTAMP '1970-01-01 00:00:01.5')", "1.5"),
        ("date_format(TIMESTAMP '2022-10-20 05:10:00', '%m-%d-%Y %H')", "10-20-2022 05"),
        ("date_parse('2022/10/20/05', '%Y/%m/%d/%H')", "2022-10-20 05:00:00.000"),
        ("date('2020-01-02')", "2020-01-02"),
        ("current_date = CAST(now() AS date)", "true"),
        // JSON: https://trino.io/docs/current/functions/json.html
        ("json_extract_scalar('{\"a\": [1, {\"b\": \"x\"}]}', '$.a[1].b')", "x"),
        ("json_extract_scalar('{\"a\": [1]}', '$.a')", "-"),
        ("json_extract_scalar('nonsense', '$.a')", "-"),
        ("json_array_length('[1, 2]')", "2"),
        // Conditions.
        ("3 BETWEEN 1 AND 5", "true"),
        ("3 NOT BETWEEN 1 AND 2", "true"),
        ("2 IN (1, 2)", "true"),
        ("1 NOT IN (2, NULL)", "-"),
        ("CASE 2 WHEN 1 THEN 'a' WHEN 2 THEN 'b' END", "b"),
        ("NULL IS NULL", "true"),
        ("1 IS DISTINCT FROM NULL", "true"),
    ] {
        let answer = lake.text(&format!("SELECT {expression}")).await;
        let error = expected.chars().next().is_some_and(|c| c.is_ascii_uppercase())
            && expected.contains('_')
            && expected.to_uppercase() == expected
            || expected.starts_with("DIVISION");
        let agrees = if error { answer.starts_with(expected) } else { answer == expected };
        if !agrees {
            wrong.push(format!("{expression}\n  Trino:    {expected}\n  answered: {answer}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What Trino refuses is refused, and told from what only the rehearsal cannot run.
#[tokio::test]
async fn refusals_are_told_apart() {
    let lake = lake();
    let mut wrong = Vec::new();
    for (expression, expected) in [
        ("1 = 'a'", "TYPE_MISMATCH: Cannot apply operator: "),
        (
            "'2013-01-01' < DATE '2013-01-02'",
            "TYPE_MISMATCH: Cannot apply operator: varchar < date",
        ),
        ("1 IN ('a')", "TYPE_MISMATCH"),
        ("1 BETWEEN 'a' AND 'b'", "TYPE_MISMATCH"),
        ("'a' + 1", "TYPE_MISMATCH"),
        ("DATE '2020-01-01' + 1", "TYPE_MISMATCH"),
        ("1 || 'a'", "TYPE_MISMATCH"),
        ("1 AND true", "TYPE_MISMATCH: Logical expression term must evaluate to a boolean"),
        ("lower(1)", "TYPE_MISMATCH: Unexpected parameters (bigint) for function lower"),
        ("sum('a')", "TYPE_MISMATCH: Unexpected parameters (varchar) for function number"),
        ("1 LIKE '1'", "TYPE_MISMATCH"),
        ("date_trunc('day', '2020-01-01')", "TYPE_MISMATCH"),
        ("CAST(DATE '2020-01-01' AS bigint)", "TYPE_MISMATCH"),
        ("CAST(to_utf8('a') AS varchar)", "TYPE_MISMATCH"),
        ("CAST(1 AS string)", "TYPE_MISMATCH: Unknown type: string"),
        ("nosuch(1)", "FUNCTION_NOT_FOUND: Function 'nosuch' not registered"),
        ("to_timestamp_micros(1)", "FUNCTION_NOT_FOUND"),
        ("trino_substr('a', 1)", "FUNCTION_NOT_FOUND"),
        ("arrow_typeof(1)", "FUNCTION_NOT_FOUND"),
        ("1::bigint", "SYNTAX_ERROR"),
        ("'a' ILIKE 'A'", "SYNTAX_ERROR"),
        ("row_number()", "SYNTAX_ERROR: Window function row_number requires an OVER clause"),
        ("map_agg(1, 2)", "REHEARSAL_CANNOT_RUN"),
        ("transform(ARRAY[1], x -> x + 1)", "REHEARSAL_CANNOT_RUN"),
        ("approx_percentile(1, 0.5)", "REHEARSAL_CANNOT_RUN"),
        ("json_parse('1')", "REHEARSAL_CANNOT_RUN"),
        ("TIMESTAMP '2020-01-01 00:00' AT TIME ZONE 'UTC'", "REHEARSAL_CANNOT_RUN"),
        ("CAST(1.5e0 AS varchar)", "REHEARSAL_CANNOT_RUN"),
        ("DATE '2020-01-02' - DATE '2020-01-01'", "REHEARSAL_CANNOT_RUN"),
        ("now()", "REHEARSAL_CANNOT_RUN"),
        (
            "ARRAY[1, 2][3]",
            "INVALID_FUNCTION_ARGUMENT: Array subscript must be less than or equal to array length: 3 > 2",
        ),
        ("ARRAY[1, 2][0]", "INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1"),
        ("ARRAY[1, 2][-1]", "INVALID_FUNCTION_ARGUMENT: Array subscript is negative: -1"),
        ("ARRAY[1, 2][1:2]", "SYNTAX_ERROR"),
    ] {
        let answer = lake.text(&format!("SELECT {expression}")).await;
        if !answer.starts_with(expected) {
            wrong.push(format!(
                "{expression}
  expected: {expected}
  answered: {answer}"
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{}",
        wrong.join(
            "
"
        )
    );
    assert!(lake.text("SELECT * FROM t TABLESAMPLE BERNOULLI (50)").await.starts_with("REHEARSAL"));
    assert!(lake.text("INSERT INTO t SELECT 1").await.starts_with("TYPE_MISMATCH"));
    assert!(lake.text("SELECT * FROM t WHERE id = ?").await.starts_with("INVALID_PARAMETER"));
}

/// Results have Trino's types.
#[tokio::test]
async fn types_are_trino_s() {
    let lake = lake();
    for (expression, kind) in [
        ("1", "integer"),
        ("1 + 1", "integer"),
        ("3000000000", "bigint"),
        ("id + 1", "integer"),
        ("big + id", "bigint"),
        ("count(*)", "bigint"),
        ("sum(id)", "bigint"),
        ("avg(id)", "double"),
        ("1.5", "decimal"),
        ("ratio * 2", "double"),
        ("row_number() OVER (ORDER BY id)", "bigint"),
        ("length(name)", "bigint"),
        ("year(at)", "bigint"),
        ("date(at)", "date"),
        ("'a'", "varchar"),
        ("to_utf8('a')", "varbinary"),
        ("ARRAY[1]", "array"),
    ] {
        let group = if expression.contains('(') { "" } else { " LIMIT 1" };
        let outcome = lake.run(&format!("SELECT {expression} FROM t{group}")).await.unwrap();
        assert_eq!(outcome.columns[0].r#type, kind, "{expression}");
    }
    for (expression, precision, scale) in [
        ("sum(price)", 38, 2),
        ("avg(price)", 10, 2),
        ("max(price * price)", 20, 4),
        ("max(price + 1)", 13, 2),
        ("max(price / 3.00)", 12, 2),
        ("max(round(price))", 9, 0),
    ] {
        let outcome = lake.run(&format!("SELECT {expression} FROM t")).await.unwrap();
        let column = &outcome.columns[0];
        assert_eq!((column.precision, column.scale), (precision, scale), "{expression}");
    }
}

/// Aggregates, windows, sets and orders.
#[tokio::test]
async fn queries_answer_as_trino() {
    let lake = lake();
    let mut wrong = Vec::new();
    for (sql, expected) in [
        ("SELECT id FROM t ORDER BY big", "1\n2\n3"),
        ("SELECT id FROM t ORDER BY big DESC", "2\n1\n3"),
        (
            "SELECT sum(price), avg(price), count(DISTINCT name), approx_distinct(name) FROM t",
            "11.80|5.90|2|2",
        ),
        (
            "SELECT count_if(id > 1), max_by(name, id), min_by(id, price), arbitrary(id) IS NOT NULL FROM t",
            "2|-|2|true",
        ),
        ("SELECT max_by(name, big) FILTER (WHERE id < 3) FROM t", "日本"),
        ("SELECT listagg(name, ',') WITHIN GROUP (ORDER BY id DESC) FROM t", "日本,alpha"),
        ("SELECT array_agg(id ORDER BY id DESC) FROM t", "[3, 2, 1]"),
        (
            "SELECT year(at) AS y, count(*) FROM t WHERE at IS NOT NULL GROUP BY year(at) ORDER BY y",
            "2013|1\n2014|1",
        ),
        ("SELECT year(at), count(*) FROM t GROUP BY 1 ORDER BY 1", "2013|1\n2014|1\n-|1"),
        (
            "SELECT id, lag(id) OVER (ORDER BY id), rank() OVER (ORDER BY id DESC) FROM t ORDER BY 1",
            "1|-|3\n2|1|2\n3|2|1",
        ),
        (
            "SELECT id, sum(big) OVER (ORDER BY id ROWS UNBOUNDED PRECEDING) FROM t ORDER BY id",
            "1|10\n2|30\n3|30",
        ),
        ("SELECT id FROM t UNION ALL SELECT 9 ORDER BY 1 DESC LIMIT 2", "9\n3"),
        ("SELECT id FROM t EXCEPT SELECT 2 ORDER BY 1", "1\n3"),
        (
            "SELECT name, sum(id) FROM t GROUP BY GROUPING SETS ((name), ()) ORDER BY 2, 1 DESC",
            "alpha|1\n日本|2\n-|3\n-|6",
        ),
        ("SELECT a.id FROM t a JOIN t b ON a.id = b.id + 1 WHERE b.price > 0", "2"),
        (
            "SELECT t.id FROM t LEFT JOIN (SELECT id FROM t WHERE id > 1) u USING (id) WHERE u.id IS NULL",
            "1",
        ),
        (
            "SELECT (SELECT max(id) FROM t) FROM t u WHERE NOT EXISTS (SELECT 1 FROM t WHERE t.id = u.id + 1)",
            "3",
        ),
        ("SELECT id FROM t WHERE id IN (SELECT id FROM t WHERE price < 0)", "2"),
        (
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT sum(i) FROM n",
            "6",
        ),
        ("SELECT x FROM (VALUES (1, 'a'), (2, 'b')) AS v(x, y) WHERE y = 'b'", "2"),
        ("SELECT x FROM UNNEST(ARRAY[3, 4]) AS u(x) ORDER BY x", "3\n4"),
        ("SELECT price / big FROM t WHERE id = 1", "1.23"),
        (
            "SELECT CASE WHEN price > 0 THEN 'plus' ELSE 'minus' END FROM t WHERE price IS NOT NULL ORDER BY id",
            "plus\nminus",
        ),
        ("SELECT from_utf8(code) FROM t WHERE id = 1", "ab"),
        ("SELECT \"Id\" FROM \"T\" WHERE \"NAME\" = 'alpha'", "1"),
        ("SELECT DISTINCT date_trunc('year', at) FROM t WHERE id = 1", "2013-01-01 00:00:00.000"),
    ] {
        let answer = lake.text(sql).await;
        if answer != expected {
            wrong.push(format!(
                "{sql}
  expected: {expected:?}
  answered: {answer:?}"
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{}",
        wrong.join(
            "
"
        )
    );
}
