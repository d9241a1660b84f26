//! A mail server in the test's own process, which takes mail, or behaves as badly as it is told to.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// Longest wait for a mail.
const WAIT: Duration = Duration::from_secs(30);
const GREETING: &[u8] = b"220 test ESMTP\r\n";

/// How a mail server behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpHabit {
    /// It takes every mail.
    Takes,
    /// It refuses every recipient for good, in words that repeat the address.
    RefusesRecipients,
    /// It takes no recipient just now.
    IsBusy,
    /// It takes connections, and never says a word.
    StaysSilent,
    /// It reads one mail to its end and hangs up without an answer; from then on it takes them.
    HangsUpOnce,
    /// It refuses every login.
    RefusesLogins,
}

/// A mail as it arrived.
#[derive(Debug, Clone)]
pub struct ReceivedMail {
    /// The envelope's sender.
    pub from: String,
    /// The envelope's recipient.
    pub to: String,
    /// The message, headers and encoded body.
    pub message: String,
    /// Whether it came over TLS.
    pub is_encrypted: bool,
    /// What the sender logged in with, as it was sent: base64 of its PLAIN form.
    pub login: Option<String>,
}

impl ReceivedMail {
    /// Gives a header's value, on one line, as it is encoded.
    #[must_use]
    pub fn header(&self, name: &str) -> String {
        let head = self.message.split("\r\n\r\n").next().unwrap_or_default().replace("\r\n ", " ");
        let found = head.split("\r\n").filter_map(|line| line.split_once(": ")).find(|(known, _)| *known == name);
        found.map(|(_, value)| value.to_owned()).unwrap_or_default()
    }

    /// Gives the text of the body, decoded.
    #[must_use]
    pub fn text(&self) -> String {
        let body = self.message.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
        if self.header("Content-Transfer-Encoding") != "quoted-printable" {
            return body.to_owned();
        }
        let joined = body.replace("=\r\n", "");
        let mut bytes = Vec::new();
        let mut rest = joined.as_bytes();
        while let Some((&byte, after)) = rest.split_first() {
            let digits = after.get(..2).filter(|_| byte == b'=').and_then(|digits| std::str::from_utf8(digits).ok());
            match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
                Some(decoded) => {
                    bytes.push(decoded);
                    rest = &after[2..];
                }
                None => {
                    bytes.push(byte);
                    rest = after;
                }
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Gives the code in it: the word of 43 letters.
    #[must_use]
    pub fn code(&self) -> String {
        let text = self.text();
        let code = text.split_whitespace().find(|word| word.len() == 43);
        code.unwrap_or_else(|| panic!("no code in {text}")).to_owned()
    }
}

/// What all connections share.
struct Shared {
    habit: Mutex<SmtpHabit>,
    mails: watch::Sender<Vec<ReceivedMail>>,
    connections: watch::Sender<usize>,
    tls: Option<TlsAcceptor>,
    /// Whether it speaks TLS from the first byte.
    is_wrapped: bool,
}

/// A mail server on loopback; it ends with this value.
pub struct SmtpServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    certificate: String,
    accepting: JoinHandle<()>,
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl SmtpServer {
    /// Starts one that speaks in the clear.
    pub async fn start() -> Self {
        Self::start_with(None, false).await
    }

    /// Starts one that offers STARTTLS, with a certificate for `localhost` that it makes itself.
    pub async fn start_encrypted() -> Self {
        Self::start_with(Some(make_certificate()), false).await
    }

    /// Starts one that speaks TLS from the first byte, with a certificate for `localhost` that it makes itself.
    pub async fn start_wrapped() -> Self {
        Self::start_with(Some(make_certificate()), true).await
    }

    async fn start_with(tls: Option<(TlsAcceptor, String)>, is_wrapped: bool) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (mails, connections) = (watch::Sender::new(Vec::new()), watch::Sender::new(0));
        let (tls, certificate) = tls.map_or((None, String::new()), |(tls, certificate)| (Some(tls), certificate));
        let habit = Mutex::new(SmtpHabit::Takes);
        let shared = Arc::new(Shared { habit, mails, connections, tls, is_wrapped });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Self { address, shared, certificate, accepting }
    }

    /// Gives its port on 127.0.0.1.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.address.port()
    }

    /// Gives its certificate, in PEM; nothing where it speaks in the clear.
    #[must_use]
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// Has it behave so from now on.
    pub fn behave(&self, habit: SmtpHabit) {
        *self.shared.habit.lock().unwrap_or_else(PoisonError::into_inner) = habit;
    }

    /// Gives what has arrived.
    #[must_use]
    pub fn mails(&self) -> Vec<ReceivedMail> {
        self.shared.mails.borrow().clone()
    }

    /// Waits until so many mails have arrived since the start, and gives them.
    pub async fn wait_for(&self, count: usize) -> Vec<ReceivedMail> {
        let mut mails = self.shared.mails.subscribe();
        let arrived = mails.wait_for(|mails| mails.len() >= count);
        tokio::time::timeout(WAIT, arrived).await.expect("mail in time").expect("a server").clone()
    }

    /// Waits until so many connections were made since the start.
    pub async fn wait_for_connections(&self, count: usize) {
        let mut connections = self.shared.connections.subscribe();
        let made = connections.wait_for(|made| *made >= count);
        let _count = tokio::time::timeout(WAIT, made).await.expect("a connection in time").expect("a server");
    }
}

/// Makes a certificate for `localhost`, and gives it in PEM beside what speaks TLS with it.
fn make_certificate() -> (TlsAcceptor, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions of TLS")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .expect("a key that fits");
    (TlsAcceptor::from(Arc::new(config)), made.cert.pem())
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        shared.connections.send_modify(|count| *count += 1);
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            // Whoever hangs up is done with it.
            let _ended = serve(stream, &shared).await;
        });
    }
}

impl Shared {
    fn habit(&self) -> SmtpHabit {
        *self.habit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn serve(mut stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    if shared.habit() == SmtpHabit::StaysSilent {
        return std::future::pending().await;
    }
    if let Some(tls) = shared.tls.as_ref().filter(|_| shared.is_wrapped) {
        let mut stream = tls.accept(stream).await?;
        stream.write_all(GREETING).await?;
        let stream = BufReader::new(stream);
        return Talk { stream, is_encrypted: true, login: None }.go_on(shared).await.map(drop);
    }
    stream.write_all(GREETING).await?;
    let mut talk = Talk { stream: BufReader::new(stream), is_encrypted: false, login: None };
    if !talk.go_on(shared).await? {
        return Ok(());
    }
    let Some(tls) = &shared.tls else { return Ok(()) };
    let stream = BufReader::new(tls.accept(talk.stream.into_inner()).await?);
    Talk { stream, is_encrypted: true, login: None }.go_on(shared).await.map(drop)
}

/// One connection, in the clear or over TLS.
struct Talk<S> {
    stream: BufReader<S>,
    is_encrypted: bool,
    login: Option<String>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Talk<S> {
    async fn say(&mut self, line: &str) -> std::io::Result<()> {
        self.stream.get_mut().write_all(format!("{line}\r\n").as_bytes()).await?;
        self.stream.get_mut().flush().await
    }

    /// Answers commands; true where TLS begins.
    async fn go_on(&mut self, shared: &Shared) -> std::io::Result<bool> {
        let (mut from, mut to) = (String::new(), String::new());
        let mut line = String::new();
        loop {
            line.clear();
            if self.stream.read_line(&mut line).await? == 0 {
                return Ok(false);
            }
            let command = line.trim_end().to_owned();
            let address = || command.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
            match command.split([' ', ':']).next().unwrap_or_default() {
                "EHLO" => self.say(self.greeting(shared)).await?,
                "STARTTLS" => {
                    self.say("220 go on").await?;
                    return Ok(true);
                }
                "AUTH" if shared.habit() == SmtpHabit::RefusesLogins => self.say("535 5.7.8 no").await?,
                "AUTH" => {
                    self.login = command.rsplit(' ').next().map(str::to_owned);
                    self.say("235 2.7.0 welcome").await?;
                }
                "MAIL" => {
                    from = address();
                    self.say("250 2.1.0 fine").await?;
                }
                "RCPT" => {
                    to = address();
                    self.say(&answer_to_recipient(shared.habit(), &to)).await?;
                }
                "DATA" => {
                    self.say("354 go on").await?;
                    let message = self.read_message().await?;
                    if shared.habit() == SmtpHabit::HangsUpOnce {
                        *shared.habit.lock().unwrap_or_else(PoisonError::into_inner) = SmtpHabit::Takes;
                        return Ok(false);
                    }
                    let (from, to, login) = (from.clone(), to.clone(), self.login.clone());
                    let mail = ReceivedMail { from, to, message, is_encrypted: self.is_encrypted, login };
                    shared.mails.send_modify(|mails| mails.push(mail));
                    self.say("250 2.0.0 taken").await?;
                }
                "QUIT" => {
                    self.say("221 2.0.0 bye").await?;
                    return Ok(false);
                }
                _ => self.say("502 5.5.1 what").await?,
            }
        }
    }

    const fn greeting(&self, shared: &Shared) -> &'static str {
        match (&shared.tls, self.is_encrypted) {
            (Some(_), false) => "250-test\r\n250 STARTTLS",
            _ => "250-test\r\n250 AUTH PLAIN LOGIN",
        }
    }

    /// Reads up to the line that is a dot, and takes the dots away that were put before others (RFC 5321, section 4.5.2).
    async fn read_message(&mut self) -> std::io::Result<String> {
        let mut message = String::new();
        let mut line = String::new();
        loop {
            line.clear();
            if self.stream.read_line(&mut line).await? == 0 || line == ".\r\n" {
                return Ok(message);
            }
            message.push_str(line.strip_prefix('.').unwrap_or(&line));
        }
    }
}

fn answer_to_recipient(habit: SmtpHabit, to: &str) -> String {
    match habit {
        SmtpHabit::RefusesRecipients => format!("550 5.1.1 <{to}> is nobody here"),
        SmtpHabit::IsBusy => "451 4.3.0 another time".to_owned(),
        SmtpHabit::Takes | SmtpHabit::StaysSilent | SmtpHabit::HangsUpOnce | SmtpHabit::RefusesLogins => {
            "250 2.1.5 fine".to_owned()
        }
    }
}
