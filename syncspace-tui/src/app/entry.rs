//! The forms of the program: what each asks. What comes of them is decided in `update/forms.rs`.

use syncspace_protocol::auth::{RegistrationMode, ServerInfo};
use syncspace_protocol::channels::ChannelKind;
use syncspace_protocol::teams::MyTeam;
use syncspace_protocol::{ChannelId, Seq, TeamId};

use super::form::{Form, Input};
use super::line_input::LineInput;
use super::text;

/// Names a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldId {
    Address,
    Mode,
    Username,
    Password,
    PasswordAgain,
    Email,
    Bootstrap,
    ResetCode,
    Code,
    Choice,
    Name,
    Description,
    Public,
}

/// Names an option of a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tag {
    LogIn,
    Register,
    ResetPassword,
    MailReset,
    Join(TeamId),
    JoinChannel(ChannelId),
    UseInvite,
    Create,
    CreatePrivate,
    ShowCode,
    MailCode,
}

/// What a form is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Server,
    Account,
    Team,
    Channel(TeamId),
    LeaveChannel(ChannelId),
    DeleteMessage(ChannelId, Seq),
    Invite(TeamId),
    ShowInvite,
    LogOut,
    Quit,
}

/// A form and what it is for.
#[derive(Debug)]
pub(crate) struct EntryForm {
    pub(crate) purpose: Purpose,
    pub(crate) form: Form<FieldId, Tag>,
}

/// What a form says while the server is asked.
pub(crate) const BUSY: &str = "Asking the server …";

fn line(text: &str) -> Input<Tag> {
    Input::Line(LineInput::new(text))
}

fn secret() -> Input<Tag> {
    Input::Secret(LineInput::default())
}

fn pick(options: Vec<(Tag, String)>) -> Input<Tag> {
    Input::Pick { options, chosen: 0 }
}

/// Asks for the server.
pub(crate) fn server_form(address: &str) -> EntryForm {
    let form = Form::new("Welcome to SyncSpace", "Connect").intro("Chat with your team, from the terminal.").field(
        FieldId::Address,
        "Server address",
        "as your team gave it to you",
        line(address),
    );
    EntryForm { purpose: Purpose::Server, form }
}

/// Asks for the server of another account.
pub(crate) fn another_form(address: &str) -> EntryForm {
    let mut entry = server_form(address);
    entry.form.title = "Another account".to_owned();
    entry.form.intro = vec!["On this server or on another one. Esc goes back to where you were.".to_owned()];
    if let Some(Input::Line(input)) = entry.form.fields.first_mut().map(|field| &mut field.input) {
        input.offer();
    }
    entry
}

/// Asks to log in or to register, as the server allows; with the name under which one was here before.
pub(crate) fn account_form(server: &str, info: &ServerInfo, has_bootstrap: bool, known: Option<&str>) -> EntryForm {
    let log_in = (Tag::LogIn, "Log in".to_owned());
    let register = (Tag::Register, "Make a new account".to_owned());
    // Whoever was never here wants an account, and has an invite where one is needed; whoever was here has one.
    let mut mode = match info.registration {
        RegistrationMode::Closed if !info.needs_first_admin => vec![log_in],
        _ if known.is_none() => vec![register, log_in],
        _ => vec![log_in, register],
    };
    if !info.needs_first_admin {
        mode.push((Tag::ResetPassword, "Set a new password by a code".to_owned()));
        if info.sends_mail {
            mode.push((Tag::MailReset, "Have such a code mailed to me".to_owned()));
        }
    }
    let (from, email) = if info.sends_mail {
        ("from your mail, or an administrator", "optional; a code is mailed to it")
    } else {
        ("from an administrator of this server", "optional")
    };
    let mut form = Form::new("Your account", "Go on").intro(format!("on {}", text::line(server)));
    if info.needs_first_admin && has_bootstrap {
        form = form.intro("You are the first here: your account administers this server.");
    }
    form = form
        .field(FieldId::Mode, "I want to", "", pick(mode))
        .field(FieldId::ResetCode, "Code", from, secret())
        .shown_for(&[Tag::ResetPassword])
        .field(FieldId::Username, "User name", "letters, digits, . _ -", line(known.unwrap_or_default()))
        .shown_for(&[Tag::LogIn, Tag::Register, Tag::MailReset])
        .field(FieldId::Password, "Password", "10 characters or more", secret())
        .shown_for(&[Tag::LogIn, Tag::Register, Tag::ResetPassword])
        .field(FieldId::PasswordAgain, "Password again", "", secret())
        .shown_for(&[Tag::Register, Tag::ResetPassword])
        .field(FieldId::Email, "E-mail", email, line(""))
        .optional()
        .shown_for(&[Tag::Register]);
    if info.needs_first_admin && !has_bootstrap {
        form = form
            .field(FieldId::Bootstrap, "Bootstrap token", "the first account; the server printed it", secret())
            .optional()
            .shown_for(&[Tag::Register]);
    }
    let needs_code = info.registration == RegistrationMode::Invite && !(info.needs_first_admin && has_bootstrap);
    if needs_code {
        form =
            form.field(FieldId::Code, "Invite code", "from somebody in the team", line("")).shown_for(&[Tag::Register]);
        if info.needs_first_admin {
            form = form.optional();
        }
    } else if info.sends_mail && info.registration == RegistrationMode::Open {
        // Whoever was invited by mail comes in, and has the address verified, at once.
        form = form
            .field(FieldId::Code, "Invite code", "optional; from your mail", line(""))
            .optional()
            .shown_for(&[Tag::Register]);
    }
    let mut form = form.begins_with_text();
    if known.is_some() {
        // The name stands there already.
        form.focus += 1;
    }
    EntryForm { purpose: Purpose::Account, form }
}

/// Gives what there is to choose of teams.
pub(crate) fn team_options(joinable: &[MyTeam]) -> Vec<(Tag, String)> {
    let mut options: Vec<(Tag, String)> = joinable
        .iter()
        .map(|mine| {
            let about = mine.team.description.as_deref().map(|about| format!(" · {}", text::line(about)));
            let name = text::line(mine.team.name.as_str());
            (Tag::Join(mine.team.id), format!("Join {name}{}", about.unwrap_or_default()))
        })
        .collect();
    options.push((Tag::Create, "Make a new team".to_owned()));
    options.push((Tag::UseInvite, "Use an invite code".to_owned()));
    options
}

/// Asks for a team: join, be invited, or make one.
pub(crate) fn team_form(joinable: &[MyTeam]) -> EntryForm {
    let form = Form::new("Your team", "Go on")
        .intro("A team is the people who share channels.")
        .field(FieldId::Choice, "I want to", "", pick(team_options(joinable)))
        .field(FieldId::Name, "Name of the team", "for example: eng", line(""))
        .shown_for(&[Tag::Create])
        .field(FieldId::Public, "Anyone on this server may join", "", Input::Toggle(true))
        .shown_for(&[Tag::Create])
        .field(FieldId::Code, "Invite code", "", line(""))
        .shown_for(&[Tag::UseInvite]);
    EntryForm { purpose: Purpose::Team, form: form.begins_with_text() }
}

/// Gives what there is to choose of channels.
pub(crate) fn channel_options(joinable: &[(ChannelId, String)]) -> Vec<(Tag, String)> {
    let mut options: Vec<(Tag, String)> =
        joinable.iter().map(|(id, label)| (Tag::JoinChannel(*id), format!("Join {label}"))).collect();
    options.push((Tag::Create, "Make a channel for everybody in the team".to_owned()));
    options.push((Tag::CreatePrivate, "Make a private channel".to_owned()));
    options
}

/// Asks for a channel of a team: join one, or make one.
pub(crate) fn channel_form(team_id: TeamId, joinable: &[(ChannelId, String)], name: &str) -> EntryForm {
    let making = [Tag::Create, Tag::CreatePrivate];
    let form = Form::new("A channel", "Go on")
        .field(FieldId::Choice, "I want to", "", pick(channel_options(joinable)))
        .field(FieldId::Name, "Name of the channel", "without blanks", line(name))
        .shown_for(&making)
        .field(FieldId::Description, "What it is for", "optional", line(""))
        .optional()
        .shown_for(&making);
    EntryForm { purpose: Purpose::Channel(team_id), form: form.begins_with_text() }
}

/// Asks how somebody is invited, where the server sends mail.
pub(crate) fn invite_form(team_id: TeamId) -> EntryForm {
    let options = vec![(Tag::MailCode, "Mail an invite".to_owned()), (Tag::ShowCode, "Show me a code".to_owned())];
    let form = Form::new("Invite somebody", "Go on")
        .field(FieldId::Choice, "I want to", "", pick(options))
        .field(FieldId::Email, "E-mail", "one person's; the code goes there alone", line(""))
        .shown_for(&[Tag::MailCode]);
    EntryForm { purpose: Purpose::Invite(team_id), form: form.begins_with_text() }
}

/// Asks before something that cannot be taken back.
pub(crate) fn question(purpose: Purpose, title: &str, lines: &[String], submit: &'static str) -> EntryForm {
    let form = lines.iter().fold(Form::new(title, submit), |form, line| form.intro(line.clone()));
    EntryForm { purpose, form }
}

/// Gives the kind of channel that an option makes.
pub(crate) const fn kind_of(tag: Tag) -> Option<ChannelKind> {
    match tag {
        Tag::Create => Some(ChannelKind::Public),
        Tag::CreatePrivate => Some(ChannelKind::Private),
        Tag::LogIn
        | Tag::Register
        | Tag::ResetPassword
        | Tag::MailReset
        | Tag::Join(_)
        | Tag::JoinChannel(_)
        | Tag::UseInvite
        | Tag::ShowCode
        | Tag::MailCode => None,
    }
}

/// Gives the field that the server's name of a field stands for.
pub(crate) fn field_of(purpose: Purpose, field: &str) -> Option<FieldId> {
    match (purpose, field) {
        (_, "username") => Some(FieldId::Username),
        (_, "password" | "new_password") => Some(FieldId::Password),
        (_, "email") => Some(FieldId::Email),
        (_, "bootstrap_token") => Some(FieldId::Bootstrap),
        (_, "invite_code" | "code") => Some(FieldId::Code),
        (Purpose::Team | Purpose::Channel(_), "name") => Some(FieldId::Name),
        (Purpose::Channel(_), "description") => Some(FieldId::Description),
        _ => None,
    }
}
