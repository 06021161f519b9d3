"""Writes hostile pickles and files of torch.save into the corpus of their fuzz targets.

    python make_torch_corpus.py CORPUS_FOLDER GOLDEN_TORCH_BIN_FOLDER

CORPUS_FOLDER/pickle/bad_NAME   what must be refused as a pickle
CORPUS_FOLDER/pickle/good_NAME  what must be read
CORPUS_FOLDER/torch/bad_NAME    the same for whole files, zip and legacy
Nothing here executes what it writes. tests/unit/test_formats_torch.c tells what each must be met with.
"""

import io
import struct
import sys
import zipfile
from pathlib import Path

OS_SYSTEM = b"\x80\x02cposix\nsystem\nX\x02\x00\x00\x00id\x85R."
CALL = b"ctorch._utils\n_rebuild_tensor_v2\n"
ORDERED = b"ccollections\nOrderedDict\n)R"


def integer(value):
    return b"\x8a\x08" + struct.pack("<q", value)


def integers(values):
    return b"(" + b"".join(integer(v) for v in values) + b"t"


def text(value):
    data = value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def storage(elements=4, kind=b"FloatStorage", key="0"):
    return (b"(" + text("storage") + b"ctorch\n" + kind + b"\n" + text(key) + text("cpu") + integer(elements) + b"tQ")


def tensor(offset=0, size=(4,), stride=(1,), what=None, rest=b"\x89" + ORDERED):
    return CALL + b"(" + (what or storage()) + integer(offset) + integers(size) + integers(stride) + rest + b"tR"


def dict_of(value, key="x"):
    return b"\x80\x02}" + text(key) + value + b"s."


def pickles():
    bad, good = {}, {}
    bad["os_system"] = OS_SYSTEM
    bad["builtins_eval"] = b"\x80\x02cbuiltins\neval\n" + text("1+1") + b"\x85R."
    bad["python2_eval"] = b"\x80\x02c__builtin__\neval\n" + text("1+1") + b"\x85R."
    bad["stack_global"] = b"\x80\x04\x8c\x08builtins\x8c\x04exec\x93\x8c\x01x\x85R."
    bad["getattr"] = b"\x80\x02ctorch\n__dict__\n."
    bad["torch_load"] = b"\x80\x02ctorch\nload\n" + text("x") + b"\x85R."
    bad["inst"] = b"\x80\x02(" + text("id") + b"iposix\nsystem\n."
    bad["obj"] = b"\x80\x02(cposix\nsystem\n" + text("id") + b"o."
    bad["newobj"] = b"\x80\x02ccollections\nOrderedDict\n)\x81."
    bad["newobj_ex"] = b"\x80\x04ccollections\nOrderedDict\n)}\x92."
    bad["extension"] = b"\x80\x02\x82\x01."
    bad["persid_line"] = b"\x80\x02P0\n."
    bad["build"] = dict_of(tensor() + b"}b")
    bad["build_name"] = b"\x80\x02ccollections\nOrderedDict\n}b."
    bad["call_storage"] = b"\x80\x02ctorch\nFloatStorage\n)R."
    bad["call_text"] = b"\x80\x02" + text("x") + b")R."
    bad["bytearray"] = b"\x80\x05\x96" + struct.pack("<Q", 2**62) + b"."
    bad["protocol0"] = b"(dp0\nS'x'\np1\nI1\ns."
    bad["protocol9"] = b"\x80\x09}."
    bad["deep"] = b"\x80\x02" + b"}" + (text("x") + b"}") * 100 + b"s" * 100 + b"."
    bad["deep_tuples"] = dict_of(b"\x85".join([b")"] + [b""] * 5000))
    bad["itself"] = b"\x80\x02}q\x00" + text("x") + b"h\x00s."
    bad["laughs"] = (b"\x80\x02]q\x00" + b"".join(b"]q" + bytes([i + 1]) + b"(" + (b"h" + bytes([i])) * 10 + b"e"
                                              for i in range(20)) + b"0" * 20 + b"}" + text("x") + b"h\x14s.")
    bad["repeated_dict"] = (b"\x80\x02ccollections\nOrderedDict\nq\x00](" + (b"]" + text("") + b"a" + b"Na") * 50 + b"e\x85q\x01"
                            + b"h\x00h\x01R" * 200 + b".")
    bad["memo_far"] = b"\x80\x02}r\xff\xff\xff\x7f."
    bad["memo_absent"] = b"\x80\x02h\x05."
    bad["memo_empty"] = b"\x80\x02q\x00."
    bad["text_huge"] = b"\x80\x02X\xff\xff\xff\xffabc"
    bad["text_huge8"] = b"\x80\x04\x8d" + struct.pack("<Q", 2**63 + 5) + b"abc"
    bad["long4"] = b"\x80\x02\x8b\xff\xff\xff\x7f"
    bad["no_mark"] = b"\x80\x02}" + text("x") + b"Nu."
    bad["mark_value"] = b"\x80\x02}(" + b"Ns."
    bad["mark_tuple"] = b"\x80\x02(N\x86."
    bad["nothing_below_mark"] = b"\x80\x02(Ne."
    bad["odd_items"] = b"\x80\x02}(Nu."
    bad["append_to_dict"] = b"\x80\x02}Na."
    bad["empty_stack"] = b"\x80\x02."
    bad["stop_at_mark"] = b"\x80\x02(."
    bad["empty"] = b""
    bad["list"] = b"\x80\x02]."
    bad["bare_tensor"] = b"\x80\x02" + tensor() + b"."
    bad["key_none"] = b"\x80\x02}N" + tensor() + b"s."
    bad["key_nul"] = dict_of(tensor(), "a\0b")
    bad["key_latin1"] = b"\x80\x02}X\x01\x00\x00\x00\xe9" + tensor() + b"s."
    bad["key_long"] = dict_of(tensor(), "k" * 5000)
    bad["name_line"] = b"\x80\x02c" + b"a" * 1000 + b"\nb\n."
    bad["name_steers"] = b"\x80\x02cos\x1b[2J\nb\n."
    bad["offset_beyond"] = dict_of(tensor(offset=1))
    bad["offset_huge"] = dict_of(tensor(offset=2**62, size=(1,)))
    bad["offset_negative"] = dict_of(tensor(offset=-4))
    bad["size_huge"] = dict_of(tensor(size=(2**40, 2**40), stride=(0, 0)))
    bad["size_negative"] = dict_of(tensor(size=(-1,)))
    bad["stride_beyond"] = dict_of(tensor(size=(2, 2), stride=(3, 1)))
    bad["stride_negative"] = dict_of(tensor(offset=3, stride=(-1,)))
    bad["stride_overflow"] = dict_of(tensor(size=(3,), stride=(2**62,)))
    bad["stride_few"] = dict_of(tensor(size=(2, 2), stride=(1,)))
    bad["expand_bomb"] = dict_of(tensor(size=(2**34,), stride=(0,)))
    bad["rank"] = dict_of(tensor(size=(1,) * 9, stride=(1,) * 9))
    bad["storage_large"] = dict_of(tensor(what=storage(1000)))
    bad["storage_overflow"] = dict_of(tensor(what=storage(2**62)))
    bad["storage_negative"] = dict_of(tensor(what=storage(-1)))
    bad["storage_absent"] = dict_of(tensor(what=storage(key="../../etc/passwd")))
    bad["storage_type"] = dict_of(tensor(what=storage(kind=b"bfloat16")))
    bad["storage_complex"] = dict_of(tensor(what=storage(kind=b"ComplexFloatStorage")))
    bad["storage_quantized"] = dict_of(tensor(what=storage(kind=b"QInt8Storage")))
    bad["storage_few"] = dict_of(tensor(what=text("storage") + b"\x85Q"))
    bad["storage_text"] = dict_of(tensor(what=text("0") + b"Q"))
    bad["tensor_few"] = dict_of(CALL + b")R")
    bad["tensor_of_text"] = dict_of(tensor(what=text("x")))
    bad["metadata"] = dict_of(tensor(rest=b"\x89" + ORDERED + b"}" + text("conj") + b"\x88s"))
    bad["parameter_of_none"] = dict_of(b"ctorch._utils\n_rebuild_parameter\n(N\x88NtR")
    bad["parameter_of_parameter"] = dict_of(b"ctorch._utils\n_rebuild_parameter\n(" * 2 + tensor() + b"\x88NtR\x88NtR")
    bad["sparse"] = b"\x80\x02ctorch._utils\n_rebuild_sparse_tensor\n)R."
    good["tensor"] = dict_of(tensor())
    good["strided"] = dict_of(tensor(offset=1, size=(2, 2), stride=(1, 1)))
    good["view"] = dict_of(tensor(size=(2,), what=storage()[:-2] + b"(" + text("0") + integer(1) + integer(2) + b"ttQ"))
    good["old_call"] = dict_of(b"ctorch._utils\n_rebuild_tensor\n(" + storage() + integer(0) + integers((2, 2)) + integers((2, 1)) + b"tR")
    good["empty_dict"] = b"\x80\x02}."
    good["python2"] = (b"\x80\x02ccollections\nOrderedDict\n](]U\x01xa" + tensor() + b"ae\x85R}U\x09_metadata" + ORDERED + b"sb.")
    return bad, good


def archive(pickle, name="archive", method=zipfile.ZIP_STORED, more=(), storage_bytes=b"\0" * 16):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as z:
        z.writestr(f"{name}/data.pkl", pickle)
        z.writestr(f"{name}/data/0", storage_bytes)
        for entry, data in more:
            z.writestr(entry, data)
    return bytearray(out.getvalue())


def files(golden):
    bad = {}
    fine = dict_of(tensor())
    whole = archive(fine)
    directory = whole.rindex(b"PK\x01\x02", 0, whole.rindex(b"PK\x01\x02"))
    end = whole.rindex(b"PK\x05\x06")
    bad["zip_os_system"] = archive(OS_SYSTEM)
    bad["zip_crc"] = archive(fine)
    bad["zip_crc"][whole.index(b"_rebuild")] ^= 1
    bad["zip_cut"] = whole[: len(whole) // 2]
    bad["zip_bomb"] = archive(fine, method=zipfile.ZIP_DEFLATED, storage_bytes=b"\0" * (1 << 20))
    bad["zip_compressed_storage"] = archive(fine)
    second = whole.rindex(b"PK\x01\x02")
    bad["zip_compressed_storage"][second + 10] = 8
    bad["zip_overlap"] = archive(fine)
    bad["zip_overlap"][directory + 20:directory + 28] = struct.pack("<II", len(fine) + 8, len(fine) + 8)
    bad["zip_beyond"] = archive(fine)
    bad["zip_beyond"][second + 20:second + 28] = struct.pack("<II", 1 << 30, 1 << 30)
    bad["zip_list_beyond"] = archive(fine)
    bad["zip_list_beyond"][end + 16:end + 20] = struct.pack("<I", 1 << 30)
    bad["zip_entries"] = archive(fine)
    bad["zip_entries"][end + 10:end + 12] = struct.pack("<H", 60000)
    bad["zip_no_zip64"] = archive(fine)
    bad["zip_no_zip64"][end + 10:end + 12] = b"\xff\xff"
    bad["zip_zip64_entry"] = archive(fine)
    bad["zip_zip64_entry"][second + 20:second + 28] = b"\xff" * 8
    bad["zip_local_name"] = archive(fine)
    bad["zip_local_name"][30] ^= 1
    bad["zip_no_pickle"] = archive(fine)
    while b"data.pkl" in bad["zip_no_pickle"]:
        at = bad["zip_no_pickle"].index(b"data.pkl")
        bad["zip_no_pickle"][at:at + 8] = b"data.txt"
    bad["zip_twice"] = archive(fine, more=[("archive/data/1", b"")])
    while b"archive/data/1" in bad["zip_twice"]:
        at = bad["zip_twice"].index(b"archive/data/1")
        bad["zip_twice"][at:at + 14] = b"archive/data/0"
    bad["zip_named_twice"] = archive(b"\x80\x02}(" + (text("x") + tensor()) * 2 + b"u.")
    bad["zip_script"] = archive(fine, more=[("archive/constants.pkl", b"")])
    bad["zip_big_endian"] = archive(fine, more=[("archive/byteorder", b"big")])
    bad["zip_storage_short"] = archive(fine, storage_bytes=b"\0" * 15)
    bad["zip_climbs"] = archive(dict_of(tensor(what=storage(key="../1"))), more=[("../1", b"\0" * 16)])
    legacy = (golden / "legacy.bin").read_bytes()
    bad["legacy_cut"] = legacy[:-9]
    bad["legacy_cut_early"] = legacy[:600]
    bad["legacy_pickle"] = OS_SYSTEM + b"\0" * 16
    bad["legacy_other"] = fine
    bad["legacy_version"] = legacy.replace(b"\x4d\xe9\x03.", b"\x4d\xea\x03.")
    bad["legacy_big_endian"] = legacy.replace(b"little_endianq\x02\x88", b"little_endianq\x02\x89")
    front = legacy[: legacy.index(b".", legacy.index(b"type_sizes")) + 1]
    while legacy[len(front) : len(front) + 2] != b"\x80\x02":
        front = legacy[: legacy.index(b".", len(front)) + 1]
    bad["legacy_os_system"] = front + OS_SYSTEM
    keys = b"\x80\x02](" + text("0") + b"e."
    bad["legacy_numel_huge"] = front + fine + keys + struct.pack("<Q", 2**63) + b"\0" * 16
    bad["legacy_unlisted"] = front + fine + b"\x80\x02]."
    bad["legacy_listed_twice"] = front + fine + b"\x80\x02](" + text("0") * 2 + b"e." + (struct.pack("<Q", 4) + b"\0" * 16) * 2
    bad["legacy_listed_unused"] = front + fine + b"\x80\x02](" + text("1") + b"e." + struct.pack("<Q", 4) + b"\0" * 16
    two = b"\x80\x02}(" + text("x") + tensor() + text("y") + tensor(what=storage(kind=b"IntStorage")) + b"u."
    bad["legacy_two_types"] = front + two + keys + struct.pack("<Q", 4) + b"\0" * 16
    return bad, {"legacy": front + fine + keys + struct.pack("<Q", 4) + b"\0" * 16, "zip": whole,
                 "odd_names": archive(fine, more=[("../../escape", b"x"), ("/etc/passwd", b"x"), ("archive/../x", b"x")]),
                 "golden_zip": (golden / "zip.bin").read_bytes(), "golden_legacy": legacy}


def main():
    corpus, golden = Path(sys.argv[1]), Path(sys.argv[2])
    for folder, (bad, good) in {"pickle": pickles(), "torch": files(golden)}.items():
        (corpus / folder).mkdir(parents=True, exist_ok=True)
        for kind, items in {"bad": bad, "good": good}.items():
            for name, data in items.items():
                (corpus / folder / f"{kind}_{name}").write_bytes(data)


main()
