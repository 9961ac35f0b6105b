//! Terraform, moto and checkov, each run with a time limit: the AWS provider answers an operation
//! that a stand-in lacks with minutes of retries.

use crate::support::tool;
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Runs a command to its end, or fails the test when it takes longer than the limit.
pub fn finish(command: &mut Command, limit: Duration) -> Output {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let stdout = drain(child.stdout.take().expect("stdout is piped"));
    let stderr = drain(child.stderr.take().expect("stderr is piped"));
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("the command can be waited for") {
            break status;
        }
        if start.elapsed() > limit {
            let _ = child.kill();
            let _ = child.wait();
            let text = String::from_utf8_lossy(&stdout.join().unwrap_or_default()).into_owned();
            panic!("{command:?} took longer than {limit:?}; it had said:\n{text}");
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    Output {
        status,
        stdout: stdout.join().unwrap_or_default(),
        stderr: stderr.join().unwrap_or_default(),
    }
}

fn drain(mut from: impl Read + Send + 'static) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = from.read_to_end(&mut bytes);
        bytes
    })
}

/// Terraform in a root module, initialized; against a stand-in for AWS, or against nothing.
pub struct Terraform {
    program: PathBuf,
    root: PathBuf,
    endpoint: Option<String>,
}

impl Terraform {
    /// Terraform in the folder, or `None` when it is not installed.
    pub fn new(root: &Path, endpoint: Option<&str>) -> Option<Self> {
        let program = tool("terraform")?;
        let terraform =
            Self { program, root: root.to_owned(), endpoint: endpoint.map(str::to_owned) };
        terraform.must(&["init", "-input=false", "-no-color"]);
        Some(terraform)
    }

    /// Runs a command and gives how it ended.
    pub fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(&self.program);
        command.args(arguments).current_dir(&self.root);
        for (name, _) in std::env::vars() {
            if name.starts_with("AWS_") || (name.starts_with("TF_") && name != "TF_CLI_CONFIG_FILE")
            {
                command.env_remove(name);
            }
        }
        command
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_CONFIG_FILE", self.root.join("no-such-config"))
            .env("AWS_SHARED_CREDENTIALS_FILE", self.root.join("no-such-credentials"))
            .env("CHECKPOINT_DISABLE", "1");
        if let Some(endpoint) = &self.endpoint {
            command
                .env("AWS_ENDPOINT_URL", endpoint)
                .env("AWS_ACCESS_KEY_ID", "testing")
                .env("AWS_SECRET_ACCESS_KEY", "testing")
                .env("AWS_MAX_ATTEMPTS", "2");
        }
        finish(&mut command, Duration::from_mins(5))
    }

    /// Runs a command that has to succeed, and gives its stdout.
    pub fn must(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success(),
            "terraform {arguments:?} ended with {}:\n{stdout}\n{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
        stdout
    }
}

/// A moto server, stopped when the test ends.
pub struct Moto {
    child: Child,
    /// Where it listens.
    pub endpoint: String,
    /// What scripts are told about the deployment, as environment variables.
    pub about: Vec<(&'static str, &'static str)>,
}

impl Moto {
    /// Starts a server on a free port, or gives `None` when moto is not installed.
    pub fn start() -> Option<Self> {
        let program = tool("moto_server")?;
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|socket| socket.local_addr())
            .expect("a free port")
            .port();
        let child = Command::new(program)
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("moto starts");
        let moto = Self { child, endpoint: format!("http://127.0.0.1:{port}"), about: Vec::new() };
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(start.elapsed() < Duration::from_mins(1), "moto does not listen");
            std::thread::sleep(Duration::from_millis(100));
        }
        Some(moto)
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
