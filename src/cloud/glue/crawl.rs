//! Crawlers over virtual time: what one is, its runs and their states, and the crawl itself.

use crate::cloud::catalog::epoch;
use crate::cloud::clock::after;
use crate::cloud::crawler::{self, CrawlRequest, DeleteBehavior, S3Target, UpdateBehavior};
use crate::cloud::job::Job;
use crate::cloud::s3::Store;
use crate::cloud::seed::CrawlerSeed;
use crate::cloud::service_access::{self, GLUE};
use crate::cloud::state::State;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::Duration;

/// How long workers take to come, and how long a crawl takes to stop. AWS bills ten minutes at least
/// and promises nothing of how long one takes.
const START: Duration = Duration::from_mins(1);
/// How long a table takes.
const TABLE: Duration = Duration::from_secs(5);
/// How long stopping takes.
const STOP: Duration = Duration::from_mins(1);

/// A crawler.
#[derive(Debug, Clone)]
pub(crate) struct Crawler {
    pub(super) settings: Map<String, Value>,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    pub(super) version: u64,
    pub(super) run: Option<Run>,
    pub(super) history: Vec<Crawl>,
}

/// A run under way.
#[derive(Debug, Clone)]
pub(super) struct Run {
    pub(super) id: String,
    pub(super) begun: Timestamp,
    /// When somebody stopped it.
    pub(super) stopped: Option<Timestamp>,
    pub(super) job: Job<Result<Found, String>>,
}

/// What a crawl found.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Found {
    pub(super) created: usize,
    pub(super) updated: usize,
    pub(super) deleted: usize,
}

/// A run that ended.
#[derive(Debug, Clone)]
pub(super) struct Crawl {
    pub(super) id: String,
    pub(super) begun: Timestamp,
    pub(super) ended: Timestamp,
    pub(super) status: &'static str,
    pub(super) error: Option<String>,
    pub(super) found: Found,
}

impl Crawler {
    pub(super) fn from_seed(seed: &CrawlerSeed, now: Timestamp) -> Self {
        let targets = seed.paths.iter().map(|path| json!({"Path": path})).collect::<Vec<_>>();
        let mut settings = Map::new();
        let mut set = |name: &str, value: Value| settings.insert(name.to_owned(), value);
        set("Role", Value::from(seed.role.as_str()));
        set("DatabaseName", Value::from(seed.database.as_str()));
        set("Targets", json!({"S3Targets": targets}));
        let update = seed.update_behavior.as_deref().unwrap_or("UPDATE_IN_DATABASE");
        let delete = seed.delete_behavior.as_deref().unwrap_or("DEPRECATE_IN_DATABASE");
        set("SchemaChangePolicy", json!({"UpdateBehavior": update, "DeleteBehavior": delete}));
        let recrawl = seed.recrawl_behavior.as_deref().unwrap_or("CRAWL_EVERYTHING");
        set("RecrawlPolicy", json!({"RecrawlBehavior": recrawl}));
        if let Some(prefix) = &seed.table_prefix {
            set("TablePrefix", Value::from(prefix.as_str()));
        }
        if let Some(configuration) = &seed.configuration {
            set("Configuration", Value::from(configuration.as_str()));
        }
        Self { settings, created: now, updated: now, version: 1, run: None, history: Vec::new() }
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.settings.get(name).and_then(Value::as_str)
    }

    /// The state of Glue's `Crawler`, and when it changes next.
    pub(super) fn state(&self, now: Timestamp) -> (&'static str, Option<Timestamp>) {
        let Some(run) = &self.run else { return ("READY", None) };
        if let Some(stopped) = run.stopped {
            return ("STOPPING", Some(after(stopped, STOP)));
        }
        let ready = after(run.begun, START);
        match run.job.peek() {
            Some(result) => {
                let stopping = run.stopping(&result);
                if now < stopping {
                    ("RUNNING", Some(stopping))
                } else {
                    ("STOPPING", Some(after(stopping, STOP)))
                }
            }
            None => ("RUNNING", Some(ready)),
        }
    }

    pub(super) fn show(&self, name: &str, now: Timestamp) -> Value {
        let mut shown = Map::new();
        shown.insert("Name".to_owned(), Value::from(name));
        shown.extend(self.settings.clone());
        // The model has a role's name or ARN here, and a schedule as a structure.
        if let Some(schedule) = self.text("Schedule") {
            shown.insert(
                "Schedule".to_owned(),
                json!({"ScheduleExpression": schedule, "State": "SCHEDULED"}),
            );
        }
        let (state, _) = self.state(now);
        let elapsed = self.run.as_ref().map_or(0, |run| now.duration_since(run.begun).as_millis());
        let mut set = |name: &str, value: Value| shown.insert(name.to_owned(), value);
        set("State", Value::from(state));
        set("CrawlElapsedTime", Value::from(i64::try_from(elapsed).unwrap_or(i64::MAX)));
        set("CreationTime", Value::from(epoch::seconds(self.created)));
        set("LastUpdated", Value::from(epoch::seconds(self.updated)));
        set("Version", Value::from(self.version));
        if let Some(last) = self.history.last() {
            let mut crawl = json!({
                "Status": last.status,
                "LogGroup": "/aws-glue/crawlers",
                "LogStream": name,
                "MessagePrefix": last.id,
                "StartTime": epoch::seconds(last.begun),
            });
            if let (Value::Object(members), Some(error)) = (&mut crawl, &last.error) {
                members.insert("ErrorMessage".to_owned(), Value::from(error.as_str()));
            }
            set("LastCrawl", crawl);
        }
        Value::Object(shown)
    }
}

impl Run {
    /// When a crawl with this result has done its work.
    fn stopping(&self, result: &Result<Found, String>) -> Timestamp {
        let tables = result.as_ref().map_or(0, |found| found.created + found.updated);
        let tables = u32::try_from(tables).unwrap_or(u32::MAX);
        after(self.begun, START.saturating_add(TABLE.saturating_mul(tables)))
    }
}

/// Somebody looks at a crawler: the clock moves to its next event if its poller may move it.
pub(super) async fn look(state: &Arc<State>, name: &str) {
    let next =
        state.glue().crawlers.get(name).and_then(|crawler| crawler.state(state.clock.now()).1);
    if let Some(next) = next {
        state.clock.polled(next);
    }
    settle(state, name).await;
}

/// Brings a crawler up to the present: a run whose time has come ends.
pub(super) async fn settle(state: &Arc<State>, name: &str) {
    let run = state.glue().crawlers.get(name).and_then(|crawler| crawler.run.clone());
    let Some(run) = run else { return };
    if state.clock.now() < after(run.begun, START) && run.stopped.is_none() {
        return;
    }
    let result =
        run.job.wait().await.unwrap_or_else(|| Err("Internal Service Exception".to_owned()));
    let ended = match run.stopped {
        Some(stopped) => after(stopped, STOP),
        None => after(run.stopping(&result), STOP),
    };
    if state.clock.now() < ended {
        return;
    }
    let (status, error, found) = match (run.stopped, result) {
        (Some(_), _) => ("CANCELLED", None, Found::default()),
        (None, Ok(found)) => ("SUCCEEDED", None, found),
        (None, Err(error)) => ("FAILED", Some(error), Found::default()),
    };
    let mut glue = state.glue();
    if let Some(crawler) = glue.crawlers.get_mut(name)
        && crawler.run.as_ref().is_some_and(|current| current.id == run.id)
    {
        crawler.run = None;
        crawler.history.push(Crawl { id: run.id, begun: run.begun, ended, status, error, found });
    }
}

/// Glue takes a role's name or its ARN.
pub(super) fn role_arn(state: &State, role: &str) -> String {
    if role.starts_with("arn:") {
        return role.to_owned();
    }
    let name = role.rsplit('/').next().unwrap_or(role);
    state.identities().role(name).map_or_else(
        || format!("arn:{}:iam::{}:role/{role}", state.settings.partition, state.settings.account),
        |role| role.arn.clone(),
    )
}

/// What a crawler does under its role.
pub(super) fn crawl(
    state: &Arc<State>,
    name: &str,
    role: &str,
    settings: &Map<String, Value>,
) -> Result<Found, String> {
    let arn = state.settings.arn("glue", &format!("crawler/{name}"));
    let caller = state
        .assume_for_service(GLUE, role, &arn, "StartCrawler", "AWS-Crawler")
        .map_err(|_| {
            format!(
                "Service is unable to assume provided role. Please verify role's TrustPolicy \
                 (role: {role})"
            )
        })?;
    service_access::crawler_logs(state, &caller, name).map_err(|denied| denied.message)?;
    let request = request(name, settings);
    let store = Store(Arc::clone(state));
    let outcome =
        crawler::crawl(&request, &store, &store, &caller).map_err(|error| error.to_string())?;
    for line in &outcome.log {
        tracing::info!(crawler = name, "{line}");
    }
    Ok(Found {
        created: outcome.created.len(),
        updated: outcome.updated.len(),
        deleted: outcome.deleted.len(),
    })
}

/// The crawler's settings as the crawl takes them.
fn request(name: &str, settings: &Map<String, Value>) -> CrawlRequest {
    let text =
        |name: &str| settings.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let inner = |outer: &str, inner: &str| {
        settings.get(outer).and_then(|value| value.get(inner)).and_then(Value::as_str)
    };
    let targets = settings.get("Targets").and_then(|targets| targets.get("S3Targets"));
    let targets = targets
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|target| S3Target {
            path: target.get("Path").and_then(Value::as_str).unwrap_or_default().to_owned(),
            exclusions: target
                .get("Exclusions")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
            sample_size: target
                .get("SampleSize")
                .and_then(Value::as_u64)
                .and_then(|size| usize::try_from(size).ok()),
        })
        .collect();
    CrawlRequest {
        crawler_name: name.to_owned(),
        targets,
        database: text("DatabaseName"),
        table_prefix: text("TablePrefix"),
        configuration: text("Configuration"),
        update_behavior: match inner("SchemaChangePolicy", "UpdateBehavior") {
            Some("LOG") => UpdateBehavior::Log,
            _ => UpdateBehavior::UpdateInDatabase,
        },
        delete_behavior: match inner("SchemaChangePolicy", "DeleteBehavior") {
            Some("LOG") => DeleteBehavior::Log,
            Some("DELETE_FROM_DATABASE") => DeleteBehavior::DeleteFromDatabase,
            _ => DeleteBehavior::DeprecateInDatabase,
        },
        new_folders_only: inner("RecrawlPolicy", "RecrawlBehavior")
            == Some("CRAWL_NEW_FOLDERS_ONLY"),
    }
}
