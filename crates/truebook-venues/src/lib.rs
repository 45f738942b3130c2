//! Adapters to venues: each translates between a broker's own interface and [`truebook::venue::Venue`], and
//! decides nothing.

#[cfg(feature = "alpaca")]
pub mod alpaca;
