//! The names that a result's columns get.

use crate::cloud::athena::ColumnInfo;
use datafusion::sql::sqlparser::ast::{Expr, Ident, Query, Select, SelectItem, SetExpr};

/// How the names of nameless columns begin until they get their place's.
const NAMELESS: &str = "__nameless_";

/// The names of a result's columns, where the plan's are not what Trino says.
#[derive(Debug, Default)]
pub(in crate::cloud::athena) struct Headings {
    /// Aliases as they were typed, by position, when the positions are known.
    typed: Vec<Option<String>>,
}

impl Headings {
    /// Names the result's columns as Trino does: aliases keep their case, expressions without one
    /// are `_col0`, `_col1`, … by their place.
    pub(in crate::cloud::athena) fn apply(&self, columns: &mut [ColumnInfo]) {
        for (position, column) in columns.iter_mut().enumerate() {
            let typed = self.typed.get(position).cloned().flatten();
            let name = match typed {
                Some(typed) => typed,
                None if is_nameless(&column.name) => format!("_col{position}"),
                None => continue,
            };
            column.name.clone_from(&name);
            column.label = name;
        }
    }
}

/// Whether a plan's column has no name of its own.
pub(in crate::cloud::athena) fn is_nameless(name: &str) -> bool {
    name.starts_with(NAMELESS)
}

/// Gives every nameless column of a query's select list a name, and notes the others'.
pub(super) fn name(query: &mut Query) -> Headings {
    let Some(select) = first_select(&mut query.body) else { return Headings::default() };
    let mut typed = Vec::new();
    let mut known = true;
    for (number, item) in select.projection.iter_mut().enumerate() {
        match item {
            SelectItem::UnnamedExpr(Expr::Identifier(_) | Expr::CompoundIdentifier(_)) => {
                typed.push(None);
            }
            SelectItem::UnnamedExpr(expr) => {
                let alias = Ident::with_quote('"', format!("{NAMELESS}{number}"));
                *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias };
                typed.push(None);
            }
            SelectItem::ExprWithAlias { alias, .. } => typed.push(Some(alias.value.clone())),
            // What a `*` stands for is not known yet, nor are the places of what follows.
            _ => known = false,
        }
    }
    if known { Headings { typed } } else { Headings::default() }
}

fn first_select(body: &mut SetExpr) -> Option<&mut Select> {
    match body {
        SetExpr::Select(select) => Some(select),
        SetExpr::Query(query) => first_select(&mut query.body),
        SetExpr::SetOperation { left, .. } => first_select(left),
        _ => None,
    }
}
