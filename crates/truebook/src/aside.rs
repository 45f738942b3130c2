//! Setting aside: what a repair displaces is moved to `aside/`, never destroyed (promise P10).

use crate::error::FileError;
use crate::journal::Context;
use crate::recovery::SetAside;
use std::io;
use truebook_core::time::Utc;

/// The directory for what was displaced.
pub const ASIDE_DIR: &str = "aside";

/// How many files with the same name and time are told apart.
const TWINS_MAX: u32 = 1000;

/// Moves a file to `aside/`. Durable when this returns.
pub fn move_aside(context: &Context, name: &str, why: &str, now: Utc) -> Result<SetAside, FileError> {
    context.create_dir(ASIDE_DIR)?;
    let target = free_name(context, name, now)?;
    context.disk.rename(name, &target).map_err(|source| context.failed("set aside", name, source))?;
    context.sync_dir(ASIDE_DIR)?;
    context.sync_dir(crate::disk::parent(name))?;
    Ok(SetAside {
        file: context.disk.describe(name),
        kept_in: context.disk.describe(&target),
        why: why.to_owned(),
    })
}

/// Writes bytes that are about to be displaced to `aside/`, under a name like that of their file. Durable
/// when this returns. Gives the name.
pub fn copy_aside(context: &Context, name: &str, bytes: &[u8], now: Utc) -> Result<String, FileError> {
    context.create_dir(ASIDE_DIR)?;
    let target = free_name(context, name, now)?;
    crate::disk::replace_file(&*context.disk, &target, bytes)?;
    Ok(target)
}

fn free_name(context: &Context, name: &str, now: Utc) -> Result<String, FileError> {
    let flat = name.rsplit('/').next().unwrap_or(name);
    let stamp: String = now.to_string().chars().filter(|c| !matches!(c, '-' | ':' | '.')).collect();
    for twin in 0..TWINS_MAX {
        let suffix = if twin == 0 { String::new() } else { format!("-{twin}") };
        let candidate = format!("{ASIDE_DIR}/{flat}.{stamp}{suffix}");
        let taken = context
            .disk
            .exists(&candidate)
            .map_err(|source| context.failed("look for", &candidate, source))?;
        if !taken {
            return Ok(candidate);
        }
    }
    Err(context.failed("find a free name in", ASIDE_DIR, io::ErrorKind::AlreadyExists.into()))
}
