#!/bin/sh
# Give a workspace a system account that nobody logs in as, and operators a door to it (trust.md says why). As root:
#
#   sh docs/service-account.sh --operator ada --key ada.pub [--dry-run]
#
# --operator NAME --key FILE   the first admin, and the public key that they come in with
# --account NAME               the account, leverframe; its folder is /var/lib/NAME, its workspace in there
# --leverframe PATH            an installed command; without it this checkout is installed into /opt/NAME
# --python PATH                the Python to install with, 3.11 or later; without it the first of the system's
# --listen ADDRESS --port N    where the door is, 127.0.0.1 and 8022
# --start                      enable and start the door's unit, where systemd runs
# --dry-run                    say what would be done, and do nothing
#
# What is there already is looked at and left as it is, or refused; no mode, owner, password or shell is changed.
set -eu
export LC_ALL=C
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
checkout=$(cd "$(dirname "$0")/.." && pwd -P)
operator='' key='' account=leverframe program='' python='' listen=127.0.0.1 port=8022 start='' dry=''

refuse() { printf '%s\n' "$*" >&2; exit 1; }
run() { printf '+ %s\n' "$*"; [ -n "$dry" ] || "$@"; }
plain() { case $2 in ''|-*|*[!$3]*) refuse "$1 is '$2', which it cannot be; the head of this script says what can.";; esac; }
# as ACCOUNT COMMAND: with no variable, terminal or folder of root's, and no way to become anybody else.
# (setpriv itself still finds a program where root alone may; env does not.)
as() {
    (who=$1; shift; cd / && exec setsid --wait setpriv --reuid="$who" --regid="$(id -g "$who")" --init-groups --no-new-privs --reset-env env "$@")
}

while [ $# -gt 0 ]; do
    case $1 in --start) start=yes; shift; continue;; --dry-run) dry=yes; shift; continue;; esac
    [ $# -gt 1 ] || refuse "$1 is no option of this script, or says nothing; its head lists all of them."
    case $1 in
        --operator) operator=$2;; --key) key=$2;; --account) account=$2;; --leverframe) program=$2;;
        --python) python=$2;; --listen) listen=$2;; --port) port=$2;;
        *) refuse "$1 is no option of this script; its head lists all of them.";;
    esac
    shift 2
done

[ "$(id -u)" = 0 ] || refuse "Only root can make an account; run this as root."
for each in useradd setpriv setsid getent; do
    command -v "$each" >/dev/null || refuse "There is no $each; on Debian the packages passwd, util-linux and libc-bin have all that this needs."
done
plain --account "$account" 'a-z0-9-'; plain --listen "$listen" '0-9a-fA-F.:'; plain --port "$port" '0-9'
[ -n "$operator" ] || refuse "Say who the first admin is: --operator NAME."
[ -n "$key" ] || refuse "Say which key they come in with: --key FILE, their .pub file. Without one nobody could come in."
[ -f "$key" ] && [ -r "$key" ] || refuse "There is no key file $key; name the .pub file of $operator."
systemd=''; [ ! -d /run/systemd/system ] || systemd=yes
[ -z "$start" ] || [ -n "$systemd" ] || refuse "systemd does not run here, so --start starts nothing; leave it out, and start the door by what is printed at the end."

# The account and its folder, as they are found.
folder=/var/lib/$account workspace=/var/lib/$account/workspace
known=$(getent passwd "$account" || true)
if [ -n "$known" ]; then
    IFS=: read -r _ _ number _ _ home shell <<END
$known
END
    [ "$number" != 0 ] || refuse "The account $account is root by another name; name another with --account."
    case ${shell##*/} in
        nologin|false) ;;
        *) refuse "People can log in as $account (its shell is ${shell:-not said}), and whoever does owns the workspace; name another with --account.";;
    esac
    case $(getent shadow "$account" | cut -d: -f2) in
        '!'*|'*'*) ;;
        *) refuse "The account $account has a password, or none is asked of it; 'passwd --lock $account' ends that, or name another with --account.";;
    esac
    [ "$home" = "$folder" ] || refuse "The account $account is there for something else (its folder is $home); name another with --account."
    [ "$(id -gn "$account")" = "$account" ] || refuse "The group of $account is $(id -gn "$account"), which others have too; name another account with --account."
fi
for each in "$folder" "$workspace"; do
    [ -e "$each" ] || [ -L "$each" ] || continue
    [ -d "$each" ] && [ ! -L "$each" ] || refuse "$each is no folder of $account's; put it elsewhere, or name another account with --account."
    [ "$(stat -c %U "$each")" = "$account" ] || refuse "$each belongs to another account ($(stat -c %U "$each")); put it elsewhere, or name another with --account."
    [ -z "$(find "$each" -maxdepth 0 -perm /027)" ] || refuse "Others than $account can look into $each or write there; run chmod 750 $each first."
done

# What is run as the account belongs to root, and root alone can change it: whoever else could, would be the account.
roots_alone() {
    each=$(readlink -f "$1") || refuse "There is no $1; name the installed command with --leverframe."
    # But for uv's lock, which anybody may write and nobody runs.
    found=$(find "$each" ! -type l ! -name .lock \( ! -user root -o -perm /022 \) -print -quit)
    while [ -z "$found" ] && [ "$each" != / ]; do
        each=$(dirname "$each")
        found=$(find "$each" -maxdepth 0 \( ! -user root -o -perm /022 \))
    done
    [ -z "$found" ] || refuse "Others than root can change $found, and by that what $account runs; install Leverframe where they cannot, such as /opt."
}
# The topmost folder above $1 that not everybody may enter, if there is one.
shut_above() {
    each=$(readlink -f "$1") shut=''
    while [ "$each" != / ]; do
        each=$(dirname "$each")
        as nobody test -x "$each" </dev/null || shut=$each
    done
    printf '%s' "$shut"
}
# Whether the program is root's alone, with its Python and the checkout that an editable install names, and runs for others.
check_program() {
    beside=$(dirname "$program")
    [ -e "$beside/python" ] || refuse "$program lies in no virtual environment; name the command in its bin folder with --leverframe."
    code=$(sed -n '/^\//p' "$beside"/../lib/python*/site-packages/*.pth 2>/dev/null || true)
    for each in "$beside/.." "$beside/python" $code; do roots_alone "$each"; done
    if said=$(as nobody "$program" --version </dev/null 2>&1); then return; fi
    for each in "$program" "$beside/python" $code; do
        shut=$(shut_above "$each")
        [ -z "$shut" ] || refuse "The account $account may not enter $shut, where its program lies; install Leverframe, and the Python behind it, where everybody may read, such as /opt."
    done
    refuse "Another account than root cannot run $program: $(printf '%s' "$said" | tail -n 1)"
}
new_enough='import ensurepip, sys, venv; raise SystemExit(sys.version_info < (3, 11))'
in_opt=/opt/$account install=''
if [ -n "$program" ]; then
    program=$(readlink -f "$program") && [ -x "$program" ] || refuse "There is no such command; name the installed one: --leverframe PATH."
else
    program=$in_opt/bin/leverframe
    [ -x "$program" ] || install=yes
    [ ! -e "$in_opt" ] || roots_alone "$in_opt"
fi
plain "The path of the command" "$program" 'A-Za-z0-9/._+-'
if [ -n "$install" ]; then
    for each in ${python:-python3 python3.11 python3.12 python3.13 python3.14}; do
        if as nobody "$each" -I -c "$new_enough" </dev/null 2>/dev/null; then install=$each; break; fi
    done
    [ "$install" != yes ] || refuse "There is no Python 3.11 or later that everybody may run and that makes virtual environments; on Debian, install python3-venv, or name one with --python."
else
    check_program
fi

# What follows changes the machine, and each line of it is shown.
if [ -z "$known" ]; then
    run useradd --system --user-group --no-create-home --home-dir "$folder" --shell /usr/sbin/nologin --comment Leverframe "$account"
fi
[ -d "$folder" ] || run install -d -m 750 -o "$account" -g "$account" "$folder"
if [ -n "$install" ]; then
    umask 022
    run "$install" -I -m venv "$in_opt"
    run "$in_opt/bin/python" -I -m pip install --quiet --require-hashes --no-deps -r "$checkout/requirements/ssh.txt"
    run "$in_opt/bin/python" -I -m pip install --quiet --no-deps "$checkout"
    [ -n "$dry" ] || check_program
fi
umask 027
run as "$account" "$program" --home "$workspace" --operator "$operator" init --key - <"$key"

unit=/etc/systemd/system/$account-ssh.service
door="$program --home $workspace ssh --listen $listen --port $port"
service() {
    sed -e '/^# <-/d' -e 's| What to change is marked with <-||' -e "s|^ExecStart=.*|ExecStart=$door|" \
        -e "/^\[Service\]/a User=$account" -e 's|^WantedBy=.*|WantedBy=multi-user.target|' "$checkout/docs/leverframe-ssh.service"
}
if [ -n "$dry" ]; then
    printf '+ %s, where systemd runs:\n' "$unit"; service | sed 's|^|    |'
elif [ -z "$systemd" ]; then
    echo "systemd does not run here, so no unit is installed. The door is started by hand with:"
    echo "    setpriv --reuid=$account --regid=$account --init-groups --no-new-privs --reset-env $door"
elif [ -e "$unit" ] && ! service | cmp -s - "$unit"; then
    refuse "$unit says something else than would be written (--dry-run shows that), and is left as it is; change it, or take it away and run this again."
else
    umask 022
    service >"$unit"
    systemctl daemon-reload
    if [ -n "$start" ]; then run systemctl enable --now "$account-ssh"; else echo "The door is started with: systemctl enable --now $account-ssh"; fi
fi
[ -z "$dry" ] || exit 0

tries=$([ -n "$start" ] && echo 30 || echo 1) seen=''
while [ -z "$seen" ] && [ "$tries" -gt 0 ]; do
    seen=$(as "$account" "$program" --home "$workspace" ssh --fingerprint </dev/null 2>/dev/null | head -n 1)
    tries=$((tries - 1))
    [ -n "$seen" ] || [ "$tries" = 0 ] || sleep 1
done
case $listen in 127.*|::1|localhost) host=$listen;; *) host=$(hostname -f 2>/dev/null || hostname);; esac
echo "$operator comes in with: ssh -p $port $host"
echo "The host's key: ${seen:-none until the door has started first; run this again then to see it.}"
