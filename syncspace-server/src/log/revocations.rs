//! The doors to the numbered log of what was taken away: one for lanes, one for changes beside the streams.

use syncspace_protocol::Time;

use super::{Committed, Effect, Revoked};
use crate::store::{StoreError, Tx, revocations};

/// Writes effects into the numbered log; what is given is announced after the commit.
///
/// Comes last in its transaction, after every other lock.
pub async fn revoke(tx: &mut Tx, effects: Vec<Effect>, now: Time) -> Result<Revoked, StoreError> {
    let first = append(tx, &effects, now).await?;
    Ok(Revoked { first, effects })
}

/// Writes what a lane's events take away, and lets them know their numbers.
pub(super) async fn number(tx: &mut Tx, events: &mut [Committed], now: Time) -> Result<(), StoreError> {
    let taken = |event: &Committed| event.route.effects.iter().copied().filter(|effect| effect.takes_away()).collect();
    let effects: Vec<Vec<Effect>> = events.iter().map(taken).collect();
    let all: Vec<_> = effects.iter().flatten().copied().collect();
    if all.is_empty() {
        return Ok(());
    }
    let mut next = append(tx, &all, now).await?;
    for (event, effects) in events.iter_mut().zip(effects).filter(|(_, effects)| !effects.is_empty()) {
        let first = next;
        next += effects.len() as u64;
        event.revoked = Some(Revoked { first, effects });
    }
    Ok(())
}

async fn append(tx: &mut Tx, effects: &[Effect], now: Time) -> Result<u64, StoreError> {
    let rows: Result<Vec<_>, _> = effects.iter().map(serde_json::to_string).collect();
    let rows =
        rows.map_err(|source| StoreError::Other { during: "write a revocation".into(), source: source.into() })?;
    revocations::append(tx, &rows, now).await
}
