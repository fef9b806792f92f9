"""The kernel on the wire: a toy session, clients that speak the bare protocol."""
import json
import os
import random
import signal
import subprocess
import sys
import time
import unittest

from wire import DELIMITER, PATIENCE, PORTS, Client, Kernel, toy_program, zmq


def kinds(messages):
    return [m["type"] for m in messages]


class Case(unittest.TestCase):
    env = None

    def setUp(self):
        self.kernel = Kernel(env=self.env)
        self.client = Client(self.kernel)

    def tearDown(self):
        self.client.close()
        self.kernel.end()

    def another(self, **options):
        client = Client(self.kernel, **options)
        self.addCleanup(client.close)
        return client


class Execute(Case):
    def test_order_of_messages(self):
        message_id = self.client.execute("value 1")
        reply = self.client.reply(message_id)
        messages = self.client.outputs(message_id)
        self.assertEqual(kinds(messages), ["status", "execute_input", "execute_result", "status"])
        self.assertEqual(messages[0]["content"], {"execution_state": "busy"})
        self.assertEqual(messages[1]["content"], {"code": "value 1", "execution_count": 1})
        self.assertEqual(messages[2]["content"], {"execution_count": 1, "data": {"text/plain": "1"}, "metadata": {}})
        self.assertEqual(reply["content"], {"status": "ok", "execution_count": 1, "user_expressions": {}, "payload": []})
        self.assertRegex(reply["metadata"]["started"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")
        self.assertEqual(reply["metadata"]["cutflow"]["rows"], 3)

    def test_parent_header_byte_for_byte(self):
        raw = '{"msg_id" : "ä\\ud83d", "session":"s","x": [1.0 , {"y":null}],"msg_type":"kernel_info_request"}'.encode()
        parts = [raw, b"{}", b"{}", b"{}"]
        self.client.shell.send_multipart([DELIMITER, self.client.sign(parts)] + parts)
        self.assertEqual(self.client.get(self.client.shell)["raw_parent"], raw)
        self.assertEqual(self.client.get(self.client.iopub)["raw_parent"], raw)

    def test_only_the_last_output_is_the_result(self):
        _, out = self.client.run("value a\nvalue b\nvalue c")
        self.assertEqual(kinds(out), ["display_data", "display_data", "execute_result"])
        self.assertEqual([m["content"]["data"]["text/plain"] for m in out], ["a", "b", "c"])
        _, out = self.client.run("value a\nprint later")
        self.assertEqual(kinds(out), ["display_data", "stream"])
        _, out = self.client.run("value a\nhelp later")
        self.assertEqual(kinds(out), ["display_data", "display_data"])
        _, out = self.client.run("value a\nfail later")
        self.assertEqual(kinds(out), ["display_data", "error"])
        _, out = self.client.run("value a\nwork 20")
        self.assertEqual(kinds(out), ["execute_result"])

    def test_a_result_is_shown_before_the_next_is_there(self):
        message_id = self.client.execute("value a\nvalue b\nwork 60000")
        self.assertEqual(self.client.until(message_id, "display_data")["content"]["data"], {"text/plain": "a"})
        self.client.ask("interrupt_request", {}, self.client.control)
        self.client.reply(message_id)

    def test_error(self):
        reply, out = self.client.run("fail it\u00e9")
        self.assertEqual(kinds(out), ["error"])
        error = {"ename": "E0030", "evalue": "it\u00e9",
                 "traceback": ["\x1b[1;31merror\x1b[0m: it\u00e9", "  cell 1"]}
        self.assertEqual(out[0]["content"], error)
        self.assertEqual(reply["content"], {"status": "error", "execution_count": 1, **error})
        reply, out = self.client.run("fails")
        self.assertEqual(out[0]["content"]["ename"], "E0030")

    def test_streams_and_warnings(self):
        _, out = self.client.run("print a\nprint b\nerror c\nwarn d\nprint e")
        self.assertEqual([(m["content"]["name"], m["content"]["text"]) for m in out],
                         [("stdout", "ab"), ("stderr", "cwarning: d\n  cell 1\n"), ("stdout", "e")])

    def test_execution_count(self):
        counts = [self.client.run("value 1", **options)[0]["content"]["execution_count"]
                  for options in ({}, {}, {"store_history": False}, {"silent": True}, {})]
        self.assertEqual(counts, [1, 2, 2, 2, 3])
        reply, out = self.client.run("", silent=True)
        self.assertEqual((reply["content"]["status"], reply["content"]["execution_count"], out), ("ok", 3, []))
        self.assertEqual(self.client.run("  \n")[0]["content"]["execution_count"], 3)

    def test_silent(self):
        message_id = self.client.execute("print a\nvalue b\nhelp c\nwarn d", silent=True)
        self.assertEqual(kinds(self.client.outputs(message_id)), ["status", "status"])
        reply, out = self.client.run("fail x", silent=True)
        self.assertEqual((reply["content"]["status"], reply["content"]["ename"], out), ("error", "E0030", []))

    def test_user_expressions(self):
        reply, out = self.client.run("print a", user_expressions={"x\n": "value 2\nvalue 3", "y": "fail no", "z": 3})
        found = reply["content"]["user_expressions"]
        self.assertEqual(found["x\n"], {"status": "ok", "data": {"text/plain": "3"}, "metadata": {}})
        self.assertEqual((found["y"]["status"], found["y"]["ename"]), ("error", "E0030"))
        self.assertEqual(found["z"]["status"], "error")
        self.assertEqual(kinds(out), ["stream"])

    def test_pager(self):
        reply, out = self.client.run("help what?")
        self.assertEqual(out, [])
        self.assertEqual(reply["content"]["payload"], [{"source": "page", "data": {"text/plain": "what?"}, "start": 0}])

    def test_clear(self):
        _, out = self.client.run("%clear\nvalue 1")
        self.assertEqual(kinds(out), ["clear_output", "execute_result"])
        self.assertEqual(out[0]["content"], {"wait": False})
        _, out = self.client.run("%clear  wait ")
        self.assertEqual(out[0]["content"], {"wait": True})

    def test_code_that_is_no_good_text(self):
        message_id = self.client.send(
            "execute_request", b'{"code": "print \\ud83d \\u0041\xff \\ud83d\\ude00", "big": 1e400, "n": 123456789012345678901, '
            b'"nan": NaN, "user_expressions": {}}')
        self.assertEqual(self.client.reply(message_id)["content"]["status"], "ok")
        text = self.client.until(message_id, "stream")["content"]["text"]
        self.assertEqual(text, "\ufffd A\ufffd \U0001f600")
        message_id = self.client.send("execute_request", b'{"code": "print a\\u0000b"}')
        self.assertEqual(self.client.reply(message_id)["content"]["status"], "ok")
        reply = self.client.ask("execute_request", {"no": "code"})
        self.assertEqual(reply["content"]["status"], "error")

    def test_warnings_of_the_last_cell_do_not_leak(self):
        self.client.run("fail x")
        reply, out = self.client.run("value 1")
        self.assertEqual((reply["content"]["status"], kinds(out)), ("ok", ["execute_result"]))

    def test_a_large_result(self):
        _, out = self.client.run("big 20000000")
        self.assertEqual(len(out[0]["content"]["data"]["text/plain"]), 20000000)


class Abort(Case):
    def queue(self, first, **options):
        """Requests that wait behind a cell that fails."""
        ids = [self.client.execute(first, **options), self.client.execute("value 1"),
               self.client.send("kernel_info_request", {}), self.client.execute("value 2")]
        return ids, [self.client.reply(i) for i in ids], [self.client.outputs(i) for i in ids]

    def test_what_was_queued_is_aborted(self):
        _, replies, outputs = self.queue("work 300\nfail x")
        self.assertEqual([r["content"]["status"] for r in replies], ["error", "aborted", "ok", "aborted"])
        self.assertEqual(replies[1]["content"], {"status": "aborted", "execution_count": 1})
        self.assertEqual([kinds(o) for o in outputs[1:]], [["status", "status"]] * 3)
        reply, _ = self.client.run("value 3")
        self.assertEqual((reply["content"]["status"], reply["content"]["execution_count"]), ("ok", 2))

    def test_stop_on_error_false(self):
        _, replies, _ = self.queue("work 300\nfail x", stop_on_error=False)
        self.assertEqual([r["content"]["status"] for r in replies], ["error", "ok", "ok", "ok"])

    def test_silent_errors_abort_nothing(self):
        first = self.client.execute("work 300\nfail x", silent=True)
        second = self.client.execute("value 1")
        self.assertEqual(self.client.reply(first)["content"]["status"], "error")
        self.assertEqual(self.client.reply(second)["content"]["status"], "ok")

    def test_nothing_sent_after_the_error_is_aborted(self):
        for _ in range(50):
            failed = self.client.execute("fail x")
            self.client.until(failed, "error")  # seen before the reply
            self.assertEqual(self.client.reply(self.client.execute("value 1"))["content"]["status"], "ok")


class Interrupt(Case):
    def check_interrupted(self, interrupt, code="work 60000"):
        message_id = self.client.execute(code)
        self.client.until(message_id, "execute_input")
        interrupt()
        reply = self.client.reply(message_id)
        self.assertEqual((reply["content"]["status"], reply["content"]["ename"]), ("error", "KeyboardInterrupt"))
        self.assertEqual(self.client.outputs(message_id)[-2]["content"]["ename"], "KeyboardInterrupt")
        self.assertEqual(self.client.run("value 1")[0]["content"]["status"], "ok")

    def by_message(self):
        reply = self.client.ask("interrupt_request", {}, self.client.control)
        self.assertEqual((reply["type"], reply["content"]), ("interrupt_reply", {"status": "ok"}))

    def by_signal(self):
        os.killpg(self.kernel.process.pid, signal.SIGINT)

    def test_by_message(self):
        self.check_interrupted(self.by_message)

    def test_by_signal(self):
        self.check_interrupted(self.by_signal)

    def test_at_once(self):
        """The cell may not even have begun."""
        for _ in range(30):
            self.check_interrupted(self.by_message, "late\nwork 60000")

    def test_idle(self):
        for _ in range(5):
            self.by_message()
            self.by_signal()
        time.sleep(0.3)  # signals come when they come
        self.assertEqual(self.client.run("work 100\nvalue 1")[0]["content"]["status"], "ok")

    def test_between_cells(self):
        """An interrupt never hits a cell that comes later."""
        for _ in range(100):
            message_id = self.client.execute("value 1")
            self.client.send("interrupt_request", {}, self.client.control)
            self.client.reply(message_id)
            self.client.get(self.client.control)
            self.assertEqual(self.client.run("work 1\nvalue 1")[0]["content"]["status"], "ok")

    def test_of_a_printing_cell(self):
        self.check_interrupted(self.by_message, "lines 1000000000")

    def test_aborts_what_waits(self):
        first = self.client.execute("work 60000")
        second = self.client.execute("value 1")
        self.client.until(first, "execute_input")
        self.by_message()
        self.assertEqual(self.client.reply(second)["content"]["status"], "aborted")


class Stdin(Case):
    def test_round_trip(self):
        message_id = self.client.execute("print before\nask Name?", allow_stdin=True)
        asked = self.client.get(self.client.stdin)
        self.assertEqual((asked["type"], asked["content"]), ("input_request", {"prompt": "Name?", "password": False}))
        self.assertEqual(asked["parent"]["msg_id"], message_id)
        self.assertEqual(self.client.until(message_id, "stream")["content"]["text"], "before")
        self.client.send("input_reply", {"value": "J\u00f6rg"}, self.client.stdin, parent=asked["header"])
        result = self.client.until(message_id, "execute_result")
        self.assertEqual(result["content"]["data"]["text/plain"], "you said J\u00f6rg")

    def test_without_parent(self):
        message_id = self.client.execute("ask", allow_stdin=True)
        self.client.get(self.client.stdin)
        self.client.send("input_reply", {"value": "x", "status": "ok"}, self.client.stdin)
        self.assertEqual(self.client.reply(message_id)["content"]["status"], "ok")

    def test_refused(self):
        reply, _ = self.client.run("ask Name?")
        self.assertEqual(reply["content"]["status"], "error")
        self.assertIsNone(self.client.get(self.client.stdin, 0.2))

    def test_interrupted(self):
        message_id = self.client.execute("ask Name?", allow_stdin=True)
        self.client.get(self.client.stdin)
        self.client.ask("interrupt_request", {}, self.client.control)
        self.assertEqual(self.client.reply(message_id)["content"]["ename"], "KeyboardInterrupt")

    def test_stale_and_foreign_answers(self):
        other = self.another()
        self.client.send("input_reply", {"value": "too early"}, self.client.stdin)
        self.client.ask("kernel_info_request", {})
        message_id = self.client.execute("ask Name?", allow_stdin=True)
        asked = self.client.get(self.client.stdin)
        other.send("input_reply", {"value": "not asked"}, other.stdin, parent=asked["header"])
        self.client.send("input_reply", {"value": "old"}, self.client.stdin, parent={"msg_id": "another"})
        time.sleep(0.1)
        self.client.send("input_reply", {"value": "this"}, self.client.stdin, parent=asked["header"])
        result = self.client.until(message_id, "execute_result")
        self.assertEqual(result["content"]["data"]["text/plain"], "you said this")
        self.assertIsNone(other.get(other.stdin, 0.1))

    def test_end_of_input(self):
        message_id = self.client.execute("ask Name?", allow_stdin=True)
        asked = self.client.get(self.client.stdin)
        self.client.send("input_reply", {"value": "\x04"}, self.client.stdin, parent=asked["header"])
        self.assertEqual(self.client.reply(message_id)["content"]["status"], "error")


class Security(Case):
    def test_replayed(self):
        header, frames = self.client.frames("execute_request", {"code": "value 1"})
        for _ in range(5):
            self.client.shell.send_multipart(frames)
        self.assertEqual(self.client.reply(header["msg_id"])["content"]["execution_count"], 1)
        self.assertEqual(self.client.run("value 2")[0]["content"]["execution_count"], 2)
        self.assertIsNone(self.client.get(self.client.shell, 0.1))
        self.assertIn("came twice", self.kernel.stderr())

    def test_replayed_on_another_channel(self):
        header, frames = self.client.frames("kernel_info_request", {})
        self.client.shell.send_multipart(frames)
        self.assertIsNotNone(self.client.reply(header["msg_id"]))
        self.client.control.send_multipart(frames)
        self.assertIsNone(self.client.get(self.client.control, 0.2))

    def test_bad_signature(self):
        _, frames = self.client.frames("execute_request", {"code": "value 1"})
        good = frames[1]
        for bad in (b"", good[:-1], good + b"0", b"0" * 64, good.upper(), good[:-1] + b"\0", b" " + good):
            if bad != good:
                self.client.shell.send_multipart([frames[0], bad] + frames[2:])
        self.assertEqual(self.client.run("value 2")[0]["content"]["execution_count"], 1)
        self.assertIn("wrong signature", self.kernel.stderr())

    def test_junk(self):
        r = random.Random(7)
        whole = int(os.environ.get("CUTFLOW_JUNK", "2000"))
        sockets = [self.client.shell, self.client.control, self.client.stdin]
        for i in range(whole):
            frames = self.mutated(r) if i % 2 else [r.randbytes(r.randrange(80)) for _ in range(r.randrange(1, 9))]
            r.choice(sockets).send_multipart(frames)
            if i % 100 == 0:
                self.assertTrue(self.kernel.alive(), self.kernel.stderr())
        self.assertIsNotNone(self.client.ask("kernel_info_request", {}))  # the queue is empty
        self.assertEqual(self.client.reply(self.client.execute("value 1"))["content"]["status"], "ok")
        self.assertIsNotNone(self.client.ask("kernel_info_request", {}, self.client.control))

    def mutated(self, r):
        """Well signed messages with damaged parts, and good messages with damaged frames."""
        kind = r.choice(["execute_request", "complete_request", "history_request", "comm_open", "inspect_request",
                         "is_complete_request", "no_such_request", "interrupt_request", "usage_request",
                         "create_subshell_request", "delete_subshell_request", "input_reply", ""])
        content = {"code": r.choice(["value 1", "", "fail x", 7, None, ["x"]]), "silent": r.choice([True, 0, "no", None]),
                   "cursor_pos": r.choice([-5, 0, 3, 10 ** 30, 1.5, None]), "comm_id": r.choice(["x", 3, None]),
                   "hist_access_type": r.choice(["tail", "range", "search", 3]), "n": r.choice([-1, 0, 3, None, 1e300]),
                   "session": r.choice([0, -1, 10 ** 30, None]), "pattern": r.choice(["*", "", "?*?*?*", 5]),
                   "user_expressions": r.choice([{}, {"a": "value 1"}, [], {"": None}]), "value": r.choice(["x", None]),
                   "subshell_id": r.choice(["x", None, 3])}
        _, frames = self.client.frames(kind, content, subshell_id=r.choice([None, None, "none", 3]))
        parts = frames[2:]
        at = r.randrange(len(parts))
        part = bytearray(parts[at])
        for _ in range(r.randrange(4)):
            where = r.randrange(len(part) + 1)
            what = r.randrange(3)
            if what == 0 and where < len(part):
                part[where] = r.randrange(256)
            elif what == 1:
                del part[where:where + r.randrange(9)]
            else:
                part[where:where] = r.choice([b'"', b"\\", b"{", b"[" * 300, b"\\ud800", b"\xff", b"\0", b"null"])
        parts[at] = bytes(part)
        if r.randrange(4):
            return [DELIMITER, self.client.sign(parts)] + parts[:r.choice([4, 4, 4, 3, 2])] + [b"x"] * r.randrange(3)
        damaged = [DELIMITER, frames[1]] + parts
        damaged.insert(r.randrange(len(damaged)), r.choice([b"", b"x", DELIMITER]))
        return damaged

    def test_headers_that_others_could_not_read(self):
        """A header goes back as it came, so it has to be good JSON."""
        good = b'{"msg_id": "%s", "session": "s", "msg_type": "kernel_info_request", "x": %s}'
        for i, (x, fine) in enumerate([
                (b"[1, -0, 1.5e-3, 1E+400, true, null, {}]", True), (b'"\\ud83d \\/ \\u00e9"', True), (b'"\\x"', False),
                (b'"\\u12"', False), (b'"\x01"', False), (b'"\xff"', False), (b"01", False), (b"1.", False), (b".5", False),
                (b"+1", False), (b"1e", False), (b"NaN", False), (b"-Infinity", False), (b"--1", False), (b"1-2", False), (b"[1,]", False)]):
            parts = [good % (b"m%d" % i, x), b"{}", b"{}", b"{}"]
            self.client.shell.send_multipart([DELIMITER, self.client.sign(parts)] + parts)
            after = self.client.send("kernel_info_request", {})
            first = self.client.get(self.client.shell)["parent"]["msg_id"]
            self.assertEqual(first, "m%d" % i if fine else after)
            if fine:
                self.client.reply(after)

    def test_without_key(self):
        kernel = Kernel(key="")
        client = Client(kernel)
        self.assertEqual(client.run("value 1")[0]["content"]["status"], "ok")
        client.close()
        kernel.end()

    def test_curve(self):
        if not zmq.has("curve"):
            self.skipTest("no curve in this pyzmq")
        public, secret = zmq.curve_keypair()
        connection = {"transport": "tcp", "ip": "127.0.0.1", "key": "k", "signature_scheme": "hmac-sha256",
                      "curve_publickey": public.decode(), "curve_secretkey": secret.decode(), **dict.fromkeys(PORTS, 0)}
        kernel = Kernel(connection=connection)
        client = Client(kernel)
        self.assertEqual(client.run("value 1")[0]["content"]["status"], "ok")
        del client.c["curve_publickey"]
        plain = Client(kernel, welcome=False)
        self.assertIsNone(plain.get(plain.iopub, 0.5))
        plain.close()
        client.close()
        kernel.end()

    def test_other_hash(self):
        kernel = Kernel(connection={"key": "k", "signature_scheme": "hmac-md9", "ip": "127.0.0.1", "transport": "tcp",
                                    **dict.fromkeys(PORTS, 0)}, wait=False)
        self.assertNotEqual(kernel.process.wait(PATIENCE), 0)
        self.assertIn("hmac-md9", kernel.stderr())
        kernel.end()


class Clients(Case):
    def test_two_clients(self):
        other = self.another()
        message_id = self.client.execute("value 1")
        self.assertIn("execute_result", kinds(other.outputs(message_id)))
        self.assertIn("execute_result", kinds(self.client.outputs(message_id)))
        self.assertIsNone(other.get(other.shell, 0.1))

    def test_each_subscription_is_welcomed_first(self):
        self.client.execute("burst 200000")
        for topic in (b"", b"", b"status", b""):
            client = Client(self.kernel, subscribe=topic, welcome=False)
            first = client.get(client.iopub)
            self.assertEqual((first["type"], first["parent"]), ("iopub_welcome", {}))
            self.assertEqual(first["content"], {"subscription": topic.decode()})
            client.close()

    def test_one_session_for_all_messages(self):
        reply, out = self.client.run("value 1")
        control = self.client.ask("kernel_info_request", {}, self.client.control)
        other = self.another(welcome=False)
        sessions = {m["header"]["session"] for m in [reply, control, other.get(other.iopub)] + out}
        self.assertEqual(len(sessions), 1)

    def test_a_client_that_comes_back_keeps_its_identity(self):
        self.client.run("value 1")
        again = Client(self.kernel, identity=self.client.session)
        self.assertEqual(again.ask("kernel_info_request", {})["content"]["status"], "ok")
        again.close()

    def test_nothing_is_lost_for_a_slow_subscriber(self):
        n = int(os.environ.get("CUTFLOW_LINES", "60000"))
        slow = self.another(receive_limit=10)
        message_id = self.client.execute("lines %d" % n)
        time.sleep(1)  # it takes nothing at first
        expected = {"stdout": 0, "stderr": 1}
        while True:
            m = slow.get(slow.iopub)
            self.assertIsNotNone(m)
            if m["content"].get("execution_state") == "idle" and m["parent"].get("msg_id") == message_id:
                break
            if m["type"] != "stream":
                continue
            name = m["content"]["name"]
            for line in m["content"]["text"].splitlines():
                self.assertEqual(int(line), expected[name])
                expected[name] += 2
        self.assertEqual(sorted(expected.values()), [n, n + 1])

    def test_ipc(self):
        kernel = Kernel(transport="ipc")
        client = Client(kernel)
        self.assertEqual(client.run("value 1")[0]["content"]["status"], "ok")
        client.close()
        kernel.end()


class Language(Case):
    def test_complete_counts_code_points(self):
        for code, cursor, start, end, match in [
                ("value abc", 9, 6, 9, "ABC"), ("\U0001f600\u00e9 abc", 6, 3, 6, "ABC"), ("\U0001f600 ab", 3, 2, 3, "A"),
                ("", 0, 0, 0, ""), ("abc", 0, 0, 0, ""), ("\U0001f600 ab", 99, 2, 4, "AB"), ("\u00e9 x", None, 2, 3, "X")]:
            content = {"code": code, "cursor_pos": cursor}
            if cursor is None:
                del content["cursor_pos"]
            reply = self.client.ask("complete_request", content)["content"]
            types = reply["metadata"].pop("_jupyter_types_experimental")
            self.assertEqual(reply, {"status": "ok", "matches": [match], "cursor_start": start, "cursor_end": end,
                                     "metadata": {}})
            self.assertEqual(types, [{"start": start, "end": end, "text": match, "type": "column", "signature": "[float]"}])

    def test_complete_after_half_an_emoji(self):
        reply = self.client.reply(self.client.send("complete_request", b'{"code": "\\ud83d ab", "cursor_pos": 4}'))
        self.assertEqual((reply["content"]["matches"], reply["content"]["cursor_start"]), (["AB"], 2))

    def test_inspect(self):
        reply = self.client.ask("inspect_request", {"code": "\U0001f600xyz", "cursor_pos": 2, "detail_level": 1})["content"]
        self.assertEqual(reply, {"status": "ok", "found": True, "metadata": {},
                                 "data": {"text/plain": "before the cursor: x, detail 1"}})
        reply = self.client.ask("inspect_request", {"code": "x", "cursor_pos": 0})["content"]
        self.assertEqual(reply, {"status": "ok", "found": False, "data": {}, "metadata": {}})

    def test_is_complete(self):
        for code, expected in [("x", {"status": "complete"}), ("x |", {"status": "incomplete", "indent": "  "}),
                               ("x)", {"status": "invalid"}), ("", {"status": "complete"})]:
            self.assertEqual(self.client.ask("is_complete_request", {"code": code})["content"], expected)


class Others(Case):
    def test_kernel_info_while_busy(self):
        message_id = self.client.execute("work 60000")
        self.client.until(message_id, "execute_input")
        info = self.client.ask("kernel_info_request", {}, self.client.control)["content"]
        self.assertEqual((info["status"], info["language_info"]["name"], info["language_info"]["file_extension"]),
                         ("ok", "cutflow", ".cf"))
        self.assertIn("kernel subshells", info["supported_features"])
        self.client.ask("interrupt_request", {}, self.client.control)
        self.client.reply(message_id)

    def test_every_request_is_framed_by_status(self):
        for kind, socket in [("kernel_info_request", self.client.shell), ("no_such_request", self.client.shell),
                             ("debug_request", self.client.control), ("comm_info_request", self.client.shell),
                             ("usage_request", self.client.control), ("comm_msg", self.client.shell)]:
            messages = self.client.outputs(self.client.send(kind, {}, socket))
            self.assertEqual([m["content"]["execution_state"] for m in messages], ["busy", "idle"])

    def test_comms(self):
        self.assertEqual(self.client.ask("comm_info_request", {"target_name": "x"})["content"],
                         {"status": "ok", "comms": {}})
        message_id = self.client.send("comm_open", {"comm_id": "c\u00e9", "target_name": "x", "data": {}})
        messages = self.client.outputs(message_id)
        self.assertEqual(kinds(messages), ["status", "comm_close", "status"])
        self.assertEqual(messages[1]["content"], {"comm_id": "c\u00e9", "data": {}})

    def test_usage(self):
        for _ in range(2):
            usage = self.client.ask("usage_request", {}, self.client.control)["content"]
        self.assertEqual(usage["pid"], self.kernel.process.pid)
        self.assertGreater(usage["kernel_memory"], 1e5)
        self.assertGreaterEqual(usage["kernel_cpu"], 0)
        self.assertGreater(usage["host_virtual_memory"]["total"], 1e6)

    def test_connect(self):
        self.assertEqual(self.client.ask("connect_request", {})["content"]["hb_port"],
                         self.kernel.connection["hb_port"])

    def test_heartbeat_while_busy(self):
        message_id = self.client.execute("work 60000")
        self.client.until(message_id, "execute_input")
        heart = self.client.context.socket(zmq.REQ)
        heart.connect(self.client.address("hb_port"))
        for beat in (b"ping", b"", b"\0" * 1000):
            heart.send(beat)
            self.assertTrue(heart.poll(PATIENCE * 1000))
            self.assertEqual(heart.recv(), beat)
        self.client.ask("interrupt_request", {}, self.client.control)
        self.client.reply(message_id)

    def test_history(self):
        def history(**content):
            return self.client.ask("history_request", {"raw": True, "output": False, **content})["content"]["history"]
        for code in ("value a", "value b", "print \u00e9\n\u2028", "value a"):
            self.client.run(code)
        self.client.run("value hidden", store_history=False)
        lines = [[1, 1, "value a"], [1, 2, "value b"], [1, 3, "print \u00e9\n\u2028"], [1, 4, "value a"]]
        self.assertEqual(history(hist_access_type="tail", n=2), lines[2:])
        self.assertEqual(history(hist_access_type="tail", n=None), lines)
        self.assertEqual(history(hist_access_type="tail", n=0), [])
        self.assertEqual(history(hist_access_type="range", session=0, start=2, stop=4), lines[1:3])
        self.assertEqual(history(hist_access_type="range", session=None, start=4, stop=None), lines[3:])
        self.assertEqual(history(hist_access_type="search", pattern="value*"), [lines[0], lines[1], lines[3]])
        self.assertEqual(history(hist_access_type="search", pattern="value*", unique=True), [lines[1], lines[3]])
        self.assertEqual(history(hist_access_type="search", pattern="*", n=1), lines[3:])
        self.assertEqual(history(hist_access_type="search", pattern="print ?\n?"), [lines[2]])
        self.assertEqual(history(hist_access_type="search", pattern="alue*"), [])
        self.assertEqual(history(hist_access_type="tail", n=1, output=True), [[1, 4, ["value a", None]]])
        second = Kernel(env={"CUTFLOW_HISTORY": self.kernel.env["CUTFLOW_HISTORY"]})
        client = Client(second)
        client.run("value later")
        reply = client.ask("history_request", {"hist_access_type": "tail", "n": 2, "raw": True, "output": False})
        self.assertEqual(reply["content"]["history"], [lines[3], [2, 1, "value later"]])
        reply = client.ask("history_request", {"hist_access_type": "range", "session": -1, "start": 1, "stop": 2})
        self.assertEqual(reply["content"]["history"], lines[:1])
        client.close()
        second.end()

    def test_history_without_a_file(self):
        kernel = Kernel(env={"CUTFLOW_HISTORY": ""})
        client = Client(kernel)
        client.run("value a")
        reply = client.ask("history_request", {"hist_access_type": "tail", "n": 2})
        self.assertEqual(reply["content"]["history"], [[1, 1, "value a"]])
        client.close()
        kernel.end()


class Subshells(Case):
    def create(self):
        return self.client.ask("create_subshell_request", {}, self.client.control)["content"]["subshell_id"]

    def test_answers_while_a_cell_runs(self):
        subshell = self.create()
        running = self.client.execute("work 60000")
        self.client.until(running, "execute_input")
        reply = self.client.ask("complete_request", {"code": "ab", "cursor_pos": 2}, subshell_id=subshell)
        self.assertEqual(reply["content"]["matches"], ["AB"])
        reply = self.client.ask("inspect_request", {"code": "ab", "cursor_pos": 2}, subshell_id=subshell)
        self.assertTrue(reply["content"]["found"])
        waiting = self.client.send("execute_request", {"code": "value 1"}, subshell_id=subshell)
        self.assertIsNone(self.client.get(self.client.shell, 0.3))
        self.client.ask("interrupt_request", {}, self.client.control)
        replies = {m["parent"]["msg_id"]: m["content"] for m in [self.client.get(self.client.shell) for _ in range(2)]}
        self.assertEqual(replies[running]["ename"], "KeyboardInterrupt")
        self.assertEqual(replies[waiting]["ename"], "KeyboardInterrupt")

    def test_own_count(self):
        subshell = self.create()
        self.client.run("value 1")
        self.client.run("value 2")
        message_id = self.client.send("execute_request", {"code": "value 1"}, subshell_id=subshell)
        self.assertEqual(self.client.reply(message_id)["content"]["execution_count"], 1)
        self.assertIn("execute_result", kinds(self.client.outputs(message_id)))

    def test_list_and_delete(self):
        ids = {self.create(), self.create()}
        listed = self.client.ask("list_subshell_request", {}, self.client.control)["content"]
        self.assertEqual((listed["status"], set(listed["subshell_id"])), ("ok", ids))
        gone = ids.pop()
        deleted = self.client.ask("delete_subshell_request", {"subshell_id": gone}, self.client.control)["content"]
        self.assertEqual(deleted, {"status": "ok"})
        listed = self.client.ask("list_subshell_request", {}, self.client.control)["content"]
        self.assertEqual(set(listed["subshell_id"]), ids)
        for request in ("delete_subshell_request",):
            reply = self.client.ask(request, {"subshell_id": gone}, self.client.control)["content"]
            self.assertEqual(reply["status"], "error")
        reply = self.client.ask("kernel_info_request", {}, subshell_id=gone)
        self.assertEqual(reply["content"]["status"], "error")
        for _ in range(100):
            self.client.ask("delete_subshell_request", {"subshell_id": self.create()}, self.client.control)


class Progress(Case):
    def test_shown_and_gone(self):
        _, out = self.client.run("print a\nwork 1800\nvalue b", allow_stdin=True)
        footer = out.pop()
        self.assertEqual(footer["content"]["metadata"], {"cutflow": {"footer": True}})
        self.assertEqual(kinds(out), ["stream", "display_data"] + ["update_display_data"] * (len(out) - 5)
                         + ["clear_output", "stream", "execute_result"])
        shown = [m["content"] for m in out if "transient" in m["content"]]
        self.assertGreater(len(shown), 1)
        self.assertEqual(len({m["transient"]["display_id"] for m in shown}), 1)
        self.assertRegex(shown[0]["data"]["text/plain"], r"^\[#+-+\] +\d+%  \d+ of 1800 rows, 1 s, 2 s left$")
        self.assertIn("<progress", shown[0]["data"]["text/html"])
        self.assertEqual(out[-3]["content"], {"wait": True})

    def test_nothing_follows(self):
        _, out = self.client.run("work 1500", allow_stdin=True)
        self.assertEqual(out[-2]["content"], {"wait": False})

    def test_partial_results(self):
        message_id = self.client.execute("partial 60000", allow_stdin=True)
        shown = self.client.until(message_id, "display_data")["content"]
        while shown["data"] != {"text/plain": "so far"}:
            shown = self.client.until(message_id, "update_display_data")["content"]
        self.client.ask("interrupt_request", {}, self.client.control)
        out = [m for m in self.client.outputs(message_id) if m["type"] not in ("update_display_data", "status")]
        self.assertEqual(kinds(out), ["clear_output", "display_data", "error"])
        self.assertEqual(out[1]["content"]["metadata"], {"cutflow": {"partial": True}})

    def test_off(self):
        for env, allow_stdin in (({"CI": "true"}, True), ({"CUTFLOW_PROGRESS": "0", "CUTFLOW_FOOTER": "0"}, True), ({}, False)):
            kernel = Kernel(env=env)
            client = Client(kernel)
            _, out = client.run("work 1300", allow_stdin=allow_stdin)
            self.assertEqual(out, [])
            client.close()
            kernel.end()


class Life(unittest.TestCase):
    def shut_down(self, client, socket, restart=False):
        reply = client.ask("shutdown_request", {"restart": restart}, socket)
        self.assertEqual((reply["type"], reply["content"]), ("shutdown_reply", {"status": "ok", "restart": restart}))
        return reply["parent"]["msg_id"]

    def check_shutdown(self, busy, channel, limit=10):
        kernel = Kernel()
        client = Client(kernel)
        if busy:
            message_id = client.execute(busy)
            client.until(message_id, "execute_input")
        message_id = self.shut_down(client, getattr(client, channel))
        self.assertEqual(kernel.process.wait(limit), 0)
        messages = client.outputs(message_id)
        self.assertEqual(kinds(messages), ["status", "shutdown_reply", "status"])
        client.close()
        self.assertTrue(os.path.exists(kernel.file))
        self.assertEqual(kernel.end(), 0)

    def test_shutdown(self):
        self.check_shutdown(None, "control")

    def test_shutdown_on_shell(self):
        self.check_shutdown(None, "shell")

    def test_shutdown_while_busy(self):
        self.check_shutdown("work 60000", "control")

    def test_shutdown_of_a_cell_that_does_not_stop(self):
        self.check_shutdown("stubborn 60000", "control")

    def test_shutdown_while_printing(self):
        self.check_shutdown("lines 1000000000", "control")

    def test_restarts_with_the_same_file(self):
        kernel = Kernel()
        sessions = set()
        for _ in range(20):
            client = Client(kernel)
            reply, _ = client.run("value 1")
            self.assertEqual(reply["content"]["execution_count"], 1)
            sessions.add(reply["header"]["session"])
            self.shut_down(client, client.control, True)
            self.assertEqual(kernel.process.wait(PATIENCE), 0)
            client.close()
            kernel.start(toy_program)
        self.assertEqual(len(sessions), 20)
        kernel.end()

    def test_address_in_use(self):
        kernel = Kernel()
        second = Kernel(connection=kernel.connection, wait=False)
        self.assertNotIn(second.process.wait(PATIENCE), (0, None))
        self.assertIn("cannot bind shell_port", second.stderr())
        second.end()
        kernel.end()

    def test_bad_connection_files(self):
        for text in ("", "[]", "{", '{"transport": "udp"}', '{"shell_port": 70000}', "\xff"):
            kernel = Kernel()
            with open(kernel.file, "w", encoding="latin-1") as f:
                f.write(text)
            run = subprocess.run([toy_program, "-f", kernel.file], capture_output=True, timeout=PATIENCE, check=False)
            self.assertEqual((run.returncode, run.stderr.count(b"\n")), (1, 1))
            kernel.end()
        run = subprocess.run([toy_program, "-f", "/nowhere"], capture_output=True, timeout=PATIENCE, check=False)
        self.assertEqual(run.returncode, 1)

    def test_parent_dies(self):
        """A kernel whose starter is killed ends by itself."""
        script = ("import os, subprocess, sys\n"
                  "os.environ['JPY_PARENT_PID'] = str(os.getpid())\n"
                  "p = subprocess.Popen(sys.argv[1:])\n"
                  "print(p.pid, flush=True)\n"
                  "p.wait()\n")
        kernel = Kernel()
        client = Client(kernel)
        self.shut_down(client, client.control)
        kernel.process.wait(PATIENCE)
        client.close()
        parent = subprocess.Popen([sys.executable, "-c", script, toy_program, "-f", kernel.file], stdout=subprocess.PIPE,
                                  env=kernel.env)
        child = int(parent.stdout.readline())
        client = Client(kernel)
        self.assertIsNotNone(client.ask("kernel_info_request", {}))
        parent.kill()
        parent.wait()
        parent.stdout.close()
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self.state_of(child) != "Z":
            time.sleep(0.05)
        self.assertEqual(self.state_of(child), "Z")
        client.close()
        kernel.end()

    @staticmethod
    def state_of(pid):
        try:
            with open("/proc/%d/stat" % pid, encoding="ascii") as f:
                return f.read().rsplit(")", 1)[1].split()[0]
        except OSError:
            return "Z"

    def test_terminated(self):
        kernel = Kernel()
        kernel.process.send_signal(signal.SIGTERM)
        self.assertEqual(kernel.process.wait(PATIENCE), 128 + signal.SIGTERM)
        kernel.end()

    def test_install(self):
        kernel = Kernel()
        data = os.path.join(kernel.folder, "jupyter")
        def install(*options, env=None):
            return subprocess.run([toy_program, "install", *options], capture_output=True, timeout=PATIENCE, check=False,
                                  env={**os.environ, **(env or {})})
        self.assertEqual(install(env={"JUPYTER_DATA_DIR": data}).returncode, 0)
        folder = os.path.join(data, "kernels", "cutflow")
        self.assertEqual(sorted(os.listdir(folder)), ["kernel.json", "logo-32x32.png", "logo-64x64.png", "logo-svg.svg"])
        with open(os.path.join(folder, "kernel.json"), encoding="utf-8") as f:
            spec = json.load(f)
        self.assertEqual(spec["argv"], [os.path.abspath(toy_program), "-f", "{connection_file}"])
        self.assertEqual((spec["interrupt_mode"], spec["language"], spec["display_name"]), ("message", "cutflow", "Cutflow"))
        self.assertEqual(spec["metadata"]["supported_encryption"], ["curve"])
        self.assertEqual(install(env={"JUPYTER_DATA_DIR": data}).returncode, 1)
        self.assertEqual(install("--replace", "--display-name", 'My "x"', env={"JUPYTER_DATA_DIR": data}).returncode, 0)
        with open(os.path.join(folder, "kernel.json"), encoding="utf-8") as f:
            self.assertEqual(json.load(f)["display_name"], 'My "x"')
        self.assertEqual(install("--prefix=" + kernel.folder, "--name", "other").returncode, 0)
        self.assertTrue(os.path.exists(os.path.join(kernel.folder, "share/jupyter/kernels/other/kernel.json")))
        for bad in (["--nmae", "x"], ["--name"], ["x"]):
            self.assertEqual(install(*bad).returncode, 2)
        self.assertEqual(install("--name", "../x").returncode, 1)
        kernel.end()


if __name__ == "__main__":
    unittest.main()
