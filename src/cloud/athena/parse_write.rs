//! Statements that write data, and statements that are kept to be run later
//! (<https://docs.aws.amazon.com/athena/latest/ug/dml-queries-functions-operators.html>).

use super::error::QueryError;
use super::parse::{Cursor, Name, Statement, after, is_query, query};
use datafusion::sql::sqlparser::ast::Query;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

/// CREATE TABLE AS (<https://docs.aws.amazon.com/athena/latest/ug/create-table-as.html>).
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CreateTableAs {
    pub(super) name: Name,
    pub(super) if_not_exists: bool,
    pub(super) settings: Settings,
    pub(super) query: Box<Query>,
    /// False for WITH NO DATA.
    pub(super) data: bool,
}

/// INSERT INTO (<https://docs.aws.amazon.com/athena/latest/ug/insert-into.html>).
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Insert {
    pub(super) name: Name,
    /// The columns that are named; all when there are none.
    pub(super) columns: Vec<String>,
    pub(super) query: Box<Query>,
}

/// UNLOAD (<https://docs.aws.amazon.com/athena/latest/ug/unload.html>).
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Unload {
    pub(super) query: Box<Query>,
    pub(super) to: String,
    pub(super) settings: Settings,
}

/// `WITH (name = value, …)`, names in lower case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Settings(Vec<(String, Setting)>);

/// A value of [`Settings`].
#[derive(Debug, Clone, PartialEq, Eq)]
enum Setting {
    /// A text, number or truth value.
    One(String),
    /// `ARRAY['…', …]`
    List(Vec<String>),
}

impl Settings {
    /// Takes a setting that has one value.
    pub(super) fn take(&mut self, name: &str) -> Result<Option<String>, QueryError> {
        match self.remove(name) {
            None => Ok(None),
            Some(Setting::One(text)) => Ok(Some(text)),
            Some(Setting::List(_)) => Err(invalid(name)),
        }
    }

    /// Takes a setting that has a list of values; empty when it is not there.
    pub(super) fn take_list(&mut self, name: &str) -> Result<Vec<String>, QueryError> {
        match self.remove(name) {
            None => Ok(Vec::new()),
            Some(Setting::List(list)) => Ok(list),
            Some(Setting::One(_)) => Err(invalid(name)),
        }
    }

    /// The name of a setting that nobody took.
    pub(super) fn left(&self) -> Option<&str> {
        self.0.first().map(|(name, _)| name.as_str())
    }

    fn remove(&mut self, name: &str) -> Option<Setting> {
        let at = self.0.iter().position(|(other, _)| other == name)?;
        Some(self.0.swap_remove(at).1)
    }
}

fn invalid(name: &str) -> QueryError {
    QueryError::data("INVALID_TABLE_PROPERTY", format!("Invalid value for table property '{name}'"))
}

/// After `CREATE`, at `TABLE`.
pub(super) fn create_table(cursor: &mut Cursor<'_>) -> Result<Statement, QueryError> {
    cursor.words(&["TABLE"])?;
    let if_not_exists = cursor.skip_all(&["IF", "NOT", "EXISTS"]);
    let name = cursor.name()?;
    if cursor.peek() == Some(&Token::LParen) {
        return Ok(Statement::Refused("CREATE TABLE of an Iceberg table"));
    }
    let settings = if cursor.skip_any(&["WITH"]) { settings(cursor)? } else { Settings::default() };
    cursor.words(&["AS"])?;
    let (rest, data) = with_data(cursor.rest());
    let query = query(rest)?;
    let create = CreateTableAs { name, if_not_exists, settings, query, data };
    Ok(Statement::CreateTableAs(Box::new(create)))
}

/// The query before `WITH [NO] DATA`, and whether there are data.
fn with_data(tokens: &[TokenWithSpan]) -> (&[TokenWithSpan], bool) {
    let ends = |words: &[&str]| {
        let tail = tokens.len().checked_sub(words.len()).and_then(|at| tokens.get(at..));
        tail.is_some_and(|tail| {
            tail.iter().zip(words).all(|(token, word)| {
                matches!(&token.token, Token::Word(found)
                    if found.quote_style.is_none() && found.value.eq_ignore_ascii_case(word))
            })
        })
    };
    let before =
        |count: usize| tokens.get(..tokens.len().saturating_sub(count)).unwrap_or_default();
    if ends(&["WITH", "NO", "DATA"]) {
        (before(3), false)
    } else if ends(&["WITH", "DATA"]) {
        (before(2), true)
    } else {
        (tokens, true)
    }
}

pub(super) fn insert(cursor: &mut Cursor<'_>) -> Result<Statement, QueryError> {
    cursor.words(&["INSERT"])?;
    if !cursor.skip_all(&["INTO"]) {
        // INSERT OVERWRITE is Hive's.
        return Err(cursor.unexpected());
    }
    let name = cursor.name()?;
    let mut columns = Vec::new();
    let begins_query = match cursor.rest().get(1).map(|token| &token.token) {
        Some(Token::Word(word)) => {
            word.quote_style.is_none() && is_query(&word.value.to_uppercase())
        }
        Some(Token::LParen) => true,
        _ => false,
    };
    if cursor.peek() == Some(&Token::LParen) && !begins_query {
        cursor.symbol(&Token::LParen)?;
        loop {
            columns.push(cursor.identifier()?);
            if cursor.peek() != Some(&Token::Comma) {
                break;
            }
            cursor.symbol(&Token::Comma)?;
        }
        cursor.symbol(&Token::RParen)?;
    }
    let query = query(cursor.rest())?;
    Ok(Statement::Insert(Box::new(Insert { name, columns, query })))
}

pub(super) fn unload(cursor: &mut Cursor<'_>) -> Result<Statement, QueryError> {
    cursor.words(&["UNLOAD"])?;
    if cursor.peek() != Some(&Token::LParen) {
        return Err(cursor.unexpected());
    }
    let mut depth = 0_usize;
    let end = cursor.rest().iter().position(|token| {
        match token.token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0
    });
    let Some(end) = end else { return Err(QueryError::syntax("mismatched input '<EOF>'")) };
    let query = query(cursor.rest().get(1..end).unwrap_or_default())?;
    cursor.at += end + 1;
    cursor.words(&["TO"])?;
    let to = cursor.string().ok_or_else(|| cursor.unexpected())?;
    let settings = if cursor.skip_any(&["WITH"]) { settings(cursor)? } else { Settings::default() };
    cursor.end()?;
    Ok(Statement::Unload(Box::new(Unload { query, to, settings })))
}

fn settings(cursor: &mut Cursor<'_>) -> Result<Settings, QueryError> {
    cursor.symbol(&Token::LParen)?;
    let mut settings = Settings::default();
    loop {
        let name = cursor.identifier()?;
        cursor.symbol(&Token::Eq)?;
        let value = setting(cursor)?;
        if settings.0.iter().any(|(other, _)| *other == name) {
            return Err(QueryError::syntax(format!("Duplicate property: {}", name.escape_debug())));
        }
        settings.0.push((name, value));
        if cursor.peek() != Some(&Token::Comma) {
            break;
        }
        cursor.symbol(&Token::Comma)?;
    }
    cursor.symbol(&Token::RParen)?;
    Ok(settings)
}

fn setting(cursor: &mut Cursor<'_>) -> Result<Setting, QueryError> {
    if cursor.skip_any(&["ARRAY"]) {
        cursor.symbol(&Token::LBracket)?;
        let mut list = Vec::new();
        while cursor.peek() != Some(&Token::RBracket) {
            list.push(cursor.string().ok_or_else(|| cursor.unexpected())?);
            if cursor.peek() == Some(&Token::Comma) {
                cursor.symbol(&Token::Comma)?;
            }
        }
        cursor.symbol(&Token::RBracket)?;
        return Ok(Setting::List(list));
    }
    match cursor.peek() {
        Some(Token::Number(number, _)) => {
            cursor.at += 1;
            Ok(Setting::One(number.clone()))
        }
        Some(Token::Word(word))
            if matches!(word.value.to_lowercase().as_str(), "true" | "false") =>
        {
            cursor.at += 1;
            Ok(Setting::One(word.value.to_lowercase()))
        }
        _ => cursor.string().map(Setting::One).ok_or_else(|| cursor.unexpected()),
    }
}

/// `PREPARE name FROM statement`
/// (<https://docs.aws.amazon.com/athena/latest/ug/querying-with-prepared-statements-sql.html>).
pub(super) fn prepare(sql: &str, cursor: &mut Cursor<'_>) -> Result<Statement, QueryError> {
    cursor.words(&["PREPARE"])?;
    let name = cursor.cased_identifier()?;
    cursor.words(&["FROM"])?;
    let start = cursor.rest().first().ok_or_else(|| cursor.unexpected())?.span.start;
    let text = after(sql, start.line, start.column);
    let sql = text.trim_end().trim_end_matches(';').trim_end().to_owned();
    match super::parse::parse(&sql)? {
        Statement::Query(_)
        | Statement::CreateTableAs(_)
        | Statement::Insert(_)
        | Statement::Unload(_) => Ok(Statement::Prepare { name, sql }),
        _ => Err(QueryError::syntax(
            "only SELECT, INSERT INTO, CREATE TABLE AS and UNLOAD can be prepared",
        )),
    }
}

/// `EXECUTE name [USING value, …]`
pub(super) fn execute(cursor: &mut Cursor<'_>) -> Result<Statement, QueryError> {
    cursor.words(&["EXECUTE"])?;
    let name = cursor.cased_identifier()?;
    let mut parameters = Vec::new();
    if cursor.skip_any(&["USING"]) {
        let mut depth = 0_i32;
        let mut parameter = Vec::new();
        for token in cursor.rest() {
            match &token.token {
                Token::LParen | Token::LBracket => depth += 1,
                Token::RParen | Token::RBracket => depth -= 1,
                Token::Comma if depth == 0 => {
                    parameters.push(parameter.join(" "));
                    parameter = Vec::new();
                    continue;
                }
                _ => {}
            }
            parameter.push(text(&token.token));
        }
        parameters.push(parameter.join(" "));
    } else {
        cursor.end()?;
    }
    Ok(Statement::Execute { name, parameters })
}

/// A token as it was written.
fn text(token: &Token) -> String {
    match token {
        Token::SingleQuotedString(text) => format!("'{}'", text.replace('\'', "''")),
        other => other.to_string(),
    }
}

/// `DEALLOCATE PREPARE name`
pub(super) fn deallocate(cursor: &mut Cursor<'_>) -> Result<Statement, QueryError> {
    cursor.words(&["DEALLOCATE", "PREPARE"])?;
    let name = cursor.cased_identifier()?;
    cursor.end()?;
    Ok(Statement::Deallocate { name })
}
