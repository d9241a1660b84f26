//! `syncspace-server`: reads the command line and the configuration, and runs the library.

mod cli;

use std::process::ExitCode;

// Many small, short-lived allocations on many threads: half the time and less memory than the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // TLS to databases asks for the process's provider; only a second call could fail.
    let _installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
    // Reads FAILPOINTS; without the feature of that name it does nothing.
    #[cfg(feature = "failpoints")]
    let _failpoints = fail::FailScenario::setup();
    cli::main()
}
