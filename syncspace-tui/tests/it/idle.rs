//! What the program writes while nothing happens: nothing. What it costs is measured by `make bench`.

use std::time::Duration;

use syncspace_testkit::ServerProcess;

use crate::people::sit_down;

/// Long enough for the configuration to be looked at, and shorter than a heartbeat of the connection.
const IDLE: Duration = Duration::from_secs(6);

#[tokio::test(flavor = "multi_thread")]
async fn pain_15_an_idle_program_writes_nothing() {
    let server = ServerProcess::start(&[]).await;
    let seat = sit_down("alice", &["--server", server.url()]);
    seat.register("alice");
    seat.make_team();
    seat.terminal.wait_for("online");
    // What is measured is that time passes and nothing happens: it has to pass.
    std::thread::sleep(Duration::from_secs(1));
    let before = seat.terminal.written().len();
    std::thread::sleep(IDLE);
    assert_eq!(String::from_utf8_lossy(&seat.terminal.written()[before..]), "");
}
