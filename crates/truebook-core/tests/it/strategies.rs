//! Arbitrary facts. Few ids and instruments, so that facts meet; amounts from tiny to the largest there are.

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use std::sync::Arc;
use truebook_core::doc::{Doc, Members, Op};
use truebook_core::event::{
    Acked, Adopted, Asked, BlockKind, Blocked, Closed, Corrected, Created, Event, Imported, ImportedOrder,
    ImportedPosition, OddStatus, Origin, OutcomeUnknown, Reason, Record, Recovered, ReplaceAsked,
    ReplaceFailed, ReportedFilled, Resent, Restored, SettingsAccepted, StateAfter, StateChanged,
};
use truebook_core::hash::SourceHash;
use truebook_core::id::{
    AccountName, Asset, BookId, BookName, ExecutionId, InstallationTag, Instrument, OrderId, OrderKey, Seq,
    VenueName, VenueOrderId,
};
use truebook_core::identity::{Identity, Mode};
use truebook_core::life::Closing;
use truebook_core::money::{Cash, Price, Qty};
use truebook_core::order::{
    Bracket, Fee, Fill, Intent, OrderType, Placement, ProfitLeg, Role, Side, StopLeg, TakenFrom, Terms,
    TimeInForce, Trail,
};
use truebook_core::settings::{Change, Settings};
use truebook_core::time::Utc;

pub(crate) fn utcs() -> impl Strategy<Value = Utc> {
    prop_oneof![any::<i64>(), 0..i64::MAX, Just(i64::MAX)].prop_map(Utc::from_nanos)
}

/// Text of at most `max` bytes without control characters.
fn names(max: usize) -> impl Strategy<Value = String> {
    prop_oneof![3 => "[A-C]{1,2}", 1 => "[A-Za-z0-9/ \"\\\\é€🦀.-]{1,9}"]
        .prop_filter("too long", move |text| text.len() <= max)
}

macro_rules! text_ids {
    ($($name:ident: $type:ty, $max:literal;)*) => {
        $(pub(crate) fn $name() -> impl Strategy<Value = $type> {
            names($max).prop_map(|text| <$type>::new(&text).unwrap())
        })*
    };
}
text_ids! {
    keys: OrderKey, 128;
    instruments: Instrument, 64;
    venue_orders: VenueOrderId, 128;
    executions: ExecutionId, 128;
    assets: Asset, 32;
    venues: VenueName, 64;
    accounts: AccountName, 128;
    book_names: BookName, 128;
}

pub(crate) fn order_ids() -> impl Strategy<Value = OrderId> {
    prop_oneof![4 => (0..4_u8).prop_map(|n| [n; 16]), 1 => any::<[u8; 16]>()].prop_map(OrderId::from_bytes)
}

/// Decimal texts as venues write them, with up to 28 digits.
fn decimals() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => "[0-9]{1,4}",
        6 => "[0-9]{1,4}\\.[0-9]{1,8}",
        1 => "[1-9][0-9]{20,27}",
        1 => "0\\.[0-9]{20,28}",
        1 => "[1-9][0-9]{12}\\.[0-9]{14}",
        1 => Just("79228162514264337593543950335".to_owned()),
    ]
}

fn signed() -> impl Strategy<Value = String> {
    (any::<bool>(), decimals()).prop_map(|(minus, text)| if minus { format!("-{text}") } else { text })
}

pub(crate) fn prices() -> impl Strategy<Value = Price> {
    signed().prop_map(|text| text.parse().unwrap())
}

pub(crate) fn quantities() -> impl Strategy<Value = Qty> {
    signed().prop_map(|text| text.parse().unwrap())
}

pub(crate) fn amounts() -> impl Strategy<Value = Cash> {
    signed().prop_map(|text| text.parse().unwrap())
}

pub(crate) fn sides() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Buy), Just(Side::Sell)]
}

fn optional_text() -> impl Strategy<Value = Option<Box<str>>> {
    option::of(any::<String>().prop_map(String::into_boxed_str))
}

pub(crate) fn intents() -> impl Strategy<Value = Intent> {
    let types = prop_oneof![
        Just(OrderType::Market),
        Just(OrderType::Limit),
        Just(OrderType::Stop),
        Just(OrderType::StopLimit),
        Just(OrderType::TrailingStop)
    ];
    let times = prop_oneof![
        Just(TimeInForce::Day),
        Just(TimeInForce::Gtc),
        Just(TimeInForce::Ioc),
        Just(TimeInForce::Fok),
        Just(TimeInForce::Gtd)
    ];
    let roles = prop_oneof![Just(Role::Entry), Just(Role::StopLoss), Just(Role::TakeProfit)];
    let what = (order_ids(), keys(), instruments(), sides(), types, quantities());
    let how = (option::of(prices()), option::of(prices()), times, roles);
    let whence = (any::<u32>(), option::of(order_ids()), optional_text(), terms());
    (what, how, whence).prop_map(|(what, how, whence)| {
        let (id, key, instrument, side, order_type, quantity) = what;
        let (limit, stop, time_in_force, role) = how;
        let (attempt, parent, strategy, terms) = whence;
        Intent {
            id,
            key,
            instrument,
            side,
            order_type,
            quantity,
            limit,
            stop,
            time_in_force,
            role,
            attempt,
            parent,
            strategy,
            terms,
        }
    })
}

fn terms() -> impl Strategy<Value = Terms> {
    let trail =
        option::of(prop_oneof![prices().prop_map(Trail::Amount), quantities().prop_map(Trail::Percent)]);
    let stop = option::of((prices(), option::of(prices())).prop_map(|(stop, limit)| StopLeg { stop, limit }));
    let profit = option::of(prices().prop_map(|limit| ProfitLeg { limit }));
    let via = || prop_oneof![Just(Placement::Own), Just(Placement::WithParent)];
    let bracket = (stop, profit, via());
    let bracket = bracket.prop_map(|(stop_loss, take_profit, legs)| Bracket { stop_loss, take_profit, legs });
    let unusual = (trail, option::of(utcs()), option::of(bracket), via(), option::of(utcs()));
    let unusual = unusual.prop_map(|(trail, expires, bracket, via, admit_by)| Terms {
        trail,
        expires,
        bracket,
        via,
        admit_by,
    });
    prop_oneof![2 => Just(Terms::default()), 1 => unusual]
}

pub(crate) fn fills() -> impl Strategy<Value = Fill> {
    let taken = prop_oneof![4 => Just(TakenFrom::Cash), 1 => Just(TakenFrom::Position)];
    let fee = option::of((amounts(), assets(), taken).prop_map(|(amount, asset, taken)| Fee {
        amount,
        asset,
        taken,
    }));
    let multipliers = prop_oneof![4 => Just(None), 1 => quantities().prop_map(Some)];
    let whose = (order_ids(), executions(), option::of(venue_orders()), option::of(utcs()));
    let what = (instruments(), sides(), quantities(), prices(), fee, multipliers);
    (whose, what).prop_map(|((id, execution, venue_order, venue_time), what)| {
        let (instrument, side, quantity, price, fee, multiplier) = what;
        Fill { id, execution, venue_order, instrument, side, quantity, price, fee, venue_time, multiplier }
    })
}

/// What is asked of a live order, and what else can be said of one.
fn requests() -> impl Strategy<Value = Event> {
    let whose = (order_ids(), order_ids(), venue_orders(), any::<String>());
    let what = (0..9_u8, 1..4_u32, option::of(quantities()), quantities(), prices());
    (whose, what).prop_map(|((id, alias, venue_order, why), (kind, number, quantity, total, price))| {
        let asked = Asked { id, why: why.clone() };
        match kind {
            0 => Event::Resent(Resent { id, count: number, why }),
            1 => Event::Cancel(asked),
            2 => Event::CancelFailed(asked),
            3 => {
                let (limit, stop) = (Some(price), None);
                Event::Replace(ReplaceAsked { id, alias, number, quantity, limit, stop }.into())
            }
            4 => Event::ReplaceFailed(ReplaceFailed { id, alias, why }),
            5 => Event::Odd(OddStatus { id, venue_order, word: quantity.map(|_| why.into()) }),
            6 => Event::Reported(ReportedFilled { id, total, price, why }.into()),
            7 => Event::Done(asked),
            _ => Event::Ack(Acked { id, venue_order, status: None, venue_time: None, alias: Some(alias) }),
        }
    })
}

fn corrections() -> impl Strategy<Value = Event> {
    let kinds = prop_oneof![Just(BlockKind::PositionDifference), Just(BlockKind::Operator)];
    let what = (instruments(), quantities(), option::of(prices()), any::<String>(), kinds);
    (what, 0..4_u8, intents(), venue_orders()).prop_map(|(what, kind, intent, venue_order)| {
        let (instrument, quantity, price, why, block) = what;
        match kind {
            0 => Event::Corrected(Corrected { instrument, quantity, price, why }.into()),
            1 => Event::Blocked(Blocked { instrument, kind: block, why }),
            2 => Event::Unblocked(Blocked { instrument, kind: block, why }),
            _ => Event::Adopted(Adopted { intent, venue_order, why }.into()),
        }
    })
}

pub(crate) fn docs() -> impl Strategy<Value = Doc> {
    let scalars = prop_oneof![
        Just(Doc::Null),
        any::<bool>().prop_map(Doc::from),
        any::<i64>().prop_map(Doc::from),
        "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,12})?([eE][+-]?[0-9]{1,3})?"
            .prop_map(|text| Doc::Number(text.parse().unwrap())),
        any::<String>().prop_map(Doc::from),
    ];
    scalars.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Doc::from),
            btree_map(prop_oneof![3 => "[ab]", 1 => any::<String>()], inner, 0..4).prop_map(|members| {
                let members: Members =
                    members.into_iter().map(|(key, value)| (Arc::from(key), value)).collect();
                Doc::from(members)
            }),
        ]
    })
}

fn ops() -> impl Strategy<Value = Op> {
    let paths = prop_oneof![8 => "(/[ab01]){0,3}", 1 => any::<String>()];
    prop_oneof![
        4 => (paths.clone(), docs()).prop_map(|(path, value)| Op::Set { path, value }),
        1 => paths.clone().prop_map(|path| Op::Remove { path }),
        1 => (paths, 0..4_usize).prop_map(|(path, len)| Op::Truncate { path, len }),
    ]
}

fn settings() -> impl Strategy<Value = Settings> {
    docs().prop_map(|doc| Settings::new(&doc, &[4; 32]))
}

pub(crate) fn created() -> impl Strategy<Value = Created> {
    let named = (book_names(), venues(), accounts());
    let identity = (any::<[u8; 16]>(), any::<[u8; 4]>(), any::<bool>(), named).prop_map(
        |(book, tag, live, (name, venue, account))| Identity {
            book: BookId::from_bytes(book),
            name,
            installation: InstallationTag::from_bytes(tag),
            venue,
            account,
            mode: if live { Mode::Live } else { Mode::Paper },
        },
    );
    (identity, settings()).prop_map(|(identity, settings)| Created { identity, settings })
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let change = (any::<String>(), option::of(any::<String>()), option::of(any::<String>()))
        .prop_map(|(path, recorded, given)| Change { path, recorded, given });
    vec(change, 0..3)
}

fn imports() -> impl Strategy<Value = Imported> {
    let position =
        (instruments(), quantities(), prices()).prop_map(|(instrument, quantity, average_price)| {
            ImportedPosition { instrument, quantity, average_price }
        });
    let order =
        (intents(), venue_orders()).prop_map(|(intent, venue_order)| ImportedOrder { intent, venue_order });
    (any::<String>(), any::<[u8; 32]>(), docs(), vec(position, 0..3), vec(order, 0..3)).prop_map(
        |(source, hash, vars, positions, orders)| Imported {
            source,
            sha256: SourceHash::from_bytes(hash),
            vars,
            positions,
            orders,
        },
    )
}

fn seqs() -> impl Strategy<Value = Seq> {
    prop_oneof![0..100_u64, 0..=Seq::MAX.get()].prop_map(Seq::new)
}

fn restorations() -> impl Strategy<Value = Restored> {
    (any::<String>(), seqs(), utcs(), option::of(seqs()), any::<String>())
        .prop_map(|(generation, seq, since, lost_to, why)| Restored { generation, seq, since, lost_to, why })
}

fn recoveries() -> impl Strategy<Value = Recovered> {
    let states =
        prop_oneof![Just(StateAfter::Complete), Just(StateAfter::LossAccepted), Just(StateAfter::Mended)];
    (seqs(), seqs(), seqs(), states, any::<String>()).prop_map(
        |(missing_from, missing_to, state_at, state, why)| Recovered {
            missing_from,
            missing_to,
            state_at,
            state,
            why,
        },
    )
}

pub(crate) fn closings() -> impl Strategy<Value = Closing> {
    prop_oneof![Just(Closing::Cancelled), Just(Closing::Rejected), Just(Closing::Expired)]
}

/// Events that may follow on any other.
pub(crate) fn events() -> impl Strategy<Value = Event> {
    let origins =
        prop_oneof![Just(Origin::Save), Just(Origin::Set), Just(Origin::Merge), Just(Origin::Adopt)];
    let ack = (order_ids(), venue_orders(), optional_text(), option::of(utcs())).prop_map(
        |(id, venue_order, status, venue_time)| Acked { id, venue_order, status, venue_time, alias: None },
    );
    prop_oneof![
        1 => (settings(), changes())
            .prop_map(|(settings, changes)| Event::Settings(SettingsAccepted { settings, changes }.into())),
        3 => (origins, vec(ops(), 0..4))
            .prop_map(|(origin, ops)| Event::State(StateChanged { origin, ops })),
        1 => imports().prop_map(|import| Event::Import(import.into())),
        6 => intents().prop_map(|intent| Event::Intent(intent.into())),
        4 => ack.prop_map(Event::Ack),
        8 => fills().prop_map(|fill| Event::Fill(fill.into())),
        2 => (order_ids(), any::<String>()).prop_map(|(id, why)| Event::Unknown(OutcomeUnknown { id, why })),
        2 => (order_ids(), closings(), optional_text(), option::of(venue_orders()), option::of(quantities()))
            .prop_map(|(id, closing, why, venue_order, claimed)| {
                Event::Closed(Closed { id, closing, why, venue_order, claimed })
            }),
        3 => requests(),
        2 => corrections(),
        1 => any::<String>().prop_map(|why| Event::Halt(Reason { why })),
        1 => any::<String>().prop_map(|why| Event::Resume(Reason { why })),
        1 => recoveries().prop_map(Event::Recovered),
        1 => restorations().prop_map(|restored| Event::Restored(restored.into())),
        1 => any::<String>().prop_map(|why| Event::Covered(Reason { why })),
    ]
}

pub(crate) fn records() -> impl Strategy<Value = Record> {
    let first = created().prop_map(|created| Event::Created(created.into()));
    (utcs(), prop_oneof![1 => first, 30 => events()]).prop_map(|(at, event)| Record::new(at, event))
}
