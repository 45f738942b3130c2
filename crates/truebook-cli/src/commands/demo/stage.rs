//! The demo's directories, and the processes that it starts there.

use crate::commands::child::{Child, Heard};
use crate::errors::Failure;
use crate::flags::{DemoArgs, WithoutArg};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use truebook::book::{NewBook, OpenOptions};
use truebook::core::doc::{Doc, Limits};
use truebook::core::id::{AccountName, BookName, IdError, VenueName};
use truebook::core::identity::Mode;
use truebook::{Book, World};

/// Real prices, so that the strategy meets what strategies meet.
const PRICES: &str = include_str!("../../../data/sp500.csv");
/// What is traded.
pub(super) const SYMBOL: &str = "SPX";
const TICK_MS: &str = "20";
/// One reply in four is lost, and one order in three is filled in pieces.
const LOST_REPLIES: &str = "250";
const PARTIAL_FILLS: &str = "333";

/// The strategy, tuned to trade often: narrow averages, near legs. Exits are the bracket's, so that the stop
/// stays live until a leg has closed the position. The demo's venue admits nothing late, so an order that it
/// does not know after two seconds never came.
const SETTINGS: &str = r#"{"strategy": {"instruments": ["SPX"], "fast": 2, "slow": 4, "quantity": "6",
    "stop_percent": "0.7", "profit_percent": "0.7", "tick": "0.01", "exit": "bracket"},
    "reconcile": {"absent_after_s": 2}}"#;

pub(super) struct Stage {
    dir: PathBuf,
    program: PathBuf,
    bot: &'static str,
    remains: Remains,
}

#[derive(PartialEq, Eq)]
enum Remains {
    Kept,
    Removed,
}

impl Stage {
    pub(super) fn set(args: &DemoArgs) -> Result<Self, Failure> {
        let program = std::env::current_exe()
            .map_err(|failed| Failure::new("find this program").with_cause(&failed))?;
        let bot = match args.without {
            Some(WithoutArg::IntentFirst) => "send-first",
            None => "truebook",
        };
        let remains = if args.keep.is_some() { Remains::Kept } else { Remains::Removed };
        let dir = args.keep.clone().unwrap_or_else(own_dir);
        let stage = Self { dir, program, bot, remains };
        std::fs::create_dir_all(&stage.dir).map_err(|failed| stage.failed("make", &stage.dir, &failed))?;
        let prices = stage.prices();
        std::fs::write(&prices, PRICES).map_err(|failed| stage.failed("write", &prices, &failed))?;
        stage.make_book()?;
        Ok(stage)
    }

    pub(super) fn book(&self) -> World {
        World::real(self.dir.join("book"))
    }

    pub(super) fn store(&self) -> World {
        World::real(self.dir.join("venue"))
    }

    fn prices(&self) -> PathBuf {
        self.dir.join("sp500.csv")
    }

    #[expect(clippy::unused_self, reason = "reads like the other steps")]
    fn failed(&self, what: &str, path: &Path, failed: &std::io::Error) -> Failure {
        Failure::new(format!("{what} {}", path.display())).with_cause(failed)
    }

    fn make_book(&self) -> Result<(), Failure> {
        let settings = Doc::parse(SETTINGS, Limits::default())
            .map_err(|failed| Failure::new(format!("the demo's settings: {failed}")))?;
        let new = new_book(settings).map_err(|failed| Failure::caused(&failed))?;
        Book::create(self.book(), &new, OpenOptions::default())?.close()?;
        Ok(())
    }

    /// Starts the venue, and gives it with its address.
    pub(super) fn start_venue(&self, seed: u64) -> Result<(Child, String), Failure> {
        let mut command = self.command(&self.dir.join("venue"));
        command.args(["paper", "--symbol", SYMBOL, "--tick-ms", TICK_MS, "--close-with-input"]);
        command.args(["--lost-replies", LOST_REPLIES, "--partial-fills", PARTIAL_FILLS]);
        command.arg("--seed").arg(seed.to_string()).arg("--prices").arg(self.prices());
        let mut venue = Child::start("the venue", command.stdin(Stdio::piped()))?;
        let url = loop {
            match venue.hear()? {
                Heard::Line(line) if line.starts_with("http://") => break line,
                Heard::Line(_) => {}
                Heard::End => return Err(venue.ended_early()),
            }
        };
        Ok((venue, url))
    }

    pub(super) fn start_bot(&self, url: &str) -> Result<Child, Failure> {
        let mut command = self.command(&self.dir.join("book"));
        command.args(["demo-bot", self.bot, "--venue-url", url]);
        Child::start("the bot", command.stdin(Stdio::null()))
    }

    /// The demo's processes know nothing of the book and the keys of whoever starts it.
    fn command(&self, data: &Path) -> Command {
        let mut command = Command::new(&self.program);
        let ours = ["TRUEBOOK_KEY", "TRUEBOOK_PASSPHRASE", "APCA_API_KEY_ID", "APCA_API_SECRET_KEY"];
        for variable in ours {
            command.env_remove(variable);
        }
        command.arg("--data").arg(data);
        command
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if self.remains == Remains::Removed {
            // What cannot be removed is left to the system's own cleaning.
            drop(std::fs::remove_dir_all(&self.dir));
        }
    }
}

fn own_dir() -> PathBuf {
    let nanos = truebook::world::Clock::now(&truebook::world::SystemClock).nanos();
    std::env::temp_dir().join(format!("truebook-demo-{}-{nanos}", std::process::id()))
}

fn new_book(settings: Doc) -> Result<NewBook, IdError> {
    Ok(NewBook {
        name: BookName::new("demo")?,
        venue: VenueName::new("paper")?,
        account: AccountName::new("PAPER1")?,
        mode: Mode::Paper,
        settings,
        key: None,
        readable: None,
        installation: None,
    })
}
