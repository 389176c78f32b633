"""What pages are drawn and kept fresh with: one style sheet, one script, one icon, named by their content. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from engine.reports.rendering import FOLDER

_FRAME = """
.top{position:sticky;top:0;z-index:1;background:var(--page);border-bottom:1px solid var(--rule)}
.top div{max-width:760px;margin:0 auto;padding:10px 20px;display:flex;flex-wrap:wrap;gap:2px 18px;
align-items:baseline;justify-content:space-between;font-size:14px}
.top b{font-weight:600}
.top span{color:var(--soft)}
.stale .top{background:var(--failing-soft);border-bottom-color:var(--failing)}.stale .top span{color:var(--failing)}
a{color:var(--accent);text-decoration:none}a:hover,a:focus-visible{text-decoration:underline}
a:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:4px}
.periods{display:flex;flex-wrap:wrap;gap:8px;padding:0;margin:0 0 18px;list-style:none;font-size:14px}
.periods a,.periods b{display:block;padding:5px 12px;border:1px solid var(--rule);border-radius:99px;
background:var(--card);font-weight:500}
.periods b{border-color:var(--ink)}
.project{border-left-width:6px;padding:0;margin:12px 0}
.project a{display:block;padding:16px 18px;color:inherit}
.project a:hover{text-decoration:none}.project a:hover h2{text-decoration:underline}
.project h2{margin:0;font-size:19px;line-height:1.3}
.project .state{font-weight:600;font-size:15px}
.project.ok,.project.watch,.project.failing,.project.unknown{background:var(--card)}
.project b{color:inherit}
.ok .state{color:var(--ok)}.watch .state{color:var(--watch)}
.failing .state{color:var(--failing)}.unknown .state{color:var(--unknown)}
.facts{display:grid;grid-template-columns:2fr 1fr 1fr;gap:8px 28px;margin:12px 0 0;font-size:14px}
.facts b{font-size:20px;font-weight:650}
.facts .figure{align-items:center}
.facts dt{color:var(--soft)}.facts dd{margin:0;font-variant-numeric:tabular-nums}
.waits{color:var(--accent);font-weight:600}
.spark{width:110px;height:30px;display:block}
.spark .line{stroke-width:2}
.more{padding:0;scroll-margin-top:70px}
.more summary{padding:14px 18px;cursor:pointer;font-weight:600;list-style:none;display:flex;gap:10px}
.more summary::-webkit-details-marker{display:none}
.more summary::before{content:"▸";flex:none;width:.8em;color:var(--soft)}
.more[open] summary::before{content:"▾"}
.more summary span{font-weight:400;color:var(--soft);margin-left:auto;white-space:nowrap}
.more>div{padding:0 18px 14px;overflow-x:auto}
.more .card{border:0;padding:0;margin:0 0 12px}
.more td:first-child{overflow-wrap:break-word}
.mark{white-space:nowrap}
.mark.worse{color:var(--failing)}.mark.better{color:var(--ok)}.mark.broken{color:var(--failing)}
.mark.large{color:var(--watch)}
.parts{padding:0;margin:10px 0;list-style:none}
.parts li{padding:5px 0}
.parts b{display:inline-block;min-width:150px}
.parts .ok b,.parts .watch b,.parts .failing b,.parts .unknown b{font-weight:600}
.parts .ok,.parts .watch,.parts .failing,.parts .unknown{background:none}
@media(max-width:520px){.facts{grid-template-columns:1fr}.more summary{padding:12px 14px}.more>div{padding:0 14px 12px}
.top div{padding:8px 14px}.project a{padding:14px}.parts b{display:block}}
@media print{.top,.periods{display:none}}
"""

# Text is set as text, never as markup. When a page loads again the browser keeps the place, and this what was open.
_SCRIPT = """
"use strict";
(function () {
  var body = document.body, line = document.getElementById("age");
  if (!line || !body.dataset.changed) return;
  var shown = Date.now(), asked = Date.now(), lost = null;
  function clock(at) {
    return new Date(at).toLocaleTimeString([], {hour: "2-digit", minute: "2-digit", hourCycle: "h23"});
  }
  function ago(seconds) {
    if (seconds < 60) return "just now";
    if (seconds < 7200) return Math.round(seconds / 60) + " min ago";
    return Math.round(seconds / 3600) + " h ago";
  }
  function tell() {
    var now = Date.now();
    body.classList.toggle("stale", lost !== null);
    line.textContent = lost === null
      ? "As of " + clock(shown) + ", checked " + ago((now - asked) / 1000)
      : "No answer since " + clock(lost) + "; what you see is of " + clock(asked);
  }
  function look() {
    if (document.hidden) return;
    var cut = new AbortController(), patience = setTimeout(function () { cut.abort(); }, 10000);
    fetch(body.dataset.changed, {cache: "no-store", signal: cut.signal, credentials: "same-origin"})
      .then(function (answer) {
        if (answer.status === 401 || answer.status === 404) { location.reload(); }
        if (!answer.ok) throw new Error("no answer");
        return answer.text();
      })
      .then(function (marker) {
        asked = Date.now();
        lost = null;
        if (marker !== body.dataset.marker) location.reload();
      })
      .catch(function () { lost = lost === null ? Date.now() : lost; })
      .finally(function () { clearTimeout(patience); tell(); });
  }
  document.querySelectorAll("details[id]").forEach(function (each) {
    var name = location.pathname + "#" + each.id;
    if (sessionStorage.getItem(name)) each.open = true;
    each.addEventListener("toggle", function () {
      if (each.open) sessionStorage.setItem(name, "open"); else sessionStorage.removeItem(name);
    });
  });
  document.addEventListener("visibilitychange", look);
  setInterval(function () { tell(); look(); }, 1000 * Number(body.dataset.every));
  tell();
})();
"""

_ICON = """
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#2a5db0"/>
<path d="M7 25h18M11 25 15 7M21 25 19 15" stroke="#fff" stroke-width="3" stroke-linecap="round" fill="none"/>
<circle cx="15.4" cy="7" r="3" fill="#fff"/></svg>
"""


@dataclass(frozen=True)
class Asset:
    """A file that never changes under its name."""

    name: str
    kind: str
    content: bytes


def _asset(stem: str, ending: str, kind: str, text: str) -> Asset:
    content = text.strip().encode()
    return Asset(f"{stem}-{sha256(content).hexdigest()[:12]}.{ending}", kind, content)


def _style() -> str:
    """That of the reports, and what stands around them."""
    return (FOLDER / "style.css").read_text("utf-8").strip() + _FRAME


STYLE_SHEET = _asset("page", "css", "text/css; charset=utf-8", _style())
SCRIPT = _asset("fresh", "js", "text/javascript; charset=utf-8", _SCRIPT)
ICON = _asset("icon", "svg", "image/svg+xml", _ICON)
BY_NAME = {each.name: each for each in (STYLE_SHEET, SCRIPT, ICON)}
