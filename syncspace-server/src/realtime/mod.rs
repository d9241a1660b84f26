//! Who is connected here, and what reaches them.

pub mod carrier;
