//! SIGTERM and SIGINT end a session as the end of the input does.

use super::lines::Input;
use crate::errors::Failure;
use std::sync::mpsc::SyncSender;

#[cfg(unix)]
pub(super) fn watch(sender: SyncSender<Input>) -> Result<(), Failure> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;
    let mut signals = Signals::new([SIGTERM, SIGINT])
        .map_err(|failed| Failure::new("wait for signals").with_cause(&failed))?;
    std::thread::spawn(move || {
        if signals.forever().next().is_some() {
            // Nobody receives any more when the session has ended.
            let _ = sender.send(Input::Signal);
        }
    });
    Ok(())
}

/// Elsewhere the end of the input ends a session.
#[cfg(not(unix))]
pub(super) fn watch(_sender: SyncSender<Input>) -> Result<(), Failure> {
    Ok(())
}
