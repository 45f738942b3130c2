//! The network: connections, requests read whole, answers given, broken ones included.

use super::answer::Answer;
use super::ask::Ask;
use super::shared::Shared;
use super::{route, stream};
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::header::{CONTENT_TYPE, RETRY_AFTER};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use tower_service::Service;

const REQUEST_BYTES_MAX: usize = 1 << 20;
const LAST_WORDS: Duration = Duration::from_secs(1);
const HEADERS_WITHIN: Duration = Duration::from_secs(30);

/// Marks a response that is not to be sent: the connection closes instead.
#[derive(Clone, Copy)]
struct Abort;

/// Serves until the server is stopped.
pub(crate) fn run(runtime: Runtime, listener: TcpListener, shared: &Arc<Shared>) {
    runtime.block_on(accept(listener, shared));
    runtime.shutdown_timeout(LAST_WORDS);
}

async fn accept(listener: TcpListener, shared: &Arc<Shared>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    let router =
        Router::new().route("/stream", get(stream::connect)).fallback(answer).with_state(Arc::clone(shared));
    let (mut connections, mut stopped) = (JoinSet::new(), shared.stopped.clone());
    loop {
        tokio::select! {
            _ = stopped.wait_for(|stopped| *stopped) => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(connections.spawn(serve(stream, router.clone()))),
                // Too many open files, say: the next attempt may do better.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
        }
    }
    connections.abort_all();
    while connections.join_next().await.is_some() {}
}

async fn serve(stream: TcpStream, router: Router) {
    // Without it small replies wait for each other; a connection that cannot have it is served all the same.
    drop(stream.set_nodelay(true));
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut router = router.clone();
        async move {
            let Ok(response) = router.call(request.map(Body::new)).await;
            if response.extensions().get::<Abort>().is_some() {
                return Err(io::Error::from(io::ErrorKind::ConnectionAborted));
            }
            Ok(response)
        }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEADERS_WITHIN);
    // How a connection ended is the client's business.
    drop(http.serve_connection(TokioIo::new(stream), service).with_upgrades().await);
}

/// Reads a request whole, has it answered by a thread that may block, and waits if the reply is to be late.
async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, REQUEST_BYTES_MAX).await else {
        return respond(Answer::error(413, 41_310_000, "request body is too large"));
    };
    let ask = Ask::new(head.method, &head.uri, keys(&head.headers), body.to_vec());
    let kind = ask.kind();
    let desk = Arc::clone(&shared);
    let answered = tokio::task::spawn_blocking(move || route::answer(&desk, &ask)).await;
    if let Some(delay) = kind.and_then(|kind| shared.next_delay(kind)) {
        tokio::time::sleep(delay).await;
    }
    respond(answered.unwrap_or_else(|error| Answer::error(500, 50_010_000, &error.to_string())))
}

fn keys(headers: &HeaderMap) -> Option<(String, String)> {
    let header = |name| Some(headers.get(name)?.to_str().ok()?.to_owned());
    Some((header("APCA-API-KEY-ID")?, header("APCA-API-SECRET-KEY")?))
}

fn respond(answer: Answer) -> Response {
    match answer {
        Answer::Json { status, body, retry_after } => {
            let mut response = (code(status), [(CONTENT_TYPE, "application/json")], body).into_response();
            if let Some(seconds) = retry_after {
                response.headers_mut().insert(RETRY_AFTER, seconds.into());
            }
            response
        }
        Answer::Empty(status) => code(status).into_response(),
        Answer::Abort => {
            let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
            response.extensions_mut().insert(Abort);
            response
        }
        Answer::Broken(begun) => {
            let mut response = Response::new(Body::new(Breaks(Some(begun.into()))));
            response
                .headers_mut()
                .insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static("application/json"));
            response
        }
    }
}

fn code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// A body that breaks off after its beginning.
struct Breaks(Option<Bytes>);

impl hyper::body::Body for Breaks {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let next = self.0.take().map(Frame::data);
        Poll::Ready(Some(next.ok_or_else(|| io::ErrorKind::ConnectionAborted.into())))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
