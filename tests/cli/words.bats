# Files of word vectors, and the words of a text that are taken from them.
load helper

SMALL='the 0.1 0.9
cat 0.8 0.3
sat 0.2 0.4
. 0 0.1
do 0.5 0.25
n'"'"'t -1 2
Paris 3 1e-3
. . . 7 7
cat 9 9
'

# tokens FILE TEXT: the words that are taken for the text.
tokens() {
    attn run "$1" --text "$2" -o - | jq -c .tokens
}

@test "the rows of words are those that a table of them would have" {
    printf '%s' "$SMALL" >small.txt
    printf '9 2\n%s' "$SMALL" | sed 's/$/ /; 1s/ $//' >small.vec
    printf '0.1,0.9\n0.8,0.3\n0.2,0.4\n0.8,0.3\n' >rows.csv
    printf 'the\ncat\nsat\ncat\n' >rows.txt
    attn run rows.csv --tokens rows.txt -o wanted.json
    for file in small.txt small.vec; do
        attn run "$file" --text "  the cat
sat cat" -o - 2>err | cmp - wanted.json
        same "$(cat err)" ""
        attn run - --text "the cat sat cat" -o - <"$file" | cmp - wanted.json
        attn run --embeddings "$file" --text "the cat sat cat" -o - | cmp - wanted.json
    done
}

@test "words as users write them" {
    printf '%s' "$SMALL" >small.txt
    same "$(tokens small.txt 'The CAT sat.')" '["the","cat","sat","."]'
    same "$(tokens small.txt "Don't sat...")" '["do","n'"'"'t","sat",".",".","."]'
    same "$(tokens small.txt 'don’t')" '["do","n'"'"'t"]'
    same "$(tokens small.txt 'Paris')" '["Paris"]'
    attn run small.txt --text 'The sat. cat' -v -o x.json 2>err
    same "$(head -2 err)" 'attn: small.txt: "The" is taken for "the"
attn: small.txt: "sat." is taken for "sat" "."'
    printf 'ünder 1 2\nпривет 2 3\nαβγ 4 5\n' >other.txt
    same "$(tokens other.txt 'ÜNDER ПРИВЕТ, ΑΒΓ' 2>&1)" \
        'attn: other.txt: no row for "ПРИВЕТ," (did you mean привет?): expected words that the file has'
    same "$(tokens other.txt 'ÜNDER ПРИВЕТ ΑΒΓ')" '["ünder","привет","αβγ"]'
}

@test "words that are not there are all named" {
    printf '%s' "$SMALL" >small.txt
    fails 3 'small.txt: no row for "paris" (did you mean Paris?), "dog", "cat!" (did you mean cat?): expected words that the file has' \
        attn run small.txt --text 'paris dog the cat!' -o x.json
    fails 3 'small.txt: no row for "PARIS" (did you mean Paris?): expected words that the file has' \
        attn run small.txt --text PARIS -o x.json
    fails 2 '--text is empty: expected words' attn run small.txt --text ' ' -o x.json
    local many
    many=$(seq -f 'word%g' 1 200)
    attn run small.txt --text "$many" -o x.json 2>err && return 1
    grep -qE 'small.txt: no row for "word1", "word2", .* and [0-9]+ more: expected words that the file has$' err
}

@test "--text wants a file of word vectors" {
    echo '[[1,0],[0,1]]' >x.json
    printf '1,0\n0,1\n' >x.csv
    fails 2 '--text takes the rows of its words from a file of word vectors, and no input is one: expected lines of a word and its numbers, as word2vec, GloVe and fastText write them' \
        attn run x.json --text cat -o y.json
    fails 3 'x.csv: --text takes rows by their words: expected a matrix with a word in front of each row' \
        attn run x.csv --text cat -o y.json
    printf '%s' "$SMALL" >small.txt
    echo '{"w_q":[[1,0],[0,2]],"causal":true}' >w.json
    echo '{"embeddings":[[0.1,0.9],[0.8,0.3]],"tokens":["the","cat"],"w_q":[[1,0],[0,2]],"causal":true}' >all.json
    same "$(attn run small.txt w.json --text 'the cat' -o -)" "$(attn run all.json -o -)"
}

@test "a CSV table with quoted words is a file of word vectors too" {
    printf 'word,x,y\n"the",0.1,0.9\n",",5,6\n"""",7,8\n' >t.csv
    same "$(attn run t.csv --text 'the , "' -o - | jq -c .tokens)" '["the",",","\""]'
    same "$(attn run t.csv --text 'The, "the' -o - | jq -c .tokens)" '["the",",","\"","the"]'
    needs_real glove.csv
    same "$(attn run "$REAL/glove.csv" --text "wouldn't the people, new" -o - 2>&1)" \
        "attn: $REAL/glove.csv: no row for \"people,\" (did you mean people?): expected words that the file has"
    numpy check_words.py glove "$REAL/glove.csv"
}

@test "word2vec's first line, and files that are not what it says" {
    printf '3 2\na 1 2\nb 3 4\nc 5 6\n' >w.vec
    same "$(attn run w.vec -o - | jq -c .tokens)" '["a","b","c"]'
    printf '1,2\n3,4\n5,6\n' >rows.csv
    same "$(attn run w.vec -o - | jq -c .weights)" "$(attn run rows.csv -o - | jq -c .weights)"
    printf '900 2\na 1 2\nb 3 4\n' >head.vec
    same "$(attn run head.vec -o x.json 2>&1)" 'attn: warning: head.vec:1: the first line says 900 words, and 2 follow'
    same "$(attn run head.vec --text b -o x.json 2>&1)" 'attn: warning: head.vec:1: the first line says 900 words, and 2 follow'
    printf '2 2\na 1 2\nb 3 x4\n' >bad.vec
    fails 3 'bad.vec:3:5: "x4" is not a number: expected a word and 2 numbers' attn run bad.vec -o x.json
    fails 3 'bad.vec:3:5: "x4" is not a number: expected a word and 2 numbers' attn run bad.vec --text 'a b' -o x.json
    printf '2 2\na 1 2\nb 3\n' >short.vec
    fails 3 'short.vec:3:1: 2 cells in this line: expected a word and 2 numbers' attn run short.vec -o x.json
    fails 3 'short.vec:3:1: 2 cells in this line: expected a word and 2 numbers' attn run short.vec --text b -o x.json
    printf '2 2\nat home 1 2\nb\xff 3 4\n' >bytes.vec
    fails 3 'bytes.vec:3:2: the byte 0xff is not UTF-8: expected text in UTF-8' attn run bytes.vec -o x.json
    fails 3 'bytes.vec: no row for "at": expected words that the file has' attn run bytes.vec --text at -o x.json
    printf '2 2\nat home 1 2\n</s> 3 4\n' >blank.vec
    same "$(attn run blank.vec -o - | jq -c .tokens)" '["at home","</s>"]'
    same "$(tokens blank.vec '</s>')" '["</s>"]'
    printf '0 2\n1 3\n' >matrix.txt
    same "$(attn run matrix.txt -q -o - | jq -c '.weights[0][0] | length')" 2
}

@test "a file that is too large to be read whole, and binary forms" {
    numpy check_words.py large
    fails 3 'large.vec: more than 64 MiB of word vectors: expected --text "WORDS", which takes the rows of these words (or --input-format csv, which reads all)' \
        attn run large.vec -o x.json
    numpy check_words.py binary
    fails 3 "w.bin: this is word2vec's binary form: expected its text, which gensim writes: KeyedVectors.load_word2vec_format(\"w.bin\", binary=True).save_word2vec_format(\"words.txt\", binary=False)" \
        attn run w.bin --text a -o x.json
    printf '\272\026\117\057\014\000\000\000' >model.bin
    fails 3 'model.bin: this is a model of fastText (.bin), whose .vec is text: expected one of json, vectors, alignments, csv, npy, npz, safetensors, gguf, torch, llama2c' \
        attn run model.bin -o x.json
}
