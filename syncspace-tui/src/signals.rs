//! What the system asks of the program: to end, to stop for a while, to go on.

/// What the system asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    End,
    /// To end, by somebody outside: as a key, Ctrl+C is none.
    Interrupt,
    /// Stop, and give the terminal to the shell meanwhile.
    Stop,
    /// It was stopped without being asked, and goes on.
    GoOn,
}

#[cfg(unix)]
pub(crate) use unix::{Signals, stop};

#[cfg(unix)]
mod unix {
    use anyhow::Context;
    use rustix::process::{Signal, getpid, kill_process};
    use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

    use super::Asked;

    /// The signals that concern the program.
    pub(crate) struct Signals {
        terminate: Stream,
        hang_up: Stream,
        interrupt: Stream,
        stop: Stream,
        go_on: Stream,
    }

    impl Signals {
        pub(crate) fn watch() -> anyhow::Result<Self> {
            let watch = |kind| signal(kind).context("cannot watch for signals");
            Ok(Self {
                terminate: watch(SignalKind::terminate())?,
                hang_up: watch(SignalKind::hangup())?,
                interrupt: watch(SignalKind::interrupt())?,
                stop: watch(SignalKind::from_raw(Signal::TSTP.as_raw()))?,
                go_on: watch(SignalKind::from_raw(Signal::CONT.as_raw()))?,
            })
        }

        pub(crate) async fn next(&mut self) -> Asked {
            tokio::select! {
                _ = self.terminate.recv() => Asked::End,
                _ = self.hang_up.recv() => Asked::End,
                _ = self.interrupt.recv() => Asked::Interrupt,
                _ = self.stop.recv() => Asked::Stop,
                _ = self.go_on.recv() => Asked::GoOn,
            }
        }
    }

    /// Stops this process until the shell lets it go on.
    pub(crate) fn stop() -> std::io::Result<()> {
        // Not the terminal's own stop signal: that one is ours to catch.
        Ok(kill_process(getpid(), Signal::STOP)?)
    }
}

#[cfg(not(unix))]
pub(crate) struct Signals;

#[cfg(not(unix))]
impl Signals {
    pub(crate) fn watch() -> anyhow::Result<Self> {
        Ok(Self)
    }

    pub(crate) async fn next(&mut self) -> Asked {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        Asked::End
    }
}

/// There is no job control here.
#[cfg(not(unix))]
pub(crate) fn stop() -> std::io::Result<()> {
    Ok(())
}
