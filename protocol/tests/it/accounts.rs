//! Bodies of `/auth`, `/users` and `/server`.

use serde_json::{Value, json};
use syncspace_protocol::auth::{
    ChangePassword, Login, MailPasswordReset, Refresh, Register, RegistrationMode, ResetPassword, ServerInfo, Session,
    SocketTicket, Tokens, VerifyEmail,
};
use syncspace_protocol::keywords::Keywords;
use syncspace_protocol::preferences::{ClockTime, DndHours, EditPreferences, Preferences, Weekday};
use syncspace_protocol::status::{ChosenPresence, CustomStatus, EditStatus, Presence, PresenceStatus};
use syncspace_protocol::users::{CreateUser, EditProfile, EditUser, Person, User};
use syncspace_protocol::{Patch, TimeZoneName};

use crate::golden::{full, future_word_is_read_as, least, parse, refused, with, without, words};

pub(crate) fn user() -> Value {
    json!({
        "id": 7,
        "username": "alice",
        "full_name": "Alice Example",
        "email": "alice@example.org",
        "email_verified_at": "2026-11-01T09:00:00.000Z",
        "email_pending": "new@example.org",
        "avatar_url": "https://example.org/a.png",
        "time_zone": "Europe/Berlin",
        "custom_status": custom_status(),
        "chosen_presence": "away",
        "is_active": true,
        "is_admin": false,
        "is_bot": true,
        "presence": "away",
        "is_online": true,
        "last_seen": "2026-11-22T17:26:21.500Z",
        "created_at": "2026-11-01T08:00:00.000Z",
        "updated_at": "2026-11-02T08:00:00.000Z",
    })
}

pub(crate) fn preferences() -> Value {
    json!({
        "notify": "all",
        "dnd_hours": {"from": "22:00", "to": "07:30", "days": ["mon", "sun"]},
        "paused_until": "2026-11-22T18:00:00.000Z",
        "keywords_rev": 3,
    })
}

fn custom_status() -> Value {
    json!({"text": "At lunch", "emoji": "pizza", "expires_at": "2026-11-22T18:00:00.000Z"})
}

pub(crate) fn person() -> Value {
    json!({
        "id": 7,
        "username": "alice",
        "full_name": "Alice Example",
        "avatar_url": "https://example.org/a.png",
        "is_active": true,
        "is_bot": true,
    })
}

#[test]
fn accounts_and_people() {
    full::<User>(&user());
    let nullable = [
        "full_name",
        "email",
        "email_verified_at",
        "email_pending",
        "avatar_url",
        "time_zone",
        "custom_status",
        "chosen_presence",
        "is_online",
        "last_seen",
    ];
    let bare = without(&without(&user(), &nullable), &["is_bot"]);
    let nulls: serde_json::Map<_, _> = nullable.iter().map(|name| ((*name).to_owned(), Value::Null)).collect();
    let meant = with(&with(&bare, Value::Object(nulls)), json!({"is_bot": false}));
    least::<User>(&bare, &meant);
    full::<Person>(&person());
    let bare = without(&person(), &["full_name", "avatar_url", "is_bot"]);
    least::<Person>(&bare, &with(&bare, json!({"full_name": null, "avatar_url": null, "is_bot": false})));
}

#[test]
fn registering_needs_a_name_and_a_password() {
    let needed = json!({"username": "alice", "password": "correct horse battery"});
    full::<Register>(&with(
        &needed,
        json!({
            "email": "alice@example.org",
            "full_name": "Alice Example",
            "device_name": "laptop",
            "bootstrap_token": "b00t",
            "invite_code": "inv",
        }),
    ));
    least::<Register>(&needed, &with(&needed, json!({"email": null, "invite_code": null})));
    refused::<Register>(&with(&needed, json!({"password": "short"})), "a password has 10 to 256 characters");
}

#[test]
fn logging_in_takes_a_password_of_any_length() {
    full::<Login>(&json!({"username": "alice", "password": "x", "device_name": "laptop"}));
    let needed = json!({"username": "alice", "password": "x"});
    least::<Login>(&needed, &with(&needed, json!({"device_name": null})));
}

#[test]
fn tokens_tickets_and_their_refresh() {
    let tokens = json!({
        "user": user(),
        "session_id": 3,
        "access_token": "aaa",
        "refresh_token": "rrr",
        "expires_in_s": 1800,
    });
    full::<Tokens>(&tokens);
    least::<Tokens>(&tokens, &tokens);
    full::<Refresh>(&json!({"refresh_token": "rrr"}));
    least::<Refresh>(&json!({"refresh_token": "rrr"}), &json!({"refresh_token": "rrr"}));
    let reset = json!({"code": "s3cret", "new_password": "correct horse battery"});
    full::<ResetPassword>(&with(&reset, json!({"device_name": "laptop"})));
    least::<ResetPassword>(&reset, &with(&reset, json!({"device_name": null})));
    let ask = json!({"username": "alice"});
    full::<MailPasswordReset>(&ask);
    least::<MailPasswordReset>(&ask, &ask);
    full::<VerifyEmail>(&json!({"code": "s3cret"}));
    least::<VerifyEmail>(&json!({"code": "s3cret"}), &json!({"code": "s3cret"}));
    let ticket = json!({"ticket": "ttt", "expires_in_s": 30});
    full::<SocketTicket>(&ticket);
    least::<SocketTicket>(&ticket, &ticket);
    assert!(!format!("{:?}", parse::<Tokens>(&tokens)).contains("rrr"), "a token shows in the debug form");
}

#[test]
fn sessions_are_listed_by_device() {
    let session = json!({
        "id": 3,
        "device_name": "laptop",
        "is_current": true,
        "created_at": "2026-11-01T08:00:00.000Z",
        "last_used_at": "2026-11-02T08:00:00.000Z",
        "expires_at": "2026-12-02T08:00:00.000Z",
    });
    full::<Session>(&session);
    let bare = without(&session, &["device_name"]);
    least::<Session>(&bare, &with(&bare, json!({"device_name": null})));
}

#[test]
fn a_password_is_changed_by_who_knows_the_old_one() {
    let change = json!({"current_password": "x", "new_password": "correct horse battery"});
    full::<ChangePassword>(&change);
    least::<ChangePassword>(&change, &change);
}

#[test]
fn a_server_says_who_may_register() {
    let info = json!({
        "product": "syncspace",
        "version": "0.1.0",
        "protocol": 1,
        "registration": "invite",
        "needs_first_admin": true,
        "sends_mail": true,
        "file_bytes_max": 52_428_800,
    });
    full::<ServerInfo>(&info);
    let bare = without(&info, &["sends_mail", "file_bytes_max"]);
    least::<ServerInfo>(&bare, &with(&bare, json!({"sends_mail": false})));
    words::<RegistrationMode>(&["open", "invite", "closed"]);
}

#[test]
fn profiles_are_edited_field_by_field() {
    let profile = json!({
        "full_name": "Alice Example",
        "email": "alice@example.org",
        "avatar_url": "https://example.org/a.png",
        "time_zone": "Europe/Berlin",
    });
    full::<EditProfile>(&profile);
    least::<EditProfile>(&json!({}), &json!({}));
    full::<EditUser>(&with(&profile, json!({"is_active": false, "is_admin": true})));
    least::<EditUser>(&json!({}), &json!({"is_active": null}));
}

#[test]
fn an_edit_through_a_flattened_profile_still_tells_null_from_absent() {
    let edit = parse::<EditUser>(&json!({"full_name": null, "email": "a@example.org"}));
    assert_eq!(edit.profile.full_name, Patch::Clear);
    assert!(matches!(edit.profile.email, Patch::Set(_)));
    assert_eq!(edit.profile.avatar_url, Patch::Keep);
    full::<EditUser>(&json!({
        "full_name": null, "email": null, "avatar_url": null, "time_zone": null, "is_active": true, "is_admin": false,
    }));
}

#[test]
fn administrators_make_accounts() {
    let needed = json!({"username": "alice", "password": "correct horse battery"});
    full::<CreateUser>(&with(
        &needed,
        json!({"email": "alice@example.org", "full_name": "Alice Example", "is_admin": true}),
    ));
    least::<CreateUser>(&needed, &with(&needed, json!({"is_admin": false})));
}

#[test]
fn presence_is_a_word_and_what_the_person_says() {
    let bare = json!({"user_id": 7, "status": "offline"});
    full::<Presence>(&with(&bare, json!({"custom_status": custom_status()})));
    least::<Presence>(&bare, &with(&bare, json!({"custom_status": null})));
    words::<PresenceStatus>(&["online", "away", "dnd", "invisible", "offline", "unknown"]);
    future_word_is_read_as::<PresenceStatus>("unknown");
    full::<CustomStatus>(&custom_status());
    least::<CustomStatus>(&json!({}), &json!({"text": null, "emoji": null, "expires_at": null}));
}

#[test]
fn a_status_is_edited_field_by_field() {
    full::<EditStatus>(&with(&custom_status(), json!({"presence": "dnd"})));
    full::<EditStatus>(&json!({"text": null, "emoji": null, "expires_at": null, "presence": "online"}));
    least::<EditStatus>(&json!({}), &json!({"presence": null}));
    words::<ChosenPresence>(&["online", "away", "dnd", "invisible"]);
    refused::<EditStatus>(&json!({"presence": "asleep"}), "unknown variant `asleep`");
    refused::<EditStatus>(&json!({"emoji": "\u{1f600}"}), "an emoji is named by its short name");
}

#[test]
fn preferences_are_read_whole_and_edited_field_by_field() {
    let nulls = json!({"notify": null, "dnd_hours": null, "paused_until": null});
    full::<Preferences>(&preferences());
    least::<Preferences>(&json!({}), &with(&nulls, json!({"keywords_rev": 0})));
    full::<EditPreferences>(&without(&preferences(), &["keywords_rev"]));
    full::<EditPreferences>(&nulls);
    least::<EditPreferences>(&json!({}), &json!({}));
    full::<DndHours>(&preferences()["dnd_hours"]);
    least::<DndHours>(&preferences()["dnd_hours"], &preferences()["dnd_hours"]);
    full::<ClockTime>(&json!("07:30"));
    words::<Weekday>(&["mon", "tue", "wed", "thu", "fri", "sat", "sun"]);
    let hours = |from: &str| json!({"dnd_hours": {"from": from, "to": "07:30", "days": []}});
    refused::<EditPreferences>(&hours("24:00"), "a time of day is written like 07:30");
}

#[test]
fn zones_of_the_future_are_read() {
    let user = with(&user(), json!({"time_zone": "Mars/Olympus_Mons"}));
    full::<User>(&user);
    full::<TimeZoneName>(&json!("Europe/Berlin"));
    refused::<TimeZoneName>(&json!(""), "a time zone is named as IANA does");
    refused::<EditProfile>(&json!({"time_zone": "Mars Olympus"}), "a time zone is named as IANA does");
}

#[test]
fn keywords_are_a_list() {
    full::<Keywords>(&json!({"keywords": ["deploy", "release train"]}));
    least::<Keywords>(&json!({"keywords": []}), &json!({"keywords": []}));
}
