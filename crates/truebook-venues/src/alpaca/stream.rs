//! The stream of trade updates: connect, authenticate, listen; and when it is cut, say so and begin again.

use super::family::Families;
use super::keys::Keys;
use super::report;
use super::socket::{Frame, Socket};
use super::wire::TradeUpdate;
use super::{Address, StreamFills};
use core::time::Duration;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError};
use std::time::Instant;
use truebook::venue::{StreamEvent, VenueError, VenueErrorKind};

/// After such a silence the other side is asked whether it is still there.
const ASK_AFTER: Duration = Duration::from_secs(15);
/// After such a silence it is not.
const DEAD_AFTER: Duration = Duration::from_secs(45);
const BACKOFF_FIRST: Duration = Duration::from_millis(200);
const BACKOFF_MAX: Duration = Duration::from_secs(30);
/// How often it is looked whether anybody still wants the stream.
const LOOK_EVERY: Duration = Duration::from_millis(100);

#[derive(Deserialize)]
struct Message<'a> {
    stream: String,
    #[serde(borrow)]
    data: &'a RawValue,
}

#[derive(Deserialize)]
struct Status {
    status: Option<String>,
}

/// All that a stream needs, to be connected as often as necessary.
pub(crate) struct Feed {
    pub(crate) address: Address,
    pub(crate) keys: Keys,
    pub(crate) families: Arc<Families>,
    pub(crate) fills: StreamFills,
    pub(crate) timeout: Duration,
    pub(crate) stop: Arc<AtomicBool>,
}

/// Nobody wants the stream any more.
struct Unwanted;

impl Feed {
    /// A connection that listens, as the venue itself confirmed.
    pub(crate) fn connect(&self) -> Result<Socket, VenueError> {
        let mut socket = Socket::connect(&self.address, self.timeout)?;
        let login = serde_json::json!({
            "action": "authenticate",
            "data": { "key_id": self.keys.id(), "secret_key": self.keys.secret() },
        });
        socket.send(&login.to_string())?;
        self.await_authorized(&mut socket)?;
        socket.send(r#"{"action":"listen","data":{"streams":["trade_updates"]}}"#)?;
        self.await_message(&mut socket, "listening")?;
        Ok(socket)
    }

    fn await_authorized(&self, socket: &mut Socket) -> Result<(), VenueError> {
        let answer = self.await_message(socket, "authorization")?;
        let status: Option<Status> = serde_json::from_str(&answer).ok();
        if status.and_then(|status| status.status).as_deref() == Some("authorized") {
            return Ok(());
        }
        Err(VenueError::new(VenueErrorKind::Unauthorized, "the stream does not accept the keys"))
    }

    /// The data of the next message of this kind.
    fn await_message(&self, socket: &mut Socket, wanted: &str) -> Result<String, VenueError> {
        let begun = Instant::now();
        while begun.elapsed() < self.timeout {
            let Frame::Text(text) = socket.receive()? else { continue };
            let message: Option<Message<'_>> = serde_json::from_str(&text).ok();
            if let Some(message) = message.filter(|message| message.stream == wanted) {
                return Ok(message.data.get().to_owned());
            }
        }
        Err(VenueError::new(VenueErrorKind::Unknown, format!("the stream sends no {wanted}")))
    }

    /// Passes on what comes, until nobody wants it.
    pub(crate) fn run(self, first: Socket, sender: SyncSender<StreamEvent>) {
        let mut sink = Sink { sender, behind: false };
        let mut socket = first;
        while let Ok(why) = self.pump(&mut socket, &mut sink) {
            drop(socket);
            if sink.tell(StreamEvent::Lost(why)).is_err() {
                return;
            }
            let Ok(again) = self.reconnect() else { return };
            socket = again;
            if sink.tell(StreamEvent::Restored).is_err() {
                return;
            }
        }
    }

    /// Passes on what comes, until the connection is cut: the reason why.
    fn pump(&self, socket: &mut Socket, sink: &mut Sink) -> Result<String, Unwanted> {
        let (mut heard, mut asked) = (Instant::now(), false);
        while !self.stop.load(Ordering::Relaxed) {
            let frame = match socket.receive() {
                Ok(frame) => frame,
                Err(error) => return Ok(error.to_string()),
            };
            if frame != Frame::Silence {
                (heard, asked) = (Instant::now(), false);
            }
            if let Frame::Text(text) = frame {
                self.message(&text, sink)?;
            }
            let silence = heard.elapsed();
            if silence > DEAD_AFTER {
                return Ok("the stream is silent".to_owned());
            }
            if silence > ASK_AFTER && !asked {
                asked = true;
                if let Err(error) = socket.ping() {
                    return Ok(error.to_string());
                }
            }
        }
        Err(Unwanted)
    }

    fn message(&self, text: &str, sink: &mut Sink) -> Result<(), Unwanted> {
        let message: Message<'_> = match serde_json::from_str(text) {
            Ok(message) => message,
            Err(error) => return sink.gap(&format!("a message that cannot be read: {error}")),
        };
        if message.stream != "trade_updates" {
            return Ok(());
        }
        match serde_json::from_str::<TradeUpdate>(message.data.get()) {
            Ok(update) => self.update(&update, sink),
            Err(error) => sink.gap(&format!("an update that cannot be read: {error}")),
        }
    }

    /// The execution before the order: whoever is told that more is filled has the reason already.
    fn update(&self, update: &TradeUpdate, sink: &mut Sink) -> Result<(), Unwanted> {
        if matches!(update.event.as_str(), "trade_bust" | "trade_correct") {
            return sink.gap("the venue corrected an execution");
        }
        if self.fills == StreamFills::Passed {
            match report::streamed_fill(update) {
                Ok(Some(fill)) => sink.tell(StreamEvent::Fill(Box::new(fill)))?,
                Ok(None) => {}
                Err(error) => return sink.gap(&error.to_string()),
            }
        }
        let Some(order) = &update.order else { return Ok(()) };
        match report::orders(order, &self.families) {
            Ok(reports) => {
                reports.into_iter().try_for_each(|report| sink.tell(StreamEvent::Order(Box::new(report))))
            }
            Err(error) => sink.gap(&error.to_string()),
        }
    }

    fn reconnect(&self) -> Result<Socket, Unwanted> {
        let mut wait = BACKOFF_FIRST;
        loop {
            self.sleep(wait)?;
            if let Ok(socket) = self.connect() {
                return Ok(socket);
            }
            wait = (wait * 2).min(BACKOFF_MAX);
        }
    }

    fn sleep(&self, wait: Duration) -> Result<(), Unwanted> {
        let begun = Instant::now();
        while begun.elapsed() < wait {
            if self.stop.load(Ordering::Relaxed) {
                return Err(Unwanted);
            }
            std::thread::sleep(LOOK_EVERY.min(wait));
        }
        Ok(())
    }
}

/// Where events go. It never waits for a reader: one that falls behind is told so, once it has room.
struct Sink {
    sender: SyncSender<StreamEvent>,
    behind: bool,
}

impl Sink {
    fn tell(&mut self, event: StreamEvent) -> Result<(), Unwanted> {
        if self.behind {
            self.behind = false;
            self.put(StreamEvent::Lost("the reader fell behind".to_owned()))?;
            self.put(StreamEvent::Restored)?;
        }
        self.put(event)
    }

    /// Something came that could not be passed on; the stream itself goes on.
    fn gap(&mut self, why: &str) -> Result<(), Unwanted> {
        self.tell(StreamEvent::Lost(why.to_owned()))?;
        self.tell(StreamEvent::Restored)
    }

    fn put(&mut self, event: StreamEvent) -> Result<(), Unwanted> {
        match self.sender.try_send(event) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(_)) => {
                self.behind = true;
                Ok(())
            }
            Err(TrySendError::Disconnected(_)) => Err(Unwanted),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::sync_channel;

    #[test]
    fn a_reader_that_fell_behind_is_told_before_anything_else() {
        let (sender, receiver) = sync_channel(3);
        let mut sink = Sink { sender, behind: false };
        for _ in 0..5 {
            assert!(sink.tell(StreamEvent::Restored).is_ok());
        }
        assert_eq!(receiver.try_iter().count(), 3);
        assert!(sink.tell(StreamEvent::Restored).is_ok());
        let got: Vec<_> = receiver.try_iter().collect();
        assert!(matches!(got[0], StreamEvent::Lost(_)), "{got:?}");
        assert_eq!(got[1..], [StreamEvent::Restored, StreamEvent::Restored]);
        drop(receiver);
        assert!(sink.tell(StreamEvent::Restored).is_err());
    }
}
