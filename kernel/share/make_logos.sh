#!/bin/sh
# Draws the logos again after logo-svg.svg has changed; needs rsvg-convert (Debian: librsvg2-bin).
cd "$(dirname "$0")" || exit 1
for size in 32 64; do
    rsvg-convert -w $size -h $size -o logo-${size}x$size.png logo-svg.svg || exit 1
done
