//! A team in which everything is done once that another device is told in the streams of the team and of its person.

use jiff::{SignedDuration, Timestamp};
use syncspace_client::{Client, ClientError};
use syncspace_protocol::channels::{
    ChannelRole, CreateChannel, EditChannel, MarkRead, MoveMarker, NewChannel, PutChannelMember,
};
use syncspace_protocol::groups::CreateGroup;
use syncspace_protocol::join_requests::AskToJoin;
use syncspace_protocol::keywords::Keywords;
use syncspace_protocol::messages::SendMessage;
use syncspace_protocol::personal::{ChannelOrder, DraftQuery, EditChannelPreferences, PutDraft};
use syncspace_protocol::reminders::CreateReminder;
use syncspace_protocol::scheduled::ScheduleMessage;
use syncspace_protocol::teams::{CreateTeam, EditTeam, EditTeamSettings, Joining, PutTeamMember, TeamRole};
use syncspace_protocol::users::EditProfile;
use syncspace_protocol::{ChannelId, GroupId, Patch, Seq, StreamId, TeamId, UserId};

use crate::stores::Site;

/// What there is before anything is done. Bob, who is watched, administers the team that Alice owns.
pub(super) struct Scene {
    alice: Client,
    bob: Client,
    /// Nobody's member, who wants to come in.
    erin: Client,
    carol: UserId,
    dave: UserId,
    pub(super) team: TeamId,
    /// Where Alice, Bob and Carol are, and Dave.
    talk: ChannelId,
    /// Where Alice and Bob are.
    quiet: ChannelId,
    /// What Bob leaves, what Alice deletes, what she hides from him, where she takes him in.
    left: ChannelId,
    deleted: ChannelId,
    hidden: ChannelId,
    entered: ChannelId,
    said: Seq,
    group: GroupId,
    /// Bob's other teams: one is deleted, out of one he is put; and two that take in on request.
    doomed: TeamId,
    lost: TeamId,
    asked: [TeamId; 2],
}

fn text(content: &str) -> SendMessage {
    SendMessage { content: content.to_owned(), ..SendMessage::default() }
}

async fn new_team(owner: &Client, name: &str, joining: Joining) -> Result<TeamId, ClientError> {
    let new = CreateTeam { name: name.parse().expect("a name"), description: None, is_public: true };
    let team = owner.create_team(new).await?.team.id;
    let settings = EditTeamSettings { joining: Some(joining), ..EditTeamSettings::default() };
    owner.edit_team(team, EditTeam { settings, ..EditTeam::default() }).await?;
    Ok(team)
}

async fn new_channel(owner: &Client, team: TeamId, name: &str) -> Result<ChannelId, ClientError> {
    let new = NewChannel { name: name.parse().expect("a name"), description: None };
    Ok(owner.create_channel(team, CreateChannel::Public(new)).await?.channel.id)
}

const MEMBER: PutChannelMember = PutChannelMember { role: ChannelRole::Member };

impl Scene {
    pub(super) async fn set(site: &Site) -> Result<Self, ClientError> {
        let mut people = Vec::new();
        for name in ["alice", "bob", "carol", "dave", "erin"] {
            people.push(site.register(name).await);
        }
        let [alice, bob, carol, dave, erin] = <[Client; 5]>::try_from(people).expect("five");
        let team = new_team(&alice, "eng", Joining::Open).await?;
        let (doomed, lost) =
            (new_team(&alice, "doomed", Joining::Open).await?, new_team(&alice, "lost", Joining::Open).await?);
        let asked =
            [new_team(&alice, "asked", Joining::Request).await?, new_team(&alice, "answered", Joining::Request).await?];
        for person in [&bob, &carol, &dave] {
            person.join_team(team).await?;
        }
        bob.join_team(doomed).await?;
        bob.join_team(lost).await?;
        let id = |client: &Client| client.credentials().expect("a login").user_id;
        alice.put_team_member(team, id(&bob), PutTeamMember { role: TeamRole::Admin }).await?;
        let settings = EditTeamSettings { joining: Some(Joining::Request), ..EditTeamSettings::default() };
        alice.edit_team(team, EditTeam { settings, ..EditTeam::default() }).await?;
        let talk = new_channel(&alice, team, "talk").await?;
        let quiet = new_channel(&alice, team, "quiet").await?;
        let left = new_channel(&alice, team, "left").await?;
        for channel in [talk, quiet, left] {
            alice.put_channel_member(channel, id(&bob), MEMBER).await?;
        }
        alice.put_channel_member(talk, id(&carol), MEMBER).await?;
        let group = CreateGroup { name: "ops".parse().expect("a name"), user_ids: vec![id(&bob)] };
        let group = alice.create_group(team, group).await?.id;
        bob.put_keywords(Keywords { keywords: vec!["deploy".parse().expect("a keyword")] }).await?;
        let said = alice.send_message(talk, text("question")).await?.seq;
        Ok(Self {
            deleted: new_channel(&alice, team, "deleted").await?,
            hidden: new_channel(&alice, team, "hidden").await?,
            entered: new_channel(&alice, team, "entered").await?,
            carol: id(&carol),
            dave: id(&dave),
            alice,
            bob,
            erin,
            team,
            talk,
            quiet,
            left,
            said,
            group,
            doomed,
            lost,
            asked,
        })
    }

    /// Gives the streams of the team and of Bob in it.
    pub(super) async fn streams(&self) -> [StreamId; 2] {
        let mine = self.bob.team(self.team).await.expect("the team").membership.expect("a member");
        [StreamId::Team(self.team), StreamId::Member(mine.member_id)]
    }

    /// Does everything that several people see.
    pub(super) async fn change_what_is_shared(&self) -> Result<(), ClientError> {
        self.change_team().await?;
        self.change_channels().await?;
        self.change_teams_of_bob().await
    }

    async fn change_team(&self) -> Result<(), ClientError> {
        let Self { alice, team, .. } = self;
        alice.edit_team(*team, EditTeam { description: Patch::Set("we".to_owned()), ..EditTeam::default() }).await?;
        alice.put_team_member(*team, self.carol, PutTeamMember { role: TeamRole::Admin }).await?;
        alice.remove_team_member(*team, self.dave).await?;
        let group = CreateGroup { name: "all-hands".parse().expect("a name"), user_ids: vec![self.carol] };
        alice.create_group(*team, group).await?;
        alice.delete_group(*team, self.group).await?;
        self.erin.ask_to_join(*team, AskToJoin { message: Some("hello".to_owned()) }).await.map(drop)
    }

    async fn change_channels(&self) -> Result<(), ClientError> {
        let Self { alice, bob, .. } = self;
        let bobs = bob.credentials().expect("a login").user_id;
        alice
            .edit_channel(self.quiet, EditChannel { topic: Patch::Set("now".to_owned()), ..EditChannel::default() })
            .await?;
        alice.delete_channel(self.deleted).await?;
        alice.edit_channel(self.hidden, EditChannel { is_private: Some(true), ..EditChannel::default() }).await?;
        alice.put_channel_member(self.quiet, self.carol, MEMBER).await?;
        alice.remove_channel_member(self.talk, self.carol).await?;
        alice.put_channel_member(self.entered, bobs, MEMBER).await?;
        bob.leave_channel(self.left).await?;
        alice.send_message(self.talk, text("deploy now")).await.map(drop)
    }

    /// Does everything that Bob alone sees. Apart from the rest: whoever comes into a channel reads these lists again, and would
    /// not miss what did not come.
    pub(super) async fn change_what_bob_keeps(&self) -> Result<(), ClientError> {
        let Self { bob, team, talk, said, .. } = self;
        let (team, channel_id, seq) = (*team, *talk, *said);
        let later = (Timestamp::now() + SignedDuration::from_hours(1)).into();
        bob.mark_read(channel_id, MarkRead { seq, mode: MoveMarker::Advance, known_rev: None }).await?;
        let wanted = EditChannelPreferences { is_muted: Some(true), ..EditChannelPreferences::default() };
        bob.edit_channel_preferences(self.quiet, wanted).await?;
        bob.order_channels(team, ChannelOrder { channel_ids: vec![channel_id] }).await?;
        bob.mute_user(team, self.carol).await?;
        bob.follow_thread(channel_id, seq).await?;
        bob.save_message(channel_id, seq).await?;
        let query = DraftQuery { parent_seq: None, expected_rev: None };
        bob.put_draft(channel_id, query, PutDraft { content: "perhaps".to_owned() }).await?;
        let message = ScheduleMessage {
            channel_id,
            content: "later".to_owned(),
            files: Vec::new(),
            parent_message_id: None,
            send_at: later,
        };
        bob.schedule_message(team, message).await?;
        let reminder = CreateReminder { channel_id, seq, remind_at: later, note: None };
        bob.remind(team, reminder).await?;
        let profile = EditProfile { full_name: Patch::Set("Bob".to_owned()), ..EditProfile::default() };
        bob.edit_me(profile).await.map(drop)
    }

    async fn change_teams_of_bob(&self) -> Result<(), ClientError> {
        let Self { alice, bob, .. } = self;
        let bobs = bob.credentials().expect("a login").user_id;
        for team in self.asked {
            bob.ask_to_join(team, AskToJoin { message: None }).await?;
        }
        alice.accept_join_request(self.asked[1], bobs).await?;
        alice.remove_team_member(self.lost, bobs).await?;
        alice.delete_team(self.doomed).await
    }
}
