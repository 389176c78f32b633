"""The style sheet of a report's page: calm, dark or light as the reader has it, narrow screens, and paper."""

STYLE = """
:root{color-scheme:light dark;--page:#f6f7f9;--card:#fff;--ink:#1d2430;--soft:#5a6577;--rule:#dfe4ea;--accent:#2a5db0;
--ok:#1f7a4d;--ok-soft:#e6f4ec;--watch:#8a5a00;--watch-soft:#fdf3dc;--failing:#b3261e;--failing-soft:#fbe9e7;
--unknown:#6a3fa0;--unknown-soft:#f0eaf8}
@media(prefers-color-scheme:dark){:root{--page:#12161c;--card:#1a2029;--ink:#e6eaf0;--soft:#9aa7b8;--rule:#2d3642;
--accent:#7fb0ff;--ok:#6fd3a0;--ok-soft:#16301f;--watch:#f0c060;--watch-soft:#362a10;--failing:#ff9b93;
--failing-soft:#3a1b19;--unknown:#c6a8f0;--unknown-soft:#2a2038}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);overflow-wrap:anywhere;-webkit-text-size-adjust:100%;
font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,"DejaVu Sans",sans-serif}
main{max-width:760px;margin:0 auto;padding:28px 20px 40px}
header p,.soft{color:var(--soft)}
header p{margin:0}
h1{font-size:28px;line-height:1.25;margin:2px 0 4px}
h2{font-size:18px;margin:34px 0 10px}
h3{font-size:16px;margin:0 0 2px;font-weight:600}
p{margin:6px 0}
.card{background:var(--card);border:1px solid var(--rule);border-radius:10px;padding:16px 18px;margin:10px 0}
.verdict{border-left:6px solid;margin-top:20px;font-size:18px}
.small{margin-top:10px;font-size:16px}
.verdict b{display:block;font-size:15px;letter-spacing:.02em}
.ok{border-left-color:var(--ok);background:var(--ok-soft)}.ok b{color:var(--ok)}
.watch{border-left-color:var(--watch);background:var(--watch-soft)}.watch b{color:var(--watch)}
.failing{border-left-color:var(--failing);background:var(--failing-soft)}.failing b{color:var(--failing)}
.unknown{border-left-color:var(--unknown);background:var(--unknown-soft)}.unknown b{color:var(--unknown)}
.figure{display:flex;flex-wrap:wrap;gap:2px 18px;align-items:baseline}
.figure strong{font-size:34px;line-height:1.2;font-weight:650;font-variant-numeric:tabular-nums}
.tag{display:inline-block;border:1px solid var(--rule);border-radius:99px;padding:1px 10px;font-size:14px;
white-space:nowrap}
.better{color:var(--ok)}.worse{color:var(--failing)}
.list>div+div{border-top:1px solid var(--rule);margin-top:12px;padding-top:12px}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{text-align:left;vertical-align:top;padding:7px 12px 7px 0;border-bottom:1px solid var(--rule)}
tr:last-child td{border-bottom:0}
th{color:var(--soft);font-weight:500;font-size:14px}
td:last-child,th:last-child{padding-right:0}
.n{text-align:right;white-space:nowrap}
.chart{display:block;width:100%;height:auto;margin-top:12px}
.chart text{font-size:13px;fill:var(--soft)}
.grid{stroke:var(--rule)}
.band{fill:var(--accent);opacity:.16}
.whisker{stroke:var(--accent);opacity:.3}
.line{fill:none;stroke:var(--accent);stroke-width:2.5;stroke-linejoin:round}
.dot{fill:var(--accent)}.now{fill:var(--accent);stroke:var(--card);stroke-width:2}
.limit{stroke:var(--failing);stroke-dasharray:6 5;opacity:.8}.chart .limit-word{fill:var(--failing)}
.version{stroke:var(--soft);stroke-dasharray:2 4;opacity:.7}
footer{margin-top:36px;padding-top:14px;border-top:1px solid var(--rule);font-size:14px;color:var(--soft)}
code{font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere}
@media(max-width:520px){main{padding:18px 14px 30px}h1{font-size:24px}.card{padding:14px}.verdict{font-size:17px}
.chart text{font-size:21px}.wide{display:none}.figure strong{font-size:30px}}
@media print{:root{color-scheme:light;--page:#fff;--card:#fff;--ink:#000;--soft:#444;--rule:#bbb;--accent:#1c4a94;
--ok:#145c38;--ok-soft:#fff;--watch:#6b4500;--watch-soft:#fff;--failing:#8f1a14;--failing-soft:#fff;
--unknown:#4e2c7c;--unknown-soft:#fff}
body{font-size:11pt}main{max-width:none;padding:0}.card,tr,.chart{break-inside:avoid}h2{break-after:avoid}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
""".strip()
