//! Why a rehearsal could not be made. What it finds is in its report, not here.

use crate::aws::ConnectError;
use crate::cloud::CloudError;
use crate::cloud::seed::SeedError;
use crate::cloud::source::SourceError;
use crate::iam::PolicyErrors;
use crate::run::RunError;
use std::path::PathBuf;

/// Why a rehearsal could not be made.
#[derive(Debug, thiserror::Error)]
pub enum RehearseError {
    /// Neither the configuration nor the command line names a source.
    #[error("nothing says which database the rehearsal reads")]
    NoSource,
    /// RDS does not export snapshots of the engine.
    #[error("the engine `{}` has no snapshot export to rehearse", .0.escape_debug())]
    UnknownEngine(String),
    /// The source cannot be used.
    #[error("cannot use the source database: {0}")]
    Source(#[from] SourceError),
    /// Policy files that the pipeline has are not on disk.
    #[error("{} of the pipeline's policies are not in `{}`: {}", missing.len(), folder.display(), missing.join(", "))]
    NoPolicies {
        /// Where they were looked for.
        folder: PathBuf,
        /// Their names.
        missing: Vec<String>,
    },
    /// A policy file cannot be read.
    #[error("cannot read `{}`: {source}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A policy file holds no policy.
    #[error("`{}` is no valid policy: {errors}", file.display())]
    Policy {
        /// The file.
        file: PathBuf,
        /// Everything that is wrong with it.
        errors: PolicyErrors,
    },
    /// The cloud does not start.
    #[error(transparent)]
    Cloud(#[from] CloudError),
    /// What Terraform would have made cannot be made in the cloud.
    #[error("cannot set the rehearsal up: {0}")]
    Seed(#[from] SeedError),
    /// No clients.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The run could not begin.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The folder of the rehearsal's objects cannot be made.
    #[error("cannot make a folder for the rehearsal: {0}")]
    Folder(std::io::Error),
}

impl RehearseError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::NoSource => "set `source` under `[rehearsal]`, such as `sqlite:sample.db` or \
                 `postgres://user@localhost/shop`, or give `--source`"
                .to_owned(),
            Self::UnknownEngine(_) => "name an engine of MySQL's or PostgreSQL's family".to_owned(),
            Self::Source(error) => error.help().to_owned(),
            Self::NoPolicies { .. } => {
                "write them with `snaplake generate`, or name their folder with `--policies`"
                    .to_owned()
            }
            Self::Unreadable { .. } => {
                "make it readable, or write it anew with `snaplake generate`".to_owned()
            }
            Self::Policy { .. } => {
                "`snaplake iam lint` shows the place; `snaplake generate` writes it anew".to_owned()
            }
            Self::Cloud(_) | Self::Folder(_) => {
                "the rehearsal keeps its objects in the folder that TMPDIR names; make room there"
                    .to_owned()
            }
            Self::Seed(_) | Self::Connect(_) => {
                "this is a value that AWS would refuse as well; correct it in snaplake.toml"
                    .to_owned()
            }
            Self::Run(error) => error.help(),
        }
    }

    /// Whether the input is wrong, rather than the machine.
    #[must_use]
    pub fn is_input(&self) -> bool {
        match self {
            Self::Source(error) => error.is_input(),
            _ => !matches!(self, Self::Cloud(_) | Self::Folder(_) | Self::Run(_)),
        }
    }
}
