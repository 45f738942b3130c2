//! Places of backups, made of what was typed.

use super::{Needs, input, key};
use crate::errors::Failure;
use crate::flags::{BackupPlaceArgs, Source};
use std::sync::Arc;
use truebook::backup::form::Unlock;
use truebook::backup::{AgeError, BackupError, Identities, Target, target};

/// What the directory beside the book is called.
const SIBLING_SUFFIX: &str = ".backups";

/// The largest identity file that is read, in bytes.
const IDENTITY_BYTES_MAX: u64 = 1 << 20;

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
    Ok(target::from_url(place).map_err(BackupError::from)?)
}

/// What opens backups that are encrypted, if anything was given.
pub(crate) fn unlock(args: &BackupPlaceArgs) -> Result<Option<Arc<dyn Unlock>>, Failure> {
    let Some(path) = &args.backup_identity else { return Ok(None) };
    let failed = |failed: AgeError| {
        Failure::new(format!("the identity file {} cannot be used", path.display())).with_cause(&failed)
    };
    let input = input::read(&Source::File(path.clone()), IDENTITY_BYTES_MAX)?;
    let identities = match &args.backup_passphrase_file {
        Some(file) => Identities::from_passphrase(&input.bytes, &key::passphrase(file)?),
        None => Identities::from_file_text(&input.into_text()?),
    };
    Ok(Some(Arc::new(identities.map_err(failed)?)))
}
