//! The venue's rules and the owner's policy.

use super::{TradeError, Trader, lock};
use crate::venue::VenueError;
use std::collections::BTreeMap;
use std::sync::Mutex;
use truebook_core::capability::Rules;
use truebook_core::doc::Doc;
use truebook_core::id::Instrument;
use truebook_core::observation::FillTerms;
use truebook_core::reconcile::Policy;
use truebook_core::settings::Settings;

/// Rules, asked for once an instrument.
#[derive(Default)]
pub(super) struct RuleCache(Mutex<BTreeMap<Instrument, Rules>>);

/// Reads the policy from the settings.
pub(super) fn policy_of(settings: &Settings) -> Result<Policy, TradeError> {
    let Doc::Object(members) = &settings.doc else { return Ok(Policy::default()) };
    let Some(part) = members.get("reconcile") else { return Ok(Policy::default()) };
    let json = serde_json::to_string(part).map_err(|failed| TradeError::Policy(failed.to_string()))?;
    serde_json::from_str(&json).map_err(|failed| TradeError::Policy(failed.to_string()))
}

impl Trader {
    /// The venue's rules for an instrument; `None` if it does not trade it.
    pub(super) fn rules(&self, instrument: &Instrument) -> Result<Option<Rules>, VenueError> {
        if let Some(rules) = lock(&self.0.rules.0).get(instrument) {
            return Ok(Some(rules.clone()));
        }
        let rules = self.0.venue.rules(instrument)?;
        if let Some(rules) = &rules {
            lock(&self.0.rules.0).insert(instrument.clone(), rules.clone());
        }
        Ok(rules)
    }

    /// What fills in an instrument are to be read with.
    pub(super) fn fill_terms(&self, instrument: &Instrument) -> Result<FillTerms, VenueError> {
        let rules = self.rules(instrument)?.unwrap_or(Rules::none());
        let lot = (!rules.lot.is_zero()).then_some(rules.lot);
        Ok(FillTerms { base: rules.base, multiplier: rules.multiplier, lot })
    }
}
