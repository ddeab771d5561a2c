#!/bin/sh
# Cuts the fonts of invoices to the signs of the portal's languages (Latin, Greek, Cyrillic; Chinese by GB 2312) and
# writes them to portal/billing/fonts. The results are committed: run this only for another version or more signs.
# Needs npm, and fonttools in the Python that runs it.
set -eu
fonts=$(cd "$(dirname "$0")/../portal/billing/fonts" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
for package in @expo-google-fonts/noto-sans@0.4.2 @expo-google-fonts/noto-sans-sc@0.4.3; do
  tar xzf "$(npm pack --silent "$package")"
  cp package/400Regular/NotoSans*_400Regular.ttf package/700Bold/NotoSans_700Bold.ttf . 2>/dev/null || true
done
python3 - > chinese.txt <<'END'
rows = range(0xA1, 0xF8)
pairs = (bytes((high, low)).decode("gb2312", "ignore") for high in rows for low in range(0xA1, 0xFF))
more = (chr(sign) for first, last in ((0x20, 0x7F), (0x3000, 0x303F), (0xFF00, 0xFFEF)) for sign in range(first, last))
print("".join(sorted({*pairs, *more} - {""})), end="")
END
signs=U+0020-024F,U+0370-03FF,U+0400-052F,U+1E00-1EFF,U+2000-206F,U+20A0-20BF,U+2100-214F,U+2190-2193,U+2212
for pair in 400Regular:Regular 700Bold:Bold; do
  pyftsubset "NotoSans_${pair%:*}.ttf" --unicodes=$signs --no-hinting --layout-features=kern,liga,mark,mkmk,ccmp,locl,lnum,tnum \
    --output-file="$fonts/NotoSans-${pair#*:}.ttf"
done
pyftsubset NotoSansSC_400Regular.ttf --text-file=chinese.txt --no-hinting --layout-features= --output-file="$fonts/NotoSansSC-Regular.ttf"
