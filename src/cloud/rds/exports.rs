//! Export tasks: what `StartExportTask` checks and begins, and the states over virtual time
//! (<https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ExportSnapshot.html>).

use super::faulty::{self, Place};
use super::{Databases, allowed, cut, export, time};
use crate::cloud::authorize::Ask;
use crate::cloud::caller::Caller;
use crate::cloud::clock::after;
use crate::cloud::error::ApiError;
use crate::cloud::faults::Effect;
use crate::cloud::job::Job;
use crate::cloud::kms::{Grant, KeyUse};
use crate::cloud::protocol::query::Form;
use crate::cloud::protocol::xml::Xml;
use crate::cloud::s3::Store;
use crate::cloud::service_access::{EXPORT, EXPORT_GRANT};
use crate::cloud::source::SourceAddress;
use crate::cloud::state::State;
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// How long a task is STARTING: RDS restores the snapshot first, "regardless of its size".
const STARTING: Duration = Duration::from_mins(10);
/// The least time that reading takes.
const READING: Duration = Duration::from_mins(15);
/// Bytes a second that are extracted.
const SPEED: u64 = 50 * 1024 * 1024;
/// How long a task is CANCELING.
const CANCELING: Duration = Duration::from_mins(2);
/// How many tasks of an account may run at a time
/// (<https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ExportSnapshot.html#USER_ExportSnapshot.Limits>).
const LIMIT: usize = 5;
const GIB: u64 = 1024 * 1024 * 1024;

/// An export task.
#[derive(Debug, Clone)]
pub(super) struct Task {
    id: String,
    source_arn: String,
    source_type: &'static str,
    export_only: Vec<String>,
    snapshot_time: Timestamp,
    started: Timestamp,
    bucket: String,
    prefix: String,
    role: String,
    key: String,
    canceled: Option<Timestamp>,
    job: Job<Result<Done, String>>,
}

/// What an export came to.
#[derive(Debug, Clone)]
struct Done {
    bytes: u64,
    warning: Option<String>,
}

/// Where a task stands at a moment.
struct Standing {
    status: &'static str,
    progress: u32,
    end: Option<Timestamp>,
    /// When it changes next.
    next: Option<Timestamp>,
}

/// When a task that started then and extracts so many bytes ends.
fn end(started: Timestamp, bytes: u64) -> Timestamp {
    let seconds = bytes / SPEED;
    after(started, STARTING + READING + Duration::from_secs(seconds))
}

impl Task {
    fn standing(&self, now: Timestamp) -> Standing {
        let result = self.job.peek();
        if let Some(canceled) = self.canceled {
            let end = after(canceled, CANCELING);
            return if now < end {
                Standing { status: "CANCELING", progress: 0, end: None, next: Some(end) }
            } else {
                Standing { status: "CANCELED", progress: 0, end: Some(end), next: None }
            };
        }
        let reading = after(self.started, STARTING);
        if now < reading {
            return Standing { status: "STARTING", progress: 0, end: None, next: Some(reading) };
        }
        match result {
            None => Standing { status: "IN_PROGRESS", progress: 0, end: None, next: Some(reading) },
            Some(Err(_)) => {
                let end = after(reading, Duration::from_mins(1));
                if now < end {
                    Standing { status: "IN_PROGRESS", progress: 0, end: None, next: Some(end) }
                } else {
                    Standing { status: "FAILED", progress: 0, end: Some(end), next: None }
                }
            }
            Some(Ok(done)) => {
                let end = end(self.started, done.bytes);
                if now >= end {
                    return Standing {
                        status: "COMPLETE",
                        progress: 100,
                        end: Some(end),
                        next: None,
                    };
                }
                let seconds =
                    |from: Timestamp, to: Timestamp| to.duration_since(from).as_secs().max(1);
                let part = seconds(reading, now) * 100 / seconds(reading, end);
                let progress = u32::try_from(part).unwrap_or(0).min(99);
                Standing { status: "IN_PROGRESS", progress, end: None, next: Some(end) }
            }
        }
    }

    fn unfinished(&self, now: Timestamp) -> bool {
        self.standing(now).next.is_some()
    }

    fn write(&self, xml: &mut Xml, now: Timestamp) {
        let standing = self.standing(now);
        let result = self.job.peek();
        xml.text("ExportTaskIdentifier", &self.id);
        xml.text("SourceArn", &self.source_arn);
        if !self.export_only.is_empty() {
            xml.list("ExportOnly", "member", &self.export_only, |xml, one| xml.escape(one));
        }
        xml.text("SnapshotTime", time(self.snapshot_time));
        if standing.status != "STARTING" {
            xml.text("TaskStartTime", time(after(self.started, STARTING)));
        }
        xml.optional("TaskEndTime", standing.end.map(time));
        xml.text("S3Bucket", &self.bucket);
        if !self.prefix.is_empty() {
            xml.text("S3Prefix", &self.prefix);
        }
        xml.text("IamRoleArn", &self.role);
        xml.text("KmsKeyId", &self.key);
        xml.text("Status", standing.status);
        xml.text("PercentProgress", standing.progress);
        let bytes = match (&result, standing.status) {
            (Some(Ok(done)), "COMPLETE") => done.bytes,
            _ => 0,
        };
        // Whole gibibytes, rounded up as long as there is something.
        xml.text("TotalExtractedDataInGB", bytes.div_ceil(GIB));
        match (&result, standing.status) {
            (Some(Err(cause)), "FAILED") => xml.text("FailureCause", cause),
            (Some(Ok(done)), "COMPLETE") => xml.optional("WarningMessage", done.warning.as_deref()),
            _ => {}
        }
        xml.text("SourceType", self.source_type);
    }
}

/// What is exported.
struct Source {
    kind: &'static str,
    engine: String,
    url: SourceAddress,
    database: String,
    time: Timestamp,
}

fn find_source(databases: &Databases, arn: &str, now: Timestamp) -> Result<Source, ApiError> {
    let resource = arn.splitn(6, ':').nth(5).unwrap_or_default();
    if let Some(snapshot) = databases.snapshots.get(arn) {
        if now < snapshot.available {
            return Err(ApiError::new(
                "InvalidExportSourceState",
                "The specified snapshot is not available: its status is creating.",
            ));
        }
        return Ok(Source {
            kind: "SNAPSHOT",
            engine: snapshot.engine.clone(),
            url: snapshot.source_url.clone(),
            database: snapshot.database_name.clone(),
            time: snapshot.begun,
        });
    }
    if let Some(database) = databases.all.get(arn).filter(|found| found.seed.cluster) {
        return Ok(Source {
            kind: "CLUSTER",
            engine: database.seed.engine.clone(),
            url: database.seed.source_url.clone(),
            database: database.seed.database.clone(),
            time: now,
        });
    }
    let missing = |code: &str, what: &str| {
        Err(ApiError::with_status(404, code, format!("{what} {} not found.", arn.escape_debug())))
    };
    match resource.split(':').next() {
        Some("snapshot") => missing("DBSnapshotNotFound", "DBSnapshot"),
        Some("cluster-snapshot") => missing("DBClusterSnapshotNotFoundFault", "DBClusterSnapshot"),
        Some("cluster") => missing("DBClusterNotFoundFault", "DBCluster"),
        _ => Err(ApiError::new(
            "InvalidParameterValue",
            format!("Invalid source ARN: {}", arn.escape_debug()),
        )),
    }
}

pub(super) fn start(state: &Arc<State>, caller: &Caller, form: &Form) -> Result<Xml, ApiError> {
    let id = form.required("ExportTaskIdentifier")?;
    let source_arn = form.required("SourceArn")?;
    let bucket = form.required("S3BucketName")?;
    let role = form.required("IamRoleArn")?;
    let key = form.required("KmsKeyId")?;
    // Characters of a prefix that RDS replaces
    // (<https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ExportSnapshot.Exporting.html>).
    let prefix = form.get("S3Prefix").unwrap_or_default();
    let export_only = form.list("ExportOnly");
    allowed(state, caller, &Ask::new("rds:StartExportTask", source_arn))?;
    if !super::is_identifier(id) || id.len() > 60 {
        return Err(ApiError::new(
            "InvalidParameterValue",
            "The parameter ExportTaskIdentifier is not a valid identifier. Identifiers must begin \
             with a letter; must contain only ASCII letters, digits, and hyphens; and must not end \
             with a hyphen or contain two consecutive hyphens.",
        ));
    }
    if prefix.contains(':') {
        return Err(ApiError::new(
            "InvalidParameterValue",
            "The S3 prefix can't contain a colon (:).",
        ));
    }
    let now = state.clock.now();
    let source = find_source(&state.databases(), source_arn, now)?;
    export::check_export_only(&source.engine, &export_only)
        .map_err(|message| ApiError::new("InvalidExportOnly", message))?;
    allowed(
        state,
        caller,
        &Ask::new("iam:PassRole", role)
            .with("iam:PassedToService", EXPORT)
            .with("iam:AssociatedResourceArn", source_arn),
    )?;
    if state.identities().role_by_arn(role).is_none() {
        let message = format!("The specified role {} does not exist.", role.escape_debug());
        return Err(ApiError::with_status(404, "IamRoleNotFound", message));
    }
    if state.buckets().get(bucket).is_none() {
        return Err(ApiError::new(
            "InvalidS3BucketFault",
            format!("The S3 bucket {} doesn't exist.", bucket.escape_debug()),
        ));
    }
    refuse_second(state, id, source_arn, now)?;
    let session = state
        .assume_for_service(EXPORT, role, source_arn, "StartExportTask", "RDSExportTask")
        .map_err(|denied| {
            ApiError::new(
                "IamRoleMissingPermissions",
                format!(
                    "The IAM role {role} isn't assumable by {EXPORT}, or requires additional \
                     permissions to export to your Amazon S3 bucket: {}",
                    denied.message
                ),
            )
        })?;
    let key = grant(state, caller, key)?;

    let work = Work {
        state: Arc::clone(state),
        session,
        id: id.to_owned(),
        source_arn: source_arn.to_owned(),
        source,
        export_only: export_only.clone(),
        bucket: bucket.to_owned(),
        prefix: prefix.to_owned(),
        role: role.to_owned(),
        key: key.clone(),
        started: now,
        faults: state.faults.take_for_export(),
    };
    let task = Task {
        id: id.to_owned(),
        source_arn: source_arn.to_owned(),
        source_type: work.source.kind,
        export_only,
        snapshot_time: work.source.time,
        started: now,
        bucket: bucket.to_owned(),
        prefix: prefix.to_owned(),
        role: role.to_owned(),
        key,
        canceled: None,
        job: Job::blocking(move |cancel| work.run(cancel)),
    };
    let mut xml = Xml::default();
    task.write(&mut xml, now);
    state.databases().tasks.insert(id.to_owned(), task);
    Ok(xml)
}

/// One task of a name ever, one of a snapshot at a time, five of an account.
fn refuse_second(state: &State, id: &str, source: &str, now: Timestamp) -> Result<(), ApiError> {
    let databases = state.databases();
    let exists = |message: String| Err(ApiError::new("ExportTaskAlreadyExists", message));
    if databases.tasks.contains_key(id) {
        return exists(format!("An export task with the identifier {id} already exists."));
    }
    let running = databases.tasks.values().filter(|task| task.unfinished(now)).collect::<Vec<_>>();
    if running.iter().any(|task| task.source_arn == source) {
        return exists("An export task of this source is already running.".to_owned());
    }
    if running.len() >= LIMIT {
        return Err(ApiError::new(
            "ExportTaskLimitReachedFault",
            format!("You can't have more than {LIMIT} export tasks in progress at the same time."),
        ));
    }
    Ok(())
}

/// RDS describes the key and gives itself a grant, both on the caller's behalf
/// (<https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_StartExportTask.html>, `KmsKeyId`).
/// The grantee is the service: what it writes to S3 it writes under the export role, which needs its
/// own right to use the key
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html>).
fn grant(state: &State, caller: &Caller, key: &str) -> Result<String, ApiError> {
    let inaccessible = |error: String| {
        ApiError::new(
            "KMSKeyNotAccessibleFault",
            format!(
                "The specified KMS key {} either doesn't exist, isn't enabled or can't be accessed \
                 by the current user: {error}",
                key.escape_debug()
            ),
        )
    };
    let via = Some(format!("rds.{}.amazonaws.com", state.settings.region));
    let caller = caller.through("rds.amazonaws.com");
    let usage = KeyUse { via: via.clone(), enabled: true, ..KeyUse::default() };
    let arn = state
        .use_key(&caller, "kms:DescribeKey", key, &usage)
        .map_err(|error| inaccessible(error.to_string()))?;
    let grant = Grant {
        id: crate::cloud::kms::random_hex(64),
        token: crate::cloud::kms::random_hex(96),
        name: None,
        grantee: EXPORT.to_owned(),
        retiring: Some("rds.amazonaws.com".to_owned()),
        operations: EXPORT_GRANT.map(str::to_owned).to_vec(),
        subset: Vec::new(),
        equals: Vec::new(),
        issuer: caller.principal.to_string(),
        created: state.clock.now(),
    };
    state.grant(&caller, &arn, grant, via).map_err(|error| inaccessible(error.to_string()))?;
    Ok(arn)
}

/// An export on its way.
struct Work {
    state: Arc<State>,
    session: Caller,
    id: String,
    source_arn: String,
    source: Source,
    export_only: Vec<String>,
    bucket: String,
    prefix: String,
    role: String,
    key: String,
    started: Timestamp,
    /// Faults that were asked for.
    faults: Vec<Effect>,
}

impl Work {
    fn run(self, cancel: &std::sync::atomic::AtomicBool) -> Result<Done, String> {
        let started = self.started;
        let bucket = self.bucket.clone();
        for fault in &self.faults {
            if let Effect::ExportFails { cause } = fault {
                return Err(cause.clone());
            }
        }
        let held = self.state.databases().held(&self.source.url);
        let request = export::ExportRequest {
            id: self.id,
            source_arn: self.source_arn,
            engine: self.source.engine,
            source_url: self.source.url,
            held,
            database: self.source.database,
            export_only: self.export_only,
            bucket: self.bucket,
            prefix: self.prefix,
            role_arn: self.role,
            kms_key_arn: self.key,
            snapshot_time: self.source.time,
            task_start_time: after(started, STARTING),
            end_time: &|bytes| end(started, bytes),
        };
        let store = Store(self.state);
        let mut outcome = export::run(&request, &store, &self.session, cancel)
            .map_err(|error| export::failure_cause(&error, &request))?;
        let folder = export::export_folder(&request.prefix, &request.id);
        let place = Place { bucket: &bucket, folder: &folder, id: &request.id };
        faulty::damage(&store, &place, &mut outcome, &self.faults)
            .map_err(|error| error.to_string())?;
        Ok(Done { bytes: outcome.bytes, warning: outcome.warning_message })
    }
}

/// Brings a task up to the present: a poller's clock moves to its next event, and past the start the
/// real work must be done before anything is said of it.
async fn settle(state: &State, task: &Task) {
    if let Some(next) = task.standing(state.clock.now()).next {
        state.clock.polled(next);
    }
    let now = state.clock.now();
    if task.canceled.is_none() && now >= after(task.started, STARTING) {
        task.job.wait().await;
    }
}

pub(super) async fn describe(
    state: &Arc<State>,
    caller: &Caller,
    form: &Form,
) -> Result<Xml, ApiError> {
    let source = form.get("SourceArn");
    let id = form.get("ExportTaskIdentifier");
    allowed(state, caller, &Ask::new("rds:DescribeExportTasks", source.unwrap_or("*")))?;
    let filters = form.filters();
    for (name, _) in &filters {
        if !["export-task-identifier", "s3-bucket", "source-arn", "status"].contains(&name.as_str())
        {
            return Err(ApiError::new(
                "InvalidParameterValue",
                format!("Unrecognized filter name: {}", name.escape_debug()),
            ));
        }
    }
    let matching = |task: &Task| {
        id.is_none_or(|id| id == task.id)
            && source.is_none_or(|source| source == task.source_arn)
            && form.get("SourceType").is_none_or(|kind| kind == task.source_type)
    };
    let tasks =
        state.databases().tasks.values().filter(|task| matching(task)).cloned().collect::<Vec<_>>();
    for task in &tasks {
        settle(state, task).await;
    }
    if let (Some(id), true) = (id, tasks.is_empty()) {
        return Err(not_found(id));
    }
    let now = state.clock.now();
    let kept = tasks
        .into_iter()
        .filter(|task| {
            filters.iter().all(|(name, values)| {
                let value = match name.as_str() {
                    "export-task-identifier" => task.id.clone(),
                    "s3-bucket" => task.bucket.clone(),
                    "source-arn" => task.source_arn.clone(),
                    _ => task.standing(now).status.to_lowercase(),
                };
                values.contains(&value)
            })
        })
        .collect();
    let (kept, marker) = cut(kept, form)?;
    let mut xml = Xml::default();
    xml.optional("Marker", marker);
    xml.list("ExportTasks", "ExportTask", kept, |xml, task| task.write(xml, now));
    Ok(xml)
}

fn not_found(id: &str) -> ApiError {
    let message = format!("The export task {} doesn't exist.", id.escape_debug());
    ApiError::with_status(404, "ExportTaskNotFound", message)
}

/// Has no resource type
/// (<https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html>).
pub(super) async fn cancel(
    state: &Arc<State>,
    caller: &Caller,
    form: &Form,
) -> Result<Xml, ApiError> {
    let id = form.required("ExportTaskIdentifier")?;
    allowed(state, caller, &Ask::new("rds:CancelExportTask", "*"))?;
    let task = state.databases().tasks.get(id).cloned().ok_or_else(|| not_found(id))?;
    let now = state.clock.now();
    // Past the start, whether it still can be canceled depends on when the work ends.
    if task.canceled.is_none() && now >= after(task.started, STARTING) {
        task.job.wait().await;
    }
    let mut databases = state.databases();
    let task = databases.tasks.get_mut(id).ok_or_else(|| not_found(id))?;
    if !task.unfinished(now) {
        return Err(ApiError::new(
            "InvalidExportTaskStateFault",
            format!("The export task {id} has already ended."),
        ));
    }
    if task.canceled.is_none() {
        task.canceled = Some(now);
        task.job.cancel();
    }
    let mut xml = Xml::default();
    task.write(&mut xml, now);
    Ok(xml)
}
