"""Clients that nobody here wrote, against ``leverframe serve``: Triton's for the inference protocol, schemathesis.

    benchmarks/serving_clients.py HOME PROJECT [--examples 100] [--port 8496]

HOME is a workspace in which PROJECT answers requests. An environment is made for the two, beside ours and not in it.
Triton's client asks what there is, and for the golden rows, whose predictions have to be the version's own, bit by bit,
in JSON and in binary tensors. schemathesis draws requests from the server's own OpenAPI document, right and wrong ones:
no answer may be a mistake of the server's, or another than the document says, and no traceback may be left.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.serving_speed import golden, running, servers  # noqa: E402

PACKAGES = ("tritonclient[http]==2.73.0", "schemathesis==4.32.5")
# What the document cannot say (columns of one length, tensors with the names of features) is told with 422.
CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance",
    "unsupported_method",
)  # fmt: skip
ASKS = """
import json, sys
import numpy
import tritonclient.http as triton

address, project, rows, predicted = sys.argv[1], sys.argv[2], *map(json.loads, sys.argv[3:])
client = triton.InferenceServerClient(address)
assert client.is_server_live() and client.is_server_ready() and client.is_model_ready(project)
kinds = {each["name"]: each["datatype"] for each in client.get_model_metadata(project)["inputs"]}
types = {"FP64": numpy.float64, "INT64": numpy.int64, "BOOL": numpy.bool_, "BYTES": numpy.object_}
for binary in (True, False):
    if not binary:  # This client writes a gap as NaN, which is no JSON and is refused; in bytes it is a gap.
        whole = [at for at, each in enumerate(rows) if None not in each.values()]
        rows, predicted = [rows[at] for at in whole], [predicted[at] for at in whole]
    tensors = []
    for name, kind in kinds.items():
        values = [each[name].encode() if kind == "BYTES" else each[name] for each in rows]
        tensors.append(triton.InferInput(name, [len(rows)], kind))
        tensors[-1].set_data_from_numpy(numpy.array(values, types[kind]), binary_data=binary)
    for outputs in (None, [triton.InferRequestedOutput("prediction", binary_data=binary)]):
        answer = client.infer(project, tensors, outputs=outputs, request_id="of ours")
        assert answer.get_response()["id"] == "of ours"
        found = answer.as_numpy("prediction").tolist()
        found = [each.decode() if isinstance(each, bytes) else each for each in found]
        assert found == predicted, (found[:3], predicted[:3])
try:
    client.infer(project, tensors[1:])
    raise SystemExit("a request without a feature was answered")
except triton.InferenceServerException as refused:
    assert "is missing" in str(refused), refused
print(f"Triton's client: {len(rows)} rows alike in JSON and in binary, by {answer.get_response()['model_name']}")
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("home", type=Path)
    parser.add_argument("project")
    parser.add_argument("--examples", type=int, default=100)
    parser.add_argument("--port", type=int, default=8496)
    given = parser.parse_args()
    home = given.home.resolve()
    rows, predicted = golden(home, given.project, 50)
    failures = home / "logs" / "failures.log"
    before = failures.stat().st_size if failures.exists() else 0
    ours = servers(home, given.project, given.port, 2)[1]
    with tempfile.TemporaryDirectory() as folder:
        python = Path(folder) / "environment" / "bin" / "python"
        uv = str(Path(sys.executable).with_name("uv"))
        subprocess.run([uv, "venv", "-q", "-p", sys.executable, str(python.parents[1])], check=True)
        subprocess.run([uv, "pip", "install", "-q", "-p", str(python), *PACKAGES], check=True)
        with running(ours, f"http://127.0.0.1:{given.port}{ours.path}"):
            address = f"127.0.0.1:{given.port}"
            asks = [str(python), "-c", ASKS, address, given.project, json.dumps(rows), json.dumps(predicted)]
            triton = subprocess.run(asks, check=False).returncode
            fuzz = [
                str(python.with_name("schemathesis")), "run", f"http://{address}/openapi.json", "--no-color",
                "--max-examples", str(given.examples), "--checks", ",".join(CHECKS),
            ]  # fmt: skip
            fuzzed = subprocess.run(fuzz, check=False, cwd=folder).returncode
    left = (failures.stat().st_size if failures.exists() else 0) - before
    print(f"Triton's client ended with {triton}, schemathesis with {fuzzed}; {left} bytes of tracebacks were left.")
    return 1 if triton or fuzzed or left else 0


if __name__ == "__main__":
    sys.exit(main())
