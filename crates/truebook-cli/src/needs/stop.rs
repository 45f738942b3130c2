//! SIGTERM and SIGINT ask a long command to end.

use crate::errors::Failure;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Becomes true once the process is asked to end.
#[cfg(unix)]
pub(crate) fn flag() -> Result<Arc<AtomicBool>, Failure> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        signal_hook::flag::register(signal, Arc::clone(&stop))
            .map_err(|failed| Failure::new("wait for signals").with_cause(&failed))?;
    }
    Ok(stop)
}

/// Elsewhere the process is ended from outside; the journal has everything.
#[cfg(not(unix))]
pub(crate) fn flag() -> Result<Arc<AtomicBool>, Failure> {
    Ok(Arc::new(AtomicBool::new(false)))
}
