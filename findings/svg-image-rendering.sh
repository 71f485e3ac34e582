#!/bin/bash
# No value of image-rendering keeps the cells of a matrix apart in every SVG renderer, and one smooths always.
#
# Seen with: Debian's librsvg2-bin, rsvg-convert 2.54.7, and @resvg/resvg-js 2.6.2.
#
# Expected: a small matrix put into an SVG as one pixel a cell is drawn as squares with
# image-rendering="pixelated" (the CSS value that browsers draw so) or "optimizeSpeed" (the value of SVG 1.1).
#
# Seen, for a 2×2 PNG of black and white enlarged to 200×200, the number of grays along a row of cells:
#                     rsvg-convert   resvg
#   auto              many           many
#   optimizeSpeed     many           2
#   pixelated         many           many
#   crisp-edges       many           many
# resvg takes the old value alone; librsvg (which draws SVG for GTK programs too) smooths with each of
# them. The same holds if the value is set in a style.
#
# Why it matters: a heatmap whose cells are the pixels of an embedded picture is crisp in the author's browser
# and a blur in a file manager, a slide tool or a README that was rendered elsewhere: neighbouring
# weights run into one another, and a causal edge is no longer an edge. Only a rectangle a cell, or
# a picture that already has the size it is shown at, is drawn alike.
set -eu

version="rsvg-convert version 2.54.7"
if [ "$(rsvg-convert --version 2>/dev/null)" != "$version" ]; then
  echo "this needs $version, of Debian 12: apt-get install librsvg2-bin" >&2
  exit 2
fi

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
npm install --prefix "$tmp" --ignore-scripts --no-audit --no-fund @resvg/resvg-js@2.6.2 pngjs@7.0.0 >/dev/null

cat > "$tmp/run.cjs" <<'END'
const { execFileSync } = require('node:child_process');
const { Resvg } = require('@resvg/resvg-js');
const { PNG } = require('pngjs');

const cells = new PNG({ width: 2, height: 2 });
[0, 255, 255, 0].forEach((gray, i) => cells.data.set([gray, gray, gray, 255], 4 * i));
const href = 'data:image/png;base64,' + PNG.sync.write(cells).toString('base64');

// The grays along a row through the upper cells, of 200 pixels.
const grays = png => {
  const { data, width } = PNG.sync.read(png);
  const seen = new Set();
  for (let x = 0; x < width; x++) seen.add(data[4 * (50 * width + x)]);
  return seen.size > 2 ? 'many' : String(seen.size);
};

for (const value of ['auto', 'optimizeSpeed', 'pixelated', 'crisp-edges'])
  for (const how of [`image-rendering="${value}"`, `style="image-rendering: ${value}"`]) {
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="200" ' +
      `height="200"><image ${how} width="200" height="200" xlink:href="${href}"/></svg>`;
    console.log(how.padEnd(38), 'rsvg-convert', grays(execFileSync('rsvg-convert', { input: svg })),
                ' resvg', grays(new Resvg(svg).render().asPng()));
  }
END
node "$tmp/run.cjs" > "$tmp/seen"

cat > "$tmp/recorded" <<'END'
image-rendering="auto"                 rsvg-convert many  resvg many
style="image-rendering: auto"          rsvg-convert many  resvg many
image-rendering="optimizeSpeed"        rsvg-convert many  resvg 2
style="image-rendering: optimizeSpeed" rsvg-convert many  resvg 2
image-rendering="pixelated"            rsvg-convert many  resvg many
style="image-rendering: pixelated"     rsvg-convert many  resvg many
image-rendering="crisp-edges"          rsvg-convert many  resvg many
style="image-rendering: crisp-edges"   rsvg-convert many  resvg many
END
diff "$tmp/recorded" "$tmp/seen" || { echo "the behaviour has changed" >&2; exit 1; }
echo "seen: librsvg smooths the cells of an embedded picture always, resvg with all but optimizeSpeed"
