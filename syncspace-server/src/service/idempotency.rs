//! Requests that make something and are repeated: within a day the same key gives the same object back.
//!
//! The key's row is written in the transaction that makes the object, before anything else: of two requests with one key
//! the second waits for the first, on whichever instance, and then finds what it made. A refused request leaves no key.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Serialize;
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::limits::IDEMPOTENCY_KEY_LIFE_S;
use syncspace_protocol::{IdempotencyKey, StreamId, Time};

use super::secrets::{hash_token, hex};
use super::team_changes::Refused;
use super::{Actor, Service, ServiceError, later};
use crate::log::{Abort, LogTx, Operation};
use crate::store::idempotency_keys::{self as keys, KeyName};
use crate::store::{IdBlocks, Queries, StoreError};

/// How often a key is tried to be claimed while others put it in and take it out.
const CLAIM_TRIES_MAX: u32 = 5;

/// What a creating request gives, and whether it made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Made<T> {
    /// The request made it.
    New(T),
    /// A request with the same key made it before; in its present form.
    Repeat(T),
}

impl<T> Made<T> {
    /// Gives the object.
    #[must_use]
    pub fn into_inner(self) -> T {
        match self {
            Self::New(made) | Self::Repeat(made) => made,
        }
    }
}

/// A creating request that its sender gave a key.
#[derive(Clone)]
pub(super) struct KeyedRequest {
    name: KeyName,
    /// Of the whole request, by each signing secret: the first is stored, all are believed.
    digests: Vec<String>,
    key: IdempotencyKey,
}

/// Whether a request may go on and make something.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// It may, and its key is in the transaction.
    Granted,
    /// A request with the same key has made this already.
    Made(u64),
}

/// The error of a rule or of the store, inside a transaction or outside.
pub(super) trait ClaimError: From<StoreError> {
    fn refused(error: ServiceError) -> Self;
}

impl ClaimError for ServiceError {
    fn refused(error: ServiceError) -> Self {
        error
    }
}

impl ClaimError for Refused {
    fn refused(error: ServiceError) -> Self {
        Abort::Refused(error)
    }
}

impl KeyedRequest {
    /// Puts the key into the transaction that makes the object, or finds what was made under it.
    pub(super) async fn claim<E: ClaimError>(&self, db: &mut impl Queries, now: Time) -> Result<Claim, E> {
        for _ in 0..CLAIM_TRIES_MAX {
            if keys::insert(db, &self.name, &self.digests[0], now).await? {
                return Ok(Claim::Granted);
            }
            // Gone again where its request was refused, or where it was purged.
            let Some(row) = keys::find(db, &self.name).await? else { continue };
            if !is_over(row.created_at, now) {
                return self.made(&row).map(Claim::Made).map_err(E::refused);
            }
            if keys::replace(db, &self.name, &row, &self.digests[0], now).await? {
                return Ok(Claim::Granted);
            }
        }
        Err(StoreError::Conflict { source: "the row of a key came and went".into() }.into())
    }

    /// Notes what was made, in the same transaction.
    pub(super) async fn settle(&self, db: &mut impl Queries, object_id: u64) -> Result<(), StoreError> {
        keys::set_object(db, &self.name, object_id).await
    }

    fn made(&self, row: &keys::KeyRow) -> Result<u64, ServiceError> {
        if self.digests.contains(&row.request_digest) {
            return Ok(row.object_id);
        }
        let sentence = "this Idempotency-Key was used for another request within the last 24 hours; \
                        every new request needs a new one";
        Err(ServiceError::refused(ErrorCode::KeyReused, sentence))
    }
}

/// Gives the id of what was made as what it is.
pub(super) fn made_id<T: TryFrom<u64>>(id: u64) -> Result<T, ServiceError> {
    T::try_from(id).map_err(|_| ServiceError::fault(format!("a key's row holds no id: {id}")))
}

fn is_over(created_at: Time, now: Time) -> bool {
    later(created_at, i64::from(IDEMPOTENCY_KEY_LIFE_S) * 1_000) <= now
}

impl Service {
    /// Takes a creating request's key, where it has one, together with what is asked: the operation, its place and its body.
    pub(super) fn keyed(
        &self,
        actor: &Actor,
        key: Option<&IdempotencyKey>,
        operation: (&'static str, u64),
        body: &impl Serialize,
    ) -> Result<Option<KeyedRequest>, ServiceError> {
        let Some(key) = key else { return Ok(None) };
        let (operation, place) = operation;
        // With a secret: a body may hold a password, which a plain hash would let anyone guess who reads the table.
        let body = serde_json::to_vec(body).map_err(ServiceError::fault)?;
        let request = [format!("request|{operation}|{place}|").as_bytes(), &body].concat();
        let digests = self.token_keys.macs(&request).iter().map(|mac| hex(mac)).collect();
        let name = KeyName { user_id: actor.user_id, key_hash: hash_token(key.as_str()) };
        Ok(Some(KeyedRequest { name, digests, key: key.clone() }))
    }

    /// Finds what was made under a request's key before, so that its rules need not hold any more.
    pub(super) async fn find_made(&self, request: Option<&KeyedRequest>) -> Result<Option<u64>, ServiceError> {
        let Some(request) = request else { return Ok(None) };
        let row = keys::find(&mut &self.store, &request.name).await?;
        let row = row.filter(|row| !is_over(row.created_at, self.clock.now()));
        row.map(|row| request.made(&row)).transpose()
    }

    /// Derives secrets for what a request makes, the first by the signing secret: the same for every repeat, known only to
    /// whoever has the request's key, and stored nowhere.
    pub(super) fn derived_tokens(&self, request: &KeyedRequest, object_id: u64) -> Vec<String> {
        let text = format!("token|{}|{object_id}|{}", request.name.user_id, request.key.as_str());
        self.token_keys.macs(text.as_bytes()).iter().map(|mac| BASE64_URL_SAFE_NO_PAD.encode(mac)).collect()
    }
}

/// An operation that makes something with an id.
pub(super) trait Makes: Operation<Error = ServiceError> {
    /// Gives the id of what was made.
    fn made_id(output: &Self::Output) -> u64;
}

/// Makes something once for each key.
pub(super) struct Once<O> {
    pub(super) request: KeyedRequest,
    pub(super) operation: O,
}

/// What came of it.
pub(super) enum OnceOutcome<T> {
    Made(T),
    /// A request with the same key had made this before.
    MadeBefore(u64),
}

impl<O: Makes> Operation for Once<O> {
    type Output = OnceOutcome<O::Output>;
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        self.operation.streams()
    }

    fn content_bytes(&self) -> usize {
        self.operation.content_bytes()
    }

    async fn prepare(&mut self, ids: &IdBlocks) -> Result<(), StoreError> {
        self.operation.prepare(ids).await
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<Self::Output, Refused> {
        // The key comes before the rules: what another instance makes at this moment under the same key would break them.
        let now = tx.now;
        if let Claim::Made(id) = self.request.claim::<Refused>(tx.db, now).await? {
            return Ok(OnceOutcome::MadeBefore(id));
        }
        match self.operation.apply(tx).await {
            Ok(output) => {
                self.request.settle(tx.db, O::made_id(&output)).await?;
                Ok(OnceOutcome::Made(output))
            }
            Err(Abort::Refused(error)) => {
                keys::remove(tx.db, &self.request.name).await?;
                Err(Abort::Refused(error))
            }
            Err(error) => Err(error),
        }
    }
}

impl Service {
    /// Commits an operation that makes something, once for each key.
    pub(super) async fn commit_once<O: Makes>(
        &self,
        request: Option<KeyedRequest>,
        operation: O,
    ) -> Result<OnceOutcome<O::Output>, ServiceError> {
        match request {
            None => self.log.commit(operation).await.map(OnceOutcome::Made),
            Some(request) => self.log.commit(Once { request, operation }).await,
        }
    }
}
