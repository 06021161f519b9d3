#!/bin/sh
# Writes labels.ttf again: the glyphs of DejaVu Sans Bold that labels need, without hinting.
# Needs fonts-dejavu-core (Debian) and fonttools 4.68.0 (PyPI, for pyftsubset).
#
#   assets/fonts/make_labels_font.sh [FONT.ttf]
set -eu
cd "$(dirname "$0")"
source=${1:-/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf}

# Latin with Latin-1 and Extended-A, the Romanian, German and Welsh additions
latin=U+0020-007E,U+00A0-017F,U+0192,U+0218-021B,U+1E80-1E85,U+1E9E
marks=U+02C6,U+02C7,U+02D8-02DD,U+0300-0304,U+0306-030C,U+0327,U+0328
greek=U+0370-03FF
# Cyrillic of the Slavic languages, Kazakh and Tatar
cyrillic=U+0400-045F,U+0490-0493,U+049A,U+049B,U+04A2,U+04A3,U+04AE-04B3,U+04BA,U+04BB
cyrillic=$cyrillic,U+04D8,U+04D9,U+04E8,U+04E9
signs=U+2010-2015,U+2018-201E,U+2020-2022,U+2026,U+2030,U+2032,U+2033,U+2039,U+203A,U+2044
signs=$signs,U+20AC,U+2116,U+2122,U+2190-2193,U+2212,U+2248,U+2260,U+2264,U+2265,U+FFFD

pyftsubset "$source" --unicodes="$latin,$marks,$greek,$cyrillic,$signs" --no-hinting \
    --layout-features= --drop-tables+=FFTM,GSUB,GPOS,GDEF,MATH --legacy-kern --notdef-outline \
    --name-IDs='*' --no-recalc-timestamp --output-file=labels.ttf
