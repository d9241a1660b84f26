//! A service on a database of its own, on either store, and the people in it.

use std::net::{IpAddr, Ipv4Addr};

use secrecy::{ExposeSecret as _, SecretString};
use syncspace_protocol::Epoch;
use syncspace_protocol::auth::{Login, Refresh, Register, RegistrationMode, Secret, Tokens};
use syncspace_protocol::error::{ErrorCode, ErrorDetail};
use syncspace_server::blobs::{BlobPlace, Blobs};
use syncspace_server::mail::Mailer;
use syncspace_server::realtime::Realtime;
use syncspace_server::realtime::carrier::{Carrier, CarrierConfig, RedisConfig};
use syncspace_server::service::{
    Actor, Clock, Origin, Service, ServiceError, ServiceParts, Settings, TokenKeys, load_epoch,
};
use syncspace_server::store::{DatabaseUrl, Store};
use syncspace_testkit::RedisServer;

use crate::bucket::Bucket;

pub(crate) const PASSWORD: &str = "correct horse";
pub(crate) const SECRET: &str = "a signing secret of enough bytes";

/// An empty database of one test, and a data directory.
pub(crate) struct Place {
    pub(crate) url: DatabaseUrl,
    pub(crate) folder: tempfile::TempDir,
    /// By which other instances hear of what is done here; none where there are no others.
    pub(crate) redis: Option<RedisServer>,
    /// Where files are kept; none keeps them in the folder.
    pub(crate) bucket: Option<Bucket>,
}

impl Place {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self { url: DatabaseUrl::Sqlite(folder.path().join("syncspace.db")), folder, redis: None, bucket: None }
    }

    pub(crate) async fn mysql() -> Self {
        let url = syncspace_testkit::mysql_database().await;
        let folder = tempfile::tempdir().expect("a folder");
        Self { url: url.parse().expect("a database URL"), folder, redis: None, bucket: None }
    }

    /// A place whose files are in a bucket.
    pub(crate) async fn with_bucket() -> Self {
        Self { bucket: Some(Bucket::start().await), ..Self::sqlite() }
    }

    /// A place that other instances share.
    pub(crate) async fn mysql_and_redis() -> Self {
        Self { redis: Some(RedisServer::start().await), ..Self::mysql().await }
    }

    pub(crate) async fn store(&self) -> Store {
        let store = Store::open(&self.url).await.expect("opens");
        store.migrate().await.expect("migrates");
        store
    }

    pub(crate) async fn service(&self, registration: RegistrationMode, secrets: &[&str]) -> (Service, Clock) {
        let start = match &self.redis {
            None => "2026-11-22T17:26:21.500Z".parse().expect("a time"),
            // The other instances go by the clock of the machine.
            Some(_) => Clock::System.now(),
        };
        let clock = Clock::manual(start);
        let settings = Settings { registration, bcrypt_cost: 4, ..Settings::default() };
        (self.service_with(settings, (clock.clone(), None), secrets).await, clock)
    }

    async fn service_with(
        &self,
        settings: Settings,
        (clock, mailer): (Clock, Option<Mailer>),
        secrets: &[&str],
    ) -> Service {
        let secrets: Vec<_> = secrets.iter().map(|secret| SecretString::from(*secret)).collect();
        let token_keys = TokenKeys::new(&secrets, settings.access_token_life_s).expect("good secrets");
        let data_dir = Some(self.folder.path().to_owned());
        let blobs = self.blobs();
        let store = self.store().await;
        let epoch = load_epoch(&store).await.expect("an epoch");
        let realtime = self.realtime(&epoch).await;
        Service::new(ServiceParts { store, epoch, realtime, blobs, mailer, clock, settings, token_keys, data_dir })
    }

    pub(crate) fn blobs(&self) -> Blobs {
        match &self.bucket {
            Some(bucket) => bucket.blobs(),
            None => Blobs::open(&BlobPlace::Folder(self.folder.path().join("files"))).expect("a folder"),
        }
    }

    /// What is done is told to the other instances; what they do is not heard, because nobody is connected here.
    async fn realtime(&self, epoch: &Epoch) -> Realtime {
        let Some(redis) = &self.redis else { return Realtime::alone() };
        let config = CarrierConfig::Redis(RedisConfig::new(redis.url(), epoch.clone()));
        Realtime::new(Carrier::start(&config).await.expect("a carrier").0)
    }

    pub(crate) async fn rig(self, registration: RegistrationMode) -> Rig {
        let (service, clock) = self.service(registration, &[SECRET]).await;
        let admin_token = service.prepare().await.expect("starts");
        Rig { service, clock, admin_token, place: self }
    }

    pub(crate) async fn open_rig(self) -> Rig {
        self.rig(RegistrationMode::Open).await
    }
}

/// A service on a database of its own.
pub(crate) struct Rig {
    pub(crate) service: Service,
    pub(crate) clock: Clock,
    pub(crate) admin_token: Option<SecretString>,
    pub(crate) place: Place,
}

pub(crate) fn origin() -> Origin {
    Origin { address: IpAddr::V4(Ipv4Addr::LOCALHOST), user_agent: Some("test/1".to_owned()) }
}

pub(crate) fn body<T: serde::de::DeserializeOwned>(json: serde_json::Value) -> T {
    serde_json::from_value(json).expect("a body")
}

pub(crate) fn register_body(username: &str) -> Register {
    body(serde_json::json!({"username": username, "password": PASSWORD}))
}

pub(crate) fn login_body(username: &str, password: &str) -> Login {
    Login { username: username.to_owned(), password: Secret(password.to_owned()), device_name: None }
}

impl Rig {
    /// Gives the same place with a service of other settings.
    pub(crate) async fn again_with(self, settings: Settings) -> Self {
        let Self { place, clock, admin_token, .. } = self;
        let parts = (clock.clone(), None);
        let service = place.service_with(settings, parts, &[SECRET]).await;
        Self { service, clock, admin_token, place }
    }

    /// Gives the same place with a service that sends mail, and signs with these secrets.
    pub(crate) async fn again_with_mail(self, mailer: Mailer, secrets: &[&str]) -> Self {
        let Self { place, clock, admin_token, .. } = self;
        let settings = Settings { registration: RegistrationMode::Open, bcrypt_cost: 4, ..Settings::default() };
        let parts = (clock.clone(), Some(mailer));
        let service = place.service_with(settings, parts, secrets).await;
        Self { service, clock, admin_token, place }
    }

    pub(crate) async fn register(&self, username: &str) -> Tokens {
        self.service.register(&origin(), register_body(username)).await.expect("registers")
    }

    pub(crate) async fn register_actor(&self, username: &str) -> Actor {
        self.actor(&self.register(username).await).await
    }

    pub(crate) async fn actor(&self, tokens: &Tokens) -> Actor {
        self.service.authenticate(&tokens.access_token.0).await.expect("authenticates")
    }

    pub(crate) async fn login(&self, username: &str, password: &str) -> Result<Tokens, ServiceError> {
        self.service.login(&origin(), login_body(username, password)).await
    }

    pub(crate) async fn refresh(&self, token: &Secret) -> Result<Tokens, ServiceError> {
        self.service.refresh(&origin(), Refresh { refresh_token: token.clone() }).await
    }

    pub(crate) async fn admin(&self) -> Actor {
        let token = self.admin_token.as_ref().expect("a bootstrap token").expose_secret().to_owned();
        let register = Register { bootstrap_token: Some(token), ..register_body("root") };
        self.actor(&self.service.register(&origin(), register).await.expect("registers")).await
    }
}

#[track_caller]
pub(crate) fn refused<T>(outcome: Result<T, ServiceError>, code: ErrorCode) -> ErrorDetail {
    let detail = outcome.err().expect("refused").detail();
    assert_eq!(detail.code, code, "{}", detail.message);
    detail
}

/// Makes a test of each fact, on both stores.
macro_rules! on_both_stores {
    ($($fact:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $fact() {
                super::$fact($crate::place::Place::sqlite()).await;
            })*
        }

        mod mysql {
            $(#[tokio::test]
            async fn $fact() {
                super::$fact($crate::place::Place::mysql().await).await;
            })*
        }
    };
}

pub(crate) use on_both_stores;

/// Makes a test of each fact, with files in a bucket.
macro_rules! on_a_bucket {
    ($($fact:ident),* $(,)?) => {
        mod bucket {
            $(#[tokio::test]
            async fn $fact() {
                super::$fact($crate::place::Place::with_bucket().await).await;
            })*
        }
    };
}

pub(crate) use on_a_bucket;
