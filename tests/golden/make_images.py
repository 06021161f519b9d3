"""Pictures of every kind that tyto reads, small and odd, and what Pillow makes of them.

    python make_images.py FOLDER

writes FOLDER/good/NAME.{png,jpg,webp}, FOLDER/expected.safetensors with NAME.EXT -> [H,W,3] bytes
(convert("RGB"), then exif_transpose), and FOLDER/bad/ with files that must be refused.
"""

import io
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
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
    frames = [Image.fromarray(photo(seed=s)) for s in (31, 32)]
    files["animated"] = saved(frames[0], "PNG", save_all=True, append_images=frames[1:])
    return {f"{k}.png": v for k, v in files.items()}


# ---- EXIF


def exif(orientation, order=">", kind=3, before=()):
    """TIFF structure with the orientation (kind 3: short, 4: long) after other entries."""
    value = struct.pack(order + ("H2x" if kind == 3 else "I"), orientation)
    entries = [struct.pack(order + "HHIH2x", 0x0103, 3, 1, 6), struct.pack(order + "HHI", 0x0112, kind, 1) + value]
    body = struct.pack(order + "H", len(entries)) + b"".join(entries) + bytes(4)
    return (b"MM" if order == ">" else b"II") + struct.pack(order + "HI", 42, 8) + body


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
    files["orientation_prefixed"] = saved(rgb, "WEBP", lossless=True, exif=b"Exif\0\0" + exif(7))
    return {f"{k}.webp": v for k, v in files.items()}


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
        "no_end.jpg": whole[:-2],
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


def expected(data):
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        if image.mode == "I;16":
            # Pillow's conversion makes all of these white that are above 255; tyto keeps the high byte.
            image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
        turned = ImageOps.exif_transpose(image)
        return np.ascontiguousarray(np.asarray(turned.convert("RGB")))


def main(folder):
    good = {**good_pngs(), **good_jpegs(), **good_webps()}
    bad = {**bad_pngs(), **bad_jpegs(), **bad_webps()}
    bad["gif.gif"] = saved(Image.fromarray(photo(5, 5)), "GIF")
    bad["bmp.png"] = saved(Image.fromarray(photo(5, 5)), "BMP")
    bad["tiff.jpg"] = saved(Image.fromarray(photo(5, 5)), "TIFF")
    bad["empty.png"] = b""
    bad["text.png"] = b"This is not a picture.\n"
    for name, files in ("good", good), ("bad", bad):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for path, data in files.items():
            (folder / name / path).write_bytes(data)
    save_file({name: expected(data) for name, data in good.items()}, folder / "expected.safetensors")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
