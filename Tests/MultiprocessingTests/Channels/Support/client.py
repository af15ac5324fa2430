"""A client of a Listener in another language: `client.py unix PATH` or `client.py tcp HOST PORT KEY`.

Sends an order, gets the amounts back doubled, as CBOR both ways, and prints them; then some raw bytes there and back.
"""

import hashlib
import hmac
import os
import socket
import struct
import sys

import cbor2

VALUE, BYTES, HELLO, CHALLENGE, PROOF, WELCOME = 1, 2, 16, 17, 18, 19


class Connection:
    def __init__(self, connected, key=None):
        self.socket = connected
        if key is not None:
            self.authenticate(key)

    def send(self, kind, body):
        self.socket.sendall(struct.pack(">BBHQ", kind, 1, 0, len(body)) + body)

    def receive(self, expected):
        kind, version, _, length = struct.unpack(">BBHQ", self.exactly(12))
        assert (kind, version) == (expected, 1), (kind, version)
        return self.exactly(length)

    def exactly(self, count):
        data = b""
        while len(data) < count:
            part = self.socket.recv(min(count - len(data), 65536))
            if not part:
                raise EOFError("the listener has closed the connection")
            data += part
        return data

    def authenticate(self, key):
        own = os.urandom(32)
        self.send(HELLO, own)
        theirs = self.receive(CHALLENGE)

        def code(side):
            return hmac.new(key, b"swift-multiprocessing 1 %s %d" % (side, len(key)) + own + theirs, hashlib.sha256).digest()

        self.send(PROOF, code(b"client"))
        if not hmac.compare_digest(self.receive(WELCOME), code(b"server")):
            raise PermissionError("the listener has another key")


def doubles(item):
    """An array of Double is a typed array of RFC 8746: 64-bit, little-endian."""
    if isinstance(item, cbor2.CBORTag) and item.tag == 86:
        return list(struct.unpack("<%dd" % (len(item.value) // 8), item.value))
    return item


if sys.argv[1] == "unix":
    connected, key = socket.socket(socket.AF_UNIX), None
    connected.connect(sys.argv[2])
else:
    connected, key = socket.create_connection((sys.argv[2], int(sys.argv[3]))), bytes.fromhex(sys.argv[4])
connection = Connection(connected, key)
connection.send(VALUE, cbor2.dumps({"name": "tea", "amounts": [1.5, 2.25]}))
print(doubles(cbor2.loads(connection.receive(VALUE))))
connection.send(BYTES, b"raw")
print(connection.receive(BYTES).decode())
