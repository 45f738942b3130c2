//! This program started again as its own child, so that one engine's memory, processor time and calls are its
//! alone.

use crate::error::{BenchError, DuringIo};
use serde::de::DeserializeOwned;
use std::process::{Command, Stdio};

/// This program, ready for arguments.
pub(crate) fn this_program() -> Result<Command, BenchError> {
    let exe = std::env::current_exe().during(|| "find this program".into())?;
    Ok(Command::new(exe))
}

/// The same, under a tool such as strace.
pub(crate) fn under(mut tool: Command) -> Result<Command, BenchError> {
    let exe = std::env::current_exe().during(|| "find this program".into())?;
    tool.arg(exe);
    Ok(tool)
}

/// Runs to the end and reads its one JSON document.
pub(crate) fn json_from<T: DeserializeOwned>(
    name: &'static str,
    mut command: Command,
) -> Result<T, BenchError> {
    let done = command.output().during(|| format!("start {name}"))?;
    if !done.status.success() {
        let said = String::from_utf8_lossy(&done.stderr).trim().to_owned();
        return Err(BenchError::Child { child: name, said });
    }
    serde_json::from_slice(&done.stdout).map_err(|source| BenchError::Child {
        child: name,
        said: format!("{source} in {}", String::from_utf8_lossy(&done.stdout)),
    })
}

/// Whether a tool answers at all.
pub(crate) fn is_installed(tool: &str, probe: &str) -> bool {
    let quiet = Command::new(tool)
        .arg(probe)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    quiet.is_ok_and(|status| status.success())
}
