"""Delta tables that others might have written, made by hand."""

import base64
import json
import struct

import pyarrow.parquet as pq

MAPPED = {"delta.columnMapping.mode": "name", "delta.columnMapping.maxColumnId": "9"}


def write_by_hand(folder, rows, fields, protocol, configuration=()):
    """A table of one file and one commit; `fields` are names, types and metadata."""
    (folder / "_delta_log").mkdir(parents=True)
    pq.write_table(rows, folder / "f.parquet")
    described = [
        {"name": name, "type": kind, "nullable": True, "metadata": metadata}
        for name, kind, metadata in fields
    ]
    about = {
        "id": "a-table",
        "format": {"provider": "parquet", "options": {}},
        "schemaString": json.dumps({"type": "struct", "fields": described}),
        "partitionColumns": [],
        "configuration": dict(configuration),
        "createdTime": 1,
    }
    file = {
        "path": "f.parquet",
        "partitionValues": {},
        "size": (folder / "f.parquet").stat().st_size,
        "modificationTime": 1,
        "dataChange": True,
        "stats": json.dumps({"numRecords": rows.num_rows}),
    }
    commit(folder, 0, {"protocol": protocol}, {"metaData": about}, {"add": file})
    return file


def commit(folder, number, *actions):
    path = folder / "_delta_log" / f"{number:020}.json"
    path.write_text("\n".join(map(json.dumps, actions)))


def features(*names):
    """A protocol that asks readers and writers for some features."""
    versions = {"minReaderVersion": 3, "minWriterVersion": 7}
    return {**versions, "readerFeatures": list(names), "writerFeatures": list(names)}


def deleted(row):
    """The deletion vector, within the log, of one row of a file."""
    bitmap = struct.pack("<II", 12346, 1) + struct.pack("<HHIH", 0, 0, 16, row)
    data = struct.pack("<IQI", 1681511377, 1, 0) + bitmap
    padded = data + bytes(-len(data) % 4)
    return {
        "storageType": "i",
        "pathOrInlineDv": _z85(padded),
        "sizeInBytes": len(data),
        "cardinality": 1,
    }


def _z85(data):
    # Python has this alphabet from 3.13 on.
    theirs = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"
    ours = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
    return base64.b85encode(data).decode().translate(str.maketrans(theirs, ours))
