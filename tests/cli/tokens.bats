# Tokens: pieces of tokenizers as people read them, and labels from numbers and a vocabulary.
load helper

@test "numbers of tokens without a vocabulary are said with -v to have one wanted" {
    echo '{"q": [[1, 0], [0, 1]], "k": [[1, 0], [0, 1]], "input_ids": [5, 6]}' >x.json
    attn run x.json -v -o x.png --format none 2>err
    grep -qx 'attn: x.json: the numbers of tokens, which --tokenizer FILE would give labels' err
}

@test "pieces are shown as people read them, and written as they are" {
    echo '{"tokens": ["▁Hel", "lo", "<0x0A>"], "attention": [[1, 0, 0], [0, 1, 0], [0, 0, 1]]}' >x.json
    attn run x.json --format table -o x.png -q | grep -qF '" Hel" → " Hel"'
    attn run x.json --format table -o raw.png -q --raw-tokens | grep -qF '"▁Hel" → "▁Hel"'
    if cmp x.png raw.png; then return 1; fi
    same "$(attn run x.json --format json -q | jq -c .tokens)" '["▁Hel","lo","<0x0A>"]'
    echo '{"tokens": ["Hello", "Ġworld", "Ċ"], "q": [[1], [2], [3]], "k": [[1], [2], [3]]}' >y.json
    attn explain y.json --query world | grep -qF 'query 1 " world"'
    attn explain y.json --query Ġworld | grep -qF 'query 1 " world"'
    attn explain y.json --query Ġworld --raw-tokens | grep -qF 'query 1 "Ġworld"'
    attn explain y.json --query 0 | grep -qF '2 "\n"'
    fails 2 '--query is "World"; did you mean " world", token 1?' attn explain y.json --query World
}

# The tokens that a vocabulary gives to numbers.
tokens() {
    attn run ids.json --format json -q "$@" | jq -c .tokens
}

@test "numbers of tokens have the labels of a vocabulary" {
    echo '{"input_ids": [[0, 1, 4]], "attention": [[1, 0, 0], [0.5, 0.5, 0], [0.2, 0.3, 0.5]]}' >ids.json
    echo '{"added_tokens": [{"id": 4, "content": "<s>"}, {"id": 0, "content": "x"}],
          "model": {"type": "BPE", "vocab": {"a": 0, "\u0120b": 1, "c:1": 2, "\"": 3}, "merges": ["a b"]}}' >bpe.json
    same "$(tokens --tokenizer bpe.json)" '["a","Ġb","<s>"]'
    same "$(tokens --tokenizer bpe.json --ids 2,3,1)" '["c:1","\"","Ġb"]'
    echo '{"model": {"type": "Unigram", "vocab": [["<unk>", 0.0], ["\u2581a", -1.5], ["b]c\"[", -2]]},
          "added_tokens": [{"id": 4, "content": "<pad>"}]}' >unigram.json
    same "$(tokens --tokenizer unigram.json)" '["<unk>","▁a","<pad>"]'
    same "$(tokens --tokenizer unigram.json --ids 2,2,2)" '["b]c\"[","b]c\"[","b]c\"["]'
    echo '{"zero": 0, "one": 1, "four": 4}' >vocab.json
    same "$(tokens --tokenizer vocab.json)" '["zero","one","four"]'
    printf '[PAD]\nthe\r\n##s\n\nlast' >vocab.txt
    same "$(tokens --tokenizer vocab.txt)" '["[PAD]","the","last"]'
    # llama2.c: the longest piece, then score, length and bytes; the second is no UTF-8
    printf '\4\0\0\0\0\0\0\0\2\0\0\0ab\0\0\0\0\1\0\0\0\377' >tokenizer.bin
    same "$(tokens --tokenizer tokenizer.bin --ids 0,1,0)" '["ab","�","ab"]'
    # SentencePiece: field 1 is a piece: its text, a score, a kind
    printf '\n\16\n\5<unk>\25\0\0\0\0\30\2\n\12\n\3\342\226\201\25\0\0\200\277' >tokenizer.model
    same "$(tokens --tokenizer tokenizer.model --ids 0,1,0)" '["<unk>","▁","<unk>"]'
    # labels that were given stay
    printf 'x\ny\nz\n' >t.txt
    same "$(tokens --tokenizer vocab.txt --tokens t.txt)" '["x","y","z"]'
}

@test "numbers of tokens: what is wrong is said" {
    echo '{"input_ids": [0, 1, 3], "attention": [[1, 0, 0], [0.5, 0.5, 0], [0.2, 0.3, 0.5]]}' >ids.json
    echo '{"zero": 0, "one": 1, "two": 2}' >vocab.json
    fails 3 'ids.json:1:15: the id 3 of token 2: expected the number of a piece of the vocabulary' \
        attn run ids.json --tokenizer vocab.json
    fails 2 '--ids: "x" is no number of a token: expected whole numbers as 1,403,407' \
        attn run ids.json --tokenizer vocab.json --ids 1,x
    fails 2 '--ids needs --tokenizer, the vocabulary that they are numbers of' attn run ids.json --ids 1
    none='expected a tokenizer.json, vocab.json, vocab.txt, tokenizer.model, tokenizer.bin of llama2.c, or a GGUF file with its tokens'
    echo '{"zero": "0"}' >bad.json
    fails 3 "bad.json holds no vocabulary: $none" attn run ids.json --tokenizer bad.json
    echo '{"model": {"vocab": [["a", 1], [2, "b"]]}}' >bad.json
    fails 3 "bad.json holds no vocabulary: $none" attn run ids.json --tokenizer bad.json
    echo '{"a": 99999999}' >bad.json
    fails 3 'bad.json: a piece has the number 99999999: expected one below 16777216' attn run ids.json --tokenizer bad.json
    printf '\n\377\377\377\377\377\377\377\377\377\177\0' >bad.model
    fails 3 "bad.model holds no vocabulary: $none" attn run ids.json --tokenizer bad.model
    : >empty
    fails 3 "empty holds no vocabulary: $none" attn run ids.json --tokenizer empty
    echo '{"attention": [[1]]}' >plain.json
    fails 2 '--tokenizer vocab.json needs the numbers of the tokens: expected --ids, or input_ids in the inputs' \
        attn run plain.json --tokenizer vocab.json
    echo '{"ids": [[0, 1], [1, 0]], "attention": [[1, 0], [0, 1]]}' >two.json
    fails 3 'two.json:1:9: the numbers of the tokens are 2×2: expected a list, or --batch N, which takes one sequence of a batch' \
        attn run two.json
    fails 2 '--batch chooses one of a batch, and no input has an axis for it: expected attention of B×heads×n×m or B×n×m, or embeddings, q and k of B×n×d' \
        attn run two.json --batch 0
    echo '{"ids": [[[0], [1]]], "attention": [[1, 0], [0, 1]]}' >three.json
    fails 3 'three.json:1:9: the numbers of the tokens have 3 axes: expected a list, or one a sequence of a batch' attn run three.json
}

@test "bug: input_ids of a batch were refused with --batch" {
    "$PYTHON" - <<'END'
import json
import numpy as np
a = np.full((3, 2, 4, 4), 0.25, "f4")
ids = np.array([[0, 1, 2, 3], [3, 2, 1, 0], [1, 1, 2, 2]])
np.savez("layers.npz", **{"attentions.0": a, "attentions.1": a}, input_ids=ids)
np.savez("whole.npz", attention=a, input_ids=ids)
np.savez("q.npz", q=a, k=a, input_ids=ids)
np.savez("one.npz", **{"attentions.0": a}, input_ids=ids[2:])
np.savez("other.npz", **{"attentions.0": a}, input_ids=ids[:2])
json.dump({"attention": a.tolist(), "input_ids": ids.tolist()}, open("whole.json", "w"))
json.dump({"attention": a.tolist(), "input_ids": ids[2:].tolist()}, open("one.json", "w"))
END
    printf 'the\ncat\nsat\non\n' >vocab.txt
    attn convert layers.npz -o layers.safetensors
    attn convert q.npz -o q.safetensors
    for f in layers.npz whole.npz q.npz layers.safetensors q.safetensors whole.json; do
        cp $f ids.json
        same "$(tokens --tokenizer vocab.txt --batch 1)" '["on","sat","cat","the"]'
        same "$(tokens --tokenizer vocab.txt --batch 2)" '["cat","cat","sat","sat"]'
        attn run $f --batch 1 -q -o x.png
    done
    for f in one.npz one.json; do
        cp $f ids.json
        same "$(tokens --tokenizer vocab.txt --batch 0)" '["cat","cat","sat","sat"]'
    done
    fails 3 'other.npz:input_ids: the numbers of the tokens are of 2 sequences: expected 3, as many as the batch has' \
        attn run other.npz --batch 1 -o y.png
}

@test "bug: a GGUF file of a vocabulary alone was said to hold nothing" {
    needs_real models/vocab
    cp "$REAL/models/vocab/ggml-vocab-gpt-2.gguf" v.gguf
    fails 3 'v.gguf holds a vocabulary and no array: expected --tokenizer v.gguf beside an input' attn run v.gguf -o x.png
    same "$(attn info --format json v.gguf | jq -r '.files[0].warnings[]')" \
        'v.gguf holds a vocabulary and no array: expected --tokenizer v.gguf beside an input'
}

@test "numbers in the place of labels, an array tokens, are shown, and are ids for --tokenizer" {
    "$PYTHON" - <<'END'
import numpy as np
q = np.eye(3, dtype="f4")
for name, tokens in ("list", [3, 50256, 0]), ("batch", [[3, 50256, 0]]), ("few", [2, 0]), ("real", [1.5, 2, 3]):
    np.savez(name, q=q, k=q, tokens=np.array(tokens))
np.savez("two", q=np.stack([q, q]), k=np.stack([q, q]), tokens=np.array([[1, 2, 0], [0, 1, 2]]))
np.savez("both", q=q, k=q, tokens=np.array([1, 2, 3]), input_ids=np.array([0, 2, 1]))
np.savez("small", q=q, k=q, tokens=np.array([2, 0, 1], "u1"))
END
    attn convert list.npz -o list.safetensors
    local file
    for file in list.npz list.safetensors batch.npz; do
        same "$(attn run $file -q -o - | jq -c .tokens)" '["3","50256","0"]'
        same "$(attn info $file --format json | jq -c '[.files[0].tensors[] | select(.name == "tokens")] | length')" 1
    done
    attn info list.npz | grep -q '^  tokens .* ids of the tokens$'
    printf 'a\nb\nc\n' >vocab.txt
    same "$(attn run small.npz -q --tokenizer vocab.txt -o - | jq -c .tokens)" '["c","a","b"]'
    same "$(attn run both.npz -q --tokenizer vocab.txt -o - | jq -c .tokens)" '["a","c","b"]'
    same "$(attn run two.npz -q --batch 1 -o - | jq -c .tokens)" '["0","1","2"]'
    fails 3 'two.npz:tokens: the numbers of the tokens are 2×3: expected a list, or --batch N, which takes one sequence of a batch' \
        attn run two.npz -o x.png
    same "$(attn run few.npz -o x.png 2>&1)" 'attn: warning: few.npz:tokens: tokens has 2 labels for 3 queries: the missing one is numbered'
    same "$(attn run real.npz -o x.png 2>&1)" 'attn: warning: real.npz: tokens is not read: nothing is known of this name'
    attn convert list.npz -o again.pt
    cmp <(attn run again.pt -q -o -) <(attn run list.npz -q -o -)
}
