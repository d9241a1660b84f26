//! Random secrets, their hashes, and the files that hold them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest, Sha256};

use super::ServiceError;

/// A file in the data directory that could not be read or made.
#[derive(Debug, thiserror::Error)]
#[error("cannot {doing} {}", path.display())]
pub struct SecretFileError {
    doing: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl SecretFileError {
    pub(crate) fn new(doing: &'static str, path: &Path, source: io::Error) -> Self {
        Self { doing, path: path.to_owned(), source }
    }
}

/// Gives a random secret of 256 bits: 43 characters that fit into a URL.
pub(crate) fn random_token() -> Result<String, ServiceError> {
    Ok(BASE64_URL_SAFE_NO_PAD.encode(random_bytes::<32>()?))
}

/// Gives 128 random bits as 32 hex digits.
pub(crate) fn random_seed() -> Result<String, ServiceError> {
    Ok(hex(&random_bytes::<16>()?))
}

fn random_bytes<const N: usize>() -> Result<[u8; N], ServiceError> {
    let mut bytes = [0; N];
    rustls::crypto::aws_lc_rs::default_provider()
        .secure_random
        .fill(&mut bytes)
        .map_err(|_| ServiceError::fault("the system gives no random numbers"))?;
    Ok(bytes)
}

/// Gives what is stored of a random secret: its SHA-256 as 64 hex digits.
///
/// Only for secrets of full strength; what people choose is hashed by [`super::Passwords`].
#[must_use]
pub(crate) fn hash_token(token: &str) -> String {
    hex(&Sha256::digest(token.as_bytes()))
}

/// Writes bytes as lower-case hex digits.
#[must_use]
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Signs a request to a program as Slack does: `v0=` and the hex HMAC-SHA256 of `v0:TIMESTAMP:BODY`.
pub(crate) fn sign(secret: &str, timestamp: &str, body: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    let mac = mac.chain_update(format!("v0:{timestamp}:")).chain_update(body);
    format!("v0={}", hex(&mac.finalize().into_bytes()))
}

/// Reads a secret from its file, or gives none where there is no such file.
pub(crate) fn read_secret(path: &Path) -> Result<Option<SecretString>, SecretFileError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(SecretString::from(text.trim()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(SecretFileError::new("read", path, source)),
    }
}

/// Puts a secret into a new file that only its owner reads; gives false where there is one already.
pub(crate) fn create_secret_file(path: &Path, secret: &SecretString) -> Result<bool, SecretFileError> {
    let failed = |doing: &'static str| move |source| SecretFileError::new(doing, path, source);
    // Written beside it and linked into place, so that nobody ever reads half a secret and one of two makers wins.
    let draft = path.with_extension(format!("draft-{:016x}", fastrand::u64(..)));
    let mut file = create_private_file(&draft).map_err(failed("create"))?;
    let written = file
        .write_all(format!("{}\n", secret.expose_secret()).as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::hard_link(&draft, path));
    let _ = fs::remove_file(&draft);
    match written {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(source) => Err(failed("write")(source)),
    }
}

/// Makes a new file that only its owner reads.
fn create_private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Removes a secret's file, where there is one.
pub(crate) fn remove_secret_file(path: &Path) {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(path = %path.display(), %error, "could not remove a used secret; remove it by hand");
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_secret_file_is_made_once_and_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("secret");
        assert!(read_secret(&path).expect("nothing").is_none());
        assert!(create_secret_file(&path, &"first".into()).expect("made"));
        assert!(!create_secret_file(&path, &"second".into()).expect("not made"));
        assert_eq!(read_secret(&path).expect("read").expect("a secret").expose_secret(), "first");
        assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "no draft is left");
    }

    #[test]
    fn a_request_is_signed_as_slack_does() {
        // The example of Slack's documentation.
        let body = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&\
                    channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&\
                    response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F\
                    96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
        let signature = sign("8f742231b10e8888abcd99yyyzzz85a5", "1531420618", body.as_bytes());
        assert_eq!(signature, "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503");
    }

    #[test]
    fn tokens_differ_and_are_stored_as_their_hash() {
        let token = random_token().expect("a token");
        assert_eq!(token.len(), 43);
        assert_ne!(token, random_token().expect("a token"));
        assert_eq!(hash_token("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
