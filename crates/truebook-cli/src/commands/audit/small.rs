//! A file system of a few megabytes for `disk-full`, in a mount namespace of a child's own: nobody else sees it, and
//! it is gone when the child ends, however that comes about.

use super::full::Told;
use super::stage::Stage;
use crate::errors::Failure;

/// What came of filling one.
pub(super) enum Small {
    Ran(Told),
    /// There cannot be one here, and why.
    CannotBe(String),
}

/// Elsewhere there are no mount namespaces.
#[cfg(not(target_os = "linux"))]
#[allow(clippy::unnecessary_wraps, reason = "the Linux twin can fail")]
pub(super) fn fill(_stage: &Stage<'_>) -> Result<Small, Failure> {
    Ok(Small::CannotBe("not tested here, it takes Linux".to_owned()))
}

#[cfg(target_os = "linux")]
pub(super) use linux::fill;

#[cfg(target_os = "linux")]
mod linux {
    use super::super::copy;
    use super::super::full::BALLAST_BYTES;
    use super::{Failure, Small, Stage};
    use std::path::Path;
    use std::process::{Command, Output, Stdio};

    /// What is free beside the copy at the beginning.
    const ROOM_BYTES: u64 = 2 << 20;
    /// A larger copy is not brought into memory.
    const COPY_BYTES_MAX: u64 = 128 << 20;

    /// Mounts a small file system on `$1`, `$0` bytes large, where nobody else sees it, and goes on with the rest.
    const SCRIPT: &str = r#"mount -t tmpfs -o size="$0" tmpfs "$1" && shift && exec "$@""#;

    pub(in super::super) fn fill(stage: &Stage<'_>) -> Result<Small, Failure> {
        if stage.size.bytes > COPY_BYTES_MAX {
            return Ok(Small::CannotBe(format!("the copy has more than {COPY_BYTES_MAX} bytes")));
        }
        let place = stage.dir().join("disk-full");
        copy::make_private_dir(&place).map_err(|failed| copy::at("make", &place, &failed))?;
        let size = stage.size.bytes.saturating_add(ROOM_BYTES).saturating_add(BALLAST_BYTES as u64);
        let mut probe = mounted(size, &place);
        match probe.arg("true").output() {
            Ok(output) if output.status.success() => {}
            Ok(output) => {
                return Ok(Small::CannotBe(format!("this user may not mount one ({})", said(&output))));
            }
            Err(failed) => return Ok(Small::CannotBe(format!("`unshare` cannot be run ({failed})"))),
        }
        let mut command = mounted(size, &place);
        command.arg(stage.program()).args(stage.child_args(&place.join("book")));
        command.args(["fill", "--base"]).arg(stage.base());
        let output = command.stdin(Stdio::null()).output();
        let output = output.map_err(|failed| Failure::new("fill a small disk").with_cause(&failed))?;
        if !output.status.success() {
            return Err(Failure::new(format!("fill a small disk: {}", said(&output))));
        }
        serde_json::from_slice(&output.stdout)
            .map(Small::Ran)
            .map_err(|failed| Failure::new("hear what came of a full disk").with_cause(&failed))
    }

    /// A command in a mount namespace of its own: what is mounted there is gone when it ends, however it ends.
    fn mounted(size: u64, place: &Path) -> Command {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--mount", "sh", "-c", SCRIPT]).arg(size.to_string()).arg(place);
        command
    }

    fn said(output: &Output) -> String {
        String::from_utf8_lossy(&output.stderr).trim().lines().next_back().unwrap_or("no word why").to_owned()
    }
}
