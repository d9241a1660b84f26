//! `login`, `register`, `logout`, `whoami`, `session`, `account`, `password`.

use std::path::Path;

use syncspace_client::{Client, ClientError};
use syncspace_protocol::auth::{
    ChangePassword, Login, MailPasswordReset, Register, RegistrationMode, ResetPassword, Secret, Tokens, VerifyEmail,
};
use syncspace_protocol::users::EditProfile;
use syncspace_protocol::{ErrorCode, Password, Patch, Username};

use super::lists::gather;
use crate::args::{ListArgs, account as args};
use crate::context::Context;
use crate::exit::{CliError, During, Hint as _, Outcome, is_wrong_secret};
use crate::prompt::{self, blocking};
use crate::records::people::WhoAmI;

pub(super) async fn login(context: &Context, args: args::Login) -> Outcome {
    let client = context.client_to_log_in()?;
    let server = client.server().clone();
    let username = match args.username {
        Some(name) => name,
        None => ask_name(context, "give --username").await?,
    };
    if context.only_plans(|| format!("log in to {server} as {username}"))? {
        return Ok(());
    }
    let password =
        Secret(read_password(context, args.password, format!("Password of {username} at {server}: ")).await?);
    let device_name = Some(args.device_name.unwrap_or_else(default_device_name));
    let login = Login { username: username.clone(), password, device_name };
    let tokens = client.login(login).await.during(|| format!("cannot log in to {server} as {username}"));
    let tokens = tokens.hint_where(is_wrong_secret, || "check user name and password".to_owned())?;
    welcome(context, &client, &tokens, "logged in")
}

pub(super) async fn register(context: &Context, args: args::Register) -> Outcome {
    let client = context.client_to_log_in()?;
    let server = client.server().clone();
    let username: Username = match args.username {
        Some(name) => name,
        None => {
            ask_name(context, "give --username").await?.parse().map_err(|error| CliError::Usage(format!("{error}")))?
        }
    };
    if context.only_plans(|| format!("make the account {username} at {server}"))? {
        return Ok(());
    }
    let invite_code = match args.invite_code {
        Some(code) if code == "-" && args.password.password_stdin => {
            return Err(CliError::Usage("standard input cannot hold both the password and the invite code".to_owned()));
        }
        Some(code) if code == "-" => Some(blocking(prompt::first_line_of_stdin).await?),
        code => code,
    };
    let bootstrap_token = args.bootstrap_token_file.as_deref().map(prompt::secret_file).transpose()?;
    let password = new_password(context, args.password, &format!("Password of {username} at {server}")).await?;
    let register = Register {
        username: username.clone(),
        password,
        email: args.email,
        full_name: args.full_name,
        device_name: Some(args.device_name.unwrap_or_else(default_device_name)),
        bootstrap_token,
        invite_code,
    };
    let had_code = register.invite_code.is_some() || register.bootstrap_token.is_some();
    let tokens = client.register(register).await.during(|| format!("cannot register {username} at {server}"));
    // A code helps where the server takes people by it, and none was given.
    let by_invite = tokens.is_err() && !had_code && takes_by_invite(&client).await;
    let is_closed = |error: &ClientError| error.code() == Some(ErrorCode::RegistrationClosed) && by_invite;
    let tokens = tokens.hint_where(is_closed, || "ask for an invite and give it with --invite-code".to_owned())?;
    welcome(context, &client, &tokens, "registered and logged in")
}

async fn takes_by_invite(client: &Client) -> bool {
    client.server_info().await.is_ok_and(|info| info.registration == RegistrationMode::Invite)
}

pub(super) async fn logout(context: &Context) -> Outcome {
    let client = context.client()?;
    let server = client.server().clone();
    if context.only_plans(|| format!("log out of {server}"))? {
        return Ok(());
    }
    client.logout().await.during(|| format!("logged out of {server} on this machine only"))?;
    context.out.say(&format!("logged out of {server}"));
    Ok(())
}

pub(super) async fn whoami(context: &Context) -> Outcome {
    let client = context.client()?;
    let user = client.me().await?;
    let session_id = client.credentials().map(|credentials| credentials.session_id);
    context.out.record(&WhoAmI { server: client.server().to_string(), session_id, user })
}

pub(super) async fn session(context: &Context, args: args::Session) -> Outcome {
    let client = context.client()?;
    match args {
        args::Session::List(part) => {
            let part = ListArgs { query: None, limit: part.limit };
            context.out.list(&gather(part, |query| client.sessions(query)).await?)
        }
        args::Session::End { session } => {
            if context.only_plans(|| format!("end session {session}"))? {
                return Ok(());
            }
            client.end_session(session).await.during(|| format!("cannot end session {session}"))?;
            context.out.say(&format!("session {session} ended"));
            Ok(())
        }
    }
}

pub(super) async fn password(context: &Context, args: args::Password) -> Outcome {
    let (password_stdin, current_password_file, new_password_file) = match args {
        args::Password::Forgot { username } => return forgot_password(context, username).await,
        args::Password::Reset { stdin } => return reset_password(context, stdin).await,
        args::Password::Change { password_stdin, current_password_file, new_password_file } => {
            (password_stdin, current_password_file, new_password_file)
        }
    };
    let client = context.client()?;
    if context.only_plans(|| "change your password and end your other sessions".to_owned())? {
        return Ok(());
    }
    let (current, new) = match (current_password_file, new_password_file) {
        (Some(current), Some(new)) => (prompt::secret_file(&current)?, parse_password(&prompt::secret_file(&new)?)?),
        _ if password_stdin => {
            let current = blocking(prompt::first_line_of_stdin).await?;
            (current, parse_password(&blocking(prompt::first_line_of_stdin).await?)?)
        }
        _ => {
            must_ask(context, "give --password-stdin or the two files")?;
            let current = blocking(|| prompt::password("Present password: ")).await?;
            (current, ask_new_password("New password").await?)
        }
    };
    let change = ChangePassword { current_password: Secret(current), new_password: new };
    client.change_password(change).await.during(|| "cannot change the password".to_owned())?;
    context.out.say("password changed; your other sessions have ended");
    Ok(())
}

async fn forgot_password(context: &Context, username: Option<String>) -> Outcome {
    let client = context.client_to_log_in()?;
    let server = client.server().clone();
    let username = match username {
        Some(name) => name,
        None => ask_name(context, "give it, like `syncspace password forgot alice`").await?,
    };
    if context.only_plans(|| format!("ask {server} to mail a code for a new password to {username}"))? {
        return Ok(());
    }
    let ask = MailPasswordReset { username: username.clone() };
    client.mail_password_reset(ask).await.during(|| format!("cannot ask {server} for a code"))?;
    context.out.say(&format!(
        "if {username} is an account at {server} with an e-mail address, a code is on its way there; then: syncspace password \
         reset"
    ));
    Ok(())
}

pub(super) async fn account(context: &Context, args: args::Account) -> Outcome {
    let client = context.client()?;
    match args {
        args::Account::Verify { code } => {
            if context.only_plans(|| "confirm your e-mail address".to_owned())? {
                return Ok(());
            }
            let code = if code == "-" { blocking(prompt::first_line_of_stdin).await? } else { code };
            let verify = VerifyEmail { code: Secret(code.trim().to_owned()) };
            let user = client.verify_email(verify).await.during(|| "cannot confirm your e-mail address".to_owned());
            let user =
                user.hint_where(is_wrong_secret, || "`syncspace account send-code` mails another one".to_owned())?;
            let email = user.email.as_ref().map(ToString::to_string).unwrap_or_default();
            context.out.done(&format!("{email} is confirmed as your address"), &user)
        }
        args::Account::SendCode => {
            if context.only_plans(|| "have another code mailed to your address".to_owned())? {
                return Ok(());
            }
            client.send_email_code().await.during(|| "cannot have a code mailed".to_owned())?;
            context.out.say("a code is on its way to your address; then: syncspace account verify CODE");
            Ok(())
        }
        args::Account::Email { address } => {
            let email = match address.as_str() {
                "" => Patch::Clear,
                text => Patch::Set(text.parse().map_err(|error| CliError::Usage(format!("{error}")))?),
            };
            if context.only_plans(|| format!("make {address} your e-mail address"))? {
                return Ok(());
            }
            let edit = EditProfile { email, ..EditProfile::default() };
            let user = client.edit_me(edit).await.during(|| "cannot change your e-mail address".to_owned())?;
            let said = match (&user.email_pending, &user.email) {
                (Some(pending), _) => {
                    format!(
                        "a code is on its way to {pending}, which counts once you confirm it: syncspace account verify CODE"
                    )
                }
                (None, Some(email)) => format!("{email} is your address"),
                (None, None) => "your account has no e-mail address any more".to_owned(),
            };
            context.out.done(&said, &user)
        }
    }
}

async fn reset_password(context: &Context, is_stdin: bool) -> Outcome {
    let client = context.client_to_log_in()?;
    let server = client.server().clone();
    if context.only_plans(|| format!("set a new password at {server}, log in, and end all other sessions"))? {
        return Ok(());
    }
    let (code, new_password) = if is_stdin {
        let code = blocking(prompt::first_line_of_stdin).await?;
        (code, parse_password(&blocking(prompt::first_line_of_stdin).await?)?)
    } else {
        must_ask(context, "give --stdin")?;
        let code = blocking(|| prompt::password("Code: ")).await?;
        (code, ask_new_password("New password").await?)
    };
    let reset =
        ResetPassword { code: Secret(code.trim().to_owned()), new_password, device_name: Some(default_device_name()) };
    let tokens = client.reset_password(reset).await.during(|| format!("cannot set a new password at {server}"));
    let sends_mail = tokens.is_err() && client.server_info().await.is_ok_and(|info| info.sends_mail);
    let another = || match sends_mail {
        true => "`syncspace password forgot` mails another code".to_owned(),
        false => "an administrator of the server can make another code".to_owned(),
    };
    let tokens = tokens.hint_where(is_wrong_secret, another)?;
    welcome(context, &client, &tokens, "the new password holds; logged in")
}

/// Reads the first password of an account: from where the flags say, else asked for twice.
pub(super) async fn new_password(context: &Context, args: args::PasswordArgs, question: &str) -> Outcome<Password> {
    if args.password_stdin || args.password_file.is_some() {
        return parse_password(&read_password(context, args, String::new()).await?);
    }
    must_ask(context, "give --password-stdin or --password-file")?;
    ask_new_password(question).await
}

async fn read_password(context: &Context, args: args::PasswordArgs, question: String) -> Outcome<String> {
    if args.password_stdin {
        return blocking(prompt::first_line_of_stdin).await;
    }
    if let Some(path) = args.password_file.as_deref() {
        return prompt::secret_file(Path::new(path));
    }
    must_ask(context, "give --password-stdin or --password-file")?;
    blocking(move || prompt::password(&question)).await
}

async fn ask_new_password(question: &str) -> Outcome<Password> {
    let question = question.to_owned();
    let typed = blocking(move || {
        let typed = prompt::password(&format!("{question}: "))?;
        parse_password(&typed)?;
        if prompt::password("Again: ")? == typed {
            Ok(typed)
        } else {
            Err(CliError::Usage("the two differ".to_owned()))
        }
    });
    parse_password(&typed.await?)
}

async fn ask_name(context: &Context, instead: &str) -> Outcome<String> {
    must_ask(context, instead)?;
    let name = blocking(|| prompt::line("User name: ")).await?;
    if name.is_empty() { Err(CliError::Cancelled) } else { Ok(name) }
}

fn must_ask(context: &Context, instead: &str) -> Outcome {
    if context.may_ask() { Ok(()) } else { Err(CliError::Usage(format!("nobody is here to answer: {instead}"))) }
}

fn parse_password(text: &str) -> Outcome<Password> {
    text.parse().map_err(|error| CliError::Usage(format!("{error}")))
}

fn welcome(context: &Context, client: &Client, tokens: &Tokens, what: &str) -> Outcome {
    Context::remember_server(client.server())?;
    let admin = if tokens.user.is_admin { ", an administrator" } else { "" };
    context.out.say(&format!("{what} to {} as {}{admin}", client.server(), tokens.user.username));
    Ok(())
}

fn default_device_name() -> String {
    let host = std::fs::read_to_string("/etc/hostname").ok().or_else(|| std::env::var("HOSTNAME").ok());
    match host.as_deref().map(str::trim).filter(|host| !host.is_empty() && host.len() <= 64) {
        Some(host) => format!("syncspace on {host}"),
        None => "syncspace".to_owned(),
    }
}
