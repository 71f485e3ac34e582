# docs/recipes.md: what runs with PyTorch alone is run.
load helper

recipe() {
    numpy check_recipes.py "$1"
}

@test "recipes: nn.MultiheadAttention, by its weights and by its matrices" { recipe multihead; }

@test "recipes: q, k and v from hooks" { recipe hooks; }

@test "recipes: attentions and the steps of a generation" { recipe tuples; }
