//! Places of backups, made of what was typed.

use super::Needs;
use crate::errors::Failure;
use crate::flags::BackupPlaceArgs;
use crate::output::notes;
use std::path::Path;
use std::sync::Arc;
use truebook::backup::form::Unlock;
use truebook::backup::{Directory, Fallback, Target};
use truebook::disk::RealDisk;

/// What the directory beside the book is called.
const SIBLING_SUFFIX: &str = ".backups";

/// The places, as they were typed; the directory beside the book if nobody said.
pub(crate) fn places(needs: &Needs) -> Vec<String> {
    let typed = typed(needs);
    if typed.is_empty() { vec![sibling(needs)] } else { typed }
}

fn typed(needs: &Needs) -> Vec<String> {
    needs.backups().backup_to.iter().filter(|place| !place.is_empty()).cloned().collect()
}

/// Where a damaged book is mended from: the directory beside it, then the places as they were typed. One that
/// cannot be used is told and passed over, since a sound book opens without any.
pub(crate) fn fallbacks(needs: &Needs) -> Vec<Fallback> {
    let sibling = Some(sibling(needs)).filter(|dir| Path::new(dir).is_dir());
    let typed = typed(needs).into_iter().filter(|place| Some(place) != sibling.as_ref());
    let places: Vec<String> = sibling.clone().into_iter().chain(typed).collect();
    let unlock = match unlock(needs.backups()) {
        Ok(unlock) => unlock,
        Err(failure) => {
            notes::warn(&failure.in_one_line());
            None
        }
    };
    let usable = places.iter().filter_map(|place| match target(place) {
        Ok(target) => Some(Fallback { target, unlock: unlock.clone() }),
        Err(failure) => {
            notes::warn(&format!("no damage is mended from {place}: {}", failure.in_one_line()));
            None
        }
    });
    usable.collect()
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
