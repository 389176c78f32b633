"""Faults in versions that travel: a part of the table of ``promise_mutants.py``."""

from __future__ import annotations

from benchmarks.mutation.fault import Fault

_IN = ("tests/engine/bundles/test_a_version_comes_in.py",)
_BAD = ("tests/engine/bundles/test_hostile_bundles.py",)
_BITS = ("tests/engine/bundles/test_tampered_bundles.py",)
_OUT = ("tests/engine/bundles/test_a_bundle_is_written.py",)
_READ = ("tests/engine/storage/test_stored_pieces.py",)
_KEPT = ("tests/engine/bundles/test_sensitive_columns_never_travel.py",)
_REFERENCE = ("tests/engine/bundles/test_data_travels_as_a_reference.py",)
_PIECES = "engine/storage/stored_pieces.py"
_JUDGED = ("tests/engine/bundles/test_judged_at_its_new_home.py",)
_JUDGING = "engine/bundles/judging.py"
_HOSTS, _ONWARD = ("tests/engine/bundles/test_from_host_to_host.py",), "engine/bundles/onward.py"
_READING, _NAMES, _ARRIVAL = "engine/bundles/reading.py", "engine/bundles/names.py", "engine/bundles/arrival.py"
_STAGING, _LAST, _TAKING = "engine/bundles/staging.py", "engine/bundles/registering.py", "engine/bundles/taking_in.py"

BUNDLES = (
    Fault("the signature is asked for", _READING, "if not key.holds(self.key, signature, signed):", "if False:", _BAD),
    Fault("every byte of the frame is compared", _READING, "if _exactly(file, len(head)) != head:", "if False:", _BITS),
    Fault("the directory is compared", _READING, "starts[-1] + len(directory) != size or _exactly(file, len(directory)) != directory", "False", _BITS),
    Fault("each file is held against its digest", _READING, "wrong = member is not None and (", "wrong = member is not None and False and (", _BAD),
    Fault("the manifest lists what is there", _READING, "if [*listed, MANIFEST, SIGNATURE] != list(places):", "if False:", _BAD),
    Fault("there is what the document makes", _READING, "for name in (there.keys() - wanted.keys()) ^ fixed:", "for name in ():", _BAD),
    Fault("a file is the one that the version names", _READING, "if (member.sha256, member.size) != (file.stored.digest, file.stored.size):", "if False:", _BAD),
    Fault("the document is the one that is named", _READING, "if sha256(content).hexdigest() != self.manifest.version:", "if False:", _BAD),
    Fault("the provenance is of this version", _READING, "!= (self.manifest.workspace, self.manifest.label)", "== ()", _BAD),
    Fault("no link comes in", _NAMES, "if each.kind == stat.S_IFLNK:", "if False:", _BAD),
    Fault("nothing is unpacked that could grow", _NAMES, "each.method != STORED or each.packed != each.size", "False", _BAD),
    Fault("members do not lie in each other", _NAMES, "sum(each.size for each in members) > size", "False", _BAD),
    Fault("no name leads out", _NAMES, 'any(part in ("", ".", "..") for part in name.split("/"))', "False", _BAD),
    Fault("no name is a place of the machine", _NAMES, 'name.startswith("/") or (', "(", _BAD),
    Fault("no name steers a terminal", _NAMES, '"\\\\" in name or any(', "any(False and ", _BAD),
    Fault("names differ by more than case", _NAMES, "unicodedata.normalize(\"NFC\", name).casefold()", "name", _BAD),
    Fault("a name is no file and folder at once", _NAMES, "if each in folders)", "if False)", _BAD),
    Fault("settings are those of the code", _STAGING, "json.loads(json.dumps(found.document)) != document.settings or ", "", _BAD),
    Fault("the schedule is that of the code", _STAGING, 'document.settings.get("schedule", {}) != document.schedule', "False", _BAD),
    Fault("there is room first", _STAGING, "    if _room(place) < needed:\n", "    if False:\n", _IN),
    Fault("what streams in has room", _STAGING, "            if _room(place) < len(piece):\n", "            if False:\n", _IN),
    Fault("what is brought has its digest", _STAGING, "if staged.put(content) != stored.digest:", "if False:", _IN),
    Fault("an unknown key is refused", _TAKING, "    if found is not None:\n        return found.name\n", '    return "x"\n', _IN),
    Fault("what failed its gates is not offered", _LAST, 'judged.verdict not in ("pass", "warn")', "False", _BAD),
    Fault("it is proven before it is offered", _TAKING, "        prove(place.workspace, ", "        (lambda *_: None)(place.workspace, ", _IN),
    Fault("the same version is not taken in twice", _LAST, "    return arrival.already(_known(db, bundle.document.project), bundle.manifest.version)", "    return None", _IN),
    Fault("a bar holds for what comes in", _LAST, "    return arrival.barred_here(_known(db, bundle.document.project), bundle.manifest.version)\n", "    return None\n", _IN),
    Fault("what is known against it takes an admin", _LAST, "if found is not None and request.despite is None:", "if False:", _IN),
    Fault("older than what is barred", _ARRIVAL, "moment(stations[0].made_at) < newest.first_made", "False", _IN),
    Fault("rejected here", _ARRIVAL, 'version.digest == digest and version.state == "rejected"', "False", _IN),
    Fault("what grew old is offered anew", _ARRIVAL, '"candidate": f"waits', '"expired": "is old", "candidate": f"waits', _IN),
    Fault("what was judged elsewhere is not said here", _LAST, "same = against == (live.digest if live is not None else None) and", "same = True or", _JUDGED),
    Fault("sensitive columns stay", "engine/bundles/contents.py", "    if hidden:\n        columns", "    if False:\n        columns", _KEPT),
    Fault("a schema lists no sensitive value", "engine/jobs/retrain/data.py", "infer_schema(table, manifest.data.sensitive)", "infer_schema(table)", _KEPT),
    Fault("the key is the account's alone", "engine/storage/secret_file.py", "O_EXCL | os.O_CLOEXEC, 0o600", "O_EXCL | os.O_CLOEXEC, 0o644", _OUT),
    Fault("what leaves is in the trail", "engine/bundles/leaving.py", '        trail.append(db, at=at, actor=by, action="bundle"', '        (lambda *_, **__: 0)(db, at=at, actor=by, action="bundle"', _OUT),
    Fault("what is damaged does not leave", _PIECES, "        if whole.hexdigest() != stored.digest:", "        if False:", _OUT),
    Fault("what is damaged is seen in any object", _PIECES, "                buffer.hashed = self._thread.submit(whole.update, piece)", "                buffer.hashed = self._thread.submit(whole.update, piece[:1])", _READ),
    Fault("no more is read than a file had", _PIECES, "            if size > ahead:", "            if False:", _READ),
    Fault("what comes in is on the disk first", _STAGING, "        self.staged.flush()\n", "", _IN),
    Fault("reference: data that comes later too", "engine/bundles/completing.py", "        place.move_in({digest for file in document.data.files for digest in file.chunks})\n", "        for digest in {digest for file in document.data.files for digest in file.chunks}:\n            place.store.adopt(digest, place.staged)\n", _REFERENCE),
    Fault("an object is on the disk when it is put", "engine/storage/objects.py", "                if self._durable:", "                if False:", ("tests/engine/storage/test_objects.py",)),
    Fault("packages are those of the lock", _READING, "not in packages:", "in ():", _BAD),
    Fault("what came with it is what it is proven in", _STAGING, "    if kept is None:\n        return of_workspace", "    if True:\n        return of_workspace", ("tests/engine/bundles/test_packages_travel_where_they_are_asked_for.py",)),
    Fault("its words steer no terminal", "engine/bundles/provenance.py", "actor=plain(each.actor, 80), ", "", _BAD),
    Fault("reference: such data stays out", "engine/bundles/contents.py", "    if travels_by_reference(document.settings):", "    if False:", _REFERENCE),
    Fault("reference: nothing else lets data be away", _STAGING, "if not absent_data.travels_by_reference(bundle.document.settings):", "if False:", _IN),
    Fault("reference: away on purpose is no loss", "engine/versions/document.py", 'if not (absent and what.startswith', "if not (False and what.startswith", _REFERENCE),
    Fault("reference: a loss is not on purpose", "engine/bundles/completing.py", "        absent_data.unmark(place.store, document)\n", "", _REFERENCE),
    Fault("reference: the plan says it", "engine/release/plan.py", "    return (absent_data.sentence(document),) if is_absent(store, document) else ()", "    return ()", _REFERENCE),
    Fault("reference: a clean-up leaves the word", "engine/housekeeping/ownership.py", "        yield mark_of(document), REST\n", "        pass\n", _REFERENCE),
    Fault("reference: nothing is measured without it", "engine/jobs/health/look.py", "    refuse_absent(context.store, document, label,", "    (lambda *_: None)(context.store, document, label,", _REFERENCE),
    Fault("reference: the live folder gets it", "engine/bundles/completing.py", "    if live is None or live.label != version.label:", "    if True:", _REFERENCE),
    Fault("reference: what is here is taken", _STAGING, "        elif not _stage_known(place, file):", "        elif True:", _REFERENCE),
    Fault("reference: what was rejected is not completed", "engine/bundles/completing.py", "and each.state not in over]", "]", _REFERENCE),
    Fault("reference: the card says it", "console/text/card_lines.py", "    if card.without is not None:", "    if False:", _REFERENCE),
    Fault("judged here: what fails is not offered", _LAST, '    waits = judged.verdict != "fail"', "    waits = True", _JUDGED),
    Fault("judged here: against what is live at the end", _LAST, "    if wanted != (judged.against if judged is not None else None):", "    if False:", _JUDGED),
    Fault("judged here: rows that were learnt are none", _JUDGING, "        if not worth_it(kept, rows):", "        if False:", _JUDGED),
    Fault("judged here: a column that lacks is told", _JUDGING, "        if missing := found.lacking(parts.holdout):", "        if missing := ():", _JUDGED),
    Fault("judged here: another schema is no failure", "engine/validation/judge.py", '    if not case.job.elsewhere or gate.verdict != "fail":', "    if True:", _JUDGED),
    Fault("judged here: failed once is not for ever", "engine/bundles/arrival.py", '        if version.state == "failed" and version.against != live:', "        if False:", _JUDGED),
    Fault("judged here: the card shows it", "engine/release/card.py", "        measured = here.answer.judgement\n", "        pass\n", _JUDGED),
    Fault("judged here: without data nothing is told", _JUDGING, "    if absent_data.is_absent(place.staged, document):", "    if False:", _REFERENCE),
    Fault("onward: each host is asked once", _ONWARD, " if each not in named]", "]", _HOSTS),
    Fault("onward: a workspace under two names is one", _ONWARD, "answer.workspace in workspaces:", "answer.workspace in ():", _HOSTS),
    Fault("onward: only so many are asked", _ONWARD, "        room = MOST_HOSTS - len(stages)", "        room = 1000", _HOSTS),
    Fault("onward: only so far", _ONWARD, "    for _ in range(DEEPEST):", "    while True:", _HOSTS),
    Fault("onward: a name that is told twice is one", _ONWARD, "dict.fromkeys(onward)", "onward", _HOSTS),
    Fault("onward: who is silent keeps nobody", _ONWARD, "    except LeverframeError as error:\n        return str(error)", "    except ZeroDivisionError as error:\n        return str(error)", _HOSTS),
    Fault("onward: a name steers no terminal", _ONWARD, "    shown, told_by = plain(host, 80),", "    shown, told_by = host,", _HOSTS),
)  # fmt: skip
