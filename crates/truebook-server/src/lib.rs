//! What truebook serves over the network. Asynchronous code lives in this crate only, behind handles that
//! block.

pub mod paper;
