"""Pictures of tiles, as telephones and cameras write HEIC and AVIF: boxes by hand around coded tiles."""

import struct


def box(kind, data):
    return struct.pack(">I", 8 + len(data)) + kind + data


def full_box(kind, data, version=0, flags=0):
    return box(kind, struct.pack(">I", version << 24 | flags) + data)


def boxes(data):
    """Kind and content of each box of these bytes."""
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big") or len(data) - at
        yield data[at + 4 : at + 8], data[at + 8 : at + size]
        at += size


def first(data, kind):
    return next(content for name, content in boxes(data) if name == kind)


def configuration(file):
    """What the codec is to know of a file of one picture: the box's kind and content."""
    properties = first(first(first(file, b"meta")[4:], b"iprp"), b"ipco")
    return next((k, c) for k, c in boxes(properties) if k in (b"hvcC", b"av1C"))


def item(file):
    """The first item's data, by its place in the file."""
    iloc = first(first(file, b"meta")[4:], b"iloc")
    version, sizes = iloc[0], iloc[4:6]
    offset_bytes, length_bytes, base_bytes = sizes[0] >> 4, sizes[0] & 15, sizes[1] >> 4
    at = 4 + 2 + 2 + 2 + (2 if version else 0) + 2
    base = int.from_bytes(iloc[at : at + base_bytes], "big")
    at += base_bytes + 2
    offset = base + int.from_bytes(iloc[at : at + offset_bytes], "big")
    length = int.from_bytes(iloc[at + offset_bytes : at + offset_bytes + length_bytes], "big")
    return file[offset : offset + length]


def grid(files, columns, tile, size):
    """A picture of size (w, h) of the tiles, files of one picture of (w, h) each, row by row."""
    config = configuration(files[0])
    tiles = [item(f) for f in files]
    width, height = size
    layout = struct.pack(">BBBBII", 0, 1, len(tiles) // columns - 1, columns - 1, width, height)
    avif = config[0] == b"av1C"
    kinds = [b"av01" if avif else b"hvc1"] * len(tiles) + [b"grid"]
    infos = [
        full_box(b"infe", struct.pack(">HH", i + 1, 0) + kind + b"\0", 2, 1 if kind != b"grid" else 0)
        for i, kind in enumerate(kinds)
    ]
    last = len(kinds)
    properties = [
        box(*config),
        full_box(b"ispe", struct.pack(">II", *tile)),
        full_box(b"pixi", b"\x03\x08\x08\x08"),
        full_box(b"ispe", struct.pack(">II", width, height)),
    ]
    links = b"".join(
        struct.pack(">HB", i, 3) + b"\x81\x02\x03" if i < last else struct.pack(">HB", i, 2) + b"\x04\x03"
        for i in range(1, last + 1)
    )
    reference = box(b"dimg", struct.pack(f">HH{len(tiles)}H", last, len(tiles), *range(1, last)))

    def meta(begin):
        places = b""
        for i, data in enumerate(tiles + [layout]):
            places += struct.pack(">HHHII", i + 1, 0, 1, begin, len(data))
            begin += len(data)
        return full_box(
            b"meta",
            full_box(b"hdlr", struct.pack(">I4s12x", 0, b"pict") + b"\0")
            + full_box(b"pitm", struct.pack(">H", last))
            + full_box(b"iinf", struct.pack(">H", len(infos)) + b"".join(infos))
            + full_box(b"iref", reference)
            + box(
                b"iprp",
                box(b"ipco", b"".join(properties)) + full_box(b"ipma", struct.pack(">I", last) + links),
            )
            + full_box(b"iloc", b"\x44\x00" + struct.pack(">H", last) + places),
        )

    head = box(b"ftyp", b"avif\0\0\0\0avifmif1miaf" if avif else b"heic\0\0\0\0mif1heic")
    begin = len(head) + len(meta(0)) + 8
    return head + meta(begin) + box(b"mdat", b"".join(tiles) + layout)
