//! As much of a view's SQL as has to be understood before Athena sees it: that it is one statement
//! that reads, and which tables and views it reads.

use super::error::quoted;
use std::collections::BTreeSet;

/// A piece of SQL.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// A bare word, in lowercase.
    Word(String),
    /// A name in double quotes or backticks.
    Quoted(String),
    /// Text in single quotes.
    Text,
    /// Anything else.
    Mark(char),
}

/// What is wrong with a statement: the problem, and what to write instead.
pub(super) type Problem = (String, String);

/// Checks that `sql` is one SELECT or WITH statement, and gives the names that it reads from; `noun`
/// is what it is the statement of: `view`.
pub(super) fn reads(sql: &str, noun: &str) -> Result<BTreeSet<String>, Problem> {
    let tokens = tokens(sql)?;
    match tokens.first() {
        Some(Token::Word(word)) if word == "select" || word == "with" => {}
        None => return Err(("is empty".into(), "write one SELECT or WITH statement".into())),
        Some(_) => {
            return Err((
                "is not a query".into(),
                format!("a {noun} is one SELECT or WITH statement; leave out CREATE VIEW"),
            ));
        }
    }
    if tokens.contains(&Token::Mark(';')) {
        return Err((
            "has a semicolon".into(),
            format!("a {noun} is one statement, without a semicolon at its end"),
        ));
    }
    let mut depth = 0_i32;
    for token in &tokens {
        match token {
            Token::Mark('(') => depth += 1,
            Token::Mark(')') => depth -= 1,
            _ => {}
        }
        if depth < 0 {
            return Err(("closes a parenthesis that is not open".into(), BALANCE.into()));
        }
    }
    if depth != 0 {
        return Err(("leaves a parenthesis open".into(), BALANCE.into()));
    }
    from(&tokens)
}

const BALANCE: &str = "every `(` needs its `)`";

fn tokens(sql: &str) -> Result<Vec<Token>, Problem> {
    let mut tokens = Vec::new();
    let mut rest = sql;
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        rest = if c.is_whitespace() {
            after
        } else if rest.starts_with("--") {
            rest.split_once('\n').map_or("", |(_, after)| after)
        } else if rest.starts_with("/*") {
            let Some((_, after)) = rest.split_once("*/") else {
                return Err(("leaves a comment open".into(), "end it with `*/`".into()));
            };
            after
        } else if matches!(c, '\'' | '"' | '`') {
            let (text, after) = closed(after, c).ok_or_else(|| {
                let quote = if c == '`' { "backtick".to_owned() } else { format!("`{c}`") };
                (format!("leaves a {quote} open"), "quotes come in pairs".to_owned())
            })?;
            tokens.push(if c == '\'' { Token::Text } else { Token::Quoted(text) });
            after
        } else if c.is_alphanumeric() || c == '_' {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '$');
            let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
            tokens.push(Token::Word(word.to_lowercase()));
            after
        } else {
            tokens.push(Token::Mark(c));
            after
        };
    }
    Ok(tokens)
}

/// What stands before the closing quote, a doubled quote being one of the text's own.
fn closed(text: &str, quote: char) -> Option<(String, &str)> {
    let mut inside = String::new();
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c == quote && chars.next_if(|(_, next)| *next == quote).is_none() {
            return Some((inside, text.get(at + c.len_utf8()..).unwrap_or_default()));
        }
        inside.push(c);
    }
    None
}

/// What is known inside one pair of parentheses.
#[derive(Default)]
struct Level {
    /// A SELECT has been seen: a FROM is its, and not that of `extract(year FROM x)`.
    query: bool,
    /// This is the list of a FROM clause.
    list: bool,
}

/// The names after FROM and JOIN, and after the commas between them.
fn from(tokens: &[Token]) -> Result<BTreeSet<String>, Problem> {
    // Words that end the list of a FROM clause at the same depth.
    const ENDS: [&str; 10] = [
        "where",
        "group",
        "having",
        "order",
        "limit",
        "union",
        "intersect",
        "except",
        "window",
        "offset",
    ];
    let mut names = BTreeSet::new();
    let mut defined = BTreeSet::new();
    let mut levels = vec![Level::default()];
    let mut expected = false;
    for (at, token) in tokens.iter().enumerate() {
        let next = tokens.get(at + 1);
        let before = at.checked_sub(1).and_then(|before| tokens.get(before));
        let Some(level) = levels.last_mut() else { break };
        match token {
            Token::Mark('(') => levels.push(Level { query: false, list: expected }),
            Token::Mark(')') => {
                levels.pop();
                expected = false;
            }
            Token::Mark(',') => expected = level.list,
            Token::Word(word) if word == "from" && level.query || word == "join" => {
                let two_before = at.checked_sub(2).and_then(|before| tokens.get(before));
                // `x IS DISTINCT FROM y` names no table.
                expected = before != Some(&Token::Word("distinct".into()))
                    || two_before == Some(&Token::Word("select".into()));
                level.list = level.list || expected;
            }
            Token::Word(word) if word == "select" => {
                *level = Level { query: true, list: false };
                expected = false;
            }
            Token::Word(word) if ENDS.contains(&word.as_str()) => {
                level.list = false;
                expected = false;
            }
            Token::Word(name) | Token::Quoted(name) => {
                // A common table expression is a name of the query's own.
                let own = next == Some(&Token::Word("as".into()))
                    && tokens.get(at + 2) == Some(&Token::Mark('('))
                    && matches!(before, Some(Token::Mark(',') | Token::Word(_)));
                if own && !expected {
                    defined.insert(name.to_lowercase());
                }
                if expected && next == Some(&Token::Mark('.')) {
                    return Err((
                        format!("names the database {} of what it reads", quoted(name)),
                        "name tables and views alone: a new export is tried in another database \
                         before it goes live"
                            .into(),
                    ));
                }
                if expected && next != Some(&Token::Mark('(')) {
                    names.insert(name.to_lowercase());
                }
                expected = false;
            }
            Token::Text | Token::Mark(_) => expected = false,
        }
    }
    names.retain(|name| !defined.contains(name));
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(sql: &str) -> Vec<String> {
        reads(sql, "view").unwrap().into_iter().collect()
    }

    #[test]
    fn finds_what_a_query_reads() {
        assert_eq!(
            names("SELECT a, b FROM orders o, customers WHERE x IN (1, y)"),
            ["customers", "orders"]
        );
        assert_eq!(
            names("select * from (select * from \"Inner\") t left join b on t.x = b.x"),
            ["b", "inner"]
        );
        assert_eq!(
            names("WITH c AS (SELECT * FROM a) SELECT * FROM c JOIN d USING (x)"),
            ["a", "d"]
        );
        assert_eq!(names("SELECT 'from x; --' AS q -- from z\n FROM t, y"), ["t", "y"]);
        assert_eq!(
            names("SELECT extract(year FROM o.at), trim(both FROM p.q) FROM orders o"),
            ["orders"]
        );
        assert_eq!(
            names("SELECT (SELECT max(x) FROM b) FROM (a JOIN c USING (x, y)), d"),
            ["a", "b", "c", "d"]
        );
        assert_eq!(names("SELECT 1 WHERE a IS DISTINCT FROM b"), Vec::<String>::new());
        assert_eq!(names("SELECT DISTINCT x FROM b"), ["b"]);
        assert_eq!(names("SELECT * FROM a UNION SELECT x, y FROM b"), ["a", "b"]);
        assert_eq!(names("SELECT * FROM a CROSS JOIN UNNEST(xs) AS t (x)"), ["a"]);
    }

    #[test]
    fn refuses_what_is_no_single_query() {
        for (sql, word) in [
            ("", "empty"),
            ("  -- only a comment", "empty"),
            ("DROP TABLE orders", "not a query"),
            ("CREATE VIEW v AS SELECT 1", "not a query"),
            ("SELECT 1; DROP TABLE orders", "semicolon"),
            ("SELECT 1;", "semicolon"),
            ("SELECT 'a", "open"),
            ("SELECT \"a", "open"),
            ("SELECT (1", "open"),
            ("SELECT 1)", "not open"),
            ("SELECT /* 1", "open"),
            ("SELECT * FROM shop.orders", "database `shop`"),
            ("SELECT * FROM a, \"Shop\".orders", "database `Shop`"),
            ("SELECT * FROM (a JOIN awsdatacatalog.shop.b ON true)", "database"),
        ] {
            let (problem, help) = reads(sql, "view").unwrap_err();
            assert!(problem.contains(word), "{sql}: {problem}");
            assert!(!help.is_empty());
        }
        assert!(reads("SELECT ';' AS \";\" /* ; */ FROM t -- ;", "view").is_ok());
    }
}
