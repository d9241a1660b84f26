//! What people do where the server sends mail, and where it does not.

use crate::support::{MailWorld, PASSWORD, World};

#[test]
fn an_invite_is_mailed_to_each_address_and_its_code_is_shown_to_nobody() {
    let mail = MailWorld::start();
    let alice = mail.world.person("alice");
    alice.run(&["team", "create", "eng"]).ok();
    let invite = ["team", "invite", "create", "eng", "--email", "bob@example.org", "--email", "carol@example.org"];
    let run = alice.run(&invite).ok();
    let run =
        run.says("invite to eng is mailed to bob@example.org").says("invite to eng is mailed to carol@example.org");
    let (first, second) = (mail.mail(1), mail.mail(2));
    let mut recipients = [first.to.as_str(), second.to.as_str()];
    recipients.sort_unstable();
    assert_eq!(recipients, ["bob@example.org", "carol@example.org"]);
    assert!(!run.out.contains(&first.code()) && !run.out.contains(&second.code()), "{run:?}");
    let to_bob = if first.to == "bob@example.org" { first } else { second };
    let bob = mail.world.stranger();
    let register = ["register", "-u", "bob", "--password-stdin", "--email", "bob@example.org", "--invite-code"];
    let code = to_bob.code();
    bob.input(&[&register[..], &[&code]].concat(), PASSWORD).ok();
    assert!(bob.json(&["whoami"])["email_verified_at"].is_string());
    let shown = alice.json(&["team", "invite", "create", "eng", "--email", "dan@example.org", "--no-mail"]);
    assert!(shown["code"].is_string() && shown.get("mail").is_none(), "{shown}");
}

#[test]
fn an_address_is_confirmed_by_its_code_and_a_forgotten_password_set_anew() {
    let mail = MailWorld::start();
    let bob = mail.world.stranger();
    bob.input(&["register", "-u", "bob", "--password-stdin", "--email", "bob@example.org"], PASSWORD).ok();
    let wrong = bob.run(&["account", "verify", "wrong"]).ends_with(4).says("this code is wrong");
    let wrong = wrong.says("hint: `syncspace account send-code` mails another one");
    assert!(!wrong.talk.contains("password"), "{wrong:?}");
    let command = format!("account verify {}", mail.mail(1).code());
    assert!(mail.mail(1).text().contains(&format!("syncspace --server https://chat.example.org {command}")));
    bob.run(&command.split(' ').collect::<Vec<_>>()).ok().says("bob@example.org is confirmed");
    bob.run(&["account", "send-code"]).ends_with(7).says("verified already");
    bob.run(&["account", "email", "new@example.org"]).ok().says("a code is on its way to new@example.org");
    assert_eq!(bob.json(&["whoami"])["email_pending"], "new@example.org");
    bob.input(&["account", "verify", "-"], mail.mail(2).code()).ok().says("new@example.org is confirmed");
    bob.run(&["account", "email", "nowhere"]).ends_with(2);
    assert_eq!(mail.mail(3).to, "bob@example.org", "the former address is told");

    let phone = mail.world.stranger();
    phone.run(&["password", "forgot", "bob"]).ok().says("if bob is an account").says("syncspace password reset");
    phone.run(&["password", "forgot", "nobody"]).ok().says("if nobody is an account");
    let wrong = phone.input(&["password", "reset", "--stdin"], "wrong\nanother horse\n").ends_with(4);
    wrong.says("or is over; ask for another one").says("hint: `syncspace password forgot` mails another code");
    phone.run(&["password", "forgot"]).ends_with(2).says("give it, like `syncspace password forgot alice`");
    let code = mail.mail(4).code();
    phone.input(&["password", "reset", "--stdin"], format!("{code}\nanother horse\n")).ok().says("logged in");
    assert_eq!(phone.json(&["whoami"])["email"], "new@example.org");
}

#[test]
fn without_a_mail_server_codes_are_shown_and_handed_over() {
    let world = World::start();
    let alice = world.person("alice");
    alice.run(&["team", "create", "eng"]).ok();
    let run = alice.run(&["team", "invite", "create", "eng", "--email", "bob@example.org"]).ok();
    assert!(run.says("no mail is sent: hand the code over").out.contains("code"));
    world.stranger().run(&["password", "forgot", "alice"]).ends_with(7).says("an administrator of it can make a code");
    alice.run(&["account", "email", "alice@example.org"]).ok().says("alice@example.org is your address");
    assert_eq!(world.stranger().json(&["server", "status"])["sends_mail"], false);
}
