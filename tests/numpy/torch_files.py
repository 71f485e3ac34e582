"""
Small files of torch.save's two forms, made without PyTorch: by Python's pickle and classes of the names that PyTorch's have.
Run with a folder, it writes a corpus for fuzzing there.
"""
import collections
import functools
import io
import pickle
import struct
import sys
import types
import zipfile

import numpy as np

MAGIC, PROTOCOL = 0x1950a86a20f9469cfc6c, 1001


@functools.cache
def named(module, name):
    """A function that pickle saves by this name, and that is in no module."""
    def function(*_):
        raise AssertionError("called")

    function.__module__, function.__qualname__, function.__name__ = module, name, name
    parts = module.split(".")
    for i in range(len(parts)):
        sys.modules.setdefault(".".join(parts[:i + 1]), types.ModuleType(".".join(parts[:i + 1])))
    setattr(sys.modules[module], name, function)
    return function


class Call:
    """Saved as a call of such a function."""

    def __init__(self, function, *arguments, state=None):
        self.function, self.arguments, self.state = function, arguments, state

    def __reduce__(self):
        call = (self.function, self.arguments)
        return call if self.state is None else (*call, self.state)


class Storage:
    """Saved by its persistent id: ('storage', class, key, place, count) and before 1.6 the view."""

    def __init__(self, kind, key, numbers, view=None):
        self.kind, self.key, self.numbers, self.view = kind, key, numbers, view


def tensor(storage, offset, shape, stride, function="_rebuild_tensor_v2"):
    rest = () if function == "_rebuild_tensor" else (False, collections.OrderedDict())
    return Call(named("torch._utils", function), storage, offset, tuple(shape), tuple(stride), *rest)


def pickled(value, protocol, is_old):
    stored = []

    class Pickler(pickle.Pickler):
        def persistent_id(self, obj):
            if not isinstance(obj, Storage):
                return None
            if obj not in stored:
                stored.append(obj)
            head = ("storage", named("torch", obj.kind), obj.key, "cpu", len(obj.numbers))
            return (*head, obj.view) if is_old else head

    out = io.BytesIO()
    Pickler(out, protocol).dump(value)
    return out.getvalue(), {s.key: s for s in stored}


def zip_form(value, protocol=2, method=zipfile.ZIP_STORED, others=()):
    data, stored = pickled(value, protocol, False)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as z:
        z.writestr("a/data.pkl", data)
        for key, storage in stored.items():
            z.writestr(f"a/data/{key}", storage.numbers.tobytes())
        for name, text in (("version", "3\n"), *others):
            z.writestr(f"a/{name}", text)
    return out.getvalue()


def old_form(value, protocol=2):
    data, stored = pickled(value, protocol, True)
    machine = {"protocol_version": PROTOCOL, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
    parts = [pickle.dumps(part, protocol) for part in (MAGIC, PROTOCOL, machine)]
    parts += [data, pickle.dumps(sorted(stored), protocol)]
    for key in sorted(stored):
        parts += [struct.pack("<q", len(stored[key].numbers)), stored[key].numbers.tobytes()]
    return b"".join(parts)


def values():
    floats = Storage("FloatStorage", "0", np.arange(12, dtype="<f4"))
    whole = Storage("LongStorage", "1", np.arange(4, dtype="<i8"))
    half = Storage("HalfStorage", "2", np.arange(6, dtype="<f2"))
    brain = Storage("BFloat16Storage", "3", np.arange(6, dtype="<u2"))
    part = Storage("FloatStorage", "0", floats.numbers, ("v", 4, 8))
    weight = tensor(floats, 0, (3, 4), (4, 1))
    parameter = Call(named("torch._utils", "_rebuild_parameter"), weight, True, collections.OrderedDict())
    marked = Call(named("torch._tensor", "_rebuild_from_type_v2"), named("torch._utils", "_rebuild_tensor_v2"),
                  named("torch", "Tensor"), (floats, 1, (2,), (1,), False, collections.OrderedDict()), {"note": 1})
    state = collections.OrderedDict({"layer.weight": weight, "layer.bias": tensor(floats, 2, (4,), (1,))})
    state._metadata = collections.OrderedDict({"": {"version": 1}})
    loop = [tensor(whole, 0, (2, 2), (1, 2))]
    loop.append(loop)
    return [
        state,
        {"a": parameter, "b": marked, "c": [tensor(half, 1, (2,), (3,)), (tensor(brain, 0, (6,), (1,), "_rebuild_tensor"),)]},
        {"epoch": 3, "rate": 0.5, "name": "x", "list": [1, 2, 3], "words": ["a", "b"], "yes": True, "none": None, 2: 2**70,
         "set": {1}, "frozen": frozenset([2]), "bytes": b"\xff", "device": Call(named("torch", "device"), "cuda", 1),
         "size": Call(named("torch", "Size"), (2, 3)), "array": np.eye(2), "number": np.float32(2)},
        {"loop": loop, "wide": tensor(floats, 0, (5, 3), (0, 1)), "part": tensor(part, 0, (2, 4), (4, 1)), "storage": whole},
        collections.defaultdict(list, {"x": [tensor(floats, 11, (), ())]}),
    ]


def corpus():
    """(name, bytes)"""
    for i, value in enumerate(values()):
        for protocol in (2, 4):
            yield f"zip-{i}-{protocol}", zip_form(value, protocol)
            yield f"old-{i}-{protocol}", old_form(value, protocol)
        yield f"deflated-{i}", zip_form(value, 2, zipfile.ZIP_DEFLATED, [("byteorder", "big")])


if __name__ == "__main__":
    for file, data in corpus():
        with open(f"{sys.argv[1]}/torch-{file}", "wb") as f:
            f.write(data)
