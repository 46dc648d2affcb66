"""A handler as cheap as one can be that still tells the truth, on bare sockets since 200 of them start in
each run: a line for each call, written before the call is answered, into `$RECORD_DIR/<job>.<pid>`.
An item is its number, or `"<number>:<what to do>"`."""

import os
import select
import signal
import socket
import struct

FOLDER = os.environ["RECORD_DIR"]
with open(os.environ["CORTEX_JOB_SPEC"]) as spec:
    JOB = spec.read().split('"job_id":"')[1].split('"')[0]
# Linux: with what it read a socket also tells when that arrived. A handler that has to wait for its turn reads a
# call later than it was made, and a call counts as made before the end of a job when it was.
SO_TIMESTAMPNS = 35
TIMESTAMP = struct.Struct("qq")
RECORDS = os.open(f"{FOLDER}/{JOB}.{os.getpid()}", os.O_WRONLY | os.O_CREAT | os.O_APPEND)


def is_first(what):
    """Whether this is the first process of the job to come here."""
    try:
        os.close(os.open(f"{FOLDER}/once-{what}", os.O_WRONLY | os.O_CREAT | os.O_EXCL))
        return True
    except FileExistsError:
        return False


def write(*facts):
    os.write(RECORDS, (" ".join(facts) + "\n").encode())


def status_of(mark, batch):
    """The status to answer; `None` leaves the call without an answer."""
    if mark == "hold":
        return None
    if mark == "fail" or (mark == "fail-once" and is_first(batch)):
        return 500
    if mark == "exit" or (mark == "exit-once" and is_first(batch)):
        os._exit(3)
    if mark == "kill-worker":
        os.kill(os.getppid(), signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)
    return 200


def receive(connection):
    """@returns a piece, and when it arrived in ms"""
    piece, ancillary, _, _ = connection.recvmsg(65536, socket.CMSG_SPACE(TIMESTAMP.size))
    if piece == b"":
        return piece, 0
    seconds, nanoseconds = TIMESTAMP.unpack(ancillary[0][2])
    return piece, seconds * 1000 + nanoseconds // 1_000_000


def handle(head, body, called_at_ms):
    if head.startswith("POST /on-job-complete "):
        write("hook", JOB, str(called_at_ms), body)
        return 200
    batch = head.split("X-Cortex-Batch-ID: ")[1].split("\r\n")[0]
    items = [item.strip('"').split(":") for item in body[1:-1].split(",")]
    write("batch", batch, str(called_at_ms), ",".join(item[0] for item in items))
    return status_of(items[0][1] if len(items[0]) > 1 else None, batch)


def next_call(buffer):
    """Takes a whole request off the buffer; `None` while there is none."""
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        return None
    head = buffer[:end].decode()
    length = int(head.lower().split("content-length: ")[1].split("\r\n")[0])
    if len(buffer) < end + 4 + length:
        return None
    body = buffer[end + 4 : end + 4 + length].decode()
    del buffer[: end + 4 + length]
    return head, body


def serve(connection, buffer):
    """Answers what is there. @returns whether the connection is open"""
    try:
        piece, arrived_at_ms = receive(connection)
        buffer += piece
        call = next_call(buffer)
        while call is not None:
            status = handle(*call, arrived_at_ms)
            if status is not None:
                connection.sendall(b"HTTP/1.1 %d -\r\ncontent-length: 0\r\n\r\n" % status)
            call = next_call(buffer)
        return piece != b""
    except ConnectionError:
        return False


listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)  # Its connections have it from here: so before there are any.
listener.bind(("127.0.0.1", int(os.environ["CORTEX_PORT"])))
listener.listen()
poll = select.poll()
poll.register(listener, select.POLLIN)
connections = {}
while True:
    for fd, _ in poll.poll():
        if fd == listener.fileno():
            accepted, _ = listener.accept()
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connections[accepted.fileno()] = (accepted, bytearray())
            poll.register(accepted, select.POLLIN)
        elif not serve(*connections[fd]):
            poll.unregister(fd)
            connections.pop(fd)[0].close()
