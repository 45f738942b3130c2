//! What the commands about orders, positions and the venue take.

use super::KeeperArgs;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;
use truebook::core::id::{Instrument, OrderKey};
use truebook::core::money::{Price, Qty};
use truebook::core::time::Utc;

/// Which venue, and with which keys.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "The venue")]
pub(crate) struct VenueArgs {
    /// Where the venue is, if it is not the broker's own address for the book's mode: something that speaks
    /// Alpaca's Trading API v2 [settings: venue.url]
    #[arg(long, value_name = "URL")]
    pub(crate) venue_url: Option<String>,
    /// File with the lines `APCA_API_KEY_ID=…` and `APCA_API_SECRET_KEY=…` that only its owner can read (mode
    /// 0600); without it, the environment has them [settings: venue.file]
    #[arg(long, value_name = "FILE")]
    pub(crate) venue_keys: Option<PathBuf>,
}

/// `orders`.
#[derive(Debug, Args)]
pub(crate) struct OrdersArgs {
    /// Closed ones too, read from the journal
    #[arg(long)]
    pub(crate) all: bool,
    /// Only orders in this state, for example `unknown`
    #[arg(long, value_parser = parse_state)]
    pub(crate) state: Option<truebook::core::life::OrderState>,
    /// Only orders in this instrument
    #[arg(long, value_parser = Instrument::new)]
    pub(crate) symbol: Option<Instrument>,
    /// Only orders under this key
    #[arg(long, value_parser = OrderKey::new)]
    pub(crate) key: Option<OrderKey>,
    /// Only orders of this strategy
    #[arg(long)]
    pub(crate) strategy: Option<String>,
    /// Only orders wanted at this time or later: `2025-04-09` or `2025-04-09T13:30:00Z`
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) since: Option<Utc>,
}

/// `fills`.
#[derive(Debug, Args)]
pub(crate) struct FillsArgs {
    /// Only executions in this instrument
    #[arg(long, value_parser = Instrument::new)]
    pub(crate) symbol: Option<Instrument>,
    /// Only executions of orders under this key
    #[arg(long, value_parser = OrderKey::new)]
    pub(crate) key: Option<OrderKey>,
    /// Only executions that were recorded at this time or later: `2025-04-09` or `2025-04-09T13:30:00Z`
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) since: Option<Utc>,
    /// Only the last so many
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
}

/// `reconcile`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true))]
pub(crate) struct ReconcileArgs {
    /// Show what would be done, and do nothing; exit code 1 if there is something to do, or book and venue do
    /// not agree
    #[arg(long, group = "what")]
    pub(crate) plan: bool,
    /// Do it; exit code 1 if book and venue do not agree after it
    #[arg(long, group = "what")]
    pub(crate) apply: bool,
    /// The book was made again after its state was lost: take in the live orders that bear a truebook's id
    #[arg(long)]
    pub(crate) adopt_lost: bool,
    #[command(flatten)]
    pub(crate) venue: VenueArgs,
}

/// `correct`.
#[derive(Debug, Args)]
pub(crate) struct CorrectArgs {
    /// The instrument
    #[arg(value_parser = Instrument::new)]
    pub(crate) symbol: Instrument,
    /// How much is added to what the book holds; negative takes away
    #[arg(allow_negative_numbers = true, value_name = "QTY")]
    pub(crate) quantity: Qty,
    /// At which price that was traded [default: the position's own average]
    #[arg(long)]
    pub(crate) price: Option<Price>,
    /// Why; kept in the journal
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
}

/// `block` and `unblock`.
#[derive(Debug, Args)]
pub(crate) struct BlockArgs {
    /// The instrument
    #[arg(value_parser = Instrument::new)]
    pub(crate) symbol: Instrument,
    /// Why; kept in the journal
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
}

/// `halt` and `resume`.
#[derive(Debug, Args)]
pub(crate) struct ReasonArgs {
    /// Why; kept in the journal
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
}

/// `run`.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// What trades; its settings are the table `strategy` of the book's settings
    #[arg(long, value_enum, default_value_t = StrategyArg::MaCross)]
    pub(crate) strategy: StrategyArg,
    /// Milliseconds between two looks at prices
    #[arg(long, value_name = "MS", default_value_t = 1000)]
    pub(crate) prices_ms: u64,
    /// Milliseconds between two reconciliations when nothing else asks for one
    #[arg(long, value_name = "MS", default_value_t = 30_000)]
    pub(crate) reconcile_ms: u64,
    /// Milliseconds before the venue is tried again after it could not be reached
    #[arg(long, value_name = "MS", default_value_t = 1000)]
    pub(crate) retry_ms: u64,
    #[command(flatten)]
    pub(crate) venue: VenueArgs,
    #[command(flatten)]
    pub(crate) backups: KeeperArgs,
}

/// What trades.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StrategyArg {
    /// Buys when the fast moving average crosses above the slow one, with a stop loss and a take profit
    MaCross,
    /// Nothing: book and venue are kept in agreement
    None,
}

/// `paper`. What the venue has is kept in `--data`, if that is given.
#[derive(Debug, Args)]
pub(crate) struct PaperArgs {
    /// Where to listen; port 0 takes a free one. The address is printed
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub(crate) listen: std::net::SocketAddr,
    /// Prices: a CSV file whose last column is a price
    #[arg(long, value_name = "CSV", conflicts_with = "walk")]
    pub(crate) prices: Option<PathBuf>,
    /// Prices: a random walk from 100 that follows from this seed
    #[arg(long, value_name = "SEED")]
    pub(crate) walk: Option<u64>,
    /// What is traded; may be given several times
    #[arg(long, default_value = "SPX", value_parser = Instrument::new)]
    pub(crate) symbol: Vec<Instrument>,
    /// Milliseconds between two prices
    #[arg(long, value_name = "MS", default_value_t = 1000)]
    pub(crate) tick_ms: u64,
    /// What the venue promises about client order ids
    #[arg(long, value_enum, default_value_t = ClassArg::A)]
    pub(crate) class: ClassArg,
    /// How far the venue's clock is ahead of this machine's, in seconds; negative if it is behind
    #[arg(long, value_name = "S", default_value_t = 0, allow_negative_numbers = true)]
    pub(crate) clock_s: i64,
    /// The only keys that are accepted, as ID:SECRET; without it, any are
    #[arg(long, value_name = "ID:SECRET")]
    pub(crate) keys: Option<String>,
    /// Prices stand still once standard input ends
    #[arg(long, hide = true)]
    pub(crate) close_with_input: bool,
    #[command(flatten)]
    pub(crate) faults: FaultArgs,
}

/// See `IdClass`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ClassArg {
    /// Unique for ever, native brackets: like Alpaca
    A,
    /// Unique among open orders, an admission deadline, a short memory: like the large crypto exchanges
    B,
    /// A label that nobody looks at, no lookup, no replacing: like a broker's order references
    C,
}

/// What goes wrong at the paper venue, by chance that follows from a seed. Rates are in a thousand.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "What goes wrong (rates in a thousand)")]
pub(crate) struct FaultArgs {
    /// Requests that are done and whose replies are lost
    #[arg(long, value_name = "PERMILLE", default_value_t = 0)]
    pub(crate) lost_replies: u64,
    /// Orders that are admitted half a second after the reply said that nobody knows
    #[arg(long, value_name = "PERMILLE", default_value_t = 0)]
    pub(crate) late_replies: u64,
    /// Orders that are filled in three pieces, one a tick
    #[arg(long, value_name = "PERMILLE", default_value_t = 0)]
    pub(crate) partial_fills: u64,
    /// Messages of the stream that come twice
    #[arg(long, value_name = "PERMILLE", default_value_t = 0)]
    pub(crate) duplicates: u64,
    /// Messages of the stream with which it is cut for a while
    #[arg(long, value_name = "PERMILLE", default_value_t = 0)]
    pub(crate) disconnects: u64,
    /// Requests that are refused as too many (429), or for maintenance (503)
    #[arg(long, value_name = "PERMILLE", default_value_t = 0)]
    pub(crate) busy: u64,
    /// Messages of the stream that come after the next one
    #[arg(long, value_name = "PERMILLE", default_value_t = 0)]
    pub(crate) reorder: u64,
    /// Seconds before an accepted order shows in answers to queries
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub(crate) invisible_s: u64,
    /// Seconds after which an order that closed unfilled is forgotten [default: never, or as the class has it]
    #[arg(long, value_name = "S")]
    pub(crate) forget_s: Option<u64>,
    /// What all of it follows from
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}

/// `demo`.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// How often the bot is killed
    #[arg(long, default_value_t = 25)]
    pub(crate) kills: u32,
    /// What the moments of the kills and the venue's faults follow from
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Leave a safeguard out, to see what it is for
    #[arg(long, value_enum)]
    pub(crate) without: Option<WithoutArg>,
    /// Keep book and venue in this directory [default: a directory that is removed at the end]
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: Option<PathBuf>,
}

/// What a demo can leave out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum WithoutArg {
    /// The bot sends first, under a random id, writes down after the reply, takes a lost reply for a failure
    /// and sends again: what most bots do
    IntentFirst,
}

/// The bots of `demo`, in processes of their own.
#[derive(Debug, Args)]
pub(crate) struct DemoBotArgs {
    #[command(subcommand)]
    pub(crate) bot: DemoBot,
}

/// Which bot.
#[derive(Debug, Subcommand)]
pub(crate) enum DemoBot {
    /// As `run`
    Truebook(VenueArgs),
    /// Sends first
    SendFirst(VenueArgs),
}

/// A name of an order's state.
fn parse_state(text: &str) -> Result<truebook::core::life::OrderState, String> {
    use truebook::core::life::OrderState;
    let found = OrderState::ALL.into_iter().find(|state| state.name() == text);
    found.ok_or_else(|| {
        let names = OrderState::ALL.map(OrderState::name);
        format!("states are {}", names.join(", "))
    })
}

/// A day or a moment, UTC.
pub(super) fn parse_time(text: &str) -> Result<Utc, String> {
    let (day, clock) = text.trim_end_matches('Z').split_once('T').unwrap_or((text, "00:00:00"));
    let (seconds, parts) = clock.split_once('.').unwrap_or((clock, ""));
    Utc::parse(&format!("{day}T{seconds}.{parts:0<9}Z"))
        .ok_or_else(|| "a time is written 2025-04-09 or 2025-04-09T13:30:00Z, in UTC".to_owned())
}
