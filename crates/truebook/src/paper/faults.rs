//! What can go wrong between the paper venue and its clients: scripted, one request after the other, or by
//! chance that follows from a seed.

use super::chance::Chance;
use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};

/// One thing that goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The request is done and its reply is lost.
    ReplyLost,
    /// The request is done and its reply cannot be read.
    Unreadable,
    /// The request is lost on its way, and nobody knows.
    RequestLost,
    /// The reply says nothing now; the request is done so much later.
    Late(Duration),
    /// The venue wants fewer requests, for so long, and does not act on this one.
    TooMany(Duration),
    /// The venue says that it wants fewer requests, and has done this one all the same.
    TooManyYetDone,
    /// The venue is in maintenance and does not act on the request.
    Maintenance,
    /// A server error that says nothing; the venue did not act.
    ServerError,
    /// The order is filled in this many pieces, one a tick.
    Pieces(u32),
    /// The order's executions are told so much later.
    LateFills(Duration),
    /// The cancellation is taken and takes effect so much later; the order may fill until then.
    SlowCancel(Duration),
    /// The replacement is taken and takes effect so much later; the old order may fill until then.
    SlowReplace(Duration),
    /// Only the first rows of a list arrive.
    FirstRows(usize),
    /// One row of a list is missing, this one, and nobody tells.
    Omitted(usize),
    /// The first order of the answer has this word as its status.
    OddWord(Box<str>),
    /// The message comes twice.
    Twice,
    /// The message comes after the next one; an execution's before its order's.
    Swapped,
    /// The stream is cut for so long, and its messages are lost.
    Cut(Duration),
}

/// What a fault befalls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RequestKind {
    /// An order is sent.
    Submit,
    /// A cancellation is asked for.
    Cancel,
    /// A replacement is asked for.
    Replace,
    /// An order is looked for.
    Find,
    /// Live orders are listed.
    OpenOrders,
    /// Live conditional orders are listed, where they stand apart.
    ConditionalOrders,
    /// Ended orders are listed.
    ClosedOrders,
    /// Executions are listed.
    Fills,
    /// Positions are listed.
    Positions,
    /// The account is read.
    Account,
    /// A stream is asked for.
    Connect,
    /// A message of the stream.
    Message,
}

/// What is to go wrong.
#[derive(Clone, Debug)]
pub struct Faults {
    scripts: BTreeMap<RequestKind, VecDeque<Option<Fault>>>,
    rates: Vec<Rate>,
    chance: Chance,
}

/// How often something goes wrong by chance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rate {
    /// What it befalls.
    pub on: RequestKind,
    /// What goes wrong.
    pub fault: Fault,
    /// In how many of a thousand.
    pub per_thousand: u64,
}

impl Faults {
    /// Nothing goes wrong; what is by chance later follows from `seed`.
    pub const fn new(seed: u64) -> Self {
        Self { scripts: BTreeMap::new(), rates: Vec::new(), chance: Chance::new(seed) }
    }

    /// The next request of this kind for which nothing is scripted goes wrong like this, once.
    pub fn script(&mut self, on: RequestKind, fault: Fault) {
        self.scripts.entry(on).or_default().push_back(Some(fault));
    }

    /// The next so many requests of this kind for which nothing is scripted go well.
    pub fn spare(&mut self, on: RequestKind, requests: usize) {
        let script = self.scripts.entry(on).or_default();
        script.extend(std::iter::repeat_n(None, requests));
    }

    /// What is not scripted goes wrong by chance.
    pub fn rate(&mut self, rate: Rate) {
        self.rates.push(rate);
    }

    /// From here on everything goes well.
    pub fn clear(&mut self) {
        self.scripts.clear();
        self.rates.clear();
    }

    /// What goes wrong with the next request of this kind.
    pub fn next(&mut self, on: RequestKind) -> Option<Fault> {
        if let Some(scripted) = self.scripts.get_mut(&on).and_then(VecDeque::pop_front) {
            return scripted;
        }
        let mut rates = self.rates.iter().filter(|rate| rate.on == on);
        rates.find(|rate| self.chance.below(1000) < rate.per_thousand).map(|rate| rate.fault.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scripted_fault_strikes_once_and_only_its_kind_of_request() {
        let mut faults = Faults::new(1);
        faults.spare(RequestKind::Submit, 1);
        faults.script(RequestKind::Submit, Fault::ReplyLost);
        assert_eq!(faults.next(RequestKind::Cancel), None);
        assert_eq!(faults.next(RequestKind::Submit), None);
        assert_eq!(faults.next(RequestKind::Submit), Some(Fault::ReplyLost));
        assert_eq!(faults.next(RequestKind::Submit), None);
    }

    #[test]
    fn faults_by_chance_follow_from_the_seed_and_come_about_as_often_as_asked() {
        let draw = |seed| {
            let mut faults = Faults::new(seed);
            faults.rate(Rate { on: RequestKind::Submit, fault: Fault::RequestLost, per_thousand: 200 });
            (0..1000).map(|_| faults.next(RequestKind::Submit).is_some()).collect::<Vec<_>>()
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        let struck = draw(7).into_iter().filter(|struck| *struck).count();
        assert!((150..250).contains(&struck), "{struck}");
    }
}
