//! What a failure of an object store means, for every store that is spoken to.

use super::wire::Refused;
use crate::backup::target::TargetErrorKind;
use object_store::client::{HttpError, HttpErrorKind};
use std::error::Error;

/// The most causes of an error that are looked at.
const CAUSES_MAX: usize = 32;

/// What a failure means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// An object of that name is there, so it was not created.
    Exists,
    /// The store does not know this kind of request.
    Unsupported,
    /// It failed.
    Failed(TargetErrorKind),
}

/// A failed request.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) meaning: Meaning,
    /// In words, without addresses and keys.
    pub(super) what: String,
}

impl Failure {
    pub(super) fn new(kind: TargetErrorKind, what: impl Into<String>) -> Self {
        Self { meaning: Meaning::Failed(kind), what: what.into() }
    }

    /// The same where no object was asked for by name: what is missing then is the target.
    pub(super) fn without_name(self) -> Self {
        match self.kind() {
            TargetErrorKind::NotFound => Self::new(TargetErrorKind::NoTarget, self.what),
            _ => self,
        }
    }

    /// What it means where an object that exists is no answer.
    pub(super) fn kind(&self) -> TargetErrorKind {
        match self.meaning {
            Meaning::Failed(kind) => kind,
            Meaning::Exists | Meaning::Unsupported => TargetErrorKind::Other,
        }
    }
}

impl From<object_store::Error> for Failure {
    fn from(error: object_store::Error) -> Self {
        if matches!(
            error,
            object_store::Error::NotImplemented { .. } | object_store::Error::NotSupported { .. }
        ) {
            return Self { meaning: Meaning::Unsupported, what: "not supported".to_owned() };
        }
        let first: &(dyn Error + 'static) = &error;
        let mut causes = Vec::new();
        let mut next = Some(first);
        while let Some(cause) = next.filter(|_| causes.len() < CAUSES_MAX) {
            causes.push(cause);
            next = cause.source();
        }
        if let Some(refused) = causes.iter().find_map(|cause| cause.downcast_ref::<Refused>()) {
            return Self { meaning: of_refusal(refused.status, &refused.code), what: refused.to_string() };
        }
        // The innermost cause is the operating system's or the protocol's: it names no address.
        let innermost = causes.last().map(ToString::to_string).unwrap_or_default();
        match causes.iter().find_map(|cause| cause.downcast_ref::<HttpError>()) {
            Some(http) => of_transport(http.kind(), &innermost),
            None => Self::new(TargetErrorKind::Other, innermost),
        }
    }
}

fn of_transport(kind: HttpErrorKind, cause: &str) -> Failure {
    if cause.contains("certificate") {
        return Failure::new(TargetErrorKind::Other, format!("its identity is not proved: {cause}"));
    }
    let what = match kind {
        HttpErrorKind::Connect => "not reached",
        HttpErrorKind::Timeout => "no answer in time",
        _ => "the connection broke",
    };
    Failure::new(TargetErrorKind::Unavailable, format!("{what}: {cause}"))
}

/// What a refusal means, by the name that the store gives it, else by its HTTP status.
pub(super) fn of_refusal(status: u16, code: &str) -> Meaning {
    let kind = match code {
        "PreconditionFailed" | "BlobAlreadyExists" | "ConditionNotMet" => return Meaning::Exists,
        "NotImplemented" => return Meaning::Unsupported,
        "NoSuchBucket" | "ContainerNotFound" => TargetErrorKind::NoTarget,
        "NoSuchKey" | "BlobNotFound" => TargetErrorKind::NotFound,
        // The first two say that the parts are gone: all of it is sent again.
        "NoSuchUpload"
        | "InvalidPart"
        | "SlowDown"
        | "InternalError"
        | "ServiceUnavailable"
        | "ServerBusy"
        | "OperationTimedOut"
        | "RequestTimeout"
        | "OperationAborted"
        | "ConditionalRequestConflict" => TargetErrorKind::Unavailable,
        "NoKeys" | "ExpiredToken" | "InvalidToken" | "TokenRefreshRequired" => TargetErrorKind::Denied,
        "EntityTooLarge" | "RequestBodyTooLarge" | "XMinioStorageFull" | "StorageFull" => {
            TargetErrorKind::Full
        }
        code if code.contains("QuotaExceeded") => TargetErrorKind::Full,
        _ => return of_status(status),
    };
    Meaning::Failed(kind)
}

fn of_status(status: u16) -> Meaning {
    Meaning::Failed(match status {
        304 | 412 => return Meaning::Exists,
        501 => return Meaning::Unsupported,
        401 | 403 => TargetErrorKind::Denied,
        404 | 410 => TargetErrorKind::NotFound,
        413 | 507 => TargetErrorKind::Full,
        // 409: somebody else is writing the same name just now.
        408 | 409 | 425 | 429 | 500 | 502..=504 | 520..=599 => TargetErrorKind::Unavailable,
        _ => TargetErrorKind::Other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_store_says_means_what_can_be_done_about_it() {
        let failed = Meaning::Failed;
        for (status, code, meaning) in [
            (412, "PreconditionFailed", Meaning::Exists),
            (412, "", Meaning::Exists),
            (409, "BlobAlreadyExists", Meaning::Exists),
            (409, "ConditionalRequestConflict", failed(TargetErrorKind::Unavailable)),
            (501, "NotImplemented", Meaning::Unsupported),
            (400, "NotImplemented", Meaning::Unsupported),
            (404, "NoSuchBucket", failed(TargetErrorKind::NoTarget)),
            (404, "ContainerNotFound", failed(TargetErrorKind::NoTarget)),
            (404, "NoSuchKey", failed(TargetErrorKind::NotFound)),
            (404, "", failed(TargetErrorKind::NotFound)),
            (404, "NoSuchUpload", failed(TargetErrorKind::Unavailable)),
            (403, "SignatureDoesNotMatch", failed(TargetErrorKind::Denied)),
            (403, "InvalidAccessKeyId", failed(TargetErrorKind::Denied)),
            (401, "", failed(TargetErrorKind::Denied)),
            (400, "ExpiredToken", failed(TargetErrorKind::Denied)),
            (507, "", failed(TargetErrorKind::Full)),
            (413, "", failed(TargetErrorKind::Full)),
            (400, "EntityTooLarge", failed(TargetErrorKind::Full)),
            (403, "QuotaExceeded", failed(TargetErrorKind::Full)),
            (400, "XMinioAdminBucketQuotaExceeded", failed(TargetErrorKind::Full)),
            (503, "SlowDown", failed(TargetErrorKind::Unavailable)),
            (200, "InternalError", failed(TargetErrorKind::Unavailable)),
            (500, "", failed(TargetErrorKind::Unavailable)),
            (502, "", failed(TargetErrorKind::Unavailable)),
            (429, "", failed(TargetErrorKind::Unavailable)),
            (408, "", failed(TargetErrorKind::Unavailable)),
            (400, "AuthorizationHeaderMalformed", failed(TargetErrorKind::Other)),
            (301, "PermanentRedirect", failed(TargetErrorKind::Other)),
            (400, "", failed(TargetErrorKind::Other)),
        ] {
            assert_eq!(of_refusal(status, code), meaning, "{status} {code}");
        }
    }
}
