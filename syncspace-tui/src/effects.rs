//! Does what the state asks for: each effect is a task of its own that answers with an event.

pub(crate) mod all;
mod disk;
mod files;
mod folders;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::anyhow;
use syncspace_client::{Client, ClientError, ConnectOptions, Connection, CredentialStore, ServerUrl, Update};
use syncspace_protocol::auth::{Login, Register, ResetPassword, Secret, ServerInfo};
use syncspace_protocol::messages::{EditMessage, MessageQuery};
use syncspace_protocol::page::CursorQuery;
use syncspace_protocol::personal::{Draft, DraftQuery, PutDraft};
use syncspace_protocol::teams::CreateInvite;
use syncspace_protocol::users::User;
use syncspace_protocol::{Epoch, Rev, Seq, TeamId, UserId};
use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::timeout;

use crate::app::arriving::Wanted;
use crate::app::composer::DraftKey;
use crate::app::message::{Answer, Failure, TeamContents};
use crate::app::timeline::Part;
use crate::app::{Effect, Net};
use crate::cache::Cache;
use crate::news::News;

/// Messages in one page of history.
const PAGE_MESSAGES: u32 = 100;
/// Drafts in one page, and pages that are read: all that a person may have in a team.
const DRAFT_PAGE: u32 = 100;
const DRAFT_PAGES_MAX: usize = 5;
/// Longest wait for a clean end of the connection.
const CLOSE_WAIT: Duration = Duration::from_millis(500);

/// What an account finds on this machine.
pub(crate) struct Desk {
    /// Where its login is saved.
    pub(crate) store: CredentialStore,
    /// The file with the bootstrap token of a local server.
    pub(crate) bootstrap_file: Option<PathBuf>,
    /// Tells the keeper of the local server that it is missed.
    pub(crate) missed: Option<mpsc::Sender<()>>,
    /// Whose account it was last.
    pub(crate) owner: Option<UserId>,
}

/// Does the effects of one account.
pub(crate) struct Effects {
    desk: Desk,
    client: Option<Client>,
    connection: Option<Connection>,
    /// What is kept on disk of the account.
    cache: Option<Cache>,
    /// Passes the connection's updates on.
    updates: Option<AbortHandle>,
    /// Whose presence is to be shown.
    watched: watch::Sender<Vec<UserId>>,
    tasks: JoinSet<()>,
    answers: News,
}

impl Effects {
    pub(crate) fn new(desk: Desk, answers: News) -> Self {
        Self {
            desk,
            client: None,
            connection: None,
            cache: None,
            updates: None,
            watched: watch::Sender::default(),
            tasks: JoinSet::new(),
            answers,
        }
    }

    /// Saves the login elsewhere from now on: another server was named.
    pub(crate) fn sit_at(&mut self, desk: Desk) {
        self.desk = desk;
    }

    /// Makes the client of a server; gives whose login is saved.
    pub(crate) fn find_login(&mut self, address: &str) -> Option<UserId> {
        match self.client_for(address) {
            Ok(client) => client.credentials().map(|credentials| credentials.user_id),
            Err(error) => {
                tracing::warn!(%error, "no saved login");
                None
            }
        }
    }

    fn answer_later(&mut self, answer: impl Future<Output = Net> + Send + 'static) {
        let answers = self.answers.clone();
        self.tasks.spawn(async move { drop(answers.send(answer.await).await) });
    }

    fn client_for(&mut self, address: &str) -> Result<Client, ClientError> {
        let server: ServerUrl = address.parse()?;
        let client = Client::with_credentials(server, self.desk.store.clone())?;
        self.client = Some(client.clone());
        Ok(client)
    }

    /// Starts an effect.
    pub(crate) fn run(&mut self, effect: Effect) {
        // Finished tasks are cleared away now and then, so that their number stays that of the running ones.
        while self.tasks.try_join_next().is_some() {}
        match effect {
            Effect::Quit
            | Effect::Repaint
            | Effect::Suspend
            | Effect::UseMouse(_)
            | Effect::Tell(_)
            | Effect::Withdraw(_)
            | Effect::RunHook { .. }
            | Effect::Colour(_)
            | Effect::Account(_)
            | Effect::Remember(_)
            | Effect::CloseAccount
            | Effect::Image(_)
            | Effect::Editor { .. } => {}
            Effect::FindServer { address } => self.find_server(&address),
            Effect::OpenCache(user_id) => self.open_cache(user_id),
            Effect::CloseCache => {
                if let Some(cache) = self.cache.take() {
                    self.tasks.spawn(cache.close());
                }
            }
            Effect::Keep(keeps) => self.keep(keeps),
            Effect::SearchKept { number, query } => self.search_kept(number, query),
            Effect::LoadKept { channel_id, before } => self.load_kept(channel_id, before),
            Effect::LoadKeptPart { channel_id, part } => self.load_kept_part(channel_id, part),
            Effect::FindFiles { asked, choices } => {
                self.answer_later(async move { Net::Here(folders::find_files(asked, choices).await) });
            }
            Effect::ListFolder(path) => self.answer_later(async move { Net::Here(folders::list(path).await) }),
            Effect::LoadPicture { file, is_online } => {
                let kept = self.cache.as_ref().map(|cache| cache.picture(file.id));
                let client = self.client.clone().filter(|_| is_online);
                self.answer_later(files::load_picture(file, kept, client));
            }
            Effect::Connect { epoch } => self.connect(epoch),
            Effect::ReconnectNow => {
                if let Some(connection) = &self.connection {
                    connection.reconnect_now();
                }
            }
            Effect::ReviveLocal => {
                // A call that waits already says the same.
                if let Some(missed) = &self.desk.missed {
                    let _is_called = missed.try_send(());
                }
            }
            Effect::Follow { stream, rev } => {
                if let Some(connection) = &self.connection {
                    connection.follow(stream, rev);
                }
            }
            Effect::Unfollow(stream) => {
                if let Some(connection) = &self.connection {
                    connection.unfollow(stream);
                }
            }
            Effect::Register(mut register) => {
                if register.bootstrap_token.is_none() {
                    register.bootstrap_token = self.bootstrap_token();
                }
                self.ask(move |client| async move { Net::LoggedIn(answer(sign_up(client, *register).await)) });
            }
            Effect::ResetPassword(reset) => {
                self.ask(move |client| async move { Net::LoggedIn(answer(set_password(client, *reset).await)) });
            }
            Effect::MailReset(ask) => {
                self.ask(move |client| async move { Net::ResetMailed(answer(client.mail_password_reset(ask).await)) });
            }
            Effect::LogOut => self.log_out(),
            Effect::EndSession => self.end_session(None),
            Effect::Copy { text } => crate::host::copy(text, self.answers.clone()),
            Effect::Open(url) => crate::host::open(url, self.answers.clone()),
            Effect::Watch(users) => drop(self.watched.send_replace(users)),
            Effect::Send { .. } | Effect::Typing { .. } | Effect::MarkRead { .. } | Effect::LoadMarker(_) => {
                self.run_on_socket(effect);
            }
            effect => self.run_on_rest(effect),
        }
    }

    fn run_on_socket(&mut self, effect: Effect) {
        let Some(connection) = self.connection.clone() else { return };
        let answers = self.answers.clone();
        self.tasks.spawn(async move {
            let net = match effect {
                Effect::Send { channel_id, client_id, body } => {
                    Net::Sent { client_id, answer: answer(connection.send(channel_id, body).await) }
                }
                Effect::MarkRead { channel_id, mark } => {
                    let (seq, read) = (mark.seq, connection.read(channel_id, mark).await);
                    Net::Marked { channel_id, seq, answer: answer(read) }
                }
                Effect::LoadMarker(channel_id) => {
                    Net::Counted { channel_id, answer: answer(connection.marker(channel_id).await) }
                }
                Effect::Typing { channel_id, parent_seq } => {
                    // Nobody waits for it, and the next one comes in three seconds.
                    return drop(connection.typing(channel_id, parent_seq).await);
                }
                _ => return,
            };
            drop(answers.send(net).await);
        });
    }

    fn run_on_rest(&mut self, effect: Effect) {
        match effect {
            Effect::LogIn { username, password } => {
                self.ask(|client| async move { Net::LoggedIn(answer(log_in(client, username, password).await)) });
            }
            Effect::LoadTeam(team_id) => self.ask(move |client| async move {
                Net::Team { team_id, answer: answer(load_team(client, team_id).await) }
            }),
            Effect::FindTeams => {
                self.ask(|client| async move { Net::JoinableTeams(answer(client.all_teams().await)) });
            }
            Effect::CreateTeam(body) => {
                self.ask(|client| async move { Net::TeamEntered(answer(client.create_team(body).await)) });
            }
            Effect::JoinTeam(team_id) => {
                self.ask(move |client| async move { Net::TeamEntered(answer(client.join_team(team_id).await)) });
            }
            Effect::UseInvite { code } => {
                self.ask(|client| async move { Net::TeamEntered(answer(client.use_invite(&code).await)) });
            }
            Effect::Invite(team_id) => self.ask(move |client| async move {
                match client.server_info().await {
                    Ok(info) if info.sends_mail => Net::InviteByMail(team_id),
                    Ok(_) => Net::Invite(answer(client.create_invite(team_id, CreateInvite::default()).await)),
                    Err(error) => Net::Invite(answer(Err(error))),
                }
            }),
            Effect::CreateInvite { team_id, body } => {
                self.ask(move |client| async move { Net::Invite(answer(client.create_invite(team_id, *body).await)) })
            }
            Effect::CreateChannel { team_id, body } => self.ask(move |client| async move {
                let wanted = Wanted::of(team_id, &body);
                Net::ChannelEntered { wanted, answer: answer(client.create_channel(team_id, body).await) }
            }),
            Effect::JoinChannel(channel_id) => self.ask(move |client| async move {
                let wanted = Wanted::Channel(channel_id);
                Net::ChannelEntered { wanted, answer: answer(client.join_channel(channel_id).await) }
            }),
            Effect::LeaveChannel(channel_id) => {
                self.ask(move |client| async move { Net::Left(answer(client.leave_channel(channel_id).await)) });
            }
            Effect::LoadMessages { channel_id, before } => self.ask(move |client| async move {
                let query = MessageQuery { before, limit: Some(PAGE_MESSAGES), ..MessageQuery::default() };
                Net::Messages { channel_id, before, answer: answer(client.messages(channel_id, query).await) }
            }),
            Effect::LoadPart { channel_id, part } => self.ask(move |client| async move {
                Net::Part { channel_id, part, answer: answer(client.messages(channel_id, part_query(part)).await) }
            }),
            Effect::LoadThread { channel_id, root } => self.ask(move |client| async move {
                let query = part_query(Part::Before(Seq::END));
                Net::Thread { channel_id, root, answer: answer(client.thread(channel_id, root, query).await) }
            }),
            Effect::LoadThreadPart { channel_id, root, part } => self.ask(move |client| async move {
                let answer = answer(client.thread(channel_id, root, part_query(part)).await);
                Net::ThreadPart { channel_id, root, part, answer }
            }),
            Effect::LoadStandings(team_id) => self.ask(move |client| async move {
                let both = async { tokio::try_join!(client.all_muted_users(team_id), client.all_my_threads(team_id)) };
                Net::Standings { team_id, answer: answer(both.await) }
            }),
            Effect::LoadKeywords => self.ask(|client| async move { Net::Keywords(answer(client.keywords().await)) }),
            Effect::LoadStanding { channel_id, root } => self.ask(move |client| async move {
                let query = MessageQuery { limit: Some(1), ..MessageQuery::default() };
                let read = client.thread(channel_id, root, query).await;
                Net::Standing { channel_id, root, answer: answer(read.map(|thread| (thread.membership, thread.rev))) }
            }),
            Effect::Do(deed) => self.ask(move |client| async move {
                let answer = answer(crate::deeds::perform(client, (*deed).clone()).await);
                Net::Done { deed, answer }
            }),
            Effect::ShareDraft { key, content, expected_rev } => self.ask(move |client| async move {
                Net::DraftShared { key, answer: answer(share_draft(client, key, content, expected_rev).await) }
            }),
            Effect::LoadDrafts(team_id) => self.ask(move |client| async move {
                Net::Drafts { team_id, answer: answer(load_drafts(client, team_id).await) }
            }),
            Effect::Upload { channel_id, client_id, at, path } => {
                let progress = self.answers.clone();
                self.ask(move |client| files::upload(client, channel_id, (client_id, at), path, progress));
            }
            Effect::SaveFiles { files, folder } => {
                let Some(client) = self.client.clone() else { return };
                let answers = self.answers.clone();
                self.tasks.spawn(files::save(client, files, folder, answers));
            }
            Effect::LoadUser(user_id) => {
                self.ask(move |client| async move { Net::User(answer(client.user(user_id).await)) });
            }
            Effect::Edit { channel_id, seq, content } => self.ask(move |client| async move {
                let edit = EditMessage { content: content.clone(), expected_rev: None };
                let edited = client.edit_message(channel_id, seq, edit).await;
                Net::Edited { channel_id, seq, content, answer: answer(edited.map(drop)) }
            }),
            Effect::Delete { channel_id, seq } => self.ask(move |client| async move {
                Net::Deleted(answer(client.delete_message(channel_id, seq).await.map(drop)))
            }),
            _ => {}
        }
    }

    /// Runs a call in a task of its own, and passes its answer on.
    fn ask<F: Future<Output = Net> + Send>(&mut self, call: impl FnOnce(Client) -> F + Send + 'static) {
        let Some(client) = self.client.clone() else { return };
        let answers = self.answers.clone();
        self.tasks.spawn(async move {
            drop(answers.send(call(client).await).await);
        });
    }

    fn find_server(&mut self, address: &str) {
        match self.client_for(address) {
            Ok(_) => self.ask(|client| async move {
                match greet(&client).await {
                    Ok((_, Some(user))) => Net::LoggedIn(Ok(user)),
                    Ok((info, None)) => Net::Server(Ok(info)),
                    Err(error) => Net::Server(Err(failure(&error))),
                }
            }),
            Err(error) => {
                let answers = self.answers.clone();
                let failure = failure(&error);
                self.tasks.spawn(async move { drop(answers.send(Net::Server(Err(failure))).await) });
            }
        }
    }

    fn connect(&mut self, epoch: Option<Epoch>) {
        let Some(client) = &self.client else { return };
        let (connection, mut updates) = client.connect(ConnectOptions { epoch, ..ConnectOptions::default() });
        let watching = watch_in_order(connection.clone(), self.watched.subscribe());
        self.connection = Some(connection);
        let answers = self.answers.clone();
        let forwarding = async move {
            while let Some(update) = updates.recv().await {
                if answers.send(translate(update)).await.is_err() {
                    return;
                }
            }
        };
        let forward = self.tasks.spawn(async move {
            tokio::select! {
                () = forwarding => {}
                () = watching => {}
            }
        });
        if let Some(before) = self.updates.replace(forward) {
            before.abort();
        }
    }

    fn log_out(&mut self) {
        if let Some(forward) = self.updates.take() {
            forward.abort();
        }
        // One that has to log in again has its file still; it is opened only to be removed.
        if let (None, Some(owner)) = (&self.cache, self.desk.owner) {
            self.start_cache(owner);
        }
        let cache = self.cache.take();
        self.end_session(cache);
    }

    /// Ends the session, and removes what is kept where that is given.
    fn end_session(&mut self, cache: Option<Cache>) {
        let connection = self.connection.take();
        self.ask(|client| async move {
            // What is kept belongs to the login: nobody who comes after finds it.
            if let Some(cache) = cache {
                cache.remove().await;
            }
            if let Some(connection) = connection {
                drop(timeout(CLOSE_WAIT, connection.close()).await);
            }
            if let Err(error) = client.logout().await {
                tracing::warn!(%error, "the session could not be ended at the server");
            }
            Net::SessionOver { reason: String::new() }
        });
    }

    fn bootstrap_token(&self) -> Option<String> {
        let token = std::fs::read_to_string(self.desk.bootstrap_file.as_ref()?).ok()?;
        Some(token.trim().to_owned()).filter(|token| !token.is_empty())
    }

    /// Ends the connection and everything that is under way.
    pub(crate) async fn close(mut self) {
        if let Some(cache) = self.cache.take() {
            cache.close().await;
        }
        if let Some(connection) = self.connection.take() {
            drop(timeout(CLOSE_WAIT, connection.close()).await);
        }
        self.tasks.shutdown().await;
    }
}

/// Asks for the presence of the people that are to be shown, one list after the other.
///
/// Two lists under way could overtake each other, and the older one would stay.
async fn watch_in_order(connection: Connection, mut watched: watch::Receiver<Vec<UserId>>) {
    while watched.changed().await.is_ok() {
        let users = watched.borrow_and_update().clone();
        // The answer comes with the updates, in its place among the changes.
        if let Err(error) = connection.watch(users).await {
            tracing::debug!(%error, "presence is not watched");
        }
    }
}

fn translate(update: Update) -> Net {
    match update {
        Update::Connecting { attempt } => Net::Connecting { attempt },
        Update::Connected(hello) => Net::Connected(hello),
        Update::Event(event) => Net::Stream(event),
        Update::Disconnected { reason, retry_in } => {
            tracing::info!(reason, "disconnected");
            Net::Disconnected { reason, retry_in_ms: u64::try_from(retry_in.as_millis()).unwrap_or(u64::MAX) }
        }
        Update::LoggedOut { reason } => Net::SessionOver { reason },
    }
}

/// Asks who the server is, and who we are there where a login is saved.
async fn greet(client: &Client) -> Result<(ServerInfo, Option<User>), ClientError> {
    let info = client.server_info().await?;
    if info.product != "syncspace" {
        let source = anyhow!("it calls itself {}", syncspace_protocol::text::clean_line(&info.product));
        return Err(ClientError::Protocol { during: "the greeting".to_owned(), source: source.into() });
    }
    let user = if client.credentials().is_some() {
        match client.me().await {
            Ok(user) => Some(user),
            Err(error) if error.is_logged_out() => None,
            Err(error) => return Err(error),
        }
    } else {
        None
    };
    Ok((info, user))
}

async fn log_in(client: Client, username: String, password: Secret) -> Result<User, ClientError> {
    let tokens = client.login(Login { username, password, device_name: device_name() }).await?;
    Ok(tokens.user)
}

async fn sign_up(client: Client, mut register: Register) -> Result<User, ClientError> {
    register.device_name = device_name();
    Ok(client.register(register).await?.user)
}

async fn set_password(client: Client, mut reset: ResetPassword) -> Result<User, ClientError> {
    reset.device_name = device_name();
    Ok(client.reset_password(reset).await?.user)
}

fn device_name() -> Option<String> {
    Some("terminal".to_owned())
}

async fn load_team(client: Client, team_id: TeamId) -> Result<TeamContents, ClientError> {
    let members = async {
        match client.all_team_members(team_id).await {
            // More people than a list holds: who writes is asked for one by one.
            Err(ClientError::Protocol { .. }) => Ok(Vec::new()),
            members => members,
        }
    };
    let (channels, members) = tokio::try_join!(client.all_channels(team_id), members)?;
    Ok(TeamContents { channels, members })
}

async fn share_draft(client: Client, key: DraftKey, content: String, rev: Rev) -> Result<Draft, ClientError> {
    let (channel_id, parent_seq) = match key {
        DraftKey::Thread(channel_id, root) => (channel_id, Some(root)),
        DraftKey::Channel(channel_id) => (channel_id, None),
        DraftKey::Edit(..) | DraftKey::Arriving => {
            let source = anyhow!("only drafts of channels and threads are shared");
            return Err(ClientError::Protocol { during: "a draft".to_owned(), source: source.into() });
        }
    };
    let query = DraftQuery { parent_seq, expected_rev: Some(rev) };
    if content.is_empty() {
        client.clear_draft(channel_id, query).await
    } else {
        client.put_draft(channel_id, query, PutDraft { content }).await
    }
}

async fn load_drafts(client: Client, team_id: TeamId) -> Result<Vec<Draft>, ClientError> {
    let mut drafts = Vec::new();
    let mut query = CursorQuery { cursor: None, limit: Some(DRAFT_PAGE) };
    for _ in 0..DRAFT_PAGES_MAX {
        let page = client.drafts(team_id, query).await?;
        drafts.extend(page.items);
        let Some(next) = page.next else { break };
        query = CursorQuery { cursor: Some(next), limit: Some(DRAFT_PAGE) };
    }
    Ok(drafts)
}

fn part_query(part: Part) -> MessageQuery {
    let query = MessageQuery { limit: Some(PAGE_MESSAGES), ..MessageQuery::default() };
    match part {
        Part::Before(seq) => MessageQuery { before: Some(seq), ..query },
        Part::After(seq) => MessageQuery { after: Some(seq), ..query },
        Part::Around(seq) => MessageQuery { around: Some(seq), ..query },
    }
}

fn answer<T>(result: Result<T, ClientError>) -> Answer<T> {
    result.map_err(|error| failure(&error))
}

fn failure(error: &ClientError) -> Failure {
    tracing::info!(%error, "not done");
    let field = match error {
        ClientError::Refused(detail) => detail.field.clone(),
        _ => None,
    };
    let retry_after_ms = error.retry_after().and_then(|wait| u64::try_from(wait.as_millis()).ok());
    Failure { code: error.code(), message: sentence(error), field, is_transient: error.is_transient(), retry_after_ms }
}

/// Gives the error with its innermost cause: the steps between say the same in other words.
fn sentence(error: &ClientError) -> String {
    let mut innermost: Option<&dyn std::error::Error> = None;
    let mut next = std::error::Error::source(error);
    while let Some(source) = next {
        innermost = Some(source);
        next = source.source();
    }
    innermost.map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}
