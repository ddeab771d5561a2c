#!/bin/sh
# Copies what the browser needs out of node_modules into static/vendor, with the licences, and builds the
# icon sprite. The copies are committed: run this only after changing a version in package.json or an icon below.
set -eu
cd "$(dirname "$0")/.."

icons="
activity archive arrow-left arrow-right arrow-up-right ban bell book-open building-2 calendar calendar-days check
chevron-down chevron-left chevron-right chevrons-up circle circle-alert circle-check circle-dashed circle-dot
circle-help circle-x clock clock-alert copy credit-card download external-link eye eye-off file file-archive
file-text flag funnel globe handshake headphones history hourglass house image inbox info key-round life-buoy
lightbulb link list lock log-in log-out mail menu message-circle message-square message-square-text
messages-square minus monitor package paperclip pause pencil phone pin play plus printer refresh-cw reply rotate-ccw rss
scale search send server settings shield-check sliders-horizontal smartphone sparkles star sticky-note tag terminal
thumbs-down thumbs-up ticket trash-2 triangle-alert upload user user-check user-plus users wifi-off wrench x zap
"

npm ci --ignore-scripts --no-audit --no-fund

vendor=static/vendor
rm -rf "$vendor"
mkdir -p "$vendor/htmx" "$vendor/inter" "$vendor/lucide" tests/browser/vendor

cp node_modules/htmx.org/dist/htmx.min.js node_modules/htmx.org/LICENSE "$vendor/htmx/"
cp node_modules/htmx-ext-sse/dist/sse.min.js "$vendor/htmx/"
cp node_modules/htmx-ext-sse/LICENSE "$vendor/htmx/sse.LICENSE"
cp node_modules/@fontsource-variable/inter/LICENSE "$vendor/inter/"
for subset in latin latin-ext cyrillic; do
  cp "node_modules/@fontsource-variable/inter/files/inter-$subset-wght-normal.woff2" "$vendor/inter/"
done
cp node_modules/lucide-static/LICENSE "$vendor/lucide/"
cp node_modules/axe-core/axe.min.js tests/browser/vendor/
cp node_modules/axe-core/LICENSE tests/browser/vendor/axe.LICENSE

# A symbol per icon; stroke and size come from the class .icon.
{
  echo '<svg xmlns="http://www.w3.org/2000/svg">'
  echo '<!-- Lucide, ISC licence: see vendor/lucide/LICENSE. Built by scripts/vendor.sh. -->'
  for name in $icons; do
    source="node_modules/lucide-static/icons/$name.svg"
    [ -f "$source" ] || { echo "No such icon: $name" >&2; exit 1; }
    printf '<symbol id="%s" viewBox="0 0 24 24">' "$name"
    sed -e '/<!--/d' -e '1,/^>/d' -e '/<\/svg>/d' -e 's/^ *//' -e 's# />#/>#' "$source" | tr -d '\n'
    echo '</symbol>'
  done
  echo '</svg>'
} > static/icons.svg.new
mv static/icons.svg.new static/icons.svg
# The same icons as masks for the boxes in articles, where CSS draws them.
for pair in note:info tip:lightbulb warning:triangle-alert danger:circle-alert; do
  {
    printf '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="#000" stroke-width="2" stroke-linecap="round" stroke-linejoin="round">'
    sed -n "s/.*<symbol id=\"${pair#*:}\"[^>]*>\(.*\)<\/symbol>/\1<\/svg>/p" static/icons.svg
  } > "static/img/${pair%:*}.svg"
done
echo "static/vendor, static/icons.svg and tests/browser/vendor are up to date."
