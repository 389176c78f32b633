"""Faults in feedback and in learners: a part of the table of ``promise_mutants.py``."""

from __future__ import annotations

from benchmarks.mutation.fault import Fault

_COUNTS = ("tests/engine/feedback/test_what_of_the_feedback_counts.py",)
_HELD = ("tests/engine/feedback/test_a_bad_batch_is_held.py",)
_USUAL = ("tests/engine/feedback/test_what_labels_usually_are.py",)
_BOOK = ("tests/engine/feedback/test_the_book_of_feedback.py",)
_RAILS = ("tests/engine/jobs/test_what_a_learner_may_do_by_itself.py",)
_ROWS = ("tests/engine/jobs/test_what_a_learner_learns.py",)
_STEP = ("tests/engine/runs/test_a_model_learns_in_its_step.py",)
_JOURNEY = ("tests/journeys/test_a_live_version_learns.py",)
_SCREENS = ("tests/console/test_feedback_and_learners.py",)
_READING, _QUARANTINE, _GUARDS = "engine/feedback/reading.py", "engine/feedback/quarantine.py", "engine/jobs/learn/guards.py"
_LEARNER, _LEARN = "engine/runs/steps/online_learner.py", "engine/jobs/learn/learn.py"
_RESET = ("tests/journeys/test_a_learner_is_reset_when_it_drifts.py",)
_BEGINS = ("tests/engine/jobs/test_where_a_learner_begins.py",)
_RESETTING = "engine/jobs/learn/resets.py"
_MEANWHILE = ("tests/engine/jobs/test_what_changed_while_it_learnt.py",)

LEARN = (
    Fault("a later word counts, not one that came later", _READING, "sorted(said, key=lambda one: one[0])", "said", _COUNTS),
    Fault("what was thrown away never counts", _READING, 'in ("quarantined", "thrown away", "unjudged")', 'in ("quarantined", "unjudged")', _COUNTS),
    Fault("a word of a time to come waits", _READING, "if row.time > until:", "if False:", _COUNTS),
    Fault("a word before its row counts from the row on", _READING, "max(time, asked) if asked is not None else time", "time", _COUNTS),
    Fault("7 and the text of it are one key", "engine/feedback/rows.py", "    return str(value)\n", "    return repr(value)\n", _COUNTS),
    Fault("a flood is held", _QUARANTINE, "    if flooded and", "    if False and", _HELD),
    Fault("what came within the hour counts for a flood", _QUARANTINE, 'together((lately, batch)), "what', 'batch, "what', _HELD),
    Fault("labels far off are held", _QUARANTINE, "found.rows >= FAR_ROWS and off >= FAR_SHARE", "False", _HELD),
    Fault("a flood may be chance", _QUARANTINE, "flooded and usual.chance((most,), found) <= math.log(CHANCE / len(labels))", "flooded", _HELD),
    Fault("labels far off may be chance", _QUARANTINE, "far and usual.chance(more, found) <= math.log(CHANCE) - len(labels) * math.log(2)", "far", _HELD),
    Fault("numbers are as far off as hours are", _QUARANTINE, " and usual.deviations(found) > RARE_DEVIATIONS", "", _HELD),
    Fault("numbers may often be one", _QUARANTINE, "alike and usual.chance_of_one_number(found) <= math.log(CHANCE)", "alike", _HELD),
    Fault("labels of one hour are alike", "engine/feedback/usual.py", "min(self.alike + 1", "min(1", _HELD),
    Fault("what is usual is an estimate", "engine/feedback/usual.py", "min(self.alike + 1 / (self.holdout.rows + worth + 1), _MOST)", "self.alike", _USUAL),
    Fault("a holdout is no hour", "engine/feedback/usual.py", "_within(together(told))", "_within(self.all)", _USUAL),
    Fault("batches of one hour are one", "engine/feedback/book.py", 'row["at"][:_HOUR]', 'row["at"]', _BOOK),
    Fault("classes never learnt are held", _QUARANTINE, "<= STRANGE * batch.rows", "<= batch.rows", _HELD),
    Fault("a batch is decided on once", "engine/feedback/book.py", '        if found.state != "quarantined":\n', "        if False:\n", _BOOK),
    Fault("a column that is none is told", "engine/feedback/rows.py", "        if name not in known:\n", "        if False:\n", _BOOK),
    Fault("a key of csv stays its text", "engine/feedback/file.py", "for name in (*key, TIME)}", "for name in ()}", _BOOK),
    Fault("a clean-up leaves feedback", "engine/housekeeping/survey.py", " | feedback.objects(seen.db)", "", ("tests/engine/feedback/test_a_clean_up_leaves_feedback.py",)),
    Fault("surely worse waits", _GUARDS, 'if comparison not in ("better", "same", "cannot tell"):', "if False:", _RAILS),
    Fault("too many changed decisions wait", _GUARDS, "changed > spec.most_changed", "False", _RAILS),
    Fault("too soon waits", _GUARDS, "now - last < spec.at_most_every", "False", _RAILS),
    Fault("a policy of people is not met by a rule", _GUARDS, "policy.approvals > 1 or policy.four_eyes or policy.approvers", "False", _RAILS),
    Fault("who went back is not overruled", _GUARDS, "    if gone_back:\n", "    if False:\n", _RAILS),
    Fault("who went back is known", "engine/jobs/learn/by_itself.py", 'newest.kind == "rollback"', "False", _JOURNEY),
    Fault("a warning waits", _GUARDS, '    if verdict == "warn":\n', "    if False:\n", _RAILS),
    Fault("what was trained on is not learnt", "engine/jobs/learn/rows.py", "if trained[places[word.key]] or", "if", _ROWS),
    Fault("what a parent learnt is not learnt again", "engine/jobs/learn/rows.py", " or (word.key, written(word.label)) in learnt:", ":", _ROWS),
    Fault("a label becomes its row's", "engine/jobs/learn/rows.py", "        given[place] = label\n", "        pass\n", _ROWS),
    Fault("each chunk is predicted before it is learnt", "engine/runs/steps/python_runner.py", "        said.append(scored(lambda found: _predictions(model, found), features, name))  # noqa: B023 - called at once\n        model = step(model, features, truth)\n", "        model = step(model, features, truth)\n        said.append(scored(lambda found: _predictions(model, found), features, name))\n", _STEP),
    Fault("the steps before stay as they were fitted", _LEARNER, "found = step.transform(found)", "found = found", _STEP),
    Fault("what cannot learn is refused", _LEARNER, "        if found is None:\n", "        if False:\n", _STEP),
    Fault("a frozen learner learns nothing", "engine/jobs/learn/commands.py", "        if frozen is not None:\n", "        if False:\n", _JOURNEY),
    Fault("the parent is recorded", "engine/jobs/retrain/package.py", "parent=made.parent", "parent=None", _JOURNEY),
    Fault("a candidate that learnt all of it is enough", _LEARN, "            if words <= known:\n", "            if False:\n", _JOURNEY),
    Fault("who is frozen says why a key does not work", "console/screens/learner.py", 'if action == "learn" and frozen is not None:', "if False:", _SCREENS),
    Fault("a quarantined batch alone is decided on by key", "console/screens/feedback.py", 'batch.state != "quarantined"', "False", _SCREENS),
    Fault("who is frozen meanwhile goes live with nothing", "engine/jobs/learn/by_itself.py", "    if frozen is not None:\n", "    if False:\n", _MEANWHILE),
    Fault("whose errors have grown waits", "engine/jobs/learn/by_itself.py", "    if made.drifted:\n", "    if False:\n", _MEANWHILE),
    Fault("what nobody can count waits", "engine/jobs/learn/guards.py", "    if changed is None and spec.most_changed < 1:\n", "    if False:\n", _RAILS),
    Fault("what failed its gates waits", "engine/jobs/learn/guards.py", '    if verdict not in ("pass", "warn"):\n', "    if False:\n", _RAILS),
    Fault("nothing goes live by itself unasked", "engine/jobs/learn/guards.py", '    if spec.approval != "guarded":\n', "    if False:\n", _RAILS),
    Fault("a schedule does not overrule who froze it", "engine/jobs/learn/learn.py", "    if frozen is not None:\n        raise NothingNew", "    if False:\n        raise NothingNew", _JOURNEY),
    Fault("few labels are not worth it", "engine/jobs/learn/learn.py", "        if new < spec.rows:\n", "        if False:\n", _JOURNEY),
    Fault("a learner is judged by what it said before it learnt", "engine/jobs/learn/learn.py", "JudgedRows(data.holdout, learnt.said, frozen)", "JudgedRows(data.holdout, now, frozen)", _JOURNEY),
    Fault("changed is what came of it", "engine/jobs/learn/learn.py", "other = changed(now, frozen, numbers=numbers)", "other = changed(learnt.said, frozen, numbers=numbers)", _JOURNEY),
    Fault("who froze a learner is in the trail", "engine/feedback/freezing.py", "        trail.append(db, at=at,", "        dict(db=db, at=at,", _JOURNEY),
    Fault("who let a batch in is in the trail", "engine/feedback/book.py", "        trail.append(db, at=at, actor=by, action=action, subject=subject,", "        dict(db=db, at=at, actor=by, action=action, subject=subject,", _BOOK),
    Fault("what came is in the trail", "engine/feedback/book.py", "        flood.append_or_fold(\n            db, at=at, actor=by", "        dict(\n            db=db, at=at, actor=by", _BOOK),
    Fault("what a person let in holds nothing else back", "engine/feedback/book.py", " AND b.at >= ? AND b.at <= ? AND d.batch IS NULL", " AND b.at >= ? AND b.at <= ?", _BOOK),
    Fault("what just came is not usual yet", "engine/feedback/book.py", "        (project, stamp(at - quarantine.WINDOW), _USUAL_BATCHES),", "        (project, stamp(at), _USUAL_BATCHES),", _BOOK),
    Fault("a batch has a bound", "engine/feedback/rows.py", "    if len(records) > MOST:\n", "    if False:\n", _BOOK),
    Fault("a label is a value", "engine/feedback/rows.py", "(isinstance(value, float) and not math.isfinite(value)) or ", "", _BOOK),
    Fault("a file of feedback names each column once", "engine/feedback/file.py", "    if len(set(table.column_names)) < table.num_columns:\n", "    if False:\n", _BOOK),
    Fault("labels are learnt in the order of their time", "engine/feedback/reading.py", "tuple(sorted(words, key=lambda word: (word.since, word.key)))", "tuple(words)", _COUNTS),
    Fault("an interval is one of 95 in 100", "engine/jobs/learn/curve.py", "_Z = 1.959964", "_Z = 1.0", _ROWS),
    Fault("a curve has the live version beside the learner", "engine/jobs/learn/curve.py", "        before = math.fsum(theirs[start:end]) / len(part)\n", "        before = value\n", _ROWS),
    Fault("what was learnt of another than the live version goes live by nothing", "engine/release/policy.py", "    if version.against != live:\n", "    if False:\n", _MEANWHILE),
    Fault("a freeze window holds a learner, too", "engine/release/policy.py", "    return why_not_approve(version.label, approval, by)\n", "    return None\n", _MEANWHILE),
    Fault("a candidate that nobody can approve holds no learner up", _LEARN, "            if each.against == label", "            if True", _JOURNEY),
    Fault("too soon is counted from what the learner made live", "engine/jobs/learn/by_itself.py", "history.last_by(db, project, by.name)", "history.newest(db, project)", _JOURNEY),
    Fault("two approvals by now are not met by a rule", "engine/jobs/learn/by_itself.py", "in_force.approval(db, project)", "__import__('engine.access.approval', fromlist=['']).Policy()", _MEANWHILE),
    Fault("what may not go live by itself is a candidate", "engine/jobs/work.py", '    except (Refusal, Damage) as problem:\n        done = f"It did not go live by itself: {problem}"', '    except ZeroDivisionError as problem:\n        done = f"It did not go live by itself: {problem}"', _JOURNEY),
    Fault("an alert of drift ends with errors that have not grown alone", "engine/jobs/work.py", "    if not made.drifted:\n", "    if True:\n", _RESET),
    Fault("a project that does not say how it learns does not", _LEARN, "    refuse_unasked(spec, label)\n", "    pass\n", _JOURNEY),
    Fault("who asks for what nobody learns is told at once", "engine/jobs/learn/commands.py", "        lessons.refuse_unasked(lessons.spec_of(self._store, live), live.label)\n", "        pass\n", _JOURNEY),
    Fault("what began at a checkpoint names it by its digest", _LEARN, "        parent=begun.digest,\n", "        parent=begun.live,\n", _RESET),
    Fault("what began at a checkpoint names it", _LEARN, "        parent=begun.label,\n", "        parent=live.label,\n", _RESET),
    Fault("it learns on from the checkpoint", _LEARN, "start = live if begun.is_live else", "start = live if True else", _RESET),
    Fault("who asks for drift is told", _LEARN, "    if live.manifest.learn.on_drift is None:\n", "    if True:\n", _RESET),
    Fault("who asks for no drift is told of none", _LEARN, "    if live.manifest.learn.on_drift is None:\n", "    if False:\n", _RESET),
    Fault("who wants to be told is not reset", _LEARN, '    if live.manifest.learn.on_drift == "tell":\n', "    if False:\n", _RESET),
    Fault("what drifted is known when it is released", _LEARN, "        drifted=drifted is not None,\n", "        drifted=False,\n", _RESET),
    Fault("a version says up to which rows it has learnt", _LEARN, "boundary=stamp(max(known)) if known else None", "boundary=stamp(min(known)) if known else None", _JOURNEY),
    Fault("a run that was cancelled resets nothing", _RESETTING, "        refuse_cancelled(db, run)\n", "        pass\n", _BEGINS),
    Fault("a reset holds as long as what is live does", _RESETTING, "if last is not None and last.live == live and last.checkpoint != live:", "if last is not None and last.checkpoint != live:", _BEGINS),
    Fault("a version from scratch has forgotten nothing", _RESETTING, "last.since if last is not None and last.checkpoint in chain.versions else None", "last.since if last is not None else None", _BEGINS),
    Fault("errors of before a reset are nothing to be held against", _RESETTING, "if begun.since is None or point.until >= stamp(begun.since)]", "]", _BEGINS),
    Fault("an alert of drift ends when it has learnt well", _RESETTING, '                alert_book.over(db, alert, "it has learnt since, and its errors have not grown", now)\n', "                pass\n", _RESET),
    Fault("there is one alert of drift", _RESETTING, '        alert_book.over(db, alert, "they grew once more", now)\n', "        pass\n", _RESET),
    Fault("a row of a time to come waits", "engine/jobs/learn/rows.py", "        elif word.since <= until:", "        elif True:", _ROWS),
    Fault("a row without a time is not learnt", "engine/jobs/learn/rows.py", "if key is not None and dated[place]}", "if key is not None}", _ROWS),
    Fault("what is no label of the target is counted as that", "engine/jobs/learn/rows.py", "        elif (label := as_kind(word.label, kind)) is None:\n            unfit += 1\n", "        elif (label := as_kind(word.label, kind)) is None:\n            before += 1\n", _ROWS),
    Fault("the checkpoint is one that a person decided on, or the first", "engine/jobs/learn/chain.py", "each in decided), self.first)", "each in decided), self.learnt[0])", _BEGINS),
    Fault("nobody learns of a time to come", "engine/jobs/learn/commands.py", "        if as_of is not None and as_of > now:\n", "        if False:\n", _MEANWHILE),
    Fault("nobody learns on top of nothing", "engine/jobs/learn/commands.py", "        if live is None:\n", "        if False:\n", _MEANWHILE),
)  # fmt: skip
