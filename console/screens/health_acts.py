"""What can be done about a project's health, on the list of all projects as on the page of one."""

from __future__ import annotations

from console import routes
from console.queries.health_questions import Health
from console.screens.page import Page


class HealthActs(Page):
    """A screen that shows a ``health``."""

    @property
    def health(self) -> Health | None:
        """The project that is acted on."""
        raise NotImplementedError

    def why_not_act(self, action: str) -> str | None:
        """Why one of these cannot be done now; None when it can."""
        health = self.health
        if health is None:
            return "It is still being read."
        name, status = health.name, health.status
        if action in ("acknowledge", "snooze") and not health.alerts:
            return f"No alert of {name} is open; there is nothing to {action}."
        if action == "acknowledge" and all(alert.acknowledged_by for alert in health.alerts):
            return f"Every open alert of {name} is acknowledged; each stays open until a look finds it well."
        if action in ("look", "look_whole", "by_column") and status.live is None:
            return f"Nothing of {name} is live yet: retrain, then approve a candidate."
        if action == "roll_back" and status.rollback_to is None:
            return f"{name} has no earlier live version to go back to."
        if action in ("share", "end_trial") and status.trial is None:
            return f"Nothing runs beside the live version of {name}; y on a candidate's card begins that."
        if action == "decide" and not status.candidates:
            return f"{name} has no candidate to decide on; r retrains it."
        return None

    def so(self, action: str) -> frozenset[str]:
        alerts = self.health.alerts if self.health is not None and action in ("acknowledge", "snooze") else ()
        taken_on = action == "acknowledge"
        return frozenset(f"alert {alert.id} is open" for alert in alerts if not (taken_on and alert.acknowledged_by))

    def do_acknowledge(self) -> None:
        if self.health is not None and self.at is not None:
            self.app.push_screen(routes.acknowledge(self.health, self.at))

    def do_snooze(self) -> None:
        if self.health is not None and self.at is not None:
            self.app.push_screen(routes.snooze(self.health, self.at))

    def do_look(self) -> None:
        if self.health is not None:
            from console.acting.run_commands import LookNow

            self.app.run_command(LookNow(self.health.name))

    def do_look_whole(self) -> None:
        if self.health is not None:
            from console.acting.run_commands import LookNow

            self.app.run_command(LookNow(self.health.name, whole=True))

    def do_by_column(self) -> None:
        if self.health is not None:
            self.app.push_screen(routes.by_column(self.health))

    def do_learner(self) -> None:
        if self.health is not None:
            self.app.push_screen(routes.learner(self.health.name))

    def do_retrain(self) -> None:
        if self.health is not None:
            from console.acting.run_commands import Retrain

            self.app.run_command(Retrain(self.health.name))

    def do_send_report(self) -> None:
        if self.health is not None:
            self.app.push_screen(routes.send_report(self.health.name))

    def do_roll_back(self) -> None:
        if self.health is not None:
            self.app.push_screen(routes.rollback(self.health.name, None))

    def do_share(self) -> None:
        if self.health is not None and self.health.status.trial is not None:
            self.app.push_screen(routes.trial(self.health.status.trial.label, self.health.status.trial))

    def do_end_trial(self) -> None:
        if self.health is not None and self.health.status.trial is not None:
            self.app.push_screen(routes.end_trial(self.health.name, self.health.status.trial))

    def do_decide(self) -> None:
        if self.health is not None and self.health.status.candidates:
            self.app.push_screen(routes.card(self.health.status.candidates[0].label))
