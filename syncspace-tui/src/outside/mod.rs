//! The person's other programs and the terminal's own ways to call: notifications and hooks on their way out, and
//! images for the terminal.
//!
//! Owns every sequence that carries text of others out of the cells. Knows nothing of the state.

pub(crate) mod images;
pub(crate) mod links;
pub(crate) mod programs;
pub(crate) mod tell;
