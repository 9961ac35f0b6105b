//! From a checked tree to settings: what only several keys together can say.

mod checks;
mod lake_formation;
mod operations;
mod source;
mod views;

use super::arns::{Home, Owner, Wanted, arn};
use super::error::{ConfigError, quoted};
use super::read::{At, Reader, Table};
use super::rules;
use super::settings::{
    Athena, Catalog, CatalogMode, ColumnPolicy, Existing, IamSettings, KeyChoice, Lake,
    RehearsalSource, Retention, Settings, Stance, TableMaker, TypedViews,
};
use super::time_zones;
use std::collections::BTreeMap;
use std::path::Path;

/// Reads a file that the configuration names.
pub(super) type Files<'a> = &'a dyn Fn(&Path) -> std::io::Result<String>;

const KEY: Wanted = Wanted {
    noun: "key",
    service: "kms",
    regional: true,
    resource: &["key/"],
    account: Owner::Any,
};

const ROLE: Wanted = Wanted {
    noun: "role",
    service: "iam",
    regional: false,
    resource: &["role/"],
    account: Owner::Own,
};

const BOUNDARY: Wanted = Wanted {
    noun: "permissions boundary",
    service: "iam",
    regional: false,
    resource: &["policy/"],
    account: Owner::OwnOrAws,
};

const TRUSTED: Wanted = Wanted {
    noun: "principal",
    service: "iam",
    regional: false,
    resource: &["role/", "user/", "root"],
    account: Owner::Any,
};

/// The settings of one pipeline, unless something is wrong, which the reader then knows.
pub(super) fn settings(
    reader: &mut Reader<'_>,
    table: &Table,
    files: Files<'_>,
) -> Option<Settings> {
    let name = table.text("name").map(|text| text.value.clone());
    let region = table.text("region").map(|text| text.value.clone());
    let account = table.text("account").map(|text| text.value.clone());
    let partition = region.as_deref().map_or("aws", crate::config::partition);
    let home = Home { partition, region: region.clone(), account: account.clone() };

    // Each part is looked at, whatever is wrong with the others.
    let source = table.table("source").and_then(|part| source::source(reader, part, &home));
    let lake = table.table("lake").and_then(|part| lake(reader, part, &home));
    let catalog = catalog(reader, table, name.as_deref());
    let athena = athena(reader, table, name.as_deref());
    let lake_formation = lake_formation::lake_formation(reader, table, &home);
    let typed_views = typed_views(table);
    let views = views::views(reader, table, source.as_ref(), typed_views.as_ref(), files);
    let checks = checks::checks(reader, table, source.as_ref(), files);
    let existing = existing(reader, table, &home, catalog.as_ref());
    let iam = iam(reader, table, &home);
    let rehearsal = rehearsal(reader, table, source.as_ref());
    let tags = tags(reader, table);
    let cost = operations::cost(table);
    let journal = operations::journal(table);
    let notify = operations::notify(reader, table, &home);
    let exports = table.table("retention").and_then(|part| part.number("exports"));

    Some(Settings {
        name: name?,
        account: account?,
        region: region?,
        source: source?,
        lake: lake?,
        catalog: catalog?,
        athena: athena?,
        lake_formation: lake_formation?,
        views: views?,
        typed_views,
        checks: checks?,
        existing: existing?,
        retention: Retention { exports: u32::try_from(exports?).ok()? },
        tags,
        iam: iam?,
        cost: cost?,
        journal: journal?,
        notify: notify?,
        rehearsal,
    })
}

fn lake(reader: &mut Reader<'_>, part: &Table, home: &Home) -> Option<Lake> {
    let key = part.text("key").and_then(|key| match key.value.as_str() {
        "create" => Some(KeyChoice::Create),
        _ => arn(reader, home, &KEY, key).map(KeyChoice::Existing),
    });
    let bucket = part.text("bucket")?.value.clone();
    let prefix = part.text("prefix")?.value.clone();
    Some(Lake { bucket, prefix, key: key? })
}

fn catalog(reader: &mut Reader<'_>, table: &Table, name: Option<&str>) -> Option<Catalog> {
    let part = table.table("catalog")?;
    let database = match part.text("database") {
        Some(text) => text.value.clone(),
        None if part.wrong.contains(&"database") => return None,
        None => name?.replace('-', "_"),
    };
    let mode = match part.text("mode")?.value.as_str() {
        "crawler" => CatalogMode::Crawler,
        "history" => CatalogMode::History,
        _ => CatalogMode::Direct,
    };
    let stance = |key| {
        Some(match part.text(key)?.value.as_str() {
            "allow" => Stance::Allow,
            "warn" => Stance::Warn,
            _ => Stance::Refuse,
        })
    };
    let columns = ColumnPolicy {
        new: stance("new_columns")?,
        dropped: stance("dropped_columns")?,
        changed: stance("changed_columns")?,
    };
    let partition = part.text("partition")?.value.clone();
    let time_zone = time_zone(reader, part)?;
    let maker = part.text("tables")?;
    let tables = match maker.value.as_str() {
        "terraform" => TableMaker::Terraform,
        _ => TableMaker::Run,
    };
    let source = table.table("source").filter(|source| !source.wrong.contains(&"tables"));
    if tables == TableMaker::Terraform
        && source.is_some_and(|source| source.texts("tables").is_empty())
    {
        let message = "Terraform cannot make tables whose names it does not know";
        let help =
            "list the wanted tables in `tables` under `[source]`, or write `tables = \"run\"`";
        reader.error(ConfigError::new(reader.text, &maker.span, message).help(help));
    }
    Some(Catalog { database, mode, partition, time_zone, columns, tables })
}

/// The time zone by which a snapshot gets its date, which is too late to look up once an export is paid for.
fn time_zone(reader: &mut Reader<'_>, part: &Table) -> Option<String> {
    let text = part.text("time_zone")?;
    if time_zones::time_zone(&text.value).is_none() {
        let message = format!("there is no time zone {}", quoted(&text.value));
        let help = time_zones::closest(&text.value).map_or_else(
            || format!("{}; see {}", rules::TIME_ZONE.what, rules::TIME_ZONE.source),
            |near| format!("did you mean `{near}`?"),
        );
        reader.error(ConfigError::new(reader.text, &text.span, message).help(help));
        return None;
    }
    Some(text.value.clone())
}

fn typed_views(table: &Table) -> Option<TypedViews> {
    let part = table.table("typed_views").filter(|part| part.switch("enabled"))?;
    let suffix = part.text("suffix")?.value.clone();
    let numeric = part.text("numeric")?.value.clone();
    Some(TypedViews { suffix, numeric })
}

fn athena(reader: &mut Reader<'_>, table: &Table, name: Option<&str>) -> Option<Athena> {
    let part = table.table("athena")?;
    let workgroup = match part.text("workgroup") {
        Some(text) => text.value.clone(),
        None if part.wrong.contains(&"workgroup") => return None,
        None => name?.to_owned(),
    };
    let scan_limit = rules::bytes(&part.text("scan_limit")?.value)?;
    let exists = table.table("existing").is_some_and(|existing| existing.switch("bucket"));
    let results = match part.text("results") {
        Some(text) => text.value.clone(),
        None if part.wrong.contains(&"results") => return None,
        // A bucket that exists may hold what others ask Athena, and whoever queries can read it.
        None if exists => format!("athena-results/{}", name?),
        None => "athena-results".to_owned(),
    };
    let exports = table.table("lake").and_then(|lake| lake.text("prefix"));
    if let (Some(text), Some(exports)) = (part.text("results"), exports)
        && (inside(&text.value, &exports.value) || inside(&exports.value, &text.value))
    {
        let message =
            format!("the results folder {} and the exports' are one", quoted(&text.value));
        let error = ConfigError::new(reader.text, &text.span, message)
            .and_at(&exports.span, "the exports' folder")
            .help("results expire and exports must not; give them folders beside each other");
        reader.error(error);
    }
    Some(Athena { workgroup, scan_limit, results })
}

/// Whether a folder is the other one, or is in it.
pub(super) fn inside(folder: &str, other: &str) -> bool {
    folder.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A role by its ARN that is not a service's own.
fn own_role(
    reader: &mut Reader<'_>,
    home: &Home,
    text: &At<String>,
    message: &str,
    help: &str,
) -> Option<String> {
    let role = arn(reader, home, &ROLE, text)?;
    if role.contains(":role/aws-service-role/") {
        reader.error(ConfigError::new(reader.text, &text.span, message).help(help));
        return None;
    }
    Some(role)
}

fn existing(
    reader: &mut Reader<'_>,
    table: &Table,
    home: &Home,
    catalog: Option<&Catalog>,
) -> Option<Existing> {
    let part = table.table("existing")?;
    let mut role = |key: &str| match part.text(key) {
        Some(text) => {
            let message = "a service-linked role can take no part in a pipeline";
            let help = "name a role of yours: only its service changes the policies of such a role; \
                        see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html";
            own_role(reader, home, text, message, help).map(Some)
        }
        None => Some(None),
    };
    let roles =
        [role("export_role"), role("crawler_role"), role("runner_role"), role("analyst_role")];
    if let (Some(text), Some(CatalogMode::Direct | CatalogMode::History)) =
        (part.text("crawler_role"), catalog.map(|catalog| catalog.mode))
    {
        let message = "there is no crawler that could take this role";
        let help = "take the role out, or write `mode = \"crawler\"` under `[catalog]`";
        reader.error(ConfigError::new(reader.text, &text.span, message).help(help));
    }
    let bucket = part.switch("bucket");
    let account = part.text("bucket_account");
    let elsewhere =
        account.filter(|text| home.account.as_deref().is_some_and(|own| own != text.value));
    if let (Some(text), false) = (elsewhere, bucket) {
        let message = "a bucket of another account cannot be made by this pipeline";
        let help = "write `bucket = true` if the bucket exists there, or take the account out";
        reader.error(ConfigError::new(reader.text, &text.span, message).help(help));
    }
    let [export_role, crawler_role, runner_role, analyst_role] = roles;
    Some(Existing {
        bucket,
        bucket_account: elsewhere.map(|text| text.value.clone()),
        database: part.switch("database"),
        staging_database: part.switch("staging_database"),
        workgroup: part.switch("workgroup"),
        export_role: export_role?,
        crawler_role: crawler_role?,
        runner_role: runner_role?,
        analyst_role: analyst_role?,
    })
}

fn iam(reader: &mut Reader<'_>, table: &Table, home: &Home) -> Option<IamSettings> {
    let part = table.table("iam")?;
    let boundary = part.text("permissions_boundary").map(|text| arn(reader, home, &BOUNDARY, text));
    let mut people = |key: &str| {
        let listed = part.texts(key);
        let arns: Vec<_> = listed.iter().map(|text| arn(reader, home, &TRUSTED, text)).collect();
        if arns.is_empty() {
            let account = home.account.as_deref()?;
            return Some(vec![format!("arn:{}:iam::{account}:root", home.partition)]);
        }
        let mut arns: Vec<String> = arns.into_iter().collect::<Option<_>>()?;
        arns.sort();
        arns.dedup();
        Some(arns)
    };
    let runners = people("runners");
    let analysts = people("analysts");
    Some(IamSettings {
        path: part.text("path")?.value.clone(),
        permissions_boundary: match boundary {
            Some(boundary) => Some(boundary?),
            None => None,
        },
        runners: runners?,
        analysts: analysts?,
        confused_deputy_conditions: part.switch("confused_deputy_conditions"),
    })
}

fn rehearsal(
    reader: &mut Reader<'_>,
    table: &Table,
    source: Option<&super::Source>,
) -> Option<RehearsalSource> {
    use super::EngineFamily::{MySql, Postgres};
    let url = table.table("rehearsal")?.text("source")?;
    let family = match url.value.split(':').next() {
        Some("postgres" | "postgresql") => Some(Postgres),
        Some("mysql" | "mariadb") => Some(MySql),
        _ => None,
    };
    if let (Some(family), Some(source)) = (family, source)
        && family != source.engine.family()
    {
        let message = format!("a rehearsal of `{}` can not read this database", source.engine);
        let help = "use a database of the same family as `engine`, or SQLite, which stands in for \
                    any";
        reader.error(ConfigError::new(reader.text, &url.span, message).help(help));
    }
    Some(RehearsalSource { url: url.value.clone() })
}

fn tags(reader: &mut Reader<'_>, table: &Table) -> BTreeMap<String, String> {
    let mut tags = BTreeMap::new();
    let mut seen: BTreeMap<String, At<String>> = BTreeMap::new();
    for (key, value) in table.map("tags") {
        if key.value.eq_ignore_ascii_case("snaplake:pipeline") {
            let message = format!("tag {} is the pipeline's own", quoted(&key.value));
            let error = ConfigError::new(reader.text, &key.span, message)
                .help("it is on everything that the pipeline makes, with its `name`; take it out");
            reader.error(error);
        }
        // IAM compares the keys of tags without regard to case.
        if let Some(other) = seen.insert(key.value.to_lowercase(), key.clone()) {
            let message = format!("tag {} is there twice", quoted(&key.value));
            let error = ConfigError::new(reader.text, &key.span, message)
                .and_at(&other.span, "the other one")
                .help(
                    "IAM's tags differ by more than case; see \
                     https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html",
                );
            reader.error(error);
        }
        tags.insert(key.value.clone(), value.value.clone());
    }
    tags
}
