//! What can be typed. The meaning of each argument is settled in the command's own file.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Takes RDS and Aurora databases to tables that Athena can query.
#[derive(Debug, Parser)]
#[command(name = "snaplake", version, about, propagate_version = true, max_term_width = 100)]
pub struct Cli {
    /// Options that every command takes.
    #[command(flatten)]
    pub global: Global,
    /// The command to run.
    #[command(subcommand)]
    pub command: Command,
}

/// Options that every command takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Global {
    /// The configuration file
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        default_value = "snaplake.toml",
        env = "SNAPLAKE_CONFIG"
    )]
    pub config: PathBuf,
    /// One pipeline of a configuration that has several
    #[arg(long, global = true, value_name = "NAME")]
    pub pipeline: Option<String>,
    /// What to write on stdout: text for people, JSON for programs
    #[arg(long, global = true, value_enum, default_value_t = OutputFormat::Text)]
    pub output: OutputFormat,
    /// When to use colours; `NO_COLOR` is respected
    #[arg(long, global = true, value_enum, default_value_t = ColorChoice::Auto)]
    pub color: ColorChoice,
    /// The AWS profile to use
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
    /// The AWS region, which must be the configuration's where there is one
    #[arg(long, global = true, value_name = "REGION")]
    pub region: Option<String>,
    /// Another endpoint for every AWS service
    #[arg(long, global = true, value_name = "URL")]
    pub endpoint_url: Option<String>,
    /// Say more on stderr; twice for even more
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// No progress on stderr
    #[arg(long, short, global = true)]
    pub quiet: bool,
}

/// The form of what is written on stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// Text for people.
    Text,
    /// JSON with a `version` field.
    Json,
    /// SARIF 2.1.0, for `iam lint` and `iam check`.
    Sarif,
    /// JUnit XML, for `iam check`, `run`, `verify`, `rollback` and `rehearse`.
    Junit,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Try the whole pipeline: an example project, a sample database, a rehearsal and its report
    Demo(super::demo::DemoArgs),
    /// Write the Terraform modules and the IAM policies
    Generate(super::generate::GenerateArgs),
    /// Check, explain, lint and evaluate IAM policies
    Iam(super::iam::IamArgs),
    /// Run the whole pipeline on this machine, under the policies on disk
    Rehearse(super::rehearse::RehearseArgs),
    /// Look for what would keep a run from working; changes nothing
    Doctor(super::doctor::DoctorArgs),
    /// Run the whole pipeline on AWS: snapshot, export, verification, tables, views
    Run(super::run::RunArgs),
    /// Reckon what a run costs, and a month of runs, by item
    Cost(super::cost::CostArgs),
    /// Verify an export in the lake; nothing goes live
    Verify(super::rollback::VerifyArgs),
    /// Show what is live and which exports are kept
    Status(super::status::StatusArgs),
    /// List the runs that were begun from this folder
    Runs(super::status::RunsArgs),
    /// Point live tables back at an earlier export, after verifying it
    Rollback(super::rollback::RollbackArgs),
    /// Serve the rehearsal cloud for other clients: boto3, the AWS CLI
    #[cfg(feature = "rehearse")]
    Cloud(super::cloud::CloudArgs),
    /// Print the JSON Schema of snaplake.toml
    Schema(super::schema::SchemaArgs),
    /// Print a completion script for a shell
    Completions(super::completions::CompletionsArgs),
    /// Print the manual page
    Man(super::man::ManArgs),
}
