"""Faults in what labels say of answers, in drift of requests, in a learner's reset and in merged blocks of the log."""


from __future__ import annotations

from benchmarks.mutation.fault import Fault

_ANSWERED, _LOOK = "engine/monitoring/performance/answered.py", "engine/monitoring/answers.py"
_DRIFT, _RESETS = "engine/jobs/learn/drift.py", "engine/jobs/learn/resets.py"
_MERGING, _KEEPING = "engine/requests/merging.py", "engine/requests/keeping.py"
_LOGGED = "engine/jobs/learn/logged.py"
_OF_ANSWERS = ("tests/engine/monitoring/test_performance_of_what_was_answered.py",)
_OF_LOOKS = ("tests/engine/monitoring/test_what_a_look_says_of_answers.py",)
_OF_DRIFT = ("tests/engine/jobs/test_a_learner_that_drifts.py",)
_OF_RESETS = ("tests/journeys/test_a_learner_is_reset_when_it_drifts.py",)
_OF_MERGES = ("tests/engine/requests/test_small_blocks_become_one.py",)
_OF_PACKS = ("tests/engine/feedback/test_small_batches_become_one_object.py",)
_OF_ROWS = ("tests/engine/jobs/test_what_a_learner_learns.py",)
_OF_REQUESTS = ("tests/engine/monitoring/test_drift_of_requests.py",)
_AGREEMENT, _AGREEMENTS = "engine/feedback/agreement.py", "engine/feedback/agreement_book.py"
_JUDGING = "engine/jobs/agreement.py"
_OF_AGREEMENT = ("tests/engine/feedback/test_labels_agree_with_answers.py",)
_COUNTS = ("tests/engine/feedback/test_what_of_the_feedback_counts.py",)
_OF_KEPT = ("tests/engine/feedback/test_how_far_labels_agreed_is_kept.py",)
_OF_CONTRADICTIONS = ("tests/journeys/test_labels_that_contradict_answers_are_held.py",)

LABELS = (
    Fault("what a rule answered is nobody's", _ANSWERED, 'pc.not_equal(answers.column(FALLBACK).fill_null(""), _RULE)', 'pc.not_equal(answers.column(FALLBACK).fill_null(""), "")', _OF_ANSWERS),
    Fault("a key counts by its newest answer", _ANSWERED, "if times[place] >= times[before]:", "if True:", _OF_ANSWERS),
    Fault("each version and role has its own", _ANSWERED, "each == (version, role) for each in whose", "each[0] == version for each in whose", _OF_ANSWERS),
    Fault("a canary is asked for by its role", _ANSWERED, "((VERSION, version), (ROLE, role))", "((VERSION, version),)", _OF_ANSWERS),
    Fault("late is later than seven days", _ANSWERED, "word.since - at > LATE", "word.since - at > LATE * 2", _OF_ANSWERS),
    Fault("a label that fits nothing is counted", _ANSWERED, "unfit=sum(value is None", "unfit=sum(value is not None", _OF_ANSWERS),
    Fault("few labels measure nothing", _ANSWERED, "    if why_not is not None:\n", "    if False:\n", _OF_ANSWERS),
    Fault("labels that find nothing are told", _LOOK, "settled >= FEWEST_WORDS and not counts.found", "False", _OF_LOOKS),
    Fault("labels of just now accuse nobody", _LOOK, "settled = counts.words - counts.fresh", "settled = counts.words", _OF_LOOKS),
    Fault("only labels that find nothing are of just now", _ANSWERED, " for word in labels.values() if word.key not in asked),", " for word in labels.values()),", _OF_ANSWERS),
    Fault("after two minutes an answer is written", "engine/jobs/agreement.py", "WRITTEN = timedelta(minutes=2)", "WRITTEN = timedelta(minutes=3)", _OF_ANSWERS),
    Fault("a sample accuses nobody of giving no key", _LOOK, "if found.share >= 1 and found.whole and", "if", _OF_LOOKS),
    Fault("a limit is broken by the whole interval", _LOOK, 'LookFinding(f"answered:{words.split()[0]}", PART, "failing"', 'LookFinding(f"answered:{words.split()[0]}", PART, "watch"', _OF_LOOKS),
    Fault("worse than validated is told", _LOOK, "sign * best >= sign * least", "sign * best <= sign * least", _OF_LOOKS),
    Fault("a sampled log is said", _LOOK, "if found.share < 1 else", "if found.share < 0 else", _OF_LOOKS),
    Fault("nobody is called twice", "engine/monitoring/drift/requested.py", "if each.column not in known]", "]", _OF_REQUESTS),
    Fault("answers that moved are told", "engine/monitoring/drift/requested.py", "*([answers] if answers is not None else [])", "", _OF_REQUESTS),
    Fault("errors that fall are no drift", _DRIFT, "if after[1] > before[1] and end > known:", "if end > known:", _OF_DRIFT),
    Fault("what an earlier run saw is none of this one", _DRIFT, "if after[1] > before[1] and end > known:", "if after[1] > before[1]:", _OF_DRIFT),
    Fault("chance is allowed for", _DRIFT, "math.sqrt(2 / m * variance * each)", "0.5 * math.sqrt(2 / m * variance * each)", _OF_DRIFT),
    Fault("what came before is held against", _RESETS, "drift_in([*before, *of_rows(errors, times, scale)], known=len(before))", "drift_in(of_rows(errors, times, scale))", _OF_RESETS),
    Fault("what a learner made live is nobody's decision", _RESETS, 'if " " not in each.actor and (digest', "if (digest", _OF_RESETS),
    Fault("labels of before a reset are left", "engine/jobs/learn/rows.py", "since is not None and word.since < since", "False", (*_OF_ROWS, *_OF_RESETS)),
    Fault("a reset is told", _RESETS, '        _tell(db, live, f"{why(drift)}: {done}", now)\n', "", _OF_RESETS),
    Fault("it begins at the checkpoint", _RESETS, "        digest = last.checkpoint\n", "", _OF_RESETS),
    Fault("of several answers the newest of before the label", _LOGGED, "or times[place] <= wanted[asked]", "or True", _OF_ROWS),
    Fault("what extract has is taken from there", "engine/jobs/learn/rows.py", "if word.key not in known}", "}", _OF_ROWS),
    Fault("a merge names what it is of", _MERGING, "of=tuple((each.file, each.digest, each.rows) for each in blocks),", "", _OF_MERGES),
    Fault("a merge that was not finished is thrown away", _KEEPING, "if any((self.path / file).exists() for file, _, _ in label.of):", "if False:", _OF_MERGES),
    Fault("nothing is counted twice", _MERGING, "files.content_of(table, label, {})", "files.content_of(table, label, files.label_in(files.content_at(folder.path / part[0].file))[1])", _OF_MERGES),
    Fault("the bound on the size is strict", _MERGING, "if len(content) > room or", "if", _OF_MERGES),
    Fault("blocks are merged in a process of their own", _KEEPING, "= in_a_process,", "= __import__('engine.requests.apart', fromlist=['']).together_here,", ("tests/engine/requests/test_the_engine_stays_small.py",)),
    Fault("what a kill left is taken in by it too", _KEEPING, "            if folder.untold():\n", "            if False:\n", ("tests/engine/requests/test_the_engine_stays_small.py",)),
    Fault("none is merged over longer than its part", _MERGING, "span = min(LONGEST, keep / 24)", "span = LONGEST", _OF_MERGES),
    Fault("a block that is just written is left", _MERGING, "each.written_at <= now - SETTLED and", "", _OF_MERGES),
    Fault("who reads meanwhile reads anew", "engine/requests/answers.py", "if not unread or unread <= {each.id for each in listed()}:", "if True:", _OF_MERGES),
    Fault("a batch that was packed is proven", "engine/feedback/packing.py", "if sha256(found[int(number)]).hexdigest() != digest:", "if False:", _OF_PACKS),
    Fault("what just came is not packed", "engine/feedback/packing.py", "stamp(now - SETTLED)", "stamp(now)", _OF_PACKS),
    Fault("a block of feedback is kept", "engine/feedback/book.py", "SELECT digest FROM feedback_blocks UNION ", "", _OF_PACKS),
    Fault("labels name their token", "engine/serving/feedback_taken.py", "asked.token.actor if asked.token is not None else", "", ("tests/engine/serving/test_labels_come_over_http.py",)),
    Fault("the token reaches the batch", "engine/serving/app.py", "asked = asked._replace(token=token)", "pass", ("tests/engine/serving/test_who_may_ask.py",)),
    Fault("a project that is not served takes no labels", "engine/serving/feedback_taken.py", "        if project not in self._projects():\n", "        if False:\n", ("tests/engine/serving/test_labels_come_over_http.py",)),
    Fault("a body of labels has records alone", "engine/serving/feedback_taken.py", '    if set(content) != {"records"}:\n', "    if False:\n", ("tests/engine/serving/test_labels_come_over_http.py",)),
    Fault("a name stands once in a label", "engine/serving/feedback_taken.py", "    if not _each_once(body, content) and", "    if False and", ("tests/engine/serving/test_labels_come_over_http.py",)),
    Fault("what is escaped may be a name, too", "engine/serving/feedback_taken.py", "        return False\n    rows =", "        pass\n    rows =", ("tests/engine/serving/test_labels_come_over_http.py",)),
    Fault("a label has one name", "engine/feedback/rows.py", "    if LABEL in record and target in record and", "    if False and", ("tests/engine/feedback/test_the_book_of_feedback.py",)),
    Fault("a sign of a key ends no line", "engine/feedback/rows.py", "in content.splitlines())", "in content.decode().splitlines())", ("tests/engine/feedback/test_the_book_of_feedback.py",)),
    Fault("a sign of a key ends no line of what was learnt", "engine/feedback/book.py", 'store.get(row["digest"]).splitlines()', 'store.get(row["digest"]).decode().splitlines()', ("tests/engine/feedback/test_the_book_of_feedback.py",)),
    Fault("labels that cannot be kept may be sent again", "engine/serving/feedback_taken.py", ', heads={"Retry-After": "5"}', "", ("tests/engine/serving/test_labels_come_over_http.py",)),
    Fault("a store that takes nothing in says so", "engine/storage/objects.py", "            with suppress(OSError):  # What keeps it from being written may keep it from going, too.\n                temporary.unlink()\n", "            temporary.unlink(missing_ok=True)\n", ("tests/engine/serving/test_labels_come_over_http.py",)),
    Fault("what drifts is not held", _AGREEMENT, " or kappa > LEFT * whole.kappa:", ":", _OF_AGREEMENT),
    Fault("what chance may bring is not held", _AGREEMENT, "if usual.shares.chance((_DIFFER,), found.tally) <= math.log(CHANCE):", "if True:", _OF_AGREEMENT),
    Fault("answers that say little hold nothing", _AGREEMENT, " or whole.kappa < LEAST:", ":", _OF_AGREEMENT),
    Fault("few labels hold nothing", _AGREEMENT, "found.rows < FEWEST", "found.rows < 19", _OF_AGREEMENT),
    Fault("labels one by one are judged with their hour", _AGREEMENT, "(together((lately, batch))", "(batch", _OF_AGREEMENT),
    Fault("numbers agree by their side", _AGREEMENT, "value > middle else", "value >= 0 else", _OF_AGREEMENT),
    Fault("a batch is judged once", _AGREEMENTS, " AND a.batch IS NULL ORDER BY", " ORDER BY", _OF_KEPT),
    Fault("what a person let in is not held anew", _AGREEMENTS, "usual[before]) if each.counts else None", "usual[before])", _OF_KEPT),
    Fault("what is usual is of before the hour", _AGREEMENTS, "if each.counts and each.at < before:", "if each.counts:", _OF_KEPT),
    Fault("the hour is an hour", _AGREEMENTS, "if at - quarantine.WINDOW <= each.at <= at and", "if each.at <= at and", _OF_KEPT),
    Fault("what is held later waits for a person", "engine/feedback/book.py", 'held = row["held"] or row["held_later"]', 'held = row["held"]', _OF_KEPT),
    Fault("what is held later is counted as waiting", "engine/feedback/book.py", "coalesce(b.held, a.held) IS NOT NULL", "b.held IS NOT NULL", _OF_KEPT),
    Fault("a canary's answers say nothing of labels", _JUDGING, "pc.equal(logged.column(ROLE), LIVE)", "pc.is_valid(logged.column(ROLE))", _OF_CONTRADICTIONS),
    Fault("another version's answers say nothing of labels", _JUDGING, 'pc.equal(logged.column(FALLBACK).fill_null(""), "")', "pc.is_valid(logged.column(ROLE))", _OF_CONTRADICTIONS),
    Fault("a batch whose answers are not all there is not judged yet", _JUDGING, "if each.at <= as_of - WRITTEN or", "if True or", _OF_CONTRADICTIONS),
    Fault("a learner learns nothing that it holds", "engine/jobs/learn/learn.py", "without(came, found.held, found.later)", "without(came, (), found.later)", _OF_CONTRADICTIONS),
    Fault("a learner leaves what is judged later", "engine/jobs/learn/learn.py", "without(came, found.held, found.later)", "without(came, found.held)", _OF_CONTRADICTIONS),
    Fault("what was held as it came is told by a look", _AGREEMENTS, "AND coalesce(b.held, a.held) IS NOT NULL AND", "AND a.held IS NOT NULL AND", _OF_CONTRADICTIONS),
    Fault("what waits for a person stands first", "engine/feedback/book.py", '("IN", "NOT IN")', '("NOT IN",)', ("tests/engine/feedback/test_the_book_of_feedback.py",)),
    Fault("what a person let in waits for no answers", _JUDGING, "{each.batch for each in batches if each.counts} -", "{each.batch for each in batches} -", _OF_CONTRADICTIONS),
    Fault("what is judged later is not read", "engine/feedback/reading.py", '"thrown away", "unjudged")', '"thrown away")', _COUNTS),
    Fault("more than a thousand batches are judged, too", _JUDGING, "after = batches[-1].batch\n", "after = 10**9\n", _OF_CONTRADICTIONS),
    Fault("a look measures nothing by what it holds", "engine/jobs/health/answered.py", "read(without(memory.came, held), None", "read(memory.came, None", _OF_CONTRADICTIONS),
    Fault("a look says what is held", _LOOK, "for why in found.waiting[:1]:", "for why in ():", _OF_CONTRADICTIONS),
)  # fmt: skip
