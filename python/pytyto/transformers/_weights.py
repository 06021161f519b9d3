"""The parameters of a model in the library, and the network that is made of them."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from .. import _arrays
from .._binding import call, made, options, path_bytes, text
from .._network import Network
from .._tyto import ffi, lib
from . import _modules

# Names of torch's types, the library's codes, and numpy's types of the same width.
DTYPES: dict[str, tuple[int, Any]] = {
    "float32": (lib.TYTO_F32, np.dtype("float32")),
    "float64": (lib.TYTO_F64, np.dtype("float64")),
    "float16": (lib.TYTO_F16, np.dtype("float16")),
    "bfloat16": (lib.TYTO_BF16, np.dtype("uint16")),
    "int64": (lib.TYTO_I64, np.dtype("int64")),
}
_NAMES = {code: name for name, (code, _) in DTYPES.items()}


def dtype_name(dtype: Any) -> str:
    """The name of a type of torch or numpy, or of its own name. ValueError for no weights' type."""
    if isinstance(dtype, str):
        name = dtype.rpartition(".")[2]
    elif _arrays.torch() is not None and isinstance(dtype, _arrays.torch().dtype):
        name = str(dtype).rpartition(".")[2]
    else:
        name = np.dtype(dtype).name
    if name not in DTYPES or name == "int64":
        raise ValueError(f"dtype: got {dtype}, required float32, float16, bfloat16 or float64")
    return name


def digest(tensor: Any) -> int:
    """A number that changes with a tensor's values, type and shape."""
    if _arrays.is_tensor(tensor) and tensor.is_contiguous() and tensor.device.type == "cpu":
        data = ffi.cast("void *", tensor.data_ptr())
        found = lib.pytyto_digest(data, tensor.numel() * tensor.element_size())
    else:
        array, _ = _arrays.plain(tensor)
        data = ffi.from_buffer(array) if array.size else ffi.NULL
        found = lib.pytyto_digest(data, array.nbytes)
    return hash((found, str(tensor.dtype), tuple(tensor.shape)))


_opened = threading.local()


@contextlib.contextmanager
def opened(folder: str) -> Iterator[None]:
    """Within it, weights that are made are those of a checkpoint's folder instead of initial."""
    _opened.folder = folder
    try:
        yield
    finally:
        del _opened.folder


class Weights:
    """Parameters by name, and the network that they make when somebody needs it.

    Tensors that were handed out (`share`) are the truth from then on: before a run those whose
    memory has changed are written back, and the network is made anew.
    threads  any number may run; changes are for one at a time
    """

    def __init__(
        self, config: str, architecture: str, parts: str | None = None, seed: int = 0
    ) -> None:
        self.architecture = architecture
        self.parts = parts
        self.seed = seed
        self.dtype = "float32"
        self.precision: str | None = None
        self.threads = 0
        self._lock = threading.Lock()
        self._network: Network | None = None
        self._root: Any = None
        self._digests: dict[str, int] = {}
        self._make(config, getattr(_opened, "folder", None))

    def _create(self, config: str) -> None:
        self._make(config, None)

    def _make(self, config: str, folder: str | None) -> None:
        """Makes parameters with initial values, or those of a folder, which stay mapped."""
        self.config = config
        wanted = options("tyto_parameters_options")
        held = [ffi.new("char[]", self.architecture.encode())]
        wanted.architecture = held[0]
        wanted.seed = self.seed
        if self.parts is not None:
            parts = self.parts.encode()
            held.append(ffi.new("char[]", parts))
            wanted.parts, wanted.parts_length_bytes = held[1], len(parts)
        encoded = config.encode()
        if folder is not None:
            function = lib.tyto_parameters_open
            source: tuple[Any, ...] = (path_bytes(folder),)
        else:
            function, source = lib.tyto_parameters_create, (encoded, len(encoded), ffi.NULL)
        self.parameters = made(
            "tyto_parameters", function, *source, wanted, destroy=lib.tyto_parameters_destroy
        )
        count = lib.tyto_parameters_count(self.parameters)
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.buffers: set[str] = set()
        for i in range(count):
            entry = lib.tyto_parameters_at(self.parameters, i)
            name = text(entry.name)
            self.shapes[name] = tuple(entry.shape[0 : entry.rank])
            if entry.buffer:
                self.buffers.add(name)

    def reconfigure(self, config: str) -> None:
        """The same values in the network of another config."""
        if config == self.config:
            return
        values = {name: self.read(name) for name in self.shapes}
        self._create(config)
        for name, value in values.items():
            self.write(name, value)
        self._digests.clear()

    # ---------------------------------------------------------------------------------- values

    def _entry(self, name: str) -> Any:
        return lib.tyto_parameters_find(self.parameters, name.encode())

    def read(self, name: str) -> Any:
        """A copy of a parameter in its own type: an array, or a tensor where torch is there."""
        torch = _arrays.torch()
        code = self._entry(name).dtype
        mapped = code in (lib.TYTO_F16, lib.TYTO_BF16) and self.dtype == "float32"
        if mapped or (code == lib.TYTO_BF16 and torch is None):
            code = lib.TYTO_F32
        kind = _NAMES[code]
        array = np.empty(self.shapes[name], DTYPES[kind][1])
        data = ffi.from_buffer(array) if array.size else ffi.NULL
        call(
            lib.tyto_parameters_read, self.parameters, name.encode(), code, data, array.nbytes
        )
        if torch is None:
            return array
        if kind == "bfloat16":
            return torch.from_numpy(array.view(np.int16)).view(torch.bfloat16)
        return torch.from_numpy(array)

    def write(self, name: str, value: Any, dtype: str | None = None) -> None:
        """Replaces a parameter's values by those of an array or tensor, converted to `dtype`."""
        tensor = ffi.new("tyto_tensor *")
        if dtype is not None and name not in self.buffers:
            value = converted(value, dtype)
        held = _arrays.fill(tensor, name, value)
        if tuple(held[0].shape) != self.shapes[name]:
            raise ValueError(
                f"{name}: got shape {list(held[0].shape)}, required {list(self.shapes[name])}"
            )
        call(lib.tyto_parameters_write, self.parameters, tensor)
        self._network = None

    def share(self, root: Any) -> None:
        """Takes a tree whose tensors are the parameters from now on."""
        self._root = root
        self._digests = {name: digest(_modules.find(root, name)) for name in self.shapes}

    def sync(self) -> None:
        """Writes what has changed in the tree's memory since the last time."""
        if self._root is None:
            return
        for name in self.shapes:
            try:
                tensor = _modules.find(self._root, name)
            except KeyError:
                raise RuntimeError(f"{name}: the model's module for it was replaced") from None
            now = digest(tensor)
            if now != self._digests.get(name):
                self.write(name, tensor)
                self._digests[name] = now

    def network(self) -> Network:
        """The network of the values as they are now."""
        with self._lock:
            self.sync()
            if self._network is None:
                precision = self.precision or ("bf16" if self.dtype == "bfloat16" else "fp32")
                self._network = Network.create(
                    self.parameters, precision=precision, threads=self.threads
                )
            return self._network

    def run(
        self, head: str, inputs: Mapping[str, Any], want: Sequence[str] = ()
    ) -> dict[str, np.ndarray[Any, Any]]:
        """Runs a head of the network on named arrays or tensors."""
        return self.network().forward(head, inputs, want)


def converted(value: Any, dtype: str) -> Any:
    """An array or tensor of another type. bfloat16 of an array becomes a tensor or, without torch,
    stays float32 with bfloat16's values."""
    torch = _arrays.torch()
    if _arrays.is_tensor(value):
        return value.to(getattr(torch, dtype))
    if dtype != "bfloat16":
        return value.astype(DTYPES[dtype][1], copy=False)
    if torch is not None:
        return torch.from_numpy(np.array(value, np.float32)).to(torch.bfloat16)
    bits = np.array(value, np.float32).view(np.uint32)
    odd = (bits >> np.uint32(16)) & np.uint32(1)
    rounded = (bits + np.uint32(0x7FFF) + odd) & np.uint32(0xFFFF0000)
    # A scalar's sum is a number of numpy, not an array.
    return np.asarray(rounded, np.uint32).view(np.float32)


__all__ = ["DTYPES", "Weights", "converted", "digest", "dtype_name", "opened"]
