//! The wire under the object store's client: every refusal becomes a value of ours, so that what it means is
//! decided in one place and no text of the client (which holds addresses and signatures) gets out.

use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
    ReqwestConnector,
};
use object_store::{ClientOptions, HeaderMap, HeaderValue};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// The longest message of a store that is passed on, in characters.
const MESSAGE_CHARS_MAX: usize = 200;

/// Whether the store refuses to create an object twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Creating {
    /// Not seen yet.
    Untested,
    /// It does: it was seen to.
    Refuses,
    /// It does not, or says that it cannot.
    Overwrites,
}

/// What is known about [`Creating`], shared by everybody who uses the store.
#[derive(Clone, Debug, Default)]
pub(super) struct Known(Arc<AtomicU8>);

impl Known {
    pub(super) fn get(&self) -> Creating {
        match self.0.load(Ordering::SeqCst) {
            0 => Creating::Untested,
            1 => Creating::Refuses,
            _ => Creating::Overwrites,
        }
    }

    pub(super) fn set(&self, creating: Creating) {
        self.0.store(creating as u8, Ordering::SeqCst);
    }
}

/// A reply that is no success.
#[derive(Debug, thiserror::Error)]
#[error("{status} {code}: {message}")]
pub(super) struct Refused {
    /// The HTTP status.
    pub(super) status: u16,
    /// What the store calls it, for example `NoSuchBucket`; empty if it does not say.
    pub(super) code: String,
    /// What the store says about it.
    pub(super) message: String,
}

/// Makes clients that speak over [`Wire`].
#[derive(Debug)]
pub(super) struct Connector {
    pub(super) known: Known,
}

impl HttpConnector for Connector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let inner = ReqwestConnector::default().connect(options)?;
        Ok(HttpClient::new(Wire { inner, known: self.known.clone() }))
    }
}

#[derive(Debug)]
struct Wire {
    inner: HttpClient,
    known: Known,
}

impl HttpService for Wire {
    fn call<'service, 'call>(
        &'service self,
        request: HttpRequest,
    ) -> Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'call>>
    where
        'service: 'call,
        Self: 'call,
    {
        Box::pin(self.send(request))
    }
}

impl Wire {
    async fn send(&self, mut request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let asks_machine = request.uri().host().is_some_and(is_machine_role);
        let completes = completes_upload(&request);
        if completes && self.known.get() != Creating::Overwrites {
            // The signature need not cover it; the client has no call for it.
            request.headers_mut().insert("if-none-match", HeaderValue::from_static("*"));
        }
        let reply = match self.inner.execute(request).await {
            Err(_) if asks_machine => return Err(refused(no_keys())),
            other => other?,
        };
        let status = reply.status();
        if status.is_success() && !completes {
            return Ok(reply);
        }
        if asks_machine {
            return Err(refused(no_keys()));
        }
        let (parts, body) = reply.into_parts();
        let bytes = body.bytes().await?;
        // Completing can fail after the store began to answer: then the error is in a reply with status 200.
        if status.is_success() && element(&bytes, "Error").is_none() {
            return Ok(HttpResponse::from_parts(parts, bytes.into()));
        }
        Err(refused(read_refusal(status.as_u16(), &parts.headers, &bytes)))
    }
}

fn refused(refusal: Refused) -> HttpError {
    HttpError::new(HttpErrorKind::Unknown, refusal)
}

/// The addresses at which a machine in a cloud is told its role's keys.
fn is_machine_role(host: &str) -> bool {
    host.starts_with("169.254.") || host == "metadata.google.internal" || host == "[fd00:ec2::254]"
}

fn no_keys() -> Refused {
    let message = "no keys in the environment, and this machine has no role that gives any";
    Refused { status: 401, code: "NoKeys".to_owned(), message: message.to_owned() }
}

/// S3's request that puts the parts of an upload together.
fn completes_upload(request: &HttpRequest) -> bool {
    let query = request.uri().query().unwrap_or("");
    request.method().as_str() == "POST" && query.split('&').any(|pair| pair.starts_with("uploadId="))
}

fn read_refusal(status: u16, headers: &HeaderMap, body: &[u8]) -> Refused {
    let named = headers.get("x-ms-error-code").and_then(|code| code.to_str().ok());
    let code = element(body, "Code").or(named.map(str::to_owned)).unwrap_or_default();
    Refused { status, code: plain(&code), message: plain(&element(body, "Message").unwrap_or_default()) }
}

/// The text of the first XML element of this name.
fn element(body: &[u8], name: &str) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    rest.split_once(&format!("</{name}>")).map(|(inner, _)| inner.to_owned())
}

fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MESSAGE_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_code_and_message_of_a_refusal_are_read_and_never_what_was_signed() {
        let body = b"<?xml version=\"1.0\"?><Error><Code>SignatureDoesNotMatch</Code>\
            <Message>The signature\ndoes not match</Message><StringToSign>AWS4 secret</StringToSign></Error>";
        let refusal = read_refusal(403, &HeaderMap::new(), body);
        assert_eq!(refusal.to_string(), "403 SignatureDoesNotMatch: The signaturedoes not match");
        let mut headers = HeaderMap::new();
        headers.insert("x-ms-error-code", HeaderValue::from_static("ContainerNotFound"));
        assert_eq!(read_refusal(404, &headers, b"").code, "ContainerNotFound");
        let endless = format!("<Message>{}</Message>", "x".repeat(5000));
        assert_eq!(read_refusal(500, &HeaderMap::new(), endless.as_bytes()).message.len(), MESSAGE_CHARS_MAX);
    }
}
