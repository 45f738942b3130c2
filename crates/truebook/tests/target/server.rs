//! An S3 server as a process of its own (`s3s-fs`), and remote targets that speak to it.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;
use tempfile::TempDir;
use truebook::backup::{Remote, RemoteOptions};

pub(crate) const ACCESS_KEY: &str = "an-access-key";
pub(crate) const SECRET_KEY: &str = "a-secret-word-nobody-may-see";

/// How often and how long it is waited for the server to accept connections.
const ATTEMPTS: u32 = 400;
const PAUSE: Duration = Duration::from_millis(25);

/// Whether requests are signed. Without keys of its own, the server takes only those that are not.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signatures {
    Checked,
    Absent,
}

/// The server, with one bucket named `bucket`.
pub(crate) struct Server {
    program: PathBuf,
    root: TempDir,
    address: SocketAddr,
    signatures: Signatures,
    process: Mutex<Option<Child>>,
}

impl Server {
    /// Starts one; `None` after saying that the test is left out.
    pub(crate) fn start(signatures: Signatures) -> Option<Self> {
        let program = program()?;
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("bucket")).unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let server = Self { program, root, address, signatures, process: Mutex::new(None) };
        server.run();
        Some(server)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Runs the process, on the port and the files of the one before.
    pub(crate) fn run(&self) {
        let mut command = Command::new(&self.program);
        command.args(["--host", "127.0.0.1", "--port", &self.address.port().to_string()]);
        if self.signatures == Signatures::Checked {
            command.args(["--access-key", ACCESS_KEY, "--secret-key", SECRET_KEY]);
        }
        let child = command.arg(self.root.path()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        *self.process.lock().unwrap_or_else(PoisonError::into_inner) = Some(child.unwrap());
        let accepts = (0..ATTEMPTS).any(|_| {
            std::thread::sleep(PAUSE);
            TcpStream::connect(self.address).is_ok()
        });
        assert!(accepts, "the S3 server does not accept connections");
    }

    /// Kills the process (SIGKILL), in the middle of whatever it does.
    pub(crate) fn kill(&self) {
        let process = self.process.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut child) = process {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The environment with which the server at this address is spoken to.
pub(crate) fn options(address: SocketAddr) -> RemoteOptions {
    let endpoint = format!("http://{address}");
    let variables = [
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
        ("AWS_SECRET_ACCESS_KEY", SECRET_KEY),
        ("AWS_ENDPOINT_URL", &endpoint),
        ("AWS_ALLOW_HTTP", "true"),
        ("AWS_REGION", "us-east-1"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    RemoteOptions { variables, ..RemoteOptions::default() }
}

pub(crate) fn remote(address: SocketAddr, url: &str) -> Remote {
    Remote::open(url, options(address)).unwrap()
}

/// The server's program; it is installed below the build directory if it is missing.
fn program() -> Option<PathBuf> {
    static PROGRAM: OnceLock<Option<PathBuf>> = OnceLock::new();
    let found = PROGRAM.get_or_init(|| {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
        let installed = Command::new(root.join("scripts/s3-server")).arg(target).output().ok()?;
        let path = String::from_utf8(installed.stdout).ok()?.trim().to_owned();
        (installed.status.success() && !path.is_empty()).then(|| path.into())
    });
    if found.is_none() {
        crate::skip("object storage", "the S3 server (s3s-fs) is not installed and cannot be");
    }
    found.clone()
}
