"""What may be asked for over SSH: every verb and each of its options is decided here, and what is not is refused. Pure.

Two things are kept from whoever comes over SSH, whatever their role: the files of the service's account, and the
processes of its machine. The engine refuses paths once more, at the act (``engine.access.acts``), which is what holds
for the console's dialogs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

STREAM = "-"
_HERE = "on the machine itself, as the workspace's account"
# Verbs that are no business of an operator's over SSH, with the reason as the end of a sentence.
REFUSED: Mapping[str, str] = {
    "demo": f"it makes a workspace; run it {_HERE}",
    "new": "it makes a folder of files that nobody can reach over SSH; run it where you work, and push what it made",
    "init": f"it makes a workspace; run it {_HERE}",
    "restore": f"it makes a workspace out of any folder of the machine; run it {_HERE}",
    "send": f"it would go out with the keys of the service's account; run it {_HERE}",
    "pages": f"it is a service of the machine; start it {_HERE}",
    "serve": f"it is a service of the machine; start it {_HERE}",
    "engine": f"it is a service of the machine, and the door sees to the schedules; start it {_HERE}",
    "export": f"it writes a folder of the machine; run it {_HERE}",
    "score": f"it reads and writes files of the machine; run it {_HERE}",
    "ssh": f"it is a service of the machine; start it {_HERE}",
    "operators export-keys": f"it writes what the machine's own sshd reads; run it {_HERE}",
    "operators recover": f"it is for whoever owns the workspace's files; run it {_HERE}",
    "places add": f"it would show the names in any folder of the machine; run it {_HERE}",
    "places remove": f"it names a folder of the machine; run it {_HERE}",
}
# Options and arguments, by the verb they belong to; the whole verb is not refused.
REFUSED_WORDS: Mapping[tuple[str, str], str] = {
    ("report", "--dry-run"): f"it writes files on the machine; run it {_HERE}, or look at the report with -o -",
    ("backup", "folder"): "it would write to any folder of the machine; leave it out: the backup goes where the last "
    "one is, or where an admin set backup_to on the machine",
    ("bundle", "--data-to"): f"it would write to any folder of the machine; run it {_HERE}",
    ("where", "hosts"): f"it would go out with the keys of the service's account; run it {_HERE}",
    ("where", "--ssh-config"): f"it would read any file of the machine; run it {_HERE}",
    ("import", "--data"): f"it would read any folder of the machine; run it {_HERE}",
    ("packages", "--advisories"): f"it would read any file of the machine; run it {_HERE}",
    ("packages set", "--file"): f"it would read any file of the machine; run it {_HERE}, or write the constraints out",
    ("trace", "--row"): f"it would read any file of the machine; run it {_HERE}",
    ("backup", "--key"): f"it would read any file of the machine; run it {_HERE}",
}
# What each verb takes. ``=-``: a file that may only be what the client sends or gets; ``path``: a folder within the
# workspace's folder exchange/, which the engine sees to.
ALLOWED: Mapping[str, str] = {
    "add": "path",
    "check": "path",
    "remove": "project --confirm --reason",
    "status": "project",
    "versions": "project --limit --matching",
    "show": "version",
    "diff": "old new",
    "at": "time project",
    "report": "project --week --month --since --until --output=- --send --list --kept",
    "outbox": "",
    "outbox list": "--limit --matching",
    "outbox retry": "mail",
    "routes": "",
    "routes add": "words --reason",
    "routes history": "--limit",
    "routes list": "",
    "routes quiet": "words --reason",
    "routes remove": "route --reason",
    "retrain": "project --as-of --wait --allow-dirty --fresh-lock --force",
    "learn": "project --as-of --wait --last",
    "freeze": "project --reason",
    "unfreeze": "project --reason",
    "runs": "project --limit --matching --looks",
    "times": "project --job",
    "log": "run --step --follow --search",
    "cancel": "run --reason",
    "backtest": "project --weeks --every --as-of --wait --last",
    "schedules": "",
    "schedules edit": "project --job --cron --every --timezone --catch-up --give-up-after --cool-down --reason",
    "schedules history": "--limit --matching",
    "schedules list": "project",
    "schedules pause": "project --job --reason",
    "schedules resume": "project --job --reason",
    "schedules run": "project --job",
    "schedules triggers": "project",
    "who": "",
    "health": "project --look --as-of --by --whole --slice",
    "requests": "project --last",
    "feedback": "",
    "feedback give": "project file=-",
    "feedback list": "project --limit",
    "feedback let-in": "number --reason",
    "feedback throw-away": "number --reason",
    "alerts": "",
    "alerts ack": "number --reason",
    "alerts history": "project --limit",
    "alerts snooze": "number --for --reason",
    "handover": "--to --note --preview --limit",
    "handover show": "number",
    "handover take": "--reason",
    "candidates": "project",
    "approve": "version --swap-at --reason",
    "cancel-swap": "version --reason",
    "reject": "version --reason",
    "shadow": "version --share --reason",
    "canary": "version --share --reason",
    "trial": "project",
    "end-trial": "project --reason",
    "rollback": "project --to --from --lift --reason --preview",
    "lift": "version --reason",
    "comment": "version text",
    "packages": "--outdated --what-if",
    "packages set": "constraints --reason",
    "packages unset": "package --reason",
    "packages enforce": "word --reason",
    "packages except": "project package --until --end --reason",
    "policy": "",
    "policy show": "project",
    "policy set": "name value --reason",
    "policy break-glass": "version --confirm --for --reason",
    "allow": "run --reason",
    "allowances": "",
    "withdraw": "project --reason",
    "disk": "--last",
    "clean": "--dry-run --reason",
    "bin": "",
    "bin empty": "--all --confirm --reason",
    "bin list": "",
    "bin restore": "item --reason",
    "hold": "version --release --reason",
    "places": "",
    "places list": "",
    "settings": "",
    "settings list": "",
    "settings set": "name value --reason",
    "backup": "--check",
    "trace": "what --run --limit",
    "bundle": "version --output=- --without-data --wheels --since",
    "import": "file=- --despite",
    "where": "version --here",
    "trust": "",
    "trust add": "name key --reason",
    "trust key": "",
    "trust list": "",
    "trust remove": "name --reason",
    "exports": "project --limit",
    "tokens": "",
    "tokens list": "--all",
    "tokens make": "name --scope --project --all-projects --until --reason",
    "tokens revoke": "token --reason",
    "tokens rotate": "name --overlap --until --reason",
    "audit": "--verify --export=- --limit --matching",
    "doctor": "--fix --deep",
    "operators": "",
    "operators add": "name --role --key=- --account --reason",
    "operators list": "",
    "operators role": "name role --project --reason",
    "operators disable": "name --reason",
    "operators enable": "name --reason",
    "operators emails": "",
    "operators emails add": "name address --reason",
    "operators emails list": "",
    "operators emails remove": "name address --reason",
    "operators keys": "",
    "operators keys list": "name",
    "operators keys add": "name file=- --account --reason",
    "operators keys remove": "name label --reason",
}
COMMON = ("--at", "--json")
REFUSED_COMMON: Mapping[str, str] = {
    "--home": "the door opens one workspace; leave it out",
    "--operator": "your key says who you are; leave it out",
}


def why_never(verb: str) -> str | None:
    """Why ``verb`` cannot be asked for at all; None where it may be, or where there is none of that name."""
    return f"Over SSH there is no '{verb}': {REFUSED[verb]}." if verb in REFUSED else None


def why_not(verb: str, given: Iterable[tuple[str, object]]) -> str | None:
    """Why ``verb`` with the words ``given``, by name, cannot be asked for over SSH; None where it can.

    ``verb``: with its sub-verb, such as ``bin empty``. Names are as ``word`` has them.
    """
    given = list(given)
    for name, _ in given:
        if name in REFUSED_COMMON:
            return f"Over SSH nothing takes {name}: {REFUSED_COMMON[name]}."
    if (why := why_never(verb)) is not None:
        return why
    if verb not in ALLOWED:
        return f"Over SSH '{verb}' was not decided on, so it cannot be asked for; run it {_HERE}."
    allowed = dict(each.partition("=")[::2] for each in ALLOWED[verb].split())
    for name, value in given:
        reason = REFUSED_WORDS.get((verb, name))
        if reason is not None:
            return f"Over SSH '{verb}' takes no {_told(name)}: {reason}."
        if name not in allowed and name not in COMMON:
            return f"Over SSH '{verb}' takes no {_told(name)}: nobody decided on it; run it {_HERE}."
        if allowed.get(name) == STREAM and any(str(each) != STREAM for each in _each(value)):
            return (
                f"Over SSH '{verb}' reads and writes no file of the machine: {_told(name)} takes the word - alone, "
                "which is what you send, or what you get."
            )
    return None


def _each(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else (value,)


def _told(name: str) -> str:
    return name if name.startswith("-") else name.upper()
