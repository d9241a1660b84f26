//! One list of facts about requests to come into a team, checked on the embedded store and on MySQL.

use serde_json::{Value, json};
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::join_requests::{JoinRequest, JoinRequestState};
use syncspace_protocol::limits::{JOIN_REQUEST_CHARS_MAX, JOIN_REQUEST_PAUSE_S, JOIN_REQUESTS_OF_PERSON_MAX};
use syncspace_protocol::page::PageQuery;
use syncspace_protocol::sync::{Change, ChangesQuery};
use syncspace_protocol::teams::TeamRole;
use syncspace_protocol::{Rev, StreamId, TeamId};
use syncspace_server::service::{Actor, ServiceError};

use crate::place::{Place, Rig, body, on_both_stores, refused};

on_both_stores! {
    whoever_asks_is_taken_in_by_who_manages_members,
    there_is_one_open_request_and_asking_again_changes_it,
    whoever_was_declined_asks_again_after_a_day,
    a_request_is_taken_back_by_its_person_alone,
    a_request_ends_by_whichever_door_its_person_comes_in,
    a_ban_ends_a_request_and_forbids_another,
    only_teams_that_want_it_are_asked,
    what_is_asked_of_a_team_that_is_hidden_is_hidden,
    a_person_asks_so_many_teams_at_most,
    the_list_is_paged_by_time,
    only_who_manages_members_hears_of_requests,
}

/// Alice's team that takes people in on request, with Bob as a member; Carol is in no team.
struct Scene {
    rig: Rig,
    alice: Actor,
    bob: Actor,
    carol: Actor,
    team: TeamId,
}

impl Scene {
    async fn on(place: Place) -> Self {
        let rig = place.open_rig().await;
        let (alice, bob) = (rig.register_actor("alice").await, rig.register_actor("bob").await);
        let carol = rig.register_actor("carol").await;
        let scene = Self { team: Self::found(&rig, &alice, "eng").await, rig, alice, bob, carol };
        scene.put(&scene.bob, TeamRole::Member).await;
        scene
    }

    async fn found(rig: &Rig, owner: &Actor, name: &str) -> TeamId {
        let team = body(json!({ "name": name, "is_public": true }));
        let team = rig.service.create_team(owner, team).await.expect("a team").team.id;
        let edit = body(json!({ "settings": { "joining": "request" } }));
        rig.service.edit_team(owner, team, edit).await.expect("settles");
        team
    }

    async fn edit(&self, edit: Value) {
        self.rig.service.edit_team(&self.alice, self.team, body(edit)).await.expect("edits");
    }

    async fn put(&self, user: &Actor, role: TeamRole) {
        let put = body(json!({ "role": role }));
        self.rig.service.put_team_member(&self.alice, self.team, user.user_id, put).await.expect("puts");
    }

    async fn ask_as(&self, actor: &Actor, message: Option<&str>) -> Result<JoinRequest, ServiceError> {
        self.rig.service.ask_to_join(actor, self.team, body(json!({ "message": message }))).await
    }

    async fn ask(&self) -> JoinRequest {
        self.ask_as(&self.carol, None).await.expect("asks")
    }

    async fn withdraw(&self, actor: &Actor) -> Result<(), ServiceError> {
        self.rig.service.withdraw_join_request(actor, self.team).await
    }

    async fn accept(&self, actor: &Actor) -> Result<TeamRole, ServiceError> {
        let user = self.carol.user_id;
        self.rig.service.accept_join_request(actor, self.team, user).await.map(|member| member.role)
    }

    async fn decline(&self, actor: &Actor) -> Result<(), ServiceError> {
        self.rig.service.decline_join_request(actor, self.team, self.carol.user_id).await
    }

    async fn listed(&self) -> Vec<JoinRequest> {
        let page = self.rig.service.join_requests(&self.alice, self.team, &PageQuery::default()).await;
        page.expect("a list").items
    }

    /// Gives what became of Carol's requests.
    async fn carols(&self) -> Vec<JoinRequestState> {
        let page = self.rig.service.my_join_requests(&self.carol, &PageQuery::default()).await.expect("a list");
        page.items.into_iter().map(|request| request.state).collect()
    }

    async fn changes(&self, actor: &Actor, after: Rev) -> Vec<JoinRequest> {
        let query = ChangesQuery { after, limit: Some(200) };
        let page = self.rig.service.changes(actor, StreamId::Team(self.team), query).await.expect("changes");
        assert_eq!(page.rev, page.head_rev);
        let requests = page.items.into_iter().filter_map(|change| match change {
            Change::TeamJoinRequest { request } => Some(request),
            _ => None,
        });
        requests.collect()
    }
}

async fn whoever_asks_is_taken_in_by_who_manages_members(place: Place) {
    let scene = Scene::on(place).await;
    let asked = scene.ask_as(&scene.carol, Some(" I take over\n\u{1b}[31mthe builds ")).await.expect("asks");
    assert_eq!(
        (asked.state, asked.user_id, asked.username.as_str()),
        (JoinRequestState::Open, scene.carol.user_id, "carol")
    );
    assert!(!asked.message.as_ref().expect("a message").contains(['\n', '\u{1b}']));
    assert_eq!(scene.listed().await, [asked]);
    assert_eq!(scene.carols().await, [JoinRequestState::Open]);
    refused(scene.accept(&scene.bob).await, ErrorCode::Forbidden);
    refused(scene.decline(&scene.bob).await, ErrorCode::Forbidden);
    refused(scene.accept(&scene.carol).await, ErrorCode::Forbidden);
    let list = scene.rig.service.join_requests(&scene.bob, scene.team, &PageQuery::default()).await;
    refused(list, ErrorCode::Forbidden);
    scene.put(&scene.bob, TeamRole::Admin).await;
    assert_eq!(scene.accept(&scene.bob).await.expect("takes in"), TeamRole::Member);
    assert!(scene.listed().await.is_empty());
    assert_eq!(scene.carols().await, [JoinRequestState::Accepted]);
    let mine = scene.rig.service.team(&scene.carol, scene.team).await.expect("a team");
    assert!(mine.membership.is_some());
    refused(scene.accept(&scene.bob).await, ErrorCode::NotFound);
    refused(scene.ask_as(&scene.carol, None).await, ErrorCode::Forbidden);
}

async fn there_is_one_open_request_and_asking_again_changes_it(place: Place) {
    let scene = Scene::on(place).await;
    let first = scene.ask().await;
    assert_eq!(scene.ask().await, first, "no change, and no rev");
    scene.rig.clock.advance_ms(1_000);
    let second = scene.ask_as(&scene.carol, Some("please")).await.expect("asks");
    assert_eq!((second.created_at, second.message.as_deref()), (first.created_at, Some("please")));
    assert!(second.rev > first.rev);
    assert_eq!(scene.listed().await, [second]);
    let long = "x".repeat(JOIN_REQUEST_CHARS_MAX + 1);
    let detail = refused(scene.ask_as(&scene.carol, Some(&long)).await, ErrorCode::InvalidField);
    assert_eq!(detail.field.as_deref(), Some("message"));
}

async fn whoever_was_declined_asks_again_after_a_day(place: Place) {
    let scene = Scene::on(place).await;
    scene.ask().await;
    scene.decline(&scene.alice).await.expect("declines");
    refused(scene.decline(&scene.alice).await, ErrorCode::NotFound);
    assert_eq!(scene.carols().await, [JoinRequestState::Declined]);
    let refusal = refused(scene.ask_as(&scene.carol, None).await, ErrorCode::Conflict);
    assert!(refusal.message.contains("again after 2026-11-23T"), "{}", refusal.message);
    scene.rig.clock.advance_ms(i64::from(JOIN_REQUEST_PAUSE_S) * 1_000 - 1);
    refused(scene.ask_as(&scene.carol, None).await, ErrorCode::Conflict);
    scene.rig.clock.advance_ms(1);
    scene.ask().await;
    assert_eq!(scene.carols().await, [JoinRequestState::Open]);
}

async fn a_request_is_taken_back_by_its_person_alone(place: Place) {
    let scene = Scene::on(place).await;
    scene.ask().await;
    for other in [&scene.alice, &scene.bob] {
        refused(scene.withdraw(other).await, ErrorCode::NotFound);
    }
    scene.withdraw(&scene.carol).await.expect("takes it back");
    refused(scene.withdraw(&scene.carol).await, ErrorCode::NotFound);
    assert!(scene.listed().await.is_empty() && scene.carols().await.is_empty());
    refused(scene.accept(&scene.alice).await, ErrorCode::NotFound);
    scene.ask().await;
}

async fn a_request_ends_by_whichever_door_its_person_comes_in(place: Place) {
    let scene = Scene::on(place).await;
    let service = &scene.rig.service;
    let invite = service.create_invite(&scene.alice, scene.team, body(json!({ "uses_max": 2 }))).await;
    let code = invite.expect("an invite").code.expect("a code");
    scene.ask().await;
    service.use_invite(&scene.carol, &code).await.expect("comes in");
    assert!(scene.listed().await.is_empty());
    assert_eq!(scene.carols().await, [JoinRequestState::Accepted]);
    service.leave_team(&scene.carol, scene.team).await.expect("leaves");
    scene.ask().await;
    scene.put(&scene.carol, TeamRole::Guest).await;
    assert!(scene.listed().await.is_empty());
    service.leave_team(&scene.carol, scene.team).await.expect("leaves");
    scene.ask().await;
    scene.edit(json!({ "settings": { "joining": "open" } })).await;
    assert_eq!(scene.listed().await.len(), 1, "what was asked stays to be decided");
    service.join_team(&scene.carol, scene.team).await.expect("joins");
    assert!(scene.listed().await.is_empty());
}

async fn a_ban_ends_a_request_and_forbids_another(place: Place) {
    let scene = Scene::on(place).await;
    scene.ask().await;
    scene.rig.service.ban(&scene.alice, scene.team, scene.carol.user_id).await.expect("bans");
    assert!(scene.listed().await.is_empty());
    assert_eq!(scene.carols().await, [JoinRequestState::Declined]);
    let refusal = refused(scene.ask_as(&scene.carol, None).await, ErrorCode::Forbidden);
    assert!(refusal.message.contains("banned"), "{}", refusal.message);
}

async fn only_teams_that_want_it_are_asked(place: Place) {
    let scene = Scene::on(place).await;
    for joining in ["open", "invite"] {
        scene.edit(json!({ "settings": { "joining": joining } })).await;
        let refusal = refused(scene.ask_as(&scene.carol, None).await, ErrorCode::Forbidden);
        assert!(refusal.message.contains("whose joining is `request`"), "{}", refusal.message);
    }
    scene.edit(json!({ "settings": { "joining": "request" }, "is_public": false })).await;
    refused(scene.ask_as(&scene.carol, None).await, ErrorCode::NotFound);
    refused(scene.withdraw(&scene.carol).await, ErrorCode::NotFound);
    refused(scene.accept(&scene.carol).await, ErrorCode::NotFound);
}

async fn what_is_asked_of_a_team_that_is_hidden_is_hidden(place: Place) {
    let scene = Scene::on(place).await;
    scene.ask().await;
    scene.edit(json!({ "is_public": false })).await;
    assert!(scene.carols().await.is_empty());
    scene.edit(json!({ "is_public": true })).await;
    assert_eq!(scene.carols().await, [JoinRequestState::Open]);
    scene.edit(json!({ "is_public": false })).await;
    scene.accept(&scene.alice).await.expect("is taken in all the same");
    let other = Scene::found(&scene.rig, &scene.alice, "ops").await;
    scene.rig.service.ask_to_join(&scene.carol, other, body(json!({}))).await.expect("asks");
    scene.rig.service.delete_team(&scene.alice, other).await.expect("deletes");
    assert!(scene.carols().await.is_empty());
}

async fn a_person_asks_so_many_teams_at_most(place: Place) {
    let scene = Scene::on(place).await;
    scene.ask().await;
    let ask = |team| scene.rig.service.ask_to_join(&scene.carol, team, body(json!({})));
    for number in 1..JOIN_REQUESTS_OF_PERSON_MAX {
        ask(Scene::found(&scene.rig, &scene.alice, &format!("team-{number}")).await).await.expect("asks");
    }
    let last = Scene::found(&scene.rig, &scene.alice, "last").await;
    assert!(refused(ask(last).await, ErrorCode::Conflict).message.contains("take a request back"));
    scene.withdraw(&scene.carol).await.expect("takes one back");
    ask(last).await.expect("asks");
}

async fn the_list_is_paged_by_time(place: Place) {
    let scene = Scene::on(place).await;
    let mut expected = Vec::new();
    for number in 0..5 {
        let asker = scene.rig.register_actor(&format!("asker-{number}")).await;
        // The third and fourth at the same moment.
        scene.rig.clock.advance_ms(if number == 3 { 0 } else { 1_000 });
        expected.push(scene.ask_as(&asker, None).await.expect("asks"));
    }
    let (mut found, mut cursor) = (Vec::new(), None);
    loop {
        let query = PageQuery { cursor, limit: Some(2), ..PageQuery::default() };
        let page = scene.rig.service.join_requests(&scene.alice, scene.team, &query).await.expect("a page");
        found.extend(page.items);
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(found, expected);
}

async fn only_who_manages_members_hears_of_requests(place: Place) {
    let scene = Scene::on(place).await;
    let asked = scene.ask().await;
    assert_eq!(scene.changes(&scene.alice, Rev::ZERO).await, std::slice::from_ref(&asked));
    assert!(scene.changes(&scene.bob, Rev::ZERO).await.is_empty());
    scene.decline(&scene.alice).await.expect("declines");
    let changed = scene.changes(&scene.alice, asked.rev).await;
    let [declined] = changed.as_slice() else { unreachable!("{changed:?}") };
    assert_eq!((declined.state, declined.decided_by), (JoinRequestState::Declined, Some(scene.alice.user_id)));
    assert!(declined.decided_at.is_some());
    scene.put(&scene.bob, TeamRole::Admin).await;
    assert_eq!(scene.changes(&scene.bob, asked.rev).await, changed);
}
