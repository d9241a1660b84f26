//! Rights that end on one instance, and sockets on another one that had them.

use std::time::{Duration, Instant};

use serde_json::json;
use syncspace_protocol::teams::{PutTeamMember, TeamRole};
use syncspace_protocol::{ChannelId, TeamId, Time};
use syncspace_server::config::Config;
use syncspace_server::service::Actor;
use syncspace_server::store::{Queries as _, Sql, params};
use syncspace_testkit::{Proxy, RedisServer};
use tokio::time::timeout;

use super::peer::{Instance, Peer, Person, people};
use super::text;
use crate::place::{Place, body, on_both_stores};

/// How soon a right ends everywhere. Without the bus it takes a second; the rest is for a busy machine. Heads are compared
/// after 10 seconds only.
const ENDS_WITHIN: Duration = Duration::from_secs(5);

/// Longest wait for anything that must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// Two instances on one database: people change things on `one`, and sit on `two`.
struct Two {
    one: Instance,
    two: Instance,
    /// The second instance's line to Redis.
    bus: Option<Proxy>,
    /// The second instance's line to the database.
    database: Option<Proxy>,
    _redis: Option<RedisServer>,
    place: Option<Place>,
}

impl Two {
    /// Two instances that cannot hear each other and do not know it: every message between them is lost.
    async fn deaf(place: Place) -> Self {
        let start = || {
            Instance::start(|config| {
                config.database = place.url.clone();
                config.jwt_secrets = vec!["one signing secret for both instances".into()];
            })
        };
        let (one, two) = (start().await, start().await);
        Self { one, two, bus: None, database: None, _redis: None, place: Some(place) }
    }

    /// Two instances on MySQL and Redis, where the second one's lines can be cut.
    async fn on_lines() -> Self {
        let direct = syncspace_testkit::mysql_database().await;
        let redis = RedisServer::start().await;
        let (database, through) = Proxy::before(&direct).await;
        let (bus, bus_through) = Proxy::before(&redis.url()).await;
        let change = |config: &mut Config, database: &str, redis: String| {
            config.database = database.parse().expect("a database URL");
            config.redis = Some(redis.into());
            config.jwt_secrets = vec!["one signing secret for both instances".into()];
        };
        let one = Instance::start(|config| change(config, &direct, redis.url())).await;
        let two = Instance::start(|config| change(config, &through, bus_through)).await;
        one.wait_for_bus(true).await;
        two.wait_for_bus(true).await;
        Self { one, two, bus: Some(bus), database: Some(database), _redis: Some(redis), place: None }
    }

    async fn cut_bus(&mut self) {
        self.bus.as_mut().expect("a line").cut().await;
        self.two.wait_for_bus(false).await;
    }

    async fn restore_bus(&mut self) {
        self.bus.as_mut().expect("a line").restore().await;
        self.two.wait_for_bus(true).await;
    }
}

/// A team of three with a private and a public channel, whose people sit on the second instance.
struct Scene {
    root: Actor,
    alice: Person,
    bob: Person,
    team: TeamId,
    secret: ChannelId,
    bobs: Peer,
    carols: Peer,
}

impl Scene {
    async fn set(two: &Two) -> Self {
        let root = two.one.administrator().await;
        let [alice, bob, carol] = people(&two.one, ["alice", "bob", "carol"]).await;
        let service = two.one.service();
        let team = service.create_team(&alice.actor, body(json!({"name": "eng"}))).await.expect("a team").team.id;
        let secret = body(json!({"kind": "private", "name": "secret"}));
        let secret = service.create_channel(&alice.actor, team, secret).await.expect("a channel").channel.id;
        for person in [&bob, &carol] {
            let role = PutTeamMember { role: TeamRole::Member };
            service.put_team_member(&alice.actor, team, person.actor.user_id, role).await.expect("adds");
            let role = body(json!({"role": "member"}));
            service.put_channel_member(&alice.actor, secret, person.actor.user_id, role).await.expect("adds");
        }
        let (bobs, carols) = (Peer::live(&two.two, &bob).await, Peer::live(&two.two, &carol).await);
        Self { root, alice, bob, team, secret, bobs, carols }
    }

    /// Ends bob's right on the first instance.
    async fn end(&self, two: &Two, right: Right) {
        let service = two.one.service();
        let (alice, bob) = (&self.alice.actor, &self.bob.actor);
        match right {
            Right::Channel => service.remove_channel_member(alice, self.secret, bob.user_id).await,
            Right::Team => service.remove_team_member(alice, self.team, bob.user_id).await,
            Right::Session => service.logout(bob).await,
            Right::Account => service.deactivate_user(&self.root, bob.user_id).await,
            Right::Role => {
                let role = PutTeamMember { role: TeamRole::Guest };
                service.put_team_member(alice, self.team, bob.user_id, role).await.map(drop)
            }
        }
        .expect("ends");
    }

    /// Says something on the second instance, where both sit; tells whether bob hears it once carol does.
    async fn bob_hears(&mut self, two: &Two) -> bool {
        let content = uuid::Uuid::now_v7().to_string();
        two.two.service().send_message(&self.alice.actor, self.secret, text(&content)).await.expect("sends");
        while self.carols.message().await != content {}
        self.bobs.has_heard(&content).await
    }

    /// Makes a public channel on the second instance; tells whether bob sees what it is.
    async fn bob_sees(&mut self, two: &Two) -> bool {
        let name = format!("open-{}", uuid::Uuid::now_v7().simple());
        let open = body(json!({"kind": "public", "name": name}));
        let made = two.two.service().create_channel(&self.alice.actor, self.team, open).await.expect("a channel");
        // Whoever may not see it hears of its number all the same.
        let (stream, rev) = (format!("t{}", self.team), made.channel.rev.get());
        let end = self.bobs.until(|frame| frame["stream"] == stream && frame["rev"].as_u64() >= Some(rev)).await;
        end.to_string().contains(&name)
    }

    /// Waits until bob has lost the right.
    async fn wait_until_lost(&mut self, two: &Two, right: Right) {
        match right {
            Right::Channel | Right::Team => while self.bob_hears(two).await {},
            Right::Session | Right::Account => assert_eq!(self.bobs.closing().await, "session_ended"),
            Right::Role => while self.bob_sees(two).await {},
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Right {
    Channel,
    Team,
    Session,
    Account,
    Role,
}

/// Ends the right on one instance while others use it on the other; checks that it is lost there in time, for good.
async fn check_ended(two: &Two, right: Right) {
    let mut scene = Scene::set(two).await;
    assert!(scene.bob_hears(two).await && scene.bob_sees(two).await);
    scene.end(two, right).await;
    let ended_at = Instant::now();
    let lost = timeout(PATIENCE, scene.wait_until_lost(two, right)).await;
    assert!(lost.is_ok() && ended_at.elapsed() < ENDS_WITHIN, "{right:?} took {:?}", ended_at.elapsed());
    match right {
        Right::Channel => assert!(!scene.bob_hears(two).await && scene.bob_sees(two).await),
        Right::Role => assert!(scene.bob_hears(two).await && !scene.bob_sees(two).await),
        Right::Team => assert!(!scene.bob_hears(two).await),
        Right::Session | Right::Account => {}
    }
}

on_both_stores! {
    whoever_is_removed_from_a_channel_hears_nothing_though_the_bus_lost_it,
    whoever_is_removed_from_a_team_hears_nothing_though_the_bus_lost_it,
    a_session_ends_though_the_bus_lost_it,
    an_account_ends_though_the_bus_lost_it,
    a_guest_sees_nothing_public_though_the_bus_lost_it,
    what_was_purged_before_it_was_read_is_looked_up,
}

async fn whoever_is_removed_from_a_channel_hears_nothing_though_the_bus_lost_it(place: Place) {
    check_ended(&Two::deaf(place).await, Right::Channel).await;
}

async fn whoever_is_removed_from_a_team_hears_nothing_though_the_bus_lost_it(place: Place) {
    check_ended(&Two::deaf(place).await, Right::Team).await;
}

async fn a_session_ends_though_the_bus_lost_it(place: Place) {
    check_ended(&Two::deaf(place).await, Right::Session).await;
}

async fn an_account_ends_though_the_bus_lost_it(place: Place) {
    check_ended(&Two::deaf(place).await, Right::Account).await;
}

async fn a_guest_sees_nothing_public_though_the_bus_lost_it(place: Place) {
    check_ended(&Two::deaf(place).await, Right::Role).await;
}

async fn what_was_purged_before_it_was_read_is_looked_up(place: Place) {
    let two = Two::deaf(place).await;
    let mut scene = Scene::set(&two).await;
    let store = two.place.as_ref().expect("a place").store().await;
    let session = scene.bob.actor.session_id;
    let now: Time = "2026-11-22T17:26:21.500Z".parse().expect("a time");
    // As if an instance had slept for a day: the end of the session and its row, then the purge.
    let end = Sql::both("UPDATE sessions SET ended_at = ? WHERE id = ?");
    (&store).execute(&end, params![now, session]).await.expect("ends");
    let purge = Sql::both("UPDATE revocation_head SET last_number = last_number + 9, floor_number = last_number + 9");
    (&store).execute(&purge, params![]).await.expect("purges");
    assert_eq!(timeout(ENDS_WITHIN, scene.bobs.closing()).await.expect("closes in time"), "session_ended");
    let alice = &scene.alice.actor;
    two.two.service().send_message(alice, scene.secret, text("still here")).await.expect("sends");
    assert!(heard_in_time(&mut scene.carols, "still here").await);
}

/// Makes a test of each right, with a bus that works.
macro_rules! over_the_bus {
    ($($fact:ident: $right:ident,)*) => {
        $(#[tokio::test]
        async fn $fact() {
            check_ended(&Two::on_lines().await, Right::$right).await;
        })*
    };
}

over_the_bus! {
    whoever_is_removed_from_a_channel_hears_nothing_on_any_instance: Channel,
    whoever_is_removed_from_a_team_hears_nothing_on_any_instance: Team,
    a_session_ends_on_every_instance: Session,
    an_account_ends_on_every_instance: Account,
    a_guest_sees_nothing_public_on_any_instance: Role,
}

#[tokio::test]
async fn rights_end_while_redis_is_away() {
    let mut two = Two::on_lines().await;
    two.cut_bus().await;
    check_ended(&two, Right::Channel).await;
}

#[tokio::test]
async fn an_instance_that_is_cut_off_stops_delivering_and_goes_on_completely() {
    let mut two = Two::on_lines().await;
    let mut scene = Scene::set(&two).await;
    assert!(scene.bob_hears(&two).await);
    two.cut_bus().await;
    two.database.as_mut().expect("a line").cut().await;
    let cut_at = Instant::now();
    while two.two.service().is_delivering() {
        assert!(cut_at.elapsed() < PATIENCE, "it delivers on and on");
        tokio::task::yield_now().await;
    }
    assert!(cut_at.elapsed() > Duration::from_secs(2), "a short pause stops nothing");
    let service = two.one.service();
    let said = async |content: &str| {
        service.send_message(&scene.alice.actor, scene.secret, text(content)).await.expect("sends");
    };
    said("to both").await;
    scene.end(&two, Right::Channel).await;
    for number in 1..=3 {
        said(&format!("without bob {number}")).await;
    }
    two.database.as_mut().expect("a line").restore().await;
    for content in ["to both", "without bob 1", "without bob 2", "without bob 3"] {
        assert!(heard_in_time(&mut scene.carols, content).await, "{content}");
    }
    assert!(two.two.service().is_delivering());
    assert!(!scene.bobs.has_heard("without bob 1").await, "what ended meanwhile has ended");
    two.restore_bus().await;
    assert!(!scene.bob_hears(&two).await);
}

async fn heard_in_time(peer: &mut Peer, content: &str) -> bool {
    let heard = async { while !peer.has_heard(content).await {} };
    timeout(PATIENCE, heard).await.is_ok()
}

#[tokio::test]
async fn whoever_is_removed_while_connecting_follows_nothing() {
    let instance = Instance::embedded().await;
    let [alice, bob] = people(&instance, ["alice", "bob"]).await;
    let service = instance.service();
    let team = service.create_team(&alice.actor, body(json!({"name": "eng"}))).await.expect("a team").team.id;
    let role = PutTeamMember { role: TeamRole::Member };
    service.put_team_member(&alice.actor, team, bob.actor.user_id, role).await.expect("adds");
    let secret = body(json!({"kind": "private", "name": "secret"}));
    let secret = service.create_channel(&alice.actor, team, secret).await.expect("a channel").channel.id;
    let mut alices = Peer::live(&instance, &alice).await;
    for round in 0..30 {
        let role = body(json!({"role": "member"}));
        service.put_channel_member(&alice.actor, secret, bob.actor.user_id, role).await.expect("adds");
        let removed = service.remove_channel_member(&alice.actor, secret, bob.actor.user_id);
        let (mut bobs, removed) = tokio::join!(Peer::live(&instance, &bob), removed);
        removed.expect("removes");
        let content = format!("round {round}");
        service.send_message(&alice.actor, secret, text(&content)).await.expect("sends");
        assert!(heard_in_time(&mut alices, &content).await);
        assert!(!bobs.has_heard(&content).await, "{content}");
    }
}
