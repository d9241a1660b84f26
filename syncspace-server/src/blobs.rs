//! Bytes of files, by keys that the server makes: in a folder, or in a bucket that speaks S3's protocol.
//!
//! Knows no database and no rule. What [`Writing::finish`] has acknowledged survives a power cut; what is not finished is
//! nowhere to be read. A store is never listed: two servers that share one by mistake leave each other's bytes alone.

use std::fmt;
use std::ops::Range;
use std::path::{Path as FilePath, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _, TryStreamExt as _};
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{
    BackoffConfig, GetOptions, GetRange, GetResultPayload, MultipartUpload, ObjectStore, ObjectStoreExt as _,
    RetryConfig,
};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio_util::io::ReaderStream;

/// Written at once into a folder, and read at once: what one transfer holds in memory, about.
const CHUNK_BYTES: usize = 256 * 1024;
/// Least part that S3's protocol takes, but for the last one.
const S3_PART_BYTES: usize = 5 * 1024 * 1024;
/// How often what a bucket did not take is tried again.
const BUCKET_TRIES_MAX: usize = 4;
/// Longest pause between two of these tries.
const BUCKET_PAUSE_MAX: Duration = Duration::from_secs(2);
/// No further try of a request that began so long ago: whoever uploads waits for it.
const BUCKET_WAIT: Duration = Duration::from_secs(20);

/// Where bytes are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlobPlace {
    /// In a folder, which is made where it is missing.
    Folder(PathBuf),
    /// In a bucket, below a prefix; how to get there comes from the `AWS_…` variables.
    Bucket {
        /// Its name.
        name: String,
        /// Where in it, or nothing.
        prefix: String,
    },
}

impl fmt::Display for BlobPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => path.display().fmt(f),
            Self::Bucket { name, prefix } if prefix.is_empty() => write!(f, "s3://{name}"),
            Self::Bucket { name, prefix } => write!(f, "s3://{name}/{prefix}"),
        }
    }
}

/// Why bytes could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The place cannot be used at all.
    #[error("cannot keep files in {place}")]
    Unusable {
        /// The place.
        place: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The place failed, or is full.
    #[error("the storage of files failed")]
    Failed(#[from] object_store::Error),
    /// A file of the folder could not be read or removed.
    #[error("the folder of files failed")]
    Io(#[from] std::io::Error),
}

/// Bytes on their way to whoever reads them.
pub type BlobStream = Pin<Box<dyn Stream<Item = Result<Bytes, BlobError>> + Send>>;

/// Keeps bytes. Clones share everything.
#[derive(Clone)]
pub struct Blobs {
    kind: Kind,
    part_bytes: usize,
}

#[derive(Clone)]
enum Kind {
    /// Made with the first use: a server that keeps no files needs no folder that it may write to.
    Folder {
        path: PathBuf,
        opened: Arc<OnceLock<Arc<dyn ObjectStore>>>,
    },
    Bucket(Arc<dyn ObjectStore>),
}

impl Blobs {
    /// Prepares a place; fails where what the environment says of a bucket is not enough.
    pub fn open(place: &BlobPlace) -> Result<Self, BlobError> {
        match place {
            BlobPlace::Folder(path) => {
                let kind = Kind::Folder { path: path.clone(), opened: Arc::default() };
                Ok(Self { kind, part_bytes: CHUNK_BYTES })
            }
            BlobPlace::Bucket { name, prefix } => Self::in_bucket(AmazonS3Builder::from_env(), name, prefix),
        }
    }

    /// Prepares a bucket by variables that are given, not the environment's: tests have many buckets in one process.
    pub fn open_bucket<'a>(
        name: &str,
        prefix: &str,
        variables: impl IntoIterator<Item = (&'a str, String)>,
    ) -> Result<Self, BlobError> {
        let mut builder = AmazonS3Builder::new();
        for (variable, value) in variables {
            builder = builder.with_config(variable.to_ascii_lowercase().parse()?, value);
        }
        Self::in_bucket(builder, name, prefix)
    }

    fn in_bucket(builder: AmazonS3Builder, name: &str, prefix: &str) -> Result<Self, BlobError> {
        let backoff = BackoffConfig { max_backoff: BUCKET_PAUSE_MAX, ..BackoffConfig::default() };
        let retry = RetryConfig { backoff, max_retries: BUCKET_TRIES_MAX, retry_timeout: BUCKET_WAIT };
        let bucket = builder.with_bucket_name(name).with_retry(retry).build().map_err(|error| {
            unusable(&BlobPlace::Bucket { name: name.to_owned(), prefix: prefix.to_owned() }, error)
        })?;
        let kind = Kind::Bucket(Arc::new(PrefixStore::new(bucket, prefix)));
        Ok(Self { kind, part_bytes: S3_PART_BYTES })
    }

    fn store(&self) -> Result<&dyn ObjectStore, BlobError> {
        match &self.kind {
            Kind::Bucket(store) => Ok(store),
            Kind::Folder { path, opened } => {
                if let Some(store) = opened.get() {
                    return Ok(store);
                }
                let unusable = |error| unusable(&BlobPlace::Folder(path.clone()), error);
                crate::instance::make_private_dir(path)?;
                let store = LocalFileSystem::new_with_prefix(path).map_err(unusable)?;
                // Two at once open the same folder.
                Ok(opened.get_or_init(|| Arc::new(store.with_fsync(true))))
            }
        }
    }

    /// Begins to write under a key that was not used before.
    pub async fn write(&self, key: &str) -> Result<Writing, BlobError> {
        let upload = self.store()?.put_multipart(&path_of(key)).await?;
        Ok(Writing { upload, part: BytesMut::new(), part_bytes: self.part_bytes })
    }

    /// Reads a part of what was finished under a key.
    pub async fn read(&self, key: &str, part: Range<u64>) -> Result<BlobStream, BlobError> {
        if part.is_empty() {
            return Ok(futures_util::stream::empty().boxed());
        }
        let options = GetOptions { range: Some(GetRange::Bounded(part)), ..GetOptions::default() };
        let found = self.store()?.get_opts(&path_of(key), options).await?;
        let GetResultPayload::File(file, _) = found.payload else {
            return Ok(found.into_stream().map_err(BlobError::from).boxed());
        };
        let mut file = tokio::fs::File::from_std(file);
        file.set_max_buf_size(CHUNK_BYTES);
        file.seek(std::io::SeekFrom::Start(found.range.start)).await?;
        let part = file.take(found.range.end - found.range.start);
        Ok(ReaderStream::with_capacity(part, CHUNK_BYTES).map_err(BlobError::from).boxed())
    }

    /// Reads a part of what was finished under several keys, of these lengths, one after the other.
    pub async fn read_parts(&self, keys: Vec<(String, u64)>, part: Range<u64>) -> Result<BlobStream, BlobError> {
        let mut begin = 0;
        let mut pieces = Vec::new();
        for (key, length) in keys {
            let (from, to) = (part.start.max(begin), part.end.min(begin + length));
            if from < to {
                pieces.push((key, from - begin..to - begin));
            }
            begin += length;
        }
        let mut pieces = pieces.into_iter();
        // The first at once: what cannot be read at all is an error, and no stream that breaks off.
        let Some((key, range)) = pieces.next() else { return Ok(futures_util::stream::empty().boxed()) };
        let first = self.read(&key, range).await?;
        let blobs = self.clone();
        let rest = futures_util::stream::iter(pieces).then(move |(key, range)| {
            let blobs = blobs.clone();
            async move { blobs.read(&key, range).await }
        });
        Ok(first.chain(rest.try_flatten()).boxed())
    }

    /// Removes what is under a key, finished or not; what is not there is no error.
    pub async fn remove(&self, key: &str) -> Result<(), BlobError> {
        if let Kind::Folder { path, .. } = &self.kind {
            match tokio::fs::remove_file(unfinished(path, key)).await {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
        match self.store()?.delete(&path_of(key)).await {
            Err(object_store::Error::NotFound { .. }) | Ok(()) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

fn unusable(place: &BlobPlace, source: object_store::Error) -> BlobError {
    BlobError::Unusable { place: place.to_string(), source: source.into() }
}

/// Spreads keys over folders.
fn path_of(key: &str) -> Path {
    Path::from_iter([key.get(..2).unwrap_or("00"), key])
}

/// Gives where the library keeps what is not finished: it does not clean up after a crash. A key is written once only.
fn unfinished(folder: &FilePath, key: &str) -> PathBuf {
    folder.join(key.get(..2).unwrap_or("00")).join(format!("{key}#1"))
}

/// Bytes that are being written; dropped before its end, nothing is kept.
pub struct Writing {
    upload: Box<dyn MultipartUpload>,
    part: BytesMut,
    part_bytes: usize,
}

impl Writing {
    /// Takes the next bytes; waits for the storage, so that little is held.
    pub async fn push(&mut self, mut bytes: Bytes) -> Result<(), BlobError> {
        while !bytes.is_empty() {
            let room = self.part_bytes - self.part.len();
            self.part.extend_from_slice(&bytes.split_to(room.min(bytes.len())));
            if self.part.len() == self.part_bytes {
                self.put_part().await?;
            }
        }
        Ok(())
    }

    async fn put_part(&mut self) -> Result<(), BlobError> {
        let part = std::mem::take(&mut self.part).freeze();
        Ok(self.upload.put_part(part.into()).await?)
    }

    /// Makes everything durable and readable.
    pub async fn finish(mut self) -> Result<(), BlobError> {
        // S3's protocol knows no upload without parts.
        self.put_part().await?;
        self.upload.complete().await?;
        Ok(())
    }

    /// Throws everything away.
    pub async fn abort(mut self) -> Result<(), BlobError> {
        Ok(self.upload.abort().await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> (tempfile::TempDir, Blobs) {
        let folder = tempfile::tempdir().expect("a folder");
        let blobs = Blobs::open(&BlobPlace::Folder(folder.path().join("files"))).expect("opens");
        (folder, blobs)
    }

    async fn read(blobs: &Blobs, part: Range<u64>) -> Vec<u8> {
        let read = blobs.read("abcd", part).await.expect("reads");
        read.try_fold(Vec::new(), |mut all, bytes| async move {
            all.extend_from_slice(&bytes);
            Ok(all)
        })
        .await
        .expect("reads on")
    }

    #[tokio::test]
    async fn what_is_finished_is_read_in_parts_and_removed() {
        let (_folder, blobs) = folder();
        let all: Vec<u8> = (0..700_000_u32).map(|number| number.to_le_bytes()[0]).collect();
        let mut writing = blobs.write("abcd").await.expect("begins");
        for chunk in all.chunks(60_000) {
            writing.push(Bytes::copy_from_slice(chunk)).await.expect("takes");
        }
        writing.finish().await.expect("finishes");
        assert_eq!(read(&blobs, 0..700_000).await, all);
        assert_eq!(read(&blobs, 262_140..262_150).await, all[262_140..262_150]);
        assert_eq!(read(&blobs, 9..9).await, Vec::<u8>::new());
        blobs.remove("abcd").await.expect("removes");
        assert!(blobs.read("abcd", 0..1).await.is_err());
        blobs.remove("abcd").await.expect("again is no error");
    }

    #[tokio::test]
    async fn what_a_crash_leaves_unfinished_goes_with_its_key() {
        let (folder, blobs) = folder();
        let mut writing = blobs.write("abcd").await.expect("begins");
        writing.push(vec![7; CHUNK_BYTES].into()).await.expect("takes");
        assert!(blobs.read("abcd", 0..1).await.is_err(), "it is not finished");
        // As a crash does: without the end of a scope.
        std::mem::forget(writing);
        let left = || std::fs::read_dir(folder.path().join("files/ab")).expect("a folder").count();
        assert_eq!(left(), 1);
        blobs.remove("abcd").await.expect("removes");
        assert_eq!(left(), 0);
    }

    #[tokio::test]
    async fn an_empty_file_is_a_file() {
        let (_folder, blobs) = folder();
        blobs.write("abcd").await.expect("begins").finish().await.expect("finishes");
        assert_eq!(read(&blobs, 0..0).await, Vec::<u8>::new());
    }
}
