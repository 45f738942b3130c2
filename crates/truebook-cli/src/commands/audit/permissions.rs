//! `permissions`: who may read and write the files of the live book, looked at from outside.

use super::found::Found;
use super::stage::Stage;
use crate::errors::Failure;

/// Elsewhere files have access lists instead.
#[cfg(not(unix))]
pub(super) fn run(_stage: &Stage<'_>) -> Result<Found, Failure> {
    let mut found = Found::new();
    found.not_tested("this system has no permission bits; look at the directory's access list");
    Ok(found)
}

#[cfg(unix)]
pub(super) use unix::run;

#[cfg(unix)]
mod unix {
    use super::super::copy;
    use super::{Failure, Found, Stage};
    use std::fs;
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::path::{Path, PathBuf};
    use truebook::book::readable::READABLE_FILE;

    const ALL_WRITE: u32 = 0o002;
    const GROUP_WRITE: u32 = 0o020;
    const OTHERS: u32 = 0o077;
    const READ: u32 = 0o044;
    const STICKY: u32 = 0o1000;

    pub(in super::super) fn run(stage: &Stage<'_>) -> Result<Found, Failure> {
        let mut found = Found::new();
        directories(stage, &mut found)?;
        files(stage, &mut found)?;
        keys(stage, &mut found)?;
        Ok(found)
    }

    fn mode(path: &Path) -> Result<u32, Failure> {
        let metadata = fs::metadata(path).map_err(|failed| copy::at("look at", path, &failed))?;
        Ok(metadata.permissions().mode() & 0o7777)
    }

    /// The book's directories, and the one above: whoever writes there can put another book in its place.
    fn directories(stage: &Stage<'_>, found: &mut Found) -> Result<(), Failure> {
        let live = stage.live.canonicalize().map_err(|failed| copy::at("find", &stage.live, &failed))?;
        let mut dirs: Vec<PathBuf> = live.parent().map(Path::to_path_buf).into_iter().collect();
        for dir in ["", "journal", "checkpoints", "seen", "aside"] {
            dirs.extend(Some(live.join(dir)).filter(|dir| dir.is_dir()));
        }
        let mut worst = 0;
        for dir in &dirs {
            let mode = mode(dir)?;
            let is_own = dir.starts_with(&live);
            found.ran(1);
            if mode & ALL_WRITE != 0 && (is_own || mode & STICKY == 0) {
                found.fail(format!("anybody may write to {} (mode {mode:o}): chmod o-w", dir.display()));
            } else if mode & GROUP_WRITE != 0 && is_own {
                found.warn(format!("the group may write to {} (mode {mode:o})", dir.display()));
            }
            worst |= if is_own { mode } else { 0 };
        }
        found.pass(format!("{} directories looked at, own ones {worst:o} at most", dirs.len()));
        Ok(())
    }

    fn files(stage: &Stage<'_>, found: &mut Found) -> Result<(), Failure> {
        let failed = |failed: std::io::Error| copy::at("list", &stage.live, &failed);
        let owner = fs::metadata(&stage.live).map_err(failed)?.uid();
        let paths = copy::all_files(&stage.live).map_err(failed)?;
        let (mut looked, mut open_to_read) = (0, 0);
        for path in &paths {
            // A writer may have replaced it meanwhile.
            let Ok(metadata) = fs::metadata(path) else { continue };
            let mode = metadata.permissions().mode() & 0o7777;
            looked += 1;
            if mode & ALL_WRITE != 0 {
                found.fail(format!("anybody may write {} (mode {mode:o}): chmod 600", path.display()));
            } else if mode & GROUP_WRITE != 0 {
                found.warn(format!("the group may write {} (mode {mode:o})", path.display()));
            }
            if metadata.uid() != owner {
                found.warn(format!("{} belongs to another user than its directory", path.display()));
            }
            // The readable copy is for others to read, if its owner says so.
            if mode & READ != 0 && !path.ends_with(READABLE_FILE) {
                open_to_read += 1;
            }
        }
        found.ran(looked);
        if open_to_read > 0 {
            found.warn(format!("{open_to_read} of {looked} files may be read by others: chmod 600"));
        } else {
            found.pass(format!("{looked} files, none but perhaps {READABLE_FILE} readable by others"));
        }
        Ok(())
    }

    fn keys(stage: &Stage<'_>, found: &mut Found) -> Result<(), Failure> {
        let globals = stage.globals;
        let files: Vec<&PathBuf> = globals.key_file.iter().chain(&globals.passphrase_file).collect();
        for path in &files {
            let mode = mode(path)?;
            found.ran(1);
            if mode & OTHERS == 0 {
                found.pass(format!("the key file has mode {mode:o}"));
            } else {
                let shown = path.display();
                found.fail(format!("the key file {shown} is open to others (mode {mode:o}): chmod 600"));
            }
        }
        if files.is_empty() {
            found.pass("no key file is in use");
        }
        Ok(())
    }
}
