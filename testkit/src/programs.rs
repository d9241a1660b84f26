//! Finds programs: those of the system, and those this workspace builds.

use std::path::{Path, PathBuf};

/// Where systems keep servers that an ordinary user's PATH does not name.
const MORE_FOLDERS: [&str; 6] =
    ["/usr/sbin", "/usr/local/sbin", "/usr/libexec", "/usr/local/mysql/bin", "/opt/homebrew/bin", "/opt/homebrew/sbin"];

/// Gives the path of a binary of this workspace, built in the profile that the tests run in.
///
/// # Panics
/// If it is not built.
#[must_use]
pub fn binary(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap_or_else(|error| panic!("where is the test binary? {error}"));
    // Tests are in target/PROFILE/deps, binaries in target/PROFILE.
    let path = test.parent().and_then(Path::parent).map(|folder| folder.join(name));
    match path.filter(|path| path.is_file()) {
        Some(path) => path,
        None => panic!("{name} is not built: run `cargo build --workspace` first"),
    }
}

/// Gives the first of these programs that is installed.
pub(crate) fn find_program(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<_> = std::env::split_paths(&path).chain(MORE_FOLDERS.map(PathBuf::from)).collect();
    let candidates = names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    candidates.into_iter().find(|candidate| candidate.is_file())
}

/// Gives the first of these programs, or fails the test with what to install.
pub(crate) fn require_program(names: &[&str], what: &str, instead: &str) -> PathBuf {
    find_program(names).unwrap_or_else(|| {
        panic!(
            "this test needs {what} ({}), which is not installed: run `make test-deps`, or set {instead} to a server \
             that may be used for tests",
            names.join(" or ")
        )
    })
}
