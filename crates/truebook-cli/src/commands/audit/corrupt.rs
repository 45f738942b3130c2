//! `corrupt-file`: each kind of file of a copy is changed in one byte, cut in half and emptied. The damage must
//! be found and the file named, and then either the whole state comes back or opening is refused.

use super::copy;
use super::found::Found;
use super::kill;
use super::plant;
use super::restore::Kept;
use super::saver;
use super::stage::Stage;
use crate::errors::Failure;
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use truebook::World;
use truebook::book::readable::{Condition, READABLE_FILE};
use truebook::book::{OpenError, Peek};
use truebook::checkpoint::{CHECKPOINT_DIR, RUN_DIR};
use truebook::core::event::{Closed, Event};
use truebook::core::id::{IdError, Instrument, OrderId, OrderKey};
use truebook::core::identity::Identity;
use truebook::core::life::Closing;
use truebook::core::money::Qty;
use truebook::core::order::{Intent, OrderType, Role, Side, Terms, TimeInForce};
use truebook::core::state::Live;
use truebook::journal::segment::JOURNAL_DIR;
use truebook::manifest::MANIFEST_FILE;
use truebook::paper::Chance;
use truebook::recovery::{Finding, Weight};
use truebook::verify::{Silent, verify};

/// Saves after the last checkpoint but one, so that the segment being written holds something.
const SAVES: u64 = 20;

/// What is done to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Damage {
    Flipped,
    Cut,
    Emptied,
    /// As somebody's `echo "invalid json" > bot_state.json`.
    NoJson,
}

impl Damage {
    const EVERY: [Self; 3] = [Self::Flipped, Self::Cut, Self::Emptied];

    const fn words(self) -> &'static str {
        match self {
            Self::Flipped => "one byte changed",
            Self::Cut => "cut in half",
            Self::Emptied => "emptied",
            Self::NoJson => "\"invalid json\" written over it",
        }
    }

    fn apply(self, bytes: &[u8], at: usize) -> Vec<u8> {
        match self {
            Self::Flipped => {
                let mut changed = bytes.to_vec();
                if let Some(byte) = changed.get_mut(at) {
                    *byte ^= 0x10;
                }
                changed
            }
            Self::Cut => bytes[..bytes.len().min(at)].to_vec(),
            Self::Emptied => Vec::new(),
            Self::NoJson => b"invalid json\n".to_vec(),
        }
    }
}

/// A kind of file, and one file of it by its name in the book.
struct Kind {
    name: &'static str,
    file: Option<PathBuf>,
}

pub(super) fn run(stage: &Stage<'_>) -> Result<Found, Failure> {
    let prepared = kill::rolled(stage, "corrupt-file")?;
    prepare(stage, prepared.path())?;
    let sound = stage.peek(prepared.path())?;
    let kept = Kept::make(stage, prepared.path(), "corrupt.backups", &sound)?;
    let mut tally = Tally::default();
    for kind in kinds(prepared.path(), &sound)? {
        let Some(file) = &kind.file else {
            tally.missing.push(kind.name);
            continue;
        };
        let more = (kind.name == READABLE_FILE).then_some(Damage::NoJson);
        for damage in Damage::EVERY.into_iter().chain(more) {
            let fork = stage.fork_of(prepared.path(), "damaged")?;
            let hurt = Hurt { stage, dir: fork.path(), kind: &kind, file, damage, kept: &kept };
            hurt.look(sound.state.live(), &mut tally)?;
        }
    }
    Ok(tally.conclude())
}

/// Sees to it that every kind of file is there, and closes the copy in good order.
fn prepare(stage: &Stage<'_>, dir: &Path) -> Result<(), Failure> {
    let book = stage.open(dir)?;
    let intent = intent(&book.live()?.identity)?;
    let id = intent.id;
    book.record(Event::Intent(Box::new(intent)))?;
    let why = Some("made for the audit, never sent".into());
    book.record(Event::Closed(Closed {
        id,
        closing: Closing::Absent,
        why,
        venue_order: None,
        claimed: None,
    }))?;
    book.checkpoint()?;
    for _ in 0..SAVES {
        book.set(&saver::pad_place()?, &saver::pad(&mut Chance::new(stage.args.seed)).into())?;
        book.set(&saver::pad_place()?, &1_u64.into())?;
    }
    Ok(book.close()?)
}

/// An order that is over at once: keys that were used are what run files hold.
fn intent(identity: &Identity) -> Result<Intent, Failure> {
    let name = |failed: IdError| Failure::caused(&failed);
    let key = OrderKey::new("truebook-audit").map_err(name)?;
    Ok(Intent {
        id: OrderId::derive(identity.installation, identity.book, &key, Role::Entry.name(), 0),
        key,
        instrument: Instrument::new("AUDIT").map_err(name)?,
        side: Side::Buy,
        order_type: OrderType::Market,
        quantity: Qty::new(Decimal::ONE),
        limit: None,
        stop: None,
        time_in_force: TimeInForce::Gtc,
        role: Role::Entry,
        attempt: 0,
        parent: None,
        strategy: None,
        terms: Terms::default(),
    })
}

fn kinds(dir: &Path, sound: &Peek) -> Result<Vec<Kind>, Failure> {
    let newest = |sub: &str, end: &str| -> Result<Option<PathBuf>, Failure> {
        let names = copy::files(&dir.join(sub)).map_err(|failed| copy::at("list", dir, &failed))?;
        let newest = names.into_iter().filter(|name| name.ends_with(end)).max();
        Ok(newest.map(|name| Path::new(sub).join(name)))
    };
    let sealed = match newest(JOURNAL_DIR, ".zst")? {
        None => newest(JOURNAL_DIR, ".zst.enc")?,
        sealed => sealed,
    };
    let raw = plant::written(dir)?.pop().map(|(path, _)| path);
    let raw = raw.and_then(|path| path.strip_prefix(dir).ok().map(Path::to_path_buf));
    let readable = (sound.readable != Condition::Missing).then(|| READABLE_FILE.into());
    Ok(vec![
        Kind { name: READABLE_FILE, file: readable },
        Kind { name: "checkpoint", file: newest(CHECKPOINT_DIR, ".json")? },
        Kind { name: "sealed segment", file: sealed },
        Kind { name: "segment being written", file: raw },
        Kind { name: "manifest", file: Some(MANIFEST_FILE.into()) },
        Kind { name: "run file", file: newest(RUN_DIR, "")? },
    ])
}

/// One damage to one file of a copy.
struct Hurt<'a> {
    stage: &'a Stage<'a>,
    dir: &'a Path,
    kind: &'a Kind,
    file: &'a Path,
    damage: Damage,
    kept: &'a Kept<'a>,
}

impl Hurt<'_> {
    fn look(&self, sound: &Live, tally: &mut Tally) -> Result<(), Failure> {
        let path = self.dir.join(self.file);
        let bytes = std::fs::read(&path).map_err(|failed| copy::at("read", &path, &failed))?;
        let middle = if self.file.starts_with(JOURNAL_DIR) && path.extension().is_some_and(|end| end == "seg")
        {
            plant::middle(&bytes)
        } else {
            bytes.len() / 2
        };
        copy::replace(&path, &self.damage.apply(&bytes, middle))?;
        tally.damaged += 1;
        let told = self.findings();
        if !told.iter().any(|told| self.names(told)) {
            tally.wrong.push(format!("{}: nothing names it ({})", self.words(), told.join(", ")));
        }
        self.open(sound, tally)
    }

    fn words(&self) -> String {
        format!("{} {}", self.kind.name, self.damage.words())
    }

    fn names(&self, told: &str) -> bool {
        self.file.file_name().is_some_and(|name| told.contains(&*name.to_string_lossy()))
    }

    /// What reading finds, by looking into the book and by verifying it.
    fn findings(&self) -> Vec<String> {
        let damage = |findings: &[Finding]| -> Vec<String> {
            let damage = findings.iter().filter(|finding| finding.weight == Weight::Damage);
            damage.map(ToString::to_string).collect()
        };
        let peek = self.stage.peek(self.dir);
        let mut told = match &peek {
            Ok(peek) => damage(peek.findings()),
            Err(failed) => vec![failed.to_string()],
        };
        match verify(&World::real(self.dir), self.stage.key(), &mut Silent) {
            Ok(verification) => told.extend(damage(&verification.findings)),
            Err(failed) => told.push(failed.to_string()),
        }
        told
    }

    fn open(&self, sound: &Live, tally: &mut Tally) -> Result<(), Failure> {
        match self.stage.open(self.dir) {
            Ok(book) => {
                let live = book.live()?;
                book.close()?;
                if same(sound, &live) {
                    *tally.came_back.entry(self.kind.name).or_default() += 1;
                } else {
                    tally.wrong.push(format!("{}: opened with another state", self.words()));
                }
                if self.kind.name == READABLE_FILE {
                    self.rewritten(tally)?;
                }
            }
            Err(OpenError::Lost(report)) if report.lost.is_some() => {
                tally.ranges.extend(report.lost.map(|range| range.to_string()));
                self.restore(sound, tally)?;
            }
            Err(OpenError::LostState { .. } | OpenError::Manifest { .. }) => self.restore(sound, tally)?,
            Err(failed) => tally.wrong.push(format!("{}: {failed}", self.words())),
        }
        Ok(())
    }

    /// It was refused: a backup gives it back.
    fn restore(&self, sound: &Live, tally: &mut Tally) -> Result<(), Failure> {
        *tally.refused.entry(self.kind.name).or_default() += 1;
        self.kept.put_back(self.stage, self.dir)?;
        let book = self.stage.open(self.dir)?;
        if same(sound, &book.live()?) {
            tally.restored += 1;
        } else {
            tally.wrong.push(format!("{}: the backup gave another state", self.words()));
        }
        Ok(book.close()?)
    }

    /// The readable copy is made anew by then.
    fn rewritten(&self, tally: &mut Tally) -> Result<(), Failure> {
        match self.stage.peek(self.dir)?.readable {
            Condition::Intact { .. } => tally.rewritten += 1,
            other => tally.wrong.push(format!("{}: it was not written anew ({other:?})", self.words())),
        }
        Ok(())
    }
}

/// Whether two states hold the same: what the bot knows, its orders and its positions.
fn same(one: &Live, other: &Live) -> bool {
    one.vars == other.vars
        && one.orders == other.orders
        && one.positions == other.positions
        && one.settings == other.settings
        && one.seen_digest == other.seen_digest
}

#[derive(Default)]
struct Tally {
    damaged: u64,
    came_back: BTreeMap<&'static str, u64>,
    refused: BTreeMap<&'static str, u64>,
    ranges: Vec<String>,
    restored: u64,
    rewritten: u64,
    missing: Vec<&'static str>,
    wrong: Vec<String>,
}

impl Tally {
    fn conclude(self) -> Found {
        let mut found = Found::new();
        found.ran(self.damaged);
        let counts = |of: &BTreeMap<&str, u64>| {
            let said: Vec<_> = of.iter().map(|(kind, times)| format!("{kind} {times}")).collect();
            said.join(", ")
        };
        match self.wrong.first() {
            Some(first) => found.fail(format!("{} of {}: {first}", self.wrong.len(), self.damaged)),
            None => found.pass(format!(
                "{} damages, each found and located in its file, none read as data",
                self.damaged
            )),
        }
        found.pass(format!("whole state back without a backup: {}", counts(&self.came_back)));
        if !self.refused.is_empty() {
            let ranges = self.ranges.first().map_or_else(String::new, |range| format!(" (events {range})"));
            found.pass(format!(
                "refused, with what is lost: {}{ranges}; put back from a backup afterwards, whole: {}",
                counts(&self.refused),
                self.restored
            ));
        }
        if self.rewritten > 0 {
            found.pass(format!(
                "{READABLE_FILE} noticed, not used, set aside and written anew {} times, \"invalid json\" among \
                 them",
                self.rewritten
            ));
        }
        for kind in self.missing {
            found.pass(format!("this book has no {kind}, so none was damaged"));
        }
        found
    }
}
