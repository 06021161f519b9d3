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
        core = openvino.Core()
        model = core.read_model(options.path)
        # Names are those of the model as it was read: compiling may change them, but not the order.
        names = [port.any_name for port in model.inputs]
        self.names = [port.any_name for port in model.outputs]
        self.request = core.compile_model(model, "CPU", settings).create_infer_request()
        inputs = load_file(options.inputs)
        for i, name in enumerate(names):
            self.request.set_input_tensor(i, openvino.Tensor(inputs[name]))

    def forward(self):
        self.request.infer()

    def outputs(self):
        return {name: self.request.get_output_tensor(i).data.copy() for i, name in enumerate(self.names)}
