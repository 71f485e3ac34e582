"""
Files of torch.save, of both forms and all protocols of pickle, read by the program READ_ARRAY, against PyTorch's own numbers.
A test is named on the command line. Files go to the current folder.
"""
import argparse
import collections
import json
import os
import struct
import subprocess
import sys
import zipfile

import numpy as np


def read(*words):
    """(status, standard output, standard error)"""
    ran = subprocess.run([os.environ["READ_ARRAY"], *words], capture_output=True, timeout=60, check=False)
    return ran.returncode, ran.stdout, ran.stderr.decode()


def listed(path):
    """Lines of the list: arrays as {name: "type shape"}, the rest as {key: text}."""
    status, out, err = read("-l", path)
    assert status == 0, err
    arrays, others = {}, {}
    for line in out.decode().splitlines():
        if " = " in line:
            others.update([line.split(" = ", 1)])
        else:
            arrays.update([line.rsplit(": ", 1)])
    return arrays, others


def array(path, name):
    """(type, numbers)"""
    status, out, err = read(f"{path}:{name}")
    assert status == 0, (path, name, err)
    kind, shape = err.split()
    shape = [int(n) for n in shape.strip("()").split(",") if n]
    return kind, np.frombuffer(out, np.float32).reshape(shape)


def flat(value, name=""):
    """The tensors of anything that is saved, under the names that they should have."""
    torch = torch_module()
    if isinstance(value, torch.Tensor):
        return {name: value.detach()}
    pairs = []
    if isinstance(value, argparse.Namespace):
        value = vars(value)
    if isinstance(value, dict):
        pairs = value.items()
    elif isinstance(value, (list, tuple)):
        pairs = enumerate(value)
    return {k: t for step, v in pairs for k, t in flat(v, f"{name}.{step}" if name else str(step)).items()}


def torch_module():
    import torch
    torch.set_num_threads(1)
    return torch


def forms(value):
    """Saves it in each way that torch.save has, and gives the paths."""
    torch = torch_module()
    for is_zip in (True, False):
        for protocol in (2, 3, 4, 5):
            path = f"saved-{'zip' if is_zip else 'old'}-{protocol}.pt"
            torch.save(value, path, _use_new_zipfile_serialization=is_zip, pickle_protocol=protocol)
            yield path


def as_float32(tensor):
    torch = torch_module()
    return tensor.to(torch.float32).numpy() if tensor.dtype != torch.float64 else tensor.numpy().astype(np.float32)


def agrees(path, value):
    """The file has exactly the tensors of the value, with PyTorch's types, shapes and numbers."""
    wanted = flat(value)
    arrays, _ = listed(path)
    assert list(arrays) == list(wanted), (path, list(arrays), list(wanted))
    for name, tensor in wanted.items():
        kind, numbers = array(path, name)
        assert kind == str(tensor.dtype).removeprefix("torch."), (path, name, kind)
        assert numbers.shape == tuple(tensor.shape), (path, name, numbers.shape)
        with np.errstate(over="ignore"):
            assert np.array_equal(numbers, as_float32(tensor), equal_nan=True), (path, name)


def check(value):
    for path in forms(value):
        agrees(path, value)


def test_types():
    """Every type of numbers that is read, with its largest, smallest and odd values; those that are not are named."""
    torch = torch_module()
    saved = {}
    for t in (torch.float32, torch.float64, torch.float16, torch.bfloat16):
        f = torch.finfo(t)
        saved[str(t)] = torch.tensor([0., -0., 1 / 3, f.max, f.min, f.tiny, np.inf, -np.inf, np.nan], dtype=t)
    for t in (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8):
        i = torch.iinfo(t)
        saved[str(t)] = torch.tensor([0, 1, i.max, i.min, i.max - 1, i.max // 3], dtype=t)
    saved["truths"] = torch.tensor([[True, False], [False, True]])
    saved["one"] = torch.tensor(2.5)
    saved["none"] = torch.zeros(3, 0, 2)
    # The names have a dot.
    check({k.replace("torch.", ""): v for k, v in saved.items()})
    torch.save({"z": torch.zeros(3, 2, dtype=torch.complex64), "w": torch.ones(1)}, "complex.pt")
    assert listed("complex.pt")[0] == {"z": "complex64 (3,2)", "w": "float32 (1)"}
    status, _, err = read("complex.pt:z")
    assert status == 3 and err == "complex.pt:z: has the type complex64, which is not read\n", err


def test_views():
    """Views share their storage: strides, offsets, repeated and single numbers."""
    torch = torch_module()
    base = torch.arange(120, dtype=torch.float32).reshape(4, 5, 6) / 7
    check({"whole": base, "transposed": base.transpose(0, 2), "part": base[1:3, ::2, 1:-1], "row": base[2, 3],
           "number": base[1, 1, 1], "diagonal": base[0].diagonal(), "expanded": base[:, :1, :1].expand(4, 7, 9),
           "repeated": torch.tensor(1.5).expand(3, 2), "windows": base.flatten().unfold(0, 5, 3),
           "back": base.permute(2, 0, 1)[3:], "empty": base[2:2], "again": base})
    half = base.half()
    check([half.t() if half.dim() == 2 else half.movedim(0, 1), half[..., 3], half.view(-1)[7:11]])
    size = os.path.getsize("saved-zip-2.pt")
    assert size < 4000, size


def test_modules():
    """What is trained: parameters, buffers, state_dict with its _metadata, and what an optimizer keeps."""
    torch = torch_module()
    torch.manual_seed(1)
    module = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.MultiheadAttention(4, 2))
    optimizer = torch.optim.Adam(module[:2].parameters())
    module[1](module[0](torch.randn(5, 3))).sum().backward()
    optimizer.step()
    tied = torch.nn.Parameter(torch.randn(2, 2), requires_grad=False)
    marked = torch.randn(3)
    marked.note = "attributes"
    stated = torch.nn.Parameter(torch.randn(2))
    stated.note = "of a parameter"
    check(module.state_dict())
    check({"epoch": 3, "model": module.state_dict(), "optimizer": optimizer.state_dict(), "a": tied, "b": [tied, (tied,)],
           "marked": marked, "stated": stated, "parameters": list(module.parameters()),
           "args": argparse.Namespace(depth=2, weight=torch.ones(2)),
           "others": collections.defaultdict(list, {"x": [torch.zeros(1)]})})
    check(module[0].weight)
    check([])


def test_beside():
    """Numbers, texts, truths and lists of them are metadata; what is neither is left out."""
    torch = torch_module()
    saved = {
        "text": "zwölf", "whole": -7, "large": 2**63 + 1, "low": -2**63, "real": 0.1, "yes": True, "no": False,
        "nothing": None, "bytes": b"\xff\0", "complex": 1j, "huge": 2**200, "cpu": torch.device("cpu"),
        "cuda": torch.device("cuda", 1), "type": torch.bfloat16, "size": torch.Size([2, 3]), "betas": (0.9, 0.999, 1),
        "words": ["a", "", "ccc"], "mixed": [1, "x", None, [2.5, True]], "set": {5}, "frozen": frozenset(["k"]),
        "empty": [], 4: "number", (1, 2): "tuple", "deep": {"er": {"est": 1}}, "w": torch.ones(2),
    }
    wanted = {
        "text": "text zwölf", "whole": "integer -7", "large": f"integer {2**63 + 1}", "low": f"integer {-2**63}",
        "real": "real 0.10000000000000001", "yes": "truth 1", "no": "truth 0", "cpu": "text cpu", "cuda": "text cuda:1",
        "type": "text bfloat16", "size": "list 2 3", "betas": "list 0.90000000000000002 0.999 1", "words": "list a  ccc",
        "mixed.0": "integer 1", "mixed.1": "text x", "mixed.3.0": "real 2.5", "mixed.3.1": "truth 1", "set": "list 5",
        "frozen": "list k", "4": "text number", "22": "text tuple", "deep.er.est": "integer 1",
    }
    for path in forms(saved):
        arrays, others = listed(path)
        assert list(arrays) == ["w"] and others == wanted, (path, others, {k: v for k, v in wanted.items() if others.get(k) != v})


def test_numpy():
    """Arrays and numbers of NumPy's within: of every type, in both orders, also big endian."""
    rng = np.random.default_rng(5)
    saved = {k: rng.integers(0, 2 if k == "?" else 100, (3, 4)).astype(k) for k in "? b B h H i I q Q e f d >f4 >i2".split()}
    saved |= {"fortran": np.asfortranarray(saved["f"]), "number": np.float64(0.3), "small": np.int8(-5), "none": np.zeros((0, 2)),
              "one": np.array(7.0), "all": np.arange(256, dtype=np.uint8)}
    for protocol in (2, 3, 4):
        for is_zip in (True, False):
            torch_module().save(saved, "numpy.pt", pickle_protocol=protocol, _use_new_zipfile_serialization=is_zip)
            assert list(listed("numpy.pt")[0]) == list(saved)
            for name, numbers in saved.items():
                kind, got = array("numpy.pt", name)
                assert kind == np.asarray(numbers).dtype.name, (name, kind)
                assert got.shape == np.shape(numbers) and np.array_equal(got, np.asarray(numbers).astype(np.float32)), name
    for value, what in ((np.array(["a"]), "an array of NumPy's, of a type that is not read: expected numbers of at most 8 axes"),
                        (np.array([None]), "an array of NumPy's, of a type that is not read: expected numbers of at most 8 axes")):
        torch_module().save({"x": value}, "words.pt")
        status, _, err = read("-l", "words.pt")
        assert status == 3 and err == f"words.pt:x: {what}\n", err
    torch_module().save({"x": np.ones(2)}, "five.pt", pickle_protocol=5)
    status, _, err = read("-l", "five.pt")
    assert status == 3 and "numpy.core.numeric._frombuffer" in err and "save torch.from_numpy(array) instead" in err, err


def test_storages():
    """Storages that are saved on their own."""
    torch = torch_module()
    tensor = torch.arange(6, dtype=torch.float32)
    for path in forms({"s": tensor.storage(), "t": tensor[2:], "u": torch.ones(2).storage().untyped()}):
        arrays, _ = listed(path)
        assert arrays == {"s": "float32 (6)", "t": "float32 (4)", "u": "uint8 (8)"}, arrays
        assert np.array_equal(array(path, "s")[1], tensor.numpy())


def test_refused():
    """What is no plain tensor is refused by its name, and says what to save instead."""
    torch = torch_module()
    sparse = torch.eye(3).to_sparse()
    quantized = torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8)
    linear = torch.nn.Linear(2, 2)
    for value, words in (
            ({"s": sparse}, ("torch._utils._rebuild_sparse_tensor", "save tensor.to_dense() instead")),
            ({"c": torch.eye(3).to_sparse_csr()}, ("torch._utils._rebuild_sparse_csr_tensor", "save tensor.to_dense() instead")),
            ({"q": quantized}, ("torch._utils._rebuild_qtensor", "save tensor.dequantize() instead")),
            ({"m": torch.empty(2, device="meta")}, ("torch._utils._rebuild_meta_tensor_no_storage", "device meta")),
            (linear, ("torch.nn.modules.linear.Linear", "which is not run", "save model.state_dict() instead")),
            (print, ("print", "which is not run", "save model.state_dict() instead"))):
        for path in forms(value):
            status, out, err = read("-l", path)
            assert status == 3 and not out and err.startswith(f"{path}:") and err.count("\n") == 1, err
            assert all(word in err for word in words) and " at byte " in err, err
    torch.jit.save(torch.jit.script(linear), "script.pt")
    status, _, err = read("-l", "script.pt")
    assert status == 3 and err == ("script.pt: a TorchScript program: expected a file of torch.save(model.state_dict(), …)\n"), err
    torch.save({"m": torch.ones(1).expand(1 << 40)}, "vast.pt")
    status, _, err = read("-l", "vast.pt")
    assert status == 3 and "vast.pt:m: a tensor of 1099511627776 numbers repeats 1 numbers" in err, err
    torch.save({"m": torch.ones([1] * 9)}, "axes.pt")
    status, _, err = read("-l", "axes.pt")
    assert status == 3 and "axes.pt:m: " in err and "at most 8 axes" in err, err


def test_cycles():
    """What contains itself, and what is deep: both end."""
    torch = torch_module()
    loop = [torch.ones(2)]
    loop.append({"back": loop, "more": torch.zeros(1)})
    ring = {}
    ring["t"] = ([ring], torch.ones(3))
    for value, names in ((loop, ["0", "1.more"]), (ring, ["t.1"])):
        for path in forms(value):
            assert list(listed(path)[0]) == names, listed(path)
    deep = torch.ones(1)
    for _ in range(60):
        deep = [deep]
    check(deep)
    for _ in range(100):
        deep = [deep]
    torch.save(deep, "deep.pt")
    status, _, err = read("-l", "deep.pt")
    assert status == 3 and "deep.pt: a pickle with containers in containers, more than 64 deep at byte " in err, err
    many = ["x" * 900]
    for _ in range(20):
        many = [many] * 10
    torch.save(many, "many.pt")
    status, _, err = read("-l", "many.pt")
    assert status == 3 and "a pickle that repeats what it has beyond measure" in err, err


def test_large():
    """Memos of more than 256 and numbers of more than 16 bits; every array by its name."""
    torch = torch_module()
    value = collections.OrderedDict((f"layer.{i}.weight", torch.full((2,), float(i))) for i in range(3000))
    for path in forms(value):
        assert list(listed(path)[0]) == list(value)
        for i in (0, 77, 255, 256, 257, 2999):
            assert np.array_equal(array(path, f"layer.{i}.weight")[1], [i, i])


def test_zips():
    """The same, packed anew: compressed members, big endian numbers, and damage."""
    torch = torch_module()
    value = {"a": torch.arange(1000.), "b": torch.arange(1000.).reshape(10, 100).t(), "c": torch.ones(3, dtype=torch.int16)}
    value["d"] = value["a"][900:]
    torch.save(value, "plain.pt")

    def repack(name, method, change=lambda name, data: data):
        with zipfile.ZipFile("plain.pt") as old, zipfile.ZipFile(name, "w", method) as new:
            for member in old.namelist():
                data = change(member, old.read(member))
                if data is not None:
                    new.writestr(member, data)
            if name == "big.pt":
                new.writestr("plain/byteorder", "big")

    def swapped(name, data):
        size = {"plain/data/0": 4, "plain/data/1": 4, "plain/data/2": 2}.get(name, 1)
        return np.frombuffer(data, f"V{size}").view(np.uint8).reshape(-1, size)[:, ::-1].tobytes()

    repack("deflated.pt", zipfile.ZIP_DEFLATED)
    agrees("deflated.pt", value)
    repack("big.pt", zipfile.ZIP_DEFLATED, swapped)
    agrees("big.pt", value)
    for name, change, what in (
            ("short.pt", lambda n, d: d[:-4] if n.endswith("/0") else d, "short.pt:plain/data/0: has 3996 bytes: expected at least 4000"),
            ("missing.pt", lambda n, d: None if n.endswith("/1") else d, "missing.pt: has no member data/1: expected"),
            ("cut.pt", lambda n, d: d[:-1] if n.endswith(".pkl") else d, "cut.pt:plain/data.pkl: a pickle that ends early at byte"),
            ("other.pt", lambda n, d: None if n.endswith(".pkl") else d, "other.pt: a zip without NAME/data.pkl: expected")):
        repack(name, zipfile.ZIP_STORED, change)
        status, _, err = read("-l", name)
        assert status == 3 and err.startswith(what), err
    torch.save(value, "old.pt", _use_new_zipfile_serialization=False)
    with open("old.pt", "rb") as f:
        old = f.read()
    for cut in range(0, len(old), 37):
        with open("cut.pt", "wb") as f:
            f.write(old[:cut])
        status, _, err = read("-l", "cut.pt")
        assert status == 3 and err.startswith("cut.pt: ") and "expected" in err, err


def test_real():
    """Files of other projects: the same numbers as in the safetensors beside them."""
    folder = os.path.join(os.environ["REAL"], "models", "vit-mnist")
    for name in ("vit_371", "vit_mnist_3class"):
        path = os.path.join(folder, name)
        with open(f"{path}.safetensors", "rb") as f:
            header = json.loads(f.read(struct.unpack("<Q", f.read(8))[0]))
            data = f.read()
        header.pop("__metadata__", None)
        assert set(listed(f"{path}.pt")[0]) == set(header)
        for key, entry in header.items():
            begin, end = entry["data_offsets"]
            wanted = np.frombuffer(data[begin:end], {"F32": np.float32, "I64": np.int64}[entry["dtype"]]).reshape(entry["shape"])
            assert np.array_equal(array(f"{path}.pt", key)[1], wanted.astype(np.float32)), (name, key)


if __name__ == "__main__":
    globals()[f"test_{sys.argv[1]}"]()
