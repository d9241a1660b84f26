#!/bin/sh
# Finds the database, Redis and tmux that the tests start for themselves, and installs what is missing from the system's
# packages. Needs root or sudo only to install. Nothing it installs is started: the tests run private instances.
set -u

# Where system packages put servers, which is not always in a user's PATH.
PATH=$PATH:/usr/sbin:/usr/local/sbin:/usr/libexec:/opt/homebrew/sbin:/opt/homebrew/bin:/usr/local/bin
export PATH

has_database() { [ -n "${SYNCSPACE_TEST_MYSQL_URL:-}" ] || command -v mariadbd >/dev/null || command -v mysqld >/dev/null; }
has_redis() { [ -n "${SYNCSPACE_TEST_REDIS_URL:-}" ] || command -v redis-server >/dev/null || command -v valkey-server >/dev/null; }
has_tmux() { command -v tmux >/dev/null; }
say() { echo "test-deps: $*" >&2; }

if has_database && has_redis && has_tmux; then exit 0; fi

# Runs a command as root, by sudo where it must.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        # Without a terminal nobody can type a password; sudo then fails at once instead of waiting.
        if [ -t 0 ]; then sudo "$@"; else sudo -n "$@"; fi
    else
        say "no root and no sudo: cannot run $*"
        return 1
    fi
}

apt_updated=no
apt_install() {
    if [ $apt_updated = no ]; then
        as_root apt-get update -qq || return 1
        apt_updated=yes
    fi
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# Debian's redis-server starts itself as a service; a policy that forbids it is put in place meanwhile.
apt_install_quietly() {
    policy=/usr/sbin/policy-rc.d
    if [ -e $policy ] || ! as_root sh -c "printf '#!/bin/sh\nexit 101\n' >$policy && chmod 755 $policy"; then
        apt_install "$@"
        return
    fi
    trap 'as_root rm -f "$policy"' EXIT INT TERM
    apt_install "$@"
    result=$?
    as_root rm -f "$policy"
    trap - EXIT INT TERM
    return $result
}

get_database() {
    if command -v apt-get >/dev/null; then
        # The core packages have the programs without the service.
        apt_install mariadb-server-core mariadb-client-core || apt_install_quietly mariadb-server || apt_install_quietly default-mysql-server
    elif command -v dnf >/dev/null; then
        as_root dnf install -y -q mariadb-server
    elif command -v brew >/dev/null; then
        brew install -q mariadb
    else
        say "no apt-get, dnf or brew here"
        return 1
    fi
}

get_redis() {
    if command -v apt-get >/dev/null; then
        apt_install_quietly redis-server
    elif command -v dnf >/dev/null; then
        as_root dnf install -y -q redis || as_root dnf install -y -q valkey
    elif command -v brew >/dev/null; then
        brew install -q redis
    else
        say "no apt-get, dnf or brew here"
        return 1
    fi
}

get_tmux() {
    if command -v apt-get >/dev/null; then
        apt_install tmux
    elif command -v dnf >/dev/null; then
        as_root dnf install -y -q tmux
    elif command -v brew >/dev/null; then
        brew install -q tmux
    else
        say "no apt-get, dnf or brew here"
        return 1
    fi
}

if ! has_database; then
    say "installing MariaDB"
    get_database
fi
if ! has_redis; then
    say "installing Redis"
    get_redis
fi
if ! has_tmux; then
    say "installing tmux"
    get_tmux
fi

missing=0
if ! has_database; then
    missing=1
    say "MariaDB or MySQL is missing and could not be installed. Either install one (Debian and Ubuntu: apt-get install mariadb-server-core mariadb-client-core; Fedora: dnf install mariadb-server; macOS: brew install mariadb),"
    say "or name one that the tests may make databases in: SYNCSPACE_TEST_MYSQL_URL=mysql://user:password@host:3306"
fi
if ! has_redis; then
    missing=1
    say "Redis is missing and could not be installed. Either install it (Debian and Ubuntu: apt-get install redis-server; Fedora: dnf install redis; macOS: brew install redis),"
    say "or name one that the tests may use: SYNCSPACE_TEST_REDIS_URL=redis://host:6379"
fi
if ! has_tmux; then
    missing=1
    say "tmux is missing and could not be installed. Install it (Debian and Ubuntu: apt-get install tmux; Fedora: dnf install tmux; macOS: brew install tmux)"
fi
exit $missing
