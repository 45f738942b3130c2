//! Taking over the state file of another system.
//!
//! Two forms are known: the full one (`order_manager`, `portfolio_manager`) and a short one (`orders`). The
//! file becomes the bot's variables as it is; its positions and live orders enter the book as well. Numbers
//! are taken from their text, so `337.96338135` stays that.

use super::readable::check_vars;
use super::{Book, Recorded, WriteError};
use serde::Serialize;
use std::collections::BTreeMap;
use truebook_core::doc::{Doc, Limits, Members, ParseError};
use truebook_core::event::{Event, Imported, ImportedOrder, ImportedPosition, Reserve};
use truebook_core::hash::SourceHash;
use truebook_core::id::{Instrument, OrderId, OrderKey, VenueOrderId};
use truebook_core::identity::Identity;
use truebook_core::money::{Price, Qty};
use truebook_core::order::{Intent, OrderType, Role, Side, Terms, TimeInForce};

/// The largest file that is taken over, in bytes.
pub const IMPORT_BYTES_MAX: u64 = 48 << 20;

/// Statuses in which an order is still live.
const LIVE: [&str; 10] = [
    "PendingSubmit",
    "PreSubmitted",
    "Submitted",
    "ApiPending",
    "PendingCancel",
    "new",
    "accepted",
    "open",
    "working",
    "partially_filled",
];

/// Why a file was not taken over. The book is unchanged.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// It is not JSON.
    #[error("{file}: {source}")]
    Json {
        /// The file.
        file: String,
        /// What is wrong, and where.
        source: ParseError,
    },
    /// It has neither form.
    #[error(
        "{file}: this is no state file that can be taken over: it has neither \"order_manager\" and \"portfolio_manager\" nor \"orders\" at its top"
    )]
    Form {
        /// The file.
        file: String,
    },
    /// A value is missing or not what it should be.
    #[error("{file}: {path}: {problem}")]
    Value {
        /// The file.
        file: String,
        /// JSON pointer of the value.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The book is not empty.
    #[error("the book has variables already; a file is taken over into a new book")]
    NotEmpty,
    /// It was not recorded.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// What was taken over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ImportSummary {
    /// `full` or `short`.
    pub form: &'static str,
    /// Sequence number of the event.
    pub seq: u64,
    /// Instruments with a position, and how much.
    pub positions: BTreeMap<String, String>,
    /// How many live orders.
    pub orders: usize,
    /// Orders of the file that are not live in the book, and why not. They are in the variables.
    pub left_out: BTreeMap<String, String>,
}

/// What a file holds, in the book's terms.
#[derive(Debug, Default)]
struct Content {
    positions: Vec<ImportedPosition>,
    orders: Vec<ImportedOrder>,
    left_out: BTreeMap<String, String>,
}

impl Book {
    /// Takes over a state file, read from `file`.
    ///
    /// # Errors
    /// See [`ImportError`].
    pub fn import(&self, file: &str, bytes: &[u8]) -> Result<ImportSummary, ImportError> {
        let limits = Limits {
            bytes_max: usize::try_from(IMPORT_BYTES_MAX).unwrap_or(usize::MAX),
            ..Limits::default()
        };
        let vars = Doc::parse(bytes, limits)
            .map_err(|source| ImportError::Json { file: file.to_owned(), source })?;
        check_vars(&vars)?;
        let live = self.live()?;
        if live.vars.as_object().is_some_and(|members| !members.is_empty()) {
            return Err(ImportError::NotEmpty);
        }
        let reader = Reader { file, identity: &live.identity };
        let (form, content) = reader.read(&vars)?;
        let positions = content
            .positions
            .iter()
            .map(|p| (p.instrument.to_string(), p.quantity.normalized().to_string()))
            .collect();
        let (orders, left_out) = (content.orders.len(), content.left_out);
        let import = Imported {
            source: file.to_owned(),
            sha256: SourceHash::of(bytes),
            vars,
            positions: content.positions,
            orders: content.orders,
        };
        let recorded = self.0.shared.record_with(Reserve::Forbidden, |state| {
            let untouched = state.live().vars.as_object().is_some_and(Members::is_empty);
            Ok(untouched.then(|| Event::Import(Box::new(import))))
        })?;
        let Recorded::Durable(seq) = recorded else { return Err(ImportError::NotEmpty) };
        Ok(ImportSummary { form, seq: seq.get(), positions, orders, left_out })
    }
}

struct Reader<'a> {
    file: &'a str,
    identity: &'a Identity,
}

/// An order of the file, in the file's terms.
struct FoundOrder<'a> {
    id: &'a str,
    path: String,
    symbol: &'a Doc,
    action: &'a Doc,
    quantity: &'a Doc,
    order_type: Option<&'a str>,
    limit: Option<&'a Doc>,
    stop: Option<&'a Doc>,
    time_in_force: Option<&'a str>,
    status: Option<&'a str>,
    strategy: Option<&'a str>,
}

/// What an order is for: its role, and the parent's id in the file.
type Roles = BTreeMap<String, (Role, Option<String>)>;

static MISSING: Doc = Doc::Null;

fn member<'a>(members: &'a Members, key: &str) -> &'a Doc {
    members.get(key).unwrap_or(&MISSING)
}

impl Reader<'_> {
    fn read(&self, whole: &Doc) -> Result<(&'static str, Content), ImportError> {
        let top = whole.as_object();
        let part = |key: &str| top.and_then(|top| top.get(key)).and_then(Doc::as_object);
        match (part("order_manager"), part("portfolio_manager"), part("orders")) {
            (Some(orders), Some(portfolio), _) => Ok(("full", self.read_full(orders, portfolio)?)),
            (None, None, Some(orders)) => Ok(("short", self.read_short(orders)?)),
            _ => Err(ImportError::Form { file: self.file.to_owned() }),
        }
    }

    fn read_full(&self, manager: &Members, portfolio: &Members) -> Result<Content, ImportError> {
        let mut content = Content::default();
        if let Some(positions) = self.table(portfolio, "positions", "/portfolio_manager")? {
            for (symbol, position) in positions {
                content.positions.extend(self.position(symbol, position)?);
            }
        }
        let mut roles = Roles::new();
        if let Some(brackets) = self.table(manager, "bracket_orders", "/order_manager")? {
            for (parent, legs) in brackets {
                add_roles(&mut roles, parent, legs);
            }
        }
        if let Some(orders) = self.table(manager, "active_orders", "/order_manager")? {
            for (id, order) in orders {
                let found = self.full_order(id, order)?;
                self.add_order(&found, &roles, &mut content)?;
            }
        }
        Ok(content)
    }

    fn read_short(&self, orders: &Members) -> Result<Content, ImportError> {
        let mut content = Content::default();
        let mut roles = Roles::new();
        for (id, order) in orders {
            add_roles(&mut roles, id, order);
        }
        for (id, order) in orders {
            let path = format!("/orders/{id}");
            let members = order.as_object().ok_or_else(|| self.wrong(&path, "an order must be an object"))?;
            let found = FoundOrder {
                id,
                symbol: member(members, "symbol"),
                action: member(members, "action"),
                quantity: member(members, "quantity"),
                order_type: None,
                limit: None,
                stop: None,
                time_in_force: None,
                status: member(members, "status").as_str(),
                strategy: None,
                path,
            };
            self.add_order(&found, &roles, &mut content)?;
        }
        Ok(content)
    }

    fn full_order<'a>(&self, id: &'a str, order: &'a Doc) -> Result<FoundOrder<'a>, ImportError> {
        let path = format!("/order_manager/active_orders/{id}");
        let members = order.as_object().ok_or_else(|| self.wrong(&path, "an order must be an object"))?;
        let details = self.table(members, "order_details", &path)?;
        let contract = self.table(members, "contract_details", &path)?;
        let detail = |key: &str| details.map_or(&MISSING, |details| member(details, key));
        Ok(FoundOrder {
            id,
            symbol: contract.map_or(&MISSING, |contract| member(contract, "symbol")),
            action: detail("action"),
            quantity: detail("totalQuantity"),
            order_type: detail("orderType").as_str(),
            limit: details.and_then(|details| details.get("lmtPrice")),
            stop: details.and_then(|details| details.get("auxPrice")),
            time_in_force: detail("tif").as_str(),
            status: member(members, "status").as_str(),
            strategy: member(members, "strategy").as_str(),
            path,
        })
    }

    fn table<'a>(
        &self,
        members: &'a Members,
        key: &str,
        path: &str,
    ) -> Result<Option<&'a Members>, ImportError> {
        match members.get(key) {
            None | Some(Doc::Null) => Ok(None),
            Some(Doc::Object(table)) => Ok(Some(table)),
            Some(other) => Err(self.wrong(
                &format!("{path}/{key}"),
                &format!("it must be an object, not {}", other.kind_name()),
            )),
        }
    }

    fn position(&self, symbol: &str, position: &Doc) -> Result<Option<ImportedPosition>, ImportError> {
        let path = format!("/portfolio_manager/positions/{symbol}");
        let members =
            position.as_object().ok_or_else(|| self.wrong(&path, "a position must be an object"))?;
        let instrument = Instrument::new(symbol).map_err(|failed| self.wrong(&path, &failed.to_string()))?;
        let quantity: Qty = self.number(member(members, "quantity"), &format!("{path}/quantity"))?;
        let average_price: Price =
            self.number(member(members, "average_price"), &format!("{path}/average_price"))?;
        Ok((!quantity.is_zero()).then_some(ImportedPosition { instrument, quantity, average_price }))
    }

    fn number<T: std::str::FromStr>(&self, value: &Doc, path: &str) -> Result<T, ImportError> {
        let text = match value {
            Doc::Number(number) => Some(number.as_str()),
            other => other.as_str(),
        };
        let parsed = text.and_then(|text| text.parse().ok());
        parsed.ok_or_else(|| {
            self.wrong(path, &format!("it must be a decimal number, not {}", value.to_compact()))
        })
    }

    fn add_order(
        &self,
        found: &FoundOrder<'_>,
        roles: &Roles,
        content: &mut Content,
    ) -> Result<(), ImportError> {
        let live =
            found.status.is_none_or(|status| LIVE.iter().any(|live| live.eq_ignore_ascii_case(status)));
        if !live {
            let why = format!("its status is {}", found.status.unwrap_or_default());
            content.left_out.insert(found.id.to_owned(), why);
            return Ok(());
        }
        let Some(order_type) = order_type(found.order_type) else {
            let why = format!("orders of type {} are not known", found.order_type.unwrap_or_default());
            content.left_out.insert(found.id.to_owned(), why);
            return Ok(());
        };
        let intent = self.intent(found, order_type, roles)?;
        let venue_order =
            VenueOrderId::new(found.id).map_err(|failed| self.wrong(&found.path, &failed.to_string()))?;
        content.orders.push(ImportedOrder { intent, venue_order });
        Ok(())
    }

    fn intent(
        &self,
        found: &FoundOrder<'_>,
        order_type: OrderType,
        roles: &Roles,
    ) -> Result<Intent, ImportError> {
        let at = |key: &str| format!("{}/{key}", found.path);
        let symbol =
            found.symbol.as_str().ok_or_else(|| self.wrong(&at("symbol"), "the symbol is missing"))?;
        let side = match found.action.as_str().map(str::to_ascii_uppercase).as_deref() {
            Some("BUY") => Side::Buy,
            Some("SELL") => Side::Sell,
            _ => return Err(self.wrong(&at("action"), "it must be BUY or SELL")),
        };
        let quantity: Qty = self.number(found.quantity, &at("quantity"))?;
        if quantity.is_zero() || quantity.is_negative() {
            return Err(self.wrong(&at("quantity"), "it must be above zero"));
        }
        let (role, parent) = roles.get(found.id).cloned().unwrap_or((Role::Entry, None));
        let parent = parent.map(|parent| self.id(&parent, Role::Entry)).transpose()?;
        Ok(Intent {
            id: self.id(found.id, role)?,
            key: self.key(found.id)?,
            instrument: Instrument::new(symbol)
                .map_err(|failed| self.wrong(&at("symbol"), &failed.to_string()))?,
            side,
            order_type,
            quantity,
            limit: self.price(found.limit, order_type, Wanted::Limit, &at("lmtPrice"))?,
            stop: self.price(found.stop, order_type, Wanted::Stop, &at("auxPrice"))?,
            time_in_force: time_in_force(found.time_in_force),
            role,
            attempt: 0,
            parent,
            strategy: found.strategy.map(Box::from),
            terms: Terms::default(),
        })
    }

    fn price(
        &self,
        value: Option<&Doc>,
        order_type: OrderType,
        wanted: Wanted,
        path: &str,
    ) -> Result<Option<Price>, ImportError> {
        let needed = matches!(
            (wanted, order_type),
            (Wanted::Limit, OrderType::Limit | OrderType::StopLimit)
                | (Wanted::Stop, OrderType::Stop | OrderType::StopLimit)
        );
        match value.filter(|_| needed) {
            Some(value) => self.number(value, path).map(Some),
            None => Ok(None),
        }
    }

    fn key(&self, id: &str) -> Result<OrderKey, ImportError> {
        let path = format!("order {id}");
        OrderKey::new(&format!("imported-{id}")).map_err(|failed| self.wrong(&path, &failed.to_string()))
    }

    fn id(&self, id: &str, role: Role) -> Result<OrderId, ImportError> {
        let key = self.key(id)?;
        Ok(OrderId::derive(self.identity.installation, self.identity.book, &key, role.name(), 0))
    }

    fn wrong(&self, path: &str, problem: &str) -> ImportError {
        ImportError::Value { file: self.file.to_owned(), path: path.to_owned(), problem: problem.to_owned() }
    }
}

#[derive(Clone, Copy)]
enum Wanted {
    Limit,
    Stop,
}

/// The legs that a bracket names. Their ids may be numbers there and are always text as keys.
fn add_roles(roles: &mut Roles, parent: &str, legs: &Doc) {
    let Some(legs) = legs.as_object() else { return };
    for (key, role) in [("stop_id", Role::StopLoss), ("profit_id", Role::TakeProfit)] {
        let leg = match legs.get(key) {
            Some(Doc::Number(number)) => number.as_str().to_owned(),
            Some(Doc::String(text)) => text.to_string(),
            _ => continue,
        };
        roles.insert(leg, (role, Some(parent.to_owned())));
    }
}

fn order_type(name: Option<&str>) -> Option<OrderType> {
    match name.map(str::to_ascii_uppercase).as_deref() {
        None | Some("MKT" | "MARKET") => Some(OrderType::Market),
        Some("LMT" | "LIMIT") => Some(OrderType::Limit),
        Some("STP" | "STOP") => Some(OrderType::Stop),
        Some("STP LMT" | "STOP_LIMIT" | "STOP LIMIT") => Some(OrderType::StopLimit),
        Some(_) => None,
    }
}

fn time_in_force(name: Option<&str>) -> TimeInForce {
    match name.map(str::to_ascii_uppercase).as_deref() {
        Some("GTC") => TimeInForce::Gtc,
        Some("IOC") => TimeInForce::Ioc,
        Some("FOK") => TimeInForce::Fok,
        Some("GTD") => TimeInForce::Gtd,
        // What the broker takes when nothing is said.
        _ => TimeInForce::Day,
    }
}
