//! The shipped terminal client in real terminals, with the shipped server behind it.

mod chat;
mod local;
mod people;
mod terminal;
