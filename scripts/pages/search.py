"""
Check that the site's search answers what people search for with the right heading first.

``python scripts/pages/search.py SITE`` runs a reader's search (Sphinx's JavaScript, ``docs/search.js``, the site's own
index) in Node.js. Without Node.js it checks nothing, and says so.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

#: what somebody types, and how the address of the first result has to begin
ANSWERS = {
    "nvcc not found": "reference/build-logs#nvcc-not-found",
    "failed to find nvcc": "reference/build-logs#nvcc-not-found",
    "CUDA_HOME is not set": "reference/build-logs#nvcc-not-found",
    "cannot find -lcudart": "reference/build-logs#cannot-find-lcudart",
    "torch version mismatch": "reference/build-logs#torch-version-mismatch",
    "unsupported GNU version": "reference/build-logs#unsupported-gnu-version",
    "No CUDA toolset found": "reference/build-logs#no-cuda-toolset-found",
    "cuda_runtime.h no such file": "reference/build-logs#fatal-error-cublas-v2-h-cuda-runtime-h",
    "libcublas.so.13 cannot open": "reference/build-logs#libcublas-so-13-cannot-open",
    "Could NOT find CUDAToolkit": "reference/build-logs#could-not-find-cudatoolkit",
    "compute_70": "reference/build-logs#unsupported-gpu-architecture-compute-70",
    "CUDA 12": "how-to/cuda-12",
    "docker": "how-to/docker",
    "offline": "how-to/offline",
    "vscode": "how-to/shell-and-editor",
    "manylinux cuda": "how-to/continuous-integration#instead-of-manylinux-images-with-cuda",
}
#: what a page of the search has, as far as Sphinx's script asks for it when it is loaded
BROWSER = """
const fs = require("fs"), vm = require("vm");
const [site, queries] = [process.argv[1], JSON.parse(process.argv[2])];
const window = vm.createContext({
  URLSearchParams, SPHINX_HIGHLIGHT_ENABLED: false, _ready: () => {}, location: {},
  document: { getElementById: () => null, addEventListener: () => {} },
});
window.window = window;
for (const name of ["_static/searchtools.js", "_static/language_data.js", "searchindex.js"])
  vm.runInContext(fs.readFileSync(`${site}/${name}`, "utf8"), window);
const first = (query) => {
  window.query = query;
  window.location.search = "?" + new URLSearchParams({ q: query });
  const results = vm.runInContext("Search._performSearch(...Search._parseQuery(query))", window);
  const [page, , anchor] = results.pop() ?? ["nothing", "", ""];
  return page + anchor;
};
console.log(JSON.stringify(queries.map(first)));
"""


def main(site: str) -> int:
    """
    Search for each.

    :param site: the folder that Sphinx made
    :returns: exit code

    """
    node = shutil.which("node")
    if node is None:
        print("search: not checked: Node.js (node) is not installed")
        return 0
    command = [node, "-e", BROWSER, os.path.abspath(site), json.dumps(list(ANSWERS))]
    done = subprocess.run(command, check=True, capture_output=True, text=True, encoding="utf-8")
    firsts = dict(zip(ANSWERS, json.loads(done.stdout)))
    wrong = [query for query, first in firsts.items() if not first.startswith(ANSWERS[query])]
    for query in wrong:
        print(f"search: {query!r} leads to {firsts[query]}, not to {ANSWERS[query]}", file=sys.stderr)
    print(f"search: {len(ANSWERS)} queries, {len(wrong)} problems")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
