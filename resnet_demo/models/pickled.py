"""PyTorch's file format, read without running anything that a file says.

A checkpoint is a pickle: a little program that may call any function there is. Here it is given none. The names that it
asks for are looked up in the three lists below, and nothing is ever imported for a file:

- what tensors are made of becomes our own, which checks sizes before it takes memory,
- what training scripts put beside tensors (their arguments, numpy's numbers, dates) becomes a `Passed`: nothing,
- any other name is refused.

Two layouts are read: the zip that torch writes since 1.6, and the sequence of pickles before it.
"""

from __future__ import annotations

import io
import math
import pickle
import pickletools
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import torch
from torch import Tensor

from ..errors import InputError

MAX_PROGRAM = 20_000_000  # bytes of pickle, the tensors' values not counted; ResNet-1202's take 2 MB
MAX_ENTRIES = 20_000  # of a zip
MAX_LEAVES = 100_000  # of tuples in each other, counted as often as they are met
MAX_KEYS = 1_000  # of those leaves in all that dictionaries have as keys; a checkpoint's keys are names and numbers
MAX_STEPS = 400_000  # of that program: ResNet-1202 takes 300,000; each costs a microsecond and may make an object

MAGIC = 0x1950A86A20F9469CFC6C  # begins the old layout
LITTLE_ENDIAN = 1001  # and this is the version of it

DTYPES = {
    "Float": torch.float32,
    "Double": torch.float64,
    "Half": torch.float16,
    "BFloat16": torch.bfloat16,
    "Long": torch.int64,
    "Int": torch.int32,
    "Short": torch.int16,
    "Char": torch.int8,
    "Byte": torch.uint8,
    "Bool": torch.bool,
    "ComplexFloat": torch.complex64,
    "ComplexDouble": torch.complex128,
    "Untyped": torch.uint8,
}
LONG = 2**60  # numbers from here on can have the same hash as others
# Which of the things that a step takes, the topmost first, become keys of a dictionary or elements of a set.
_EACH, _EVERY_OTHER = slice(None), slice(1, None, 2)
KEYED = {"SETITEM": _EVERY_OTHER, "SETITEMS": _EVERY_OTHER, "DICT": _EVERY_OTHER, "ADDITEMS": _EACH, "FROZENSET": _EACH}
STAYING = {"BUILD", "SETITEM", "SETITEMS", "APPEND", "APPENDS", "ADDITEMS"}
# The other steps, by what they do to the stack.
PUTS, GETS = {"PUT", "BINPUT", "LONG_BINPUT"}, {"GET", "BINGET", "LONG_BINGET"}
NUMBERS = {"INT", "LONG", "LONG1", "LONG4"}
OUTSIDE = {"EXT1", "EXT2", "EXT4", "NEXT_BUFFER", "READONLY_BUFFER"}  # would take something from outside of the file
_OPCODES = {code.name: code for code in pickletools.opcodes}
NEW = {name for name, code in _OPCODES.items() if not code.stack_before and len(code.stack_after) == 1}
NEW -= GETS | NUMBERS | OUTSIDE | {"MARK"}
MARKED = {name for name, code in _OPCODES.items() if pickletools.markobject in code.stack_before}
BEFORE = {  # how many things they take from below the mark, if they take what lies above one, or else in all
    name: code.stack_before.index(pickletools.markobject) if name in MARKED else len(code.stack_before)
    for name, code in _OPCODES.items()
}
AFTER = {name: len(code.stack_after) for name, code in _OPCODES.items()}
# What stands beside the tensors of many a checkpoint and does not concern us.
COMPANY = {
    *("argparse.Namespace", "types.SimpleNamespace", "copyreg._reconstructor", "copy_reg._reconstructor"),
    *(f"{home}.{name}" for home in ("builtins", "__builtin__") for name in ("object", "complex", "slice", "range")),
    *("datetime.datetime", "datetime.timedelta", "datetime.date", "datetime.timezone", "decimal.Decimal", "uuid.UUID"),
    *(f"pathlib.{name}" for name in ("Path", "PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath")),
    *(f"pathlib._local.{name}" for name in ("Path", "PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath")),
    *("_codecs.encode", "numpy.dtype", "numpy.ndarray", "numpy.random.mtrand.RandomState"),
    *(f"numpy.{core}.multiarray.{name}" for core in ("core", "_core") for name in ("scalar", "_reconstruct")),
    *(f"numpy.{core}.numeric._frombuffer" for core in ("core", "_core")),
    *(f"numpy.{kind}{bits}" for kind in ("int", "uint", "float") for bits in (8, 16, 32, 64)),
    *("numpy.bool_", "numpy.bool", "numpy.str_", "torch.device", "torch._C.device", "torch.Size"),
    *(f"numpy.dtypes.{name}DType" for name in ("Float64", "Float32", "Float16", "Int64", "Int32", "Bool", "Str")),
    *(f"{home}.AttributeDict" for home in ("pytorch_lightning.utilities.parsing", "lightning_fabric.utilities.data")),
    *("lightning.fabric.utilities.data.AttributeDict", "lightning.pytorch.utilities.parsing.AttributeDict"),
    *(f"omegaconf.{name}" for name in ("dictconfig.DictConfig", "listconfig.ListConfig", "base.ContainerMetadata")),
    *("omegaconf.base.Metadata", "omegaconf.nodes.AnyNode", "omegaconf.nodes.StringNode", "typing.Any"),
    *("yacs.config.CfgNode", "easydict.EasyDict", "addict.addict.Dict", "ml_collections.config_dict.ConfigDict"),
    *("fvcore.common.config.CfgNode", "transformers.models.resnet.configuration_resnet.ResNetConfig"),
}
# Tensors of kinds that no network here has: they are refused, but by their names.
ODD = {
    *(f"torch._utils.{name}" for name in ("_rebuild_sparse_tensor", "_rebuild_sparse_csr_tensor", "_rebuild_qtensor")),
    *(f"torch._utils.{name}" for name in ("_rebuild_meta_tensor_no_storage", "_rebuild_wrapper_subclass")),
    *(f"torch._utils.{name}" for name in ("_rebuild_device_tensor_from_numpy", "_rebuild_nested_tensor")),
    *("torch._utils._rebuild_device_tensor_from_cpu_tensor", "torch._tensor._rebuild_from_type_v2"),
}


class Passed:
    """Stands where something was that is of no concern here. Takes whatever a pickle does to it, and does nothing."""

    __slots__ = ()

    def __new__(cls, *args: object, **named: object) -> Passed:
        return object.__new__(cls)

    def __init__(self, *args: object, **named: object) -> None:
        pass

    def _nothing(self, *args: object) -> None:
        pass

    def __call__(self, *args: object, **named: object) -> Passed:
        return Passed()

    __setstate__ = __setitem__ = append = extend = add = _nothing


class Odd(Passed):
    """Stands where a tensor was of a kind that cannot be read here: sparse, quantised, without values."""

    __slots__ = ()

    def __new__(cls, *args: object, **named: object) -> Odd:
        return object.__new__(cls)

    def __call__(self, *args: object, **named: object) -> Odd:
        return Odd()


class Named(dict):
    """An ordered dictionary; what else a file would attach to it (`_metadata`) is dropped, and keys that are no names.

    Python 2 wrote such a dictionary as a list of pairs.
    """

    def __init__(self, *pairs: Any) -> None:
        super().__init__((key, value) for each in pairs for key, value in each if isinstance(key, str))

    def __setstate__(self, state: object) -> None:
        pass


class _Maker:
    """One of our functions, such that nothing in a file can reach the function itself."""

    __slots__ = ("_make",)

    def __init__(self, make: Callable[..., Any]) -> None:
        self._make = make

    def __call__(self, *args: Any) -> Any:
        return self._make(*args)

    def __setstate__(self, state: object) -> None:
        raise pickle.UnpicklingError


class _Kind:
    """A kind of storage: which numbers it holds."""

    __slots__ = ("dtype",)

    def __init__(self, dtype: torch.dtype) -> None:
        self.dtype = dtype

    def __setstate__(self, state: object) -> None:
        raise pickle.UnpicklingError


class _Storage:
    """Numbers in a row, which the old layout has behind the program that asks for them."""

    __slots__ = ("dtype", "values")

    def __init__(self, dtype: torch.dtype, values: Tensor) -> None:
        self.dtype, self.values = dtype, values

    def __setstate__(self, state: object) -> None:
        raise pickle.UnpicklingError


def _tensor(storage: _Storage, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: object) -> Tensor | Odd:
    return _dense(storage.values, offset, size, stride)


def _tensor_of_dtype(
    storage: _Storage, offset: int, size: tuple[int, ...], stride: tuple[int, ...], _grad: object, _hooks: object, *more
) -> Tensor | Odd:
    if not isinstance(more[0], torch.dtype):
        raise pickle.UnpicklingError
    return _dense(storage.values.view(more[0]), offset, size, stride)


def _dense(values: Tensor, offset: int, size: tuple[int, ...], stride: tuple[int, ...]) -> Tensor | Odd:
    """A tensor of numbers that are there: strides of 0 would make giants of a single one."""
    if len(size) > 8 or math.prod(size) > values.numel():
        return Odd()
    return values.as_strided(tuple(size), tuple(stride), offset)  # which fails outside of the storage


def _parameter(data: Tensor, *_: object) -> Tensor:
    return data


def _found(module: str, name: str, file: str) -> Any:
    """What a pickle's name stands for here."""
    full = f"{module}.{name}"
    if full in ("collections.OrderedDict", "builtins.dict", "__builtin__.dict"):
        return Named
    if full in ("collections.defaultdict", "collections.Counter"):
        return _Maker(lambda *_: Named())
    if full in ("builtins.set", "__builtin__.set", "builtins.frozenset", "builtins.list", "builtins.tuple"):
        return Passed
    if full in ("torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor"):
        return _Maker(_tensor)
    if full == "torch._utils._rebuild_tensor_v3":
        return _Maker(_tensor_of_dtype)
    if full in ("torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state"):
        return _Maker(_parameter)
    if full in ("torch.nn.parameter.Parameter", "torch.nn.parameter.Buffer", "torch.Tensor", "torch._tensor.Tensor"):
        return _Maker(_parameter)
    if module in ("torch", "torch.storage", "torch.cuda") and name.endswith("Storage"):
        # What is not on the list is quantised.
        return _Kind(DTYPES[name.removesuffix("Storage")]) if name.removesuffix("Storage") in DTYPES else Odd()
    if module == "torch" and isinstance(getattr(torch, name, None), torch.dtype):
        return getattr(torch, name)
    if full == "torch.serialization._get_layout" or full in ODD:
        return Odd()
    if module == "torch" and name in ("per_tensor_affine", "per_channel_affine", "strided", "sparse_coo"):
        return Passed()
    if full in COMPANY:
        return Passed
    if module.partition(".")[0] == "__torch__":
        raise InputError("{file} is a TorchScript program, not weights; save the module's state_dict.", file=file)
    raise InputError(
        "{file} holds more than tensors ({name}, a Python object, which could run code); save its state_dict.",
        file=file,
        name=full[:80] if full.isprintable() else "?",
    )


class _Reader(pickle.Unpickler):
    def __init__(self, stream: BinaryIO, file: str, storage: Callable[[str, torch.dtype, int], _Storage]) -> None:
        super().__init__(stream, encoding="utf-8")
        self._file, self._storage = file, storage

    def find_class(self, module: str, name: str) -> Any:
        return _found(module, name, self._file)

    def persistent_load(self, pid: Any) -> Any:
        word, kind, key, _place, count, *_ = pid
        if word != "storage" or not isinstance(key, (str, int)):
            raise pickle.UnpicklingError
        if isinstance(kind, Odd):
            return Odd()
        if not isinstance(kind, _Kind) or type(count) is not int or count < 0:
            raise pickle.UnpicklingError
        return self._storage(str(key), kind.dtype, count)


def read(path: Path, most: int) -> Any:
    """What a PyTorch file holds: tensors in dictionaries and lists, with `Passed` in the place of their company.

    Raises InputError where it holds what is not on the lists or would take more than `most` bytes, and exceptions of
    many kinds where it is damaged or something else.
    """
    if zipfile.is_zipfile(path):
        return _read_zip(path, most)
    with path.open("rb") as stream:
        return _read_sequence(stream, path.name)


def _read_zip(path: Path, most: int) -> Any:
    if _count_entries(path) > MAX_ENTRIES:  # `ZipFile` itself would list them all
        raise InputError("{file} holds too many objects for the weights of a network.", file=path.name)
    with zipfile.ZipFile(path) as archive:
        entries = {entry.filename: entry for entry in archive.infolist()}
        if sum(entry.file_size for entry in entries.values()) > most:
            raise InputError("{title} unpacks to more than {most} MB.", title=path.name, most=most // 1_000_000)
        (program,) = (name for name in entries if name.endswith("/data.pkl") or name == "data.pkl")
        root = program.removesuffix("data.pkl")
        if entries[program].file_size > MAX_PROGRAM:
            raise _too_long(path.name)
        if f"{root}constants.pkl" in entries:
            raise InputError(
                "{file} is a TorchScript program, not weights; save the module's state_dict.", file=path.name
            )
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries.values()):  # PyTorch packs no tensors
            raise pickle.UnpicklingError
        if f"{root}byteorder" in entries and entries[f"{root}byteorder"].file_size > 100:
            raise pickle.UnpicklingError
        if f"{root}byteorder" in entries and archive.read(f"{root}byteorder") != b"little":
            raise pickle.UnpicklingError
        storages: dict[str, _Storage] = {}

        def storage(key: str, dtype: torch.dtype, count: int) -> _Storage:
            if key not in storages:
                entry = entries[f"{root}data/{key}"]
                if entry.file_size < count * dtype.itemsize:
                    raise pickle.UnpicklingError
                storages[key] = _Storage(dtype, _numbers(archive.read(entry), dtype, count))
            return storages[key]

        content = archive.read(program)
        _vet_program(io.BytesIO(content), path.name)
        return _Reader(io.BytesIO(content), path.name, storage).load()


def _read_sequence(stream: BinaryIO, file: str) -> Any:
    """Magic number, version, system, the program, the keys of its storages, and these one after another."""
    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    storages: dict[str, tuple[torch.dtype, int, Tensor]] = {}
    total = 0

    def storage(key: str, dtype: torch.dtype, count: int) -> _Storage:
        nonlocal total
        if key not in storages:
            total += count * dtype.itemsize
            if total > size:
                raise pickle.UnpicklingError
            storages[key] = dtype, count, torch.empty(count, dtype=dtype)
        found_dtype, _count, values = storages[key]
        return _Storage(found_dtype, values)

    def load() -> Any:
        start = stream.tell()
        _vet_program(stream, file)
        stream.seek(start)
        return _Reader(stream, file, storage).load()

    first = load()
    if first != MAGIC:
        return first  # a plain pickle; tensors would have had to be in one of the two layouts
    if load() != LITTLE_ENDIAN:
        raise pickle.UnpicklingError
    load()  # the sizes of C's types
    content, keys = load(), load()
    for key in keys:
        dtype, count, values = storages[str(key)]
        (written,) = struct.unpack("<q", stream.read(8))
        if written != count:
            raise pickle.UnpicklingError
        values.copy_(_numbers(stream.read(count * dtype.itemsize), dtype, count))
    if not storages.keys() <= set(map(str, keys)):
        raise pickle.UnpicklingError
    return content


def _numbers(content: bytes, dtype: torch.dtype, count: int) -> Tensor:
    if not count:
        return torch.empty(0, dtype=dtype)
    return torch.frombuffer(bytearray(content), dtype=dtype, count=count)


def _count_entries(path: Path) -> int:
    """How often the mark of an entry in a zip's directory occurs in the file."""
    with path.open("rb") as file:
        return sum(chunk.count(b"PK\1\2") for chunk in iter(lambda: file.read(1 << 24), b""))


def _vet_program(stream: BinaryIO, file: str) -> None:
    """Count the steps of the pickle that begins here, before the first of them is taken, and the tuples they build."""
    content = stream.read(MAX_PROGRAM)  # and no more: one argument can be all of a file
    program, tuples = io.BytesIO(content), _Tuples()
    try:
        for step, (code, argument, _place) in enumerate(pickletools.genops(program)):
            if step > MAX_STEPS:
                raise InputError("{file} holds too many objects for the weights of a network.", file=file)
            tuples.take(code.name, argument)
    except ValueError:
        if program.tell() == MAX_PROGRAM and stream.read(1):  # it was cut there
            raise _too_long(file) from None
        raise


def _too_long(file: str) -> InputError:
    return InputError(
        "{file} holds more than {most} MB beside tensors, such as arrays of numpy; save the module's state_dict.",
        file=file,
        most=MAX_PROGRAM // 1_000_000,
    )


class _Tuples:
    """Runs a pickle with nothing on its stack but how many leaves each thing has, as a tree.

    Forty tuples, each of the one before twice, are a hundred bytes, and a million million leaves for whoever asks for
    the hash of the last one, as a dictionary does. Many tuples have the same hash, if one likes, and so have many long
    numbers: a dictionary then compares each with all others. So few of either may be keys.
    """

    def __init__(self) -> None:
        self._stack: list[int | None] = []  # None: a mark
        self._memo: dict[object, int] = {}
        self._keys = 0  # leaves of all keys that are tuples or long numbers

    def take(self, name: str, argument: Any) -> None:
        stack = self._stack
        if name in NEW:
            stack.append(1)
        elif name in PUTS:
            if not 0 <= argument <= MAX_STEPS:
                raise pickle.UnpicklingError  # Python would take memory for all places up to that one
            self._memo[argument] = stack[-1] or 1
        elif name in GETS:
            stack.append(self._memo.get(argument, 1))
        elif name in NUMBERS:
            stack.append(1 if abs(argument) < LONG else 2)
        elif name == "MARK":
            stack.append(None)
        elif name == "MEMOIZE":
            self._memo[len(self._memo)] = stack[-1] or 1
        elif name == "DUP":
            stack.append(stack[-1])
        elif name.startswith("TUPLE"):
            inside = self._to_mark() if name == "TUPLE" else [stack.pop() or 1 for _ in range(int(name[-1]))]
            if sum(inside) > MAX_LEAVES:
                raise pickle.UnpicklingError
            stack.append(1 + sum(inside))
        elif name in OUTSIDE:
            raise pickle.UnpicklingError
        else:
            self._take_other(name)

    def _take_other(self, name: str) -> None:
        stack, taken = self._stack, list[int]()
        if name in MARKED:
            taken = self._to_mark()
        elif name == "SETITEM":
            taken = [leaves or 1 for leaves in (stack[-1], stack[-2])]
        if name in KEYED:
            self._keys += sum(leaves for leaves in taken[KEYED[name]] if leaves > 1)
            if self._keys > MAX_KEYS:
                raise pickle.UnpicklingError
        before = max(len(stack) - BEFORE[name], 0)
        # What gets a state or elements stays as it is, and it may be a tuple that gets none.
        stays = stack[before] or 1 if name in STAYING and before < len(stack) else 1
        stack[before:] = [stays] * AFTER[name]

    def _to_mark(self) -> list[int]:
        """What lies above the last mark, the topmost first."""
        found: list[int] = []
        while (leaves := self._stack.pop()) is not None:
            found.append(leaves)
        return found
