//! The child of `kill-during-save` and `thread-safety`: it saves without a pause until it is killed, and says
//! of each save that it is durable as soon as the book has said so.

use crate::errors::{Failure, Outcome};
use crate::needs::Needs;
use std::io::Write;
use std::sync::mpsc::{Sender, channel};
use truebook::Book;
use truebook::book::{Recorded, WriteError};
use truebook::core::doc::{Doc, Op, Path};
use truebook::core::event::StateChanged;
use truebook::core::id::Seq;
use truebook::paper::Chance;

/// Where the numbers are in the bot's variables: a key that no bot has.
pub(super) const KEY: &str = "truebook-audit";

/// The longest padding of a save, in bytes.
const PAD_BYTES_MAX: u64 = 2048;

/// One save that the book has acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ack {
    pub(super) thread: u32,
    pub(super) number: u64,
    pub(super) seq: Seq,
}

impl Ack {
    fn line(self) -> String {
        format!("ack {} {} {}", self.thread, self.number, self.seq)
    }

    /// Reads a line of the child's; `None` if it is cut off.
    pub(super) fn parse(line: &str) -> Option<Self> {
        let mut words = line.strip_prefix("ack ")?.split(' ');
        let (thread, number, seq) = (words.next()?, words.next()?, words.next()?);
        let seq = Seq::new(seq.parse().ok()?);
        Some(Self { thread: thread.parse().ok()?, number: number.parse().ok()?, seq })
    }
}

/// The place of a thread's number, `/truebook-audit/t3`.
pub(super) fn place(thread: u32) -> Result<Path, Failure> {
    Path::from_segments([KEY, &format!("t{thread}")]).map_err(|failed| Failure::caused(&failed))
}

/// The number that a document has for a thread; 0 if there is none.
pub(super) fn number(vars: &Doc, thread: u32) -> Result<u64, Failure> {
    let value = vars.get(&place(thread)?).and_then(Doc::as_number);
    Ok(value.and_then(truebook::core::doc::Number::as_u64).unwrap_or(0))
}

/// The number that an event of the journal gives to a thread.
pub(super) fn number_in(event: &StateChanged, thread: u32) -> Option<u64> {
    let (own, all) = (format!("/{KEY}/t{thread}"), format!("/{KEY}"));
    event.ops.iter().find_map(|op| match op {
        Op::Set { path, value } if *path == own => value.as_number()?.as_u64(),
        Op::Set { path, value } if *path == all => {
            value.as_object()?.get(format!("t{thread}").as_str())?.as_number()?.as_u64()
        }
        _ => None,
    })
}

/// Saves until somebody kills it, or nobody listens any more.
pub(super) fn run(needs: &Needs, threads: u32, from: u64, seed: u64) -> Result<Outcome, Failure> {
    let book = needs.open(needs.options())?;
    let (sender, acks) = channel::<Result<Ack, Failure>>();
    let savers = (0..threads).map(|thread| {
        let saver = Saver { book: book.clone(), thread, chance: Chance::new(seed ^ u64::from(thread)) };
        let (sender, all) = (sender.clone(), threads == 1);
        std::thread::spawn(move || saver.save_on(from, if all { How::Whole } else { How::Own }, &sender))
    });
    let savers: Vec<_> = savers.collect();
    drop(sender);
    for ack in acks {
        if writeln!(std::io::stdout(), "{}", ack?.line()).is_err() {
            break;
        }
    }
    drop(savers);
    Ok(Outcome::Fine)
}

/// What a save is.
#[derive(Clone, Copy)]
enum How {
    /// The whole document, as a bot with one thread saves its state.
    Whole,
    /// Only the thread's own place, set and merged in turn.
    Own,
}

struct Saver {
    book: Book,
    thread: u32,
    chance: Chance,
}

impl Saver {
    fn save_on(mut self, from: u64, how: How, sender: &Sender<Result<Ack, Failure>>) {
        for number in from.. {
            let saved = match how {
                How::Whole => self.save_whole(number),
                How::Own => self.save_own(number),
            };
            let ack = match saved {
                Ok(Recorded::Durable(seq)) => Ok(Ack { thread: self.thread, number, seq }),
                Ok(Recorded::Unchanged) => continue,
                Err(failed) => Err(failed),
            };
            let failed = ack.is_err();
            if sender.send(ack).is_err() || failed {
                return;
            }
        }
    }

    fn save_whole(&mut self, number: u64) -> Result<Recorded, Failure> {
        let mut vars = self.book.vars()?;
        let pad = pad(&mut self.chance);
        let own = [(place(self.thread)?, Doc::from(number)), (pad_place()?, Doc::from(pad))];
        for (place, value) in own {
            vars.set(&place, value).map_err(|failed| Failure::caused(&failed))?;
        }
        Ok(self.book.save(&vars)?)
    }

    fn save_own(&self, number: u64) -> Result<Recorded, Failure> {
        let (place, value) = (place(self.thread)?, Doc::from(number));
        let recorded: Result<Recorded, WriteError> = if number.is_multiple_of(2) {
            self.book.merge(&place, &value)
        } else {
            self.book.set(&place, &value)
        };
        Ok(recorded?)
    }
}

/// Where padding is.
pub(super) fn pad_place() -> Result<Path, Failure> {
    Path::from_segments([KEY, "pad"]).map_err(|failed| Failure::caused(&failed))
}

/// Text of any length that hardly compresses.
pub(super) fn pad(chance: &mut Chance) -> String {
    let length = chance.below(PAD_BYTES_MAX);
    let words = (0..=length / 16).map(|_| format!("{:016x}", chance.next_u64()));
    words.collect()
}
