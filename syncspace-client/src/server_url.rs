//! The address of a server: parsed and normalised once, so that it can name saved credentials.

use std::fmt;
use std::str::FromStr;

use url::{Host, Url};

/// Address of a server: `https://chat.example.org`, `http://127.0.0.1:7420`.
///
/// Without a scheme, `http` is taken for this machine and `https` for every other. The server may live below a path.
/// Two texts that mean the same server give equal values.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerUrl(Url);

/// Text that is no server's address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a server's address looks like https://chat.example.org or http://127.0.0.1:7420: {0}")]
pub struct ServerUrlError(String);

impl ServerUrl {
    /// Tells whether the server is this machine, as far as the address shows it.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        match self.0.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }

    /// Tells whether what is sent there is encrypted.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// Gives the URL of the path segments below this server.
    pub(crate) fn join<'a>(&self, segments: impl IntoIterator<Item = &'a str>) -> Url {
        let mut url = self.0.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }
}

impl FromStr for ServerUrl {
    type Err = ServerUrlError;

    fn from_str(text: &str) -> Result<Self, ServerUrlError> {
        let text = text.trim();
        let mut url = if text.contains("://") { parse(text)? } else { with_scheme(text)? };
        if !matches!(url.scheme(), "http" | "https") {
            return Err(ServerUrlError(format!("it begins with {}://", url.scheme())));
        }
        if url.host().is_none() {
            return Err(ServerUrlError("the host is missing".to_owned()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(ServerUrlError("it must not hold a user name or password".to_owned()));
        }
        url.set_query(None);
        url.set_fragment(None);
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        Ok(Self(url))
    }
}

fn parse(text: &str) -> Result<Url, ServerUrlError> {
    Url::parse(text).map_err(|error| ServerUrlError(error.to_string()))
}

fn with_scheme(text: &str) -> Result<Url, ServerUrlError> {
    let https = parse(&format!("https://{text}"))?;
    // Parsed anew rather than given another scheme: 443 would have been dropped as https's own port.
    if ServerUrl(https.clone()).is_loopback() { parse(&format!("http://{text}")) } else { Ok(https) }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_normalised() {
        for (given, written) in [
            ("http://127.0.0.1:7420", "http://127.0.0.1:7420"),
            ("http://127.0.0.1:7420/", "http://127.0.0.1:7420"),
            (" HTTPS://Chat.Example.org:443/?a=b#c ", "https://chat.example.org"),
            ("chat.example.org", "https://chat.example.org"),
            ("chat.example.org:8443/team/", "https://chat.example.org:8443/team"),
            ("localhost:7420", "http://localhost:7420"),
            ("[::1]:7420", "http://[::1]:7420"),
        ] {
            assert_eq!(given.parse::<ServerUrl>().expect("an address").to_string(), written, "{given}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in ["", "ftp://example.org", "https://", "https://me:secret@example.org", "a b", "http://x:99999"] {
            assert!(text.parse::<ServerUrl>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn paths_are_escaped_and_kept_below_the_server() {
        let server: ServerUrl = "https://example.org/chat".parse().expect("an address");
        assert_eq!(
            server.join(["api", "v1", "invites", "a/b?"]).as_str(),
            "https://example.org/chat/api/v1/invites/a%2Fb%3F"
        );
        let server: ServerUrl = "https://example.org".parse().expect("an address");
        assert_eq!(server.join(["ws"]).as_str(), "https://example.org/ws");
    }
}
