//! Whose the tables and views in the staging database are.
//!
//! The database may have been there before the pipeline, and others may have tables in it. A run deletes only
//! what runs of its pipeline have made.

use super::catalog::{self, PIPELINE};
use super::context::StepError;
use super::error::FailureKind;
use super::journal::PlannedTable;
use crate::pipeline::Pipeline;
use aws_sdk_glue::types::Table;
use std::collections::{BTreeMap, BTreeSet};

/// Tells what runs of a pipeline have made in the staging database.
pub(super) struct Ours<'a> {
    pipeline: &'a Pipeline,
    /// The folder of the exports.
    lake: String,
    /// The names of the views that runs make.
    views: BTreeSet<String>,
}

impl<'a> Ours<'a> {
    /// Looks at what is present, of which the plan is to become part.
    pub(super) fn among(
        pipeline: &'a Pipeline,
        plan: &[PlannedTable],
        present: &BTreeMap<String, Table>,
    ) -> Self {
        let mut ours = Self { pipeline, lake: pipeline.exports_root(), views: BTreeSet::new() };
        let left = present.values().filter(|table| !catalog::is_view(table) && ours.has(table));
        let tables: Vec<String> = left
            .map(Table::name)
            .chain(plan.iter().map(|plan| plan.staged.as_str()))
            .map(str::to_owned)
            .collect();
        ours.views = views(pipeline, &tables);
        ours
    }

    /// Whether runs of the pipeline have made it. Their tables bear a mark, or point into the lake when the
    /// crawler made them. Views are made by a query, which leaves no mark, and are known by their names.
    pub(super) fn has(&self, table: &Table) -> bool {
        match catalog::parameter(table, PIPELINE) {
            Some(pipeline) => pipeline == self.pipeline.name,
            None if catalog::is_view(table) => self.views.contains(table.name()),
            None => catalog::location(table).is_some_and(|place| place.starts_with(&self.lake)),
        }
    }

    /// Refuses a name that is needed and that something of others bears.
    pub(super) fn refuse_others(
        &self,
        needed: &BTreeSet<String>,
        present: &BTreeMap<String, Table>,
    ) -> Result<(), StepError> {
        let of_others =
            needed.iter().filter_map(|name| present.get(name)).find(|table| !self.has(table));
        let Some(table) = of_others else { return Ok(()) };
        let database = self.pipeline.staging_database();
        Err(StepError::found(
            FailureKind::Setup,
            format!(
                "`{database}.{}` is there already and is not of pipeline `{}`",
                table.name().escape_debug(),
                self.pipeline.name
            ),
            format!(
                "nothing was changed; drop or rename it: exports are tested in `{database}` before they \
                 go live, under the names of their tables and views"
            ),
        ))
    }
}

/// The names that a run needs in the staging database to test tables of these names.
pub(super) fn needed(
    pipeline: &Pipeline,
    tables: impl IntoIterator<Item = String>,
) -> BTreeSet<String> {
    let tables: Vec<String> = tables.into_iter().collect();
    let views = views(pipeline, &tables);
    tables.into_iter().chain(views).collect()
}

/// The names of the views that runs make over tables of these names.
fn views(pipeline: &Pipeline, tables: &[String]) -> BTreeSet<String> {
    let typed = pipeline
        .typed_views
        .iter()
        .flat_map(|settings| tables.iter().map(|table| format!("{table}{}", settings.suffix)));
    pipeline.views.iter().map(|view| view.name.clone()).chain(typed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_glue::types::StorageDescriptor;

    const CONFIG: &str = r#"
        name = "shop"
        account = "123456789012"
        region = "eu-central-1"
        source = { engine = "mysql", instance = "shop-production", database = "shop" }
        lake = { bucket = "shop-lake-123456789012" }
        typed_views = { enabled = true }
        views = [{ name = "paid", sql = "SELECT id FROM orders" }]
    "#;

    fn pipeline() -> Pipeline {
        let config = crate::config::parse(std::path::Path::new("snaplake.toml"), CONFIG).unwrap();
        Pipeline::from_config(&config).unwrap()
    }

    fn table(name: &str, location: &str, mark: Option<&str>) -> Table {
        let parameters =
            mark.map(|mark| [(PIPELINE.to_owned(), mark.to_owned())].into_iter().collect());
        Table::builder()
            .name(name)
            .set_parameters(parameters)
            .storage_descriptor(StorageDescriptor::builder().location(location).build())
            .build()
            .unwrap()
    }

    fn view(name: &str) -> Table {
        Table::builder().name(name).table_type("VIRTUAL_VIEW").build().unwrap()
    }

    #[test]
    fn only_what_runs_of_the_pipeline_have_made_is_ours() {
        let pipeline = pipeline();
        let lake = "s3://shop-lake-123456789012/exports/shop-20261123-030000-abcd/shop/shop.t/";
        let present: BTreeMap<String, Table> = [
            table("crawled", lake, None),
            table("marked", "s3://elsewhere/", Some("shop")),
            table("of_another", lake, Some("other")),
            table("notes", "s3://elsewhere/", None),
            table("beside", "s3://shop-lake-123456789012/exports-of-others/t/", None),
            view("paid"),
            view("crawled_typed"),
            view("notes_typed"),
            view("theirs"),
        ]
        .into_iter()
        .map(|table| (table.name().to_owned(), table))
        .collect();
        let ours = Ours::among(&pipeline, &[], &present);
        let names: Vec<&str> =
            present.values().filter(|table| ours.has(table)).map(Table::name).collect();
        assert_eq!(names, ["crawled", "crawled_typed", "marked", "paid"]);

        let needs = |tables: &[&str]| needed(&pipeline, tables.iter().map(|name| (*name).into()));
        assert!(ours.refuse_others(&needs(&["crawled", "marked", "new"]), &present).is_ok());
        for (tables, named) in [
            (["notes"], "`shop_staging.notes`"),
            (["theirs"], "`shop_staging.theirs`"),
            (["of_another"], "`shop_staging.of_another`"),
        ] {
            let error = ours.refuse_others(&needs(&tables), &present).unwrap_err();
            let (kind, message, _) = error.told();
            assert_eq!(kind, FailureKind::Setup);
            assert!(message.contains(named), "{message}");
        }
    }
}
