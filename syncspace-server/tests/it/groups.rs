//! Facts about user groups and what mentions them, on the embedded store and on MySQL.

#![expect(clippy::panic, reason = "a test that cannot go on must fail, and say why")]

use std::collections::BTreeMap;

use serde_json::json;
use syncspace_protocol::groups::{CreateGroup, UserGroup};
use syncspace_protocol::limits::{GROUP_USERS_MAX, GROUPS_PER_TEAM_MAX, MENTIONED_GROUPS_MAX};
use syncspace_protocol::page::PageQuery;
use syncspace_protocol::sync::{Change, ChangesQuery};
use syncspace_protocol::teams::{PutTeamMember, TeamRole};
use syncspace_protocol::{ChannelId, ErrorCode, GroupId, GroupName, Mentions, Rev, StreamId, UserId};
use syncspace_server::service::{Actor, Made, ServiceError, ThreadChoice};
use syncspace_server::store::{Queries, Sql, Statement, Store, mentions, params};

use crate::counts::Room;
use crate::explain::{self, Plan};
use crate::place::{Place, body, on_both_stores, refused};

on_both_stores! {
    groups_belong_to_those_who_manage_the_team,
    a_group_takes_no_name_that_means_somebody,
    groups_are_bounded,
    a_group_is_made_once_for_one_key,
    whoever_leaves_the_team_leaves_its_groups,
    changes_of_the_team_say_what_the_list_says,
    a_group_names_those_of_it_who_are_in_the_channel,
    what_becomes_of_a_group_changes_no_count,
    a_person_goes_before_a_group,
    whom_a_group_names_in_a_reply_follows_the_thread,
}

fn name(text: &str) -> GroupName {
    text.parse().expect("a name")
}

impl Room {
    async fn group_by(&self, actor: &Actor, group: &str, users: &[&Actor]) -> Result<UserGroup, ServiceError> {
        let user_ids = users.iter().map(|user| user.user_id).collect();
        let new = CreateGroup { name: name(group), user_ids };
        self.rig.service.create_group(actor, self.team, new).await
    }

    async fn group(&self, group: &str, users: &[&Actor]) -> GroupId {
        self.group_by(&self.alice, group, users).await.expect("makes a group").id
    }

    async fn groups(&self, actor: &Actor) -> Vec<UserGroup> {
        self.rig.service.groups(actor, self.team, &PageQuery::default()).await.expect("lists").items
    }

    async fn team_changes(&self, actor: &Actor, after: Rev) -> (Vec<Change>, Rev) {
        let query = ChangesQuery { after, limit: Some(200) };
        let page = self.rig.service.changes(actor, StreamId::Team(self.team), query).await.expect("changes");
        assert_eq!(page.rev, page.head_rev);
        (page.items, page.rev)
    }
}

async fn groups_belong_to_those_who_manage_the_team(place: Place) {
    let room = Room::open(place).await;
    let stranger = room.rig.register_actor("stranger").await;
    let service = &room.rig.service;
    refused(room.group_by(&room.bob, "ops", &[]).await, ErrorCode::Forbidden);
    refused(room.group_by(&stranger, "ops", &[]).await, ErrorCode::NotFound);
    refused(room.group_by(&room.alice, "ops", &[&stranger]).await, ErrorCode::NotFound);
    let made = room.group_by(&room.alice, "Ops", &[&room.carol, &room.bob, &room.bob]).await.expect("makes a group");
    assert_eq!((made.name.as_str(), made.user_ids.as_slice()), ("Ops", &[room.bob.user_id, room.carol.user_id][..]));
    let place = (room.team, made.id);
    // A member sees them, a guest too; a stranger sees nothing.
    let guest = PutTeamMember { role: TeamRole::Guest };
    service.put_team_member(&room.alice, room.team, room.carol.user_id, guest).await.expect("makes a guest");
    assert_eq!(room.groups(&room.carol).await, std::slice::from_ref(&made));
    refused(service.group(&stranger, room.team, made.id).await, ErrorCode::NotFound);
    let members = service.group_members(&room.bob, place, &PageQuery::default()).await.expect("lists");
    let members: Vec<_> = members.items.iter().map(|member| member.user.id).collect();
    assert_eq!(members, made.user_ids);

    refused(service.add_group_member(&room.bob, place, room.alice.user_id).await, ErrorCode::Forbidden);
    refused(service.add_group_member(&room.alice, place, stranger.user_id).await, ErrorCode::NotFound);
    let added = service.add_group_member(&room.alice, place, room.alice.user_id).await.expect("adds");
    assert_eq!(added.user_ids, [room.alice.user_id, room.bob.user_id, room.carol.user_id]);
    assert_eq!(service.add_group_member(&room.alice, place, room.alice.user_id).await.expect("adds"), added);
    let removed = service.remove_group_member(&room.alice, place, room.bob.user_id).await.expect("removes");
    assert_eq!(removed.user_ids, [room.alice.user_id, room.carol.user_id]);
    refused(service.remove_group_member(&room.alice, place, room.bob.user_id).await, ErrorCode::NotFound);

    let renamed = service.rename_group(&room.alice, place, name("sre")).await.expect("renames");
    assert_eq!(service.group(&room.bob, room.team, made.id).await.expect("reads"), renamed);
    refused(service.delete_group(&room.bob, room.team, made.id).await, ErrorCode::Forbidden);
    service.delete_group(&room.alice, room.team, made.id).await.expect("deletes");
    refused(service.group(&room.alice, room.team, made.id).await, ErrorCode::NotFound);
    refused(service.rename_group(&room.alice, place, name("x")).await, ErrorCode::NotFound);
    assert_eq!(room.groups(&room.alice).await, []);
    assert_eq!(room.group("sre", &[]).await.get(), made.id.get() + 1, "the name is free again");
}

async fn a_group_takes_no_name_that_means_somebody(place: Place) {
    let room = Room::open(place).await;
    for word in ["here", "ALL", "channel", "ops."] {
        assert!(word.parse::<GroupName>().is_err(), "{word}");
    }
    let ops = room.group("ops", &[]).await;
    refused(room.group_by(&room.alice, "OPS", &[]).await, ErrorCode::NameTaken);
    refused(room.group_by(&room.alice, "alice", &[]).await, ErrorCode::NameTaken);
    let rename = |to| room.rig.service.rename_group(&room.alice, (room.team, ops), name(to));
    refused(rename("Carol").await, ErrorCode::NameTaken);
    assert_eq!(rename("Ops").await.expect("its own name in another case").name, name("Ops"));
    // Somebody who is not in the team is hidden from nobody.
    room.rig.register_actor("stranger").await;
    room.group("stranger", &[]).await;
}

async fn groups_are_bounded(place: Place) {
    let room = Room::open(place).await;
    let user_ids = (1..=GROUP_USERS_MAX as u64 + 1).map(|id| UserId::try_from(id).expect("an id")).collect();
    let many = CreateGroup { name: name("many"), user_ids };
    let detail = refused(room.rig.service.create_group(&room.alice, room.team, many).await, ErrorCode::InvalidField);
    assert_eq!(detail.field.as_deref(), Some("user_ids"));
    let makes = (0..GROUPS_PER_TEAM_MAX).map(|number| {
        let room = &room;
        async move { room.group(&format!("group-{number}"), &[&room.bob]).await }
    });
    futures_util::future::join_all(makes).await;
    refused(room.group_by(&room.alice, "one-more", &[]).await, ErrorCode::Conflict);
    let left = room.rig.service.remove_team_member(&room.alice, room.team, room.bob.user_id).await;
    left.expect("takes a person out of as many groups as there may be");
    assert!(room.groups(&room.alice).await.iter().all(|group| group.user_ids.is_empty()));
}

async fn a_group_is_made_once_for_one_key(place: Place) {
    let room = Room::open(place).await;
    let key = "k1".parse().expect("a key");
    let make = |group: &str| {
        let new = CreateGroup { name: name(group), user_ids: vec![] };
        room.rig.service.create_group_once(&room.alice, Some(&key), room.team, new)
    };
    let Made::New(made) = make("ops").await.expect("makes") else { panic!("it was not there before") };
    assert_eq!(make("ops").await.expect("repeats"), Made::Repeat(made));
    refused(make("other").await, ErrorCode::KeyReused);
}

async fn whoever_leaves_the_team_leaves_its_groups(place: Place) {
    let room = Room::open(place).await;
    let [ops, sre] = [room.group("ops", &[&room.bob, &room.carol]).await, room.group("sre", &[&room.bob]).await];
    let before = room.team_changes(&room.alice, Rev::ZERO).await.1;
    room.rig.service.leave_team(&room.bob, room.team).await.expect("leaves");
    let (changes, _) = room.team_changes(&room.alice, before).await;
    let told = changes.iter().filter_map(|change| match change {
        Change::Group { group } => Some((group.id, group.user_ids.clone())),
        _ => None,
    });
    assert_eq!(told.collect::<Vec<_>>(), [(ops, vec![room.carol.user_id]), (sre, vec![])]);
    let back = PutTeamMember { role: TeamRole::Member };
    room.rig.service.put_team_member(&room.alice, room.team, room.bob.user_id, back).await.expect("adds");
    assert!(room.groups(&room.bob).await.iter().all(|group| !group.user_ids.contains(&room.bob.user_id)));
    room.rig.service.ban(&room.alice, room.team, room.carol.user_id).await.expect("bans");
    assert!(room.groups(&room.bob).await.iter().all(|group| group.user_ids.is_empty()));
}

async fn changes_of_the_team_say_what_the_list_says(place: Place) {
    let room = Room::open(place).await;
    let service = &room.rig.service;
    let mut groups: BTreeMap<GroupId, UserGroup> = BTreeMap::new();
    let mut rev = Rev::ZERO;
    let mut deleted = None;
    for step in 0..6 {
        match step {
            0 => drop(room.group("ops", &[&room.bob]).await),
            1 => deleted = Some(room.group("sre", &[]).await),
            2 => {
                drop(service.add_group_member(&room.alice, (room.team, deleted.expect("made")), room.bob.user_id).await)
            }
            3 => service.delete_group(&room.alice, room.team, deleted.expect("made")).await.expect("deletes"),
            4 => service.remove_team_member(&room.alice, room.team, room.bob.user_id).await.expect("removes"),
            _ => drop(room.group("sre", &[&room.carol]).await),
        }
        let (changes, head) = room.team_changes(&room.carol, rev).await;
        rev = head;
        for change in changes {
            match change {
                Change::Group { group } => drop(groups.insert(group.id, group)),
                Change::GroupGone { group_id, rev } => {
                    assert!(groups.remove(&group_id).is_some_and(|held| held.rev < rev));
                }
                _ => {}
            }
        }
        assert_eq!(groups.values().cloned().collect::<Vec<_>>(), room.groups(&room.carol).await, "after step {step}");
    }
}

async fn a_group_names_those_of_it_who_are_in_the_channel(place: Place) {
    let room = Room::open(place).await;
    let ops = room.group("ops", &[&room.bob, &room.carol, &room.alice]).await;
    let said = room.say(&room.alice, "@OPS. `@ops` @nobody @ops").await;
    let mut users = vec![room.alice.user_id, room.bob.user_id];
    users.sort();
    assert_eq!(
        said.mentions,
        Mentions { users, groups: vec![ops], ..Mentions::default() },
        "carol is not in the channel"
    );
    assert_eq!(room.counts(&room.bob).await, (1, 1));
    assert_eq!(room.counts(&room.alice).await, (0, 0), "never one's own");
    let read = room.rig.service.message(&room.bob, room.channel, said.seq).await.expect("reads");
    assert_eq!(read, said);
    // By name and by group is once, and an edit takes it back.
    room.edit(&room.alice, &said, "@ops @bob_").await;
    assert_eq!(room.counts(&room.bob).await, (1, 1));
    room.edit(&room.alice, &said, "hello").await;
    assert_eq!(room.counts(&room.bob).await, (1, 0));
    room.edit(&room.alice, &said, "hello @ops").await;
    assert_eq!(room.counts(&room.bob).await, (1, 1));
    room.delete(&room.alice, &said).await;
    assert_eq!(room.counts(&room.bob).await, (0, 0));
    for number in 0..=MENTIONED_GROUPS_MAX {
        room.group(&format!("g{number}"), &[&room.bob]).await;
    }
    let all: String = (0..=MENTIONED_GROUPS_MAX).map(|number| format!("@g{number} ")).collect();
    assert_eq!(room.say(&room.alice, &all).await.mentions.groups.len(), MENTIONED_GROUPS_MAX);
}

async fn what_becomes_of_a_group_changes_no_count(place: Place) {
    let room = Room::open(place).await;
    let service = &room.rig.service;
    service.join_channel(&room.carol, room.channel).await.expect("joins");
    let ops = room.group("ops", &[&room.bob]).await;
    let said = room.say(&room.alice, "@ops").await;
    let counts = || async { (room.counts(&room.bob).await.1, room.counts(&room.carol).await.1) };
    assert_eq!(counts().await, (1, 0));
    service.add_group_member(&room.alice, (room.team, ops), room.carol.user_id).await.expect("adds");
    service.remove_group_member(&room.alice, (room.team, ops), room.bob.user_id).await.expect("removes");
    assert_eq!(counts().await, (1, 0), "who was named was named");
    room.say(&room.alice, "@ops again").await;
    assert_eq!(counts().await, (1, 1));
    room.edit(&room.alice, &said, "@ops once more").await;
    assert_eq!(counts().await, (0, 2), "who writes anew names those who are in it then");
    service.rename_group(&room.alice, (room.team, ops), name("sre")).await.expect("renames");
    service.delete_group(&room.alice, room.team, ops).await.expect("deletes");
    assert_eq!(counts().await, (0, 2));
    assert_eq!(room.say(&room.alice, "@sre").await.mentions, Mentions::default());
}

async fn a_person_goes_before_a_group(place: Place) {
    let room = Room::open(place).await;
    let dora = room.rig.register_actor("dora").await;
    let group = room.group("dora", &[&room.bob]).await;
    assert_eq!(room.say(&room.alice, "@dora").await.mentions.groups, [group]);
    let add = PutTeamMember { role: TeamRole::Member };
    room.rig.service.put_team_member(&room.alice, room.team, dora.user_id, add).await.expect("adds");
    assert_eq!(room.say(&room.alice, "@dora").await.mentions.groups, [group], "she is not in the channel");
    room.rig.service.join_channel(&dora, room.channel).await.expect("joins");
    let said = room.say(&room.alice, "@dora").await;
    assert_eq!(said.mentions, Mentions { users: vec![dora.user_id], ..Mentions::default() });
}

async fn whom_a_group_names_in_a_reply_follows_the_thread(place: Place) {
    let room = Room::open(place).await;
    room.group("ops", &[&room.bob, &room.carol]).await;
    let root = room.say(&room.alice, "question").await;
    room.answer(&room.alice, Some(&root), "@ops, please").await;
    let threads = |actor: Actor| {
        let room = &room;
        async move { room.rig.service.threads(&actor, room.team, &body(json!({}))).await.expect("lists").items }
    };
    let [mine] = <[_; 1]>::try_from(threads(room.bob).await).expect("one thread");
    let read = mine.membership.read;
    assert_eq!((read.unread_count, read.mention_count), (1, 1));
    assert_eq!(threads(room.carol).await, [], "she is not in the channel");
    let unfollow = ThreadChoice::Follow(false);
    room.rig.service.choose_thread(&room.bob, room.channel, root.seq, unfollow).await.expect("unfollows");
    room.answer(&room.alice, Some(&root), "@ops, again").await;
    assert_eq!(threads(room.bob).await, [], "who stopped is not made to follow");
}

/// What is read for a message that mentions what is no person's name.
fn look_up() -> Statement {
    let channel = ChannelId::try_from(1).expect("an id");
    mentions::groups_statement(&[channel], &["group-1", "group-2"])
}

#[tokio::test]
async fn groups_are_looked_up_by_their_names_on_sqlite() {
    let store = Place::sqlite().store().await;
    let Statement { sql, params } = look_up();
    let steps = explain::steps(&store, &sql.sqlite(), params).await;
    assert!(steps.len() >= 4 && steps.iter().all(|step| step.starts_with("SEARCH ")), "{steps:#?}");
    assert!(steps.iter().any(|step| step.contains("user_groups_name_key (team_id=? AND name_key=?)")), "{steps:#?}");
}

#[tokio::test]
async fn groups_are_looked_up_by_their_names_on_mysql() {
    let room = Room::open(Place::mysql().await).await;
    for number in 0..100 {
        room.group(&format!("group-{number}"), &[&room.alice, &room.bob, &room.carol]).await;
    }
    let store = Store::open(&room.rig.place.url).await.expect("opens");
    let analyse = Sql::both("ANALYZE TABLE user_groups, user_group_members, channel_members");
    (&store).query(&analyse, params![]).await.expect("analyses");
    let Statement { sql, params } = look_up();
    let plan = Plan::of(&store, sql.mysql(), params).await;
    // The few channels and members of this test are read as fast in any way.
    let index_of = |table| plan.reads.iter().find(|read| read.table == table).and_then(|read| read.index.as_deref());
    assert_eq!([index_of("g"), index_of("p")], [Some("user_groups_name_key"), Some("PRIMARY")], "{}", plan.text);
    assert!(!plan.reads.iter().any(|read| read.table == "g" && read.is_whole()), "{}", plan.text);
}
