//! Object storage as a target: S3 and what speaks like it, Google Cloud Storage, Azure Blob Storage.
//!
//! Each operation is one request (or one upload in parts), sent once: trying again is `Retrying`'s. An object
//! is created with a condition (`If-None-Match: *`), so that two machines never write one name. A store that
//! ignores the condition is found out by the first object that is created, and from then on looked at before
//! it is written to.

mod address;
mod meaning;
mod wire;

use super::{Entry, OBJECT_BYTES_MAX, Put, Target, TargetError, TargetErrorKind};
use address::{Address, Secrets, Store};
use meaning::{Failure, Meaning};
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path;
use object_store::{GetOptions, ObjectStoreExt, PutMode, PutOptions, PutPayload};
use std::future::Future;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use wire::{Creating, Known};

/// The slowest transfer that is waited for, in bytes a second.
const SLOWEST_BYTES_PER_S: u64 = 256 << 10;
/// The largest object whose creation is repeated to see whether the store refuses it.
const TEST_BYTES_MAX: usize = 1 << 20;

/// How an object store is spoken to.
#[derive(Clone)]
pub struct RemoteOptions {
    /// Environment variables, with the keys among them.
    pub variables: Vec<(String, String)>,
    /// The largest object that goes in one request, in bytes. S3 takes larger ones in parts.
    pub single_bytes_max: usize,
    /// The size of a part in bytes; S3 takes no smaller ones than 5 MiB.
    pub part_bytes: usize,
    /// How long the store may be silent; a transfer has more time, by its size.
    pub patience: Duration,
}

impl Default for RemoteOptions {
    fn default() -> Self {
        Self {
            variables: Vec::new(),
            single_bytes_max: 64 << 20,
            part_bytes: 16 << 20,
            patience: Duration::from_secs(30),
        }
    }
}

impl RemoteOptions {
    /// With this process's environment.
    pub fn from_environment() -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self { variables: std::env::vars_os().filter_map(text).collect(), ..Self::default() }
    }
}

/// An object store. Its methods block, and must not be called from asynchronous code.
pub struct Remote {
    address: Address,
    options: RemoteOptions,
    secrets: Secrets,
    store: Store,
    known: Known,
    runtime: Runtime,
}

impl Remote {
    /// The store at `s3://bucket/prefix`, `gs://…` or `az://…`, with keys from the environment. Nothing is
    /// sent yet.
    ///
    /// # Errors
    /// If the address cannot be understood, or the environment does not fit together.
    pub fn from_url(url: &str) -> Result<Self, TargetError> {
        Self::open(url, RemoteOptions::from_environment())
    }

    /// The same with other options.
    ///
    /// # Errors
    /// As for [`Remote::from_url`].
    pub fn open(url: &str, options: RemoteOptions) -> Result<Self, TargetError> {
        // An address that is not understood may hold a key, so it is not repeated.
        let wrong = |shown: &str, failure: Failure| {
            TargetError::new(failure.kind(), "open", shown.to_owned(), failure.what)
        };
        let address = Address::parse(url).map_err(|failure| wrong("the object store", failure))?;
        // That another part of the process chose its cryptography before is just as good.
        let _chosen = rustls::crypto::ring::default_provider().install_default();
        let (known, secrets) = (Known::default(), Secrets::of(&options));
        let hidden = |failure: Failure| Failure { what: secrets.hide(failure.what), ..failure };
        let store = address::connect(&address, &options, known.clone())
            .map_err(|failure| wrong(&address.show(), hidden(failure)))?;
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|source| TargetError::new(TargetErrorKind::Other, "open", address.show(), source))?;
        Ok(Self { address, options, secrets, store, known, runtime })
    }

    fn path(&self, name: &str) -> Result<Path, Failure> {
        let whole = format!("{}/{name}", self.address.prefix);
        let odd = |_| Failure::new(TargetErrorKind::Other, "its name is none that an object store takes");
        Path::parse(whole.trim_matches('/')).map_err(odd)
    }

    /// Waits for an operation that moves this many bytes.
    fn wait<T, E: Into<Failure>>(
        &self,
        bytes: usize,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, Failure> {
        let transfer = Duration::from_secs(bytes as u64 / SLOWEST_BYTES_PER_S);
        let limit = self.options.patience.saturating_add(transfer);
        let answer = self.runtime.block_on(async { tokio::time::timeout(limit, work).await });
        answer.map_or_else(
            |_| {
                let what = format!("no answer within {} s", limit.as_secs_f32());
                Err(Failure::new(TargetErrorKind::Unavailable, what))
            },
            |outcome| outcome.map_err(Into::into),
        )
    }

    fn failed(&self, operation: &'static str, name: &str, failure: &Failure) -> TargetError {
        let what = self.secrets.hide(failure.what.clone());
        TargetError::new(failure.kind(), operation, self.describe(name), what)
    }

    fn exists(&self, path: &Path) -> Result<bool, Failure> {
        match self.wait(0, self.store.objects.head(path)) {
            Ok(_) => Ok(true),
            Err(failure) if failure.kind() == TargetErrorKind::NotFound => Ok(false),
            Err(failure) => Err(failure),
        }
    }

    fn create(&self, path: &Path, content: &[u8]) -> Result<Put, Failure> {
        if self.known.get() == Creating::Refuses {
            return self.send(path, content, PutMode::Create);
        }
        if self.exists(path)? {
            return Ok(Put::Exists);
        }
        if self.known.get() == Creating::Overwrites {
            return self.send(path, content, PutMode::Overwrite);
        }
        match self.send(path, content, PutMode::Create) {
            Ok(Put::Created) => {
                self.test_refusal(path, content);
                Ok(Put::Created)
            }
            Ok(Put::Exists) => {
                self.known.set(Creating::Refuses);
                Ok(Put::Exists)
            }
            Err(failure) if failure.meaning == Meaning::Unsupported => {
                self.known.set(Creating::Overwrites);
                self.send(path, content, PutMode::Overwrite)
            }
            Err(failure) => Err(failure),
        }
    }

    /// Creates what was just created once more. It is the same content under the same name, so nothing is lost
    /// where the store does not refuse it.
    fn test_refusal(&self, path: &Path, content: &[u8]) {
        if content.len() > TEST_BYTES_MAX.min(self.options.single_bytes_max) {
            return;
        }
        match self.send(path, content, PutMode::Create) {
            Ok(Put::Exists) => self.known.set(Creating::Refuses),
            Ok(Put::Created) => self.known.set(Creating::Overwrites),
            // It stays untested: the object itself was created, which is all that was asked for.
            Err(_) => {}
        }
    }

    fn send(&self, path: &Path, content: &[u8], mode: PutMode) -> Result<Put, Failure> {
        let sent = match &self.store.parts {
            Some(parts) if content.len() > self.options.single_bytes_max => {
                self.send_parts(&**parts, path, content)
            }
            _ => {
                let payload = PutPayload::from(content.to_vec());
                let options = PutOptions::from(mode);
                self.wait(content.len(), self.store.objects.put_opts(path, payload, options)).map(|_| ())
            }
        };
        match sent {
            Ok(()) => Ok(Put::Created),
            Err(failure) if failure.meaning == Meaning::Exists => Ok(Put::Exists),
            Err(failure) => Err(failure),
        }
    }

    /// Sends the parts one after the other. The name appears with the last request, or not at all.
    fn send_parts(&self, store: &dyn MultipartStore, path: &Path, content: &[u8]) -> Result<(), Failure> {
        let upload = self.wait(0, store.create_multipart(path))?;
        let send_all = || {
            let mut parts: Vec<PartId> = Vec::new();
            for (at, part) in content.chunks(self.options.part_bytes.max(1)).enumerate() {
                let payload = PutPayload::from(part.to_vec());
                parts.push(self.wait(part.len(), store.put_part(path, &upload, at, payload))?);
            }
            // The store reads all parts again before it answers.
            self.wait(content.len(), store.complete_multipart(path, &upload, parts)).map(|_| ())
        };
        let sent: Result<(), Failure> = send_all();
        sent.map_err(|failure| match self.wait(0, store.abort_multipart(path, &upload)) {
            Ok(()) => failure,
            Err(left) if left.kind() == TargetErrorKind::NotFound => failure,
            Err(left) => {
                let what = format!("{}; the parts that were sent stay behind: {}", failure.what, left.what);
                Failure { what, ..failure }
            }
        })
    }

    fn fetch(&self, path: &Path, bytes_max: u64) -> Result<Vec<u8>, Failure> {
        let found = self.wait(0, self.store.objects.get_opts(path, GetOptions::default()))?;
        let bytes = found.meta.size;
        if bytes > bytes_max {
            let what = format!("it has {bytes} bytes, the limit is {bytes_max}");
            return Err(Failure::new(TargetErrorKind::TooLarge, what));
        }
        let content = self.wait(usize::try_from(bytes).unwrap_or(usize::MAX), found.bytes())?;
        if content.len() as u64 == bytes {
            Ok(content.into())
        } else {
            Err(Failure::new(TargetErrorKind::Unavailable, "it broke off in the middle"))
        }
    }

    fn entries(&self, prefix: &str) -> Result<Vec<Entry>, Failure> {
        let path = self.path(prefix)?;
        let wanted = Some(&path).filter(|path| !path.as_ref().is_empty());
        let found = self.wait(0, self.store.objects.list_with_delimiter(wanted))?;
        let begin =
            if self.address.prefix.is_empty() { String::new() } else { format!("{}/", self.address.prefix) };
        let named = found.objects.into_iter().filter_map(|object| {
            let name = object.location.as_ref().strip_prefix(&begin)?.to_owned();
            Some(Entry { name, bytes: object.size })
        });
        let mut entries: Vec<Entry> = named.collect();
        entries.sort_unstable();
        Ok(entries)
    }
}

impl Target for Remote {
    fn describe(&self, name: &str) -> String {
        let place = self.address.show();
        if name.is_empty() { place } else { format!("{place}/{name}") }
    }

    fn put_new(&self, name: &str, content: &[u8]) -> Result<Put, TargetError> {
        let done = if content.len() as u64 > OBJECT_BYTES_MAX {
            let what = format!("it has {} bytes, the limit is {OBJECT_BYTES_MAX}", content.len());
            Err(Failure::new(TargetErrorKind::TooLarge, what))
        } else {
            self.path(name).and_then(|path| self.create(&path, content))
        };
        done.map_err(|failure| self.failed("create", name, &failure.without_name()))
    }

    fn get(&self, name: &str, bytes_max: u64) -> Result<Vec<u8>, TargetError> {
        let done = self.path(name).and_then(|path| self.fetch(&path, bytes_max));
        done.map_err(|failure| self.failed("read", name, &failure))
    }

    fn list(&self, prefix: &str) -> Result<Vec<Entry>, TargetError> {
        self.entries(prefix).map_err(|failure| self.failed("list", prefix, &failure.without_name()))
    }

    fn remove(&self, name: &str) -> Result<(), TargetError> {
        match self.path(name).and_then(|path| self.wait(0, self.store.objects.delete(&path))) {
            Err(failure) if failure.kind() != TargetErrorKind::NotFound => {
                Err(self.failed("remove", name, &failure))
            }
            _ => Ok(()),
        }
    }

    fn weaknesses(&self) -> Vec<&'static str> {
        match self.known.get() {
            Creating::Overwrites => vec![super::OVERWRITES],
            Creating::Untested | Creating::Refuses => Vec::new(),
        }
    }
}
