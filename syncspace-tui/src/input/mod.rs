//! What the terminal sends, as events: read as bytes on a thread of their own, and told apart by [`Parser`].
//!
//! Owns the reading of the terminal, and the waits that bytes alone do not end: of a paste without its end, of a lone
//! Esc. Knows nothing of what a key does. Where there is no Unix terminal, crossterm reads.

#[cfg(not(unix))]
mod other;
#[cfg(unix)]
mod parser;
#[cfg(unix)]
mod reader;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
pub(crate) use other::Keys;
#[cfg(unix)]
use parser::Parser;
#[cfg(unix)]
pub(crate) use unix::Keys;
