"""Faults in what answers requests over HTTP: a part of ``promise_mutants.py``."""

from __future__ import annotations

from benchmarks.mutation.fault import Fault

_ROOM, _TESTS = "engine/serving", "tests/engine/serving/test_"
_ANSWERED, _REFUSED = (f"{_TESTS}what_is_answered.py",), (f"{_TESTS}what_is_refused.py",)
_WHO, _TWICE = (f"{_TESTS}who_may_ask.py",), (f"{_TESTS}what_is_read_twice.py",)
_SOCKETS, _TENSORS = (f"{_TESTS}connections.py",), (f"{_TESTS}the_inference_protocol.py",)
_ANY_TENSORS = (f"{_TESTS}any_tensors_at_all.py",)
_SUPERVISOR = (f"{_TESTS}supervisor.py",)
_FORM, _SLOW, _APP, _SCORING = (f"{_ROOM}/{name}.py" for name in ("form", "slow_form", "app", "scoring"))
_CONNECTION, _SERVER = f"{_ROOM}/connection.py", f"{_ROOM}/http_server.py"

SERVING = (
    Fault("a size of bytes is a whole number", f"{_ROOM}/tensors.py", "if type(size) is not int or not 0 <= size <= len(binary):", "if size > len(binary):", _ANY_TENSORS),
    Fault("a text in bytes is UTF-8", f"{_ROOM}/tensors.py", "except UnicodeDecodeError:", "except KeyError:", _ANY_TENSORS),
    Fault("a NaN in bytes is a gap in any width", f"{_ROOM}/tensors.py", 'if code in "efd" else values', 'if code in "fd" else values', _ANY_TENSORS),
    Fault("a shape is of whole numbers", f"{_ROOM}/tensors.py", " or any(type(each) is not int for each in shape)", "", _ANY_TENSORS),
    Fault("nested rows of one are rows", f"{_ROOM}/tensors.py", "each[0] if isinstance(each, list) and len(each) == 1 else each", "each", _ANY_TENSORS),
    Fault("parameters are an object or nothing", f"{_ROOM}/tensors.py", 'own.get("binary_data_size") if isinstance(own, dict) else None', 'own.get("binary_data_size") if own else None', _ANY_TENSORS),
    Fault("what large requests took is given back", f"{_ROOM}/given_back.py", "        library.mallopt(_MMAP_THRESHOLD, PIECE)\n        library.mallopt(_TRIM_THRESHOLD, KEPT)\n", "        library.mallopt\n", (f"{_TESTS}what_large_requests_took_is_given_back.py",)),
    Fault("every answer has one form", f"{_ROOM}/exchange.py", ', separators=(",", ":")', "", _ANSWERED),
    Fault("a name that stands twice is found", _FORM, "        if colons == members:\n            return True\n", "        return True\n", _REFUSED),
    Fault("a colon that is written otherwise hides none", _FORM, '        if b"\\\\" in body:  # A colon may be written without one.\n            return False\n', "", _REFUSED),
    Fault("colons of texts are no names", _FORM, "        return colons == members + texts\n", "        return False\n", _TWICE),
    Fault("a moment is written as one", _FORM, "not is_moment(column.kind, str(row[place]))", "False", _REFUSED),
    Fault("rows have a bound the quick way", _FORM, "        slow_form.bounded(len(records), self.most)\n", "", _REFUSED),
    Fault("columns have a bound the quick way", _FORM, "        slow_form.bounded(length, self.most)\n", "", _REFUSED),
    Fault("unseen is refused where the manifest says so", _SCORING, 'refuse=held.spec.unseen == "refuse"', "refuse=False", _REFUSED),
    Fault("unseen is told", _FORM, "                elif len(told) < MOST_TOLD:\n", "                elif False:\n", _REFUSED),
    Fault("names that nobody knows are refused", _SLOW, "        if name not in known:\n", "        if False:\n", _REFUSED),
    Fault("a thousand mistakes are enough", _SLOW, "        if self.count >= _ENOUGH:\n            raise Enough\n", "", _REFUSED),
    Fault("values are repeated harmlessly", f"{_ROOM}/columns.py", "        return plain(value, _SHOWN)\n    return", "        return value\n    return", _REFUSED),
    Fault("numbers beyond every float are none", f"{_ROOM}/json_text.py", "if value - value == 0 else Odd(text)", "if True else Odd(text)", _REFUSED),
    Fault("half of a character is none", f"{_ROOM}/columns.py", '            raise ValueError("holds half of a character")\n', "            pass\n", _REFUSED),
    Fault("a form is made anew for another version", _SCORING, "(known.held.digest, known.held.spec) == (held.digest, held.spec)", "True", _TWICE),
    Fault("what is answered is noted", _SCORING, "            self._notes.note(\n                Answered(\n                    project, given", "            (lambda each: None)(\n                Answered(\n                    project, given", _ANSWERED),
    Fault("what is refused is noted", _SCORING, "            self._notes.note(\n                Answered(\n                    project, by", "            (lambda each: None)(\n                Answered(\n                    project, by", _ANSWERED),
    Fault("what blocks does not hold up the server", _SCORING, "blocks, large = prepared.held.scorer.blocks, len(asked.body) > LARGE", "blocks, large = False, len(asked.body) > LARGE", _ANSWERED),
    Fault("as many wait as may", _SCORING, "        if self.under_way < self._most:\n", "        if True:\n", _ANSWERED),
    Fault("a place is free again", _SCORING, "        finally:\n            visit.leave()\n        return self._given", "        finally:\n            pass\n        return self._given", _ANSWERED),
    Fault("where nothing is live it says when to ask again", _SCORING, 'raise Unanswered(503, why or "No version is live.", heads=AGAIN)', 'raise Unanswered(503, why or "No version is live.")', _ANSWERED),
    Fault("no traceback goes to a client", _APP, 'f"Leverframe itself failed over request {asked.number}; whoever runs it can look it up."', "repr(error)", _ANSWERED),
    Fault("a traceback is kept", _APP, '        self._around.keep(asked.number, "".join(traceback.format_exception(error)))\n', "", _ANSWERED),
    Fault("without tokens no other name is answered to", _APP, "if host not in self._hosts and not self._is_own(host)", "if False", _WHO),
    Fault("a token that opens nothing opens nothing", _APP, "            if isinstance(said, Why):\n", "            if False:\n", _WHO),
    Fault("who may not ask does not learn what is wrong", _APP, "            token = self._let_in(route, target, asked)\n", "            route.handler(target, asked)\n            token = self._let_in(route, target, asked)\n", _WHO),
    Fault("a body is JSON", _APP, "        if kind.strip().lower() not in route.kinds or", "        if", _WHO),
    Fault("a body is not compressed", _APP, 'if asked.heads.get("content-encoding", "identity").lower() != "identity":', "if False:", _WHO),
    Fault("figures have no names that a client makes up", _APP, "project if known else", "project if True else", _WHO),
    Fault("another method is told", f"{_ROOM}/routes.py", "            if route.method == method:\n", "            if True:\n", _WHO),
    Fault("a bucket counts those below it", f"{_ROOM}/figures.py", "        so_far += count\n", "        so_far = count\n", _WHO),
    Fault("only the live version answers by its number", f"{_ROOM}/inference_protocol.py", "        if target.version and target.version != _number(prepared):\n", "        if False:\n", _TENSORS),
    Fault("bytes belong to a tensor", f"{_ROOM}/inference_protocol.py", "        if binary:\n            raise", "        if False:\n            raise", _TENSORS),
    Fault("a tensor stands once", f"{_ROOM}/inference_protocol.py", "            if name in columns:\n", "            if False:\n", _TENSORS),
    Fault("texts in bytes end within them", f"{_ROOM}/tensors.py", "if end > len(data) or end + length > len(data):", "if False:", _TENSORS),
    Fault("a tensor has a value for each row", f"{_ROOM}/tensors.py", "    if len(values) != rows:\n", "    if False:\n", _TENSORS),
    Fault("a gap in bytes is NaN", f"{_ROOM}/tensors.py", 'return [None if each != each else each for each in values] if code in "efd" else values', "return values", _TENSORS),
    Fault("a head has a bound", _CONNECTION, "self._head > HEAD_BYTES", "False", _SOCKETS),
    Fault("a request has to come to its end", _CONNECTION, "        if self._began and not others:\n", "        if False:\n", _SOCKETS),
    Fault("who never asks is let go", _CONNECTION, "        elif not self._spoke:\n", "        elif False:\n", _SOCKETS),
    Fault("who has said all is answered", _CONNECTION, "        self.cycle.keep_alive = False\n        return True\n", "        return False\n", _SOCKETS),
    Fault("who waits for an answer makes no room", _CONNECTION, "each is not self and each.is_idle]", "each is not self]", _SOCKETS),
    Fault("connections have a bound", _CONNECTION, "if len(self.connections) > MOST and", "if False and", _SOCKETS),
    Fault("a body has a bound before it has come", _SERVER, "    if length.isdigit() and (len(length) > 15 or int(length) > BODY_BYTES):\n", "    if False:\n", _SOCKETS),
    Fault("and while it comes", _SERVER, "        if len(whole) > BODY_BYTES:\n", "        if False:\n", _SOCKETS),
    Fault("nobody is let in while it ends", _SERVER, "        self._listening.close()\n", "", _TWICE),
    Fault("what was let in is answered", _SERVER, "and loop.time() < begun + seconds:\n", "and False:\n", _SOCKETS),
    Fault("who asks while it ends is told that it was the last", _CONNECTION, "        if self._state.ending:\n", "        if False:\n", _SOCKETS),
    Fault("who asks while it ends is answered", _SERVER, "if loop.time() >= begun + grace or not", "if True or not", _SOCKETS),
    Fault("who dies is started again", f"{_ROOM}/supervisor.py", "            if place.process is None and now >= place.due:\n", "            if False:\n", _SUPERVISOR),
    Fault("and later the more often", f"{_ROOM}/supervisor.py", "FIRST_WAIT * 2 ** (place.deaths - 1)", "FIRST_WAIT", _SUPERVISOR),
    Fault("who does not end is killed", f"{_ROOM}/supervisor.py", "            process.kill()\n", "            pass\n", _SUPERVISOR),
    Fault("nobody is started after the end", f"{_ROOM}/supervisor.py", 'place.process, place.due = None, float("inf")', "place.process = None", _SUPERVISOR),
    Fault("from elsewhere a token is needed", f"{_ROOM}/service.py", "        if self._tokens and not there:\n", "        if False:\n", ("tests/cli/test_serve.py",)),
    Fault("a head alone has no body", f"{_ROOM}/connection.py", 'if cycle.scope["method"] != "HEAD":', "if True:", _SOCKETS),
    Fault("who does not read is waited for", f"{_ROOM}/connection.py", "    if cycle.flow.write_paused:\n", "    if False:\n", _SOCKETS),
    Fault("a last answer ends the connection", f"{_ROOM}/connection.py", "    if not cycle.keep_alive:\n        cycle.transport.close()\n", "", _SOCKETS),
    Fault("no web page asks without a token", f"{_ROOM}/app.py", 'if "origin" in heads:', "if False:", ("tests/engine/serving/test_who_may_ask.py",)),
    Fault("who hangs is ended", f"{_ROOM}/supervisor.py", "                place.process.kill()\n", "                pass\n", _SUPERVISOR),
    Fault("who gets ready is not taken for one that hangs", "engine/scoring/beats.py", "if each.age is not None and _is_silent(each, each.age, is_stopped)}", "if _is_silent(each, each.age or 99.0, is_stopped)}", _SUPERVISOR),
)
