"""python quantize_onnxruntime.py IN.onnx OUT.onnx: dynamic quantisation to int8, weights per channel."""

import sys

from onnxruntime.quantization import QuantType, quantize_dynamic

quantize_dynamic(sys.argv[1], sys.argv[2], per_channel=True, weight_type=QuantType.QInt8, use_external_data_format=True)
