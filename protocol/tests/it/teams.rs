//! Bodies of `/teams`.

use serde_json::{Value, json};
use syncspace_protocol::teams::{
    Ban, CreateInvite, CreateTeam, EditTeam, EditTeamSettings, Invite, Joining, MailState, MyTeam, PutTeamMember, Team,
    TeamMember, TeamMembership, TeamRole, TeamSettings, TransferTeam,
};

use crate::accounts::person;
use crate::golden::{full, future_word_is_read_as, least, refused, with, without, words};

pub(crate) fn team() -> Value {
    json!({
        "id": 1,
        "name": "eng",
        "description": "Engineering",
        "avatar_url": "https://example.org/t.png",
        "is_public": true,
        "settings": settings(),
        "created_by": 7,
        "created_at": "2026-11-01T08:00:00.000Z",
        "updated_at": "2026-11-02T08:00:00.000Z",
        "rev": 4,
    })
}

fn settings() -> Value {
    json!({
        "create_public_channels": "member",
        "create_private_channels": "admin",
        "invite": "member",
        "mention_all": "admin",
        "edit_within_s": 900,
        "joining": "request",
        "retention_days": 30,
    })
}

pub(crate) fn membership() -> Value {
    json!({"member_id": 19, "role": "owner", "joined_at": "2026-11-01T08:00:00.000Z"})
}

pub(crate) fn my_team() -> Value {
    with(&team(), json!({"membership": membership()}))
}

pub(crate) fn member() -> Value {
    json!({
        "team_id": 1,
        "user": person(),
        "role": "member",
        "joined_at": "2026-11-01T08:00:00.000Z",
        "rev": 5,
    })
}

#[test]
fn teams_and_what_one_is_in_them() {
    full::<Team>(&team());
    let bare = without(&team(), &["description", "avatar_url"]);
    least::<Team>(&bare, &with(&bare, json!({"description": null, "avatar_url": null})));
    full::<TeamMembership>(&membership());
    least::<TeamMembership>(&membership(), &membership());
    full::<MyTeam>(&my_team());
    full::<MyTeam>(&with(&team(), json!({"membership": null})));
    least::<MyTeam>(&bare, &with(&bare, json!({"membership": null})));
}

#[test]
fn settings_say_who_may_do_what() {
    full::<TeamSettings>(&settings());
    least::<TeamSettings>(
        &json!({}),
        &json!({
            "create_public_channels": "member",
            "create_private_channels": "member",
            "invite": "admin",
            "mention_all": "guest",
            "edit_within_s": null,
            "joining": "open",
            "retention_days": null,
        }),
    );
    words::<Joining>(&["open", "request", "invite"]);
    full::<EditTeamSettings>(&settings());
    full::<EditTeamSettings>(&with(&settings(), json!({"edit_within_s": null, "retention_days": null})));
    least::<EditTeamSettings>(&json!({}), &json!({"invite": null}));
    refused::<EditTeamSettings>(&json!({"joining": "never"}), "unknown variant `never`");
}

#[test]
fn members_of_a_team() {
    full::<TeamMember>(&member());
    least::<TeamMember>(&member(), &member());
    full::<PutTeamMember>(&json!({"role": "admin"}));
    least::<PutTeamMember>(&json!({"role": "guest"}), &json!({"role": "guest"}));
    words::<TeamRole>(&["guest", "member", "admin", "owner"]);
    refused::<PutTeamMember>(&json!({"role": "king"}), "unknown variant `king`");
}

#[test]
fn teams_are_handed_over_and_keep_people_out() {
    full::<TransferTeam>(&json!({"user_id": 8}));
    least::<TransferTeam>(&json!({"user_id": 8}), &json!({"user_id": 8}));
    let ban = json!({"team_id": 1, "user": person(), "banned_by": 8, "created_at": "2026-11-01T08:00:00.000Z"});
    full::<Ban>(&ban);
    least::<Ban>(&ban, &ban);
}

#[test]
fn teams_are_made_and_edited() {
    full::<CreateTeam>(&json!({"name": "eng", "description": "Engineering", "is_public": true}));
    least::<CreateTeam>(&json!({"name": "eng"}), &json!({"name": "eng", "is_public": false, "description": null}));
    full::<EditTeam>(&json!({
        "name": "eng", "description": "Engineering", "avatar_url": null, "is_public": false,
        "settings": {"joining": "request"},
    }));
    least::<EditTeam>(&json!({}), &json!({"name": null}));
}

#[test]
fn invites_admit_one_person_for_a_week_unless_told_otherwise() {
    full::<CreateInvite>(&json!({
        "role": "guest", "uses_max": 1, "expires_in_s": 3600, "email": "bob@example.org", "send_mail": true,
    }));
    least::<CreateInvite>(
        &json!({}),
        &json!({"role": "member", "uses_max": 1, "expires_in_s": 604_800, "email": null, "send_mail": false}),
    );
    let invite = json!({
        "id": 2,
        "team_id": 1,
        "code": "inv",
        "role": "member",
        "uses_max": 5,
        "uses": 1,
        "email": "bob@example.org",
        "mail": "failed",
        "mail_error": "the mail server refused it for good: 550",
        "created_by": 7,
        "created_at": "2026-11-01T08:00:00.000Z",
        "expires_at": "2026-11-08T08:00:00.000Z",
    });
    full::<Invite>(&invite);
    let bare = without(&invite, &["code", "email", "mail", "mail_error"]);
    least::<Invite>(&bare, &with(&bare, json!({"code": null, "email": null, "mail": null, "mail_error": null})));
    words::<MailState>(&["waiting", "sent", "failed", "unknown"]);
    future_word_is_read_as::<MailState>("unknown");
}
