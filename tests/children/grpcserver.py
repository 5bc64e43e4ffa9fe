"""Answers gRPC's health protocol on the port it is given: NOT_SERVING until a file `go` is there, then SERVING."""

import os
import socket
import sys

SETTINGS, ACK = b"\0\0\0\4\0\0\0\0\0", b"\0\0\0\4\1\0\0\0\0"
HEAD = b"\0\0\1\1\4\0\0\0\1\x88"  # :status 200
TRAILERS = b"\0\0\x0f\1\5\0\0\0\1\0\x0bgrpc-status\x010"
CALL_ENDS = b"\0\1\0\0\0\1"  # the end of the head of a DATA frame that ends the stream

with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listener:
    print("listening", flush=True)
    while True:
        connection, _ = listener.accept()
        with connection:
            asked = b""
            while CALL_ENDS not in asked and (more := connection.recv(65536)):
                asked += more
            assert b"/grpc.health.v1.Health/Check" in asked
            assert sys.argv[2].encode() in asked
            status = b"\1" if os.path.exists("go") else b"\2"
            message = b"\0\0\7\0\0\0\0\0\1" + b"\0\0\0\0\2\x08" + status
            connection.sendall(SETTINGS + ACK + HEAD + message + TRAILERS)
            connection.recv(65536)
