"""Small TrueType fonts, made table by table (OpenType 1.9), for the tests of --font.

Each glyph is a rectangle, so that a picture shows at once which it is and where it stands.
"""
import pathlib
import struct
import sys


def table_glyf(boxes):
    """glyf and loca (long) of rectangles (left, bottom, right, top) in font units; None has no outline."""
    glyf, loca = b"", [0]
    for box in boxes:
        if box:
            left, bottom, right, top = box
            xs, ys = (left, 0, right - left, 0), (bottom, top - bottom, 0, bottom - top)
            glyf += struct.pack(">5h", 1, left, bottom, right, top) + struct.pack(">HH", 3, 0) + b"\1" * 4
            glyf += struct.pack(">4h", *xs) + struct.pack(">4h", *ys)
            glyf += b"\0" * (-len(glyf) % 4)
        loca.append(len(glyf))
    return glyf, struct.pack(f">{len(loca)}I", *loca)


def table_cmap(codes):
    """cmap of format 12 for a dict of code points to glyphs."""
    groups = b"".join(struct.pack(">III", code, code, glyph) for code, glyph in sorted(codes.items()))
    return struct.pack(">HHHHI", 0, 1, 3, 10, 12) + struct.pack(">HHIII", 12, 0, 16 + len(groups), 0, len(codes)) + groups


def table_name(family):
    text = family.encode("utf-16-be")
    return struct.pack(">HHH", 0, 1, 18) + struct.pack(">6H", 3, 1, 0x409, 1, len(text), 0) + text


def tables_colr(base, layers, colors):
    """COLR and CPAL, version 0: glyph `base` is painted as layers (glyph, place in colours); colours are (r, g, b)."""
    colr = struct.pack(">HHIIH", 0, 1, 14, 20, len(layers)) + struct.pack(">HHH", base, 0, len(layers))
    colr += b"".join(struct.pack(">HH", *layer) for layer in layers)
    cpal = struct.pack(">HHHHIH", 0, len(colors), 1, len(colors), 14, 0)
    return colr, cpal + b"".join(bytes((b, g, r, 255)) for r, g, b in colors)


def font(glyphs, family="Test Boxes", em=1000, **more):
    """A font of glyphs: a list of (code point or None, advance, box or None). The first is what it has no glyph for."""
    glyf, loca = table_glyf([box for _, _, box in glyphs])
    count = len(glyphs)
    tables = {
        "head": struct.pack(">IIIIHHQQ4hHHhhh", 0x10000, 0, 0, 0x5F0F3CF5, 3, em, 0, 0, 0, -200, em, 800, 0, 8, 2, 1, 0),
        "hhea": struct.pack(">I3hH3h3h4hhH", 0x10000, 800, -200, 0, em, 0, 0, em, 1, 0, 0, 0, 0, 0, 0, 0, count),
        "maxp": struct.pack(">I14H", 0x10000, count, 4, 1, 4, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0),
        "hmtx": b"".join(struct.pack(">Hh", advance, box[0] if box else 0) for _, advance, box in glyphs),
        "cmap": table_cmap({code: i for i, (code, _, _) in enumerate(glyphs) if code is not None}),
        "name": table_name(family),
        "post": struct.pack(">IIhhIIIII", 0x30000, 0, 0, 0, 0, 0, 0, 0, 0),
        "loca": loca,
        "glyf": glyf,
    } | more
    return assemble(tables)


def assemble(tables):
    count = len(tables)
    power = 1 << (count.bit_length() - 1)
    head = struct.pack(">IHHHH", 0x10000, count, power * 16, power.bit_length() - 1, count * 16 - power * 16)
    at, body = 12 + 16 * count, b""
    for tag in sorted(tables):
        data = tables[tag]
        head += struct.pack(">4sIII", tag.encode(), 0, at + len(body), len(data))
        body += data + b"\0" * (-len(data) % 4)
    return head + body


SQUARE = (100, 0, 900, 800)
HINDI = [(None, 1000, None), (ord(" "), 500, None), (0x928, 1000, SQUARE), (0x92E, 2000, (100, 0, 1900, 800))]


def hindi(**more):
    """Two letters, a square and one twice as wide, and a blank."""
    return font(HINDI, **more)


def emoji():
    """U+1F680 as a red square around a blue one."""
    colr, cpal = tables_colr(1, [(2, 0), (3, 1)], [(255, 0, 0), (0, 0, 255)])
    glyphs = [(None, 1000, None), (0x1F680, 1000, SQUARE), (None, 1000, SQUARE), (None, 1000, (300, 200, 700, 600))]
    return font(glyphs, family="Test Emoji", COLR=colr, CPAL=cpal)


if __name__ == "__main__":
    for name, made in (("hindi.ttf", hindi()), ("emoji.ttf", emoji())):
        (pathlib.Path(sys.argv[1]) / name).write_bytes(made)
