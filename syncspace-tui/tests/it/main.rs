//! The shipped terminal client in real terminals, with the shipped server behind it.

mod chat;
mod config;
mod doctor;
mod e2e;
mod faults;
mod files;
mod finding;
mod idle;
mod local;
mod offline;
mod people;
mod reader;
mod reading;
mod several;
mod terminal;
mod tmux;
mod typing;
mod words;
