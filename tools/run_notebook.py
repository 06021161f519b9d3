"""Runs a notebook and writes it back with what its cells give: tools/run_notebook.py docs/python.ipynb

It needs nbclient, ipykernel and pytyto. A picture is kept once: of an output that is HTML the PNG goes.
"""

import os
import sys

import nbclient
import nbformat

path = sys.argv[1]
notebook = nbformat.read(path, as_version=4)
nbclient.NotebookClient(
    notebook, timeout=600, resources={"metadata": {"path": os.path.dirname(path) or "."}}
).execute()
for cell in notebook.cells:
    cell.metadata.clear()
    for output in cell.get("outputs", ()):
        if "text/html" in output.get("data", {}):
            output.data.pop("image/png", None)
notebook.metadata.pop("widgets", None)
notebook.metadata.language_info = {"name": "python"}
nbformat.write(notebook, path)
