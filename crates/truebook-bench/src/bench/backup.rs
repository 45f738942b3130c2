//! Backups beside restic, `sqlite3 .backup` and plain `zstd -3`: the first one, one after a little that is new,
//! and putting everything back.
//!
//! The peers are the system's own programs; who is not installed is left out, visibly. restic's repository is
//! encrypted, as it always is. What is restored here is replayed from the first event and proved besides.

use crate::engine::EngineName;
use crate::error::{BenchError, DuringIo, DuringPeer};
use crate::events::{EventStream, OrderCount};
use crate::figures::median;
use crate::measure::nanos;
use crate::peers::truebook::{build_store, open, record_all};
use crate::peers::{rotated, sqlite_events};
use crate::report::{Cell, Section, column};
use crate::setup::{Setup, engine_dir};
use ::truebook::World;
use ::truebook::backup::restore::{self, Options, Point, Proof};
use ::truebook::backup::{Depth, Directory, Form, Scratch, Shelf, Silent, Source, Trial, create, verify};
use ::truebook::book::Peek;
use ::truebook::disk::RealDisk;
use ::truebook::journal::load::load_bytes;
use ::truebook::recovery::inventory;
use ::truebook_core::id::BookId;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

const ME: EngineName = EngineName::Truebook;

/// restic wants a password; this one protects nothing.
const PASSWORD: &str = "bench";

/// New events between two backups: about a mebibyte of them.
const NEW_ORDERS: u64 = 900;

/// Who is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Peer {
    Truebook,
    Zstd,
    Restic,
    Sqlite,
}

impl Peer {
    const ALL: [Self; 4] = [Self::Truebook, Self::Zstd, Self::Restic, Self::Sqlite];

    const fn name(self) -> &'static str {
        match self {
            Self::Truebook => "truebook",
            Self::Zstd => "zstd -3, one thread",
            Self::Restic => "restic",
            Self::Sqlite => "sqlite3 .backup",
        }
    }

    const fn program(self) -> Option<&'static str> {
        match self {
            Self::Truebook => None,
            Self::Zstd => Some("zstd"),
            Self::Restic => Some("restic"),
            Self::Sqlite => Some("sqlite3"),
        }
    }

    fn is_there(self) -> bool {
        self.program().is_none_or(|program| {
            let version = if self == Self::Restic { "version" } else { "--version" };
            Command::new(program)
                .arg(version)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .is_ok_and(|status| status.success())
        })
    }
}

/// What one participant took, round by round, in nanoseconds.
struct Times {
    peer: Peer,
    first: Vec<u64>,
    again: Vec<u64>,
    back: Vec<u64>,
    /// Put back with every event replayed.
    replayed: Vec<u64>,
}

impl Times {
    const fn new(peer: Peer) -> Self {
        Self { peer, first: Vec::new(), again: Vec::new(), back: Vec::new(), replayed: Vec::new() }
    }
}

/// Where everything is.
struct Stage {
    dir: PathBuf,
    book: PathBuf,
    id: BookId,
    /// The journal's segments, unpacked, one behind the other.
    raw: PathBuf,
    raw_bytes: u64,
    events: u64,
    sqlite: PathBuf,
}

pub(crate) fn run(setup: &Setup) -> Result<Vec<Section>, BenchError> {
    let dir = setup.fresh_dir()?;
    let stage = Stage::build(setup, dir.path())?;
    let (there, missing): (Vec<_>, Vec<_>) = Peer::ALL.into_iter().partition(|peer| peer.is_there());
    let mut times: Vec<_> = there.into_iter().map(Times::new).collect();
    let mut seed = setup.seed;
    for round in 0..setup.scale.backup_rounds {
        let order: Vec<_> = rotated(times.len(), round).collect();
        let mut places = Vec::new();
        for index in &order {
            let place = stage.place(times[*index].peer, round)?;
            stage.first(&mut times[*index], &place)?;
            places.push((*index, place));
        }
        seed += 1;
        stage.add_events(seed)?;
        for (index, place) in &places {
            stage.again(&mut times[*index], place)?;
        }
        for (index, place) in &places {
            stage.back(&mut times[*index], place)?;
        }
    }
    let notes = missing.iter().map(|peer| format!("{} is not installed and is left out", peer.name()));
    Ok(vec![section(&stage, &times, notes.collect())])
}

fn section(stage: &Stage, times: &[Times], mut notes: Vec<String>) -> Section {
    notes.push(
        "truebook stores segments that are packed already, after unpacking each and checking its hash chain; \
         putting back a verified generation compares the hashes of every object and replays what comes after its \
         checkpoint"
            .to_owned(),
    );
    let mine = times.iter().find(|times| times.peer == Peer::Truebook);
    notes.extend(mine.map(|times| {
        let all = median(times.replayed.clone()) / 1_000_000;
        format!("the same with every one of its {} events replayed, as for a generation that nobody verified: {all} ms", stage.events)
    }));
    let mine = mine.map(|times| (median(times.first.clone()), median(times.back.clone())));
    let rows = times.iter().map(|times| {
        let (first, again, back) =
            (median(times.first.clone()), median(times.again.clone()), median(times.back.clone()));
        let cell = |ns| if ns == 0 { Cell::Nothing } else { Cell::Millis(ns) };
        let (my_first, my_back) = mine.unwrap_or_default();
        vec![
            Cell::Text(times.peer.name().into()),
            cell(first),
            Cell::ratio(my_first, first),
            cell(again),
            cell(back),
            Cell::ratio(my_back, back),
        ]
    });
    Section {
        name: "backup",
        about: format!(
            "a journal of {} MiB unpacked: backed up, again after a little, put back",
            stage.raw_bytes >> 20
        ),
        columns: vec![
            column("who", "who"),
            column("first_ns", "first ms"),
            column("first_ratio", "truebook / it"),
            column("again_ns", "again ms"),
            column("back_ns", "restored ms"),
            column("back_ratio", "truebook / it"),
        ],
        rows: rows.collect(),
        notes,
    }
}

impl Stage {
    fn build(setup: &Setup, dir: &Path) -> Result<Self, BenchError> {
        let (book, sqlite) = (engine_dir(dir, ME)?, engine_dir(dir, EngineName::Sqlite)?);
        build_store(&book, EventStream::new(setup.seed, OrderCount(setup.scale.backup_orders)))?;
        sqlite_events::build_store(&sqlite, &book)?;
        let raw = dir.join("journal.raw");
        let raw_bytes = unpack_journal(&book, &raw)?;
        let peek = Peek::read(&World::real(&book), None).peer(ME, "read the book")?;
        let (id, events) = (peek.state.live().identity.book, peek.last.get());
        Ok(Self { dir: dir.to_owned(), book, id, raw, raw_bytes, events, sqlite })
    }

    fn place(&self, peer: Peer, round: usize) -> Result<PathBuf, BenchError> {
        let name = peer.program().unwrap_or("truebook");
        let place = self.dir.join(format!("{name}-{round}"));
        std::fs::create_dir_all(&place).during(|| format!("make {}", place.display()))?;
        if peer == Peer::Restic {
            command(Command::new("restic").args(["init", "--quiet", "--repo"]).arg(&place), "restic init")?;
        }
        Ok(place)
    }

    fn add_events(&self, seed: u64) -> Result<(), BenchError> {
        let book = open(&self.book)?;
        record_all(&book, EventStream::new(seed, OrderCount(NEW_ORDERS)))?;
        book.close().peer(ME, "close the book")
    }

    fn first(&self, times: &mut Times, place: &Path) -> Result<(), BenchError> {
        let shelf = self.shelf(place);
        let start = Instant::now();
        match times.peer {
            Peer::Truebook => self.back_up(&shelf)?,
            Peer::Zstd => {
                let to = place.join("journal.zst");
                command(
                    Command::new("zstd").args(["-3", "-T1", "-q", "-f"]).arg(&self.raw).arg("-o").arg(to),
                    "zstd",
                )?;
            }
            Peer::Restic => self.restic(place)?,
            Peer::Sqlite => self.sqlite_backup(place)?,
        }
        times.first.push(nanos(start.elapsed()));
        if times.peer == Peer::Truebook {
            self.prove(&shelf)?;
        }
        Ok(())
    }

    fn again(&self, times: &mut Times, place: &Path) -> Result<(), BenchError> {
        match times.peer {
            Peer::Truebook => {
                // As the bot itself does it: the book is open.
                let (book, shelf) = (open(&self.book)?, self.shelf(place));
                let start = Instant::now();
                let source = Source::of_book(&book).peer(ME, "read the book")?;
                self.create(&source, &shelf)?;
                times.again.push(nanos(start.elapsed()));
                book.close().peer(ME, "close the book")?;
                self.prove(&shelf)?;
            }
            Peer::Restic => {
                let start = Instant::now();
                self.restic(place)?;
                times.again.push(nanos(start.elapsed()));
            }
            Peer::Zstd | Peer::Sqlite => {}
        }
        Ok(())
    }

    fn back(&self, times: &mut Times, place: &Path) -> Result<(), BenchError> {
        let (target, shelf) = (place.with_extension("restored"), self.shelf(place));
        let start = Instant::now();
        match times.peer {
            Peer::Truebook => Self::restore(&shelf, &target, Proof::Trust)?,
            Peer::Zstd => {
                let (from, to) = (place.join("journal.zst"), target.clone());
                command(
                    Command::new("zstd").args(["-d", "-q", "-f"]).arg(from).arg("-o").arg(to),
                    "zstd -d",
                )?;
            }
            Peer::Restic => {
                command(
                    Command::new("restic")
                        .args(["restore", "latest", "--quiet", "--repo"])
                        .arg(place)
                        .arg("--target")
                        .arg(&target),
                    "restic restore",
                )?;
            }
            Peer::Sqlite => return Ok(()),
        }
        times.back.push(nanos(start.elapsed()));
        if times.peer == Peer::Truebook {
            let start = Instant::now();
            Self::restore(&shelf, &place.with_extension("replayed"), Proof::Replay)?;
            times.replayed.push(nanos(start.elapsed()));
        }
        Ok(())
    }

    fn shelf(&self, place: &Path) -> Shelf {
        Shelf::new(Arc::new(Directory::new(Arc::new(RealDisk::new(place)))), self.id, None)
    }

    fn back_up(&self, shelf: &Shelf) -> Result<(), BenchError> {
        let peek = Peek::read(&World::real(&self.book), None).peer(ME, "read the book")?;
        let source = Source::beside(&peek).peer(ME, "read the book")?;
        self.create(&source, shelf)
    }

    fn create(&self, source: &Source, shelf: &Shelf) -> Result<(), BenchError> {
        let now = World::real(&self.book).clock.now();
        create(source, shelf, &Form::default(), "bench", now, &mut Silent)
            .peer(ME, "make a generation")
            .map(drop)
    }

    fn prove(&self, shelf: &Shelf) -> Result<(), BenchError> {
        let world = World::real(&self.book);
        let id = shelf.generations().peer(ME, "list generations")?.pop();
        let id = id.ok_or_else(|| BenchError::Child { child: "backup", said: "no generation".to_owned() })?;
        let scratch = Scratch::new(Some(&self.dir)).during(|| "make a place for a trial".to_owned())?;
        let trial = Trial { world: &world, key: None, scratch: &scratch, depth: Depth::New };
        let verdict = verify(shelf, &id, &trial, &mut Silent).peer(ME, "verify")?;
        if verdict.is_verified() {
            return Ok(());
        }
        Err(BenchError::Child { child: "backup", said: verdict.findings.join("; ") })
    }

    fn restore(shelf: &Shelf, target: &Path, proof: Proof) -> Result<(), BenchError> {
        let world = World::real(target);
        let plan = restore::plan(&world, shelf, Point::Latest, None).peer(ME, "plan a restore")?;
        let options = Options { why: "bench".to_owned(), proof, ..Options::default() };
        restore::restore(&world, shelf, &plan, &options, &mut restore::Silent).peer(ME, "restore")?;
        Ok(())
    }

    fn restic(&self, place: &Path) -> Result<(), BenchError> {
        let mut restic = Command::new("restic");
        restic.args(["backup", "--quiet", "--repo"]).arg(place).arg(&self.book);
        command(&mut restic, "restic backup")
    }

    fn sqlite_backup(&self, place: &Path) -> Result<(), BenchError> {
        let to = place.join("events.db");
        let from = sqlite_events::file(&self.sqlite);
        command(
            Command::new("sqlite3").arg(from).arg(format!(".backup '{}'", to.display())),
            "sqlite3 .backup",
        )
    }
}

fn command(command: &mut Command, child: &'static str) -> Result<(), BenchError> {
    let output = command
        .env("RESTIC_PASSWORD", PASSWORD)
        .env("RESTIC_CACHE_DIR", std::env::temp_dir().join("truebook-bench-restic"))
        .stdin(Stdio::null())
        .output()
        .during(|| format!("start {child}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(BenchError::Child { child, said: String::from_utf8_lossy(&output.stderr).into_owned() })
}

/// Writes all segments, unpacked, into one file; gives its length.
fn unpack_journal(book: &Path, raw: &Path) -> Result<u64, BenchError> {
    let peek = Peek::read(&World::real(book), None).peer(ME, "read the book")?;
    let context = peek.context();
    let inventory = inventory::take(context).peer(ME, "list the segments")?;
    let writing = || format!("write {}", raw.display());
    let mut file = std::fs::File::create(raw).during(writing)?;
    let mut bytes = 0;
    for index in inventory.segments.keys() {
        let Some(storage) = inventory.storage(*index) else { continue };
        let loaded = load_bytes(context, *index, storage).peer(ME, "unpack a segment")?;
        file.write_all(&loaded.bytes).during(writing)?;
        bytes += loaded.bytes.len() as u64;
    }
    file.sync_all().during(writing)?;
    Ok(bytes)
}
