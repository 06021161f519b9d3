"""The Open Inference Protocol gives what `tyto forward` gives, byte for byte, as JSON and as bytes."""

import json
import struct
import time

import pytest
from conftest import CAT, COFFEE, GOLDEN, SMALL, Tensor, load_tensors, save_tensors, text_inputs, tyto

TYPES = {"F32": ("FP32", "f"), "F64": ("FP64", "d"), "I64": ("INT64", "q"), "I32": ("INT32", "i"),
         "I16": ("INT16", "h"), "I8": ("INT8", "b"), "U8": ("UINT8", "B"), "F16": ("FP16", "e"), "BF16": ("BF16", ""),
         "U64": ("UINT64", "Q"), "U32": ("UINT32", "I"), "U16": ("UINT16", "H"), "BOOL": ("BOOL", "?")}
MODELS = {"owl": "owlv2/odd", "flow": "perceiver/flow", "many": "perceiver/multimodal",
          "masked": "perceiver/masked_lm", "text": "perceiver_tasks/texts"}
CASES = [("owl", None, "owlv2/odd/three", []),
         ("owl", "Owlv2ForObjectDetection.image_guided_detection", "owlv2/odd/image_guided", []),
         ("owl", "Owlv2ForObjectDetection.embed_image_query", "owlv2/odd/query", []),
         ("owl", None, "owlv2/odd/three", ["pred_boxes", "vision_model_output.hidden_states.*", "logits"]),
         ("flow", None, "perceiver/flow/frames", []),
         ("many", None, "perceiver/multimodal/chunk", []),
         ("masked", None, "perceiver/masked_lm/fractions", ["logits", "last_hidden_state"])]


@pytest.fixture(scope="module")
def models(serve_module):
    """A server of a model for each kind of head."""
    return serve_module(*(word for name, folder in MODELS.items() for word in ("-m", f"{name}={GOLDEN / folder}/model")))


def numbers(t):
    return list(struct.unpack(f"<{len(t.data) // struct.calcsize(TYPES[t.dtype][1])}{TYPES[t.dtype][1]}", t.data))


def body_of(tensors, binary, wanted=(), **parameters):
    """A request's bytes and headers."""
    inputs, tail = [], b""
    for name, t in tensors.items():
        one = {"name": name, "datatype": TYPES[t.dtype][0], "shape": t.shape}
        if binary:
            one["parameters"] = {"binary_data_size": len(t.data)}
            tail += t.data
        else:
            one["data"] = numbers(t)
        inputs.append(one)
    request = {"id": "7", "inputs": inputs, "parameters": {"binary_data_output": binary, **parameters}}
    if wanted:
        request["outputs"] = [{"name": name} for name in wanted]
    text = json.dumps(request).encode()
    return text + tail, {"Inference-Header-Content-Length": str(len(text))} if binary else {}


def outputs_of(reply):
    """The tensors of a reply of either kind."""
    assert reply.status == 200, reply.body
    length = int(reply.headers.get("Inference-Header-Content-Length", len(reply.body)))
    about, tail, found = json.loads(reply.body[:length]), reply.body[length:], {}
    names = {protocols: ours for ours, (protocols, _) in TYPES.items()}
    assert (about["id"], about["model_version"]) == ("7", "1")
    for one in about["outputs"]:
        dtype = names[one["datatype"]]
        if "data" in one:
            data = struct.pack(f"<{len(one['data'])}{TYPES[dtype][1]}", *one["data"])
        else:
            size = one["parameters"]["binary_data_size"]
            data, tail = tail[:size], tail[size:]
        found[one["name"]] = Tensor(dtype, one["shape"], data)
    assert tail == b""
    return found


def forward(folder, tensors, tmp_path, head=None, wanted=()):
    """What the command gives."""
    given, out = save_tensors(tmp_path / "in.safetensors", tensors), tmp_path / "out.safetensors"
    tyto("forward", "-m", folder, "--inputs", given, "-o", out, *(["--head", head] if head else []),
         *(["--want", ",".join(wanted)] if wanted else []))
    return load_tensors(out)


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize(("name", "head", "case", "wanted"), CASES)
def test_results_equal_the_commands(models, tmp_path, name, head, case, wanted, binary):
    tensors = load_tensors(GOLDEN / case / "inputs.safetensors")
    body, headers = body_of(tensors, binary, wanted, **({"head": head} if head else {}))
    reply = models.post(f"/v2/models/{name}/infer", body, {"Content-Type": "application/json", **headers})
    assert outputs_of(reply) == forward(GOLDEN / MODELS[name] / "model", tensors, tmp_path, head, wanted)
    assert models.post(f"/v2/models/{name}/versions/1/infer", body,
                       {"Content-Type": "application/octet-stream", **headers}).body == reply.body


@pytest.mark.parametrize("dtype", ["I32", "I16", "U8", "U64", "U32", "U16", "I8"])
@pytest.mark.parametrize("binary", [False, True])
def test_integers_of_any_type(models, tmp_path, dtype, binary):
    tensors = text_inputs()
    expected = forward(GOLDEN / "perceiver_tasks/texts/model", tensors, tmp_path)
    ids = numbers(tensors["inputs"])
    other = {"inputs": Tensor(dtype, tensors["inputs"].shape, struct.pack(f"<{len(ids)}{TYPES[dtype][1]}", *ids))}
    body, headers = body_of(other, binary)
    headers["Content-Type"] = "application/json"
    assert outputs_of(models.post("/v2/models/text/infer", body, headers)) == expected


def test_nested_arrays_and_some_outputs_as_bytes(models, tmp_path):
    tensors = text_inputs()
    ids, width = numbers(tensors["inputs"]), tensors["inputs"].shape[1]
    nested = [ids[i:i + width] for i in range(0, len(ids), width)]
    reply = models.post("/v2/models/text/infer", {
        "id": "7", "inputs": [{"name": "inputs", "datatype": "INT64", "shape": tensors["inputs"].shape, "data": nested}],
        "outputs": [{"name": "last_hidden_state"}, {"name": "logits", "parameters": {"binary_data": True}}]})
    about = json.loads(reply.body[:int(reply.headers["Inference-Header-Content-Length"])])
    assert ["data" in one for one in about["outputs"]] == [True, False]
    assert outputs_of(reply) == forward(GOLDEN / "perceiver_tasks/texts/model", tensors, tmp_path,
                                        wanted=["last_hidden_state", "logits"])


def test_metadata_says_what_goes_in_and_out(models):
    about = models.get("/v2/models/owl").json()
    assert about["versions"] == ["1"] and about == models.get("/v2/models/owl/versions/1").json()
    assert about["inputs"] == [{"name": "input_ids", "datatype": "INT64", "shape": [-1, -1]},
                               {"name": "attention_mask", "datatype": "INT64", "shape": [-1, -1]},
                               {"name": "pixel_values", "datatype": "FP32", "shape": [-1, 3, 63, 63]}]
    outputs = {one["name"]: (one["datatype"], one["shape"]) for one in about["outputs"]}
    assert outputs["logits"] == ("FP32", [-1, 81, -1]) and outputs["pred_boxes"] == ("FP32", [-1, 81, 4])
    for head in about["parameters"]["heads"]:
        other = models.get(f"/v2/models/owl?head={head}").json()
        assert other["parameters"]["head"] == head and other["inputs"] and other["outputs"]
    assert models.get("/v2/models/owl?head=Nobody").status == 404
    assert [one["name"] for one in models.get("/v2/models/many").json()["inputs"]] == [
        "inputs.image", "inputs.audio", "inputs.label"]


def strings(binary, name, items):
    """An input of BYTES, and what follows the JSON."""
    if not binary:
        return {"name": name, "datatype": "BYTES", "shape": [len(items)], "data": [i.decode() for i in items]}, b""
    tail = b"".join(struct.pack("<I", len(i)) + i for i in items)
    return {"name": name, "datatype": "BYTES", "shape": [len(items)], "parameters": {"binary_data_size": len(tail)}}, tail


def post_strings(server, model, *inputs, **more):
    text = json.dumps({"id": "7", "inputs": [one for one, _ in inputs], "parameters": {"binary_data_output": True}, **more}).encode()
    return server.post(f"/v2/models/{model}/infer", text + b"".join(tail for _, tail in inputs),
                       {"Content-Type": "application/octet-stream", "Inference-Header-Content-Length": str(len(text))})


@pytest.mark.parametrize("binary", [False, True])
def test_texts_and_pictures_instead_of_tensors(models, tmp_path, binary):
    made, folder = tmp_path / "made.safetensors", GOLDEN / "owlv2/odd/model"
    tyto("preprocess", "-m", folder, CAT, COFFEE, "-t", "a cat", "-t", "coffee", "--batch", "-o", made)
    tensors = load_tensors(made)
    pictures = strings(True, "pixel_values", [CAT.read_bytes(), COFFEE.read_bytes()])
    texts = [b"a cat", b"coffee"] * (tensors["input_ids"].shape[0] // 2)
    reply = post_strings(models, "owl", strings(binary, "input_ids", texts), pictures)
    assert outputs_of(reply) == forward(folder, tensors, tmp_path)
    masks = {"name": "attention_mask", "datatype": "INT64", "shape": tensors["attention_mask"].shape,
             "data": numbers(tensors["attention_mask"])}
    assert post_strings(models, "owl", strings(binary, "input_ids", texts), (masks, b""), pictures).body == reply.body
    one = strings(binary, "inputs", ["héllo".encode()])
    found = outputs_of(post_strings(models, "text", one))["logits"]
    assert found.shape == [1, 3]
    classes = json.loads(tyto("classify", "-m", GOLDEN / "perceiver_tasks/texts/model", "--format", "json", "héllo"))[0]["classes"]
    assert sorted(numbers(found)) == pytest.approx(sorted(c["logit"] for c in classes), rel=1e-4)


def test_bytes_that_arent_right(models):
    good = {"name": "inputs", "datatype": "BYTES", "shape": [1], "data": ["a"]}
    for code, change in ((400, {"shape": [2]}), (400, {"shape": [1, 1]}), (400, {"shape": [0], "data": []}), (400, {"data": [1]}),
                         (400, {"data": "a"}), (400, {"name": "attention_mask"}), (400, {"name": "nothing"}),
                         (400, {"data": ["a" * 100_000]})):
        reply = models.post("/v2/models/text/infer", {"inputs": [{**good, **change}]})
        assert (reply.status, bool(reply.error())) == (code, True), (change, reply.body)
    assert models.post("/v2/models/flow/infer", {"inputs": [good]}).status == 400
    whole = strings(True, "inputs", [b"abc", b"d"])
    for tail in (whole[1][:-1], whole[1] + b"x", b"\xff\xff\xff\xff" + whole[1][4:], b""):
        whole[0]["parameters"]["binary_data_size"] = len(tail)
        assert post_strings(models, "text", (whole[0], tail)).status == 400, tail
    whole[0]["parameters"]["binary_data_size"] = 1000
    assert post_strings(models, "text", whole).status == 400
    nul = strings(True, "inputs", [b"a\0b"])
    assert post_strings(models, "text", nul).status == 422
    assert post_strings(models, "owl", strings(True, "input_ids", [b"a"]), strings(True, "pixel_values", [b"no picture"])).status == 422
    assert post_strings(models, "owl", strings(True, "pixel_values", [CAT.read_bytes()] * 65)).status == 422


IDS = {"name": "inputs", "datatype": "INT64", "shape": [1, 2], "data": [7, 8]}


@pytest.mark.parametrize(("code", "change"), [
    (400, {"inputs": [{**IDS, "data": [7]}]}), (400, {"inputs": [{**IDS, "data": [7, 8, 9]}]}),
    (400, {"inputs": [{**IDS, "data": ["7", "8"]}]}), (400, {"inputs": [{**IDS, "data": [7.5, 8]}]}),
    (400, {"inputs": [{**IDS, "datatype": "INT65"}]}), (400, {"inputs": [{**IDS, "shape": [-1, 2]}]}),
    (400, {"inputs": [{**IDS, "shape": [2]}]}), (400, {"inputs": [{**IDS, "name": "nothing"}]}),
    (400, {"inputs": [IDS, {**IDS, "name": "more"}]}), (400, {"inputs": [IDS, IDS]}), (400, {"inputs": []}), (400, {}),
    (400, {"inputs": [{**IDS, "datatype": "INT8", "data": [7, 300]}]}),
    (400, {"inputs": [{**IDS, "shape": [1 << 30, 1 << 30]}]}), (400, {"inputs": [{**IDS, "shape": [1] * 9}]}),
    (400, {"inputs": [IDS], "outputs": [{"name": "nothing"}]}), (400, {"inputs": [IDS], "more": 1}),
    (400, {"inputs": [IDS], "parameters": {"head": "Nobody"}}), (400, {"inputs": [IDS], "parameters": {"head": 1}}),
    (400, {"inputs": [{**IDS, "parameters": {"binary_data_size": 16}}]}),
    (400, {"inputs": [{k: v for k, v in IDS.items() if k != "data"}]}),
    (422, {"inputs": [{**IDS, "data": [7, 100000]}]}),
])
def test_what_isnt_right_is_said(models, code, change):
    reply = models.post("/v2/models/text/infer", change)
    assert (reply.status, bool(reply.error())) == (code, True), reply.body


def test_other_models_and_bodies(models):
    good = {"inputs": [IDS]}
    assert models.post("/v2/models/none/infer", good).status == 404
    assert models.post("/v2/models/text/versions/2/infer", good).status == 404
    assert models.post("/v2/models/text/infer", b"{", {"Content-Type": "application/json"}).status == 400
    assert models.post("/v2/models/text/infer", b"[]", {"Content-Type": "application/json"}).status == 400
    assert models.post("/v2/models/text/infer", b"{}", {"Content-Type": "text/plain"}).status == 415
    for length in ("-1", "x", "99999", "1", ""):
        reply = models.post("/v2/models/text/infer", json.dumps(good).encode(),
                            {"Content-Type": "application/json", "Inference-Header-Content-Length": length})
        assert reply.status == 400 and reply.error(), length
    assert models.post("/v2/models/text/infer", json.dumps(good).encode() + b"1234",
                       {"Content-Type": "application/json",
                        "Inference-Header-Content-Length": str(len(json.dumps(good)))}).status == 400


def test_timeouts_are_kept(server):
    side = server.get("/v2/models/tyto-small").json()["inputs"][2]["shape"][2]
    tensors = {"input_ids": Tensor("I64", [1, 2], struct.pack("<2q", 1, 2)),
               "pixel_values": Tensor("F32", [1, 3, side, side], bytes(12 * side * side))}
    headers = {"Content-Type": "application/octet-stream"}
    body, more = body_of(tensors, True, priority=1, timeout=60_000_000)
    assert server.post("/v2/models/tyto-small/infer", body, {**headers, **more}).status == 200
    body, more = body_of(tensors, True, timeout=1000)
    began = time.monotonic()
    reply = server.post("/v2/models/tyto-small/infer", body, {**headers, **more})
    assert reply.status == 504 and reply.error() and time.monotonic() - began < 5


def test_models_are_loaded_only_where_that_is_allowed(server, serve):
    for path in ("index", "models/x/load", "models/x/unload"):
        assert server.post(f"/v2/repository/{path}", {}).status == 403
    other = serve("-m", f"a={GOLDEN}/owlv2/odd/model", "--allow-load")
    assert other.post("/v2/repository/models/b/load", {"parameters": {"folder": str(SMALL)}}).status == 200
    assert [m["name"] for m in other.post("/v2/repository/index", {}).json()] == ["a", "b"]
    assert other.get("/v2/models/b/ready").status == 200
    assert other.post("/v2/repository/models/b/load", {"parameters": {"folder": str(SMALL)}}).status == 422
    assert other.post("/v2/repository/models/b/unload", {}).status == 200
    assert other.get("/v2/models/b/ready").status == 404
    assert other.post("/v2/repository/models/b/unload", {}).status == 404
    reply = other.post("/v2/repository/models/c/load", {"parameters": {"folder": "/nowhere"}})
    assert reply.status == 422 and "/" not in reply.error()


def test_stats_count(models):
    before = models.get("/v2/models/text/stats").json()["model_stats"][0]
    assert models.post("/v2/models/text/infer", {"inputs": [IDS]}).status == 200
    after = models.get("/v2/models/text/stats").json()["model_stats"][0]
    assert after["execution_count"] == before["execution_count"] + 1
    assert after["inference_stats"]["success"]["ns"] > before["inference_stats"]["success"]["ns"]
