//! Where an object store is, and with what it is spoken to: a plain address, and the environment.

use super::wire::{Connector, Known};
use super::{Failure, RemoteOptions};
use crate::backup::target::TargetErrorKind;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::multipart::MultipartStore;
use object_store::path::Path;
use object_store::{BackoffConfig, ClientConfigKey, ObjectStore, RetryConfig};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroizing;

/// The longest that connecting may take.
const CONNECT: Duration = Duration::from_secs(10);
/// Values shorter than this are no keys; hiding them would garble texts.
const SECRET_CHARS_MIN: usize = 8;

/// Which kind of store it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    S3,
    Google,
    Azure,
}

/// An address without anything secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    scheme: Scheme,
    bucket: String,
    /// Without a slash at either end; empty for the whole bucket.
    pub(super) prefix: String,
}

impl Address {
    /// Reads `s3://bucket/prefix`, `gs://…` or `az://…`.
    pub(super) fn parse(text: &str) -> Result<Self, Failure> {
        let wrong = |what: &str| Err(Failure::new(TargetErrorKind::Other, what));
        let (scheme, rest) = text.split_once("://").unwrap_or((text, ""));
        let scheme = match scheme {
            "s3" => Scheme::S3,
            "gs" => Scheme::Google,
            "az" => Scheme::Azure,
            _ => return wrong("an object store begins with s3://, gs:// or az://"),
        };
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let is_bucket = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if bucket.is_empty() || !bucket.bytes().all(is_bucket) {
            return wrong(
                "a bucket's name has letters, digits, `-`, `_` and `.`; keys belong in the environment",
            );
        }
        let prefix = prefix.trim_matches('/');
        if prefix.contains(['?', '#', '@']) || Path::parse(prefix).is_err() {
            return wrong("what follows the bucket is no plain prefix; keys belong in the environment");
        }
        Ok(Self { scheme, bucket: bucket.to_owned(), prefix: prefix.to_owned() })
    }

    /// The address as people write it.
    pub(super) fn show(&self) -> String {
        let scheme = match self.scheme {
            Scheme::S3 => "s3",
            Scheme::Google => "gs",
            Scheme::Azure => "az",
        };
        if self.prefix.is_empty() {
            format!("{scheme}://{}", self.bucket)
        } else {
            format!("{scheme}://{}/{}", self.bucket, self.prefix)
        }
    }
}

/// A store, and its calls for large objects where those can be completed conditionally.
pub(super) struct Store {
    pub(super) objects: Arc<dyn ObjectStore>,
    /// Only S3: the others take an object of any size that is used here in one request.
    pub(super) parts: Option<Arc<dyn MultipartStore>>,
}

/// Makes the client. Nothing is sent.
pub(super) fn connect(address: &Address, options: &RemoteOptions, known: Known) -> Result<Store, Failure> {
    let connector = Connector { known };
    let bucket = address.bucket.as_str();
    Ok(match address.scheme {
        Scheme::S3 => {
            let fixed = AmazonS3Builder::new().with_bucket_name(bucket).with_retry(once());
            // Not every store has the request that deletes many objects; here one is deleted at a time.
            let fixed = fixed.with_config(AmazonS3ConfigKey::DisableBulkDelete, "true");
            let fixed = client(options).into_iter().fold(fixed, |builder, (key, value)| {
                builder.with_config(AmazonS3ConfigKey::Client(key), value)
            });
            let builder = from_environment(fixed, options, "AWS_", AmazonS3Builder::with_config);
            let store = Arc::new(builder.with_http_connector(connector).build()?);
            let objects: Arc<dyn ObjectStore> = Arc::<object_store::aws::AmazonS3>::clone(&store);
            Store { objects, parts: Some(store) }
        }
        Scheme::Google => {
            let fixed = GoogleCloudStorageBuilder::new().with_bucket_name(bucket).with_retry(once());
            let fixed = client(options).into_iter().fold(fixed, |builder, (key, value)| {
                builder.with_config(GoogleConfigKey::Client(key), value)
            });
            let builder = from_environment(fixed, options, "GOOGLE_", GoogleCloudStorageBuilder::with_config);
            Store { objects: Arc::new(builder.with_http_connector(connector).build()?), parts: None }
        }
        Scheme::Azure => {
            let fixed = MicrosoftAzureBuilder::new().with_container_name(bucket).with_retry(once());
            let fixed = client(options)
                .into_iter()
                .fold(fixed, |builder, (key, value)| builder.with_config(AzureConfigKey::Client(key), value));
            let builder = from_environment(fixed, options, "AZURE_", MicrosoftAzureBuilder::with_config);
            Store { objects: Arc::new(builder.with_http_connector(connector).build()?), parts: None }
        }
    })
}

/// Retrying is `Retrying`'s: it can be stopped, and it knows what an unclear answer means.
fn once() -> RetryConfig {
    RetryConfig { backoff: BackoffConfig::default(), max_retries: 0, retry_timeout: Duration::ZERO }
}

/// Every wait has an end. The whole of a request is bounded by its size where it is made.
fn client(options: &RemoteOptions) -> [(ClientConfigKey, String); 4] {
    let millis = |duration: Duration| format!("{}ms", duration.as_millis().max(1));
    [
        (ClientConfigKey::ConnectTimeout, millis(options.patience.min(CONNECT))),
        (ClientConfigKey::ReadTimeout, millis(options.patience)),
        (ClientConfigKey::Timeout, "1day".to_owned()),
        // Between two objects nobody looks after an idle connection, so a long idle one may be dead.
        (ClientConfigKey::PoolIdleTimeout, "5s".to_owned()),
    ]
}

/// Takes the variables that the store's own tools take.
fn from_environment<B, K: FromStr>(
    builder: B,
    options: &RemoteOptions,
    begin: &str,
    set: fn(B, K, String) -> B,
) -> B {
    let ours = options.variables.iter().filter(|(name, _)| name.starts_with(begin));
    let known = ours.filter_map(|(name, value)| Some((name.to_ascii_lowercase().parse().ok()?, value)));
    known.fold(builder, |builder, (key, value)| set(builder, key, value.clone()))
}

/// What must be in no text.
pub(super) struct Secrets(Vec<Zeroizing<String>>);

impl Secrets {
    pub(super) fn of(options: &RemoteOptions) -> Self {
        let words = ["SECRET", "KEY", "TOKEN", "PASSWORD", "CREDENTIAL", "SAS"];
        let secret = |(name, value): &&(String, String)| {
            value.len() >= SECRET_CHARS_MIN && words.iter().any(|word| name.contains(word))
        };
        let values = options.variables.iter().filter(secret);
        Self(values.map(|(_, value)| Zeroizing::new(value.clone())).collect())
    }

    /// The text without them.
    pub(super) fn hide(&self, text: String) -> String {
        self.0.iter().fold(text, |text, secret| text.replace(secret.as_str(), "…"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_bucket_and_a_prefix_and_never_a_key() {
        let shown = |text: &str| Address::parse(text).map(|address| address.show()).ok();
        assert_eq!(shown("s3://bucket").as_deref(), Some("s3://bucket"));
        assert_eq!(shown("s3://bucket/a/b/").as_deref(), Some("s3://bucket/a/b"));
        assert_eq!(shown("gs://bucket/a").as_deref(), Some("gs://bucket/a"));
        assert_eq!(shown("az://container/a").as_deref(), Some("az://container/a"));
        for text in [
            "s3://",
            "s3:///a",
            "s3://key:secret-word@bucket/a",
            "s3://bucket/a?X-Amz-Signature=secret-word",
            "s3://bucket/a#secret-word",
            "s3://bucket/../secret-word",
            "https://bucket.s3.amazonaws.com/secret-word",
        ] {
            let failure = Address::parse(text).unwrap_err();
            assert!(!failure.what.contains("secret-word"), "{}", failure.what);
        }
    }

    #[test]
    fn keys_of_the_environment_are_in_no_text() {
        let variables =
            [("AWS_SECRET_ACCESS_KEY", "abcdefgh12"), ("AWS_REGION", "us-east-1"), ("KEY", "short")];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let options = RemoteOptions { variables, ..RemoteOptions::default() };
        let hidden = Secrets::of(&options).hide("signed abcdefgh12 in us-east-1, in short".to_owned());
        assert_eq!(hidden, "signed … in us-east-1, in short");
    }
}
