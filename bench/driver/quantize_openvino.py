"""python quantize_openvino.py IN.xml OUT.xml INPUTS.safetensors: NNCF's int8 quantisation after training.

Calibrates on variations of the inputs: shifted, mirrored and of other contrast.
"""

import sys

import nncf
import numpy as np
import openvino
from safetensors.numpy import load_file

COUNT = 4


def variation(tensor, index):
    if not np.issubdtype(tensor.dtype, np.floating) or index == 0:
        return tensor
    moved = np.roll(tensor, 61 * index, axis=-1) * np.float32(1.0 - 0.1 * index)
    return np.ascontiguousarray(moved[..., ::-1] if index % 2 else moved)


def main():
    source, to, given = sys.argv[1:]
    model = openvino.Core().read_model(source)
    inputs = load_file(given)
    names = [port.any_name for port in model.inputs]
    calibration = nncf.Dataset([{name: variation(inputs[name], i) for name in names} for i in range(COUNT)])
    quantized = nncf.quantize(model, calibration, subset_size=COUNT, model_type=nncf.ModelType.TRANSFORMER,
                              preset=nncf.QuantizationPreset.MIXED)
    openvino.save_model(quantized, to, compress_to_fp16=False)


if __name__ == "__main__":
    main()
