//! Bodies of `/admin` and of the audit log.

use serde_json::{Value, json};
use syncspace_protocol::AuditId;
use syncspace_protocol::audit::{AuditAction, AuditEntry, AuditQuery};
use syncspace_protocol::erasure::{Erasure, ErasurePlan, ErasureStage, OwnedTeam};
use syncspace_protocol::retention::{RetentionQuery, RetentionReport};
use syncspace_protocol::server::{
    AccountQuery, Banner, BannerLevel, CreatePasswordReset, EditServerSettings, HandOver, HandedOver, PasswordReset,
    ServerSettings, Statistics, StatisticsDay,
};

use crate::golden::{full, future_word_is_read_as, least, with, words};

pub(crate) fn banner() -> Value {
    json!({"text": "The server restarts at 18:00 UTC", "level": "warning", "until": "2026-11-22T18:00:00.000Z"})
}

fn day() -> Value {
    json!({
        "day": "2026-11-22",
        "people_day": 12,
        "people_week": 40,
        "users": 55,
        "teams": 3,
        "channels": 70,
        "messages": 123_456,
        "files": 7,
        "file_bytes": 1_048_576,
    })
}

fn entry() -> Value {
    json!({
        "id": 4_503_599_627_370_495_u64,
        "at": "2026-11-22T17:26:21.500Z",
        "action": "member.role_changed",
        "actor_id": 7,
        "actor_name": "alice",
        "session_id": 12,
        "address": "192.0.2.7",
        "team_id": 1,
        "team_name": "eng",
        "channel_id": 3,
        "channel_name": "general",
        "user_id": 8,
        "user_name": "bob",
        "details": {"role": "admin", "former_role": "member"},
    })
}

#[test]
fn a_line_of_the_audit_log_says_who_did_what_to_whom() {
    full::<AuditId>(&json!(1));
    full::<AuditEntry>(&entry());
    full::<AuditQuery>(&json!({
        "cursor": "1795368381500.7",
        "limit": 50,
        "action": "member.removed",
        "actor_id": 7,
        "user_id": 8,
        "since": "2026-11-01T00:00:00.000Z",
        "until": "2026-12-01T00:00:00.000Z",
    }));
    least::<AuditQuery>(&json!({}), &json!({}));
}

#[test]
fn actions_are_words_with_a_dot() {
    let mut all: Vec<_> = AuditAction::ALL.iter().map(|action| action.as_str()).collect();
    assert!(all.iter().all(|word| word.split_once('.').is_some_and(|(to, done)| !to.is_empty() && !done.is_empty())));
    all.push("unknown");
    words::<AuditAction>(&all);
    future_word_is_read_as::<AuditAction>("unknown");
}

#[test]
fn settings_of_the_server_are_edited_field_by_field() {
    full::<Banner>(&banner());
    words::<BannerLevel>(&["info", "warning", "unknown"]);
    future_word_is_read_as::<BannerLevel>("unknown");
    let settings = json!({"registration": "invite", "banner": banner(), "retention_days": 90});
    full::<ServerSettings>(&settings);
    full::<EditServerSettings>(&with(&settings, json!({"retention_days": 0})));
    full::<EditServerSettings>(&json!({"registration": null, "banner": null, "retention_days": null}));
    least::<EditServerSettings>(&json!({}), &json!({}));
}

#[test]
fn retention_tells_what_it_takes() {
    full::<RetentionQuery>(&json!({"days": 30, "is_inherited": true}));
    least::<RetentionQuery>(&json!({}), &json!({"is_inherited": false}));
    let report = json!({"retention_days": 30, "channels": 4, "messages": 1_200, "files": 3, "file_bytes": 4_096});
    full::<RetentionReport>(&report);
    full::<RetentionReport>(&with(&report, json!({"retention_days": null})));
}

#[test]
fn statistics_count_by_day() {
    full::<StatisticsDay>(&day());
    least::<StatisticsDay>(&day(), &day());
    full::<Statistics>(&json!({"now": day(), "days": [day()]}));
}

#[test]
fn accounts_are_filtered() {
    full::<AccountQuery>(&json!({
        "cursor": "7",
        "limit": 50,
        "query": "ali",
        "is_active": true,
        "is_admin": false,
        "is_unclaimed": true,
        "seen_since": "2026-11-01T00:00:00.000Z",
        "unseen_since": "2026-12-01T00:00:00.000Z",
    }));
    least::<AccountQuery>(&json!({}), &json!({}));
}

#[test]
fn a_code_for_the_first_password_holds_a_week_where_nothing_is_said() {
    full::<HandOver>(&json!({"expires_in_s": 3_600}));
    least::<HandOver>(&json!({}), &json!({"expires_in_s": 604_800}));
    full::<HandedOver>(&json!({
        "user_id": 7, "username": "bob", "mailed_to": "bob@example.org", "code": "s3cret",
        "expires_at": "2026-11-22T18:00:00.000Z",
    }));
    let least_of = json!({"user_id": 7, "username": "bob", "expires_at": "2026-11-22T18:00:00.000Z"});
    least::<HandedOver>(&least_of, &with(&least_of, json!({"mailed_to": null, "code": null})));
}

#[test]
fn a_code_for_a_new_password_holds_a_day_where_nothing_is_said() {
    full::<CreatePasswordReset>(&json!({"expires_in_s": 3_600}));
    least::<CreatePasswordReset>(&json!({}), &json!({"expires_in_s": 86_400}));
    full::<PasswordReset>(&json!({"code": "s3cret", "expires_at": "2026-11-22T18:00:00.000Z"}));
}

#[test]
fn the_erasure_of_a_person_is_planned_and_watched() {
    full::<OwnedTeam>(&json!({"id": 3, "name": "eng"}));
    full::<ErasurePlan>(&json!({
        "user_id": 7,
        "username": "alice",
        "owns_alone": [{"id": 3, "name": "eng"}],
        "teams": 2,
        "messages": 1_000,
        "reactions": 12,
        "files": 4,
        "file_bytes": 4_096,
        "drafts": 1,
        "scheduled": 2,
        "reminders": 3,
        "saved": 4,
        "sessions": 5,
    }));
    for finished_at in [json!(null), json!("2026-11-22T18:00:00.000Z")] {
        full::<Erasure>(&json!({
            "user_id": 7,
            "username": "erased-7",
            "requested_by": 1,
            "requested_at": "2026-11-22T17:00:00.000Z",
            "stage": "messages",
            "messages": 400,
            "reactions": 0,
            "finished_at": finished_at,
        }));
    }
    words::<ErasureStage>(&["messages", "rest", "files", "done", "unknown"]);
    future_word_is_read_as::<ErasureStage>("unknown");
}
