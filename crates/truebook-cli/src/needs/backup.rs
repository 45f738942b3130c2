//! Places of backups, made of what was typed.

use super::Needs;
use crate::errors::Failure;
use crate::flags::BackupPlaceArgs;
use std::sync::Arc;
use truebook::backup::form::Unlock;
use truebook::backup::{Directory, Target};
use truebook::disk::RealDisk;

/// What the directory beside the book is called.
const SIBLING_SUFFIX: &str = ".backups";

/// The places, as they were typed; the directory beside the book if nobody said.
pub(crate) fn places(needs: &Needs, args: &BackupPlaceArgs) -> Vec<String> {
    let typed: Vec<String> = args.backup_to.iter().filter(|place| !place.is_empty()).cloned().collect();
    if typed.is_empty() { vec![sibling(needs)] } else { typed }
}

fn sibling(needs: &Needs) -> String {
    // Also when the directory was typed as `.`.
    let whole = std::path::absolute(needs.data()).unwrap_or_else(|_| needs.data().to_owned());
    let name = whole.file_name().map_or_else(|| "data".into(), |name| name.to_string_lossy().into_owned());
    whole.with_file_name(format!("{name}{SIBLING_SUFFIX}")).display().to_string()
}

/// The place as a target.
pub(crate) fn target(place: &str) -> Result<Arc<dyn Target>, Failure> {
    if place.contains("://") {
        return Err(Failure::new(format!("{place}: only directories can be used")).with_hint("--from DIR"));
    }
    Ok(Arc::new(Directory::new(Arc::new(RealDisk::new(place)))))
}

/// What opens backups that are encrypted, if anything was given.
pub(crate) fn unlock(args: &BackupPlaceArgs) -> Result<Option<Arc<dyn Unlock>>, Failure> {
    match &args.backup_identity {
        None => Ok(None),
        Some(path) => Err(Failure::new(format!("{}: encrypted backups cannot be opened", path.display()))),
    }
}
