# docs/recipes.md: what runs with PyTorch alone is run.
load helper

recipe() {
    local status=0
    "$PYTHON" -B "$ROOT/tests/numpy/check_recipes.py" "$1" || status=$?
    [ "$status" != 77 ] || skip "PyTorch is not installed"
    return "$status"
}

@test "recipes: nn.MultiheadAttention, by its weights and by its matrices" { recipe multihead; }

@test "recipes: q, k and v from hooks" { recipe hooks; }

@test "recipes: attentions and the steps of a generation" { recipe tuples; }
