//! The shipped terminal client in real terminals, with the shipped server behind it.

mod chat;
mod e2e;
mod local;
mod people;
mod terminal;
