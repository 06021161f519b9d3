"""A beginning that says what is wrong in one line, or that it is ready to who waits for that."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess

import pytest
from conftest import SMALL, tyto, words


def fails(*options: object, code: tuple[int, ...] = (1, 2), env: dict[str, str] | None = None) -> str:
    """The one line that a command says that can't begin."""
    ran = subprocess.run(words("serve", "-m", SMALL, *options), capture_output=True, text=True, timeout=60,
                         env={**os.environ, **(env or {})})
    assert ran.returncode in code and ran.stdout == "", (ran.returncode, ran.stdout)
    assert len(ran.stderr.splitlines()) == 1, ran.stderr
    return ran.stderr


def test_a_port_in_use():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert str(port) in fails("--port", port, code=(1,))


def test_an_address_that_isnt_here():
    assert "192.0.2.1" in fails("--host", "192.0.2.1", "--port", 0)
    assert "no.such.host.invalid" in fails("--host", "no.such.host.invalid", "--port", 0)


def test_key_files(tmp_path):
    empty, blank, long, spaces = (tmp_path / name for name in ("empty", "blank", "long", "spaces"))
    empty.write_bytes(b"")
    blank.write_bytes(b"\nkey\n")
    long.write_bytes(b"k" * 5000)
    spaces.write_bytes(b"a key\n")
    for file in (empty, blank, long, spaces, tmp_path, tmp_path / "none"):
        assert "--api-key-file" in fails("--port", 0, "--api-key-file", file)
    for key in ("", " ", "a b", "k" * 5000, "ä"):
        said = fails("--port", 0, "--api-key", key)
        assert "--api-key" in said and (not key.strip() or key not in said)


def test_a_key_file_that_cant_be_read(tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root reads everything")
    file = tmp_path / "key"
    file.write_text("key")
    file.chmod(0)
    assert "--api-key-file" in fails("--port", 0, "--api-key-file", file)


def test_a_model_that_isnt_there(tmp_path):
    fails("-m", tmp_path / "none", "--port", 0)
    assert "NAME=MODEL" in fails("-m", SMALL, "--port", 0)


def test_options_out_of_range():
    for option, value in (("--port", 65536), ("--port", -1), ("--queue", 0), ("--workers", 0), ("--timeout", 0),
                          ("--max-body", 0), ("--max-pixels", 0), ("--log", "xml"), ("--grace", -1), ("--deadline", "nan")):
        said = subprocess.run(words("serve", option, value), capture_output=True, text=True, timeout=20)
        assert said.returncode == 2 and option in said.stderr, (option, value, said.stderr)


def test_help_names_all_options():
    said = tyto("serve", "--help").decode()
    for option in ("--host", "--port", "--api-key-file", "--tls-cert", "--queue", "--timeout", "--deadline", "--grace",
                   "--max-body", "--max-connections", "--cors-origins", "--log"):
        assert option in said


def test_two_servers_at_two_ports(serve):
    ports = {serve("-m", SMALL).port for _ in range(2)}
    assert len(ports) == 2


def test_few_open_files(serve):
    """It asks for as many as there may be connections, and says when it can't have them."""
    server = serve("-m", SMALL, preexec_fn=lambda: __import__("resource").setrlimit(
        __import__("resource").RLIMIT_NOFILE, (256, 256)))
    assert server.get("/v2/health/live").status == 200
    assert any("--max-connections" in line for line in server.err)


@pytest.mark.parametrize("abstract", [False, True])
def test_a_service_manager_is_told(serve, tmp_path, abstract):
    name = "\0tyto-test-%d" % os.getpid() if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(name)
        manager.settimeout(20)
        server = serve("-m", SMALL, env={"NOTIFY_SOCKET": name.replace("\0", "@")})
        assert manager.recv(4096) == b"READY=1"
        assert server.stop() == 0
        assert manager.recv(4096) == b"STOPPING=1"


def test_a_socket_from_the_service_manager(serve):
    """Connections that came before it began are answered too; and it knows that only this machine reaches it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        early = socket.create_connection(("127.0.0.1", port), 20)
        early.sendall(b"GET /v2/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")

        def hand_over():
            os.dup2(listener.fileno(), 3)
            os.set_inheritable(3, True)
            os.environ["LISTEN_PID"] = str(os.getpid())

        # LISTEN_PID is known only in the child: a shell sets it and becomes the server.
        script = "export LISTEN_PID=$$; exec \"$@\""
        given = words("serve", "-m", SMALL, "--port", 0)
        process = subprocess.Popen(["sh", "-c", script, "sh", *given], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True, env={**os.environ, "LISTEN_FDS": "1"}, preexec_fn=hand_over, close_fds=False)
        try:
            assert process.stdout.readline().rstrip().endswith(f":{port}/")
            assert early.recv(4096).startswith(b"HTTP/1.1 200")
            with socket.create_connection(("127.0.0.1", port), 20) as peer:
                peer.sendall(b"GET /v2 HTTP/1.1\r\nHost: example.org\r\n\r\n")
                assert peer.recv(4096).startswith(b"HTTP/1.1 403")
            process.terminate()
            process.communicate(timeout=20)
            assert process.returncode == 0
        finally:
            process.kill()
            process.wait()
    early.close()


def test_other_users(serve):
    """Nobody in particular runs it."""
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("only root may become another")
    given = words("serve", "-m", SMALL, "--port", 0)
    process = subprocess.Popen(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs",
                                "--bounding-set=-all", *given],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={"PATH": os.environ["PATH"]})
    try:
        line = process.stdout.readline()
        if not line:
            pytest.skip("the folders here aren't for others: " + process.stderr.read())
        assert line.startswith("serving at ")
        process.terminate()
        process.communicate(timeout=20)
        assert process.returncode == 0
    finally:
        process.kill()
        process.wait()
