//! The `snaplake` binary: parse, dispatch, exit code; nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    snaplake::cli::main()
}
