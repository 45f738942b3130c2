//! Settings from a file, and what changed in them.

use super::{Book, Peek, Recorded, WriteError};
use truebook_core::doc::{Doc, Limits, Members, Number, ParseError};
use truebook_core::event::{Event, Reserve, SettingsAccepted};
use truebook_core::settings::{Change, Settings};

/// Why a text is no settings.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// It is not JSON.
    #[error("the settings are not JSON: {0}")]
    Json(#[from] ParseError),
    /// It is not TOML.
    #[error("the settings are not TOML: {0}")]
    Toml(#[from] toml::de::Error),
    /// A value has no place in settings.
    #[error("{path}: {what} has no place in settings")]
    Value {
        /// JSON pointer of the value.
        path: String,
        /// What it is.
        what: &'static str,
    },
    /// It is no table.
    #[error("settings must be a table of keys and values, this is {0}")]
    NotATable(&'static str),
}

/// Reads settings: JSON if the text begins with `{`, TOML otherwise.
///
/// # Errors
/// See [`SettingsError`]; duplicate keys, NaN and infinity are refused.
pub fn settings_from_text(text: &str) -> Result<Doc, SettingsError> {
    if text.trim_start().starts_with('{') {
        let doc = Doc::parse(text, Limits::default())?;
        return if doc.as_object().is_some() {
            Ok(doc)
        } else {
            Err(SettingsError::NotATable(doc.kind_name()))
        };
    }
    let table: toml::Table = text.parse()?;
    from_table(&table, "")
}

fn from_table(table: &toml::Table, path: &str) -> Result<Doc, SettingsError> {
    let mut members = Members::new();
    for (key, value) in table {
        let below = format!("{path}/{}", truebook_core::doc::escape_segment(key));
        members.insert(key.as_str().into(), from_value(value, &below)?);
    }
    Ok(Doc::from(members))
}

fn from_value(value: &toml::Value, path: &str) -> Result<Doc, SettingsError> {
    Ok(match value {
        toml::Value::String(text) => Doc::from(text.as_str()),
        toml::Value::Integer(number) => Doc::from(*number),
        toml::Value::Float(number) => from_float(*number, path)?,
        toml::Value::Boolean(yes) => Doc::from(*yes),
        toml::Value::Datetime(time) => Doc::from(time.to_string().as_str()),
        toml::Value::Table(table) => from_table(table, path)?,
        toml::Value::Array(items) => {
            let items = items.iter().enumerate().map(|(at, item)| from_value(item, &format!("{path}/{at}")));
            Doc::from(items.collect::<Result<Vec<_>, _>>()?)
        }
    })
}

fn from_float(number: f64, path: &str) -> Result<Doc, SettingsError> {
    let unusable = || SettingsError::Value { path: path.to_owned(), what: "NaN or infinity" };
    if !number.is_finite() {
        return Err(unusable());
    }
    // The shortest text that reads back as the same number, as the file most likely had it.
    format!("{number:?}").parse::<Number>().map(Doc::Number).map_err(|_| unusable())
}

impl Book {
    /// Accepts these settings as the ones in force.
    ///
    /// # Errors
    /// The journal's reasons.
    pub fn accept_settings(&self, given: &Doc) -> Result<Recorded, WriteError> {
        let salt = self.0.shared.context.manifest.salt_bytes();
        self.0.shared.record_with(Reserve::Forbidden, |state| {
            let settings = Settings::new(given, &salt);
            let changes = state.live().settings.changes(&settings);
            let changed = !changes.is_empty();
            Ok(changed.then(|| Event::Settings(Box::new(SettingsAccepted { settings, changes }))))
        })
    }
}

impl Peek {
    /// What differs between the recorded settings and these.
    pub fn settings_changes(&self, given: &Doc) -> Vec<Change> {
        let settings = Settings::new(given, &self.context.manifest.salt_bytes());
        self.state.live().settings.changes(&settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn toml_and_json_of_the_same_settings_are_the_same() {
        let toml = settings_from_text("b = true\n[risk]\nmax = 1.5\nnames = [\"x\", \"y\"]\n").unwrap();
        let json = settings_from_text(r#"{"risk":{"names":["x","y"],"max":1.5},"b":true}"#).unwrap();
        assert_eq!(toml, json);
    }

    #[test]
    fn what_json_does_not_know_is_refused_with_its_place() {
        let failed = settings_from_text("[risk]\nmax = nan\n").unwrap_err().to_string();
        assert_eq!(failed, "/risk/max: NaN or infinity has no place in settings");
        assert!(settings_from_text("{\"a\":1,\"a\":2}").unwrap_err().to_string().contains("duplicate key"));
        assert!(settings_from_text("a = 1\na = 2\n").is_err());
        assert!(settings_from_text("[1, 2]").is_err());
    }
}
