//! What comes of a form that was filled in.

use syncspace_protocol::auth::{MailPasswordReset, Register, ResetPassword, Secret};
use syncspace_protocol::channels::{ChannelKind, CreateChannel, NewChannel};
use syncspace_protocol::teams::{CreateInvite, CreateTeam};
use syncspace_protocol::{Email, ErrorCode, Password, TeamId, Username};

use super::{Effects, accounts};
use crate::app::entry::{self, EntryForm, FieldId, Purpose, Tag};
use crate::app::message::{Effect, Failure};
use crate::app::state::{Modal, Screen, State};

/// A field's mistake, found before the server is asked.
type Mistake = (FieldId, String);

/// Acts on the form of the start.
pub(super) fn submit_entry(state: &mut State, effects: &mut Effects) {
    if let Screen::Entry { form, .. } = &mut state.screen {
        submit(form, effects);
    }
    if let Some(address) = effects.iter().find_map(|effect| match effect {
        Effect::FindServer { address } => Some(address.clone()),
        _ => None,
    }) {
        state.server = address;
    }
}

/// Acts on the form above the chat.
pub(super) fn submit_dialog(state: &mut State, effects: &mut Effects) {
    let Some(Modal::Form(entry)) = &mut state.modal else { return };
    match entry.purpose {
        Purpose::Quit => effects.push(Effect::Quit),
        Purpose::LogOut => effects.push(Effect::LogOut),
        Purpose::LeaveChannel(channel_id) => {
            state.chat.leaving = Some(channel_id);
            effects.push(Effect::LeaveChannel(channel_id));
        }
        Purpose::DeleteMessage(channel_id, seq) => effects.push(Effect::Delete { channel_id, seq }),
        Purpose::ShowInvite => {}
        Purpose::Server | Purpose::Account | Purpose::Team | Purpose::Channel(_) | Purpose::Invite(_) => {
            submit(entry, effects);
            return;
        }
    }
    state.modal = None;
}

fn submit(entry: &mut EntryForm, effects: &mut Effects) {
    let asked = match entry.purpose {
        Purpose::Server => server(entry),
        Purpose::Account => account(entry),
        Purpose::Team => team(entry),
        Purpose::Channel(team_id) => channel(entry, team_id),
        Purpose::Invite(team_id) => invite(entry, team_id),
        Purpose::LeaveChannel(_)
        | Purpose::DeleteMessage(..)
        | Purpose::ShowInvite
        | Purpose::LogOut
        | Purpose::Quit => return,
    };
    match asked {
        Ok(effect) => {
            entry.form.busy = Some(entry::BUSY);
            effects.push(effect);
        }
        Err((field, message)) => entry.form.fail(Some(field), message),
    }
}

/// Goes back to the form before, with what was typed there.
pub(super) fn back(state: &mut State, effects: &mut Effects) {
    let Screen::Entry { form, earlier } = &mut state.screen else { return };
    if form.purpose == Purpose::Team || matches!(form.purpose, Purpose::Channel(_)) {
        // Logged in already: behind these forms is the chat, where there is one.
        if state.world.joined_any() {
            state.screen = Screen::Chat;
        } else if matches!(form.purpose, Purpose::Channel(_)) {
            effects.push(Effect::FindTeams);
        }
        return;
    }
    match earlier.pop() {
        Some(mut before) => {
            before.form.busy = None;
            *form = before;
        }
        None => accounts::give_up(state, effects),
    }
}

/// Puts the next form in front; the one before is kept for Esc.
pub(super) fn go_on(state: &mut State, next: EntryForm) {
    match &mut state.screen {
        Screen::Entry { form, earlier } => {
            let before = std::mem::replace(form, next);
            if matches!(before.purpose, Purpose::Server | Purpose::Account) && before.purpose != form.purpose {
                earlier.push(before);
            }
        }
        Screen::Waiting(_) | Screen::Chat => state.screen = Screen::Entry { form: next, earlier: Vec::new() },
    }
}

/// Gives the form that waits for the server's answer: the one above, or the one of the start.
pub(super) fn waiting_form(state: &mut State) -> Option<&mut EntryForm> {
    match (&mut state.modal, &mut state.screen) {
        (Some(Modal::Form(entry)), _) if entry.form.busy.is_some() => Some(entry),
        (_, Screen::Entry { form, .. }) if form.form.busy.is_some() => Some(form),
        _ => None,
    }
}

/// Shows what went wrong at the field of the waiting form, or at the bottom where no form waits.
pub(super) fn fail(state: &mut State, failure: &Failure) {
    let message = sentence(&failure.message);
    match waiting_form(state) {
        Some(entry) if failure.code == Some(ErrorCode::InvalidCredentials) => match entry.form.picked(FieldId::Mode) {
            Some(Tag::ResetPassword) => entry.form.fail(Some(FieldId::ResetCode), message),
            _ => refuse_login(entry),
        },
        Some(entry) => {
            let field = failure.field.as_deref().and_then(|field| entry::field_of(entry.purpose, field));
            let field = field.or((entry.purpose == Purpose::Server).then_some(FieldId::Address));
            entry.form.fail(field, message);
            // Of a name that is taken, another one comes in its place.
            if entry.form.is_at(FieldId::Username) {
                entry.form.offer(FieldId::Username);
            }
        }
        None => state.complain(message),
    }
}

/// Asks for the password again. Nobody knows which of the two was wrong, but what people type next is the password, and
/// it must not stand in the open: the keys are there, and whoever goes up to the name types another one.
fn refuse_login(entry: &mut EntryForm) {
    let form = &mut entry.form;
    form.clear(FieldId::Password);
    let can_register = form.has(FieldId::Mode, &Tag::Register);
    let new = if can_register { " New here? Choose above to make an account." } else { "" };
    let words = format!("No account has this name and this password. ↑ goes to the name.{new}");
    form.fail(Some(FieldId::Password), words);
    form.offer(FieldId::Username);
}

/// Makes a message of the server a sentence: a capital first letter.
pub(super) fn sentence(message: &str) -> String {
    let clean = crate::app::text::line(message);
    let mut letters = clean.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + letters.as_str())
}

fn server(entry: &EntryForm) -> Result<Effect, Mistake> {
    let address = entry.form.text(FieldId::Address).trim();
    if address.is_empty() {
        return Err((FieldId::Address, "Type the address of the server.".to_owned()));
    }
    Ok(Effect::FindServer { address: address.to_owned() })
}

fn account(entry: &EntryForm) -> Result<Effect, Mistake> {
    let form = &entry.form;
    let username = form.text(FieldId::Username).trim();
    let password = form.text(FieldId::Password);
    if form.picked(FieldId::Mode) == Some(&Tag::LogIn) {
        if username.is_empty() {
            return Err((FieldId::Username, "Type your user name.".to_owned()));
        }
        return Ok(Effect::LogIn { username: username.to_owned(), password: Secret(password.to_owned()) });
    }
    if form.picked(FieldId::Mode) == Some(&Tag::ResetPassword) {
        return reset_password(entry);
    }
    if form.picked(FieldId::Mode) == Some(&Tag::MailReset) {
        if username.is_empty() {
            return Err((FieldId::Username, "Type your user name or your e-mail address.".to_owned()));
        }
        return Ok(Effect::MailReset(MailPasswordReset { username: username.to_owned() }));
    }
    let username: Username = parse(FieldId::Username, username)?;
    let checked: Password = parse(FieldId::Password, password)?;
    if form.text(FieldId::PasswordAgain) != password {
        return Err((FieldId::PasswordAgain, "The two passwords differ.".to_owned()));
    }
    let email = form.text(FieldId::Email).trim();
    let email: Option<Email> = if email.is_empty() { None } else { Some(parse(FieldId::Email, email)?) };
    let given = |field| Some(form.text(field).trim().to_owned()).filter(|text: &String| !text.is_empty());
    Ok(Effect::Register(Box::new(Register {
        username,
        password: checked,
        email,
        full_name: None,
        device_name: None,
        bootstrap_token: given(FieldId::Bootstrap),
        invite_code: given(FieldId::Code),
    })))
}

fn reset_password(entry: &EntryForm) -> Result<Effect, Mistake> {
    let form = &entry.form;
    let code = form.text(FieldId::ResetCode).trim();
    if code.is_empty() {
        return Err((FieldId::ResetCode, "Type the code that you were given, or that was mailed to you.".to_owned()));
    }
    let new_password: Password = parse(FieldId::Password, form.text(FieldId::Password))?;
    if form.text(FieldId::PasswordAgain) != form.text(FieldId::Password) {
        return Err((FieldId::PasswordAgain, "The two passwords differ.".to_owned()));
    }
    let code = Secret(code.to_owned());
    Ok(Effect::ResetPassword(Box::new(ResetPassword { code, new_password, device_name: None })))
}

/// Goes on to the code that was asked for, if there is such an account: nobody is told that.
pub(super) fn reset_mailed(state: &mut State) {
    let Some(entry) = waiting_form(state) else { return };
    entry.form.choose(FieldId::Mode, &Tag::ResetPassword, FieldId::ResetCode);
    let words = "If there is such an account, a code is on its way to its address.";
    entry.form.intro.retain(|line| line != words);
    entry.form.intro.push(words.to_owned());
}

fn invite(entry: &EntryForm, team_id: TeamId) -> Result<Effect, Mistake> {
    let form = &entry.form;
    let mut body = CreateInvite::default();
    if form.picked(FieldId::Choice) == Some(&Tag::MailCode) {
        (body.email, body.send_mail) = (Some(parse(FieldId::Email, form.text(FieldId::Email).trim())?), true);
    }
    Ok(Effect::CreateInvite { team_id, body: Box::new(body) })
}

fn team(entry: &EntryForm) -> Result<Effect, Mistake> {
    let form = &entry.form;
    match form.picked(FieldId::Choice) {
        Some(Tag::Join(team_id)) => Ok(Effect::JoinTeam(*team_id)),
        Some(Tag::UseInvite) => {
            let code = form.text(FieldId::Code).trim().to_owned();
            if code.is_empty() {
                return Err((FieldId::Code, "Type the invite code.".to_owned()));
            }
            Ok(Effect::UseInvite { code })
        }
        _ => {
            let name = parse(FieldId::Name, form.text(FieldId::Name))?;
            Ok(Effect::CreateTeam(CreateTeam { name, description: None, is_public: form.is_on(FieldId::Public) }))
        }
    }
}

fn channel(entry: &EntryForm, team_id: TeamId) -> Result<Effect, Mistake> {
    let form = &entry.form;
    let Some(&tag) = form.picked(FieldId::Choice) else {
        return Err((FieldId::Choice, "Choose one.".to_owned()));
    };
    if let Tag::JoinChannel(channel_id) = tag {
        return Ok(Effect::JoinChannel(channel_id));
    }
    let name = parse(FieldId::Name, form.text(FieldId::Name).trim().trim_start_matches('#'))?;
    let description = Some(form.text(FieldId::Description).trim().to_owned()).filter(|text| !text.is_empty());
    let new = NewChannel { name, description };
    let body = if entry::kind_of(tag) == Some(ChannelKind::Private) {
        CreateChannel::Private(new)
    } else {
        CreateChannel::Public(new)
    };
    Ok(Effect::CreateChannel { team_id, body })
}

fn parse<T: std::str::FromStr<Err: std::fmt::Display>>(field: FieldId, text: &str) -> Result<T, Mistake> {
    text.parse().map_err(|error: T::Err| (field, sentence(&error.to_string())))
}
