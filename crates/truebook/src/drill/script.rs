//! What a drill says, understood.

use crate::engine::{Outcome, Replace};
use crate::paper::{Fault, PaperSettings, RequestKind};
use core::time::Duration;
use truebook_core::doc::{Doc, Path};
use truebook_core::event::BlockKind;
use truebook_core::id::{AccountName, ExecutionId, Instrument, OrderKey, VenueName, VenueOrderId};
use truebook_core::identity::Mode;
use truebook_core::life::OrderState;
use truebook_core::money::{Price, Qty};
use truebook_core::order::{Role, Side};
use truebook_core::spec::OrderSpec;

/// One run of one scenario.
#[derive(Clone, Debug)]
pub(super) struct Script {
    pub(super) setup: Setup,
    pub(super) steps: Vec<Step>,
}

/// What is there before anything happens.
#[derive(Clone, Debug)]
pub(super) struct Setup {
    pub(super) paper: PaperSettings,
    /// The settings under `reconcile`.
    pub(super) policy: Vec<(String, Doc)>,
    pub(super) account: AccountName,
    pub(super) mode: Mode,
}

#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) line: usize,
    pub(super) refusal: OnRefusal,
    pub(super) action: Action,
}

/// What it means if a statement is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnRefusal {
    /// The next lines must expect it.
    MustBeExpected,
    /// It may be refused, or done.
    MayBe,
}

#[derive(Clone, Debug)]
pub(super) enum Action {
    Bot(BotDoes),
    Venue(VenueDoes),
    Process(ProcessDoes),
    File(FileDoes),
    Disk(DiskDoes),
    Time(TimeDoes),
    Expect(Expected),
}

/// An order by the bot's key: `KEY`, `KEY@1` for another attempt, `KEY/stop` and `KEY/profit` for its legs,
/// `KEY#2` for the second of the venue's orders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OrderRef {
    pub(super) key: OrderKey,
    pub(super) role: Role,
    pub(super) attempt: Option<u32>,
    pub(super) number: Option<usize>,
}

#[derive(Clone, Debug)]
pub(super) enum BotDoes {
    Submit(OrderKey, Box<OrderSpec>),
    Intend(OrderKey, Box<OrderSpec>),
    /// `None`: accepted, as the venue shows it.
    Outcome(OrderRef, Option<Outcome>),
    Cancel(OrderKey),
    Replace(OrderKey, Replace),
    Close(OrderKey, Instrument),
    Save(Doc),
    Set(Path, Doc),
    Plan,
    Reconcile,
    Listen,
    Stream(Vec<String>),
    Checkpoint,
    Halt(String),
}

#[derive(Clone, Debug)]
pub(super) enum VenueDoes {
    Price(Instrument, Price),
    Fault(RequestKind, Fault),
    Spare(RequestKind, usize),
    Foreign(String, Box<OrderSpec>),
    /// Another order under the same client id.
    Double(OrderRef),
    /// The venue cancels an order of its own accord.
    Withdraw(OrderRef),
    Word(OrderRef, Option<Word>),
    Hide(OrderRef, List, Option<u32>),
    Event(String, RawEvent),
    Show(Vec<String>),
    Holding(Instrument, Qty),
}

/// The venue's word for a status.
#[derive(Clone, Debug)]
pub(super) struct Word {
    pub(super) word: Box<str>,
    pub(super) why_held: Option<String>,
}

/// Where an order is hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum List {
    Open,
    Closed,
    Fills,
    Find,
    Everywhere,
}

/// Something that the venue says, written out in the drill.
#[derive(Clone, Debug)]
pub(super) enum RawEvent {
    Order { order: OrderRef, id: VenueOrderId, word: Word, filled: Qty },
    Fill { order: OrderRef, id: VenueOrderId, quantity: Qty, price: Price, execution: ExecutionId },
    Lost,
    Restored,
}

#[derive(Clone, Debug)]
pub(super) enum ProcessDoes {
    Create,
    Start(StartWith),
    Stop,
    Crash(When),
    SecondOpener,
}

/// How a book is opened.
#[derive(Clone, Debug, Default)]
pub(super) struct StartWith {
    pub(super) account: Option<AccountName>,
    pub(super) mode: Option<Mode>,
    pub(super) venue: Option<VenueName>,
    pub(super) loss: Loss,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Loss {
    #[default]
    Refused,
    Accepted,
}

/// When the process is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    Now,
    /// Just before the next such request leaves.
    Before(RequestKind),
    /// Just after the venue did the next such request, before its reply is read.
    After(RequestKind),
    /// In place of the write of this number from here.
    AtWrite(u64),
}

#[derive(Clone, Debug)]
pub(super) enum FileDoes {
    Write(Name, Vec<u8>),
    Delete(Name),
    DeleteAll,
    Keep(Name, String),
    PutBack(String, Name),
    DeadHolder,
}

/// A file of the book.
#[derive(Clone, Debug)]
pub(super) enum Name {
    Path(String),
    NewestIn(&'static str),
    OldestIn(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DiskDoes {
    FullAtWrite(u64),
    FailAtWrite(u64),
    Recover,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TimeDoes {
    Wait(Duration),
    /// So long after midnight UTC, the next time it comes.
    Until(Duration),
    /// Our clock is ahead of the venue's.
    Ahead(Duration),
    Behind(Duration),
}

#[derive(Clone, Debug)]
pub(super) enum Expected {
    Order(OrderRef, Option<OrderState>),
    OddWord(OrderRef, String),
    /// Requests to place it that left this machine.
    Sent(Option<OrderRef>, u64),
    /// Requests to place it that the venue got.
    Received(OrderRef, u64),
    /// Nothing left this machine whose intent is not in the journal.
    SentOnlyDurable,
    AtVenue(OrderRef, Standing, usize),
    Filled(OrderRef, Qty),
    Fills(OrderRef, usize),
    Position(Instrument, Qty),
    Blocked(Instrument, BlockKind),
    NotBlocked(Instrument),
    GateOpen(Instrument),
    GateShut(Instrument, Option<String>),
    Reconciled,
    NotReconciled(Option<String>),
    PlanEmpty,
    PlanRefused(String),
    Events(u64),
    Refused(String),
    Alarm(String),
    NoAlarm,
    Held(String),
    SetAside(String),
    Finding(String),
    NothingLost,
    Halted(String),
    Var(Path, Doc),
    Remember(String),
    Same(String),
    UnprotectedNever,
    UnprotectedAtMost(Duration),
    /// The leg is in the book, belongs to its entry and has this side.
    Leg(OrderRef, Side),
    Stopped,
}

/// Which of the venue's orders are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Any,
    Live,
}
