"""OpenVINO on what export.py (fp32, bf16) or quantize_openvino.py (int8) wrote."""

import openvino
from safetensors.numpy import load_file

HOW = {
    "fp32": ("f32", "fp32"),
    "bf16": ("bf16", "inference precision bf16"),
    "int8": ("bf16", "NNCF int8 after training, the rest in bf16"),
}


class Engine:
    def __init__(self, options):
        self.versions = {"openvino": openvino.__version__.split("-")[0]}
        precision, self.how = HOW[options.precision]
        settings = {"INFERENCE_PRECISION_HINT": precision, "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": "1",
                    "INFERENCE_NUM_THREADS": str(options.threads)}
        self.request = openvino.Core().compile_model(options.path, "CPU", settings).create_infer_request()
        inputs = load_file(options.inputs)
        for port in self.request.model_inputs:
            self.request.set_tensor(port, openvino.Tensor(inputs[port.any_name]))
        self.wanted = options.wanted

    def forward(self):
        self.request.infer()

    def outputs(self):
        return {name: self.request.get_tensor(name).data.copy() for name in self.wanted}
