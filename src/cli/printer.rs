//! Everything that reaches stdout or stderr goes through here.

use super::args::{ColorChoice, Global};
use super::exit::{Exit, Failure};
use std::io::{IsTerminal as _, Write};

/// Owns stdout and stderr: colours, verbosity and broken pipes are settled once.
#[derive(Debug, Clone)]
pub struct Printer {
    color_stdout: bool,
    color_stderr: bool,
    quiet: bool,
}

impl Printer {
    /// Settles colours and verbosity from what was typed and from the environment.
    #[must_use]
    pub fn new(global: &Global) -> Self {
        let wanted = |terminal: bool| match global.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => {
                terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            }
        };
        Self {
            color_stdout: wanted(std::io::stdout().is_terminal()),
            color_stderr: wanted(std::io::stderr().is_terminal()),
            quiet: global.quiet,
        }
    }

    /// Whether stdout takes colours.
    #[must_use]
    pub fn color(&self) -> bool {
        self.color_stdout
    }

    /// Whether progress may be drawn: on a terminal and not with `--quiet`.
    #[must_use]
    pub fn progress(&self) -> bool {
        !self.quiet && std::io::stderr().is_terminal()
    }

    /// Writes data to stdout. A closed pipe is success: whoever read has read enough.
    ///
    /// # Errors
    /// When stdout cannot be written for another reason, such as a full disk.
    pub fn out(&self, text: impl AsRef<[u8]>) -> Result<(), Failure> {
        let mut stdout = std::io::stdout().lock();
        match stdout.write_all(text.as_ref()).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                Err(Failure::environment(miette::miette!("cannot write to stdout: {error}")))
            }
            _ => Ok(()),
        }
    }

    /// Writes a line for people to stderr, unless `--quiet`.
    pub fn note(&self, line: impl std::fmt::Display) {
        if !self.quiet {
            // stderr is the last resort; when it is gone there is nobody to tell.
            let _ = writeln!(std::io::stderr().lock(), "{line}");
        }
    }

    /// Shows why a command failed and gives its exit code.
    pub(super) fn failure(&self, failure: &Failure) -> Exit {
        let theme = if self.color_stderr {
            miette::GraphicalTheme::unicode()
        } else {
            miette::GraphicalTheme::unicode_nocolor()
        };
        let handler = miette::GraphicalReportHandler::new_themed(theme).with_links(false);
        for report in &failure.reports {
            let mut text = String::new();
            if handler.render_report(&mut text, report.as_ref()).is_err() {
                text = format!("{report}\n");
            }
            let _ = std::io::stderr().lock().write_all(text.as_bytes());
        }
        failure.exit
    }
}

/// The HTTP client's own words, which are never more than warnings.
const QUIET: [&str; 5] =
    ["h2=warn", "hyper=warn", "hyper_util=warn", "rustls=warn", "aws_smithy_http_client=warn"];

/// Sends `tracing` to stderr: warnings by default, more with `-v`, or as `SNAPLAKE_LOG` says.
pub(super) fn init_tracing(global: &Global) {
    let level = match global.verbose {
        0 => "warn,aws_config=error,s3s=off",
        1 => "snaplake=info,warn,s3s=off",
        _ => "snaplake=debug,info",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_env("SNAPLAKE_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(level));
    // The paths of requests may be secrets (a webhook's is), and these write them when asked for all.
    let filter = QUIET
        .into_iter()
        .filter_map(|quiet| quiet.parse().ok())
        .fold(filter, tracing_subscriber::EnvFilter::add_directive);
    // A second initialization, in tests, keeps the first.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none())
        .try_init();
}
