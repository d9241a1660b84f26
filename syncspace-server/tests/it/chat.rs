//! One list of facts about teams, channels, messages and streams, checked on the embedded store and on MySQL.

use std::collections::BTreeMap;

use syncspace_protocol::channels::{
    ChannelKind, ChannelRole, CreateChannel, EditChannel, MarkRead, MoveMarker, MyChannel, Posting, PutChannelMember,
};
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::limits::DEFAULT_CHANNELS_MAX;
use syncspace_protocol::messages::{EditMessage, Message, MessageQuery, SendMessage};
use syncspace_protocol::page::PageQuery;
use syncspace_protocol::sync::{Change, Changes, ChangesQuery};
use syncspace_protocol::teams::{CreateInvite, CreateTeam, EditTeam, MyTeam, PutTeamMember, TeamRole};
use syncspace_protocol::users::EditProfile;
use syncspace_protocol::{ChannelId, Patch, Rev, Seq, StreamId, TeamId};
use syncspace_server::service::Actor;

use crate::place::{Place, Rig, body, on_both_stores, refused};

on_both_stores! {
    whoever_makes_a_team_owns_it,
    team_names_are_unique_in_any_case_and_free_again_after_deletion,
    private_teams_do_not_exist_for_strangers,
    public_teams_are_found_and_joined,
    a_team_keeps_an_owner,
    an_owner_who_is_switched_off_is_no_owner_to_keep,
    admins_hand_out_no_more_than_they_have,
    an_invite_admits_as_many_as_it_says,
    an_invite_gives_no_right_that_its_maker_has_lost,
    an_invite_for_an_address_admits_only_who_has_it,
    private_channels_exist_for_their_members_only,
    channel_names_are_unique_in_their_team,
    there_is_one_direct_channel_of_two_people,
    archived_channels_are_read_only,
    only_admins_post_where_the_channel_says_so,
    whoever_posts_sets_the_topic,
    a_channel_that_became_private_is_gone_for_those_who_are_not_in_it,
    newcomers_come_into_the_default_channels,
    who_is_banned_is_out_and_stays_out,
    an_owner_hands_the_team_over,
    guests_see_only_their_channels,
    messages_are_numbered_without_gaps,
    sending_again_gives_the_same_message_even_after_leaving,
    another_message_under_the_same_client_id_is_a_conflict,
    concurrent_sends_of_one_client_id_make_one_message,
    only_authors_edit_and_admins_may_delete,
    replies_count_at_their_root,
    history_is_paged_in_both_directions,
    threads_are_paged_in_both_directions,
    unread_counts_follow_their_definition,
    markers_advance_and_are_set,
    changes_after_any_rev_give_the_present_state,
    a_rev_of_another_history_means_reload,
    what_may_not_be_seen_is_not_in_the_changes,
    a_profile_reaches_its_teams,
    whoever_leaves_a_team_is_in_none_of_its_channels,
    who_was_away_learns_which_channels_a_leaver_left,
    bad_text_is_refused_and_hostile_text_is_cleaned,
}

impl Rig {
    async fn team(&self, actor: &Actor, name: &str) -> MyTeam {
        self.service.create_team(actor, create_team(name, false)).await.expect("makes a team")
    }

    /// Somebody with a team and a public channel.
    async fn one(&self) -> (Actor, TeamId, ChannelId) {
        let alice = self.register_actor("alice").await;
        let team = self.team(&alice, "eng").await.team.id;
        let channel = self.channel(&alice, team, "general", "public").await.channel.id;
        (alice, team, channel)
    }

    /// The owner and a member of a team.
    async fn two(&self) -> (Actor, Actor, TeamId) {
        let (alice, bob) = (self.register_actor("alice").await, self.register_actor("bob").await);
        let team = self.team(&alice, "eng").await.team.id;
        self.add(&alice, team, &bob, TeamRole::Member).await;
        (alice, bob, team)
    }

    async fn add(&self, owner: &Actor, team: TeamId, user: &Actor, role: TeamRole) {
        self.service.put_team_member(owner, team, user.user_id, PutTeamMember { role }).await.expect("adds");
    }

    async fn channel(&self, actor: &Actor, team: TeamId, name: &str, kind: &str) -> MyChannel {
        self.service.create_channel(actor, team, named(name, kind)).await.expect("makes a channel")
    }

    async fn say(&self, actor: &Actor, channel: ChannelId, content: &str) -> Message {
        self.service.send_message(actor, channel, text(content)).await.expect("sends").0
    }

    async fn changes_from(&self, actor: &Actor, stream: StreamId, after: Rev, limit: u32) -> Vec<Changes> {
        let mut pages = Vec::new();
        let mut after = after;
        loop {
            let page =
                self.service.changes(actor, stream, ChangesQuery { after, limit: Some(limit) }).await.expect("changes");
            assert!(page.rev > after || page.rev == page.head_rev, "a page must get on: {page:?}");
            after = page.rev;
            let is_last = page.rev == page.head_rev;
            pages.push(page);
            if is_last {
                return pages;
            }
        }
    }

    async fn unread(&self, actor: &Actor, channel: ChannelId) -> u32 {
        let mine = self.service.channel(actor, channel).await.expect("a channel");
        mine.membership.expect("a membership").read.unread_count
    }
}

fn create_team(name: &str, is_public: bool) -> CreateTeam {
    body(serde_json::json!({"name": name, "is_public": is_public}))
}

fn named(name: &str, kind: &str) -> CreateChannel {
    body(serde_json::json!({"kind": kind, "name": name}))
}

fn text(content: &str) -> SendMessage {
    SendMessage { content: content.to_owned(), ..SendMessage::default() }
}

fn named_text(content: &str, client_id: &str) -> SendMessage {
    SendMessage { client_id: Some(client_id.parse().expect("a client_id")), ..text(content) }
}

fn all() -> PageQuery {
    PageQuery { limit: Some(200), ..PageQuery::default() }
}

fn seq(number: u64) -> Seq {
    Seq::try_from(number).expect("a seq")
}

async fn whoever_makes_a_team_owns_it(place: Place) {
    let rig = place.open_rig().await;
    let alice = rig.register_actor("alice").await;
    let team = rig.team(&alice, "eng").await;
    assert_eq!(team.membership.expect("a membership").role, TeamRole::Owner);
    let listed = rig.service.teams(&alice, &all()).await.expect("lists");
    assert_eq!(listed.items, std::slice::from_ref(&team));
    let members = rig.service.team_members(&alice, team.team.id, &all()).await.expect("lists");
    assert_eq!(members.items.len(), 1);
    let by_name = PageQuery { name: Some("ENG".to_owned()), ..all() };
    assert_eq!(rig.service.teams(&alice, &by_name).await.expect("finds").items.len(), 1);
    let by_part = PageQuery { query: Some("_n".to_owned()), ..all() };
    assert_eq!(rig.service.teams(&alice, &by_part).await.expect("finds").items.len(), 0, "_ stands for itself");
}

async fn team_names_are_unique_in_any_case_and_free_again_after_deletion(place: Place) {
    let rig = place.open_rig().await;
    let alice = rig.register_actor("alice").await;
    let team = rig.team(&alice, "Straße").await.team.id;
    refused(rig.service.create_team(&alice, create_team("STRASSE", true)).await, ErrorCode::NameTaken);
    let other = rig.team(&alice, "other").await.team.id;
    let rename = EditTeam { name: Some("strasse".parse().expect("a name")), ..EditTeam::default() };
    refused(rig.service.edit_team(&alice, other, rename.clone()).await, ErrorCode::NameTaken);
    rig.service.edit_team(&alice, team, rename).await.expect("its own name in other letters");
    rig.service.delete_team(&alice, team).await.expect("deletes");
    refused(rig.service.team(&alice, team).await, ErrorCode::NotFound);
    rig.team(&alice, "straße").await;
}

async fn private_teams_do_not_exist_for_strangers(place: Place) {
    let rig = place.open_rig().await;
    let (alice, eve) = (rig.register_actor("alice").await, rig.register_actor("eve").await);
    let team = rig.team(&alice, "eng").await.team.id;
    let channel = rig.channel(&alice, team, "general", "public").await.channel.id;
    let message = rig.say(&alice, channel, "hi").await;
    let service = &rig.service;
    assert_eq!(service.teams(&eve, &all()).await.expect("lists").items, []);
    refused(service.team(&eve, team).await, ErrorCode::NotFound);
    refused(service.join_team(&eve, team).await, ErrorCode::NotFound);
    refused(service.team_members(&eve, team, &all()).await, ErrorCode::NotFound);
    refused(service.channels(&eve, team, &all()).await, ErrorCode::NotFound);
    refused(service.create_channel(&eve, team, named("x", "public")).await, ErrorCode::NotFound);
    refused(service.channel(&eve, channel).await, ErrorCode::NotFound);
    refused(service.messages(&eve, channel, MessageQuery::default()).await, ErrorCode::NotFound);
    refused(service.send_message(&eve, channel, text("x")).await, ErrorCode::NotFound);
    refused(service.message_by_id(&eve, message.id).await, ErrorCode::NotFound);
    refused(service.delete_message(&eve, channel, message.seq).await, ErrorCode::NotFound);
    refused(service.edit_team(&eve, team, EditTeam::default()).await, ErrorCode::NotFound);
    refused(service.delete_team(&eve, team).await, ErrorCode::NotFound);
    refused(service.remove_team_member(&eve, team, alice.user_id).await, ErrorCode::NotFound);
    for stream in [StreamId::Team(team), StreamId::Channel(channel)] {
        let query = ChangesQuery { after: Rev::ZERO, limit: None };
        refused(service.changes(&eve, stream, query).await, ErrorCode::NotFound);
    }
}

async fn public_teams_are_found_and_joined(place: Place) {
    let rig = place.open_rig().await;
    let (alice, bob) = (rig.register_actor("alice").await, rig.register_actor("bob").await);
    let team = rig.service.create_team(&alice, create_team("open", true)).await.expect("makes").team.id;
    let listed = rig.service.teams(&bob, &all()).await.expect("lists");
    assert_eq!(listed.items.iter().map(|team| team.membership).collect::<Vec<_>>(), [None]);
    refused(rig.service.channels(&bob, team, &all()).await, ErrorCode::Forbidden);
    let joined = rig.service.join_team(&bob, team).await.expect("joins");
    assert_eq!(joined.membership.expect("a membership").role, TeamRole::Member);
    let again = rig.service.join_team(&bob, team).await.expect("joins again");
    assert_eq!(again.membership, joined.membership);
    rig.service.leave_team(&bob, team).await.expect("leaves");
    let back = rig.service.join_team(&bob, team).await.expect("joins anew").membership.expect("a membership");
    assert_eq!(back.member_id, joined.membership.expect("a membership").member_id, "one person keeps one stream");
}

async fn a_team_keeps_an_owner(place: Place) {
    let rig = place.open_rig().await;
    let (alice, bob) = (rig.register_actor("alice").await, rig.register_actor("bob").await);
    let team = rig.team(&alice, "eng").await.team.id;
    refused(rig.service.leave_team(&alice, team).await, ErrorCode::LastOwner);
    let demote = PutTeamMember { role: TeamRole::Admin };
    refused(rig.service.put_team_member(&alice, team, alice.user_id, demote).await, ErrorCode::LastOwner);
    rig.add(&alice, team, &bob, TeamRole::Owner).await;
    let (one, other) = tokio::join!(rig.service.leave_team(&alice, team), rig.service.leave_team(&bob, team));
    assert_ne!(one.is_ok(), other.is_ok(), "of two owners leaving at once one stays");
    refused(one.and(other), ErrorCode::LastOwner);
}

async fn an_owner_who_is_switched_off_is_no_owner_to_keep(place: Place) {
    let rig = place.open_rig().await;
    let (alice, bob, team) = rig.two().await;
    let owner = PutTeamMember { role: TeamRole::Owner };
    rig.service.put_team_member(&alice, team, bob.user_id, owner).await.expect("promotes");
    let admin = rig.admin().await;
    rig.service.deactivate_user(&admin, bob.user_id).await.expect("switches off");
    refused(rig.service.leave_team(&alice, team).await, ErrorCode::LastOwner);
}

async fn admins_hand_out_no_more_than_they_have(place: Place) {
    let rig = place.open_rig().await;
    let (alice, bob, carol) =
        (rig.register_actor("alice").await, rig.register_actor("bob").await, rig.register_actor("carol").await);
    let team = rig.team(&alice, "eng").await.team.id;
    rig.add(&alice, team, &bob, TeamRole::Admin).await;
    let put = |who: &Actor, whom: &Actor, role| {
        let (service, who, user) = (&rig.service, *who, whom.user_id);
        async move { service.put_team_member(&who, team, user, PutTeamMember { role }).await }
    };
    refused(put(&bob, &carol, TeamRole::Owner).await, ErrorCode::Forbidden);
    refused(put(&bob, &carol, TeamRole::Admin).await, ErrorCode::Forbidden);
    let as_admin = CreateInvite { role: TeamRole::Admin, ..CreateInvite::default() };
    refused(rig.service.create_invite(&bob, team, as_admin).await, ErrorCode::Forbidden);
    put(&bob, &carol, TeamRole::Member).await.expect("adds");
    refused(put(&bob, &carol, TeamRole::Admin).await, ErrorCode::Forbidden);
    refused(put(&bob, &alice, TeamRole::Member).await, ErrorCode::Forbidden);
    refused(put(&carol, &carol, TeamRole::Admin).await, ErrorCode::Forbidden);
    refused(rig.service.remove_team_member(&bob, team, alice.user_id).await, ErrorCode::Forbidden);
    refused(rig.service.remove_team_member(&carol, team, bob.user_id).await, ErrorCode::Forbidden);
    refused(rig.service.delete_team(&bob, team).await, ErrorCode::Forbidden);
    rig.service.remove_team_member(&bob, team, carol.user_id).await.expect("removes");
}

async fn an_invite_admits_as_many_as_it_says(place: Place) {
    let rig = place.open_rig().await;
    let (alice, bob, carol) =
        (rig.register_actor("alice").await, rig.register_actor("bob").await, rig.register_actor("carol").await);
    let team = rig.team(&alice, "eng").await.team.id;
    let invite = rig.service.create_invite(&alice, team, CreateInvite::default()).await.expect("invites");
    let code = invite.code.clone().expect("a code");
    assert_eq!(rig.service.invites(&alice, team, &all()).await.expect("lists").items[0].code, None);
    rig.service.use_invite(&bob, &code).await.expect("comes in");
    refused(rig.service.use_invite(&carol, &code).await, ErrorCode::NotFound);
    refused(rig.service.use_invite(&carol, "no such code").await, ErrorCode::NotFound);
    let open = CreateInvite { uses_max: 5, ..CreateInvite::default() };
    let invite = rig.service.create_invite(&alice, team, open).await.expect("invites");
    let code = invite.code.expect("a code");
    rig.service.use_invite(&bob, &code).await.expect("is in already");
    let listed = rig.service.invites(&alice, team, &all()).await.expect("lists");
    let uses: Vec<_> = listed.items.iter().filter(|listed| listed.id == invite.id).map(|listed| listed.uses).collect();
    assert_eq!(uses, [0], "whoever is in already uses nothing up");
    rig.service.revoke_invite(&alice, team, invite.id).await.expect("revokes");
    refused(rig.service.use_invite(&carol, &code).await, ErrorCode::NotFound);
    refused(rig.service.create_invite(&bob, team, CreateInvite::default()).await, ErrorCode::Forbidden);
}

async fn an_invite_gives_no_right_that_its_maker_has_lost(place: Place) {
    let rig = place.open_rig().await;
    let (alice, bob, carol) =
        (rig.register_actor("alice").await, rig.register_actor("bob").await, rig.register_actor("carol").await);
    let team = rig.team(&alice, "eng").await.team.id;
    let put = |role| rig.service.put_team_member(&alice, team, bob.user_id, PutTeamMember { role });
    put(TeamRole::Admin).await.expect("puts");
    let create = CreateInvite { uses_max: 5, ..CreateInvite::default() };
    let code = rig.service.create_invite(&bob, team, create).await.expect("invites").code.expect("a code");
    let dave =
        syncspace_protocol::auth::Register { invite_code: Some(code.clone()), ..crate::place::register_body("dave") };
    put(TeamRole::Member).await.expect("puts");
    refused(rig.service.use_invite(&carol, &code).await, ErrorCode::NotFound);
    refused(rig.service.register(&crate::place::origin(), dave.clone()).await, ErrorCode::NotFound);
    put(TeamRole::Admin).await.expect("puts");
    rig.service.register(&crate::place::origin(), dave).await.expect("no account was made before");
    rig.service.remove_team_member(&alice, team, bob.user_id).await.expect("removes");
    refused(rig.service.use_invite(&bob, &code).await, ErrorCode::NotFound);
    refused(rig.service.use_invite(&carol, &code).await, ErrorCode::NotFound);
}

async fn an_invite_for_an_address_admits_only_who_has_it(place: Place) {
    let rig = place.open_rig().await;
    let (alice, bob, team) = rig.two().await;
    let carol = rig.register_actor("carol").await;
    let email = Some("Carol@Example.org".parse().expect("an address"));
    let many = CreateInvite { uses_max: 2, email: email.clone(), ..CreateInvite::default() };
    refused(rig.service.create_invite(&alice, team, many).await, ErrorCode::InvalidField);
    let create = CreateInvite { email: email.clone(), ..CreateInvite::default() };
    let invite = rig.service.create_invite(&alice, team, create.clone()).await.expect("invites");
    assert_eq!(invite.email, email);
    assert_eq!(rig.service.invites(&alice, team, &all()).await.expect("lists").items[0].email, email);
    let code = invite.code.expect("a code");
    let detail = refused(rig.service.use_invite(&carol, &code).await, ErrorCode::Forbidden);
    assert!(!detail.message.to_lowercase().contains("carol"), "{}", detail.message);
    let other = syncspace_protocol::auth::Register {
        invite_code: Some(code.clone()),
        email: Some("dave@example.org".parse().expect("an address")),
        ..crate::place::register_body("dave")
    };
    refused(rig.service.register(&crate::place::origin(), other).await, ErrorCode::Forbidden);
    let edit =
        EditProfile { email: Patch::Set("carol@example.org".parse().expect("an address")), ..EditProfile::default() };
    rig.service.edit_me(&carol, edit).await.expect("edits");
    rig.service.use_invite(&carol, &code).await.expect("joins");
    refused(rig.service.use_invite(&bob, &code).await, ErrorCode::NotFound);
    let erin = Some("erin@example.org".parse().expect("an address"));
    let invite =
        rig.service.create_invite(&alice, team, CreateInvite { email: erin.clone(), ..create }).await.expect("invites");
    let erin = syncspace_protocol::auth::Register {
        invite_code: invite.code,
        email: erin,
        ..crate::place::register_body("erin")
    };
    let tokens = rig.service.register(&crate::place::origin(), erin).await.expect("registers");
    let erin = rig.actor(&tokens).await;
    assert!(rig.service.team(&erin, team).await.expect("a team").membership.is_some());
}

async fn private_channels_exist_for_their_members_only(place: Place) {
    let rig = place.open_rig().await;
    let (alice, bob, team) = rig.two().await;
    let secret = rig.channel(&alice, team, "secret", "private").await.channel.id;
    refused(rig.service.channel(&bob, secret).await, ErrorCode::NotFound);
    refused(rig.service.join_channel(&bob, secret).await, ErrorCode::NotFound);
    assert_eq!(rig.service.channels(&bob, team, &all()).await.expect("lists").items, []);
    let member = body::<PutChannelMember>(serde_json::json!({"role": "member"}));
    rig.service.put_channel_member(&alice, secret, bob.user_id, member).await.expect("adds");
    rig.say(&bob, secret, "thanks").await;
    refused(rig.service.remove_channel_member(&bob, secret, alice.user_id).await, ErrorCode::Forbidden);
    rig.service.remove_channel_member(&alice, secret, bob.user_id).await.expect("removes");
    refused(rig.service.send_message(&bob, secret, text("still here?")).await, ErrorCode::NotFound);
    refused(rig.service.messages(&bob, secret, MessageQuery::default()).await, ErrorCode::NotFound);
}

async fn channel_names_are_unique_in_their_team(place: Place) {
    let rig = place.open_rig().await;
    let alice = rig.register_actor("alice").await;
    let (one, two) = (rig.team(&alice, "one").await.team.id, rig.team(&alice, "two").await.team.id);
    let general = rig.channel(&alice, one, "General", "public").await.channel.id;
    refused(rig.service.create_channel(&alice, one, named("GENERAL", "private")).await, ErrorCode::NameTaken);
    rig.channel(&alice, two, "general", "public").await;
    rig.service.delete_channel(&alice, general).await.expect("deletes");
    rig.channel(&alice, one, "general", "public").await;
    refused(rig.service.channel(&alice, general).await, ErrorCode::NotFound);
}

async fn there_is_one_direct_channel_of_two_people(place: Place) {
    let rig = place.open_rig().await;
    let (alice, bob, eve) =
        (rig.register_actor("alice").await, rig.register_actor("bob").await, rig.register_actor("eve").await);
    let team = rig.team(&alice, "eng").await.team.id;
    rig.add(&alice, team, &bob, TeamRole::Member).await;
    let to = |user: &Actor| CreateChannel::Direct { user_id: user.user_id };
    let mine = rig.service.create_channel(&alice, team, to(&bob)).await.expect("opens");
    let his = rig.service.create_channel(&bob, team, to(&alice)).await.expect("opens");
    assert_eq!(mine.channel.id, his.channel.id);
    let people: Vec<_> = mine.channel.people.iter().map(|person| person.id).collect();
    assert_eq!(people, [alice.user_id, bob.user_id]);
    rig.say(&bob, his.channel.id, "psst").await;
    assert_eq!(rig.unread(&alice, mine.channel.id).await, 1);
    refused(rig.service.leave_channel(&bob, mine.channel.id).await, ErrorCode::Conflict);
    refused(rig.service.create_channel(&alice, team, to(&eve)).await, ErrorCode::NotFound);
    let notes = rig.service.create_channel(&alice, team, to(&alice)).await.expect("opens").channel;
    assert_eq!(notes.people.len(), 1);
}

async fn archived_channels_are_read_only(place: Place) {
    let rig = place.open_rig().await;
    let (alice, bob, team) = rig.two().await;
    let channel = rig.channel(&alice, team, "old", "public").await.channel.id;
    let message = rig.say(&alice, channel, "last words").await;
    let archive = |is_archived| EditChannel { is_archived: Some(is_archived), ..EditChannel::default() };
    refused(rig.service.edit_channel(&bob, channel, archive(true)).await, ErrorCode::Forbidden);
    rig.service.edit_channel(&alice, channel, archive(true)).await.expect("archives");
    refused(rig.service.send_message(&alice, channel, text("one more")).await, ErrorCode::Archived);
    let edit = EditMessage { content: "other words".to_owned(), expected_rev: None };
    refused(rig.service.edit_message(&alice, channel, message.seq, edit).await, ErrorCode::Archived);
    refused(rig.service.join_channel(&bob, channel).await, ErrorCode::Archived);
    assert_eq!(rig.service.messages(&bob, channel, MessageQuery::default()).await.expect("reads").items.len(), 1);
    rig.service.edit_channel(&alice, channel, archive(false)).await.expect("restores");
    rig.say(&alice, channel, "back").await;
}

async fn only_admins_post_where_the_channel_says_so(place: Place) {
    let rig = place.open_rig().await;
    let (alice, bob, team) = rig.two().await;
    let news = rig.channel(&alice, team, "news", "public").await.channel.id;
    rig.service.join_channel(&bob, news).await.expect("joins");
    let mine = rig.say(&bob, news, "before").await;
    let root = rig.say(&alice, news, "1.0 is out").await;
    let posting = |posting| EditChannel { posting: Some(posting), ..EditChannel::default() };
    refused(rig.service.edit_channel(&bob, news, posting(Posting::Admins)).await, ErrorCode::Forbidden);
    let channel = rig.service.edit_channel(&alice, news, posting(Posting::Admins)).await.expect("edits");
    assert_eq!(channel.posting, Posting::Admins);
    let detail = refused(rig.service.send_message(&bob, news, text("hooray")).await, ErrorCode::Forbidden);
    assert!(detail.message.contains("only admins post"), "{}", detail.message);
    let reply = SendMessage { parent_message_id: Some(root.id), ..text("hooray") };
    refused(rig.service.send_message(&bob, news, reply).await, ErrorCode::Forbidden);
    let edit = EditMessage { content: "after".to_owned(), expected_rev: None };
    refused(rig.service.edit_message(&bob, news, mine.seq, edit).await, ErrorCode::Forbidden);
    rig.service.delete_message(&bob, news, mine.seq).await.expect("takes back what is his");
    rig.say(&alice, news, "1.0.1 is out").await;
    let admin = PutChannelMember { role: ChannelRole::Admin };
    rig.service.put_channel_member(&alice, news, bob.user_id, admin).await.expect("makes an admin");
    rig.say(&bob, news, "1.0.2 is out").await;
    rig.service.edit_channel(&alice, news, posting(Posting::Everyone)).await.expect("edits");
}

async fn whoever_posts_sets_the_topic(place: Place) {
    let rig = place.open_rig().await;
    let (alice, bob, team) = rig.two().await;
    let channel = rig.channel(&alice, team, "general", "public").await.channel.id;
    let topic = |topic: &str| EditChannel { topic: Patch::Set(topic.to_owned()), ..EditChannel::default() };
    refused(rig.service.edit_channel(&bob, channel, topic("x")).await, ErrorCode::Forbidden);
    rig.service.join_channel(&bob, channel).await.expect("joins");
    let long = refused(rig.service.edit_channel(&bob, channel, topic(&"x".repeat(251))).await, ErrorCode::InvalidField);
    assert_eq!(long.field.as_deref(), Some("topic"));
    let edited = rig.service.edit_channel(&bob, channel, topic(" Release\non \u{1b}[31mFriday ")).await.expect("edits");
    assert_eq!(edited.topic.as_deref(), Some("Release on Friday"));
    let both = EditChannel { description: Patch::Set("x".to_owned()), ..topic("y") };
    refused(rig.service.edit_channel(&bob, channel, both).await, ErrorCode::Forbidden);
    let read = rig.service.channel(&alice, channel).await.expect("a channel").channel;
    assert_eq!(read, edited, "what was refused changed nothing");
    let only_admins = EditChannel { posting: Some(Posting::Admins), ..EditChannel::default() };
    rig.service.edit_channel(&alice, channel, only_admins).await.expect("edits");
    refused(rig.service.edit_channel(&bob, channel, topic("z")).await, ErrorCode::Forbidden);
    let cleared = rig.service.edit_channel(&alice, channel, topic(" ")).await.expect("edits");
    assert_eq!(cleared.topic, None);
    let archive = EditChannel { is_archived: Some(true), ..topic("over") };
    assert_eq!(rig.service.edit_channel(&alice, channel, archive).await.expect("edits").topic.as_deref(), Some("over"));
    refused(rig.service.edit_channel(&alice, channel, topic("again")).await, ErrorCode::Archived);
    let direct = body(serde_json::json!({"kind": "direct", "user_id": bob.user_id}));
    let direct = rig.service.create_channel(&alice, team, direct).await.expect("opens").channel.id;
    refused(rig.service.edit_channel(&alice, direct, topic("us")).await, ErrorCode::Conflict);
}

async fn a_channel_that_became_private_is_gone_for_those_who_are_not_in_it(place: Place) {
    let rig = place.open_rig().await;
    let (alice, bob, team) = rig.two().await;
    let (carol, guest) = (rig.register_actor("carol").await, rig.register_actor("guest").await);
    rig.add(&alice, team, &carol, TeamRole::Member).await;
    rig.add(&alice, team, &guest, TeamRole::Guest).await;
    let plans = rig.channel(&alice, team, "plans", "public").await.channel.id;
    rig.service.join_channel(&bob, plans).await.expect("joins");
    rig.say(&alice, plans, "ours alone").await;
    let stream = StreamId::Team(team);
    let head = rig.changes_from(&alice, stream, Rev::ZERO, 200).await.pop().expect("a page").head_rev;
    let private = |is_private| EditChannel { is_private: Some(is_private), ..EditChannel::default() };
    refused(rig.service.edit_channel(&bob, plans, private(true)).await, ErrorCode::Forbidden);
    let hidden = rig.service.edit_channel(&alice, plans, private(true)).await.expect("edits");
    assert_eq!((hidden.kind, hidden.is_private), (ChannelKind::Private, true));
    refused(rig.service.channel(&carol, plans).await, ErrorCode::NotFound);
    refused(rig.service.messages(&carol, plans, MessageQuery::default()).await, ErrorCode::NotFound);
    refused(rig.service.join_channel(&carol, plans).await, ErrorCode::NotFound);
    let query = ChangesQuery { after: Rev::ZERO, limit: None };
    refused(rig.service.changes(&carol, StreamId::Channel(plans), query).await, ErrorCode::NotFound);
    assert_eq!(rig.service.channels(&carol, team, &all()).await.expect("lists").items, []);
    assert_eq!(rig.service.messages(&bob, plans, MessageQuery::default()).await.expect("reads").items.len(), 1);
    // The channel changes again: who was away learns all the same, however small the pages are.
    let topic = EditChannel { topic: Patch::Set("q3".to_owned()), ..EditChannel::default() };
    rig.service.edit_channel(&bob, plans, topic).await.expect("edits");
    for limit in [1, 200] {
        let seen = |pages: Vec<Changes>| -> Vec<Change> {
            let items = pages.into_iter().flat_map(|page| page.items);
            items.filter(|item| !matches!(item, Change::TeamMember { .. } | Change::ChannelMember { .. })).collect()
        };
        let gone =
            |items: &[Change]| matches!(items, [Change::ChannelHidden { channel_id, .. }] if *channel_id == plans);
        let for_carol = seen(rig.changes_from(&carol, stream, head, limit).await);
        assert!(gone(&for_carol), "{for_carol:?}");
        let for_bob = seen(rig.changes_from(&bob, stream, head, limit).await);
        assert!(matches!(&for_bob[..], [Change::Channel { channel }] if channel.is_private), "{for_bob:?}");
        assert_eq!(seen(rig.changes_from(&guest, stream, head, limit).await), []);
    }
    refused(rig.service.edit_channel(&alice, plans, private(false)).await, ErrorCode::Conflict);
}

async fn newcomers_come_into_the_default_channels(place: Place) {
    let rig = place.open_rig().await;
    let (alice, bob, team) = rig.two().await;
    let default = |is_default| EditChannel { is_default: Some(is_default), ..EditChannel::default() };
    let mut defaults = Vec::new();
    for number in 0..DEFAULT_CHANNELS_MAX {
        let channel = rig.channel(&bob, team, &format!("c{number}"), "public").await.channel.id;
        refused(rig.service.edit_channel(&bob, channel, default(true)).await, ErrorCode::Forbidden);
        assert!(rig.service.edit_channel(&alice, channel, default(true)).await.expect("edits").is_default);
        defaults.push(channel);
    }
    let more = rig.channel(&alice, team, "more", "public").await.channel.id;
    refused(rig.service.edit_channel(&alice, more, default(true)).await, ErrorCode::Conflict);
    let secret = rig.channel(&alice, team, "secret", "private").await.channel.id;
    refused(rig.service.edit_channel(&alice, secret, default(true)).await, ErrorCode::Conflict);
    let archive = EditChannel { is_archived: Some(true), ..EditChannel::default() };
    rig.service.edit_channel(&alice, defaults[0], archive).await.expect("archives");
    let hide = EditChannel { is_private: Some(true), ..EditChannel::default() };
    let hidden = rig.service.edit_channel(&bob, defaults[1], hide).await.expect("edits");
    assert!(!hidden.is_default, "nobody comes into a private channel by itself");
    rig.say(&bob, defaults[2], "before").await;

    let invite = rig.service.create_invite(&alice, team, CreateInvite::default()).await.expect("invites");
    let invited =
        syncspace_protocol::auth::Register { invite_code: invite.code, ..crate::place::register_body("carol") };
    let tokens = rig.service.register(&crate::place::origin(), invited).await.expect("registers");
    let carol = rig.actor(&tokens).await;
    let (dave, guest) = (rig.register_actor("dave").await, rig.register_actor("guest").await);
    let before = rig.service.statement_counts().reads;
    rig.add(&alice, team, &guest, TeamRole::Guest).await;
    let of_guest = rig.service.statement_counts().reads - before;
    rig.add(&alice, team, &dave, TeamRole::Member).await;
    let of_dave = rig.service.statement_counts().reads - before - of_guest;
    assert!(of_dave <= of_guest + 5, "{of_dave} reads for 18 channels, {of_guest} for none");
    for newcomer in [&carol, &dave] {
        let mine = rig.service.channels(newcomer, team, &all()).await.expect("lists").items;
        let mine: Vec<_> = mine.iter().filter(|channel| channel.membership.is_some()).collect();
        let ids: Vec<_> = mine.iter().map(|channel| channel.channel.id).collect();
        assert_eq!(ids, defaults[2..]);
        assert_eq!(mine[0].membership.expect("a membership").read.unread_count, 0, "what was before is not new");
        let member =
            rig.service.team(newcomer, team).await.expect("a team").membership.expect("a membership").member_id;
        let own = rig.changes_from(newcomer, StreamId::Member(member), Rev::ZERO, 200).await.remove(0).items;
        assert_eq!(own.len(), ids.len(), "who resumes is told the same: {own:?}");
    }
    assert_eq!(rig.service.channels(&guest, team, &all()).await.expect("lists").items, []);
    // Whoever comes back comes into them again.
    rig.service.leave_team(&dave, team).await.expect("leaves");
    rig.service.edit_channel(&alice, defaults[2], default(false)).await.expect("edits");
    rig.add(&alice, team, &dave, TeamRole::Member).await;
    let mine = rig.service.channels(&dave, team, &all()).await.expect("lists").items;
    let mine: Vec<_> = mine.iter().filter(|channel| channel.membership.is_some()).map(|mine| mine.channel.id).collect();
    assert_eq!(mine, defaults[3..]);
}

async fn who_is_banned_is_out_and_stays_out(place: Place) {
    let rig = place.open_rig().await;
    let (alice, bob, team) = rig.two().await;
    let carol = rig.register_actor("carol").await;
    let open = EditTeam { is_public: Some(true), ..EditTeam::default() };
    rig.service.edit_team(&alice, team, open).await.expect("edits");
    let general = rig.channel(&alice, team, "general", "public").await.channel.id;
    rig.service.join_channel(&bob, general).await.expect("joins");
    refused(rig.service.ban(&bob, team, carol.user_id).await, ErrorCode::Forbidden);
    refused(rig.service.bans(&bob, team, &all()).await, ErrorCode::Forbidden);
    refused(rig.service.ban(&alice, team, alice.user_id).await, ErrorCode::Conflict);
    let ban = rig.service.ban(&alice, team, bob.user_id).await.expect("bans");
    assert_eq!((ban.user.id, ban.banned_by), (bob.user_id, alice.user_id));
    assert_eq!(rig.service.ban(&alice, team, bob.user_id).await.expect("bans again"), ban);
    assert_eq!(rig.service.bans(&alice, team, &all()).await.expect("lists").items, [ban]);
    refused(rig.service.messages(&bob, general, MessageQuery::default()).await, ErrorCode::NotFound);
    assert_eq!(rig.service.channel_members(&alice, general, &all()).await.expect("lists").items.len(), 1);
    let detail = refused(rig.service.join_team(&bob, team).await, ErrorCode::Forbidden);
    assert!(detail.message.contains("banned"), "{}", detail.message);
    let invite = rig.service.create_invite(&alice, team, CreateInvite::default()).await.expect("invites");
    let code = invite.code.expect("a code");
    refused(rig.service.use_invite(&bob, &code).await, ErrorCode::Forbidden);
    let put = PutTeamMember { role: TeamRole::Member };
    refused(rig.service.put_team_member(&alice, team, bob.user_id, put).await, ErrorCode::Conflict);
    // Somebody who was never in it, too; the invite's one use is still there.
    rig.service.ban(&alice, team, carol.user_id).await.expect("bans");
    refused(rig.service.use_invite(&carol, &code).await, ErrorCode::Forbidden);
    rig.service.lift_ban(&alice, team, carol.user_id).await.expect("lifts");
    refused(rig.service.lift_ban(&alice, team, carol.user_id).await, ErrorCode::NotFound);
    rig.service.use_invite(&carol, &code).await.expect("joins");
    rig.service.lift_ban(&alice, team, bob.user_id).await.expect("lifts");
    rig.service.join_team(&bob, team).await.expect("joins");
}

async fn an_owner_hands_the_team_over(place: Place) {
    let rig = place.open_rig().await;
    let (alice, bob, team) = rig.two().await;
    let carol = rig.register_actor("carol").await;
    refused(rig.service.transfer_team(&bob, team, alice.user_id).await, ErrorCode::Forbidden);
    refused(rig.service.transfer_team(&alice, team, alice.user_id).await, ErrorCode::InvalidField);
    refused(rig.service.transfer_team(&alice, team, carol.user_id).await, ErrorCode::NotFound);
    refused(rig.service.leave_team(&alice, team).await, ErrorCode::LastOwner);
    let owner = rig.service.transfer_team(&alice, team, bob.user_id).await.expect("hands over");
    assert_eq!((owner.user.id, owner.role), (bob.user_id, TeamRole::Owner));
    let members = rig.service.team_members(&bob, team, &all()).await.expect("lists").items;
    let roles: Vec<_> = members.iter().map(|member| member.role).collect();
    assert_eq!(roles, [TeamRole::Admin, TeamRole::Owner]);
    refused(rig.service.transfer_team(&alice, team, bob.user_id).await, ErrorCode::Forbidden);
    refused(rig.service.leave_team(&bob, team).await, ErrorCode::LastOwner);
    rig.service.leave_team(&alice, team).await.expect("leaves");
}

async fn guests_see_only_their_channels(place: Place) {
    let rig = place.open_rig().await;
    let (alice, guest) = (rig.register_actor("alice").await, rig.register_actor("guest").await);
    let team = rig.team(&alice, "eng").await.team.id;
    rig.add(&alice, team, &guest, TeamRole::Guest).await;
    let open = rig.channel(&alice, team, "open", "public").await.channel.id;
    let lobby = rig.channel(&alice, team, "lobby", "public").await.channel.id;
    refused(rig.service.join_channel(&guest, open).await, ErrorCode::NotFound);
    refused(rig.service.create_channel(&guest, team, named("x", "public")).await, ErrorCode::Forbidden);
    let member = body::<PutChannelMember>(serde_json::json!({"role": "member"}));
    rig.service.put_channel_member(&alice, lobby, guest.user_id, member).await.expect("adds");
    let seen = rig.service.channels(&guest, team, &all()).await.expect("lists").items;
    assert_eq!(seen.iter().map(|mine| mine.channel.id).collect::<Vec<_>>(), [lobby]);
    rig.say(&guest, lobby, "hello").await;
    refused(rig.service.put_channel_member(&guest, lobby, alice.user_id, member).await, ErrorCode::Forbidden);
}

async fn messages_are_numbered_without_gaps(place: Place) {
    let rig = place.open_rig().await;
    let (alice, _, channel) = rig.one().await;
    let sends = (0..40).map(|number| rig.service.send_message(&alice, channel, text(&format!("m{number}"))));
    let sent = futures_util::future::join_all(sends).await;
    let mut seqs: Vec<u64> = sent.iter().map(|sent| sent.as_ref().expect("sends").0.seq.get()).collect();
    seqs.sort_unstable();
    assert_eq!(seqs, (1..=40).collect::<Vec<_>>());
    refused(rig.service.send_message(&alice, channel, text(" \n ")).await, ErrorCode::InvalidField);
    assert_eq!(rig.say(&alice, channel, "next").await.seq, seq(41), "a refused message takes no number");
}

async fn sending_again_gives_the_same_message_even_after_leaving(place: Place) {
    let rig = place.open_rig().await;
    let (alice, bob, team) = rig.two().await;
    let channel = rig.channel(&alice, team, "general", "public").await.channel.id;
    rig.service.join_channel(&bob, channel).await.expect("joins");
    let send = || rig.service.send_message(&bob, channel, named_text("hi\u{1b}[1m", "one"));
    let (first, is_repeat) = send().await.expect("sends");
    assert!(!is_repeat);
    let again = async |what: &str| {
        let (message, is_repeat) = send().await.expect(what);
        assert!(is_repeat, "{what}");
        assert_eq!((message.id, message.seq), (first.id, first.seq), "{what}");
    };
    again("at once").await;
    let edit = EditMessage { content: "edited".to_owned(), expected_rev: None };
    rig.service.edit_message(&bob, channel, first.seq, edit).await.expect("edits");
    again("after an edit").await;
    rig.service.delete_message(&alice, channel, first.seq).await.expect("deletes");
    again("after a deletion").await;
    rig.service.leave_channel(&bob, channel).await.expect("leaves");
    again("after leaving").await;
    rig.clock.advance_ms(30 * 24 * 3600 * 1000);
    again("a month later").await;
    let page = rig.service.messages(&alice, channel, MessageQuery::default()).await.expect("reads");
    assert_eq!(page.items.len(), 1);
}

async fn another_message_under_the_same_client_id_is_a_conflict(place: Place) {
    let rig = place.open_rig().await;
    let (alice, _, channel) = rig.one().await;
    let root = rig.service.send_message(&alice, channel, named_text("hi", "one")).await.expect("sends").0;
    refused(rig.service.send_message(&alice, channel, named_text("ho", "one")).await, ErrorCode::ClientIdReused);
    let reply = SendMessage { parent_message_id: Some(root.id), ..named_text("hi", "one") };
    refused(rig.service.send_message(&alice, channel, reply).await, ErrorCode::ClientIdReused);
}

async fn concurrent_sends_of_one_client_id_make_one_message(place: Place) {
    let rig = place.open_rig().await;
    let (alice, _, channel) = rig.one().await;
    // A second instance on the same database.
    let (other, _) = rig.place.service(syncspace_protocol::auth::RegistrationMode::Open, &[crate::place::SECRET]).await;
    let sends = (0..10).map(|number| {
        let service = if number % 2 == 0 { &rig.service } else { &other };
        service.send_message(&alice, channel, named_text("hi", "one"))
    });
    let sent = futures_util::future::join_all(sends).await;
    let seqs: Vec<_> = sent.iter().map(|sent| sent.as_ref().expect("sends").0.seq).collect();
    assert!(seqs.iter().all(|&place| place == seq(1)), "{seqs:?}");
    assert_eq!(sent.iter().filter(|sent| !sent.as_ref().expect("sends").1).count(), 1);
}

async fn only_authors_edit_and_admins_may_delete(place: Place) {
    let rig = place.open_rig().await;
    let (alice, bob, carol) =
        (rig.register_actor("alice").await, rig.register_actor("bob").await, rig.register_actor("carol").await);
    let team = rig.team(&alice, "eng").await.team.id;
    let channel = rig.channel(&alice, team, "general", "public").await.channel.id;
    for user in [&bob, &carol] {
        rig.add(&alice, team, user, TeamRole::Member).await;
        rig.service.join_channel(user, channel).await.expect("joins");
    }
    let message = rig.say(&bob, channel, "hi").await;
    let edit = || EditMessage { content: "ho".to_owned(), expected_rev: None };
    refused(rig.service.edit_message(&alice, channel, message.seq, edit()).await, ErrorCode::Forbidden);
    refused(rig.service.delete_message(&carol, channel, message.seq).await, ErrorCode::Forbidden);
    let edited = rig.service.edit_message(&bob, channel, message.seq, edit()).await.expect("edits");
    assert!(edited.is_edited && edited.rev > message.rev && edited.content == "ho");
    let gone = rig.service.delete_message(&alice, channel, message.seq).await.expect("deletes");
    assert!(gone.deleted_at.is_some() && gone.content.is_empty());
    refused(rig.service.edit_message(&bob, channel, message.seq, edit()).await, ErrorCode::NotFound);
    let again = rig.service.delete_message(&alice, channel, message.seq).await.expect("the answer may have been lost");
    assert_eq!(again, gone, "no change, and no rev");
    refused(rig.service.delete_message(&carol, channel, message.seq).await, ErrorCode::Forbidden);
    refused(rig.service.edit_message(&bob, channel, seq(99), edit()).await, ErrorCode::NotFound);
}

async fn replies_count_at_their_root(place: Place) {
    let rig = place.open_rig().await;
    let (alice, team, channel) = rig.one().await;
    let elsewhere = rig.channel(&alice, team, "elsewhere", "public").await.channel.id;
    let root = rig.say(&alice, channel, "root").await;
    let answer = |to: &Message, content: &str| SendMessage { parent_message_id: Some(to.id), ..text(content) };
    let one = rig.service.send_message(&alice, channel, answer(&root, "one")).await.expect("answers").0;
    let two = rig.service.send_message(&alice, channel, answer(&one, "two")).await.expect("answers").0;
    assert_eq!((two.parent_seq, two.parent_message_id), (Some(root.seq), Some(root.id)), "one thread, not a tree");
    refused(rig.service.send_message(&alice, elsewhere, answer(&root, "x")).await, ErrorCode::NotFound);
    let thread = rig.service.thread(&alice, channel, two.seq, MessageQuery::default()).await.expect("a thread");
    assert_eq!((thread.root.seq, thread.root.reply_count, thread.items.len()), (root.seq, 2, 2));
    assert_eq!(thread.root.rev, two.rev, "a reply stamps its root");
    rig.service.delete_message(&alice, channel, two.seq).await.expect("deletes");
    let root = rig.service.message(&alice, channel, root.seq).await.expect("the root");
    assert_eq!((root.reply_count, root.last_reply_at), (1, Some(one.created_at)));
}

async fn threads_are_paged_in_both_directions(place: Place) {
    let rig = place.open_rig().await;
    let (alice, _, channel) = rig.one().await;
    let root = rig.say(&alice, channel, "root").await;
    for number in 1..=5 {
        let reply = SendMessage { parent_message_id: Some(root.id), ..text(&format!("r{number}")) };
        rig.service.send_message(&alice, channel, reply).await.expect("answers");
        rig.say(&alice, channel, "beside the thread").await;
    }
    let read = async |query: MessageQuery| {
        let thread = rig.service.thread(&alice, channel, root.seq, query).await.expect("a thread");
        let texts: Vec<String> = thread.items.iter().map(|reply| reply.content.clone()).collect();
        (texts, thread.next.and_then(|next| next.parse().ok()))
    };
    let part = MessageQuery { limit: Some(2), ..MessageQuery::default() };
    let (newest, next) = read(MessageQuery { before: Some(Seq::END), ..part }).await;
    assert_eq!(newest, ["r4", "r5"]);
    let (older, next) = read(MessageQuery { before: next, ..part }).await;
    assert_eq!(older, ["r2", "r3"]);
    assert_eq!(read(MessageQuery { before: next, ..part }).await, (vec!["r1".to_owned()], None));
    let (oldest, next) = read(part.clone()).await;
    assert_eq!(oldest, ["r1", "r2"]);
    assert_eq!(read(MessageQuery { after: next, ..part }).await.0, ["r3", "r4"]);
    let both = MessageQuery { before: next, after: next, ..part };
    refused(rig.service.thread(&alice, channel, root.seq, both).await, ErrorCode::InvalidField);
}

async fn history_is_paged_in_both_directions(place: Place) {
    let rig = place.open_rig().await;
    let (alice, _, channel) = rig.one().await;
    for number in 1..=25 {
        rig.say(&alice, channel, &format!("m{number}")).await;
    }
    let read = |query: MessageQuery| rig.service.messages(&alice, channel, query);
    let seqs = |items: &[Message]| items.iter().map(|message| message.seq.get()).collect::<Vec<_>>();
    let newest = read(MessageQuery { limit: Some(10), ..MessageQuery::default() }).await.expect("reads");
    assert_eq!(seqs(&newest.items), (16..=25).collect::<Vec<_>>());
    assert_eq!((newest.from_seq, newest.to_seq, newest.last_seq), (seq(16), seq(25), seq(25)));
    let before = newest.next.expect("older ones").parse().expect("a seq");
    let older =
        read(MessageQuery { before: Some(before), limit: Some(20), ..MessageQuery::default() }).await.expect("reads");
    assert_eq!((seqs(&older.items), older.next), ((1..=15).collect::<Vec<_>>(), None));
    let newer =
        read(MessageQuery { after: Some(seq(20)), limit: Some(3), ..MessageQuery::default() }).await.expect("reads");
    assert_eq!((seqs(&newer.items), newer.next.as_deref()), (vec![21, 22, 23], Some("23")));
    let around =
        read(MessageQuery { around: Some(seq(5)), limit: Some(4), ..MessageQuery::default() }).await.expect("reads");
    assert_eq!(seqs(&around.items), [3, 4, 5, 6]);
    let both = MessageQuery { before: Some(seq(3)), after: Some(seq(1)), ..MessageQuery::default() };
    refused(read(both).await, ErrorCode::InvalidField);
    refused(read(MessageQuery { limit: Some(0), ..MessageQuery::default() }).await, ErrorCode::InvalidField);
}

async fn unread_counts_follow_their_definition(place: Place) {
    let rig = place.open_rig().await;
    let (alice, bob, team) = rig.two().await;
    let channel = rig.channel(&alice, team, "general", "public").await.channel.id;
    rig.say(&alice, channel, "before bob").await;
    rig.service.join_channel(&bob, channel).await.expect("joins");
    assert_eq!(rig.unread(&bob, channel).await, 0, "what was said before one came is not news");
    let root = rig.say(&alice, channel, "counts").await;
    let reply = SendMessage { parent_message_id: Some(root.id), ..text("a reply does not") };
    rig.service.send_message(&alice, channel, reply).await.expect("answers");
    rig.say(&bob, channel, "one's own does not").await;
    let gone = rig.say(&alice, channel, "deleted does not").await;
    rig.service.delete_message(&alice, channel, gone.seq).await.expect("deletes");
    assert_eq!(rig.unread(&bob, channel).await, 1);
    assert_eq!(rig.unread(&alice, channel).await, 1);
    let listed = rig.service.channels(&bob, team, &all()).await.expect("lists").items;
    assert_eq!(listed[0].membership.expect("a membership").read.unread_count, 1);
}

async fn markers_advance_and_are_set(place: Place) {
    let rig = place.open_rig().await;
    let (alice, bob, team) = rig.two().await;
    let channel = rig.channel(&alice, team, "general", "public").await.channel.id;
    rig.service.join_channel(&bob, channel).await.expect("joins");
    for number in 1..=5 {
        rig.say(&alice, channel, &format!("m{number}")).await;
    }
    let mark = |to, mode| rig.service.mark_read(&bob, channel, MarkRead { seq: seq(to), mode, known_rev: None });
    let read = mark(3, MoveMarker::Advance).await.expect("marks");
    assert_eq!((read.last_read_seq, read.unread_count), (seq(3), 2));
    let back = mark(1, MoveMarker::Advance).await.expect("marks");
    assert_eq!((back.last_read_seq, back.rev), (seq(3), read.rev), "advancing backward changes nothing");
    let unread = mark(1, MoveMarker::Set).await.expect("marks");
    assert_eq!((unread.last_read_seq, unread.unread_count), (seq(1), 4));
    let far = mark(99, MoveMarker::Advance).await.expect("marks");
    assert_eq!((far.last_read_seq, far.unread_count), (seq(5), 0), "a marker does not run ahead of the log");
}

/// What a follower knows of a channel after it applied changes by their rev.
fn apply(state: &mut BTreeMap<Seq, Message>, pages: &[Changes]) {
    for change in pages.iter().flat_map(|page| &page.items) {
        let Change::Message { message } = change else { unreachable!("{change:?}") };
        let is_newer = state.get(&message.seq).is_none_or(|held| message.rev > held.rev);
        if is_newer {
            state.insert(message.seq, message.clone());
        }
    }
}

async fn changes_after_any_rev_give_the_present_state(place: Place) {
    let rig = place.open_rig().await;
    let (alice, _, channel) = rig.one().await;
    let stream = StreamId::Channel(channel);
    let mut states = vec![(Rev::ZERO, BTreeMap::new())];
    for step in 0..30_u64 {
        let place = seq(step / 2 % 5 + 1);
        match step % 5 {
            0 | 1 => drop(rig.say(&alice, channel, &format!("m{step}")).await),
            2 => {
                let edit = EditMessage { content: format!("edited {step}"), expected_rev: None };
                drop(rig.service.edit_message(&alice, channel, place, edit).await);
            }
            3 => {
                let parent = rig.service.message(&alice, channel, place).await.map(|message| message.id).ok();
                let reply = SendMessage { parent_message_id: parent, ..text("reply") };
                drop(rig.service.send_message(&alice, channel, reply).await);
            }
            _ => drop(rig.service.delete_message(&alice, channel, place).await),
        }
        let pages = rig.changes_from(&alice, stream, Rev::ZERO, 200).await;
        let mut state = BTreeMap::new();
        apply(&mut state, &pages);
        states.push((pages.last().expect("a page").rev, state));
    }
    let (head, present) = states.last().cloned().expect("a state");
    let query = MessageQuery { limit: Some(200), ..MessageQuery::default() };
    let read = rig.service.messages(&alice, channel, query).await.expect("reads");
    assert_eq!(present.values().cloned().collect::<Vec<_>>(), read.items);
    for (rev, mut state) in states {
        for limit in [1, 2, 7] {
            let pages = rig.changes_from(&alice, stream, rev, limit).await;
            assert_eq!(pages.last().expect("a page").rev, head);
            apply(&mut state, &pages);
        }
        assert_eq!(state, present, "state at {rev} plus changes is not the state read again");
    }
}

async fn a_rev_of_another_history_means_reload(place: Place) {
    let rig = place.open_rig().await;
    let alice = rig.register_actor("alice").await;
    let team = rig.team(&alice, "eng").await.team.id;
    let query = ChangesQuery { after: Rev::try_from(1_000).expect("a rev"), limit: None };
    refused(rig.service.changes(&alice, StreamId::Team(team), query).await, ErrorCode::ReloadRequired);
}

async fn what_may_not_be_seen_is_not_in_the_changes(place: Place) {
    let rig = place.open_rig().await;
    let (alice, bob, team) = rig.two().await;
    rig.channel(&alice, team, "secret", "private").await;
    let open = rig.channel(&alice, team, "open", "public").await.channel.id;
    let kinds = |pages: Vec<Changes>| {
        let items = pages.into_iter().flat_map(|page| page.items);
        items
            .filter_map(|change| match change {
                Change::Channel { channel } => Some(channel.id),
                Change::ChannelMember { member } => Some(member.channel_id),
                _ => None,
            })
            .collect::<Vec<_>>()
    };
    let stream = StreamId::Team(team);
    assert_eq!(kinds(rig.changes_from(&alice, stream, Rev::ZERO, 2).await).len(), 4);
    assert_eq!(kinds(rig.changes_from(&bob, stream, Rev::ZERO, 2).await), [open, open]);
    let member = rig.service.team(&alice, team).await.expect("a team").membership.expect("a membership").member_id;
    let query = ChangesQuery { after: Rev::ZERO, limit: None };
    refused(rig.service.changes(&bob, StreamId::Member(member), query).await, ErrorCode::NotFound);
}

async fn a_profile_reaches_its_teams(place: Place) {
    let rig = place.open_rig().await;
    let alice = rig.register_actor("alice").await;
    let team = rig.team(&alice, "eng").await.team.id;
    let stream = StreamId::Team(team);
    let before = rig.changes_from(&alice, stream, Rev::ZERO, 50).await.last().expect("a page").rev;
    let edit = EditProfile { full_name: Patch::Set("Alice L.".to_owned()), ..EditProfile::default() };
    rig.service.edit_me(&alice, edit).await.expect("edits");
    let pages = rig.changes_from(&alice, stream, before, 50).await;
    let [Change::TeamMember { member }] = pages[0].items.as_slice() else { unreachable!("{pages:?}") };
    assert_eq!(member.user.full_name.as_deref(), Some("Alice L."));
}

async fn whoever_leaves_a_team_is_in_none_of_its_channels(place: Place) {
    let rig = place.open_rig().await;
    let (alice, bob, team) = rig.two().await;
    let channel = rig.channel(&alice, team, "general", "public").await.channel.id;
    rig.service.join_channel(&bob, channel).await.expect("joins");
    rig.service.remove_team_member(&alice, team, bob.user_id).await.expect("removes");
    refused(rig.service.send_message(&bob, channel, text("x")).await, ErrorCode::NotFound);
    let members = rig.service.channel_members(&alice, channel, &all()).await.expect("lists").items;
    assert_eq!(members.len(), 1);
    rig.add(&alice, team, &bob, TeamRole::Member).await;
    let mine = rig.service.channel(&bob, channel).await.expect("sees the public channel");
    assert_eq!(mine.membership, None, "coming back to the team is not coming back to its channels");
}

async fn who_was_away_learns_which_channels_a_leaver_left(place: Place) {
    let rig = place.open_rig().await;
    let (alice, bob, team) = rig.two().await;
    // More than one statement's worth, one of them private.
    let mut channels = vec![rig.channel(&alice, team, "secret", "private").await.channel.id];
    for number in 0..11 {
        channels.push(rig.channel(&alice, team, &format!("room-{number}"), "public").await.channel.id);
    }
    for &channel in &channels {
        let role = body(serde_json::json!({"role": "member"}));
        rig.service.put_channel_member(&alice, channel, bob.user_id, role).await.expect("adds");
    }
    let member = rig.service.team(&bob, team).await.expect("a team").membership.expect("a membership").member_id;
    let (shared, mine) = (StreamId::Team(team), StreamId::Member(member));
    let before = |pages: Vec<Changes>| pages.last().expect("a page").rev;
    let shared_rev = before(rig.changes_from(&alice, shared, Rev::ZERO, 50).await);
    let my_rev = before(rig.changes_from(&bob, mine, Rev::ZERO, 50).await);
    rig.service.leave_team(&bob, team).await.expect("leaves");
    rig.add(&alice, team, &bob, TeamRole::Member).await;

    let gone: Vec<_> =
        rig.changes_from(&alice, shared, shared_rev, 5).await.into_iter().flat_map(|page| page.items).collect();
    let left: Vec<_> = gone
        .iter()
        .filter_map(|change| match change {
            Change::ChannelMemberGone { channel_id, user_id, .. } if *user_id == bob.user_id => Some(*channel_id),
            _ => None,
        })
        .collect();
    assert_eq!(left, channels);
    let mine = rig.changes_from(&bob, mine, my_rev, 5).await.into_iter().flat_map(|page| page.items);
    let left: Vec<_> = mine
        .filter_map(|change| match change {
            Change::MyChannelGone { channel_id, .. } => Some(channel_id),
            _ => None,
        })
        .collect();
    assert_eq!(left, channels);
}

async fn bad_text_is_refused_and_hostile_text_is_cleaned(place: Place) {
    let rig = place.open_rig().await;
    let (alice, team, channel) = rig.one().await;
    let said = rig.say(&alice, channel, "a\u{1b}]52;c;x\u{7}b\u{202e}c\r\nd 👩‍👩‍👧 ❤️").await;
    assert_eq!(said.content, "abc\nd 👩‍👩‍👧 ❤️");
    let long = "é".repeat(8_001);
    let refusal = refused(rig.service.send_message(&alice, channel, text(&long)).await, ErrorCode::InvalidField);
    assert_eq!(refusal.field.as_deref(), Some("content"));
    assert_eq!(rig.say(&alice, channel, &"é".repeat(8_000)).await.content.len(), 16_000);
    let edit = EditTeam { avatar_url: Patch::Set("javascript:x".to_owned()), ..EditTeam::default() };
    refused(rig.service.edit_team(&alice, team, edit).await, ErrorCode::InvalidField);
}
