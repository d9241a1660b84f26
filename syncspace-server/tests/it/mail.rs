//! Facts about mail, on the embedded store and on MySQL, against a mail server that takes it or does not.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use syncspace_protocol::audit::AuditEntry;
use syncspace_protocol::auth::{RegistrationMode, Tokens};
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::limits::{EMAIL_CODES_MAX, INVITE_MAILS_PER_DAY_MAX};
use syncspace_protocol::teams::{Invite, MailState};
use syncspace_protocol::{TeamId, Time};
use syncspace_server::jobs::Jobs;
use syncspace_server::mail::Mailer;
use syncspace_server::service::{Actor, LeaseTimes, Service, ServiceError, Turn};
use syncspace_server::store::{Queries as _, Sql, invites, params};
use syncspace_testkit::{ReceivedMail, SmtpHabit, SmtpServer};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::place::{PASSWORD, Place, Rig, SECRET, body, on_both_stores, origin, refused, register_body};

on_both_stores! {
    a_mailed_invite_is_shown_to_nobody_else_and_verifies_the_address,
    an_invite_is_mailed_once_for_each_key,
    an_account_that_is_there_comes_in_by_a_mailed_invite,
    without_a_mail_server_everything_is_as_it_was,
    an_address_is_verified_by_the_code_that_was_mailed_to_it,
    a_new_address_counts_once_it_is_verified_and_the_former_one_is_told,
    an_address_is_verified_by_one_account_only,
    codes_for_an_address_are_bounded,
    administrators_give_addresses_that_are_not_verified,
    a_forgotten_password_is_set_anew_by_mail,
    whether_there_is_an_account_is_told_to_nobody,
    asking_for_mail_ends_no_code_of_an_administrator,
    a_code_for_a_new_password_ends_where_the_address_changes,
    what_the_mail_server_does_not_take_comes_again,
    what_it_took_without_saying_so_comes_again,
    what_waits_outlives_the_server_and_its_secret,
    a_refused_recipient_is_told_where_people_look,
    what_cannot_be_sent_in_its_time_is_given_up,
    what_nobody_wants_any_more_is_not_sent,
    mails_of_one_person_in_a_day_are_bounded,
    a_silent_mail_server_delays_nothing_else,
    mail_goes_over_tls_with_a_login,
    an_imported_account_comes_to_its_person_by_mail,
    mail_goes_over_tls_from_the_first_byte,
}

const WAIT: Duration = Duration::from_secs(30);
const HOUR_MS: i64 = 3_600_000;

fn times() -> LeaseTimes {
    let ms = Duration::from_millis;
    LeaseTimes { term: ms(2_000), renewal: ms(400), look: ms(20) }
}

fn mailer_to(server: &str, certificates: Option<&std::path::Path>) -> Mailer {
    let public_url = Url::parse("https://chat.example.org").expect("an address");
    let sender = "SyncSpace <chat@example.org>".parse().expect("a sender");
    Mailer::new(server.parse().expect("a mail server"), sender, public_url, certificates).expect("a mailer")
}

fn mailer(smtp: &SmtpServer) -> Mailer {
    mailer_to(&format!("smtp://127.0.0.1:{}", smtp.port()), None)
}

/// A service that sends mail, and Alice's team in it.
struct Scene {
    rig: Rig,
    smtp: SmtpServer,
    turn: Turn,
    root: Actor,
    alice: Actor,
    team: TeamId,
}

impl Scene {
    async fn on(place: Place) -> Self {
        let smtp = SmtpServer::start().await;
        let rig = place.open_rig().await.again_with_mail(mailer(&smtp), &[SECRET]).await;
        let (root, alice) = (rig.admin().await, rig.register_actor("alice").await);
        let team = rig.service.create_team(&alice, body(json!({ "name": "eng" }))).await.expect("a team").team.id;
        let turn = rig.service.wait_for_turn(times()).await.expect("a turn");
        Self { rig, smtp, turn, root, alice, team }
    }

    fn service(&self) -> &Service {
        &self.rig.service
    }

    /// Sends what is due, once, and gives how many mails that was.
    async fn send_due(&self) -> usize {
        let due = self.service().due_mails(&self.turn, &[], 100).await.expect("looks").expect("has the turn");
        let count = due.len();
        for mail in due {
            self.service().send_mail(mail).await.expect("writes down what came of it");
        }
        count
    }

    /// Sends what is due, and gives the one mail that came of it.
    async fn mailed(&self) -> ReceivedMail {
        let before = self.smtp.mails().len();
        self.send_due().await;
        let mut mails = self.smtp.mails().split_off(before);
        assert_eq!(mails.len(), 1, "{mails:?}");
        mails.remove(0)
    }

    async fn waiting(&self) -> u64 {
        count(&self.rig, "mails").await
    }

    async fn invite(&self, address: &str) -> Invite {
        let create = body(json!({ "email": address, "send_mail": true }));
        self.service().create_invite(&self.alice, self.team, create).await.expect("invites")
    }

    /// Finds an invite as those who keep them see it.
    async fn seen(&self, invite: &Invite) -> Invite {
        let page = self.service().invites(&self.alice, self.team, &body(json!({}))).await.expect("lists");
        page.items.into_iter().find(|listed| listed.id == invite.id).expect("it holds still")
    }

    async fn register(&self, username: &str, email: &str) -> Tokens {
        try_register(self.service(), json!({ "username": username, "email": email })).await.expect("registers")
    }

    async fn audit(&self, action: &str) -> Vec<AuditEntry> {
        let query = body(json!({ "action": action }));
        self.service().audit(&self.root, &query).await.expect("lists").items
    }
}

async fn try_register(service: &Service, fields: serde_json::Value) -> Result<Tokens, ServiceError> {
    let mut register = json!({ "password": PASSWORD });
    register.as_object_mut().expect("fields").extend(fields.as_object().expect("fields").clone());
    service.register(&origin(), body(register)).await
}

async fn count(rig: &Rig, table: &str) -> u64 {
    let sql = Sql::built(format!("SELECT COUNT(*) FROM {table}"));
    let rows = (&rig.place.store().await).query(&sql, params![]).await.expect("counts");
    rows[0].reader().take::<u32>().expect("a number").into()
}

async fn a_mailed_invite_is_shown_to_nobody_else_and_verifies_the_address(place: Place) {
    let scene = Scene::on(place).await;
    let invite = scene.invite("bob@example.org").await;
    assert_eq!((invite.code.as_ref(), invite.mail), (None, Some(MailState::Waiting)), "its maker has no code");
    let mail = scene.mailed().await;
    assert_eq!((mail.from.as_str(), mail.to.as_str()), ("chat@example.org", "bob@example.org"));
    assert_eq!(mail.header("Subject"), "@alice invites you to the team eng on SyncSpace");
    assert!(mail.text().contains("https://chat.example.org"), "{}", mail.text());
    assert_eq!((scene.waiting().await, scene.seen(&invite).await.mail), (0, Some(MailState::Sent)));
    let register = json!({ "username": "bob", "email": "Bob@example.org", "invite_code": mail.code() });
    let bob = try_register(scene.service(), register).await.expect("registers");
    assert_eq!(bob.user.email_verified_at, Some(scene.rig.clock.now()));
    let bob = scene.rig.actor(&bob).await;
    assert_eq!(scene.service().teams(&bob, &body(json!({}))).await.expect("lists").items[0].team.id, scene.team);
    assert_eq!(scene.send_due().await, 0, "there is nothing left to verify");
}

async fn an_invite_is_mailed_once_for_each_key(place: Place) {
    let scene = Scene::on(place).await;
    let key = "one-invite".parse().expect("a key");
    let create = || body(json!({ "email": "bob@example.org", "send_mail": true }));
    let make = || scene.service().create_invite_once(&scene.alice, Some(&key), scene.team, create());
    let first = make().await.expect("invites").into_inner();
    scene.mailed().await;
    let again = make().await.expect("the same").into_inner();
    assert_eq!((again.id, again.code, again.mail), (first.id, None, Some(MailState::Sent)));
    assert_eq!(scene.waiting().await, 0);
}

async fn an_account_that_is_there_comes_in_by_a_mailed_invite(place: Place) {
    let scene = Scene::on(place).await;
    let bob = scene.register("bob", "bob@example.org").await;
    assert_eq!(bob.user.email_verified_at, None);
    scene.mailed().await;
    let bob = scene.rig.actor(&bob).await;
    let eve = scene.rig.register_actor("eve").await;
    scene.invite("bob@example.org").await;
    let mail = scene.mailed().await;
    assert!(mail.text().contains("team invite use"), "{}", mail.text());
    refused(scene.service().use_invite(&eve, &mail.code()).await, ErrorCode::Forbidden);
    scene.service().use_invite(&bob, &mail.code()).await.expect("comes in");
    assert_eq!(scene.service().me(&bob).await.expect("bob").email_verified_at, Some(scene.rig.clock.now()));
    let shown = body(json!({ "email": "carol@example.org" }));
    let shown = scene.service().create_invite(&scene.alice, scene.team, shown).await.expect("invites");
    let register = json!({ "username": "carol", "email": "carol@example.org", "invite_code": shown.code });
    let carol = try_register(scene.service(), register).await.expect("registers");
    assert_eq!(carol.user.email_verified_at, None, "its maker knew that code too");
}

async fn without_a_mail_server_everything_is_as_it_was(place: Place) {
    let rig = place.open_rig().await;
    let alice = try_register(&rig.service, json!({ "username": "alice", "email": "a@example.org" })).await;
    let alice = rig.actor(&alice.expect("registers")).await;
    assert!(!rig.service.server_info().await.expect("says").sends_mail);
    let user = rig.service.edit_me(&alice, body(json!({ "email": "b@example.org" }))).await.expect("edits");
    assert_eq!(user.email.expect("an address").as_str(), "b@example.org");
    assert_eq!((user.email_verified_at, user.email_pending), (None, None));
    let team = rig.service.create_team(&alice, body(json!({ "name": "eng" }))).await.expect("a team").team.id;
    let create = |send_mail| body(json!({ "email": "c@example.org", "send_mail": send_mail }));
    let detail = refused(rig.service.create_invite(&alice, team, create(true)).await, ErrorCode::Conflict);
    assert!(detail.message.contains("smtp_url") && detail.message.contains("hand its code over"), "{}", detail.message);
    let invite = rig.service.create_invite(&alice, team, create(false)).await.expect("invites");
    assert!(invite.code.is_some() && invite.mail.is_none());
    refused(rig.service.mail_password_reset(body(json!({ "username": "alice" }))).await, ErrorCode::Conflict);
    refused(rig.service.send_email_code(&alice).await, ErrorCode::Conflict);
    assert_eq!(count(&rig, "mails").await + count(&rig, "email_codes").await, 0);
}

async fn an_address_is_verified_by_the_code_that_was_mailed_to_it(place: Place) {
    let scene = Scene::on(place).await;
    assert!(scene.service().server_info().await.expect("says").sends_mail);
    let bob = scene.rig.actor(&scene.register("bob", "bob@example.org").await).await;
    let mail = scene.mailed().await;
    assert_eq!(mail.header("Auto-Submitted"), "auto-generated");
    let verify = |code: &str| body(json!({ "code": code }));
    let eve = scene.rig.register_actor("eve").await;
    refused(scene.service().verify_email(&eve, verify(&mail.code())).await, ErrorCode::InvalidCredentials);
    for odd in ["", "x", &"x".repeat(10_000)] {
        refused(scene.service().verify_email(&bob, verify(odd)).await, ErrorCode::InvalidCredentials);
    }
    scene.service().send_email_code(&bob).await.expect("another one");
    let second = scene.mailed().await.code();
    let user = scene.service().verify_email(&bob, verify(&mail.code())).await.expect("the first one holds too");
    assert_eq!(user.email_verified_at, Some(scene.rig.clock.now()));
    refused(scene.service().verify_email(&bob, verify(&second)).await, ErrorCode::InvalidCredentials);
    refused(scene.service().send_email_code(&bob).await, ErrorCode::Conflict);
    refused(scene.service().send_email_code(&eve).await, ErrorCode::Conflict);
    assert_eq!(scene.audit("account.email_verified").await.len(), 1);
    let seen = scene.service().user(&scene.alice, bob.user_id).await;
    refused(seen, ErrorCode::NotFound);
    let seen = scene.service().user(&scene.root, bob.user_id).await.expect("administrators see it");
    assert_eq!(seen.email_verified_at, user.email_verified_at);
}

async fn a_new_address_counts_once_it_is_verified_and_the_former_one_is_told(place: Place) {
    let scene = Scene::on(place).await;
    let bob = scene.rig.actor(&scene.register("bob", "old@example.org").await).await;
    let verify = |code: &str| body(json!({ "code": code }));
    let first = scene.mailed().await.code();
    scene.service().verify_email(&bob, verify(&first)).await.expect("verifies");
    let edit = |address: &str| body(json!({ "email": address }));
    let user = scene.service().edit_me(&bob, edit("new@example.org")).await.expect("edits");
    let (email, pending) = (user.email.expect("one"), user.email_pending.expect("another"));
    assert_eq!((email.as_str(), pending.as_str()), ("old@example.org", "new@example.org"));
    let mail = scene.mailed().await;
    assert_eq!(mail.to, "new@example.org");
    scene.rig.login("old@example.org", PASSWORD).await.expect("the former one counts");
    scene.rig.clock.advance_ms(1_000);
    let user = scene.service().verify_email(&bob, verify(&mail.code())).await.expect("verifies");
    assert_eq!(user.email.expect("one").as_str(), "new@example.org");
    assert_eq!((user.email_verified_at, user.email_pending), (Some(scene.rig.clock.now()), None));
    let word = scene.mailed().await;
    assert_eq!(word.to, "old@example.org");
    assert!(word.text().contains("another e-mail address") && !word.text().contains("new@"), "{}", word.text());
    // What is written otherwise and is the same stays verified; taking it back takes what is pending back.
    let user = scene.service().edit_me(&bob, edit("New@example.org")).await.expect("edits");
    assert!(user.email_verified_at.is_some() && user.email_pending.is_none());
    scene.service().edit_me(&bob, edit("third@example.org")).await.expect("edits");
    let third = scene.mailed().await.code();
    let user = scene.service().edit_me(&bob, edit("new@example.org")).await.expect("edits");
    assert!(user.email_verified_at.is_some() && user.email_pending.is_none());
    refused(scene.service().verify_email(&bob, verify(&third)).await, ErrorCode::InvalidCredentials);
    let user = scene.service().edit_me(&bob, body(json!({ "email": null }))).await.expect("edits");
    assert_eq!((user.email, user.email_verified_at), (None, None));
    let odd = refused(scene.service().edit_me(&bob, edit("x@-")).await, ErrorCode::InvalidField);
    assert_eq!(odd.field.as_deref(), Some("email"), "no mail can be sent there");
}

async fn an_address_is_verified_by_one_account_only(place: Place) {
    let scene = Scene::on(place).await;
    let (bob, eve) = (scene.rig.register_actor("bob").await, scene.rig.register_actor("eve").await);
    let edit = || body(json!({ "email": "one@example.org" }));
    scene.service().edit_me(&bob, edit()).await.expect("it is nobody's");
    let to_bob = scene.mailed().await.code();
    scene.service().edit_me(&eve, edit()).await.expect("it is nobody's still");
    let to_eve = scene.mailed().await.code();
    scene.service().verify_email(&eve, body(json!({ "code": to_eve }))).await.expect("verifies");
    refused(scene.service().verify_email(&bob, body(json!({ "code": to_bob }))).await, ErrorCode::NameTaken);
    let me = scene.service().me(&bob).await.expect("bob");
    assert_eq!(
        (me.email, me.email_pending.map(|email| email.as_str().to_owned())),
        (None, Some("one@example.org".into()))
    );
}

async fn codes_for_an_address_are_bounded(place: Place) {
    let scene = Scene::on(place).await;
    let bob = scene.rig.actor(&scene.register("bob", "bob@example.org").await).await;
    for _ in 1..EMAIL_CODES_MAX {
        scene.service().send_email_code(&bob).await.expect("another one");
    }
    refused(scene.service().send_email_code(&bob).await, ErrorCode::RateLimited);
    let edit = || body(json!({ "email": "other@example.org" }));
    refused(scene.service().edit_me(&bob, edit()).await, ErrorCode::RateLimited);
    scene.rig.clock.advance_ms(24 * HOUR_MS);
    scene.service().edit_me(&bob, edit()).await.expect("the next day");
}

async fn administrators_give_addresses_that_are_not_verified(place: Place) {
    let scene = Scene::on(place).await;
    let create = body(json!({ "username": "bob", "password": PASSWORD, "email": "bob@example.org" }));
    let bob = scene.service().create_user(&scene.root, create).await.expect("makes");
    assert_eq!((scene.mailed().await.to.as_str(), bob.email_verified_at), ("bob@example.org", None));
    let edit = body(json!({ "email": "new@example.org" }));
    let bob = scene.service().edit_user(&scene.root, bob.id, edit).await.expect("edits");
    assert_eq!(bob.email.expect("it counts at once").as_str(), "new@example.org");
    assert_eq!((bob.email_verified_at, bob.email_pending), (None, None));
    let code = scene.mailed().await.code();
    let bob = scene.rig.actor(&scene.rig.login("bob", PASSWORD).await.expect("logs in")).await;
    scene.service().verify_email(&bob, body(json!({ "code": code }))).await.expect("verifies");
}

fn forgot(name: &str) -> syncspace_protocol::auth::MailPasswordReset {
    body(json!({ "username": name }))
}

fn reset(code: &str) -> syncspace_protocol::auth::ResetPassword {
    body(json!({ "code": code, "new_password": "another horse" }))
}

async fn a_forgotten_password_is_set_anew_by_mail(place: Place) {
    let scene = Scene::on(place).await;
    scene.register("bob", "bob@example.org").await;
    scene.mailed().await;
    scene.service().mail_password_reset(forgot(" Bob ")).await.expect("asks");
    let mail = scene.mailed().await;
    assert_eq!(mail.to, "bob@example.org");
    assert!(!mail.header("Subject").contains(&mail.code()));
    scene.service().mail_password_reset(forgot("BOB@example.org")).await.expect("asks again at once");
    assert_eq!((scene.send_due().await, scene.smtp.mails().len()), (1, 2), "one is on its way");
    let tokens = scene.service().reset_password(&origin(), reset(&mail.code())).await.expect("sets");
    assert_eq!(tokens.user.email_verified_at, Some(scene.rig.clock.now()), "whoever has the code reads the mail");
    refused(scene.service().reset_password(&origin(), reset(&mail.code())).await, ErrorCode::InvalidCredentials);
    scene.rig.login("bob", "another horse").await.expect("it holds");
    scene.rig.clock.advance_ms(121_000);
    scene.service().mail_password_reset(forgot("bob@example.org")).await.expect("asks");
    let late = scene.mailed().await.code();
    scene.rig.clock.advance_ms(HOUR_MS);
    refused(scene.service().reset_password(&origin(), reset(&late)).await, ErrorCode::InvalidCredentials);
    assert_eq!(scene.audit("account.reset_mailed").await.len(), 2);
}

async fn whether_there_is_an_account_is_told_to_nobody(place: Place) {
    let scene = Scene::on(place).await;
    let off = scene.rig.actor(&scene.register("off", "off@example.org").await).await;
    scene.mailed().await;
    scene.service().deactivate_user(&scene.root, off.user_id).await.expect("switches off");
    for name in ["nobody", "nobody@example.org", "off", "alice"] {
        scene.service().mail_password_reset(forgot(name)).await.expect("the same answer");
    }
    assert_eq!((scene.send_due().await, scene.smtp.mails().len()), (4, 1), "none of them is sent");
    assert_eq!(scene.waiting().await, 0);
    for odd in ["", " ", &"x".repeat(101)] {
        refused(scene.service().mail_password_reset(forgot(odd)).await, ErrorCode::InvalidField);
    }
}

async fn asking_for_mail_ends_no_code_of_an_administrator(place: Place) {
    let scene = Scene::on(place).await;
    let bob = scene.register("bob", "bob@example.org").await;
    scene.mailed().await;
    let made = scene.service().create_password_reset(&scene.root, bob.user.id, body(json!({}))).await.expect("makes");
    scene.service().mail_password_reset(forgot("bob")).await.expect("asks");
    let mailed = scene.mailed().await.code();
    let tokens = scene.service().reset_password(&origin(), reset(&made.code.0)).await.expect("sets");
    assert_eq!(tokens.user.email_verified_at, None, "that code was handed over");
    refused(scene.service().reset_password(&origin(), reset(&mailed)).await, ErrorCode::InvalidCredentials);
}

async fn a_code_for_a_new_password_ends_where_the_address_changes(place: Place) {
    let scene = Scene::on(place).await;
    let bob = scene.register("bob", "bob@example.org").await;
    scene.mailed().await;
    scene.service().mail_password_reset(forgot("bob")).await.expect("asks");
    let code = scene.mailed().await.code();
    let edit = body(json!({ "email": "new@example.org" }));
    scene.service().edit_user(&scene.root, bob.user.id, edit).await.expect("edits");
    refused(scene.service().reset_password(&origin(), reset(&code)).await, ErrorCode::InvalidCredentials);
}

async fn what_the_mail_server_does_not_take_comes_again(place: Place) {
    let scene = Scene::on(place).await;
    let invite = scene.invite("bob@example.org").await;
    scene.smtp.behave(SmtpHabit::IsBusy);
    for pause_ms in [10_000, 30_000, 90_000] {
        assert_eq!(scene.send_due().await, 1);
        assert_eq!((scene.send_due().await, scene.waiting().await), (0, 1), "it is tried again later");
        scene.rig.clock.advance_ms(pause_ms);
    }
    assert_eq!(scene.seen(&invite).await.mail, Some(MailState::Waiting));
    scene.smtp.behave(SmtpHabit::Takes);
    scene.mailed().await;
    assert_eq!(scene.seen(&invite).await.mail, Some(MailState::Sent));
}

async fn what_it_took_without_saying_so_comes_again(place: Place) {
    let scene = Scene::on(place).await;
    scene.invite("bob@example.org").await;
    scene.smtp.behave(SmtpHabit::HangsUpOnce);
    assert_eq!((scene.send_due().await, scene.smtp.mails().len()), (1, 0));
    scene.rig.clock.advance_ms(10_000);
    scene.mailed().await;
    assert_eq!(scene.waiting().await, 0);
}

async fn what_waits_outlives_the_server_and_its_secret(place: Place) {
    let Scene { rig, smtp, turn, .. } = {
        let scene = Scene::on(place).await;
        scene.invite("bob@example.org").await;
        scene
    };
    turn.give_back().await;
    let newer = "another signing secret of enough bytes";
    let rig = rig.again_with_mail(mailer(&smtp), &[newer, SECRET]).await;
    let turn = rig.service.wait_for_turn(times()).await.expect("a turn");
    for mail in rig.service.due_mails(&turn, &[], 100).await.expect("looks").expect("has the turn") {
        rig.service.send_mail(mail).await.expect("sends");
    }
    let code = smtp.mails().remove(0).code();
    let register = json!({ "username": "bob", "email": "bob@example.org", "invite_code": code });
    try_register(&rig.service, register).await.expect("the code is the one that was meant");
}

async fn a_refused_recipient_is_told_where_people_look(place: Place) {
    let scene = Scene::on(place).await;
    let invite = scene.invite("bob@example.org").await;
    scene.smtp.behave(SmtpHabit::RefusesRecipients);
    scene.send_due().await;
    let seen = scene.seen(&invite).await;
    assert_eq!(seen.mail, Some(MailState::Failed));
    let reason = seen.mail_error.expect("a reason");
    assert_eq!(reason, "the mail server refused it for good: 550 5.1.1 <bob@example.org> is nobody here");
    assert_eq!(scene.waiting().await, 0, "it is not tried again");
    let lines = scene.audit("mail.failed").await;
    let line = &lines[0];
    assert_eq!((lines.len(), line.team_id, line.actor_id), (1, Some(scene.team), None));
    assert_eq!(json!(line.details), json!({ "kind": "invite", "invite_id": invite.id, "status": 550 }));
    scene.smtp.behave(SmtpHabit::RefusesLogins);
    scene.invite("carol@example.org").await;
    scene.smtp.behave(SmtpHabit::Takes);
    assert_eq!(scene.mailed().await.to, "carol@example.org", "others are sent");
}

async fn what_cannot_be_sent_in_its_time_is_given_up(place: Place) {
    let scene = Scene::on(place).await;
    scene.register("bob", "bob@example.org").await;
    scene.mailed().await;
    let invite = scene.invite("carol@example.org").await;
    scene.smtp.behave(SmtpHabit::IsBusy);
    scene.service().mail_password_reset(forgot("bob")).await.expect("asks");
    scene.send_due().await;
    scene.rig.clock.advance_ms(HOUR_MS);
    scene.send_due().await;
    assert_eq!(scene.waiting().await, 1, "a code that is over is not sent");
    scene.rig.clock.advance_ms(23 * HOUR_MS);
    scene.send_due().await;
    let seen = scene.seen(&invite).await;
    assert_eq!((scene.waiting().await, seen.mail), (0, Some(MailState::Failed)));
    assert_eq!(seen.mail_error.as_deref(), Some("the mail server did not take it, with status 451"));
    assert_eq!(scene.audit("mail.failed").await.len(), 1);
}

async fn what_nobody_wants_any_more_is_not_sent(place: Place) {
    let scene = Scene::on(place).await;
    let invite = scene.invite("bob@example.org").await;
    scene.service().revoke_invite(&scene.alice, scene.team, invite.id).await.expect("revokes");
    let bob = scene.rig.actor(&scene.register("bob", "bob@example.org").await).await;
    scene.service().edit_me(&bob, body(json!({ "email": null }))).await.expect("takes it away");
    assert_eq!((scene.send_due().await, scene.smtp.mails().len()), (2, 0));
    assert_eq!(scene.waiting().await, 0);
}

async fn mails_of_one_person_in_a_day_are_bounded(place: Place) {
    let scene = Scene::on(place).await;
    let first = scene.invite("bob@example.org").await;
    let store = scene.rig.place.store().await;
    for number in 1..INVITE_MAILS_PER_DAY_MAX {
        let id = (1_000_000 + u64::from(number)).try_into().expect("an id");
        let more = Invite { id, ..first.clone() };
        invites::insert(&mut &store, &more, &format!("{number:064}")).await.expect("an invite");
    }
    let create = || body(json!({ "email": "carol@example.org", "send_mail": true }));
    let detail =
        refused(scene.service().create_invite(&scene.alice, scene.team, create()).await, ErrorCode::RateLimited);
    assert!(detail.message.contains("200"), "{}", detail.message);
    scene.rig.clock.advance_ms(24 * HOUR_MS);
    scene.service().create_invite(&scene.alice, scene.team, create()).await.expect("the next day");
    for (create, field) in [
        (json!({ "send_mail": true }), "email"),
        (json!({ "send_mail": true, "email": "x@-" }), "email"),
        (json!({ "send_mail": true, "email": "x@example.org", "uses_max": 2 }), "uses_max"),
    ] {
        let made = scene.service().create_invite(&scene.alice, scene.team, body(create)).await;
        assert_eq!(refused(made, ErrorCode::InvalidField).field.as_deref(), Some(field));
    }
}

async fn a_silent_mail_server_delays_nothing_else(place: Place) {
    let smtp = SmtpServer::start().await;
    smtp.behave(SmtpHabit::StaysSilent);
    let rig = place.rig(RegistrationMode::Open).await.again_with_mail(mailer(&smtp), &[SECRET]).await;
    let service = Arc::new(rig.service);
    let run = |closing: &CancellationToken| {
        tokio::spawn(Jobs { jobs: Vec::new(), turn: times() }.run(Arc::clone(&service), closing.clone()))
    };
    let closing = CancellationToken::new();
    let work = run(&closing);
    for number in 0..6 {
        let register = json!({ "username": format!("u{number}"), "email": format!("u{number}@example.org") });
        try_register(&service, register).await.expect("registers");
    }
    smtp.wait_for_connections(4).await;
    service.register(&origin(), register_body("late")).await.expect("nobody waits for mail");
    closing.cancel();
    timeout(WAIT, work).await.expect("nor does the end").expect("ends well");
    smtp.behave(SmtpHabit::Takes);
    let closing = CancellationToken::new();
    let work = run(&closing);
    let mut recipients: Vec<_> = smtp.wait_for(6).await.into_iter().map(|mail| mail.to).collect();
    recipients.sort();
    assert_eq!(recipients, (0..6).map(|number| format!("u{number}@example.org")).collect::<Vec<_>>(), "none is lost");
    closing.cancel();
    timeout(WAIT, work).await.expect("in time").expect("ends well");
}

async fn mail_goes_over_tls_with_a_login(place: Place) {
    let smtp = SmtpServer::start_encrypted().await;
    let authority = place.folder.path().join("ca.pem");
    std::fs::write(&authority, smtp.certificate()).expect("writes");
    let url = format!("smtp://chat:s%2Fecret@localhost:{}?tls=required", smtp.port());
    let now: Time = "2026-11-22T17:26:21.500Z".parse().expect("a time");
    let send = async |url: &str, authority: Option<&std::path::Path>| {
        mailer_to(url, authority).send_test("bob@example.org".parse().expect("an address"), now).await
    };
    send(&url, Some(&authority)).await.expect("sends");
    let mail = smtp.mails().remove(0);
    assert!(mail.is_encrypted);
    assert_eq!(mail.login.as_deref(), Some("AGNoYXQAcy9lY3JldA=="), "NUL chat NUL s/ecret");
    let error = send(&url, None).await.expect_err("nobody vouches for it").to_string();
    assert!(error.starts_with("cannot reach the mail server: "), "{error}");
    smtp.behave(SmtpHabit::RefusesLogins);
    let error = send(&url, Some(&authority)).await.expect_err("refused").to_string();
    assert_eq!(error, "the mail server refused the login, with status 535");
    let clear = SmtpServer::start().await;
    let error = send(&format!("smtp://localhost:{}?tls=required", clear.port()), None).await.expect_err("in the clear");
    assert!(error.to_string().contains("STARTTLS"), "{error}");
    assert_eq!((smtp.mails().len(), clear.mails().len()), (1, 0));
}

async fn an_imported_account_comes_to_its_person_by_mail(place: Place) {
    let scene = Scene::on(place).await;
    let start = json!({ "source": "test", "fingerprint": "a".repeat(64), "match_by": "username" });
    let import = scene.service().start_import(&scene.root, scene.team, body(start)).await.expect("begins").into_inner();
    let lines = json!({ "lines": [
        { "type": "user", "username": "bob", "email": "bob@example.org", "role": "member" },
        { "type": "user", "username": "carol", "role": "member" },
    ] });
    scene.service().import_lines(&scene.root, scene.team, import.id, body(lines)).await.expect("imports");
    let unclaimed = async || {
        let query = body(json!({ "is_unclaimed": true }));
        let page = scene.service().accounts(&scene.root, &query).await.expect("lists");
        page.items.into_iter().map(|user| user.id).collect::<Vec<_>>()
    };
    let waiting = unclaimed().await;
    let [bob, carol] = waiting.as_slice() else { unreachable!("{waiting:?}") };
    // Whoever reads mail to the address may be invited, and is told what there is.
    let invite = scene.invite("bob@example.org").await;
    let code = scene.mailed().await.code();
    let register = json!({ "username": "robert", "email": "bob@example.org", "invite_code": code });
    let detail = refused(try_register(scene.service(), register).await, ErrorCode::NameTaken);
    assert!(detail.message.contains("was imported") && invite.code.is_none(), "{detail:?}");

    let handed = scene.service().hand_over(&scene.root, *bob, body(json!({}))).await.expect("hands over");
    assert_eq!((handed.mailed_to.as_ref().map(|to| to.as_str()), handed.code), (Some("bob@example.org"), None));
    let mail = scene.mailed().await;
    assert!(mail.text().contains("moved to SyncSpace") && mail.to == "bob@example.org", "{mail:?}");
    let tokens = scene.service().reset_password(&origin(), reset(&mail.code())).await.expect("sets the first password");
    assert!(tokens.user.email_verified_at.is_some(), "the code came to the address");
    refused(scene.service().hand_over(&scene.root, *bob, body(json!({}))).await, ErrorCode::Conflict);
    assert_eq!(unclaimed().await, [*carol]);

    // Without an address the code is handed over by who administers; the last one counts.
    let first = scene.service().hand_over(&scene.root, *carol, body(json!({}))).await.expect("hands over");
    let minute = json!({ "expires_in_s": 60 });
    let second = scene.service().hand_over(&scene.root, *carol, body(minute)).await.expect("once more");
    assert!(first.mailed_to.is_none() && first.expires_at > second.expires_at);
    let [first, second] = [first, second].map(|handed| handed.code.expect("a code").0);
    refused(scene.service().reset_password(&origin(), reset(&first)).await, ErrorCode::InvalidCredentials);
    let tokens = scene.service().reset_password(&origin(), reset(&second)).await.expect("sets the first password");
    assert_eq!(tokens.user.username.as_str(), "carol");
    let team = scene.service().teams(&scene.rig.actor(&tokens).await, &body(json!({}))).await.expect("lists").items;
    assert_eq!(team[0].team.id, scene.team, "where the import put her");
    assert_eq!(scene.audit("user.handed_over").await.len(), 3);

    refused(scene.service().hand_over(&scene.alice, *carol, body(json!({}))).await, ErrorCode::Forbidden);
    refused(scene.service().hand_over(&scene.root, scene.alice.user_id, body(json!({}))).await, ErrorCode::Conflict);
    let long = body(json!({ "expires_in_s": 604_801 }));
    refused(scene.service().hand_over(&scene.root, *carol, long).await, ErrorCode::InvalidField);
}

async fn mail_goes_over_tls_from_the_first_byte(place: Place) {
    let smtp = SmtpServer::start_wrapped().await;
    let authority = place.folder.path().join("ca.pem");
    std::fs::write(&authority, smtp.certificate()).expect("writes");
    let url = format!("smtps://chat:secret@localhost:{}", smtp.port());
    // By all that a server does to send one.
    let rig = place.open_rig().await.again_with_mail(mailer_to(&url, Some(&authority)), &[SECRET]).await;
    try_register(&rig.service, json!({ "username": "bob", "email": "bob@example.org" })).await.expect("registers");
    let turn = rig.service.wait_for_turn(times()).await.expect("a turn");
    for mail in rig.service.due_mails(&turn, &[], 100).await.expect("looks").expect("has the turn") {
        rig.service.send_mail(mail).await.expect("sends");
    }
    let mail = smtp.mails().remove(0);
    assert_eq!(
        (mail.to.as_str(), mail.is_encrypted, mail.login.as_deref()),
        ("bob@example.org", true, Some("AGNoYXQAc2VjcmV0"))
    );
    assert_eq!(count(&rig, "mails").await, 0);
    let now = rig.clock.now();
    let send = async |url: &str, authority: Option<&std::path::Path>| {
        let sent = mailer_to(url, authority).send_test("bob@example.org".parse().expect("an address"), now).await;
        sent.expect_err("not sent").to_string()
    };
    let error = send(&url, None).await;
    assert!(error.starts_with("cannot reach the mail server: "), "nobody vouches for it: {error}");
    // Its certificate is for a name, not for this address.
    let error = send(&url.replace("localhost", "127.0.0.1"), Some(&authority)).await;
    assert!(error.starts_with("cannot reach the mail server: "), "{error}");
    // Another certificate of the same name, which was not told.
    let other = SmtpServer::start_wrapped().await;
    let error = send(&format!("smtps://localhost:{}", other.port()), Some(&authority)).await;
    assert!(error.starts_with("cannot reach the mail server: "), "{error}");
    // Neither waits for a greeting in the clear, nor talks to who greets so.
    let clear = SmtpServer::start().await;
    let error = send(&format!("smtps://localhost:{}", clear.port()), Some(&authority)).await;
    assert!(error.starts_with("cannot reach the mail server: "), "{error}");
    assert_eq!((smtp.mails().len(), other.mails().len(), clear.mails().len()), (1, 0, 0));
}
