//! Who holds a book: what the lock file says.

use serde::{Deserialize, Serialize};
use std::fmt;
use truebook_core::time::Utc;

/// Name of the lock file within the book. It is never renamed or removed.
pub const LOCK_FILE: &str = "LOCK";

/// A process that holds, or held, a book. A dead one is no obstacle: the lock died with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Process id.
    pub pid: u32,
    /// Machine.
    pub host: String,
    /// The machine's boot, on Linux: a process id means nothing after the next one.
    pub boot: String,
    /// When the book was opened.
    pub since: Utc,
    /// The program.
    pub program: String,
}

impl Holder {
    /// This process.
    pub fn this_process(since: Utc) -> Self {
        let program = std::env::args().next().unwrap_or_default();
        let program = program.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
        Self {
            pid: std::process::id(),
            host: kernel_word("hostname").or_else(|| std::env::var("HOSTNAME").ok()).unwrap_or_default(),
            boot: kernel_word("random/boot_id").unwrap_or_default(),
            since,
            program,
        }
    }

    /// The lock file's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// Reads the lock file's bytes; `None` if they are not whole.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (process {} on {}, since {})", self.program, self.pid, self.host, self.since)
    }
}

/// A word that the Linux kernel tells; elsewhere there is no such file.
fn kernel_word(name: &str) -> Option<String> {
    let text = std::fs::read_to_string(format!("/proc/sys/kernel/{name}")).ok()?;
    Some(text.trim().to_owned())
}
