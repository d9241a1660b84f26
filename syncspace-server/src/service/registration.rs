//! Accounts made by their owners, and what lets them in.

use syncspace_protocol::audit::AuditAction;
use syncspace_protocol::auth::{Register, RegistrationMode, Tokens};
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::limits::{FULL_NAME_CHARS_MAX, TOKEN_CHARS_MAX};
use syncspace_protocol::teams::Invite;
use syncspace_protocol::{Email, MemberId, StreamId};

use super::audit::Line;
use super::auth::device_name;
use super::email_addresses::EmailCode;
use super::fields::clean_field;
use super::invites::{Backing, check_address, over};
use super::retry::retrying;
use super::secrets::hash_token;
use super::team_changes::{Refused, enter_team, new_member, prepared};
use super::users::{email_imported, email_taken, refuse_duplicate, username_taken};
use super::{Actor, Device, Grant, Origin, Service, ServiceError};
use crate::log::{Abort, LogTx, Operation};
use crate::permissions;
use crate::store::invites::take_use;
use crate::store::meta::{BOOTSTRAP_HASH, FIRST_ADMIN, find_meta, insert_meta, remove_meta};
use crate::store::sessions::{SessionRow, insert_session};
use crate::store::user_settings::UserSettings;
use crate::store::users::{NO_PASSWORD, UserRow, find_user_by_email, find_user_by_username, insert_user};
use crate::store::{IdBlocks, Queries, StoreError};

/// What lets a new account in.
enum Admission {
    /// Anyone may.
    Open,
    /// The bootstrap token; makes an administrator.
    Bootstrap,
    /// An invite to a team, which the new account joins at once.
    Invite(Invite),
}

impl Admission {
    /// Tells whether it was mailed to the address of the new account, and shown to nobody else.
    const fn proves_address(&self) -> bool {
        matches!(self, Self::Invite(invite) if invite.mail.is_some())
    }
}

impl Service {
    /// Makes an account and logs its owner in; one that an invite lets in is in the invite's team.
    ///
    /// Fails with `registration_closed` where nothing lets a new account in, with `name_taken` where username or
    /// e-mail address are somebody else's.
    pub async fn register(&self, origin: &Origin, register: Register) -> Result<Tokens, ServiceError> {
        let full_name = clean_field("full_name", register.full_name.as_deref(), FULL_NAME_CHARS_MAX)?;
        let device_name = device_name(origin, register.device_name.as_deref())?;
        let admission = self.admission(&register).await?;
        if find_user_by_username(&mut &self.store, &register.username.key()).await?.is_some() {
            return Err(username_taken());
        }
        let now = self.clock.now();
        let user = UserRow {
            id: self.ids.next().await?,
            username: register.username,
            email: register.email,
            email_verified_at: admission.proves_address().then_some(now),
            email_pending: None,
            hashed_password: self.passwords.hash(register.password.expose()).await?,
            full_name,
            avatar_url: None,
            is_active: true,
            is_admin: matches!(admission, Admission::Bootstrap),
            is_bot: false,
            last_seen: None,
            created_at: now,
            updated_at: now,
            settings: UserSettings::default(),
        };
        let session = self.new_session(&user, device_name).await?;
        let line = registered(origin, &user, &session);
        let code = match user.unverified_email() {
            Some(email) => self.new_email_code(user.id, email)?,
            None => None,
        };
        let account = Account { user, session, line, code };
        match admission {
            Admission::Invite(invite) => {
                self.log.commit(Enrol { account: account.clone(), invite, member: None }).await?
            }
            Admission::Open | Admission::Bootstrap => retrying(|| self.insert_account(&account)).await?,
        }
        if account.code.is_some() {
            self.ring_for_mail();
        }
        if account.user.is_admin {
            self.remove_bootstrap_file();
        }
        self.issue(&account.user, &account.session, account.session.refresh_n)
    }

    async fn admission(&self, register: &Register) -> Result<Admission, ServiceError> {
        let closed = |message: &'static str| Err(ServiceError::refused(ErrorCode::RegistrationClosed, message));
        if let Some(token) = &register.bootstrap_token {
            let hash = find_meta(&mut &self.store, BOOTSTRAP_HASH).await?;
            let is_right = token.len() <= TOKEN_CHARS_MAX && hash == Some(hash_token(token));
            let used = "the bootstrap token is not the server's, or it has been used";
            return if is_right { Ok(Admission::Bootstrap) } else { closed(used) };
        }
        let mode = self.registration().await?;
        if let Some(code) = &register.invite_code
            && mode != RegistrationMode::Closed
        {
            let invite = self.find_invite(code).await?;
            check_address(&invite, register.email.as_ref())?;
            return Ok(Admission::Invite(invite));
        }
        match mode {
            RegistrationMode::Open => Ok(Admission::Open),
            RegistrationMode::Invite => closed("this server takes new accounts by invite only: ask for an invite code"),
            RegistrationMode::Closed => {
                closed("this server takes no registration: ask an administrator for an account")
            }
        }
    }

    async fn insert_account(&self, account: &Account) -> Result<(), ServiceError> {
        let mut tx = self.store.begin().await?;
        account.insert(&mut tx).await.map_err(refuse_duplicate)?;
        if account.user.is_admin {
            if !insert_meta(&mut tx, FIRST_ADMIN, &account.user.id.to_string()).await? {
                let message = "this server has its first administrator already";
                return Err(ServiceError::refused(ErrorCode::RegistrationClosed, message));
            }
            remove_meta(&mut tx, BOOTSTRAP_HASH).await?;
        }
        Ok(tx.commit().await?)
    }
}

/// A new account, and the device on which it was made.
#[derive(Clone)]
struct Account {
    user: UserRow,
    session: SessionRow,
    /// What the audit log says of it.
    line: Line,
    /// What is mailed to its address.
    code: Option<EmailCode>,
}

fn registered(origin: &Origin, user: &UserRow, session: &SessionRow) -> Line {
    let device = Device { user_id: user.id, session_id: session.id };
    let actor = Actor::of(device, user.is_admin, Grant::Login);
    let line = Line::by(&actor, AuditAction::AccountRegistered).from(origin).to(user.id);
    if user.is_admin { line.with("is_admin", true) } else { line }
}

impl Account {
    async fn insert(&self, db: &mut impl Queries) -> Result<(), StoreError> {
        insert_user(db, &self.user).await?;
        insert_session(db, &self.session).await?;
        if let Some(code) = &self.code {
            code.write(db, self.user.created_at).await?;
        }
        self.line.clone().write(db, self.user.created_at).await
    }

    /// Refuses names that somebody has.
    async fn refuse_taken(&self, db: &mut impl Queries) -> Result<(), Refused> {
        if find_user_by_username(db, &self.user.username.key()).await?.is_some() {
            return Err(Abort::Refused(username_taken()));
        }
        match self.user.email.as_ref().map(Email::key) {
            Some(key) => match find_user_by_email(db, &key).await? {
                Some(user) if user.hashed_password == NO_PASSWORD => Err(Abort::Refused(email_imported())),
                Some(_) => Err(Abort::Refused(email_taken())),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }
}

/// Makes an account and puts it into the team of its invite, or does neither.
struct Enrol {
    account: Account,
    invite: Invite,
    member: Option<MemberId>,
}

impl Operation for Enrol {
    type Output = ();
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        vec![StreamId::Team(self.invite.team_id)]
    }

    async fn prepare(&mut self, ids: &IdBlocks) -> Result<(), StoreError> {
        self.member = Some(ids.next().await?);
        Ok(())
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<(), Refused> {
        let (team, role, user) = (self.invite.team_id, self.invite.role, self.account.user.id);
        self.account.refuse_taken(tx.db).await?;
        // The last rule comes before the first row is written: it writes only where it says yes.
        if !Backing::of(&self.invite).holds(tx.db, team).await? || !take_use(tx.db, self.invite.id, tx.now).await? {
            return Err(Abort::Refused(over()));
        }
        self.account.insert(tx.db).await?;
        let permit = permissions::invited();
        let row = new_member(tx, team, (prepared(self.member)?, role), &permit).await?;
        enter_team(tx, (team, user), &row, None, &permit).await.map(drop)
    }
}
