//! Crawlers: their settings, and their runs over virtual time
//! (<https://docs.aws.amazon.com/glue/latest/webapi/API_Crawler.html>).

use super::api::{Listing, read, with_token};
use crate::cloud::authorize::Ask;
use crate::cloud::caller::Caller;
use crate::cloud::catalog::epoch;
use crate::cloud::clock::after;
use crate::cloud::crawler::{self, CrawlRequest, DeleteBehavior, S3Target, UpdateBehavior};
use crate::cloud::error::ApiError;
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

/// The members that owners set, which `GetCrawler` gives back as they were set.
const SETTINGS: [&str; 13] = [
    "Role",
    "Targets",
    "DatabaseName",
    "Description",
    "Classifiers",
    "RecrawlPolicy",
    "SchemaChangePolicy",
    "LineageConfiguration",
    "TablePrefix",
    "Configuration",
    "CrawlerSecurityConfiguration",
    "LakeFormationConfiguration",
    "Schedule",
];

/// A crawler.
#[derive(Debug, Clone)]
pub(crate) struct Crawler {
    settings: Map<String, Value>,
    created: Timestamp,
    updated: Timestamp,
    version: u64,
    run: Option<Run>,
    history: Vec<Crawl>,
}

/// A run under way.
#[derive(Debug, Clone)]
struct Run {
    id: String,
    begun: Timestamp,
    /// When somebody stopped it.
    stopped: Option<Timestamp>,
    job: Job<Result<Found, String>>,
}

/// What a crawl found.
#[derive(Debug, Clone, Copy, Default)]
struct Found {
    created: usize,
    updated: usize,
    deleted: usize,
}

/// A run that ended.
#[derive(Debug, Clone)]
struct Crawl {
    id: String,
    begun: Timestamp,
    ended: Timestamp,
    status: &'static str,
    error: Option<String>,
    found: Found,
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

    fn text(&self, name: &str) -> Option<&str> {
        self.settings.get(name).and_then(Value::as_str)
    }

    /// The state of Glue's `Crawler`, and when it changes next.
    fn state(&self, now: Timestamp) -> (&'static str, Option<Timestamp>) {
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

    fn show(&self, name: &str, now: Timestamp) -> Value {
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

/// Answers an operation on crawlers.
pub(super) async fn call(
    state: &Arc<State>,
    caller: &Caller,
    operation: &str,
    input: Value,
) -> Result<Value, ApiError> {
    match operation {
        "CreateCrawler" => create(state, caller, &input),
        "UpdateCrawler" => update(state, caller, input).await,
        "DeleteCrawler" => {
            let name = allowed(state, caller, "glue:DeleteCrawler", &input)?;
            settle(state, &name).await;
            let mut glue = state.glue();
            if glue.crawlers.get(&name).is_some_and(|crawler| crawler.run.is_some()) {
                return Err(running(&name));
            }
            glue.crawlers.remove(&name).ok_or_else(|| missing(&name))?;
            Ok(json!({}))
        }
        "GetCrawler" => {
            let name = allowed(state, caller, "glue:GetCrawler", &input)?;
            look(state, &name).await;
            let glue = state.glue();
            let crawler = glue.crawlers.get(&name).ok_or_else(|| missing(&name))?;
            Ok(json!({"Crawler": crawler.show(&name, state.clock.now())}))
        }
        "GetCrawlers" | "ListCrawlers" => list(state, caller, operation, input).await,
        "GetCrawlerMetrics" => metrics(state, caller, input).await,
        "ListCrawls" => crawls(state, caller, input).await,
        "StartCrawler" => start(state, caller, &input).await,
        "StopCrawler" => stop(state, caller, &input),
        _ => Err(ApiError::new(
            "UnknownOperationException",
            format!("the rehearsal does not serve glue:{}", operation.escape_debug()),
        )),
    }
}

fn missing(name: &str) -> ApiError {
    ApiError::new(
        "EntityNotFoundException",
        format!("Crawler with name {} does not exist", name.escape_debug()),
    )
}

fn running(name: &str) -> ApiError {
    ApiError::new(
        "CrawlerRunningException",
        format!("Crawler with name {name} has already started"),
    )
}

/// Authorizes an action on the crawler that the input names.
fn allowed(
    state: &State,
    caller: &Caller,
    action: &'static str,
    input: &Value,
) -> Result<String, ApiError> {
    let name = input
        .get("Name")
        .or_else(|| input.get("CrawlerName"))
        .and_then(Value::as_str)
        .ok_or_else(|| ApiError::new("InvalidInputException", "Name cannot be null"))?;
    let arn = state.settings.arn("glue", &format!("crawler/{name}"));
    authorize(state, caller, &Ask::new(action, arn))?;
    Ok(name.to_owned())
}

fn authorize(state: &State, caller: &Caller, ask: &Ask) -> Result<(), ApiError> {
    state
        .authorize(caller, ask)
        .map_err(|denied| ApiError::new("AccessDeniedException", denied.message))
}

/// Whoever gives a crawler its role must be allowed to pass it
/// (<https://docs.aws.amazon.com/glue/latest/dg/attach-policy-iam-user.html>).
fn pass_role(state: &State, caller: &Caller, role: &str) -> Result<(), ApiError> {
    let arn = role_arn(state, role);
    let ask = Ask::new("iam:PassRole", arn).with("iam:PassedToService", "glue.amazonaws.com");
    authorize(state, caller, &ask)
}

/// Glue takes a role's name or its ARN.
fn role_arn(state: &State, role: &str) -> String {
    if role.starts_with("arn:") {
        return role.to_owned();
    }
    let name = role.rsplit('/').next().unwrap_or(role);
    state.identities().role(name).map_or_else(
        || format!("arn:{}:iam::{}:role/{role}", state.settings.partition, state.settings.account),
        |role| role.arn.clone(),
    )
}

fn create(state: &State, caller: &Caller, input: &Value) -> Result<Value, ApiError> {
    let name = allowed(state, caller, "glue:CreateCrawler", input)?;
    let role = input
        .get("Role")
        .and_then(Value::as_str)
        .ok_or_else(|| ApiError::new("InvalidInputException", "Role cannot be null"))?;
    pass_role(state, caller, role)?;
    check(input)?;
    let now = state.clock.now();
    let seed = CrawlerSeed {
        name: name.clone(),
        role: role.to_owned(),
        database: String::new(),
        paths: Vec::new(),
        table_prefix: None,
        configuration: None,
        update_behavior: None,
        delete_behavior: None,
        recrawl_behavior: None,
    };
    let mut crawler = Crawler::from_seed(&seed, now);
    set(&mut crawler, input);
    let mut glue = state.glue();
    if glue.crawlers.contains_key(&name) {
        return Err(ApiError::new("AlreadyExistsException", format!("{name} already exists")));
    }
    glue.crawlers.insert(name, crawler);
    Ok(json!({}))
}

async fn update(state: &Arc<State>, caller: &Caller, input: Value) -> Result<Value, ApiError> {
    let name = allowed(state, caller, "glue:UpdateCrawler", &input)?;
    if let Some(role) = input.get("Role").and_then(Value::as_str) {
        pass_role(state, caller, role)?;
    }
    check(&input)?;
    settle(state, &name).await;
    let now = state.clock.now();
    let mut glue = state.glue();
    let crawler = glue.crawlers.get_mut(&name).ok_or_else(|| missing(&name))?;
    if crawler.run.is_some() {
        return Err(running(&name));
    }
    set(crawler, &input);
    crawler.updated = now;
    crawler.version += 1;
    Ok(json!({}))
}

fn set(crawler: &mut Crawler, input: &Value) {
    for name in SETTINGS {
        if let Some(value) = input.get(name) {
            crawler.settings.insert(name.to_owned(), value.clone());
        }
    }
}

/// "New folders only" and changes of the schema do not go together
/// (<https://docs.aws.amazon.com/glue/latest/dg/incremental-crawls.html>).
fn check(input: &Value) -> Result<(), ApiError> {
    let invalid = |message: String| Err(ApiError::new("InvalidInputException", message));
    let new_only = input.pointer("/RecrawlPolicy/RecrawlBehavior").and_then(Value::as_str)
        == Some("CRAWL_NEW_FOLDERS_ONLY");
    let behavior =
        |name: &str| input.pointer(&format!("/SchemaChangePolicy/{name}")).and_then(Value::as_str);
    if new_only
        && ["UpdateBehavior", "DeleteBehavior"]
            .iter()
            .any(|name| behavior(name).is_some_and(|value| value != "LOG"))
    {
        return invalid(
            "The SchemaChangePolicy for \"Crawl new folders only\" Amazon S3 target can have only \
             LOG DeleteBehavior value and LOG UpdateBehavior value."
                .to_owned(),
        );
    }
    let paths = input.pointer("/Targets/S3Targets").and_then(Value::as_array);
    for target in paths.into_iter().flatten() {
        let path = target.get("Path").and_then(Value::as_str).unwrap_or_default();
        let bucket = path.strip_prefix("s3://").and_then(|rest| rest.split('/').next());
        if bucket.is_none_or(str::is_empty) {
            return invalid(format!("The S3 path `{}` is not valid", path.escape_debug()));
        }
    }
    if let Some(configuration) = input.get("Configuration").and_then(Value::as_str)
        && !configuration.is_empty()
        && serde_json::from_str::<Value>(configuration).is_err()
    {
        return invalid("Crawler configuration is not valid JSON".to_owned());
    }
    Ok(())
}

/// Somebody looks at a crawler: the clock moves to its next event if its poller may move it.
async fn look(state: &Arc<State>, name: &str) {
    let next =
        state.glue().crawlers.get(name).and_then(|crawler| crawler.state(state.clock.now()).1);
    if let Some(next) = next {
        state.clock.polled(next);
    }
    settle(state, name).await;
}

/// Brings a crawler up to the present: a run whose time has come ends.
async fn settle(state: &Arc<State>, name: &str) {
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

async fn start(state: &Arc<State>, caller: &Caller, input: &Value) -> Result<Value, ApiError> {
    let name = allowed(state, caller, "glue:StartCrawler", input)?;
    settle(state, &name).await;
    let crawler = state.glue().crawlers.get(&name).cloned().ok_or_else(|| missing(&name))?;
    if crawler.run.is_some() {
        return Err(running(&name));
    }
    let role = role_arn(state, crawler.text("Role").unwrap_or_default());
    let worker = Arc::clone(state);
    let (crawler_name, settings) = (name.clone(), crawler.settings);
    let job = Job::blocking(move |_| crawl(&worker, &crawler_name, &role, &settings));
    let run =
        Run { id: uuid::Uuid::new_v4().to_string(), begun: state.clock.now(), stopped: None, job };
    let mut glue = state.glue();
    match glue.crawlers.get_mut(&name) {
        Some(crawler) if crawler.run.is_none() => crawler.run = Some(run),
        _ => return Err(running(&name)),
    }
    Ok(json!({}))
}

/// What a crawler does under its role.
fn crawl(
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

fn stop(state: &State, caller: &Caller, input: &Value) -> Result<Value, ApiError> {
    let name = allowed(state, caller, "glue:StopCrawler", input)?;
    // Stopping is no poll: the clock stays where it is.
    let now = state.clock.now();
    let mut glue = state.glue();
    let crawler = glue.crawlers.get_mut(&name).ok_or_else(|| missing(&name))?;
    let Some(run) = &mut crawler.run else {
        return Err(ApiError::new(
            "CrawlerNotRunningException",
            format!("Crawler with name {name} isn't running"),
        ));
    };
    if run.stopped.is_some() {
        return Err(ApiError::new(
            "CrawlerStoppingException",
            format!("Crawler with name {name} is stopping"),
        ));
    }
    run.stopped = Some(now);
    run.job.cancel();
    Ok(json!({}))
}

async fn list(
    state: &Arc<State>,
    caller: &Caller,
    operation: &str,
    input: Value,
) -> Result<Value, ApiError> {
    let names_only = operation == "ListCrawlers";
    let action = if names_only { "glue:ListCrawlers" } else { "glue:GetCrawlers" };
    authorize(state, caller, &Ask::new(action, "*"))?;
    let names = state.glue().crawlers.keys().cloned().collect::<Vec<_>>();
    for name in &names {
        look(state, name).await;
    }
    let listing: Listing = read(input)?;
    let (names, next) = listing.cut(names)?;
    if names_only {
        return Ok(with_token(json!({"CrawlerNames": names}), next));
    }
    let now = state.clock.now();
    let glue = state.glue();
    let crawlers = names
        .iter()
        .filter_map(|name| Some(glue.crawlers.get(name)?.show(name, now)))
        .collect::<Vec<_>>();
    Ok(with_token(json!({"Crawlers": crawlers}), next))
}

async fn metrics(state: &Arc<State>, caller: &Caller, input: Value) -> Result<Value, ApiError> {
    authorize(state, caller, &Ask::new("glue:GetCrawlerMetrics", "*"))?;
    let wanted = input.get("CrawlerNameList").and_then(Value::as_array).cloned();
    let names = match wanted {
        Some(names) => names.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        None => state.glue().crawlers.keys().cloned().collect::<Vec<_>>(),
    };
    for name in &names {
        look(state, name).await;
    }
    let now = state.clock.now();
    let glue = state.glue();
    let metrics = names
        .iter()
        .filter_map(|name| {
            let crawler = glue.crawlers.get(name)?;
            let seconds = |crawl: &Crawl| crawl.ended.duration_since(crawl.begun).as_secs_f64();
            let found = crawler.history.last().map(|last| last.found).unwrap_or_default();
            let mut times = crawler.history.iter().map(seconds).collect::<Vec<_>>();
            times.sort_by(f64::total_cmp);
            let left = crawler
                .state(now)
                .1
                .map_or(0.0, |next| next.duration_since(now).as_secs_f64().max(0.0));
            Some(json!({
                "CrawlerName": name,
                "TimeLeftSeconds": left,
                "StillEstimating": crawler.run.is_some() && crawler.history.is_empty(),
                "LastRuntimeSeconds": crawler.history.last().map_or(0.0, seconds),
                "MedianRuntimeSeconds": times.get(times.len() / 2).copied().unwrap_or_default(),
                "TablesCreated": found.created,
                "TablesUpdated": found.updated,
                "TablesDeleted": found.deleted,
            }))
        })
        .collect::<Vec<_>>();
    Ok(json!({"CrawlerMetricsList": metrics}))
}

async fn crawls(state: &Arc<State>, caller: &Caller, input: Value) -> Result<Value, ApiError> {
    let name = allowed(state, caller, "glue:ListCrawls", &input)?;
    look(state, &name).await;
    let listing: Listing = read(input)?;
    let glue = state.glue();
    let crawler = glue.crawlers.get(&name).ok_or_else(|| missing(&name))?;
    let crawls = crawler
        .history
        .iter()
        .rev()
        .map(|crawl| {
            let mut shown = json!({
                "CrawlId": crawl.id,
                "State": match crawl.status {
                    "SUCCEEDED" => "COMPLETED",
                    "CANCELLED" => "STOPPED",
                    other => other,
                },
                "StartTime": epoch::seconds(crawl.begun),
                "EndTime": epoch::seconds(crawl.ended),
                "LogGroup": "/aws-glue/crawlers",
                "LogStream": name,
                "MessagePrefix": crawl.id,
            });
            if let (Value::Object(members), Some(error)) = (&mut shown, &crawl.error) {
                members.insert("ErrorMessage".to_owned(), Value::from(error.as_str()));
            }
            shown
        })
        .collect::<Vec<_>>();
    let (crawls, next) = listing.cut(crawls)?;
    Ok(with_token(json!({"Crawls": crawls}), next))
}
