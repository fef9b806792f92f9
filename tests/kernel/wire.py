"""A Jupyter client that speaks the bare protocol over pyzmq, and a kernel started for it."""
import hashlib
import hmac
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid

try:
    import zmq
except ImportError:
    print("skipped: no pyzmq")
    sys.exit(77)

PORTS = ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port")
DELIMITER = b"<IDS|MSG>"
PATIENCE = 30  # seconds: what takes a moment here may take longer on a busy machine

# Not libzmq's own threads, and not a worker that is left alone when the kernel ends.
os.environ.setdefault("TSAN_OPTIONS", "ignore_noninstrumented_modules=1:report_thread_leaks=0")

toy_program = os.environ.get("CUTFLOW_KERNEL_TOY", "build/dev/tests/kernel_toy")
real_program = os.environ.get("CUTFLOW_KERNEL", "build/dev/cutflow-kernel")


class Kernel:
    """Ports are chosen by the kernel, which writes them back into its file."""

    def __init__(self, program=toy_program, key=None, env=None, transport="tcp", connection=None, wait=True):
        self.folder = tempfile.mkdtemp()
        self.file = os.path.join(self.folder, "connection.json")
        self.connection = connection or {
            "transport": transport, "ip": "127.0.0.1" if transport == "tcp" else os.path.join(self.folder, "ipc"),
            "key": uuid.uuid4().hex if key is None else key, "signature_scheme": "hmac-sha256",
            "kernel_name": "x", "jupyter_session": "é", **dict.fromkeys(PORTS, 0)}
        with open(self.file, "w", encoding="utf-8") as f:
            json.dump(self.connection, f)
        self.log = open(os.path.join(self.folder, "stderr"), "w+", encoding="utf-8")
        self.env = {**os.environ, "CUTFLOW_HISTORY": os.path.join(self.folder, "history"),
                    "JPY_PARENT_PID": str(os.getpid())}
        for name in ("CI", "CUTFLOW_PROGRESS", "CUTFLOW_FOOTER"):
            self.env.pop(name, None)
        self.env.update(env or {})
        self.start(program, wait)

    def start(self, program, wait=True):
        self.process = subprocess.Popen([program, "-f", self.file], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self.log,
                                        env=self.env, start_new_session=True)
        deadline = time.monotonic() + PATIENCE
        while wait and (not self.read() or 0 in [self.connection[p] for p in PORTS]):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the kernel did not start: " + self.stderr())
            time.sleep(0.005)

    def read(self):
        try:
            with open(self.file, encoding="utf-8") as f:
                self.connection = json.load(f)
        except ValueError:
            return False
        return True

    def stderr(self):
        self.log.flush()
        with open(self.log.name, encoding="utf-8", errors="replace") as f:
            return f.read()

    def alive(self):
        return self.process.poll() is None

    def end(self):
        """Kills what is left; gives the exit code."""
        if self.alive():
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
        code = self.process.wait()
        said = self.stderr()
        self.log.close()
        shutil.rmtree(self.folder)
        if "Sanitizer" in said or "runtime error" in said:
            raise RuntimeError(said)
        return code


class Client:
    def __init__(self, kernel, subscribe=b"", welcome=True, identity=None, receive_limit=0, open_stdin=True):
        self.c = kernel.connection
        self.context = zmq.Context()
        self.session = identity or uuid.uuid4().hex
        self.shell = self.open("shell_port", zmq.DEALER)
        self.control = self.open("control_port", zmq.DEALER)
        self.stdin = self.open("stdin_port", zmq.DEALER) if open_stdin else None
        self.iopub = self.context.socket(zmq.SUB)
        self.iopub.setsockopt(zmq.RCVHWM, receive_limit)
        self.secure(self.iopub)
        self.iopub.connect(self.address("iopub_port"))
        if subscribe is not None:
            self.iopub.subscribe(subscribe)
        if welcome:
            first = self.get(self.iopub)
            assert first["header"]["msg_type"] == "iopub_welcome", first

    def address(self, port):
        return ("tcp://%s:%d" if self.c["transport"] == "tcp" else "ipc://%s-%d") % (self.c["ip"], self.c[port])

    def secure(self, socket):
        if "curve_publickey" in self.c:
            public, secret = zmq.curve_keypair()
            socket.curve_serverkey = self.c["curve_publickey"].encode()
            socket.curve_publickey, socket.curve_secretkey = public, secret

    def open(self, port, kind):
        socket = self.context.socket(kind)
        socket.setsockopt(zmq.IDENTITY, self.session.encode())
        self.secure(socket)
        socket.connect(self.address(port))
        return socket

    def close(self):
        self.context.destroy(linger=0)

    # -- messages --

    def sign(self, parts):
        if not self.c["key"]:
            return b""
        h = hmac.new(self.c["key"].encode(), digestmod=hashlib.sha256)
        for part in parts:
            h.update(part)
        return h.hexdigest().encode()

    def frames(self, kind, content, parent=None, **extra):
        header = {"msg_id": uuid.uuid4().hex, "username": "test", "session": self.session, "date":
                  "2026-01-01T00:00:00.000000Z", "msg_type": kind, "version": "5.5", **extra}
        raw = content if isinstance(content, bytes) else json.dumps(content).encode()
        parts = [json.dumps(header).encode(), json.dumps(parent or {}).encode(), b"{}", raw]
        return header, [DELIMITER, self.sign(parts)] + parts

    def send(self, kind, content, socket=None, **extra):
        header, frames = self.frames(kind, content, **extra)
        (socket or self.shell).send_multipart(frames)
        return header["msg_id"]

    def get(self, socket, timeout=PATIENCE):
        """The next message; None: none came in time."""
        if not socket.poll(timeout * 1000):
            return None
        frames = socket.recv_multipart()
        at = frames.index(DELIMITER)
        signature, parts = frames[at + 1], frames[at + 2:]
        assert signature == self.sign(parts[:4]), "a wrong signature"
        header, parent, metadata, content = [json.loads(p) for p in parts[:4]]
        return {"ids": frames[:at], "header": header, "parent": parent, "metadata": metadata, "content": content,
                "raw_parent": parts[1], "type": header["msg_type"]}

    def reply(self, message_id, socket=None, timeout=PATIENCE):
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            m = self.get(socket or self.shell, deadline - time.monotonic())
            if m and m["parent"].get("msg_id") == message_id:
                return m
        return None

    def outputs(self, message_id, timeout=PATIENCE):
        """What iopub says of a request, up to idle."""
        deadline, found = time.monotonic() + timeout, []
        while time.monotonic() < deadline:
            m = self.get(self.iopub, deadline - time.monotonic())
            if not m or m["parent"].get("msg_id") != message_id:
                continue
            found.append(m)
            if m["content"].get("execution_state") == "idle":
                return found
        raise AssertionError("no idle; %s" % [m["type"] for m in found])

    def until(self, message_id, kind, timeout=PATIENCE):
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            m = self.get(self.iopub, deadline - time.monotonic())
            if m and m["parent"].get("msg_id") == message_id and m["type"] == kind:
                return m
        raise AssertionError("no " + kind)

    def until_busy(self, message_id):
        return self.until(message_id, "status")

    def ask(self, kind, content, socket=None, **extra):
        message_id = self.send(kind, content, socket, **extra)
        return self.reply(message_id, socket)

    def execute(self, code, **content):
        return self.send("execute_request", {"code": code, "silent": False, "store_history": True,
                                             "user_expressions": {}, "allow_stdin": False,
                                             "stop_on_error": True, **content},)

    def run(self, code, **content):
        """Reply and outputs, without status and input."""
        message_id = self.execute(code, **content)
        return self.reply(message_id), [m for m in self.outputs(message_id)
                                        if m["type"] not in ("status", "execute_input")]
