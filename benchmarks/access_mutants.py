"""Faults in who may do what: a part of the table of ``promise_mutants.py``."""

from __future__ import annotations

from benchmarks.mutation.fault import Fault

_ROLES = ("tests/engine/access",)
_PROVEN = ("tests/engine/release/test_shut_out_while_it_is_proven.py",)
_TRAIL = ("tests/engine/audit",)
_ACTS, _ENTERING = "engine/access/acts.py", "engine/access/entering.py"
_OPERATORS = "engine/access/operators.py"

ACCESS = (
    Fault("a role is enough or not", "engine/access/roles.py", "role in _LOOK[least] and", "True and", _ROLES),
    Fault("a role is enough or not", "engine/access/roles.py", "role in _LOOK[least] and", "role == least and", _ROLES),
    Fault("an auditor changes nothing", "engine/access/roles.py", ' and not (changes and role == "auditor")', "", _ROLES),
    Fault("an act is asked for before it is done", _ACTS, '            if act.by != "process":\n', "            if False:\n", _ROLES),
    Fault("a role for one project is none for another", "engine/records.py", "for name, role in self.projects if name == project)", "for name, role in self.projects)", _ROLES),
    Fault("roles are those of now", _ACTS, "self.caller = as_of_now(db, self.caller)", "pass", _ROLES),
    Fault("who is disabled does nothing more", _ENTERING, "    if who.operator.disabled:\n", "    if False:\n", _ROLES),
    Fault("a key that is removed does nothing more", _ENTERING, "    if who.bound:\n", "    if True:\n", _ROLES),
    Fault("a refusal is in the trail", _ACTS, "        keep_refusal(self._people,", "        (lambda *_: None)(self._people,", _ROLES),
    Fault("what an act itself refuses is in the trail", _ACTS, "                door._refuse(act.name, project, forbidden)\n", "                raise\n", ("tests/engine/access/test_keys_that_are_removed.py",)),
    Fault("a service decides nothing", _ACTS, '            if act.by in ("host", "service"):\n', "            if True:\n", _ROLES),
    Fault("who is shut out while it is proven decides nothing", "engine/release/swap.py", "    if isinstance(by, Caller):\n        check_still_may", "    if False:\n        check_still_may", _PROVEN),
    Fault("a plan takes nothing out of use but what is live", "engine/release/swap.py", "    if plan.source != source:", "    if False:", ("tests/engine/release/test_what_an_approval_takes.py",)),
    Fault("a plan of one project moves no other", "engine/release/swap.py", "    if catalog.parse_label(plan.target)[0] != plan.project:", "    if False:", _ROLES),
    Fault("a name proves nothing", _ENTERING, "    if name is not None and name != found.name:\n", "    if False:\n", _ROLES),
    Fault("a proof proves one person", "engine/access/bindings.py", "    if held is not None:\n", "    if False:\n", _ROLES),
    Fault("what was ended proves nobody", "engine/access/bindings.py", "WHERE kind = ? AND value = ? AND until IS NULL\", (proof.kind", "WHERE kind = ? AND value = ?\", (proof.kind", _ROLES),
    Fault("who is disabled does not come in", _ENTERING, "    if found.disabled:\n        return disabled", "    if False:\n        return disabled", _ROLES),
    Fault("a refusal to come in is in the trail", _ENTERING, "    _keep_refusal(ledger, proof,", "    (lambda *_: None)(ledger, proof,", _ROLES),
    Fault("an account is its machine, its number and its name", "engine/access/proof.py", "{self.machine}:{self.uid}:{self.name}", "{self.uid}:{self.name}", _ROLES),
    Fault("an account is its machine, its number and its name", "engine/access/proof.py", "{self.machine}:{self.uid}:{self.name}", "{self.machine}:{self.name}", _ROLES),
    Fault("an account is its machine, its number and its name", "engine/access/proof.py", "{self.machine}:{self.uid}:{self.name}", "{self.machine}:{self.uid}", _ROLES),
    Fault("the system says which account it is", "engine/access/proof.py", "    return AccountProof(_name(uid), uid,", '    return AccountProof(os.environ.get("USER", ""), uid,', _ROLES),
    Fault("an RSA key is long enough", "engine/access/public_key.py", "    if bits < RSA_BITS:\n", "    if False:\n", _ROLES),
    Fault("a certificate is no key", "engine/access/public_key.py", '    if "-cert-v0" in kind:\n', "    if False:\n", _ROLES),
    Fault("a key's comment steers no terminal", "engine/access/public_key.py", "    if plain(lines[0], LONGEST) != lines[0]:\n", "    if False:\n", _ROLES),
    Fault("the last admin stays", _OPERATORS, '    if not any(each["name"] in ways for each in admins):\n', "    if not admins:\n", _ROLES),
    Fault("of two admins who disable each other one stays", _OPERATORS, '    if now.disabled or "admin" not in now.roles(project):\n', "    if False:\n", _ROLES),
    Fault("who may not work here counts for nothing", _OPERATORS, "for each in everybody(db) if not each.disabled}", "for each in everybody(db)}", _ROLES),
    Fault("an admin of one project gives roles for it", _OPERATORS, "_still_admin(db, by, project)", "_still_admin(db, by)", _ROLES),
    Fault("what ended before stays as it ended", "engine/access/bindings.py", "WHERE kind = ? AND value = ? AND until IS NULL\",\n        (stamp(at)", "WHERE kind = ? AND value = ?\",\n        (stamp(at)", _ROLES),
    Fault("one is told before what one may not", _ACTS, "if found.of else {who.role}", "", _ROLES),
    Fault("whoever was shut out is told so at once", _ENTERING, "raise ShutOut(why) if found is not None and found.disabled else Forbidden(why)", "raise Forbidden(why)", _ROLES),
    Fault("another proof is not hidden in a flood", "engine/audit/flood.py", "WHERE actor = ? AND account = ? AND action = ?\", alike).fetchone()", "WHERE actor = ? AND ? > '' AND action = ?\", alike).fetchone()", _TRAIL),
    Fault("a flood is counted", "engine/audit/flood.py", 'found["written"] >= WRITTEN', "False", (*_ROLES, *_TRAIL)),
    Fault("what was counted is told", "engine/audit/flood.py", '    if row["more"]:\n', "    if False:\n", (*_ROLES, *_TRAIL)),
    Fault("what declares no act cannot be called", _ACTS, "                if act is None:\n", "                if False:\n", _ROLES),
    Fault("what takes the place of an act is that act", _ACTS, "                setattr(cls, name, _Declaration(act)(method))\n", "                method.act = act\n", _ROLES),
    Fault("what is over is not changed", _ACTS, "if door.past is not None and not act.in_past:", "if False:", _ROLES),
    Fault("nobody can claim to be what acts by itself", "engine/access/caller.py", "[a-z0-9._-]{0,31}", "[a-z0-9. _-]{0,31}", _ROLES),
    Fault("viewers mend nothing", "engine/api.py", '            self._require("operator", "mend the workspace")', '            ("operator", "mend the workspace")', _ROLES),
    Fault("only admins let people in", "engine/access/commands.py", '@changes("add operators", least="admin")', '@changes("add operators", least="operator")', _ROLES),
    Fault("nobody founds a workspace twice", _ENTERING, "    if operators.are_there_any(db):\n        return\n", "", _ROLES),
)  # fmt: skip
