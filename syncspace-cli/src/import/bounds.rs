//! Every bound of what is imported, by name. Bounds of single lines are in `syncspace_protocol::limits`.

/// Most entries of a zip file.
pub(crate) const ENTRIES_MAX: usize = 1_000_000;
/// Longest name of an entry, in bytes.
pub(crate) const ENTRY_NAME_BYTES_MAX: usize = 1_000;
/// Longest entry of JSON that is read as a whole, such as one day of one channel of Slack.
pub(crate) const JSON_ENTRY_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Most memory for the elements of all lists in such an entry, in bytes: a million messages of one day.
pub(crate) const JSON_LISTS_BYTES_MAX: usize = 512 * 1024 * 1024;
/// Most memory for what stands in one message as JSON of any form, in bytes, such as Slack's blocks: some 70,000 objects.
pub(crate) const JSON_TREE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Longest entry of lines of JSON.
pub(crate) const LINES_ENTRY_BYTES_MAX: u64 = 1 << 40;
/// Longest line of another program's JSON.
pub(crate) const FOREIGN_LINE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Most memory for the elements of all lists in such a line, in bytes: some 200,000 replies to one post.
pub(crate) const LINE_LISTS_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Most memory for lines that are held for those that follow, in bytes, as they are read.
pub(crate) const LINES_HELD_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Most memory for what a first look at such lines notes of people, channels and posts, in bytes: some 50 million posts.
pub(crate) const LOOK_BYTES_MAX: usize = 2 * 1024 * 1024 * 1024;
/// Longest file that a message carries.
pub(crate) const FILE_BYTES_MAX: u64 = 16 << 30;
/// Most times that an entry may be longer than it is in the zip file. Text is packed to a twentieth or so, and nothing to less
/// than a thousandth: what claims more than this is made to fill disks.
pub(crate) const PACKED_RATIO_MAX: u64 = 250;
/// Entries up to this length may be packed as well as they like.
pub(crate) const PACKED_BYTES_FREE: u64 = 4 * 1024 * 1024;
/// Longest all entries together, in bytes.
pub(crate) const UNPACKED_BYTES_MAX: u64 = 1 << 41;
