//! Who listens to the paper venue, and what goes wrong with the messages on the way.

use super::exchange::later;
use super::faults::{Fault, Faults, RequestKind};
use super::record::TradeUpdate;
use super::report;
use crate::venue::{STREAM_EVENTS_MAX, StreamEvent};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use truebook_core::capability::IdClass;
use truebook_core::time::Utc;

/// A message of the venue's own stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamMessage {
    /// Something happened to an order.
    Update(Box<TradeUpdate>),
    /// The stream was cut, and something may be missing.
    Lost(String),
    /// It works again.
    Restored,
}

enum Listener {
    Messages(SyncSender<StreamMessage>),
    Events(SyncSender<StreamEvent>, IdClass),
}

/// A listener whose channel is full has lost something, which it is told as soon as there is room.
struct Subscriber {
    listener: Listener,
    behind: Option<String>,
}

/// Everybody who listens.
#[derive(Default)]
pub(super) struct Hub {
    subscribers: Vec<Subscriber>,
    delayed: Vec<TradeUpdate>,
    cut_until: Option<Utc>,
}

enum Gone {
    Full,
    Closed,
}

impl Hub {
    pub(super) fn messages(&mut self) -> Receiver<StreamMessage> {
        let (sender, receiver) = sync_channel(STREAM_EVENTS_MAX);
        self.subscribers.push(Subscriber { listener: Listener::Messages(sender), behind: None });
        receiver
    }

    pub(super) fn events(&mut self, class: IdClass) -> Receiver<StreamEvent> {
        let (sender, receiver) = sync_channel(STREAM_EVENTS_MAX);
        self.subscribers.push(Subscriber { listener: Listener::Events(sender, class), behind: None });
        receiver
    }

    /// Tells what is due: executions that were held back, and that a cut is over.
    pub(super) fn advance(&mut self, now: Utc) {
        if self.cut_until.is_some_and(|until| until <= now) {
            self.cut_until = None;
            self.send(&StreamMessage::Restored);
        }
        let (due, delayed) =
            std::mem::take(&mut self.delayed).into_iter().partition(|held| told_at(held) <= now);
        self.delayed = delayed;
        for update in due {
            self.tell(update);
        }
    }

    /// Tells what happened in one step, as far as nothing goes wrong.
    pub(super) fn publish(&mut self, updates: Vec<TradeUpdate>, faults: &mut Faults, now: Utc) {
        let mut swapped: Option<TradeUpdate> = None;
        for update in updates {
            match faults.next(RequestKind::Message) {
                Some(Fault::Swapped) if swapped.is_none() => {
                    swapped = Some(update);
                    continue;
                }
                Some(Fault::Cut(time)) => self.cut(later(now, time)),
                Some(Fault::Twice) => self.deliver(update.clone(), now),
                _ => {}
            }
            self.deliver(update, now);
            if let Some(late) = swapped.take() {
                self.deliver(late, now);
            }
        }
        if let Some(late) = swapped {
            self.deliver(late, now);
        }
    }

    fn cut(&mut self, until: Utc) {
        self.send(&StreamMessage::Lost("the connection was cut".to_owned()));
        self.cut_until = Some(until);
    }

    fn deliver(&mut self, update: TradeUpdate, now: Utc) {
        if told_at(&update) > now { self.delayed.push(update) } else { self.tell(update) }
    }

    fn tell(&mut self, update: TradeUpdate) {
        if self.cut_until.is_none() {
            self.send(&StreamMessage::Update(Box::new(update)));
        }
    }

    fn send(&mut self, message: &StreamMessage) {
        self.subscribers.retain_mut(|subscriber| subscriber.send(message));
    }
}

/// When an update is told: with its execution.
fn told_at(update: &TradeUpdate) -> Utc {
    update.fill.as_ref().map_or(update.at, |fill| fill.visible_from)
}

impl Subscriber {
    /// Whether it is still there.
    fn send(&mut self, message: &StreamMessage) -> bool {
        if let Some(behind) = self.behind.take() {
            let caught_up = self.listener.send(&StreamMessage::Lost(behind.clone()));
            match caught_up.and_then(|()| self.listener.send(&StreamMessage::Restored)) {
                Ok(()) => {}
                Err(Gone::Full) => {
                    self.behind = Some(behind);
                    return true;
                }
                Err(Gone::Closed) => return false,
            }
        }
        match self.listener.send(message) {
            Ok(()) => true,
            Err(Gone::Closed) => false,
            Err(Gone::Full) => {
                self.behind = Some("the reader fell behind".to_owned());
                true
            }
        }
    }
}

impl Listener {
    fn send(&self, message: &StreamMessage) -> Result<(), Gone> {
        match self {
            Self::Messages(sender) => try_send(sender, message.clone()),
            Self::Events(sender, class) => {
                for event in events(message, *class) {
                    try_send(sender, event)?;
                }
                Ok(())
            }
        }
    }
}

fn try_send<T>(sender: &SyncSender<T>, message: T) -> Result<(), Gone> {
    sender.try_send(message).map_err(|failed| match failed {
        TrySendError::Full(_) => Gone::Full,
        TrySendError::Disconnected(_) => Gone::Closed,
    })
}

/// A message in the terms that every venue speaks: the order, then its execution.
fn events(message: &StreamMessage, class: IdClass) -> Vec<StreamEvent> {
    match message {
        StreamMessage::Lost(why) => vec![StreamEvent::Lost(why.clone())],
        StreamMessage::Restored => vec![StreamEvent::Restored],
        StreamMessage::Update(update) => {
            let order = StreamEvent::Order(Box::new(report::order(&update.order)));
            let fill =
                update.fill.as_ref().map(|fill| StreamEvent::Fill(Box::new(report::fill(fill, class))));
            std::iter::once(order).chain(fill).collect()
        }
    }
}
