//! The tables that csv and sqlite exports have in common; part of the contract.

use std::borrow::Cow;

/// One table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Table {
    Events,
    Orders,
    Positions,
    Fills,
    Vars,
}

/// All of them.
pub(super) const TABLES: [Table; 5] =
    [Table::Events, Table::Orders, Table::Positions, Table::Fills, Table::Vars];

/// One value of a row. Decimals are text: as binary floats they would be others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cell<'a> {
    Null,
    Number(u64),
    Text(Cow<'a, str>),
}

impl Cell<'_> {
    /// Something that is shown as text.
    pub(super) fn of<T: ToString>(value: &T) -> Self {
        Self::Text(value.to_string().into())
    }

    /// Something that may be missing.
    pub(super) fn maybe<T: ToString>(value: Option<&T>) -> Self {
        value.map_or(Self::Null, Self::of)
    }
}

impl<'a> Cell<'a> {
    /// Text that lives long enough.
    pub(super) fn text(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl Table {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Orders => "orders",
            Self::Positions => "positions",
            Self::Fills => "fills",
            Self::Vars => "vars",
        }
    }

    /// Its columns, the first the key.
    pub(super) const fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Events => &["seq", "at", "kind", "event"],
            Self::Orders => &[
                "id",
                "key",
                "instrument",
                "side",
                "type",
                "quantity",
                "limit_price",
                "stop_price",
                "time_in_force",
                "role",
                "parent",
                "strategy",
                "state",
                "filled",
                "average_price",
                "venue_orders",
                "unknown",
                "intended_at",
                "updated_at",
            ],
            Self::Positions => &["instrument", "quantity", "average_price", "realized", "fees"],
            Self::Fills => &[
                "seq",
                "at",
                "order_id",
                "execution_id",
                "venue_order",
                "instrument",
                "side",
                "quantity",
                "price",
                "fee",
                "fee_asset",
                "venue_time",
            ],
            Self::Vars => &["path", "value"],
        }
    }

    /// Whether the first column is a number.
    pub(super) const fn is_numbered(self) -> bool {
        matches!(self, Self::Events | Self::Fills)
    }
}
