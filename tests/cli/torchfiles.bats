# Files of torch.save as they are read (tests/numpy/check_torchfiles.py): PyTorch writes them and judges their numbers.
load helper

export PYTHONWARNINGS=ignore

torchfiles() {
    needs_read_array
    needs_torch
    numpy check_torchfiles.py "$@"
}

@test "torch.save: every type of numbers" { torchfiles types; }
@test "torch.save: views of shared storages" { torchfiles views; }
@test "torch.save: modules, parameters and optimizers" { torchfiles modules; }
@test "torch.save: what lies beside tensors is metadata" { torchfiles beside; }
@test "torch.save: arrays of NumPy's within" { torchfiles numpy; }
@test "torch.save: storages on their own" { torchfiles storages; }
@test "torch.save: what is no plain tensor is refused by its name, and nothing is run" { torchfiles refused; }
@test "torch.save: what contains itself, is deep, or repeats itself" { torchfiles cycles; }
@test "torch.save: thousands of tensors" { torchfiles large; }
@test "torch.save: compressed, big endian, and damaged zips" { torchfiles zips; }
@test "torch.save: PyTorch files of other projects hold the numbers of the safetensors beside them" {
    needs_real models/vit-mnist
    numpy check_torchfiles.py real
}
