//! Access tokens (JWT) and refresh tokens: how they are made and read. Knows no store; who may use one is `auth.rs`.

use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::{SessionId, Time, UserId};

use super::ServiceError;
use super::secrets::{SecretFileError, create_secret_file, hex, random_token, read_secret};

/// Shortest signing secret, in bytes: HS256 wants as much as it gives (RFC 7518, 3.2).
pub const SECRET_BYTES_MIN: usize = 32;

/// How far the clocks of two instances may differ, in seconds.
const LEEWAY_S: i64 = 5;

/// Name of the file in the data directory that holds the signing secret of an embedded store.
const SECRET_FILE: &str = "jwt-secret";

const ISSUER: &str = "syncspace";
const AUDIENCE: &str = "syncspace";
const TYPE_ACCESS: &str = "access";

/// Makes and reads tokens with the configured secrets.
pub struct TokenKeys {
    // The first signs, all verify: a new secret goes in front, and the old one out when its tokens are over.
    keys: Vec<Key>,
    access_life_s: u32,
}

struct Key {
    id: String,
    fingerprint: String,
    encoding: EncodingKey,
    decoding: DecodingKey,
    refresh: Vec<u8>,
    keyed: Vec<u8>,
}

/// What an access token says; every claim must be there.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    sid: SessionId,
    jti: String,
    iat: i64,
    exp: i64,
    typ: String,
}

/// A signing secret that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// There is none.
    #[error("no signing secret is configured")]
    Missing,
    /// One is too short to be safe.
    #[error("a signing secret has at least {SECRET_BYTES_MIN} bytes")]
    TooShort,
}

/// A refresh token taken apart; its MAC is not checked yet.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RefreshToken {
    pub(crate) session_id: SessionId,
    pub(crate) n: i64,
    mac: Vec<u8>,
}

impl TokenKeys {
    /// Makes tokens with the first of `secrets` and reads those of all.
    pub fn new(secrets: &[SecretString], access_life_s: u32) -> Result<Self, KeyError> {
        let keys = secrets.iter().map(Key::new).collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() { Err(KeyError::Missing) } else { Ok(Self { keys, access_life_s }) }
    }

    /// Gives the fingerprints of the secrets, the signing one first.
    pub(crate) fn fingerprints(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(|key| key.fingerprint.as_str())
    }

    /// Gives the life of an access token, in seconds.
    #[must_use]
    pub fn access_life_s(&self) -> u32 {
        self.access_life_s
    }

    /// Makes an access token.
    pub(crate) fn access_token(
        &self,
        user_id: UserId,
        session_id: SessionId,
        now: Time,
    ) -> Result<String, ServiceError> {
        let key = self.signing_key();
        let iat = now.unix_ms().div_euclid(1_000);
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: user_id.to_string(),
            sid: session_id,
            jti: uuid::Uuid::new_v4().simple().to_string(),
            iat,
            exp: iat + i64::from(self.access_life_s),
            typ: TYPE_ACCESS.to_owned(),
        };
        let header = Header { kid: Some(key.id.clone()), ..Header::new(Algorithm::HS256) };
        jsonwebtoken::encode(&header, &claims, &key.encoding).map_err(ServiceError::fault)
    }

    /// Reads an access token: whose it is, and of which session.
    ///
    /// Fails with `token_expired` where only its time is over, else with `unauthenticated`.
    pub(crate) fn read_access_token(&self, token: &str, now: Time) -> Result<(UserId, SessionId), ServiceError> {
        let kid = jsonwebtoken::decode_header(token).ok().and_then(|header| header.kid);
        let key = self.keys.iter().find(|key| Some(&key.id) == kid.as_ref()).ok_or_else(not_valid)?;
        let claims =
            jsonwebtoken::decode::<Claims>(token, &key.decoding, &validation()).map_err(|_| not_valid())?.claims;
        if claims.typ != TYPE_ACCESS {
            return Err(not_valid());
        }
        // Compared here and not by the library, which asks the system's clock.
        let now_s = now.unix_ms().div_euclid(1_000);
        if claims.iat > now_s + LEEWAY_S {
            return Err(not_valid());
        }
        if claims.exp + LEEWAY_S <= now_s {
            return Err(ServiceError::refused(ErrorCode::TokenExpired, "the access token is over; refresh it"));
        }
        Ok((claims.sub.parse().map_err(|_| not_valid())?, claims.sid))
    }

    /// Makes the refresh token number `n` of a session; the same token each time.
    pub(crate) fn refresh_token(&self, session_id: SessionId, n: i64, seed: &str) -> String {
        let mac = refresh_mac(&self.signing_key().refresh, session_id, n, seed).finalize().into_bytes();
        format!("{session_id}.{n}.{}", BASE64_URL_SAFE_NO_PAD.encode(mac))
    }

    /// Tells whether a refresh token was made by one of the secrets for a session with this seed.
    pub(crate) fn is_genuine(&self, token: &RefreshToken, seed: &str) -> bool {
        let made_by =
            |key: &Key| refresh_mac(&key.refresh, token.session_id, token.n, seed).verify_slice(&token.mac).is_ok();
        self.keys.iter().any(made_by)
    }

    /// Gives a MAC of this text by each of the secrets, the signing one first.
    pub(crate) fn macs(&self, text: &[u8]) -> Vec<[u8; 32]> {
        let macs = self.keys.iter().map(|key| Hmac::<Sha256>::new_from_slice(&key.keyed));
        let macs = macs.map(|mac| mac.expect("HMAC takes keys of any length").chain_update(text));
        macs.map(|mac| mac.finalize().into_bytes().into()).collect()
    }

    /// Tells whether a MAC of this text was made by one of the secrets.
    pub(crate) fn is_mac(&self, text: &[u8], mac: &[u8]) -> bool {
        let made_by = |key: &Key| {
            let made = Hmac::<Sha256>::new_from_slice(&key.keyed).expect("HMAC takes keys of any length");
            made.chain_update(text).verify_slice(mac).is_ok()
        };
        self.keys.iter().any(made_by)
    }

    fn signing_key(&self) -> &Key {
        self.keys.first().expect("there is a key, as the constructor checks")
    }
}

impl std::fmt::Debug for TokenKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ids: Vec<_> = self.keys.iter().map(|key| &key.id).collect();
        f.debug_struct("TokenKeys").field("keys", &ids).finish_non_exhaustive()
    }
}

impl Key {
    fn new(secret: &SecretString) -> Result<Self, KeyError> {
        let secret = secret.expose_secret().as_bytes();
        if secret.len() < SECRET_BYTES_MIN {
            return Err(KeyError::TooShort);
        }
        let derive = |purpose: &str| Sha256::new().chain_update(purpose).chain_update(secret).finalize().to_vec();
        Ok(Self {
            id: hex(&Sha256::digest(secret))[..8].to_owned(),
            fingerprint: hex(&derive("syncspace fingerprint")),
            encoding: EncodingKey::from_secret(secret),
            decoding: DecodingKey::from_secret(secret),
            refresh: derive("syncspace refresh"),
            keyed: derive("syncspace keyed requests"),
        })
    }
}

impl RefreshToken {
    /// Takes a refresh token apart; gives none where it does not have the form of one.
    pub(crate) fn parse(token: &str) -> Option<Self> {
        let mut parts = token.split('.');
        let (session_id, n, mac) = (parts.next()?, parts.next()?, parts.next()?);
        let mac = BASE64_URL_SAFE_NO_PAD.decode(mac).ok()?;
        let token = Self { session_id: session_id.parse().ok()?, n: n.parse().ok()?, mac };
        parts.next().is_none().then_some(token)
    }
}

/// Reads the signing secret of an embedded store from its data directory, or makes it there on the first start.
pub fn load_or_create_secret(data_dir: &Path) -> Result<SecretString, SecretFileError> {
    let path = data_dir.join(SECRET_FILE);
    if let Some(secret) = read_secret(&path)? {
        return Ok(secret);
    }
    let made = random_token().map_err(|error| SecretFileError::new("create", &path, std::io::Error::other(error)))?;
    let made = SecretString::from(made);
    if create_secret_file(&path, &made)? {
        return Ok(made);
    }
    let missing = || SecretFileError::new("read", &path, std::io::ErrorKind::NotFound.into());
    read_secret(&path)?.ok_or_else(missing)
}

fn validation() -> Validation {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
    validation.validate_exp = false;
    validation
}

fn refresh_mac(key: &[u8], session_id: SessionId, n: i64, seed: &str) -> Hmac<Sha256> {
    let mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.chain_update(format!("refresh|{session_id}|{n}|{seed}"))
}

pub(crate) fn not_valid() -> ServiceError {
    ServiceError::refused(ErrorCode::Unauthenticated, "the token is not valid; log in again")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: &str = "00112233445566778899aabbccddeeff";

    fn tokens(secrets: &[&str]) -> TokenKeys {
        let secrets: Vec<_> = secrets.iter().map(|secret| SecretString::from(secret.repeat(32))).collect();
        TokenKeys::new(&secrets, 1_800).expect("good secrets")
    }

    fn now() -> Time {
        "2026-11-22T17:26:21Z".parse().expect("a time")
    }

    fn later(s: i64) -> Time {
        super::super::later(now(), s * 1_000)
    }

    fn ids() -> (UserId, SessionId) {
        ("7".parse().expect("an id"), "9".parse().expect("an id"))
    }

    fn access_token(tokens: &TokenKeys) -> String {
        tokens.access_token(ids().0, ids().1, now()).expect("a token")
    }

    #[track_caller]
    fn check_refused(tokens: &TokenKeys, token: &str, at: Time, code: ErrorCode) {
        assert_eq!(tokens.read_access_token(token, at).expect_err("refused").code(), code, "{token}");
    }

    #[test]
    fn an_access_token_names_its_person_and_session_until_its_time_is_over() {
        let tokens = tokens(&["a"]);
        let token = access_token(&tokens);
        assert_eq!(tokens.read_access_token(&token, now()).expect("valid"), ids());
        assert_eq!(tokens.read_access_token(&token, later(1_804)).expect("within the leeway"), ids());
        check_refused(&tokens, &token, later(1_805), ErrorCode::TokenExpired);
        check_refused(&tokens, &token, later(-6), ErrorCode::Unauthenticated);
    }

    #[test]
    fn an_old_secret_still_verifies_and_an_unknown_one_does_not() {
        let token = access_token(&tokens(&["a"]));
        assert_eq!(tokens(&["b", "a"]).read_access_token(&token, now()).expect("valid"), ids());
        check_refused(&tokens(&["b"]), &token, now(), ErrorCode::Unauthenticated);
    }

    #[test]
    fn forged_access_tokens_are_refused() {
        let tokens = tokens(&["a"]);
        let good = access_token(&tokens);
        let (head_and_claims, _) = good.rsplit_once('.').expect("three parts");
        let (_, claims) = head_and_claims.split_once('.').expect("two parts");
        let kid = &tokens.signing_key().id;
        let head = |alg: &str| BASE64_URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"{alg}","typ":"JWT","kid":"{kid}"}}"#));
        for forged in [
            String::new(),
            "a.b.c".to_owned(),
            format!("{head_and_claims}."),
            format!("{head_and_claims}.AAAA"),
            format!("{}.{claims}.", head("none")),
            format!("{}.{claims}.AAAA", head("HS512")),
            format!("{good}x"),
        ] {
            check_refused(&tokens, &forged, now(), ErrorCode::Unauthenticated);
        }
    }

    #[test]
    fn every_claim_is_required() {
        let tokens = tokens(&["a"]);
        let good = serde_json::json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": "7", "sid": 9, "jti": "x",
            "iat": now().unix_ms() / 1_000, "exp": later(60).unix_ms() / 1_000, "typ": TYPE_ACCESS,
        });
        let key = tokens.signing_key();
        let header = Header { kid: Some(key.id.clone()), ..Header::new(Algorithm::HS256) };
        let sign = |claims: &serde_json::Value| jsonwebtoken::encode(&header, claims, &key.encoding).expect("a token");
        assert_eq!(tokens.read_access_token(&sign(&good), now()).expect("valid"), ids());
        for claim in ["iss", "aud", "sub", "sid", "jti", "iat", "exp", "typ"] {
            let mut without = good.clone();
            without.as_object_mut().expect("an object").remove(claim);
            check_refused(&tokens, &sign(&without), now(), ErrorCode::Unauthenticated);
        }
        for (claim, other) in [("iss", "x"), ("aud", "x"), ("sub", "0"), ("typ", "refresh")] {
            let mut changed = good.clone();
            changed[claim] = other.into();
            check_refused(&tokens, &sign(&changed), now(), ErrorCode::Unauthenticated);
        }
    }

    #[test]
    fn a_refresh_token_is_genuine_for_its_session_number_and_seed_only() {
        let old = tokens(&["a"]);
        let parse = |text: &str| RefreshToken::parse(text).expect("a refresh token");
        let text = old.refresh_token(ids().1, 3, SEED);
        assert_eq!(text, old.refresh_token(ids().1, 3, SEED));
        assert!(old.is_genuine(&parse(&text), SEED));
        assert!(tokens(&["b", "a"]).is_genuine(&parse(&text), SEED));
        assert!(!tokens(&["b"]).is_genuine(&parse(&text), SEED));
        assert!(!old.is_genuine(&parse(&text), "another seed"));
        assert!(!old.is_genuine(&parse(&text.replace("9.3.", "9.4.")), SEED));
        assert!(!old.is_genuine(&parse(&text.replace("9.3.", "8.3.")), SEED));
    }

    #[test]
    fn what_is_no_refresh_token_is_not_taken_apart() {
        for text in ["", "9", "9.3", "0.3.AAAA", "9.x.AAAA", "9.3.*", "9.3.AAAA.", "a.b.c"] {
            assert_eq!(RefreshToken::parse(text), None, "{text}");
        }
    }

    #[test]
    fn short_and_missing_secrets_are_refused() {
        assert!(matches!(TokenKeys::new(&[], 60), Err(KeyError::Missing)));
        assert!(matches!(TokenKeys::new(&["short".into()], 60), Err(KeyError::TooShort)));
    }

    #[test]
    fn the_secret_of_a_data_directory_is_made_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let made = load_or_create_secret(folder.path()).expect("a secret");
        let read = load_or_create_secret(folder.path()).expect("a secret");
        assert_eq!(made.expose_secret(), read.expose_secret());
        TokenKeys::new(&[made], 60).expect("long enough");
    }
}
