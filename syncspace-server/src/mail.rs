//! Mail over SMTP; the only room that names lettre.
//!
//! Owns how a letter becomes a message and reaches the operator's mail server: encryption, login, time limits, and whose fault
//! it is where that fails. What is sent, to whom, and when again, is the service's. Addresses and texts are in no error that is
//! logged.

use std::error::Error as StdError;
use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use lettre::Address;
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue, MIME_VERSION_1_0};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret as _, SecretString};
use syncspace_protocol::limits::MAIL_ERROR_CHARS_MAX;
use syncspace_protocol::text::{clean_line, clean_text};
use syncspace_protocol::{Email, Time};
use tokio::time::timeout;
use url::{Host, Url};

/// Longest wait for a connection.
const CONNECT_WAIT: Duration = Duration::from_secs(10);
/// Longest time that one mail may take, the connection included.
const SEND_WAIT: Duration = Duration::from_secs(60);
/// Longest wait for a goodbye: the mail is sent by then.
const QUIT_WAIT: Duration = Duration::from_secs(2);
/// Longest subject, in characters.
const SUBJECT_CHARS_MAX: usize = 200;
/// Port of `smtp://` where none is named (RFC 6409).
const SUBMISSION_PORT: u16 = 587;
/// Port of `smtps://` where none is named (RFC 8314).
const SUBMISSIONS_PORT: u16 = 465;

/// How the connection is kept from others' eyes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encryption {
    /// From the first byte.
    Tls,
    /// By STARTTLS, without which nothing is sent.
    StartTls,
    /// Not at all.
    None,
}

/// A mail server, and how to log in to it.
#[derive(Debug, Clone)]
pub struct SmtpUrl {
    host: String,
    port: u16,
    encryption: Encryption,
    login: Option<(String, SecretString)>,
}

impl FromStr for SmtpUrl {
    type Err = String;

    /// Never repeats the text: it may hold a password.
    fn from_str(text: &str) -> Result<Self, String> {
        let shape = || "must be an address like smtp://USER:PASSWORD@mail.example.org:587 or smtps://…:465".to_owned();
        let url = Url::parse(text).map_err(|_| shape())?;
        // What is no scheme of the web keeps its host as it is written.
        let host = Host::parse(url.host_str().filter(|host| !host.is_empty()).ok_or_else(shape)?);
        let host = host.map_err(|_| shape())?;
        let is_loopback = match &host {
            Host::Domain(name) => name == "localhost",
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        };
        let encryption = match (url.scheme(), url.query()) {
            ("smtps", None) => Encryption::Tls,
            ("smtp", Some("tls=none")) => Encryption::None,
            ("smtp", Some("tls=required")) => Encryption::StartTls,
            ("smtp", None) if is_loopback => Encryption::None,
            ("smtp", None) => Encryption::StartTls,
            ("smtp" | "smtps", Some(_)) => {
                return Err("takes ?tls=none or ?tls=required after smtp://, and nothing else".to_owned());
            }
            _ => return Err(shape()),
        };
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err(shape());
        }
        let decode =
            |part: &str| percent_decode_str(part).decode_utf8().map(|part| part.into_owned()).map_err(|_| shape());
        let login = match (url.username(), url.password()) {
            ("", None) => None,
            (user, Some(password)) if !user.is_empty() => Some((decode(user)?, SecretString::from(decode(password)?))),
            _ => return Err("needs user and password together, or none of them".to_owned()),
        };
        let default_port = if encryption == Encryption::Tls { SUBMISSIONS_PORT } else { SUBMISSION_PORT };
        let host = match host {
            Host::Ipv6(address) => address.to_string(),
            host => host.to_string(),
        };
        Ok(Self { host, port: url.port().unwrap_or(default_port), encryption, login })
    }
}

/// Without user and password.
impl fmt::Display for SmtpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, query) = match self.encryption {
            Encryption::Tls => ("smtps", ""),
            Encryption::StartTls => ("smtp", "?tls=required"),
            Encryption::None => ("smtp", "?tls=none"),
        };
        let login = if self.login.is_some() { "(hidden)@" } else { "" };
        let (open, close) = if self.host.contains(':') { ("[", "]") } else { ("", "") };
        write!(f, "{scheme}://{login}{open}{}{close}:{}{query}", self.host, self.port)
    }
}

/// Who a mail is from, as `From:` says it.
#[derive(Debug, Clone)]
pub struct Sender(Mailbox);

impl FromStr for Sender {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse()
            .map(Self)
            .map_err(|_| "must be an address like chat@example.org or SyncSpace <chat@example.org>".to_owned())
    }
}

impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What is sent to somebody.
#[derive(Clone)]
pub(crate) struct Letter {
    /// Names it for ever: a mail that comes twice is known by it.
    pub(crate) name: String,
    pub(crate) to: Email,
    pub(crate) subject: String,
    pub(crate) body: String,
    pub(crate) at: Time,
}

/// Nothing of it: all of that is private.
impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Letter").finish_non_exhaustive()
    }
}

/// Why a mail was not sent. Its words are fit for a log: they hold nothing that came from people or from the mail server.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// Nothing is wrong with the mail; another time it may go.
    #[error("{0}")]
    Unserved(String),
    /// The mail server wants it never.
    #[error("the mail server refused it for good, with status {status}")]
    Refused {
        /// Its status, like 550.
        status: u16,
        /// Its words, cleaned, for whoever had it sent.
        words: String,
    },
    /// No mail can be written to this address.
    #[error("the address is none that mail can be sent to")]
    OddAddress,
}

impl MailError {
    /// Tells whether the same mail may go another time.
    pub(crate) const fn may_pass(&self) -> bool {
        matches!(self, Self::Unserved(_))
    }

    /// Gives the status of the mail server, where it refused the mail.
    pub(crate) const fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            Self::Unserved(_) | Self::OddAddress => None,
        }
    }

    /// Gives the reason for whoever had it sent, with the words of the mail server: not for logs.
    #[must_use]
    pub fn reason(&self) -> String {
        let reason = match self {
            Self::Refused { status, words } => format!("the mail server refused it for good: {status} {words}"),
            Self::Unserved(_) | Self::OddAddress => self.to_string(),
        };
        reason.chars().take(MAIL_ERROR_CHARS_MAX).collect()
    }
}

/// Why there is no mailer to start with.
#[derive(Debug, thiserror::Error)]
pub enum MailerError {
    /// The file with certificates cannot be read.
    #[error("cannot read the certificates in {path}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// It has none, or the system has none.
    #[error("cannot use the certificates: {0}")]
    Certificates(String),
}

/// Sends letters; clones share nothing but their settings.
#[derive(Clone)]
pub struct Mailer {
    server: SmtpUrl,
    sender: Sender,
    public_url: Url,
    tls: Option<TlsParameters>,
    hello: ClientId,
    send_wait: Duration,
}

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailer").field("server", &format_args!("{}", self.server)).finish_non_exhaustive()
    }
}

impl Mailer {
    /// Makes a mailer; nothing is asked of the mail server yet.
    pub fn new(
        server: SmtpUrl,
        sender: Sender,
        public_url: Url,
        certificates: Option<&Path>,
    ) -> Result<Self, MailerError> {
        let tls = match server.encryption {
            Encryption::None => None,
            Encryption::Tls | Encryption::StartTls => Some(tls_parameters(&server.host, certificates)?),
        };
        let hello = match public_url.host() {
            Some(Host::Domain(name)) => ClientId::Domain(name.to_owned()),
            Some(Host::Ipv4(address)) => ClientId::Ipv4(address),
            Some(Host::Ipv6(address)) => ClientId::Ipv6(address),
            None => ClientId::default(),
        };
        Ok(Self { server, sender, public_url, tls, hello, send_wait: SEND_WAIT })
    }

    /// Gives where people reach the server, without a slash at its end.
    pub(crate) fn public_url(&self) -> &str {
        self.public_url.as_str().trim_end_matches('/')
    }

    /// Tells whether mail can be written to this address.
    pub(crate) fn takes(to: &Email) -> bool {
        to.as_str().parse::<Address>().is_ok()
    }

    /// Sends a letter that says that mail works; for the operator.
    pub async fn send_test(&self, to: Email, now: Time) -> Result<(), MailError> {
        let body = format!("Mail from the SyncSpace server at {} arrives here.\n", self.public_url());
        let name = format!("test-{:016x}", fastrand::u64(..));
        self.send(&Letter { name, to, subject: "SyncSpace sends mail".to_owned(), body, at: now }).await
    }

    /// Sends a letter; it is with the mail server when this returns.
    pub(crate) async fn send(&self, letter: &Letter) -> Result<(), MailError> {
        let to: Address = letter.to.as_str().parse().map_err(|_| MailError::OddAddress)?;
        let message = self.message(letter, to.clone())?;
        let sending = async {
            let mut connection = self.connect().await?;
            self.hand_over(&mut connection, to, &message.formatted()).await?;
            Ok(connection)
        };
        let silent = |_| MailError::Unserved("the mail server did not answer in time".to_owned());
        let mut connection = timeout(self.send_wait, sending).await.map_err(silent)??;
        // Out of courtesy: it is sent, whatever comes of this.
        let _goodbye = timeout(QUIT_WAIT, connection.quit()).await;
        Ok(())
    }

    /// Writes the message. Whatever of it people wrote is cleaned: a header is one line, and the body is text.
    fn message(&self, letter: &Letter, to: Address) -> Result<Message, MailError> {
        let subject: String = clean_line(&letter.subject).chars().take(SUBJECT_CHARS_MAX).collect();
        let at = u64::try_from(letter.at.unix_ms()).unwrap_or(0);
        let message = Message::builder()
            .from(self.sender.0.clone())
            .to(Mailbox::new(None, to))
            .subject(subject)
            .date(std::time::UNIX_EPOCH + Duration::from_millis(at))
            .message_id(Some(format!("<{}@{}>", letter.name, self.sender.0.email.domain())))
            .header(MIME_VERSION_1_0)
            .header(ContentType::TEXT_PLAIN)
            .header(AutoSubmitted);
        message.body(clean_text(&letter.body).into_owned()).map_err(|_| MailError::OddAddress)
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, MailError> {
        let unserved = |error: smtp::Error| MailError::Unserved(said(&error, "cannot reach the mail server"));
        let from_first = self.tls.clone().filter(|_| self.server.encryption == Encryption::Tls);
        let address = (self.server.host.as_str(), self.server.port);
        let connecting =
            AsyncSmtpConnection::connect_tokio1(address, Some(CONNECT_WAIT), &self.hello, from_first, None);
        let mut connection = connecting.await.map_err(unserved)?;
        if self.server.encryption == Encryption::StartTls
            && let Some(tls) = self.tls.clone()
        {
            if !connection.can_starttls() {
                let sentence = "the mail server offers no encryption (STARTTLS); smtps:// may be right, or ?tls=none";
                return Err(MailError::Unserved(sentence.to_owned()));
            }
            connection.starttls(tls, &self.hello).await.map_err(unserved)?;
        }
        if let Some((user, password)) = &self.server.login {
            let credentials = Credentials::new(user.clone(), password.expose_secret().to_owned());
            let login = connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials).await;
            login.map_err(|error| MailError::Unserved(said(&error, "the mail server refused the login")))?;
        }
        Ok(connection)
    }

    async fn hand_over(
        &self,
        connection: &mut AsyncSmtpConnection,
        to: Address,
        message: &[u8],
    ) -> Result<(), MailError> {
        let mut parameters = Vec::new();
        if !AsRef::<str>::as_ref(&to).is_ascii() {
            if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
                return Err(MailError::OddAddress);
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        // Not this mail's fault: it is the sender that is not wanted, and so is every other mail.
        let sender = connection.command(Mail::new(Some(self.sender.0.email.clone()), parameters)).await;
        sender.map_err(|error| MailError::Unserved(said(&error, "the mail server refused the sender, smtp_from")))?;
        connection.command(Rcpt::new(to, Vec::new())).await.map_err(judge)?;
        connection.command(Data).await.map_err(judge)?;
        connection.message(message).await.map(drop).map_err(judge)
    }
}

fn tls_parameters(host: &str, certificates: Option<&Path>) -> Result<TlsParameters, MailerError> {
    let odd = |error: smtp::Error| MailerError::Certificates(error.to_string());
    let builder = TlsParameters::builder(host.to_owned());
    let Some(path) = certificates else { return builder.build_rustls().map_err(odd) };
    let pem =
        std::fs::read(path).map_err(|source| MailerError::Unreadable { path: path.display().to_string(), source })?;
    let certificates = Certificate::from_pem(&pem).map_err(odd)?;
    builder.certificate_store(CertificateStore::None).add_root_certificate(certificates).build_rustls().map_err(odd)
}

/// Tells whether a refusal is for good.
fn judge(error: smtp::Error) -> MailError {
    match error.status() {
        Some(status) if error.is_permanent() => {
            let words = error.source().map(ToString::to_string).unwrap_or_default();
            MailError::Refused { status: status.into(), words: clean_line(&words).into_owned() }
        }
        _ => MailError::Unserved(said(&error, "the mail server did not take it")),
    }
}

/// Says what went wrong, without the words of the mail server: they may repeat an address.
fn said(error: &smtp::Error, what: &str) -> String {
    if let Some(status) = error.status() {
        return format!("{what}, with status {}", u16::from(status));
    }
    if error.is_response() {
        return format!("{what}: it ended the connection, or answered what is no SMTP");
    }
    let mut text = what.to_owned();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

/// Says that no person wrote it, so that no program answers it (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn StdError + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mailer(server: &str) -> Mailer {
        let url = Url::parse("https://chat.example.org/").expect("an address");
        let sender = "SyncSpace <chat@example.org>".parse().expect("a sender");
        Mailer::new(server.parse().expect("a server"), sender, url, None).expect("a mailer")
    }

    #[test]
    fn a_server_is_encrypted_unless_it_is_this_machine_or_somebody_says_otherwise() {
        for (text, encryption, port) in [
            ("smtp://mail.example.org", Encryption::StartTls, 587),
            ("smtp://mail.example.org:25/", Encryption::StartTls, 25),
            ("smtps://mail.example.org", Encryption::Tls, 465),
            ("smtp://127.0.0.1:25", Encryption::None, 25),
            ("smtp://[::1]", Encryption::None, 587),
            ("smtp://localhost", Encryption::None, 587),
            ("smtp://localhost?tls=required", Encryption::StartTls, 587),
            ("smtp://10.0.0.7:25?tls=none", Encryption::None, 25),
        ] {
            let url: SmtpUrl = text.parse().expect(text);
            assert_eq!((url.encryption, url.port), (encryption, port), "{text}");
        }
    }

    #[test]
    fn user_and_password_are_decoded_and_never_shown() {
        let url: SmtpUrl = "smtp://me%40example.org:s%2Fhush@mail.example.org".parse().expect("a server");
        let (user, password) = url.login.as_ref().expect("a login");
        assert_eq!((user.as_str(), password.expose_secret()), ("me@example.org", "s/hush"));
        for shown in [format!("{url:?}"), url.to_string()] {
            assert!(!shown.contains("hush"), "{shown}");
        }
        assert_eq!(url.to_string(), "smtp://(hidden)@mail.example.org:587?tls=required");
    }

    #[test]
    fn what_is_no_mail_server_is_refused_without_repeating_it() {
        for text in [
            "",
            "mail.hush.org",
            "http://hush.org",
            "smtp://",
            "smtp://hush.org/path",
            "smtp://hush.org?tls=no",
            "smtps://hush.org?tls=none",
            "smtp://hush@mail.example.org",
            "smtp://:hush@mail.example.org",
        ] {
            let problem = text.parse::<SmtpUrl>().expect_err(text);
            assert!(!problem.contains("hush"), "{problem}");
        }
    }

    #[test]
    fn nobody_writes_a_header_or_a_control_into_a_mail() {
        let letter = Letter {
            name: "0a".to_owned(),
            to: "bob@example.org".parse().expect("an address"),
            subject: "x\r\nBcc: eve@example.org\u{1b}[31m".to_owned(),
            body: "Grüße\u{1b}[31m\u{202e}\n.\n\r\nBcc: eve@example.org\n".to_owned(),
            at: "2026-11-22T17:26:21.500Z".parse().expect("a time"),
        };
        let to = letter.to.as_str().parse().expect("an address");
        let message = mailer("smtp://127.0.0.1").message(&letter, to).expect("a message").formatted();
        let text = String::from_utf8(message).expect("text");
        let (head, body) = text.split_once("\r\n\r\n").expect("a body");
        let names: Vec<_> = head.split("\r\n").filter_map(|line| line.split_once(": ")).map(|(name, _)| name).collect();
        let all = [
            "From",
            "To",
            "Subject",
            "Date",
            "Message-ID",
            "Content-Type",
            "Auto-Submitted",
            "MIME-Version",
            "Content-Transfer-Encoding",
        ];
        assert!(names.iter().all(|name| all.contains(name)) && names.len() == all.len(), "{head}");
        assert!(head.contains("Date: Sun, 22 Nov 2026 17:26:21 +0000") && head.contains("<0a@example.org>"), "{head}");
        assert!(!text.contains('\u{1b}') && text.is_ascii(), "{text}");
        assert!(body.contains("Gr=C3=BC=C3=9Fe"), "{body}");
        assert!(body.lines().all(|line| line.len() <= 76), "{body}");
    }

    #[tokio::test]
    async fn a_mail_server_that_says_nothing_is_left_in_time() {
        // Connections are taken by the system; nobody reads them.
        let silent = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = silent.local_addr().expect("an address").port();
        let impatient = Mailer { send_wait: Duration::from_millis(50), ..mailer(&format!("smtp://127.0.0.1:{port}")) };
        let to = "bob@example.org".parse().expect("an address");
        let error = impatient.send_test(to, Time::from_unix_ms(0).expect("a time")).await.expect_err("it is silent");
        assert!(error.may_pass() && error.to_string() == "the mail server did not answer in time", "{error}");
    }

    #[test]
    fn a_refusal_is_told_in_full_to_whoever_sent_it_and_by_number_to_the_log() {
        let error = MailError::Refused { status: 550, words: format!("bob@example.org {}", "x".repeat(300)) };
        assert_eq!(error.to_string(), "the mail server refused it for good, with status 550");
        assert!(
            error.reason().contains("550 bob@example.org") && error.reason().chars().count() == MAIL_ERROR_CHARS_MAX
        );
    }
}
