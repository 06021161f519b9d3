"""Pictures of every kind that tyto reads, small and odd, and what Pillow makes of them.

    python make_images.py FOLDER

writes FOLDER/good/NAME.{png,jpg,webp}, FOLDER/expected.safetensors with NAME.EXT -> [H,W,3] bytes
(convert("RGB"), then exif_transpose), the same of files that are cut or damaged in FOLDER/damaged/ and
FOLDER/expected_damaged.safetensors (with LOAD_TRUNCATED_IMAGES), and FOLDER/bad/ with files that must be
refused.
"""

import io
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageFile, ImageOps
from grids import grid
from safetensors.numpy import save_file

W, H = 29, 19


def photo(w=W, h=H, channels=3, seed=0):
    """Smooth shapes with some noise: no two sides, corners or channels alike."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:h, 0:w]
    planes = [
        128 + 100 * np.sin(x / (3 + c) + c) * np.cos(y / (4 + c)) + 25 * (x > w / 2) - 40 * (y > h / 3)
        for c in range(channels)
    ]
    noise = rng.integers(-9, 10, (h, w, channels))
    return np.clip(np.stack(planes, -1) + noise, 0, 255).astype(np.uint8)


# ---- PNG, written by hand: Pillow writes neither 16-bit colours nor interlaced files


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def packed_rows(samples, depth):
    """[h,w,c] samples to filtered rows (filter 0)."""
    out = b""
    for row in samples:
        flat = row.reshape(-1)
        if depth == 16:
            line = flat.astype(">u2").tobytes()
        elif depth == 8:
            line = flat.astype(np.uint8).tobytes()
        else:
            bits = np.unpackbits(flat.astype(np.uint8)[:, None], axis=1)[:, 8 - depth :]
            line = np.packbits(bits.reshape(-1)).tobytes()
        out += b"\0" + line
    return out


ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
COLOUR = {"grey": 0, "rgb": 2, "palette": 3, "grey_alpha": 4, "rgba": 6}


def png(samples, kind, depth, extra=(), interlaced=False, after=(), size=None):
    h, w = samples.shape[:2]
    if interlaced:
        passes = (samples[y0::dy, x0::dx] for x0, y0, dx, dy in ADAM7)
        raw = b"".join(packed_rows(p, depth) for p in passes if p.size)
    else:
        raw = packed_rows(samples, depth)
    w, h = size or (w, h)
    header = struct.pack(">IIBBBBB", w, h, depth, COLOUR[kind], 0, 0, int(interlaced))
    chunks = [chunk(b"IHDR", header), *extra, chunk(b"IDAT", zlib.compress(raw, 9)), *after]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks) + chunk(b"IEND", b"")


def samples(channels, depth, seed):
    s = photo(channels=channels, seed=seed).astype(np.uint32)
    if depth == 16:
        return s * 256 + np.random.default_rng(seed).integers(0, 256, s.shape)
    return s >> (8 - depth)


def palette(count, seed=5):
    return np.random.default_rng(seed).integers(0, 256, (count, 3), dtype=np.uint8)


def good_pngs():
    files = {}
    for depth in (1, 2, 4, 8, 16):
        files[f"grey_{depth}"] = png(samples(1, depth, depth), "grey", depth)
    for kind, channels in ("grey_alpha", 2), ("rgb", 3), ("rgba", 4):
        for depth in 8, 16:
            files[f"{kind}_{depth}"] = png(samples(channels, depth, depth + channels), kind, depth)
    for depth in 1, 2, 4, 8:
        plte = chunk(b"PLTE", palette(2**depth).tobytes())
        files[f"palette_{depth}"] = png(samples(1, depth, depth), "palette", depth, [plte])
    plte = chunk(b"PLTE", palette(16).tobytes())
    files["palette_alpha"] = png(samples(1, 4, 3), "palette", 4, [plte, chunk(b"tRNS", bytes(range(0, 160, 10)))])
    rgb = samples(3, 8, 11)
    key = chunk(b"tRNS", b"".join(struct.pack(">H", int(v)) for v in rgb[3, 4]))
    files["rgb_key"] = png(rgb, "rgb", 8, [key])
    files["grey_key"] = png(samples(1, 8, 12), "grey", 8, [chunk(b"tRNS", struct.pack(">H", 77))])
    # What a viewer would use and Pillow does not: gamma, significant bits, background.
    files["rgb_gamma"] = png(
        rgb, "rgb", 8, [chunk(b"gAMA", struct.pack(">I", 100000)), chunk(b"sBIT", b"\5\6\5"), chunk(b"bKGD", bytes(6))]
    )
    for kind, channels, depth in ("grey", 1, 1), ("grey", 1, 16), ("rgb", 3, 8), ("rgba", 4, 16):
        files[f"interlaced_{kind}_{depth}"] = png(samples(channels, depth, 21), kind, depth, interlaced=True)
    files["interlaced_palette_2"] = png(
        samples(1, 2, 22), "palette", 2, [chunk(b"PLTE", palette(4).tobytes())], interlaced=True
    )
    files["one_pixel"] = png(samples(3, 8, 1)[:1, :1], "rgb", 8)
    files["one_row"] = png(photo(300, 1), "rgb", 8)
    files["one_column"] = png(photo(1, 300), "rgb", 8)
    files["exif_before"] = png(rgb, "rgb", 8, [chunk(b"eXIf", exif(6))])
    files["exif_after"] = png(rgb, "rgb", 8, after=[chunk(b"eXIf", exif(3, "<"))])
    files["text"] = png(rgb, "rgb", 8, [chunk(b"tEXt", b"Comment\0grey cat"), chunk(b"zTXt", b"a\0\0" + zlib.compress(b"x" * 999))])
    # EXIF as text, as ImageMagick keeps it; and what else Pillow reads.
    for name, text in ("tEXt", profile(exif(6))), ("zTXt", b"\0" + zlib.compress(profile(b"Exif\0\0" + exif(8)))):
        files[f"exif_{name}"] = png(rgb, "rgb", 8, after=[chunk(name.encode(), b"Raw profile type exif\0" + text)])
    text = b"Raw profile type exif\0\1\0en\0\0" + zlib.compress(profile(exif(5)))
    files["exif_iTXt"] = png(rgb, "rgb", 8, [chunk(b"iTXt", text)])
    files["exif_prefixed"] = png(rgb, "rgb", 8, [chunk(b"eXIf", b"Exif\0\0" + exif(7))])
    files["exif_twice"] = png(rgb, "rgb", 8, [chunk(b"eXIf", exif(7)), chunk(b"eXIf", exif(3))])
    text = b"Raw profile type exif\0" + profile(exif(6))
    files["exif_and_text"] = png(rgb, "rgb", 8, [chunk(b"tEXt", text), chunk(b"eXIf", exif(3))])
    xmp = b"<x tiff:Orientation is=\"not this\" tiff:Orientation=\"6\"/>"
    files["xmp_zTXt"] = png(rgb, "rgb", 8, [chunk(b"zTXt", b"XML:com.adobe.xmp\0\0" + zlib.compress(xmp))])
    # Whole but for what follows the pixels.
    whole = files["rgb_8"]
    files["no_end"] = whole[:-12]
    files["half_end"] = whole[:-7]
    files["no_checksum"] = whole[:-14]
    files["junk_behind"] = whole[:-12] + b"\1\2\3"
    files["bad_behind"] = whole[:-12] + chunk(b"tEXt", b"a\0b")[:-1] + b"?" + whole[-12:]
    files["interlaced_no_end"] = files["interlaced_rgb_8"][:-12]
    frames = [Image.fromarray(photo(seed=s)) for s in (31, 32)]
    files["animated"] = saved(frames[0], "PNG", save_all=True, append_images=frames[1:])
    return {f"{k}.png": v for k, v in files.items()}


# ---- EXIF


def exif(orientation, order=">", kind=3, pad=0):
    """TIFF structure with the orientation (kind 3: short, 4: long, 6, 8, 9, 13: others) after another
    entry; pad: bytes between the header and them."""
    value = struct.pack(order + {3: "H2x", 4: "I", 6: "b3x", 8: "h2x", 9: "i", 13: "I"}[kind], orientation)
    entries = [struct.pack(order + "HHIH2x", 0x0103, 3, 1, 6), struct.pack(order + "HHI", 0x0112, kind, 1) + value]
    body = struct.pack(order + "H", len(entries)) + b"".join(entries) + bytes(4)
    return (b"MM" if order == ">" else b"II") + struct.pack(order + "HI", 42, 8 + pad) + bytes(pad) + body


def profile(data):
    """As ImageMagick writes it: a name, the length, and lines of 72 digits."""
    text = data.hex()
    lines = [text[i : i + 72] for i in range(0, len(text), 72)]
    return ("\nexif\n%8d\n" % len(data) + "\n".join(lines) + "\n").encode()


def app1(data, payload):
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(payload) + 2) + payload + data[2:]


def saved(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


# ---- JPEG


def jpeg_segments(data):
    """(marker, start, end) of the segments before the first scan."""
    at = 2
    while data[at + 1] != 0xDA:
        length = struct.unpack(">H", data[at + 2 : at + 4])[0]
        yield data[at + 1], at, at + 2 + length
        at += 2 + length


def without(data, marker):
    for found, start, end in jpeg_segments(data):
        if found == marker:
            return data[:start] + data[end:]
    raise ValueError(marker)


def good_jpegs():
    rgb, grey = Image.fromarray(photo(seed=2)), Image.fromarray(photo(seed=3)[:, :, 0])
    cmyk = Image.fromarray(photo(channels=4, seed=4), "CMYK")
    files = {
        "grey": saved(grey, "JPEG", quality=90),
        "rgb_444": saved(rgb, "JPEG", quality=90, subsampling=0),
        "rgb_422": saved(rgb, "JPEG", quality=85, subsampling=1),
        "rgb_420": saved(rgb, "JPEG", quality=60, subsampling=2),
        "rgb_kept": saved(rgb, "JPEG", quality=90, keep_rgb=True),
        "progressive": saved(rgb, "JPEG", quality=80, progressive=True),
        "progressive_grey": saved(grey, "JPEG", quality=80, progressive=True),
        "optimized": saved(rgb, "JPEG", quality=30, optimize=True),
        "restarts": saved(rgb, "JPEG", quality=80, restart_marker_blocks=2),
        "cmyk": saved(cmyk, "JPEG", quality=90),
        "cmyk_unmarked": without(saved(cmyk, "JPEG", quality=90), 0xEE),
        "one_pixel": saved(rgb.crop((0, 0, 1, 1)), "JPEG"),
        "one_row": saved(Image.fromarray(photo(70, 1)), "JPEG"),
    }
    for i in range(1, 9):
        files[f"orientation_{i}"] = saved(rgb, "JPEG", quality=90, exif=b"Exif\0\0" + exif(i, "<>"[i % 2]))
    files["orientation_long"] = saved(rgb, "JPEG", quality=90, exif=b"Exif\0\0" + exif(8, kind=4))
    files["orientation_9"] = saved(rgb, "JPEG", quality=90, exif=b"Exif\0\0" + exif(9))
    for kind in 6, 8, 9, 13:
        files[f"orientation_type_{kind}"] = app1(files["rgb_444"], b"Exif\0\0" + exif(6, "<>"[kind % 2], kind=kind))
    files["orientation_twice"] = app1(files["rgb_444"], b"Exif\0\0" * 2 + exif(6))
    parts = exif(5, pad=40)
    files["orientation_parts"] = app1(app1(files["rgb_444"], b"Exif\0\0" + parts[30:]), b"Exif\0\0" + parts[:30])
    # Whole but for what follows the pixels.
    for name in "rgb_444", "progressive", "restarts", "cmyk":
        files[f"{name}_no_end"] = files[name][:-2]
    files["half_end"] = files["rgb_420"][:-1]
    files["trailer"] = files["rgb_420"][:-2] + b"\0\0\x01\x0aImage_UTC_Data1SEFH"
    files["cmyk_turned"] = saved(cmyk, "JPEG", quality=90, exif=b"Exif\0\0" + exif(5))
    return {f"{k}.jpg": v for k, v in files.items()}


# ---- WebP


def riff(*chunks):
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def riff_chunk(name, data):
    return name + struct.pack("<I", len(data)) + data + bytes(len(data) & 1)


def extended(flags, w, h):
    return riff_chunk(b"VP8X", bytes([flags, 0, 0, 0]) + int24(w - 1) + int24(h - 1))


def int24(value):
    return struct.pack("<I", value)[:3]


def frame(still, x, y, w, h):
    """A still WebP file as a frame at (x, y), which must be even."""
    head = int24(x // 2) + int24(y // 2) + int24(w - 1) + int24(h - 1) + int24(100) + b"\2"
    return riff_chunk(b"ANMF", head + still[12:])


def good_webps():
    rgb, rgba = Image.fromarray(photo(seed=7)), Image.fromarray(photo(channels=4, seed=8))
    animation = [Image.fromarray(photo(seed=s)) for s in (41, 42, 43)]
    small = saved(Image.fromarray(photo(11, 7, seed=44)), "WEBP", lossless=True)
    files = {
        "lossless": saved(rgb, "WEBP", lossless=True),
        "lossless_alpha": saved(rgba, "WEBP", lossless=True, exact=True),
        "lossy": saved(rgb, "WEBP", quality=70),
        "lossy_alpha": saved(rgba, "WEBP", quality=70, exact=True),
        "one_pixel": saved(rgb.crop((0, 0, 1, 1)), "WEBP", lossless=True),
        "animated": saved(animation[0], "WEBP", save_all=True, append_images=animation[1:], lossless=True),
        "animated_offset": riff(
            extended(2, W, H), riff_chunk(b"ANIM", bytes(6)), frame(small, 4, 10, 11, 7), frame(small, 0, 0, 11, 7)
        ),
    }
    for i in (2, 5, 6, 8):
        files[f"orientation_{i}"] = saved(rgb, "WEBP", lossless=True, exif=exif(i, "<"))
    files["trailing"] = files["lossless"] + b"junk behind the picture"
    files["orientation_prefixed"] = saved(rgb, "WEBP", lossless=True, exif=b"Exif\0\0" + exif(7))
    return {f"{k}.webp": v for k, v in files.items()}


# ---- GIF, BMP, TIFF, AVIF, HEIC


def good_gifs():
    rgb = Image.fromarray(photo(seed=51))
    some = rgb.quantize(40)
    frames = [Image.fromarray(photo(seed=s)).quantize(16) for s in (52, 53)]
    files = {
        "palette": saved(some, "GIF", interlace=0),
        "interlaced": saved(some, "GIF", interlace=1),
        "grey": saved(rgb.convert("L"), "GIF"),
        "black_and_white": saved(rgb.convert("1"), "GIF"),
        "transparent": saved(some, "GIF", transparency=3),
        "animated": saved(frames[0], "GIF", save_all=True, append_images=frames[1:]),
        "one_pixel": saved(some.crop((0, 0, 1, 1)), "GIF"),
    }
    whole = files["palette"]
    at = whole.index(b",\0\0\0\0" + struct.pack("<HH", W, H))
    # A frame that lies on a larger screen, and one that reaches beyond it.
    screen = whole[:6] + struct.pack("<HH", W + 9, H + 5) + whole[10:at]
    files["offset"] = screen + b"," + struct.pack("<HH", 4, 3) + whole[at + 5 :]
    files["beyond"] = whole[:at] + b"," + struct.pack("<HH", 4, 3) + whole[at + 5 :]
    files["no_end"] = whole[:-1]
    return {f"{k}.gif": v for k, v in files.items()}


def bmp(header, rows, palette=b"", bits=24, compression=0, size=(W, H), colours=0):
    if header == 12:
        head = struct.pack("<IHHHH", 12, *size, 1, bits)
    else:
        head = struct.pack("<IiiHHIIiiII", header, *size, 1, bits, compression, len(rows), 0, 0, colours, 0)
    at = 14 + len(head) + len(palette)
    return b"BM" + struct.pack("<IHHI", at + len(rows), 0, 0, at) + head + palette + rows


def bmp_rows(data, stride):
    return b"".join(row.tobytes().ljust(stride, b"\0") for row in data)


def good_bmps():
    rgb = Image.fromarray(photo(seed=61))
    bgr = np.asarray(rgb)[::-1, :, ::-1]
    five = (bgr.astype(np.uint16) >> 3) @ np.array([1, 32, 1024], np.uint16)
    six = (bgr.astype(np.uint16) >> (3, 2, 3)) @ np.array([1, 32, 2048], np.uint16)
    index = photo(channels=1, seed=62)[:, :, 0] >> 4
    colours = np.concatenate([palette(16, 63), np.zeros((16, 1), np.uint8)], 1).tobytes()
    quads = np.concatenate([bgr, bgr[:, :, :1]], 2)
    packed = np.pad(index, ((0, 0), (0, 1))).reshape(H, -1, 2)
    runs8, runs4 = b"", b""
    for row in index:
        for v in row[: W - 5]:
            runs8 += bytes([1, v])
        runs8 += bytes([0, 5]) + row[W - 5 :].tobytes() + b"\0" + b"\0\0"
        runs4 += bytes([W - 8, int(row[0]) << 4 | int(row[1]), 0, 7, 0x12, 0x34, 0x56, 0x70, 1, 0x90, 0, 0])
    return {
        "rgb.bmp": saved(rgb, "BMP"),
        "grey.bmp": saved(rgb.convert("L"), "BMP"),
        "palette.bmp": saved(rgb.quantize(30), "BMP"),
        "black_and_white.bmp": saved(rgb.convert("1"), "BMP"),
        "rgba.bmp": saved(Image.fromarray(photo(channels=4, seed=64)), "BMP"),
        "four_bits.bmp": bmp(40, bmp_rows((packed[:, :, 0] << 4 | packed[:, :, 1]), 16), colours, 4),
        "few_colours.bmp": bmp(40, bmp_rows(index, 32), colours[:40], 8, colours=10),
        "bits_555.bmp": bmp(40, bmp_rows(five.astype("<u2"), 60), bits=16),
        "bits_565.bmp": bmp(40, bmp_rows(six.astype("<u2"), 60), struct.pack("<III", 0xF800, 0x7E0, 0x1F), 16, 3),
        "bits_32.bmp": bmp(40, quads.tobytes(), bits=32),
        "top_down.bmp": bmp(40, bmp_rows(bgr.reshape(H, -1), 88), size=(W, -H)),
        "old.bmp": bmp(12, bmp_rows(bgr.reshape(H, -1), 88)),
        "runs_8.bmp": bmp(40, runs8 + b"\0\1", colours, 8, 1, colours=16),
        "runs_4.bmp": bmp(40, runs4 + b"\0\1", colours, 4, 2),
    }


def tiff(rows, tags, order="<", tiles=(), strips=()):
    """Pixels in one strip, in several, or in tiles; tags: number -> (type, values)."""
    tags = {256: (3, [W]), 257: (3, [H]), 259: (3, [1]), **tags}
    parts = list(tiles or strips) or [rows]
    at, offsets = 8, []
    for part in parts:
        offsets.append(at)
        at += len(part) + len(part) % 2
    where, lengths = (324, 325) if tiles else (273, 279)
    tags[where], tags[lengths] = (4, offsets), (4, [len(p) for p in parts])
    body, entries, behind = b"".join(p + bytes(len(p) % 2) for p in parts), b"", b""
    data_at = at + 2 + 12 * len(tags) + 4
    for tag, (kind, values) in sorted(tags.items()):
        data = struct.pack(order + str(len(values)) + {3: "H", 4: "I"}[kind], *values)
        if len(data) > 4:
            field = struct.pack(order + "I", data_at + len(behind))
            behind += data
        else:
            field = data.ljust(4, b"\0")
        entries += struct.pack(order + "HHI", tag, kind, len(values)) + field
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, at)
    return head + body + struct.pack(order + "H", len(tags)) + entries + bytes(4) + behind


def good_tiffs():
    rgb = Image.fromarray(photo(seed=71))
    grey, rgba = rgb.convert("L"), Image.fromarray(photo(channels=4, seed=72))
    cmyk = Image.fromarray(photo(channels=4, seed=73), "CMYK")
    deep = samples(3, 16, 74)
    files = {
        "bw": saved(rgb.convert("1"), "TIFF"),
        "bw_group4": saved(rgb.convert("1"), "TIFF", compression="group4"),
        "grey": saved(grey, "TIFF"),
        "palette": saved(rgb.quantize(50), "TIFF"),
        "rgb": saved(rgb, "TIFF"),
        "rgb_lzw": saved(rgb, "TIFF", compression="tiff_lzw"),
        "rgb_deflate": saved(rgb, "TIFF", compression="tiff_adobe_deflate"),
        "rgb_packbits": saved(rgb, "TIFF", compression="packbits"),
        "rgb_jpeg": saved(rgb, "TIFF", compression="jpeg", quality=90),
        "rgba": saved(rgba, "TIFF"),
        "cmyk": saved(cmyk, "TIFF", compression="tiff_lzw"),
        "float": saved(Image.fromarray(np.asarray(grey).astype(np.float32) * 1.5 - 40), "TIFF"),
        "whole_32": saved(Image.fromarray(np.asarray(grey).astype(np.int32) * 2 - 90), "TIFF"),
        "pages": saved(rgb, "TIFF", save_all=True, append_images=[rgba]),
        "turned": saved(rgb, "TIFF", tiffinfo={274: 6}),
        "rgb_16": tiff(deep.astype("<u2").tobytes(), {258: (3, [16] * 3), 262: (3, [2]), 277: (3, [3])}),
        "rgb_16_big": tiff(deep.astype(">u2").tobytes(), {258: (3, [16] * 3), 262: (3, [2]), 277: (3, [3])}, ">"),
        "white_is_zero": tiff(np.asarray(grey).tobytes(), {258: (3, [8]), 262: (3, [0])}),
        "planes": tiff(
            b"",
            {258: (3, [8] * 3), 262: (3, [2]), 277: (3, [3]), 284: (3, [2])},
            strips=[plane.tobytes() for plane in np.asarray(rgb).transpose(2, 0, 1)],
        ),
    }
    for bits in 2, 4:
        data = b"".join(r[1:] for r in (packed_rows(samples(1, bits, 75)[y : y + 1], bits) for y in range(H)))
        files[f"grey_{bits}"] = tiff(data, {258: (3, [bits]), 262: (3, [1])})
    padded = np.pad(np.asarray(rgb), ((0, 32 - H), (0, 32 - W), (0, 0)))
    tiles = [padded[y : y + 16, x : x + 16].tobytes() for y in (0, 16) for x in (0, 16)]
    files["tiles"] = tiff(
        b"", {258: (3, [8] * 3), 262: (3, [2]), 277: (3, [3]), 322: (3, [16]), 323: (3, [16])}, tiles=tiles
    )
    return {f"{k}.tif": v for k, v in files.items()}


def good_boxes():
    """Lossy, whatever their quality: versions of the codecs differ by a little."""
    rgb = Image.fromarray(photo(seed=81))
    files = {
        "rgb.avif": saved(rgb, "AVIF", quality=95, subsampling="4:4:4"),
        "alpha.avif": saved(Image.fromarray(photo(channels=4, seed=82)), "AVIF", quality=95, subsampling="4:4:4"),
        "grey.avif": saved(rgb.convert("L"), "AVIF", quality=95),
        "frames.avif": saved(rgb, "AVIF", quality=95, subsampling="4:4:4", save_all=True, append_images=[rgb.rotate(180)]),
    }
    for i in 2, 5, 6, 8:
        files[f"turned_{i}.avif"] = saved(rgb, "AVIF", quality=95, subsampling="4:4:4", exif=exif(i))
    import pillow_heif

    pillow_heif.register_heif_opener()
    files["rgb.heic"] = saved(rgb, "HEIF", quality=95, chroma=444)
    files["turned_6.heic"] = saved(rgb, "HEIF", quality=95, chroma=444, exif=exif(6))
    # Tiles, of which the last ones are seen in part; and tiles that are larger than the picture.
    whole = np.pad(photo(150, 100, seed=91), ((0, 28), (0, 42), (0, 0)), mode="edge")
    for ending, kind, how in (("heic", "HEIF", {"chroma": 444}), ("avif", "AVIF", {"subsampling": "4:4:4"})):
        tiles = [
            saved(Image.fromarray(whole[y : y + 64, x : x + 64]), kind, quality=95, **how)
            for y in (0, 64)
            for x in (0, 64, 128)
        ]
        files[f"grid.{ending}"] = grid(tiles, 3, (64, 64), (150, 100))
        files[f"large_tiles.{ending}"] = grid(tiles[:2], 2, (64, 64), (70, 30))
    return files


# ---- what must be refused


def bad_pngs():
    rgb = samples(3, 8, 1)
    whole = png(rgb, "rgb", 8)
    bomb = zlib.compress(bytes(40_000_000), 9)
    nothing = np.zeros((0, 0, 3))
    return {
        "zero_width.png": png(rgb, "rgb", 8, size=(0, H)),
        "zero_height.png": png(rgb, "rgb", 8, size=(W, 0)),
        "absurd_side.png": png(rgb, "rgb", 8, size=(2**31 - 1, 1)),
        "too_many_pixels.png": png(rgb, "rgb", 8, size=(16001, 16001)),
        "large_and_empty.png": png(nothing, "rgb", 8, size=(16000, 15999)),
        "bad_crc.png": whole[:-16] + bytes([whole[-16] ^ 1]) + whole[-15:],
        "no_data.png": whole[:33] + chunk(b"IEND", b""),
        "no_palette.png": png(samples(1, 8, 1), "palette", 8),
        "bad_filter.png": whole[:33] + chunk(b"IDAT", zlib.compress(b"\x09" * (H * (3 * W + 1)))) + chunk(b"IEND", b""),
        "not_zlib.png": whole[:33] + chunk(b"IDAT", b"not compressed at all") + chunk(b"IEND", b""),
        "bad_depth.png": whole[:8] + chunk(b"IHDR", struct.pack(">IIBBBBB", W, H, 3, 2, 0, 0, 0)) + whole[33:],
        # Not refused: the text is left out, and the picture is there.
        "text_bomb_is_ignored.png": png(rgb, "rgb", 8, [chunk(b"zTXt", b"a\0\0" + bomb)]),
    }


def bad_jpegs():
    image = Image.fromarray(photo(seed=2))
    whole, progressive = saved(image, "JPEG"), saved(image, "JPEG", progressive=True)
    frame_at = next(start for marker, start, _ in jpeg_segments(whole) if marker == 0xC0)
    progressive_at = next(start for marker, start, _ in jpeg_segments(progressive) if marker == 0xC2)

    def patched(data, at, value):
        return data[:at] + value + data[at + len(value) :]

    first = progressive.index(b"\xff\xda")
    second = next(i for i in range(first + 12, len(progressive)) if progressive[i] == 0xFF and progressive[i + 1])
    scan = progressive[first:second]
    return {
        "cut.jpg": whole[: len(whole) // 2 + 150],
        "zero_height.jpg": patched(whole, frame_at + 5, struct.pack(">HH", 0, W)),
        "zero_width.jpg": patched(whole, frame_at + 5, struct.pack(">HH", H, 0)),
        "absurd_side.jpg": patched(whole, frame_at + 5, struct.pack(">HH", 65535, 65535)),
        "too_many_pixels.jpg": patched(progressive, progressive_at + 5, struct.pack(">HH", 65000, 65000)),
        "large_and_empty.jpg": patched(whole, frame_at + 5, struct.pack(">HH", 15000, 15000)),
        "twelve_bits.jpg": patched(whole, frame_at + 4, b"\x0c"),
        "many_scans.jpg": progressive[:second] + scan * 150 + progressive[second:],
        "head_only.jpg": whole[:3],
    }


def bad_webps():
    whole = saved(Image.fromarray(photo(seed=7)), "WEBP", lossless=True)
    small = saved(Image.fromarray(photo(11, 7, seed=44)), "WEBP", lossless=True)
    return {
        "cut.webp": whole[: len(whole) // 2],
        "head_only.webp": whole[:12],
        "absurd_side.webp": riff(extended(2, 2**24, 200), riff_chunk(b"ANIM", bytes(6)), frame(small, 0, 0, 11, 7)),
        "frame_outside.webp": riff(extended(2, 16, 16), riff_chunk(b"ANIM", bytes(6)), frame(small, 8, 0, 11, 7)),
        "no_frame.webp": riff(extended(2, 16, 16), riff_chunk(b"ANIM", bytes(6))),
        "still_without_data.webp": riff(extended(0, 16, 16)),
        "frame_cut.webp": riff(extended(2, 16, 16), riff_chunk(b"ANIM", bytes(6)), riff_chunk(b"ANMF", bytes(16) + small[12:60])),
    }


# ---- what is cut or damaged, and what is left of it


def damaged_files():
    pngs, jpegs, files = good_pngs(), good_jpegs(), {}
    for name in "rgb_8", "rgba_16", "grey_1", "palette_4", "interlaced_rgb_8", "interlaced_palette_2":
        files[f"cut_{name}.png"] = pngs[f"{name}.png"][: len(pngs[f"{name}.png"]) * 2 // 3]
    whole = pngs["rgb_8.png"]
    files["wrong_byte.png"] = whole[:900] + bytes([whole[900] ^ 0x55]) + whole[901:]
    files["wrong_checksum.png"] = whole[:-16] + bytes([whole[-16] ^ 1]) + whole[-15:]
    data = zlib.decompress(whole[41:-16])
    row = 3 * W + 1
    filtered = data[: 7 * row] + b"\x09" + data[7 * row + 1 :]
    files["wrong_filter.png"] = whole[:33] + chunk(b"IDAT", zlib.compress(filtered)) + chunk(b"IEND", b"")
    files["cut_progressive.jpg"] = jpegs["progressive.jpg"][:-20]
    for name in "rgb_444", "rgb_420", "restarts", "cmyk", "grey", "orientation_6":
        jpeg = jpegs[f"{name}.jpg"]
        files[f"cut_{name}.jpg"] = jpeg[: len(jpeg) - (len(jpeg) - jpeg.index(b"\xff\xda")) // 4]
    # The first restart interval lacks its end, and the second one is whole.
    jpeg = jpegs["restarts.jpg"]
    mark = jpeg.index(b"\xff\xd0")
    large = Image.fromarray(photo(60, 40, seed=54)).quantize(60)
    for interlaced in 0, 1:
        # Of a block that is cut Pillow takes nothing, tyto what is there: this one ends between blocks.
        gif = saved(large, "GIF", interlace=interlaced)
        at = gif.index(b",\0\0\0\0" + struct.pack("<HH", 60, 40)) + 11
        for _ in range(3):
            at += 1 + gif[at]
        files[f"cut_{interlaced}.gif"] = gif[:at]
    files["cut_rgb.bmp"] = good_bmps()["rgb.bmp"][:1200]
    files["cut_four_bits.bmp"] = good_bmps()["four_bits.bmp"][:-60]
    files["lost_interval.jpg"] = jpeg[: mark - 60] + jpeg[mark:]
    return files


def expected(data):
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        if image.mode == "I;16":
            # Pillow's conversion makes all of these white that are above 255; tyto keeps the high byte.
            image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
        turned = ImageOps.exif_transpose(image)
        return np.ascontiguousarray(np.asarray(turned.convert("RGB")))


def main(folder):
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    good = {**good_pngs(), **good_jpegs(), **good_webps(), **good_gifs(), **good_bmps(), **good_tiffs(), **good_boxes()}
    bad = {**bad_pngs(), **bad_jpegs(), **bad_webps()}
    bad["jpeg2000.jpg"] = saved(Image.fromarray(photo(5, 5)), "JPEG2000")
    bad["empty.png"] = b""
    bad["text.png"] = b"This is not a picture.\n"
    damaged = damaged_files()
    for name, files in ("good", good), ("bad", bad), ("damaged", damaged):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for path, data in files.items():
            (folder / name / path).write_bytes(data)
    save_file({name: expected(data) for name, data in good.items()}, folder / "expected.safetensors")
    save_file({name: expected(data) for name, data in damaged.items()}, folder / "expected_damaged.safetensors")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
