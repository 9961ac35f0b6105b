//! The API of crawlers
//! (<https://docs.aws.amazon.com/glue/latest/webapi/API_Crawler.html>).

use super::api::{Listing, read, with_token};
use super::crawl::{Crawl, Crawler, Run, crawl, look, role_arn, settle};
use crate::cloud::authorize::Ask;
use crate::cloud::caller::Caller;
use crate::cloud::catalog::epoch;
use crate::cloud::error::ApiError;
use crate::cloud::job::Job;
use crate::cloud::seed::CrawlerSeed;
use crate::cloud::state::State;
use serde_json::{Value, json};
use std::sync::Arc;

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
