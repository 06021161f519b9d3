"""/openapi.json is made of the table of routes: it is whole, and true of this server."""

import re

import pytest
from conftest import GOLDEN, SMALL


@pytest.fixture(scope="module")
def document(server):
    reply = server.get("/openapi.json")
    assert reply.headers["Content-Type"] == "application/json"
    return reply.json()


def references(node):
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_what_it_refers_to_is_there(document):
    found = set(references(document))
    assert found
    for reference in found:
        node = document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]
        assert node


def test_each_operation_says_what_it_takes_and_gives(document):
    for path, operations in document["paths"].items():
        for method, one in operations.items():
            assert one["summary"] and "400" in one["responses"], (method, path)
            named = {p["name"] for p in one["parameters"] if p["in"] == "path"}
            assert named == set(re.findall(r"{(\w+)}", path))
            assert [code for code in one["responses"] if code[0] == "2"], (method, path)
            for code, reply in one["responses"].items():
                if code[0] == "2":
                    # A route that names a schema has it.
                    assert reply.get("content", {}).get("application/json", {}).get("schema") != {}, (method, path)
            if method == "post":
                assert {"413", "415", "422", "503"} <= set(one["responses"]) or "/repository/" in path, path
                assert one["requestBody"]["content"], path


def test_every_path_is_answered(server, document):
    for path, operations in document["paths"].items():
        if path.startswith("/v2/repository"):
            continue
        filled = path.replace("{model}", "tyto-small").replace("{version}", "1").replace("{id}", 32 * "0").replace(
            "{task}", "zero-shot-object-detection")
        for method, one in operations.items():
            reply = server.ask(method.upper(), filled, {} if method == "post" else None)
            assert str(reply.status) in one["responses"], (method, path, reply.status)
            assert reply.status < 500
        other = server.ask("PATCH", filled)
        allowed = set(other.headers["Allow"].split(", "))
        assert other.status == 405 and allowed - {"HEAD"} == {m.upper() for m in operations}, path


def test_models_and_keys_are_this_servers(serve):
    server = serve("-m", f"a={SMALL}", "-m", f"b={GOLDEN}/owlv2/odd/model", "--api-key", "secret")
    assert server.get("/openapi.json").status == 401
    document = server.get("/openapi.json", key="secret").json()
    assert document["components"]["schemas"]["model_name"]["enum"] == ["a", "b"]
    for path, operations in document["paths"].items():
        for method, one in operations.items():
            opened = one["security"] == []
            filled = re.sub(r"{\w+}", "a", path)
            status = server.ask(method.upper(), filled, b"" if method == "post" else None).status
            assert (status == 401) is not opened, (method, path, status)
