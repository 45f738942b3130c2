//! Where backups are from which a damaged book is mended, as whoever opens it says.

use super::form::Unlock;
use super::target::Target;
use std::fmt;
use std::sync::Arc;

/// A target, and what opens the files in it.
#[derive(Clone)]
pub struct Fallback {
    /// The target.
    pub target: Arc<dyn Target>,
    /// Opens what is encrypted for the backup.
    pub unlock: Option<Arc<dyn Unlock>>,
}

impl Fallback {
    /// A target whose files are not encrypted for the backup.
    pub fn new(target: Arc<dyn Target>) -> Self {
        Self { target, unlock: None }
    }
}

impl fmt::Debug for Fallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unlock = self.unlock.as_ref().map(|_| "given");
        f.debug_struct("Fallback")
            .field("target", &self.target.describe(""))
            .field("unlock", &unlock)
            .finish()
    }
}
