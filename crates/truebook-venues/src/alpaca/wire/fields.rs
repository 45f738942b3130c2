//! A JSON object that is read field by field, so that nothing in it is lost: what this program does not know
//! is kept as it came.

use serde::de::{DeserializeOwned, Error as _};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// Fields that this program does not know, by name, each the JSON text that came.
pub type Other = BTreeMap<String, Box<str>>;

/// The fields of an object that are still to be read.
pub(crate) struct Fields(BTreeMap<String, Box<RawValue>>);

impl Fields {
    pub(crate) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        BTreeMap::deserialize(deserializer).map(Self)
    }

    /// Takes a field out; one that is not there is read as `null`.
    pub(crate) fn take<T: DeserializeOwned, E: serde::de::Error>(&mut self, name: &str) -> Result<T, E> {
        let raw = self.0.remove(name);
        let text = raw.as_ref().map_or("null", |raw| raw.get());
        serde_json::from_str(text).map_err(|error| E::custom(format!("field {name}: {error}")))
    }

    pub(crate) fn rest(self) -> Other {
        self.0.into_iter().map(|(name, raw)| (name, raw.get().into())).collect()
    }
}

/// Whether a field has nothing to be written.
pub(crate) trait Absent {
    fn is_absent(&self) -> bool;
}

impl<T> Absent for Option<T> {
    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

impl Absent for String {
    fn is_absent(&self) -> bool {
        false
    }
}

impl Absent for bool {
    fn is_absent(&self) -> bool {
        false
    }
}

pub(crate) fn put<M: SerializeMap, T: Serialize + Absent>(
    map: &mut M,
    name: &str,
    value: &T,
    nullable: &[&str],
) -> Result<(), M::Error> {
    if value.is_absent() && !nullable.contains(&name) {
        return Ok(());
    }
    map.serialize_entry(name, value)
}

pub(crate) fn put_rest<M: SerializeMap>(map: &mut M, other: &Other) -> Result<(), M::Error> {
    for (name, text) in other {
        let raw: &RawValue = serde_json::from_str(text).map_err(serde::ser::Error::custom)?;
        map.serialize_entry(name, raw)?;
    }
    Ok(())
}

/// An amount of anything, as the exact text that came: the contract says a string, some clients and servers
/// send a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amount(Box<str>);

impl Amount {
    /// From a text.
    pub fn new(text: &(impl ToString + ?Sized)) -> Self {
        Self(text.to_string().into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Read as an exact decimal.
    pub fn parse<T: core::str::FromStr>(&self) -> Result<T, T::Err> {
        self.0.parse()
    }
}

impl Serialize for Amount {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text = raw.get();
        match text.bytes().next() {
            Some(b'"') => serde_json::from_str(text).map(Self).map_err(D::Error::custom),
            Some(b'-' | b'0'..=b'9') => Ok(Self(text.into())),
            _ => Err(D::Error::custom(format!("{text} is no amount"))),
        }
    }
}

/// Declares an object of the wire: its fields with their names, and which of them are written as `null` when
/// they are empty. The others are left out then.
macro_rules! wire {
    (
        $(#[$docs:meta])* $name:ident null $nullable:expr;
        $( $(#[$field_docs:meta])* $field:ident: $kind:ty = $key:literal, )*
    ) => {
        $(#[$docs])*
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct $name {
            $( $(#[$field_docs])* pub $field: $kind, )*
            /// Fields that this program does not know, as they came.
            pub other: $crate::alpaca::wire::Other,
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let mut fields = $crate::alpaca::wire::fields::Fields::read(deserializer)?;
                Ok(Self { $( $field: fields.take($key)?, )* other: fields.rest() })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let nullable: &[&str] = &$nullable;
                let mut map = serializer.serialize_map(None)?;
                $( $crate::alpaca::wire::fields::put(&mut map, $key, &self.$field, nullable)?; )*
                $crate::alpaca::wire::fields::put_rest(&mut map, &self.other)?;
                map.end()
            }
        }
    };
}
pub(crate) use wire;
