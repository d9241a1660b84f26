//! Names for messages, made before they are sent.

use syncspace_protocol::{ClientId, Time};

/// Makes time-ordered names for messages (UUID version 7).
#[derive(Debug)]
pub(crate) struct ClientIds {
    random: fastrand::Rng,
}

impl ClientIds {
    /// Makes those of a program that draws its lots from this seed.
    pub(crate) const fn seeded(seed: u64) -> Self {
        Self { random: fastrand::Rng::with_seed(seed) }
    }

    /// Draws a seed for another program's names.
    pub(crate) fn draw(&mut self) -> u64 {
        self.random.u64(..)
    }

    /// Gives the next name.
    pub(crate) fn next(&mut self, now: Time) -> ClientId {
        let mut random = [0; 10];
        self.random.fill(&mut random);
        let ms = u64::try_from(now.unix_ms()).unwrap_or(0);
        let uuid = uuid::Builder::from_unix_timestamp_millis(ms, &random).into_uuid();
        ClientId::try_from(uuid.to_string()).expect("a UUID is 36 visible ASCII characters")
    }
}
