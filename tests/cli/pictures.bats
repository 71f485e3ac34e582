# What the pictures show, pixel by pixel (tests/numpy/check_pictures.py).
load helper

pictures() {
    DATA=$DATA numpy check_pictures.py "$@"
}

@test "the decoder of these tests takes off every filter" { pictures decoder; }
@test "every kind of picture is a sound PNG" { pictures pngcheck; }
@test "--metadata: what a PNG says of itself, and how large it is on paper" { pictures metadata; }
@test "bug: what heads share was drawn for each, and heads of keys had the numbers of others" { pictures names; }
@test "same input, same options, same bytes" { pictures same_bytes; }
@test "pictures have a palette where that shows nothing else" { pictures palette; }
@test "--cell sets the pixels of a cell" { pictures cell; }
@test "--dpi-scale 2 doubles everything" { pictures dpi_scale; }
@test "no figure is wider than --width" { pictures width; }
@test "each cell has the colour of its weight" { pictures colors; }
@test "--vmin, --vmax and --color-scale" { pictures range; }
@test "signed stages are centred on 0" { pictures signed; }
@test "masked cells have a colour of their own, above the diagonal and nowhere else" { pictures masked; }
@test "--draw-mask has two colours and a legend" { pictures draw_mask; }
@test "masked is not 0" { pictures masked_is_not_zero; }
@test "bug: a mask over given weights hid them" { pictures weight_under_a_mask; }
@test "NaN has a colour of its own" { pictures nan; }
@test "two heads are two panels" { pictures panels; }
@test "the diagonal of 3000 tokens is seen where blocks are pooled" { pictures pooled_diagonal; }
@test "a pooled block is masked only where all of it is" { pictures pooled_mask; }

@test "bug: a title of one blank asked for no bytes of no memory, which a sanitizer sees" {
    attn run "$DATA/cross.json" --title ' ' -q -o x.png
}
