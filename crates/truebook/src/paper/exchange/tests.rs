//! What the exchange does, rule by rule.
