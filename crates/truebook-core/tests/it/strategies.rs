//! Arbitrary facts. Few ids and instruments, so that facts meet; amounts from tiny to the largest there are.

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use std::sync::Arc;
use truebook_core::doc::{Doc, Members, Op};
use truebook_core::event::{
    Acked, Closed, Created, Event, Imported, ImportedOrder, ImportedPosition, Origin, OutcomeUnknown, Reason,
    Record, Recovered, SettingsAccepted, StateAfter, StateChanged,
};
use truebook_core::hash::SourceHash;
use truebook_core::id::{
    AccountName, Asset, BookId, BookName, ExecutionId, InstallationTag, Instrument, OrderId, OrderKey, Seq,
    VenueName, VenueOrderId,
};
use truebook_core::identity::{Identity, Mode};
use truebook_core::money::{Cash, Price, Qty};
use truebook_core::order::{Closing, Fee, Fill, Intent, OrderType, Role, Side, TimeInForce};
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
        Just(OrderType::StopLimit)
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
    let whence = (any::<u32>(), option::of(order_ids()), optional_text());
    (what, how, whence).prop_map(|(what, how, whence)| {
        let (id, key, instrument, side, order_type, quantity) = what;
        let (limit, stop, time_in_force, role) = how;
        let (attempt, parent, strategy) = whence;
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
        }
    })
}

pub(crate) fn fills() -> impl Strategy<Value = Fill> {
    let fee = option::of((amounts(), assets()).prop_map(|(amount, asset)| Fee { amount, asset }));
    let whose = (order_ids(), executions(), option::of(venue_orders()), option::of(utcs()));
    let what = (instruments(), sides(), quantities(), prices(), fee);
    (whose, what).prop_map(|((id, execution, venue_order, venue_time), what)| {
        let (instrument, side, quantity, price, fee) = what;
        Fill { id, execution, venue_order, instrument, side, quantity, price, fee, venue_time }
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

fn recoveries() -> impl Strategy<Value = Recovered> {
    let seqs = || prop_oneof![0..100_u64, 0..=Seq::MAX.get()].prop_map(Seq::new);
    (seqs(), seqs(), seqs(), any::<bool>(), any::<String>()).prop_map(
        |(missing_from, missing_to, state_at, complete, why)| {
            let state = if complete { StateAfter::Complete } else { StateAfter::LossAccepted };
            Recovered { missing_from, missing_to, state_at, state, why }
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
    let ack = (order_ids(), venue_orders(), optional_text(), option::of(utcs()))
        .prop_map(|(id, venue_order, status, venue_time)| Acked { id, venue_order, status, venue_time });
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
        2 => (order_ids(), closings(), optional_text())
            .prop_map(|(id, closing, why)| Event::Closed(Closed { id, closing, why })),
        1 => any::<String>().prop_map(|why| Event::Halt(Reason { why })),
        1 => any::<String>().prop_map(|why| Event::Resume(Reason { why })),
        1 => recoveries().prop_map(Event::Recovered),
    ]
}

pub(crate) fn records() -> impl Strategy<Value = Record> {
    let first = created().prop_map(|created| Event::Created(created.into()));
    (utcs(), prop_oneof![1 => first, 30 => events()]).prop_map(|(at, event)| Record::new(at, event))
}
