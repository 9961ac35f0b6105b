//! `snaplake cloud`: the rehearsal cloud for other clients.

use super::{Exit, Failure, Global, Outcome, OutputFormat, Printer};
use crate::cloud::faults::Fault;
use crate::cloud::seed::{SeedCredentials, Seeds, UserSeed};
use crate::cloud::{Cloud, CloudHandle, CloudOptions, Pace, VirtualClock};
use miette::miette;
use serde::de::DeserializeOwned;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Arguments of `snaplake cloud`.
#[derive(Debug, clap::Args)]
pub struct CloudArgs {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:4567")]
    listen: SocketAddr,
    /// What exists from the beginning: a JSON file of roles, users, keys, buckets, databases…
    #[arg(long, value_name = "FILE")]
    seed: Option<PathBuf>,
    /// Where objects are kept; a folder that goes with the process when left out
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Faults that are to come: a JSON list; `POST /_snaplake/faults` adds more
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
    /// The account that owns everything
    #[arg(long, value_name = "ID", default_value = "123456789012")]
    account: String,
    /// Let time pass this many times as fast as it does; without, whoever polls something
    /// unfinished finds it one event further
    #[arg(long, value_name = "FACTOR")]
    speed: Option<f64>,
}

pub(super) fn run(args: &CloudArgs, global: &Global, printer: &Printer) -> Outcome {
    let seeds: Seeds = args.seed.as_deref().map(read).transpose()?.unwrap_or_default();
    let faults: Vec<Fault> = args.faults.as_deref().map(read).transpose()?.unwrap_or_default();
    if args.account.len() != 12 || !args.account.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Failure::input(miette!(
            help = "an account's id has 12 digits",
            "`{}` is not an account's id",
            args.account.escape_debug()
        )));
    }
    let pace = match args.speed {
        None => Pace::Polled,
        Some(speed) if speed.is_finite() && speed > 0.0 => Pace::Speed(speed),
        Some(speed) => {
            return Err(Failure::input(miette!(
                help = "1 is real time, 60 makes a minute of an hour",
                "`{speed}` is not a speed"
            )));
        }
    };
    let temporary = match &args.folder {
        Some(_) => None,
        None => Some(tempfile::tempdir().map_err(|error| {
            Failure::environment(miette!("cannot make a temporary folder: {error}"))
        })?),
    };
    let folder = match (&args.folder, &temporary) {
        (Some(folder), _) => folder.as_path(),
        (None, Some(temporary)) => temporary.path(),
        (None, None) => Path::new("."),
    };
    let region = global.region.as_deref().unwrap_or("us-east-1");
    let mut options = CloudOptions::new(args.account.as_str(), region, folder);
    options.listen = args.listen;
    options.admin = true;
    options.clock = VirtualClock::new(pace);
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|error| Failure::environment(miette!("cannot start threads: {error}")))?;
    runtime.block_on(serve(options, &seeds, faults, global, printer))
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::input(miette!("cannot read `{shown}`: {error}")))?;
    serde_json::from_str(&text)
        .map_err(|error| Failure::input(miette!("`{shown}` is not what is wanted here: {error}")))
}

async fn serve(
    options: CloudOptions,
    seeds: &Seeds,
    faults: Vec<Fault>,
    global: &Global,
    printer: &Printer,
) -> Outcome {
    let (region, account) = (options.region.clone(), options.account.clone());
    let cloud =
        Cloud::start(options).await.map_err(|error| Failure::environment(miette!("{error}")))?;
    cloud.add_faults(faults);
    let mut users = cloud.seed().all(seeds).map_err(|error| Failure::input(miette!("{error}")))?;
    if users.is_empty() {
        let admin = UserSeed {
            arn: format!("arn:aws:iam::{account}:user/admin"),
            policies: vec![crate::cloud::seed::PolicySeed::new("everything", EVERYTHING)],
            access_key_id: None,
            secret_access_key: None,
        };
        let made = cloud.seed().user(&admin);
        users.push(made.map_err(|error| Failure::environment(miette!("{error}")))?);
    }
    printer.out(announce(&cloud, &users, &region, global.output))?;
    printer.note("serving until interrupted");
    let interrupted = interrupted().await;
    cloud.shutdown().await;
    match interrupted {
        Ok(()) => Ok(Exit::Done),
        Err(error) => Err(Failure::environment(miette!("cannot wait for a signal: {error}"))),
    }
}

/// Waits for Ctrl-C or, where there is such a thing, for a polite `kill`.
#[cfg(unix)]
async fn interrupted() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed,
        _ = terminated.recv() => Ok(()),
    }
}

/// Waits for Ctrl-C.
#[cfg(not(unix))]
async fn interrupted() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}

/// What the only user of an empty cloud may do.
const EVERYTHING: &str = r#"{"Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;

/// Where the cloud is and who may call it: to be evaluated by a shell, or read by a program.
fn announce(
    cloud: &CloudHandle,
    users: &[SeedCredentials],
    region: &str,
    output: OutputFormat,
) -> String {
    if output == OutputFormat::Json {
        let users = users
            .iter()
            .map(|user| {
                serde_json::json!({
                    "principal": user.principal,
                    "access_key_id": user.access_key_id,
                    "secret_access_key": user.secret_access_key,
                })
            })
            .collect::<Vec<_>>();
        let shown = serde_json::json!({
            "version": 1, "endpoint": cloud.endpoint(), "region": region, "users": users,
        });
        return format!("{shown}\n");
    }
    // The SDKs read the one, boto3 and version 1 of the AWS CLI the other only:
    // https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html
    let mut text = format!(
        "export AWS_ENDPOINT_URL={}\nexport AWS_REGION={region}\nexport AWS_DEFAULT_REGION={region}\n",
        cloud.endpoint()
    );
    if let Some(user) = users.first() {
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "export AWS_ACCESS_KEY_ID={}\nexport AWS_SECRET_ACCESS_KEY={}\n",
            user.access_key_id, user.secret_access_key
        );
    }
    text
}
