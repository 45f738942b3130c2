//! What is there before anything happens: the venue, the policy, the book's identity.

use super::super::script::Setup;
use super::words::Words;
use crate::paper::{Fees, Funds, PaperSettings, Session};
use truebook_core::capability::{Brackets, Capabilities, ConditionalList, Lookup, ReplaceQuantity, Rules};
use truebook_core::doc::{Doc, Limits};
use truebook_core::id::{AccountName, Asset, Instrument};
use truebook_core::identity::Mode;
use truebook_core::reconcile::Policy;

pub(super) type Parse = fn(&mut Words<'_>, &mut Setup) -> Result<(), String>;

type Set = fn(&mut Words<'_>, &mut PaperSettings) -> Result<(), String>;

/// A venue of class A, which trades nothing yet.
pub(super) fn usual() -> Setup {
    let paper = PaperSettings::class_a("paper");
    let account = AccountName::new("P1");
    match (paper, account) {
        (Ok(paper), Ok(account)) => Setup { paper, policy: Vec::new(), account, mode: Mode::Paper },
        _ => unreachable!("these are names"),
    }
}

pub(super) fn venue(words: &mut Words<'_>, setup: &mut Setup) -> Result<(), String> {
    let set = words.pick::<Set>(&[
        ("class", class),
        ("trades", trades),
        ("fees", fees),
        ("session", session),
        ("funds", funds),
        ("cash", |words, paper| Ok(paper.cash = words.value("an amount of cash")?)),
        ("page-rows", |words, paper| Ok(paper.page_rows = words.value("a number of rows")?)),
        ("admission", |words, paper| Ok(may(paper).admission = words.duration_or("none")?)),
        ("propagation", |words, paper| Ok(may(paper).propagation = words.duration()?)),
        ("unfilled-visible", |words, paper| Ok(may(paper).unfilled_visible = words.duration_or("always")?)),
        ("closed-window", |words, paper| Ok(may(paper).closed_window = words.duration_or("unlimited")?)),
        ("fills-window", |words, paper| Ok(may(paper).fills_window = words.duration_or("unlimited")?)),
        ("clock-skew", |words, paper| Ok(may(paper).clock_skew_max = words.duration()?)),
        ("lookup", lookup),
        ("brackets", brackets),
        ("conditional", conditional),
        ("replace", replace),
        ("requests-per-minute", requests),
    ])?;
    set(words, &mut setup.paper)
}

const fn may(paper: &mut PaperSettings) -> &mut Capabilities {
    &mut paper.capabilities
}

fn class(words: &mut Words<'_>, paper: &mut PaperSettings) -> Result<(), String> {
    type Make = fn(&str) -> Result<PaperSettings, truebook_core::id::IdError>;
    let make = words.pick::<Make>(&[
        ("a", PaperSettings::class_a),
        ("b", PaperSettings::class_b),
        ("c", PaperSettings::class_c),
    ])?;
    let made = make("paper").map_err(|failed| failed.to_string())?;
    if !paper.instruments.is_empty() {
        return Err("the class comes first: it sets everything else to what is usual for it".to_owned());
    }
    *paper = made;
    Ok(())
}

fn trades(words: &mut Words<'_>, paper: &mut PaperSettings) -> Result<(), String> {
    let instrument = words.named("an instrument", Instrument::new)?;
    let mut rules = Rules::none();
    while !words.is_at_end() {
        type Rule = fn(&mut Words<'_>, &mut Rules) -> Result<(), String>;
        let rule = words.pick::<Rule>(&[
            ("tick", |words, rules| Ok(rules.tick = words.value("a price")?)),
            ("lot", |words, rules| Ok(rules.lot = words.value("a quantity")?)),
            ("notional-min", |words, rules| Ok(rules.notional_min = words.value("an amount of cash")?)),
            ("multiplier", |words, rules| Ok(rules.multiplier = Some(words.value("a quantity")?))),
            ("base", |words, rules| Ok(rules.base = Some(words.named("an asset", Asset::new)?))),
        ])?;
        rule(words, &mut rules)?;
    }
    paper.instruments.insert(instrument, rules);
    Ok(())
}

fn fees(words: &mut Words<'_>, paper: &mut PaperSettings) -> Result<(), String> {
    type Make = fn(&mut Words<'_>) -> Result<Fees, String>;
    let make = words.pick::<Make>(&[
        ("none", |_| Ok(Fees::None)),
        ("quote", |words| Ok(Fees::Quote(words.value("a part of one, as 0.001")?))),
        ("received", |words| Ok(Fees::Received(words.value("a part of one, as 0.001")?))),
    ])?;
    paper.fees = make(words)?;
    Ok(())
}

fn session(words: &mut Words<'_>, paper: &mut PaperSettings) -> Result<(), String> {
    type Make = fn(&mut Words<'_>) -> Result<Session, String>;
    let make = words.pick::<Make>(&[
        ("endless", |_| Ok(Session::Endless)),
        ("ends", |words| Ok(Session::EndsDaily(words.time_of_day()?))),
    ])?;
    paper.session = make(words)?;
    Ok(())
}

fn funds(words: &mut Words<'_>, paper: &mut PaperSettings) -> Result<(), String> {
    paper.funds = words.pick(&[("unchecked", Funds::Unchecked), ("cash-only", Funds::CashOnly)])?;
    Ok(())
}

fn lookup(words: &mut Words<'_>, paper: &mut PaperSettings) -> Result<(), String> {
    may(paper).lookup = words.pick(&[("by-id", Lookup::ById), ("lists", Lookup::ListsOnly)])?;
    Ok(())
}

fn brackets(words: &mut Words<'_>, paper: &mut PaperSettings) -> Result<(), String> {
    may(paper).brackets = words.pick(&[("native", Brackets::Native), ("emulated", Brackets::Emulated)])?;
    Ok(())
}

fn conditional(words: &mut Words<'_>, paper: &mut PaperSettings) -> Result<(), String> {
    let table = [("together", ConditionalList::Together), ("apart", ConditionalList::Apart)];
    may(paper).conditional = words.pick(&table)?;
    Ok(())
}

fn replace(words: &mut Words<'_>, paper: &mut PaperSettings) -> Result<(), String> {
    may(paper).replace = words.pick(&[
        ("total", ReplaceQuantity::Total),
        ("remaining", ReplaceQuantity::Remaining),
        ("unsupported", ReplaceQuantity::Unsupported),
    ])?;
    Ok(())
}

fn requests(words: &mut Words<'_>, paper: &mut PaperSettings) -> Result<(), String> {
    let most = match words.takes("unlimited") {
        Some(()) => None,
        None => Some(words.value("a number of requests, or unlimited")?),
    };
    may(paper).requests_per_minute = most;
    Ok(())
}

/// `policy NAME VALUE`: a setting under `reconcile`.
pub(super) fn policy(words: &mut Words<'_>, setup: &mut Setup) -> Result<(), String> {
    let name = words.next("the name of a setting under \"reconcile\"")?;
    let value = words.next("its value")?;
    let json = if value.parse::<u64>().is_ok() { value.to_owned() } else { format!("{value:?}") };
    let alone = format!("{{{name:?}:{json}}}");
    serde_json::from_str::<Policy>(&alone).map_err(|failed| failed.to_string())?;
    let value = Doc::parse(&json, Limits::default()).map_err(|failed| failed.to_string())?;
    setup.policy.push((name.to_owned(), value));
    Ok(())
}

/// `book account NAME`, `book mode paper|live`.
pub(super) fn book(words: &mut Words<'_>, setup: &mut Setup) -> Result<(), String> {
    let set = words.pick::<Parse>(&[
        ("account", |words, setup| Ok(setup.account = words.named("an account", AccountName::new)?)),
        ("mode", |words, setup| Ok(setup.mode = words.pick(&super::process::MODES)?)),
    ])?;
    set(words, setup)
}
