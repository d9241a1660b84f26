//! Requests to addresses that people name: hooks and commands.
//!
//! Owns where such a request may go: not into private networks, unless the operator lists them. A name is resolved here and the
//! connection made to the address that was checked, so that another answer a moment later changes nothing; each redirect is
//! checked like the first address. Time, redirects and the length of the answer are bounded.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use url::{Host, Url};

/// Longest wait for a connection.
const CONNECT_WAIT: Duration = Duration::from_secs(3);
/// Most redirects that are followed.
const REDIRECTS_MAX: usize = 3;
/// Longest answer that is read, in bytes.
pub const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// A host or network of the operator's that may be reached though it is private.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allowed {
    /// A host by its name.
    Host(String),
    /// All addresses that begin with so many bits of this one.
    Net(IpAddr, u8),
}

impl std::str::FromStr for Allowed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        if let Ok(address) = address.parse::<IpAddr>() {
            let most = if address.is_ipv4() { 32 } else { 128 };
            let bits = bits.map_or(Ok(most), str::parse).ok().filter(|bits| *bits <= most);
            return bits.map(|bits| Self::Net(address, bits)).ok_or_else(|| format!("`{text}` is no network"));
        }
        let is_name = bits.is_none()
            && !text.is_empty()
            && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
        if is_name {
            Ok(Self::Host(text.to_ascii_lowercase()))
        } else {
            Err(format!("`{text}` is no host, no address and no network like 10.1.0.0/16"))
        }
    }
}

impl std::fmt::Display for Allowed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Host(name) => f.write_str(name),
            Self::Net(address, bits) => write!(f, "{address}/{bits}"),
        }
    }
}

/// Which addresses may be reached.
#[derive(Debug, Clone)]
struct Gate(Arc<[Allowed]>);

impl Gate {
    fn lets_pass(&self, host: Option<&str>, address: IpAddr) -> bool {
        let address = address.to_canonical();
        is_public(address)
            || self.0.iter().any(|allowed| match allowed {
                Allowed::Host(name) => host.is_some_and(|host| host.eq_ignore_ascii_case(name)),
                Allowed::Net(net, bits) => is_within(address, net.to_canonical(), *bits),
            })
    }
}

fn is_within(address: IpAddr, net: IpAddr, bits: u8) -> bool {
    match (address, net) {
        (IpAddr::V4(address), IpAddr::V4(net)) => {
            let mask = u32::MAX.checked_shl(32_u32.saturating_sub(bits.into())).unwrap_or(0);
            u32::from(address) & mask == u32::from(net) & mask
        }
        (IpAddr::V6(address), IpAddr::V6(net)) => {
            let mask = u128::MAX.checked_shl(128_u32.saturating_sub(bits.into())).unwrap_or(0);
            u128::from(address) & mask == u128::from(net) & mask
        }
        _ => false,
    }
}

/// Tells whether an address is one of the open net (IANA's registries of special addresses).
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_documentation()
        || address.is_multicast()
        || a == 0
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (b == 18 || b == 19))
        || a >= 240;
    !is_special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, d, e, f, g, h] = address.segments();
    // Addresses that lead to an IPv4 address are what that one is: NAT64 and 6to4.
    let inner = |high: u16, low: u16| is_public_v4(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)));
    match (a, b) {
        // The local prefixes beside it (RFC 8215) hold theirs elsewhere, and lead into somebody's own network.
        (0x64, 0xff9b) => return [c, d, e, f] == [0; 4] && inner(g, h),
        (0x2002, high) => return inner(high, c),
        _ => {}
    }
    // The open net is 2000::/3; the special parts of it are taken out.
    let is_global = a & 0xe000 == 0x2000;
    let is_special = (a == 0x2001 && (b < 0x0200 || b == 0xdb8)) || (a == 0x3fff && b < 0x1000);
    is_global && !is_special
}

/// An address that may not be reached.
#[derive(Debug, thiserror::Error)]
#[error("it leads into a private network")]
struct Private;

impl Resolve for Gate {
    fn resolve(&self, name: Name) -> Resolving {
        let gate = self.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let open: Vec<SocketAddr> = found.filter(|at| gate.lets_pass(Some(name.as_str()), at.ip())).collect();
            if open.is_empty() { Err(Private.into()) } else { Ok(Box::new(open.into_iter()) as Addrs) }
        })
    }
}

/// Why a request was of no use.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// The address, or a redirect, leads where nothing may go. Trying again is of no use.
    #[error("the address leads into a private network, which this server does not reach")]
    Refused,
    /// It is no address, or a redirect leads to none. Trying again is of no use.
    #[error("the address cannot be used")]
    Odd,
    /// One redirect came after the other.
    #[error("it redirects more than {REDIRECTS_MAX} times")]
    Redirects,
    /// No answer came in time.
    #[error("it did not answer within {} s", .0.as_secs())]
    TimedOut(Duration),
    /// The answer is too long. The target has what was sent: trying again would tell it twice.
    #[error("its answer, with status {status}, is longer than {ANSWER_BYTES_MAX} bytes")]
    TooLong {
        /// The status.
        status: u16,
    },
    /// The connection could not be made, or broke.
    #[error("it cannot be reached")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What a target answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body, as it came.
    pub body: Vec<u8>,
}

impl Answer {
    /// Tells whether the target took it.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        self.status >= 200 && self.status < 300
    }
}

/// What is sent.
#[derive(Debug, Clone)]
pub struct Post {
    /// Where to.
    pub url: String,
    /// Type of the body.
    pub media_type: &'static str,
    /// Headers beside it.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// Longest time for all of it, redirects and answer included.
    pub wait: Duration,
}

/// Sends what people have sent.
#[derive(Debug)]
pub struct Outbound {
    gate: Gate,
    /// Made with the first request: reading the system's certificates takes a while, and most servers have no hooks.
    client: OnceLock<Result<reqwest::Client, Arc<reqwest::Error>>>,
}

impl Outbound {
    /// Lets requests go to the open net and to these.
    #[must_use]
    pub fn new(allowed: Vec<Allowed>) -> Self {
        Self { gate: Gate(allowed.into()), client: OnceLock::new() }
    }

    /// Posts, and gives the answer, whatever its status.
    pub async fn post(&self, post: &Post) -> Result<Answer, OutboundError> {
        let exchange = tokio::time::timeout(post.wait, self.follow(post)).await;
        exchange.unwrap_or(Err(OutboundError::TimedOut(post.wait)))
    }

    async fn follow(&self, post: &Post) -> Result<Answer, OutboundError> {
        let mut url = Url::parse(&post.url).map_err(|_| OutboundError::Odd)?;
        for _ in 0..=REDIRECTS_MAX {
            self.check(&url)?;
            let response = self.send(&url, post).await?;
            let Some(next) = redirect(&url, &response) else { return read(response).await };
            url = next?;
        }
        Err(OutboundError::Redirects)
    }

    /// Tells whether a URL leads to an address that may not be reached, as far as it can be seen before its name is resolved.
    #[must_use]
    pub fn refuses(&self, url: &Url) -> bool {
        matches!(self.check(url), Err(OutboundError::Refused))
    }

    /// Checks what is no name: an address that stands in the URL is not resolved.
    fn check(&self, url: &Url) -> Result<(), OutboundError> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(OutboundError::Odd);
        }
        let address = match url.host() {
            Some(Host::Ipv4(address)) => IpAddr::V4(address),
            Some(Host::Ipv6(address)) => IpAddr::V6(address),
            Some(Host::Domain(_)) => return Ok(()),
            None => return Err(OutboundError::Odd),
        };
        if self.gate.lets_pass(url.host_str(), address) { Ok(()) } else { Err(OutboundError::Refused) }
    }

    async fn send(&self, url: &Url, post: &Post) -> Result<reqwest::Response, OutboundError> {
        let client = self.client.get_or_init(|| self.build().map_err(Arc::new));
        let client = client.as_ref().map_err(|error| OutboundError::Unreachable(Arc::clone(error).into()))?;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(post.media_type));
        for (name, value) in &post.headers {
            let value = HeaderValue::from_str(value).map_err(|_| OutboundError::Odd)?;
            headers.insert(HeaderName::from_static(name), value);
        }
        let sent = client.post(url.clone()).headers(headers).body(post.body.clone()).send().await;
        sent.map_err(unreachable)
    }

    fn build(&self) -> Result<reqwest::Client, reqwest::Error> {
        reqwest::Client::builder()
            .connect_timeout(CONNECT_WAIT)
            .user_agent(concat!("syncspace/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            // A proxy would resolve the name anew.
            .no_proxy()
            .dns_resolver(Arc::new(self.gate.clone()))
            .build()
    }
}

/// Gives where a response leads to, if it does: the request goes there as it is.
fn redirect(from: &Url, response: &reqwest::Response) -> Option<Result<Url, OutboundError>> {
    if !matches!(response.status().as_u16(), 301 | 302 | 307 | 308) {
        return None;
    }
    let location = response.headers().get(LOCATION)?.to_str().ok()?;
    Some(from.join(location).map_err(|_| OutboundError::Odd))
}

async fn read(mut response: reqwest::Response) -> Result<Answer, OutboundError> {
    let status = response.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(OutboundError::TooLong { status });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, body })
}

fn unreachable(error: reqwest::Error) -> OutboundError {
    let causes = std::iter::successors(Some(&error as &(dyn std::error::Error + 'static)), |cause| cause.source());
    if causes.into_iter().any(|cause| cause.is::<Private>()) {
        return OutboundError::Refused;
    }
    // The address stands with the hook already, and may hold a secret.
    OutboundError::Unreachable(error.without_url().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(allowed: &[&str]) -> Gate {
        Gate(allowed.iter().map(|text| text.parse().expect("a target")).collect())
    }

    #[test]
    fn only_the_open_net_is_public() {
        for address in ["1.1.1.1", "8.8.8.8", "100.63.255.255", "172.32.0.1", "2606:4700::1111", "64:ff9b::808:808"] {
            assert!(is_public(address.parse().expect("an address")), "{address}");
        }
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254",
            "172.16.0.1",
            "192.0.0.8",
            "192.168.1.1",
            "198.18.0.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::a00:1",
            "64:ff9b:1:a00:0:100:808:808",
            "2002:7f00:1::",
            "2002:a9fe:a9fe::",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "100::1",
        ] {
            assert!(!is_public(address.parse().expect("an address")), "{address}");
        }
    }

    #[test]
    fn what_the_operator_lists_may_be_reached() {
        let gate = gate(&["10.1.0.0/16", "fd00::/8", "192.168.1.7", "Chat.internal", "::ffff:172.16.0.1"]);
        let passes = |host, address: &str| gate.lets_pass(host, address.parse().expect("an address"));
        assert!(passes(None, "10.1.255.255") && !passes(None, "10.2.0.0"));
        assert!(passes(None, "fd12::1") && !passes(None, "fe80::1"));
        assert!(passes(None, "192.168.1.7") && !passes(None, "192.168.1.8"));
        assert!(passes(Some("chat.INTERNAL"), "127.0.0.1") && !passes(Some("other.internal"), "127.0.0.1"));
        assert!(passes(None, "8.8.8.8"));
        for odd in ["", "10.0.0.0/33", "10.0.0.0/x", "a b", "host/8", "http://host"] {
            assert!(odd.parse::<Allowed>().is_err(), "{odd}");
        }
        assert!(gate.lets_pass(None, "10.1.0.1".parse().expect("an address")));
        assert!(super::tests::gate(&["0.0.0.0/0"]).lets_pass(None, "127.0.0.1".parse().expect("an address")));
    }

    #[tokio::test]
    async fn private_addresses_are_refused_before_anything_is_sent() {
        let outbound = Outbound::new(Vec::new());
        for url in [
            "http://127.0.0.1:1/",
            "http://localhost:1/",
            "http://[::1]:1/",
            "http://[::ffff:127.0.0.1]:1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://169.254.169.254/latest/meta-data",
        ] {
            let post = Post {
                url: url.to_owned(),
                media_type: "application/json",
                headers: Vec::new(),
                body: Vec::new(),
                wait: Duration::from_secs(20),
            };
            let outcome = outbound.post(&post).await;
            assert!(matches!(outcome, Err(OutboundError::Refused)), "{url}: {outcome:?}");
        }
    }
}
