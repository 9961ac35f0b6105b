//! What kind of statement a text is, and its parts.

use super::error::QueryError;
use super::parameters;
use super::parse_write::{self, CreateTableAs, Insert, Unload};
use datafusion::sql::sqlparser::ast::{Query, Statement as Ast};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::Parser;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer, Word};

/// A table's or view's name, as far as it was given, in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) database: Option<String>,
    pub(super) table: String,
}

/// A statement.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Statement {
    /// SELECT, WITH, VALUES.
    Query(Box<Query>),
    /// EXPLAIN of a query.
    Explain(Box<Query>),
    CreateView {
        name: Name,
        replace: bool,
        sql: String,
        query: Box<Query>,
    },
    DropView {
        name: Name,
        if_exists: bool,
    },
    DropTable {
        name: Name,
        if_exists: bool,
    },
    ShowDatabases {
        pattern: Option<String>,
    },
    ShowTables {
        database: Option<String>,
        pattern: Option<String>,
        views: bool,
    },
    ShowColumns(Name),
    ShowPartitions(Name),
    ShowCreateView(Name),
    Describe(Name),
    CreateDatabase {
        name: String,
        if_not_exists: bool,
    },
    DropDatabase {
        name: String,
        if_exists: bool,
        cascade: bool,
    },
    /// CREATE EXTERNAL TABLE, in Hive's words.
    CreateTable(String),
    CreateTableAs(Box<CreateTableAs>),
    Insert(Box<Insert>),
    Unload(Box<Unload>),
    /// Keeps a statement under a name.
    Prepare {
        name: String,
        sql: String,
    },
    /// Runs what is kept, with values for its question marks.
    Execute {
        name: String,
        parameters: Vec<String>,
    },
    /// Forgets what is kept.
    Deallocate {
        name: String,
    },
    ShowCreateTable(Name),
    /// All properties, or the one that is named.
    ShowProperties(Name, Option<String>),
    /// ALTER TABLE … SET TBLPROPERTIES.
    SetProperties {
        name: Name,
        properties: Vec<(String, String)>,
    },
    SetLocation {
        name: Name,
        location: String,
    },
    AddPartitions {
        name: Name,
        if_not_exists: bool,
        partitions: Vec<PartitionSpec>,
    },
    DropPartitions {
        name: Name,
        if_exists: bool,
        partitions: Vec<PartitionSpec>,
    },
    RepairTable(Name),
    /// Known to Athena, not to the rehearsal.
    Refused(&'static str),
}

/// `PARTITION (a = 'x', …) LOCATION '…'`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PartitionSpec {
    pub(super) values: Vec<(String, String)>,
    pub(super) location: Option<String>,
}

/// Reads a text as one statement.
pub(super) fn parse(sql: &str) -> Result<Statement, QueryError> {
    read(sql, &tokens(sql)?)
}

/// Reads a text as one statement, with values for its question marks.
pub(super) fn parse_with(sql: &str, values: &[String]) -> Result<Statement, QueryError> {
    let statement = read(sql, &parameters::bind(tokens(sql)?, values)?)?;
    match statement {
        Statement::Query(_)
        | Statement::CreateTableAs(_)
        | Statement::Insert(_)
        | Statement::Unload(_) => Ok(statement),
        _ => Err(QueryError::syntax(
            "parameters are only for SELECT, INSERT INTO, CREATE TABLE AS and UNLOAD",
        )),
    }
}

fn read(sql: &str, tokens: &[TokenWithSpan]) -> Result<Statement, QueryError> {
    let mut cursor = Cursor { tokens, at: 0 };
    let first = cursor.peek_word().unwrap_or_default();
    match first.as_str() {
        "EXPLAIN" => {
            cursor.at += 1;
            if cursor.peek_word().as_deref() == Some("ANALYZE")
                || cursor.peek() == Some(&Token::LParen)
            {
                return Ok(Statement::Refused("EXPLAIN with options"));
            }
            query(cursor.rest()).map(Statement::Explain)
        }
        "CREATE" => create(sql, &mut cursor),
        "DROP" => drop_statement(&mut cursor),
        "SHOW" => show(&mut cursor),
        "DESCRIBE" | "DESC" => {
            cursor.at += 1;
            cursor.skip_any(&["FORMATTED", "EXTENDED"]);
            cursor.name().map(Statement::Describe)
        }
        "ALTER" => alter(&mut cursor),
        "MSCK" => {
            cursor.words(&["MSCK", "REPAIR", "TABLE"])?;
            cursor.last_name().map(Statement::RepairTable)
        }
        "INSERT" => parse_write::insert(&mut cursor),
        "UNLOAD" => parse_write::unload(&mut cursor),
        "PREPARE" => parse_write::prepare(sql, &mut cursor),
        "EXECUTE" => parse_write::execute(&mut cursor),
        "DEALLOCATE" => parse_write::deallocate(&mut cursor),
        "UPDATE" | "DELETE" | "MERGE" | "OPTIMIZE" | "VACUUM" => {
            Ok(Statement::Refused("changing rows of Iceberg tables"))
        }
        _ if is_query(&first) || cursor.peek() == Some(&Token::LParen) => {
            query(tokens).map(Statement::Query)
        }
        _ => Err(cursor.unexpected()),
    }
}

pub(super) fn is_query(word: &str) -> bool {
    matches!(word, "SELECT" | "WITH" | "VALUES" | "TABLE")
}

/// Reads a view's definition.
pub(super) fn parse_query(sql: &str) -> Result<Box<Query>, QueryError> {
    query(&tokens(sql)?)
}

/// Tokens without white space, comments and a semicolon at the end; quoted identifiers in lower
/// case, for Athena has no other.
pub(super) fn tokens(sql: &str) -> Result<Vec<TokenWithSpan>, QueryError> {
    let all = Tokenizer::new(&GenericDialect {}, sql)
        .tokenize_with_location()
        .map_err(QueryError::syntax)?;
    let mut tokens: Vec<TokenWithSpan> = all
        .into_iter()
        .filter(|token| !matches!(token.token, Token::Whitespace(_) | Token::EOF))
        .collect();
    for token in &mut tokens {
        if let Token::Word(Word { value, quote_style: Some(_), .. }) = &mut token.token {
            *value = value.to_lowercase();
        }
    }
    while tokens.last().is_some_and(|token| token.token == Token::SemiColon) {
        tokens.pop();
    }
    if tokens.iter().any(|token| token.token == Token::SemiColon) {
        return Err(QueryError::syntax("Only one sql statement is allowed"));
    }
    Ok(tokens)
}

pub(super) fn query(tokens: &[TokenWithSpan]) -> Result<Box<Query>, QueryError> {
    let mut parser = Parser::new(&GenericDialect {}).with_tokens_with_locations(tokens.to_vec());
    let statement = parser.parse_statement().map_err(QueryError::syntax)?;
    if parser.peek_token().token != Token::EOF {
        let token = parser.peek_token();
        return Err(QueryError::syntax(format!(
            "line {}:{}: mismatched input '{}'",
            token.span.start.line, token.span.start.column, token.token
        )));
    }
    match statement {
        Ast::Query(query) => Ok(query),
        _ => Err(QueryError::syntax("a query was expected")),
    }
}

fn create(sql: &str, cursor: &mut Cursor<'_>) -> Result<Statement, QueryError> {
    cursor.words(&["CREATE"])?;
    let replace = cursor.skip_all(&["OR", "REPLACE"]);
    match cursor.peek_word().unwrap_or_default().as_str() {
        "VIEW" => {
            cursor.at += 1;
            let name = cursor.name()?;
            cursor.words(&["AS"])?;
            let start = cursor.tokens.get(cursor.at).ok_or_else(|| cursor.unexpected())?.span.start;
            let rest = query(cursor.rest())?;
            let text = after(sql, start.line, start.column);
            let text = text.trim_end().trim_end_matches(';').trim_end();
            Ok(Statement::CreateView { name, replace, sql: text.to_owned(), query: rest })
        }
        "EXTERNAL" => Ok(Statement::CreateTable(sql.to_owned())),
        "TABLE" => parse_write::create_table(cursor),
        "DATABASE" | "SCHEMA" => {
            cursor.at += 1;
            let if_not_exists = cursor.skip_all(&["IF", "NOT", "EXISTS"]);
            let name = cursor.identifier()?;
            if cursor.peek().is_some() {
                return Ok(Statement::Refused("CREATE DATABASE with properties"));
            }
            Ok(Statement::CreateDatabase { name, if_not_exists })
        }
        "PROTECTED" => Ok(Statement::Refused("multi-dialect views")),
        _ => Err(cursor.unexpected()),
    }
}

fn drop_statement(cursor: &mut Cursor<'_>) -> Result<Statement, QueryError> {
    cursor.words(&["DROP"])?;
    let what = cursor.word()?;
    let if_exists = cursor.skip_all(&["IF", "EXISTS"]);
    match what.as_str() {
        "VIEW" => Ok(Statement::DropView { name: cursor.last_name()?, if_exists }),
        "TABLE" => Ok(Statement::DropTable { name: cursor.last_name()?, if_exists }),
        "DATABASE" | "SCHEMA" => {
            let name = cursor.identifier()?;
            let cascade = cursor.skip_all(&["CASCADE"]);
            cursor.skip_all(&["RESTRICT"]);
            cursor.end()?;
            Ok(Statement::DropDatabase { name, if_exists, cascade })
        }
        _ => Err(cursor.unexpected()),
    }
}

fn show(cursor: &mut Cursor<'_>) -> Result<Statement, QueryError> {
    cursor.words(&["SHOW"])?;
    let what = cursor.word()?;
    match what.as_str() {
        "DATABASES" | "SCHEMAS" => {
            cursor.skip_all(&["LIKE"]);
            let pattern = cursor.string();
            cursor.end()?;
            Ok(Statement::ShowDatabases { pattern })
        }
        "TABLES" | "VIEWS" => {
            let database =
                if cursor.skip_any(&["IN", "FROM"]) { Some(cursor.identifier()?) } else { None };
            cursor.skip_all(&["LIKE"]);
            let pattern = cursor.string();
            cursor.end()?;
            Ok(Statement::ShowTables { database, pattern, views: what == "VIEWS" })
        }
        "COLUMNS" => {
            cursor.skip_any(&["IN", "FROM"]);
            let mut name = cursor.name()?;
            if cursor.skip_any(&["IN", "FROM"]) {
                name.database = Some(cursor.identifier()?);
            }
            cursor.end()?;
            Ok(Statement::ShowColumns(name))
        }
        "PARTITIONS" => cursor.last_name().map(Statement::ShowPartitions),
        "CREATE" => {
            if cursor.skip_any(&["VIEW"]) {
                cursor.last_name().map(Statement::ShowCreateView)
            } else {
                cursor.skip_any(&["TABLE"]);
                cursor.last_name().map(Statement::ShowCreateTable)
            }
        }
        "TBLPROPERTIES" => {
            let name = cursor.name()?;
            let property = if cursor.peek() == Some(&Token::LParen) {
                cursor.symbol(&Token::LParen)?;
                let property = cursor.string().ok_or_else(|| cursor.unexpected())?;
                cursor.symbol(&Token::RParen)?;
                Some(property)
            } else {
                None
            };
            cursor.end()?;
            Ok(Statement::ShowProperties(name, property))
        }
        _ => Err(cursor.unexpected()),
    }
}

fn alter(cursor: &mut Cursor<'_>) -> Result<Statement, QueryError> {
    cursor.words(&["ALTER"])?;
    if !cursor.skip_all(&["TABLE"]) {
        return Ok(Statement::Refused("ALTER of anything but tables"));
    }
    let name = cursor.name()?;
    if cursor.skip_all(&["SET", "LOCATION"]) {
        let location = cursor.string().ok_or_else(|| cursor.unexpected())?;
        cursor.end()?;
        return Ok(Statement::SetLocation { name, location });
    }
    if cursor.skip_all(&["SET", "TBLPROPERTIES"]) {
        let properties = cursor.properties()?;
        return Ok(Statement::SetProperties { name, properties });
    }
    if cursor.skip_all(&["ADD", "IF", "NOT", "EXISTS"]) {
        let partitions = cursor.partitions()?;
        return Ok(Statement::AddPartitions { name, if_not_exists: true, partitions });
    }
    if cursor.skip_any(&["ADD"]) {
        if cursor.peek_word().as_deref() != Some("PARTITION") {
            return Ok(Statement::Refused("ALTER TABLE ADD COLUMNS"));
        }
        let partitions = cursor.partitions()?;
        return Ok(Statement::AddPartitions { name, if_not_exists: false, partitions });
    }
    if cursor.skip_any(&["DROP"]) {
        let if_exists = cursor.skip_all(&["IF", "EXISTS"]);
        let partitions = cursor.partitions()?;
        return Ok(Statement::DropPartitions { name, if_exists, partitions });
    }
    Ok(Statement::Refused("this ALTER TABLE"))
}

/// The text from a line and column, both from 1, to its end.
pub(super) fn after(sql: &str, line: u64, column: u64) -> String {
    let mut text = String::new();
    for (number, content) in (1..).zip(sql.split_inclusive('\n')) {
        if number == line {
            let skip = usize::try_from(column.saturating_sub(1)).unwrap_or(usize::MAX);
            text.extend(content.chars().skip(skip));
        } else if number > line {
            text.push_str(content);
        }
    }
    text
}

pub(super) struct Cursor<'a> {
    pub(super) tokens: &'a [TokenWithSpan],
    pub(super) at: usize,
}

impl<'a> Cursor<'a> {
    /// `('name' = 'value', …)` to the end.
    fn properties(&mut self) -> Result<Vec<(String, String)>, QueryError> {
        self.symbol(&Token::LParen)?;
        let mut properties = Vec::new();
        loop {
            let name = self.string().ok_or_else(|| self.unexpected())?;
            self.symbol(&Token::Eq)?;
            properties.push((name, self.string().ok_or_else(|| self.unexpected())?));
            if self.peek() != Some(&Token::Comma) {
                break;
            }
            self.at += 1;
        }
        self.symbol(&Token::RParen)?;
        self.end()?;
        Ok(properties)
    }

    /// An identifier in the case in which it was written.
    pub(super) fn cased_identifier(&mut self) -> Result<String, QueryError> {
        match self.peek() {
            Some(Token::Word(word)) => {
                self.at += 1;
                Ok(word.value.clone())
            }
            _ => Err(self.unexpected()),
        }
    }

    pub(super) fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.at).map(|token| &token.token)
    }

    pub(super) fn rest(&self) -> &'a [TokenWithSpan] {
        self.tokens.get(self.at..).unwrap_or_default()
    }

    fn peek_word(&self) -> Option<String> {
        match self.peek()? {
            Token::Word(word) if word.quote_style.is_none() => Some(word.value.to_uppercase()),
            _ => None,
        }
    }

    fn word(&mut self) -> Result<String, QueryError> {
        let word = self.peek_word().ok_or_else(|| self.unexpected())?;
        self.at += 1;
        Ok(word)
    }

    pub(super) fn words(&mut self, words: &[&str]) -> Result<(), QueryError> {
        if self.skip_all(words) { Ok(()) } else { Err(self.unexpected()) }
    }

    /// Takes all of these words, or none.
    pub(super) fn skip_all(&mut self, words: &[&str]) -> bool {
        let start = self.at;
        for word in words {
            if self.peek_word().as_deref() != Some(word) {
                self.at = start;
                return false;
            }
            self.at += 1;
        }
        true
    }

    /// Takes one of these words, if it is there.
    pub(super) fn skip_any(&mut self, words: &[&str]) -> bool {
        let there = self.peek_word().is_some_and(|word| words.contains(&word.as_str()));
        self.at += usize::from(there);
        there
    }

    pub(super) fn identifier(&mut self) -> Result<String, QueryError> {
        match self.peek() {
            Some(Token::Word(word)) => {
                self.at += 1;
                Ok(word.value.to_lowercase())
            }
            _ => Err(self.unexpected()),
        }
    }

    pub(super) fn name(&mut self) -> Result<Name, QueryError> {
        let mut parts = vec![self.identifier()?];
        while self.peek() == Some(&Token::Period) {
            self.at += 1;
            parts.push(self.identifier()?);
        }
        let table = parts.pop().unwrap_or_default();
        let database = parts.pop();
        match (parts.pop().as_deref(), parts.is_empty()) {
            (None | Some(super::CATALOG), true) => Ok(Name { database, table }),
            _ => Err(QueryError::not_found("CATALOG_NOT_FOUND", "Catalog does not exist")),
        }
    }

    fn last_name(&mut self) -> Result<Name, QueryError> {
        let name = self.name()?;
        self.end()?;
        Ok(name)
    }

    pub(super) fn string(&mut self) -> Option<String> {
        match self.peek()? {
            Token::SingleQuotedString(text) | Token::DoubleQuotedString(text) => {
                self.at += 1;
                Some(text.clone())
            }
            _ => None,
        }
    }

    fn partitions(&mut self) -> Result<Vec<PartitionSpec>, QueryError> {
        let mut partitions = Vec::new();
        while self.skip_any(&["PARTITION"]) {
            self.symbol(&Token::LParen)?;
            let mut values = Vec::new();
            loop {
                let key = self.identifier()?;
                self.symbol(&Token::Eq)?;
                let value = match self.peek() {
                    Some(Token::Number(number, _)) => {
                        self.at += 1;
                        number.clone()
                    }
                    _ => self.string().ok_or_else(|| self.unexpected())?,
                };
                values.push((key, value));
                if self.peek() == Some(&Token::Comma) {
                    self.at += 1;
                } else {
                    break;
                }
            }
            self.symbol(&Token::RParen)?;
            let location = if self.skip_any(&["LOCATION"]) {
                Some(self.string().ok_or_else(|| self.unexpected())?)
            } else {
                None
            };
            if self.peek() == Some(&Token::Comma) {
                self.at += 1;
            }
            partitions.push(PartitionSpec { values, location });
        }
        self.end()?;
        if partitions.is_empty() { Err(self.unexpected()) } else { Ok(partitions) }
    }

    pub(super) fn symbol(&mut self, token: &Token) -> Result<(), QueryError> {
        if self.peek() == Some(token) {
            self.at += 1;
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    pub(super) fn end(&self) -> Result<(), QueryError> {
        if self.at >= self.tokens.len() { Ok(()) } else { Err(self.unexpected()) }
    }

    pub(super) fn unexpected(&self) -> QueryError {
        match self.tokens.get(self.at) {
            Some(token) => QueryError::syntax(format!(
                "line {}:{}: mismatched input '{}'",
                token.span.start.line, token.span.start.column, token.token
            )),
            None => QueryError::syntax("mismatched input '<EOF>'"),
        }
    }
}
