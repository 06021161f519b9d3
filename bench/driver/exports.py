"""Networks in the forms that ONNX Runtime, OpenVINO and tyto open fastest, made when they are needed and not kept."""

import shutil
import subprocess
import sys
from pathlib import Path

from workers import Failed, last_line

HERE = Path(__file__).resolve().parent
ENDINGS = {"onnxruntime": ".onnx", "openvino": ".xml", "tyto": ""}


class Exports:
    """Those of one model and batch, in a folder that `clear` removes. A failure is remembered."""

    def __init__(self, stacks, command, model, source, batch, folder):
        self.stacks, self.command, self.model, self.source = stacks, command, model, source
        self.batch, self.folder = batch, folder
        self.made = {}

    def path(self, engine, precision):
        if engine in ("reference", "current"):
            return self.source / "model"
        form = precision if engine == "tyto" or precision == "int8" else "fp32"
        if (engine, form) not in self.made:
            try:
                self.made[engine, form] = self.make(engine, form)
            except Failed as failure:
                self.made[engine, form] = failure
        made = self.made[engine, form]
        if isinstance(made, Failed):
            raise made
        return made

    def words(self, engine, form, to):
        inputs = self.source / f"inputs-{self.batch}.safetensors"
        if engine == "tyto":
            photo = self.source / "photo.png"
            calibrate = ["--calibrate", photo] if form == "int8" and photo.exists() else []
            return [self.command, "convert", "-m", self.source / "model", "-o", to, "--precision", form, "--force",
                    *calibrate]
        if form == "fp32":
            return [self.stacks / "current/bin/python", HERE / "export.py", self.model.name, self.source, "--to", engine,
                    "--batch", self.batch, "-o", to]
        words = [self.stacks / engine / "bin/python", HERE / f"quantize_{engine}.py", self.path(engine, "fp32"), to]
        return words + ([inputs] if engine == "openvino" else [])

    def make(self, engine, form):
        self.folder.mkdir(parents=True, exist_ok=True)
        to = self.folder / f"{engine}-{form}{ENDINGS[engine]}"
        words = self.words(engine, form, to)
        print(f"  writing {to.name}", file=sys.stderr, flush=True)
        run = subprocess.run([str(word) for word in words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if run.returncode != 0:
            raise Failed(f"export: {last_line(run.stderr) or f'ended with {run.returncode}'}")
        return to

    def clear(self):
        shutil.rmtree(self.folder, ignore_errors=True)
