"""Runs in the peer's own environment: PyPI dlt645 3.2.0 reads a meter on loopback and prints what it saw as JSON."""

import json
import sys

from dlt645 import MeterClientService

client = MeterClientService.new_tcp_client("127.0.0.1", int(sys.argv[1]), 5.0)
client.set_address(sys.argv[2])
seen = {}
with client:
    for name, read, di in (
        ("import_kwh", client.read_00, 0x00010000),
        ("export_kwh", client.read_00, 0x00020000),
        ("volt", client.read_02, 0x02010100),
        ("ampere", client.read_02, 0x02020100),
        ("kilowatt", client.read_02, 0x02030000),
        ("date", client.read_04, 0x04000101),
        ("time", client.read_04, 0x04000102),
    ):
        item = read(di)
        seen[name] = None if item is None else str(item.value)
    item = client.read_address()
    seen["address"] = None if item is None else str(item.value)
print(json.dumps(seen), flush=True)
