//! The stream of trade updates: who logs in and listens is told what happens, until the connection is cut.

use super::options::Frames;
use super::shared::{Shared, Told};
use super::{orders, render, route};
use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use core::time::Duration;
use serde::Deserialize;
use serde_json::json;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread::JoinHandle;
use tokio::sync::broadcast;
use truebook::paper::StreamMessage;

/// How often time passes at the venue when nobody asks it anything.
const MOMENT: Duration = Duration::from_millis(10);

#[derive(Deserialize)]
struct Asked {
    #[serde(rename = "action")]
    what: String,
    #[serde(default)]
    data: Data,
    key: Option<String>,
    secret: Option<String>,
}

#[derive(Default, Deserialize)]
struct Data {
    key_id: Option<String>,
    secret_key: Option<String>,
    #[serde(default)]
    streams: Vec<String>,
}

/// A thread that passes on what happens at the venue, and lets its time pass.
pub(crate) fn pump(shared: Arc<Shared>) -> io::Result<JoinHandle<()>> {
    let updates = shared.venue.updates().map_err(io::Error::other)?;
    std::thread::Builder::new().name("paper updates".to_owned()).spawn(move || pass_on(&shared, &updates))
}

fn pass_on(shared: &Shared, updates: &Receiver<StreamMessage>) {
    while !shared.is_stopped() {
        // What a venue that cannot keep its state has to say, it says to every request.
        drop(shared.venue.pass_time());
        loop {
            match updates.recv_timeout(MOMENT) {
                Ok(StreamMessage::Update(update)) => {
                    // Without a listener there is nobody to tell.
                    drop(shared.told.send(Told::Message(render::update(&update))));
                }
                Ok(StreamMessage::Lost(_)) => shared.cut(),
                Ok(StreamMessage::Restored) => shared.mend(),
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }
}

/// Takes a connection, unless streams are cut or the venue refuses it.
pub(crate) async fn connect(State(shared): State<Arc<Shared>>, upgrade: WebSocketUpgrade) -> Response {
    let desk = Arc::clone(&shared);
    let refused = move || desk.venue.updates().map(drop).map_err(|error| orders::failed(&desk, &error));
    let accepted = tokio::task::spawn_blocking(refused).await;
    if shared.is_cut() || !matches!(accepted, Ok(Ok(()))) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    upgrade.on_upgrade(move |socket| async move {
        let mut stopped = shared.stopped.clone();
        tokio::select! {
            _ = stopped.wait_for(|stopped| *stopped) => {}
            _ = talk(&shared, socket) => {}
        }
    })
}

/// Ends, by whatever is returned, with a connection that closes without a word.
async fn talk(shared: &Shared, mut socket: WebSocket) -> Option<()> {
    let mut told = shared.told.subscribe();
    let (mut authorized, mut listens) = (false, false);
    loop {
        tokio::select! {
            heard = socket.recv() => {
                let action = match heard?.ok()? {
                    Message::Text(text) => serde_json::from_str::<Asked>(&text),
                    Message::Binary(bytes) => serde_json::from_slice(&bytes),
                    Message::Close(_) => return None,
                    _ => continue,
                };
                let Ok(action) = action else { continue };
                match action.what.as_str() {
                    "authenticate" | "auth" => {
                        authorized = is_authorized(shared, &action);
                        let status = if authorized { "authorized" } else { "unauthorized" };
                        send(shared, &mut socket, authorization(status)).await?;
                    }
                    "listen" if authorized => {
                        listens = action.data.streams.iter().any(|stream| stream == "trade_updates");
                        send(shared, &mut socket, listening(&action.data.streams)).await?;
                    }
                    _ => send(shared, &mut socket, authorization("unauthorized")).await?,
                }
            }
            message = next(&mut told), if listens => send(shared, &mut socket, message?).await?,
        }
    }
}

/// The next message; `None` if the connection is to be cut, or has fallen behind.
async fn next(told: &mut broadcast::Receiver<Told>) -> Option<String> {
    match told.recv().await {
        Ok(Told::Message(message)) => Some(message),
        Ok(Told::Cut) | Err(_) => None,
    }
}

async fn send(shared: &Shared, socket: &mut WebSocket, text: String) -> Option<()> {
    let message = match shared.options.frames {
        Frames::Binary => Message::Binary(text.into()),
        Frames::Text => Message::Text(text.into()),
    };
    socket.send(message).await.ok()
}

fn is_authorized(shared: &Shared, action: &Asked) -> bool {
    let id = action.data.key_id.as_ref().or(action.key.as_ref());
    let secret = action.data.secret_key.as_ref().or(action.secret.as_ref());
    let keys = id.cloned().zip(secret.cloned());
    keys.is_some_and(|keys| route::accepts(shared, &keys))
}

fn authorization(status: &str) -> String {
    json!({ "stream": "authorization", "data": { "action": "authenticate", "status": status } }).to_string()
}

fn listening(streams: &[String]) -> String {
    json!({ "stream": "listening", "data": { "streams": streams } }).to_string()
}
