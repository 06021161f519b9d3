"""ONNX Runtime on what export.py (fp32) or quantize_onnxruntime.py (int8) wrote."""

import onnxruntime
from safetensors.numpy import load_file


class Engine:
    def __init__(self, options):
        self.versions = {"onnxruntime": onnxruntime.__version__}
        self.how = {"fp32": "fp32", "int8": "dynamic quantisation, weights per channel"}[options.precision]
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = options.threads
        settings.inter_op_num_threads = 1
        settings.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(options.path, settings, providers=["CPUExecutionProvider"])
        inputs = load_file(options.inputs)
        self.inputs = {port.name: inputs[port.name] for port in self.session.get_inputs()}
        self.wanted = options.wanted

    def forward(self):
        self.last = self.session.run(self.wanted, self.inputs)

    def outputs(self):
        return dict(zip(self.wanted, self.last))
