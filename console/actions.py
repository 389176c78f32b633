"""Every action of the console as data: keys, footer, palette and help page are all made from this one table.

An action ``retrain`` on a screen is its method ``do_retrain``; ``why_not`` of the screen may refuse it in a sentence.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.vocabulary.jobs import JOBS

ANYWHERE = "anywhere"
_ONE_OF_THEM = " or ".join(", ".join(f"the {job.short}" for job in JOBS if job.scheduled).rsplit(", ", 1))
# What is opened from the screen Admin.
ADMIN_LISTS = (
    "operators", "settings", "places", "allowances", "outbox", "routes", "duty", "policy", "packages", "trust",
    "arrivals", "exports", "feedback", "tokens",
)  # fmt: skip
LISTS = (
    "overview", "candidates", "runs", "versions", "audit", "bin", "schedules", "occurrences", "health", "admin",
    "where", *ADMIN_LISTS,
)  # fmt: skip
HEALTHS = ("health", "project_health")
OPENED = (
    "card", "run", "diff", "times", "backtest", "trace", "project_health", "requests", "bin", "occurrences", "where",
    "learner", *ADMIN_LISTS,
)  # fmt: skip


@dataclass(frozen=True)
class Action:
    """``label`` stands in the footer, ``help`` on the help page. ``does``: the act of the engine's door that it is for,
    where it changes something; ``danger`` marks what changes what is live or is gone for good. A test holds both to
    what the door declares, which is not read here: the first screen does not wait for it. ``previews``: what would
    happen is shown to anybody who may look; whoever may not do it is told by the engine at the end. ``spare`` stands
    in the footer where the others leave it room."""

    id: str
    key: str
    label: str
    help: str
    screens: tuple[str, ...]
    does: str = ""
    danger: bool = False
    shown: bool = True
    spare: bool = False
    previews: bool = False

    @property
    def key_name(self) -> str:
        """The key as people call it."""
        names = {"question_mark": "?", "slash": "/", "escape": "Esc", "enter": "Enter", "ctrl+p": "Ctrl+P",
                 "ctrl+l": "Ctrl+L", "plus": "+", "minus": "-"}  # fmt: skip
        return names.get(self.key, self.key)


ACTIONS = (
    Action("decide", "c", "Decide", "open the decision card of the newest candidate", ("overview",)),
    Action("open", "enter", "Closer", "open the project's health: metric over time, drift, segments, alerts",
           ("health",)),
    Action("acknowledge", "a", "Acknowledge",
           "say that you have taken an alert on, with your reason; a version that was taken out is asked again",
           HEALTHS, does="acknowledge"),
    Action("snooze", "z", "Snooze", "leave an alert out of the status for a while, with your reason", HEALTHS,
           does="snooze"),
    Action("look", "l", "Look now", "measure the live version on the newest rows", HEALTHS, does="look"),
    Action("look_whole", "w", "Look at all", "measure it on everything extract returns, not on what is new alone",
           HEALTHS, does="look", spare=True),
    Action("decide", "c", "Decide", "open the decision card of the newest candidate", HEALTHS, spare=True),
    Action("by_column", "b", "By column", "performance by any column of the data, or by ranges that you choose",
           ("project_health",), does="look"),
    Action("section", "n", "Next section", "go on to the next section of the page", ("project_health",)),
    Action("metric", "m", "Next metric", "show another metric over time", ("project_health",)),
    Action("open", "enter", "Versions", "open the project's versions", ("overview",)),
    Action("open", "enter", "Decide", "open the decision card", ("candidates",)),
    Action("open", "enter", "Card", "open the version's card: gates, metrics, what changed", ("versions",)),
    Action("open", "enter", "Log", "open the run: its steps and its log, live", ("runs",)),
    Action("open", "enter", "Due times", "what became of this project's due times", ("schedules",)),
    Action("open", "enter", "Run", "open the run that came of it", ("occurrences",)),
    Action("open", "enter", "Row", "show the whole row", ("audit",)),
    Action("approve", "a", "Approve", "make this version live, after a proof and with your reason",
           ("card", "candidates"), does="move", danger=True, previews=True),
    Action("later", "A", "Approve for later", "prove this version now and make it live at a time that is to come",
           ("card", "candidates"), does="move", danger=True, previews=True, spare=True),
    Action("cancel_swap", "u", "Cancel its swap", "take back that an approved version goes live at its time",
           ("card", "candidates"), does="cancel_swap", spare=True),
    Action("try_out", "y", "Try out", "let it run beside what is live: a share of the keys, or as a shadow",
           ("card", "candidates"), does="put_on_trial", danger=True, previews=True, spare=True),
    Action("share", "y", "Trial's share", "raise or cut the share of what runs beside the live version", HEALTHS,
           does="put_on_trial", danger=True, previews=True, spare=True),
    Action("end_trial", "x", "End trial", "end what runs beside the live version, with your reason", HEALTHS,
           does="end_trial", spare=True),
    Action("reject", "x", "Reject", "turn this candidate down, with your reason",
           ("card", "candidates"), does="reject", danger=True),
    Action("diff", "d", "Differences", "what changed since the version it was judged against", ("card", "versions")),
    Action("whole", "w", "Whole", "read the card with nothing left out: all evidence, every commit", ("card",)),
    Action("comment", "c", "Comment", "say something of it, for whoever decides; viewers may, too", ("card",),
           does="comment"),
    Action("roll_back", "R", "Roll back", "go back to a version that was live before: data, code, model and packages",
           ("overview", "versions", "card", *HEALTHS), does="move", danger=True, previews=True),
    Action("lift", "l", "Lift bar", "allow a version that was rolled back from to be made live again",
           ("versions", "card"), does="lift", danger=True, spare=True),
    Action("retrain", "r", "Retrain", "queue a retrain of the project",
           ("overview", "versions", "runs", *HEALTHS), does="retrain"),
    Action("run_now", "r", "Run now", f"run it by hand: {_ONE_OF_THEM}; its times stay",
           ("schedules",), does="run_now"),
    Action("looks", "l", "Looks", "show the finished looks at health too, or hide them again", ("runs",)),
    Action("health", "h", "Health", "how the live version does: metric over time, drift, segments, alerts",
           ("overview", "versions")),
    Action("times", "i", "Run times", "what each step usually takes, and since when it is slower",
           ("runs", "run", "overview")),
    Action("score", "S", "Score", "score a file or a table with it; each row that is written says who said it",
           ("overview", "versions"), does="score", spare=True),
    Action("trace", "p", "Predictions", "where its predictions went: runs, files, rows, digests, and who approved it",
           ("versions", "card", "run"), spare=True),
    Action("backtests", "B", "Backtest", "how often it should be retrained, by what that was worth on its own past",
           ("overview", "versions", "project_health", "times")),
    Action("requests", "e", "Requests", "requests a second, how long answers took, what failed, who answered",
           ("overview", "project_health"), spare=True),
    Action("request_times", "m", "Times", "how long answers took over time, or requests a second again",
           ("requests",)),
    Action("window", "w", "Longer", "of the last day, week or month, then of the last hour again", ("requests",)),
    Action("backtest", "b", "New backtest", "replay policies of retraining: weeks and policies are asked for first",
           ("backtest",), does="backtest"),
    Action("learner", "L", "Learner", "how the live version goes on learning from feedback, and what it has learnt",
           HEALTHS, spare=True),
    Action("learn", "l", "Learn now", "let the live version learn the labels that came since", ("learner",),
           does="learn"),
    Action("freeze", "f", "Freeze", "let it learn nothing until it is set free, with your reason", ("learner",),
           does="freeze_learner"),
    Action("unfreeze", "u", "Set free", "let it learn again, with your reason", ("learner",),
           does="unfreeze_learner"),
    Action("gain", "m", "Over never", "by how much each policy differs from never in each week, or the metric again",
           ("backtest",)),
    Action("pause", "p", "Pause", "nothing of it starts by itself until it is resumed",
           ("schedules",), does="pause_schedule"),
    Action("resume", "u", "Resume", "let it start by itself again, from now on",
           ("schedules",), does="resume_schedule"),
    Action("edit", "e", "Change", "another rule or zone, from now on", ("schedules",), does="edit_schedule"),
    Action("history", "h", "All due times", "what became of every due time", ("schedules",)),
    Action("cancel", "x", "Cancel", "end the run, with your reason", ("runs", "run"), does="cancel"),
    Action("allow", "a", "Allow", "let the project's steps reach what this run was stopped for, with your reason",
           ("run",), does="allow"),
    Action("next_log", "n", "Next log", "show the log of the next step", ("run",)),
    Action("verify", "v", "Verify", "follow the whole hash chain and say whether it holds", ("audit",)),
    Action("scan", "s", "Look again", "look through the disk again, in the background", ("disk",), does="scan_disk"),
    Action("clean_up", "C", "Clean up", "see what can go and why, then move it to the bin",
           ("disk",), does="clean", danger=True, previews=True),
    Action("bin", "b", "Bin", "what was cleaned up and can still be restored", ("disk",)),
    Action("restore", "u", "Restore", "put it back where it was", ("bin",), does="restore"),
    Action("empty", "E", "Empty", "remove everything in the bin for good", ("bin",), does="empty_bin", danger=True),
    Action("open", "enter", "Open", "open the list", ("admin",)),
    Action("let_in", "plus", "Let in", "let somebody work here: a name, a role, a key, your reason",
           ("operators",), does="add_operator"),
    Action("role", "r", "Role", "let them be viewer, auditor, operator or admin, with your reason",
           ("operators",), does="set_role"),
    Action("bind_key", "b", "Bind key", "let a public key prove who they are, with your reason",
           ("operators",), does="bind_key", spare=True),
    Action("disable", "x", "Disable", "keep them from working here, with your reason",
           ("operators",), does="disable_operator"),
    Action("enable", "u", "Enable", "let them work here again, with your reason",
           ("operators",), does="enable_operator", spare=True),
    Action("open", "enter", "Whole", "every key and account of theirs, and their roles for single projects",
           ("operators",), spare=True),
    Action("open", "enter", "Whole", "what each project has of it, and how that stands to the list", ("packages",)),
    Action("choose", "e", "Set", "give the setting another value, or its default, with your reason",
           ("settings",), does="choose"),
    Action("set_policy", "e", "Set rule", "ask something else of every project, or nothing, with your reason",
           ("policy",), does="set_policy"),
    Action("watch", "plus", "Watch", "watch another folder: it is looked at and never cleaned",
           ("places",), does="watch"),
    Action("unwatch", "minus", "Watch no longer", "leave the folder out of the next scan, with your reason",
           ("places",), does="unwatch"),
    Action("open", "enter", "Run", "open the run that asked for it", ("allowances",)),
    Action("withdraw", "minus", "Withdraw", "end what the project's steps were allowed, with your reason",
           ("allowances",), does="withdraw"),
    Action("open", "enter", "Mail", "show the whole row", ("outbox",)),
    Action("retry", "r", "Try again", "have this mail tried now", ("outbox",), does="retry_outbox"),
    Action("retry_all", "a", "All again", "have every mail tried now that waits or was given up",
           ("outbox",), does="retry_outbox"),
    Action("open", "enter", "Done", "what the route has done: digests, steps of escalations", ("routes",)),
    Action("add_route", "plus", "Route", "put a route in force: reach, quiet, digest or escalate, with your reason",
           ("routes",), does="add_route"),
    Action("end_route", "minus", "End", "put the route out of force, with your reason",
           ("routes",), does="remove_route"),
    Action("my_quiet_hours", "e", "Quiet", "choose your own quiet hours, or take them away, with your reason",
           ("routes",), does="choose_quiet_hours"),
    Action("open", "enter", "Whole", "what was open and what was promised", ("duty",)),
    Action("hand_over", "o", "Hand over", "see what is open and promised, and hand over to the next, with your words",
           ("duty",), does="hand_over"),
    Action("take_over", "a", "Take over", "go on duty: what was handed over to you, or what nobody has",
           ("duty",), does="take_over"),
    Action("bundle", "b", "Bundle", "write the version as one zip that another workspace can take in",
           ("versions", "card"), does="bundle", spare=True),
    Action("send", "s", "Send", "bring the version to another workspace over SSH, where it is proven and waits",
           ("versions", "card"), does="send", spare=True),
    Action("where", "W", "Where", "where the version is: here, and in the workspaces that it was sent to",
           ("versions", "card"), spare=True),
    Action("exports", "e", "Exports", "the version as ONNX or SQL: what there is, how it compared; a new one",
           ("versions", "card"), spare=True),
    Action("take_in", "plus", "Take in", "look into a bundle of another workspace, then take its version in",
           ("versions", "arrivals"), does="take_in", spare=True),
    Action("hold", "H", "Hold", "keep the version's content whatever its age: a legal hold",
           ("versions",), does="hold", spare=True),
    Action("release_hold", "u", "Release hold", "let the version be judged by its age again, with your reason",
           ("versions",), does="release_hold", spare=True),
    Action("open", "enter", "Whole", "the line of the key, since when it is trusted and why", ("trust",), spare=True),
    Action("add_key", "plus", "Trust", "take in what a key signs, with your reason", ("trust",), does="trust"),
    Action("remove_key", "minus", "Distrust", "take in nothing more of what it signs, with your reason",
           ("trust",), does="distrust"),
    Action("own_key", "o", "Own key", "this workspace's own key, as another one takes it in", ("trust",)),
    Action("open", "enter", "Whole", "the token with who made it, why, and when it was used", ("tokens",), spare=True),
    Action("make_token", "plus", "Make", "let a program in by a token, which is shown once, with your reason",
           ("tokens",), does="make_token"),
    Action("rotate_token", "r", "Rotate", "have another take the token's place, which goes on for a while",
           ("tokens",), does="rotate_token"),
    Action("revoke_token", "minus", "Revoke", "let the token open nothing from the next request on, with your reason",
           ("tokens",), does="revoke_token"),
    Action("open", "enter", "Card", "open the version's card", ("arrivals",)),
    Action("open", "enter", "Parity", "how both answers were compared: differences, kinds of row, the ten worst",
           ("exports",)),
    Action("export", "plus", "Export", "write the version as ONNX or SQL, once it is seen to answer as it does",
           ("exports",), does="export"),
    Action("give_feedback", "plus", "Give", "take in a file of labels: the key columns, label and time", ("feedback",),
           does="give_feedback"),
    Action("let_batch_in", "a", "Let it in", "let the rows of a quarantined batch count, with your reason",
           ("feedback",), does="let_in_feedback"),
    Action("throw_away", "x", "Throw away", "let the rows of a quarantined batch never count, with your reason",
           ("feedback",), does="throw_away_feedback"),
    Action("open", "enter", "Whole", "all that the workspace said of it", ("where",)),
    Action("ask_others", "a", "Ask others", "ask other workspaces over SSH where it is", ("where",)),
    Action("send_report", "s", "Send report", "see what would be mailed to whom, then send it",
           ("overview", *HEALTHS), does="send_report", previews=True),
    Action("add", "plus", "Add", "put a project on the list: its folder is checked first", ("overview",), does="add"),
    Action("remove", "minus", "Remove", "take the project off the list; its versions and its history stay",
           ("overview",), does="remove", danger=True),
    Action("duty", "o", "Duty", "who is on duty; hand over, take over", ("overview",)),
    Action("filter", "slash", "Filter", "show only the rows that contain a text; Esc takes the filter away", LISTS),
    Action("search", "slash", "Search", "show only the lines of the log that contain a text", ("run",)),
    Action("back", "escape", "Back", "go back, or take the filter away",
           ("disk", *(place for place in LISTS if place not in OPENED)), shown=False),
    Action("back", "escape", "Back", "go back to where it was opened; a filter is taken away first", OPENED),
    Action("go_overview", "1", "Overview", "all projects", (ANYWHERE,)),
    Action("go_candidates", "2", "Candidates", "what waits for a decision", (ANYWHERE,)),
    Action("go_runs", "3", "Runs", "what ran and what runs", (ANYWHERE,)),
    Action("go_versions", "4", "Versions", "every version of every project", (ANYWHERE,)),
    Action("go_audit", "5", "Audit", "the audit trail", (ANYWHERE,)),
    Action("go_schedules", "6", "Schedules", "what starts by itself, and when", (ANYWHERE,)),
    Action("go_disk", "7", "Disk", "who uses how much, what grows, what can go", (ANYWHERE,)),
    Action("go_health", "8", "Health", "what is unhealthy, since when and why, and what is open", (ANYWHERE,)),
    Action("go_admin", "9", "Admin", "operators, settings, folders, allowances, mail, routes, duty, policy, packages, "
           "trusted keys, bundles, exports, feedback, tokens", (ANYWHERE,)),
    Action("help", "question_mark", "Help", "every key of this screen", (ANYWHERE,)),
    Action("redraw", "ctrl+l", "Redraw", "paint the screen again, where something else has written onto it",
           (ANYWHERE,), shown=False),
    Action("palette", "ctrl+p", "All actions", "find an action by its name", (ANYWHERE,), shown=False),
    Action("step_back", "T", "Step back in time", "show everything as it stood at a moment; T again comes back to now",
           (ANYWHERE,), shown=False),
    Action("theme", "t", "Theme", "dark, light or sixteen colours", (ANYWHERE,), shown=False),
    Action("quit", "q", "Quit", "leave the console; runs go on", (ANYWHERE,)),
)  # fmt: skip


# None of it can be done at a moment that is over.
ACTS = frozenset(action.id for action in ACTIONS if action.does)


def of_screen(screen: str) -> tuple[Action, ...]:
    """What can be done on ``screen`` itself, in the order of the table."""
    return tuple(action for action in ACTIONS if screen in action.screens)


def anywhere() -> tuple[Action, ...]:
    """What can be done on every screen."""
    return tuple(action for action in ACTIONS if ANYWHERE in action.screens)
