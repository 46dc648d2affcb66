"""Serves a handler written as a class to a worker: `python3 cortex_runner.py <handler.py>`.

Environment: CORTEX_PORT, where to listen; CORTEX_CONFIG and CORTEX_JOB_SPEC, JSON files with the
handler's configuration and the job. One call at a time, in the main thread, as the worker makes
them. Standard library only, Python 3.8 or newer.
"""

import importlib.util
import inspect
import json
import os
import selectors
import socket
import sys
import traceback

CLASS_NAME = "Handler"
READ_BYTES = 256 * 1024
HEAD_BYTES_MAX = 64 * 1024
HEAD_END = b"\r\n\r\n"


class HandlerError(Exception):
    """The file does not hold a handler; the message says why."""


def load_handler_class(path):
    """The one class named `Handler` that the file at `path` defines or imports."""
    folder = os.path.dirname(os.path.abspath(path))
    for entry in (os.getcwd(), folder):
        if entry not in sys.path:
            sys.path.insert(0, entry)
    name = os.path.splitext(os.path.basename(path))[0]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise HandlerError("%s is not a Python file" % path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)

    classes = {cls for _, cls in inspect.getmembers(module, inspect.isclass) if cls.__name__ == CLASS_NAME}
    if not classes:
        raise HandlerError("%s: %s class is not defined" % (path, CLASS_NAME))
    if len(classes) > 1:
        raise HandlerError(
            "%s: multiple definitions for %s class found; please check your imports and class definitions "
            "and ensure that there is only one %s class definition" % (path, CLASS_NAME, CLASS_NAME)
        )
    (handler_class,) = classes
    if not callable(getattr(handler_class, "handle_batch", None)):
        raise HandlerError('%s: required method "handle_batch" is not defined in %s class' % (path, CLASS_NAME))
    return handler_class


def declared_arguments(function, available):
    """Those of `available` that `function` declares by name."""
    parameters = inspect.signature(function).parameters
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return tuple(available)
    return tuple(name for name in available if name in parameters)


def read_json(variable):
    path = os.environ.get(variable)
    if not path:
        return None
    with open(path, encoding="utf-8") as file:
        return json.load(file)


class Application:
    """What the paths of the handler contract do."""

    def __init__(self, handler_class):
        given = {"config": read_json("CORTEX_CONFIG") or {}, "job_spec": read_json("CORTEX_JOB_SPEC")}
        # `object.__init__` declares *args and **kwargs but takes neither.
        names = () if handler_class.__init__ is object.__init__ else declared_arguments(handler_class, given)
        self.handler = handler_class(**{name: given[name] for name in names})
        self.arguments = declared_arguments(self.handler.handle_batch, ("payload", "batch_id"))
        self.on_job_complete = getattr(self.handler, "on_job_complete", None)

    def answer(self, method, path, headers, body):
        """Status of the answer, and a text for people."""
        route = path.split("?", 1)[0]
        if route not in ("/", "/on-job-complete"):
            return 404, "no such path"
        if method != "POST":
            return 405, "only POST"
        if route == "/":
            return self.handle_batch(headers, body)
        if self.on_job_complete is None:
            return 404, "on_job_complete is not defined"
        return run(self.on_job_complete)

    def handle_batch(self, headers, body):
        try:
            payload = json.loads(body)
        except ValueError as error:
            return 400, "the batch is not JSON: %s" % error
        given = {"payload": payload, "batch_id": headers.get("x-cortex-batch-id")}
        return run(self.handler.handle_batch, **{name: given[name] for name in self.arguments})


def run(function, **arguments):
    try:
        function(**arguments)
    except Exception as error:
        traceback.print_exc()
        return 500, "".join(traceback.format_exception_only(type(error), error)).strip()
    return 200, ""


class Connection:
    """Requests of one keep-alive connection, as they come in."""

    def __init__(self, sock):
        self.sock = sock
        self.received = bytearray()

    def read(self):
        """`False` when the other side has closed."""
        piece = self.sock.recv(READ_BYTES)
        self.received += piece
        return bool(piece)

    def next_request(self):
        """Method, path, headers and body of the next complete request, or `None`.

        Raises ValueError when what came is not HTTP.
        """
        head_end = self.received.find(HEAD_END)
        if head_end < 0:
            if len(self.received) > HEAD_BYTES_MAX:
                raise ValueError("headers without an end")
            return None
        request_line, *lines = self.received[:head_end].decode("latin-1").split("\r\n")
        method, path, _ = request_line.split(" ", 2)
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        body_start = head_end + len(HEAD_END)
        body_end = body_start + int(headers.get("content-length", 0))
        if len(self.received) < body_end:
            return None
        body = bytes(self.received[body_start:body_end])
        del self.received[:body_end]
        return method, path, headers, body

    def respond(self, status, text):
        body = text.encode("utf-8")
        head = "HTTP/1.1 %d %s\r\nContent-Length: %d\r\n\r\n" % (status, "OK" if status == 200 else "Error", len(body))
        self.sock.sendall(head.encode("latin-1") + body)


def serve(application, port):
    """Listens only now that the handler is there: a connect to the port means it is ready."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(128)
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ, None)
    while True:
        for key, _ in selector.select():
            if key.data is None:
                sock, _ = listener.accept()
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                selector.register(sock, selectors.EVENT_READ, Connection(sock))
            elif not advance(application, key.data):
                selector.unregister(key.fileobj)
                key.fileobj.close()


def advance(application, connection):
    """Reads and answers what has come; `False` when the connection is of no more use."""
    try:
        if not connection.read():
            return False
        while True:
            request = connection.next_request()
            if request is None:
                return True
            connection.respond(*application.answer(*request))
    except (OSError, ValueError) as error:
        print("connection dropped: %s" % error, file=sys.stderr)
        return False


def main():
    try:
        application = Application(load_handler_class(sys.argv[1]))
    except HandlerError as error:
        sys.exit("error: %s" % error)
    except Exception:
        traceback.print_exc()
        sys.exit(1)
    serve(application, int(os.environ["CORTEX_PORT"]))


if __name__ == "__main__":
    main()
