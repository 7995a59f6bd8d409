#!/bin/sh
# Cuts NotoSansJP-Regular.ttf out of the whole font. Usage: sh make-subset.sh WHOLE.ttf ; needs fonttools (pyftsubset) and python3.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
list=$(mktemp)
python3 - >"$list" <<'PY'
import sys
chars = {chr(c) for c in range(0x20, 0x7F)} | {chr(c) for c in range(0xA0, 0x180)}
for row in range(0xA1, 0xFF):
    for cell in range(0xA1, 0xFF):
        try:
            chars.add(bytes([row, cell]).decode("euc_jp"))
        except UnicodeDecodeError:
            pass
chars |= set("–—‘’“”…•−≤≥±×δΔ∞μ→←≈√·〓①②③④⑤⑥⑦⑧⑨⑩")
sys.stdout.write("".join(sorted(chars)))
PY
pyftsubset "$1" --text-file="$list" --layout-features='' --no-hinting --desubroutinize --notdef-outline --no-recalc-timestamp \
  --drop-tables+=GSUB,GPOS,GDEF,BASE,VORG,vhea,vmtx,STAT,DSIG,meta --name-IDs='0,1,2,3,4,5,6,13,14' \
  --output-file="$here/NotoSansJP-Regular.ttf"
rm -f "$list"
