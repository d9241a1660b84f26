//! One list of facts about repeated creating requests, checked on the embedded store and on MySQL.

use futures_util::future::join_all;
use syncspace_protocol::auth::{Register, RegistrationMode};
use syncspace_protocol::channels::{CreateChannel, MyChannel};
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::page::{PageQuery, PeopleQuery};
use syncspace_protocol::teams::{CreateInvite, CreateTeam, EditTeam, Invite, MyTeam, PutTeamMember, TeamRole};
use syncspace_protocol::users::{CreateUser, User};
use syncspace_protocol::{IdempotencyKey, TeamId};
use syncspace_server::service::{Actor, Made, Service, ServiceError};

use crate::place::{PASSWORD, Place, Rig, SECRET, body, on_both_stores, origin, refused, register_body};

on_both_stores! {
    a_repeat_gives_the_same_object_back,
    a_repeat_gives_the_present_form,
    a_repeat_asks_no_rule_that_held_before,
    another_request_under_the_same_key_is_a_conflict,
    a_key_belongs_to_its_person,
    a_refused_request_leaves_no_key,
    a_repeat_of_what_is_gone_finds_nothing,
    repeats_at_once_on_two_instances_make_one,
    a_key_is_over_after_a_day,
    without_a_key_every_request_makes_something,
    an_invites_code_is_shown_again_to_whoever_could_make_it,
    an_invites_code_outlives_the_signing_secret_while_that_is_configured,
}

const DAY_MS: i64 = 24 * 3600 * 1000;

fn key(text: &str) -> IdempotencyKey {
    text.parse().expect("a key")
}

fn team(name: &str) -> CreateTeam {
    body(serde_json::json!({"name": name}))
}

fn channel(name: &str) -> CreateChannel {
    body(serde_json::json!({"kind": "public", "name": name}))
}

fn user(name: &str) -> CreateUser {
    body(serde_json::json!({"username": name, "password": PASSWORD}))
}

fn invite() -> CreateInvite {
    CreateInvite { uses_max: 5, ..CreateInvite::default() }
}

#[track_caller]
fn new<T>(made: Result<Made<T>, ServiceError>) -> T {
    match made.expect("makes") {
        Made::New(made) => made,
        Made::Repeat(_) => unreachable!("a new request was taken for a repeat"),
    }
}

#[track_caller]
fn repeat<T>(made: Result<Made<T>, ServiceError>) -> T {
    match made.expect("repeats") {
        Made::Repeat(made) => made,
        Made::New(_) => unreachable!("a repeat made something"),
    }
}

/// One request of each kind that makes something, under the key `k` and their kind.
struct Requests<'a> {
    service: &'a Service,
    actor: Actor,
    team: TeamId,
}

impl Requests<'_> {
    async fn team(&self) -> Result<Made<MyTeam>, ServiceError> {
        self.service.create_team_once(&self.actor, Some(&key("k-team")), team("made")).await
    }

    async fn channel(&self) -> Result<Made<MyChannel>, ServiceError> {
        self.service.create_channel_once(&self.actor, Some(&key("k-channel")), self.team, channel("made")).await
    }

    async fn notes(&self) -> Result<Made<MyChannel>, ServiceError> {
        let notes = CreateChannel::Direct { user_id: self.actor.user_id };
        self.service.create_channel_once(&self.actor, Some(&key("k-notes")), self.team, notes).await
    }

    async fn invite(&self) -> Result<Made<Invite>, ServiceError> {
        self.service.create_invite_once(&self.actor, Some(&key("k-invite")), self.team, invite()).await
    }

    async fn user(&self) -> Result<Made<User>, ServiceError> {
        self.service.create_user_once(&self.actor, Some(&key("k-user")), user("made")).await
    }
}

impl Rig {
    /// The administrator, who owns a team.
    async fn owner(&self) -> (Actor, TeamId) {
        let root = self.admin().await;
        let team = self.service.create_team(&root, team("eng")).await.expect("a team").team.id;
        (root, team)
    }

    fn requests<'a>(&'a self, service: &'a Service, (actor, team): (Actor, TeamId)) -> Requests<'a> {
        Requests { service, actor, team }
    }

    /// Another instance on the same database.
    async fn other(&self) -> Service {
        self.place.service(RegistrationMode::Open, &[SECRET]).await.0
    }

    /// How many teams, channels, invites and accounts there are.
    async fn counts(&self, (actor, team): (Actor, TeamId)) -> [usize; 4] {
        let all = PageQuery { limit: Some(200), ..PageQuery::default() };
        let everybody = PeopleQuery { limit: Some(200), ..PeopleQuery::default() };
        [
            self.service.teams(&actor, &all).await.expect("teams").items.len(),
            self.service.channels(&actor, team, &all).await.expect("channels").items.len(),
            self.service.invites(&actor, team, &all).await.expect("invites").items.len(),
            self.service.users(&actor, &everybody).await.expect("users").items.len(),
        ]
    }
}

async fn a_repeat_gives_the_same_object_back(place: Place) {
    let rig = place.open_rig().await;
    let owner = rig.owner().await;
    let other = rig.other().await;
    let (here, there) = (rig.requests(&rig.service, owner), rig.requests(&other, owner));
    assert_eq!(new(here.team().await), repeat(there.team().await));
    assert_eq!(new(here.channel().await), repeat(there.channel().await));
    assert_eq!(new(here.notes().await), repeat(there.notes().await));
    let made = new(here.invite().await);
    assert!(made.code.is_some());
    assert_eq!(made, repeat(there.invite().await), "with its code");
    assert_eq!(new(here.user().await).id, repeat(there.user().await).id);
    assert_eq!(rig.counts(owner).await, [2, 2, 1, 2]);
}

async fn a_repeat_gives_the_present_form(place: Place) {
    let rig = place.open_rig().await;
    let owner = rig.owner().await;
    let requests = rig.requests(&rig.service, owner);
    let made = new(requests.team().await).team;
    let rename = EditTeam { name: Some("renamed".parse().expect("a name")), ..EditTeam::default() };
    rig.service.edit_team(&owner.0, made.id, rename).await.expect("renames");
    let again = repeat(requests.team().await).team;
    assert_eq!((again.id, again.name.as_str()), (made.id, "renamed"));
    let invite = new(requests.invite().await);
    let bob = rig.register_actor("bob").await;
    rig.service.use_invite(&bob, invite.code.as_deref().expect("a code")).await.expect("comes in");
    assert_eq!(repeat(requests.invite().await).uses, 1);
}

async fn a_repeat_asks_no_rule_that_held_before(place: Place) {
    let rig = place.open_rig().await;
    let (root, team) = rig.owner().await;
    let bob = rig.register_actor("bob").await;
    let member = PutTeamMember { role: TeamRole::Member };
    rig.service.put_team_member(&root, team, bob.user_id, member).await.expect("adds");
    let open = || CreateChannel::Direct { user_id: bob.user_id };
    let lost = key("lost");
    let create = || rig.service.create_channel_once(&root, Some(&lost), team, open());
    let made = new(create().await).channel.id;
    rig.service.leave_team(&bob, team).await.expect("leaves");
    refused(rig.service.create_channel(&root, team, open()).await, ErrorCode::NotFound);
    assert_eq!(repeat(create().await).channel.id, made);
}

async fn another_request_under_the_same_key_is_a_conflict(place: Place) {
    let rig = place.open_rig().await;
    let (root, eng) = rig.owner().await;
    let (service, one) = (&rig.service, key("one"));
    let one = Some(&one);
    let ops = new(service.create_team_once(&root, one, team("ops")).await).team.id;
    let told = refused(service.create_team_once(&root, one, team("other")).await, ErrorCode::KeyReused);
    assert!(told.message.contains("Idempotency-Key"), "{}", told.message);
    let public: CreateTeam = body(serde_json::json!({"name": "ops", "is_public": true}));
    refused(service.create_team_once(&root, one, public).await, ErrorCode::KeyReused);
    refused(service.create_channel_once(&root, one, eng, channel("ops")).await, ErrorCode::KeyReused);
    refused(service.create_invite_once(&root, one, eng, invite()).await, ErrorCode::KeyReused);
    refused(service.create_user_once(&root, one, user("ops")).await, ErrorCode::KeyReused);
    let two = key("two");
    new(service.create_channel_once(&root, Some(&two), eng, channel("general")).await);
    let elsewhere = service.create_channel_once(&root, Some(&two), ops, channel("general")).await;
    refused(elsewhere, ErrorCode::KeyReused);
    let three = key("three");
    new(service.create_user_once(&root, Some(&three), user("carol")).await);
    let other_password: CreateUser = body(serde_json::json!({"username": "carol", "password": "another horse"}));
    refused(service.create_user_once(&root, Some(&three), other_password).await, ErrorCode::KeyReused);
}

async fn a_key_belongs_to_its_person(place: Place) {
    let rig = place.open_rig().await;
    let (alice, bob) = (rig.register_actor("alice").await, rig.register_actor("bob").await);
    let same = key("same");
    let mine = new(rig.service.create_team_once(&alice, Some(&same), team("alices")).await).team.id;
    let his = new(rig.service.create_team_once(&bob, Some(&same), team("bobs")).await).team.id;
    assert_ne!(mine, his);
}

async fn a_refused_request_leaves_no_key(place: Place) {
    let rig = place.open_rig().await;
    let owner = rig.owner().await;
    let requests = rig.requests(&rig.service, owner);
    let rival = rig.service.create_team(&owner.0, team("made")).await.expect("a team").team.id;
    refused(requests.team().await, ErrorCode::NameTaken);
    refused(requests.team().await, ErrorCode::NameTaken);
    rig.service.delete_team(&owner.0, rival).await.expect("deletes");
    let made = new(requests.team().await);
    assert_eq!(repeat(requests.team().await), made);
    rig.register("made").await;
    refused(requests.user().await, ErrorCode::NameTaken);
    let same_key = rig.service.create_user_once(&owner.0, Some(&key("k-user")), user("other")).await;
    assert_eq!(new(same_key).username.as_str(), "other", "the key is still free");
}

async fn a_repeat_of_what_is_gone_finds_nothing(place: Place) {
    let rig = place.open_rig().await;
    let owner = rig.owner().await;
    let requests = rig.requests(&rig.service, owner);
    let (team, channel) = (new(requests.team().await).team.id, new(requests.channel().await).channel.id);
    let invite = new(requests.invite().await).id;
    rig.service.delete_team(&owner.0, team).await.expect("deletes");
    rig.service.delete_channel(&owner.0, channel).await.expect("deletes");
    rig.service.revoke_invite(&owner.0, owner.1, invite).await.expect("revokes");
    refused(requests.team().await, ErrorCode::NotFound);
    refused(requests.channel().await, ErrorCode::NotFound);
    refused(requests.invite().await, ErrorCode::NotFound);
    assert_eq!(rig.counts(owner).await, [1, 0, 0, 1]);
}

/// Sends a request on both instances at once and several times; gives the ids of what came back.
macro_rules! at_once {
    ($instances:expr, $request:ident, $id:expr) => {{
        let made = join_all($instances.iter().cycle().take(8).map(|requests| requests.$request())).await;
        let news = made.iter().filter(|made| matches!(made, Ok(Made::New(_)))).count();
        assert_eq!(news, 1, "{made:?}");
        let mut ids: Vec<_> = made.into_iter().map(|made| $id(made.expect("made").into_inner())).collect();
        ids.dedup();
        assert_eq!(ids.len(), 1, "{ids:?}");
    }};
}

async fn repeats_at_once_on_two_instances_make_one(place: Place) {
    let rig = place.open_rig().await;
    let owner = rig.owner().await;
    let other = rig.other().await;
    let instances = [rig.requests(&rig.service, owner), rig.requests(&other, owner)];
    at_once!(instances, team, |team: MyTeam| team.team.id);
    at_once!(instances, channel, |channel: MyChannel| channel.channel.id);
    at_once!(instances, notes, |channel: MyChannel| channel.channel.id);
    at_once!(instances, invite, |invite: Invite| (invite.id, invite.code));
    at_once!(instances, user, |user: User| user.id);
    assert_eq!(rig.counts(owner).await, [2, 2, 1, 2]);
}

async fn a_key_is_over_after_a_day(place: Place) {
    let rig = place.open_rig().await;
    let owner = rig.owner().await;
    let requests = rig.requests(&rig.service, owner);
    let first = new(requests.invite().await);
    new(requests.team().await);
    rig.clock.advance_ms(DAY_MS - 1);
    assert_eq!(repeat(requests.invite().await), first);
    rig.clock.advance_ms(1);
    let second = new(requests.invite().await);
    assert!(second.id != first.id && second.code != first.code);
    assert_eq!(repeat(requests.invite().await), second);
    refused(requests.team().await, ErrorCode::NameTaken);
    let other = rig.service.create_team_once(&owner.0, Some(&key("k-team")), team("other")).await;
    assert_eq!(new(other).team.name.as_str(), "other", "the key is free for another request");
}

async fn without_a_key_every_request_makes_something(place: Place) {
    let rig = place.open_rig().await;
    let (root, team) = rig.owner().await;
    let one = new(rig.service.create_invite_once(&root, None, team, invite()).await);
    let two = new(rig.service.create_invite_once(&root, None, team, invite()).await);
    assert!(one.id != two.id && one.code != two.code);
}

async fn an_invites_code_is_shown_again_to_whoever_could_make_it(place: Place) {
    let rig = place.open_rig().await;
    let (root, team) = rig.owner().await;
    let bob = rig.register_actor("bob").await;
    let role = |role| PutTeamMember { role };
    rig.service.put_team_member(&root, team, bob.user_id, role(TeamRole::Admin)).await.expect("adds");
    let requests = rig.requests(&rig.service, (bob, team));
    let made = new(requests.invite().await);
    assert_eq!(repeat(requests.invite().await).code, made.code);
    let roots = rig.requests(&rig.service, (root, team));
    assert_ne!(new(roots.invite().await).code, made.code, "another person's key of the same name is another key");
    rig.service.put_team_member(&root, team, bob.user_id, role(TeamRole::Member)).await.expect("demotes");
    refused(requests.invite().await, ErrorCode::Forbidden);
    rig.service.remove_team_member(&root, team, bob.user_id).await.expect("removes");
    refused(requests.invite().await, ErrorCode::NotFound);
}

async fn an_invites_code_outlives_the_signing_secret_while_that_is_configured(place: Place) {
    const NEWER: &str = "another signing secret of enough bytes";
    let rig = place.open_rig().await;
    let owner = rig.owner().await;
    let made = new(rig.requests(&rig.service, owner).invite().await);
    let (both, _) = rig.place.service(RegistrationMode::Open, &[NEWER, SECRET]).await;
    assert_eq!(repeat(rig.requests(&both, owner).invite().await), made);
    let carol = Register { invite_code: made.code, ..register_body("carol") };
    both.register(&origin(), carol).await.expect("the code still admits");
    let (newer, _) = rig.place.service(RegistrationMode::Open, &[NEWER]).await;
    refused(rig.requests(&newer, owner).invite().await, ErrorCode::KeyReused);
}
