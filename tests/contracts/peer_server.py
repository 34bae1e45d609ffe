"""Runs in the peer's own environment: PyPI dlt645 3.2.0 as a meter on loopback. Prints its port, ends with stdin."""

import socket
import sys

from dlt645 import MeterServerService

with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
meter = MeterServerService.new_tcp_server("127.0.0.1", port)
meter.set_address(bytes.fromhex("110000000000"))  # the wire's order: meter 000000000011
meter.set_00(0x00010000, 1234.56)
meter.set_00(0x00020000, 7.5)
meter.set_02(0x02010100, 231.5)
meter.set_02(0x02020100, 4.321)
meter.set_02(0x02030000, 1.2345)
meter.set_04(0x04000101, "25110200")
meter.set_04(0x04000102, "213045")
if not meter.start():
    sys.exit("the peer does not start")
print("port", port, flush=True)
sys.stdin.read()
meter.stop()
