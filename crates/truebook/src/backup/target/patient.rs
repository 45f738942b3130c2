//! A target that is waited for only so long: opening a book must not hang because a network does.

use super::{Distance, Entry, Put, Target, TargetError, TargetErrorKind};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

/// How long one operation may take.
pub const PATIENCE: Duration = Duration::from_mins(5);

/// A target of which no operation takes longer than a limit, as far as the caller sees. An operation that is
/// given up may still come to its end later; its answer is dropped.
pub struct Patient {
    target: Arc<dyn Target>,
    limit: Duration,
}

impl Patient {
    /// Waits for each operation of `target` no longer than `limit`.
    pub fn new(target: Arc<dyn Target>, limit: Duration) -> Self {
        Self { target, limit }
    }

    fn wait<T: Send + 'static>(
        &self,
        operation: &'static str,
        name: &str,
        work: impl FnOnce(&dyn Target) -> Result<T, TargetError> + Send + 'static,
    ) -> Result<T, TargetError> {
        let (sender, receiver) = sync_channel(1);
        let target = Arc::clone(&self.target);
        let failed = |what: String| {
            TargetError::new(TargetErrorKind::Unavailable, operation, self.describe(name), what)
        };
        let worker = std::thread::Builder::new().name("truebook-target".to_owned()).spawn(move || {
            // Nobody may wait for the answer any more.
            let _ = sender.send(work(&*target));
        });
        let _detached = worker.map_err(|source| failed(format!("start a thread: {source}")))?;
        match receiver.recv_timeout(self.limit) {
            Ok(outcome) => outcome,
            Err(RecvTimeoutError::Timeout) => Err(failed(format!("no answer within {:?}", self.limit))),
            Err(RecvTimeoutError::Disconnected) => Err(failed("the operation broke off".to_owned())),
        }
    }
}

impl Target for Patient {
    fn describe(&self, name: &str) -> String {
        self.target.describe(name)
    }

    fn put_new(&self, name: &str, content: &[u8]) -> Result<Put, TargetError> {
        let (object, content) = (name.to_owned(), content.to_vec());
        self.wait("create", name, move |target| target.put_new(&object, &content))
    }

    fn get(&self, name: &str, bytes_max: u64) -> Result<Vec<u8>, TargetError> {
        let object = name.to_owned();
        self.wait("read", name, move |target| target.get(&object, bytes_max))
    }

    fn list(&self, prefix: &str) -> Result<Vec<Entry>, TargetError> {
        let wanted = prefix.to_owned();
        self.wait("list", prefix, move |target| target.list(&wanted))
    }

    fn remove(&self, name: &str) -> Result<(), TargetError> {
        let object = name.to_owned();
        self.wait("remove", name, move |target| target.remove(&object))
    }

    fn distance(&self) -> Distance {
        self.target.distance()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Hangs;

    impl Target for Hangs {
        fn describe(&self, name: &str) -> String {
            format!("hangs:{name}")
        }
        fn put_new(&self, _name: &str, _content: &[u8]) -> Result<Put, TargetError> {
            Ok(Put::Created)
        }
        fn get(&self, _name: &str, _bytes_max: u64) -> Result<Vec<u8>, TargetError> {
            std::thread::sleep(Duration::from_secs(2));
            Ok(Vec::new())
        }
        fn list(&self, _prefix: &str) -> Result<Vec<Entry>, TargetError> {
            panic!("broken")
        }
        fn remove(&self, _name: &str) -> Result<(), TargetError> {
            Ok(())
        }
    }

    #[test]
    fn a_target_that_hangs_or_breaks_is_given_up() {
        let patient = Patient::new(Arc::new(Hangs), Duration::from_millis(50));
        let failed = patient.get("object", 1).unwrap_err();
        assert!(failed.kind == TargetErrorKind::Unavailable && failed.to_string().contains("hangs:object"));
        assert_eq!(patient.list("object/").unwrap_err().kind, TargetErrorKind::Unavailable);
        assert_eq!(patient.put_new("object", b"").unwrap(), Put::Created);
    }
}
