"""Writes the C source of the module pytyto._tyto, from the public headers.

usage: build_binding.py --compiler CC --include FOLDER OUT.c
"""

import argparse
import pathlib
import subprocess
import tempfile

import cffi

# What the headers don't declare: the command's main, and the calls of binding.c and of _binding.py.
OWN = """
int tyto_command(int argc, char **argv);
static const double TYTO_THRESHOLD_COMMON;
static const double TYTO_THRESHOLD_EXAMPLES;
static const double TYTO_THRESHOLD_MODEL;
uint64_t pytyto_digest(const void *data, size_t length_bytes);
bool pytyto_progress(void *watch, const tyto_progress *progress);
typedef struct pytyto_watch { int64_t next_ns; bool every_step; void *handle; } pytyto_watch;
extern "Python" bool pytyto_step(void *, const tyto_progress *);
extern "Python" void pytyto_log(void *, tyto_log_level, const char *);
"""


def declarations(compiler: str, include: str) -> str:
    """The public interface as plain C declarations, without the C library's."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("stdbool", "stddef", "stdint"):
            pathlib.Path(folder, f"{name}.h").write_text("", encoding="utf-8")
        return subprocess.run(
            [compiler, "-E", "-P", "-nostdinc", "-U__GNUC__", f"-I{include}", f"-I{folder}", "-"],
            input="#include <tyto/tyto.h>\n",
            capture_output=True,
            check=True,
            encoding="utf-8",
        ).stdout


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--compiler", required=True)
    parser.add_argument("--include", required=True)
    parser.add_argument("out")
    arguments = parser.parse_args()

    ffi = cffi.FFI()
    ffi.cdef(declarations(arguments.compiler, arguments.include))
    ffi.cdef(OWN)
    ffi.set_source("pytyto._tyto", pathlib.Path(__file__).with_name("binding.c").read_text("utf-8"))
    ffi.emit_c_code(arguments.out)


if __name__ == "__main__":
    main()
