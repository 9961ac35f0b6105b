use super::{LakeGrant, LakePlace};
use crate::pipeline::{
    CatalogMode, LakeFormation, Pipeline, PrincipalKind, Registration, TableMaker,
};
use std::path::Path;

fn example() -> Pipeline {
    let text = include_str!("../../../examples/snapshot-to-athena/snaplake.toml");
    let config =
        crate::config::parse_with(Path::new("snaplake.toml"), text, &|_| Ok("SELECT 1".to_owned()));
    Pipeline::from_config(&config.expect("the example is right")).expect("it has one pipeline")
}

fn governed(location: Registration, mode: CatalogMode) -> Pipeline {
    let mut pipeline = example();
    pipeline.catalog.mode = mode;
    pipeline.lake_formation = Some(LakeFormation { location });
    pipeline
}

fn of<'a>(
    grants: &'a [LakeGrant],
    principal: PrincipalKind,
    place: &LakePlace,
) -> &'a [&'static str] {
    let found = grants.iter().find(|grant| grant.principal == principal && grant.place == *place);
    found.map_or(&[], |grant| &grant.permissions)
}

#[test]
fn without_lake_formation_nothing_is_granted_and_nothing_more_is_needed() {
    let pipeline = example();
    assert!(pipeline.lake_grants().is_empty());
    assert!(pipeline.needs().iter().all(|need| !need.action.starts_with("lakeformation:")));
}

#[test]
fn analysts_see_what_is_live_and_change_nothing() {
    let pipeline = governed(Registration::Already, CatalogMode::Direct);
    let grants = pipeline.lake_grants();
    let analyst: Vec<_> =
        grants.iter().filter(|grant| grant.principal == PrincipalKind::Analyst).collect();
    assert_eq!(analyst.len(), 2, "{analyst:?}");
    let live = pipeline.catalog.database.clone();
    assert_eq!(
        of(&grants, PrincipalKind::Analyst, &LakePlace::Database(live.clone())),
        ["DESCRIBE"]
    );
    assert_eq!(
        of(&grants, PrincipalKind::Analyst, &LakePlace::Tables(live)),
        ["DESCRIBE", "SELECT"]
    );
}

#[test]
fn runners_drop_in_staging_only() {
    let pipeline = governed(Registration::No, CatalogMode::Direct);
    let grants = pipeline.lake_grants();
    let runner = PrincipalKind::Runner;
    let live = LakePlace::Tables(pipeline.catalog.database.clone());
    let staging = LakePlace::Tables(pipeline.staging_database());
    assert!(!of(&grants, runner, &live).contains(&"DROP"));
    assert!(of(&grants, runner, &live).contains(&"ALTER"));
    assert!(of(&grants, runner, &staging).contains(&"DROP"));
    assert!(of(&grants, runner, &LakePlace::Location).is_empty(), "nothing is registered");
}

#[test]
fn whoever_points_tables_at_a_registered_folder_may_do_so() {
    for (mode, expected) in [
        (CatalogMode::Direct, vec![PrincipalKind::Runner]),
        (CatalogMode::Crawler, vec![PrincipalKind::Crawler, PrincipalKind::Runner]),
    ] {
        let grants = governed(Registration::Already, mode).lake_grants();
        let found: Vec<_> = grants
            .iter()
            .filter(|grant| grant.place == LakePlace::Location)
            .map(|grant| grant.principal)
            .collect();
        assert_eq!(found, expected);
    }
}

#[test]
fn what_lake_formation_hands_out_is_asked_of_it_and_not_of_s3() {
    let object =
        |pipeline: &Pipeline| pipeline.object_arn(&format!("{}*", pipeline.exports_prefix()));
    let asks = |pipeline: &Pipeline, action: &str, resource: &str| {
        pipeline.needs().iter().any(|need| {
            need.principal == PrincipalKind::Analyst
                && need.action == action
                && need.resources.iter().any(|one| one == resource)
        })
    };
    let plain = governed(Registration::No, CatalogMode::Direct);
    assert!(asks(&plain, "s3:GetObject", &object(&plain)));
    assert!(!asks(&plain, "lakeformation:GetDataAccess", "*"));
    let registered = governed(Registration::Already, CatalogMode::Direct);
    assert!(!asks(&registered, "s3:GetObject", &object(&registered)));
    assert!(asks(&registered, "lakeformation:GetDataAccess", "*"));
    assert!(asks(&registered, "kms:Decrypt", &registered.key_arn()));
}

#[test]
fn runs_make_no_table_that_terraform_makes() {
    let mut pipeline = example();
    let creates = |pipeline: &Pipeline| {
        let live = pipeline.table_arn(&pipeline.catalog.database, "*");
        pipeline.needs().iter().any(|need| {
            need.principal == PrincipalKind::Runner
                && need.action == "glue:CreateTable"
                && need.resources.contains(&live)
        })
    };
    pipeline.views.clear();
    pipeline.typed_views = None;
    assert!(creates(&pipeline));
    pipeline.catalog.tables = TableMaker::Terraform;
    assert!(!creates(&pipeline));
    assert_eq!(pipeline.terraform_tables().len(), pipeline.source.tables.len());
}
