"""What keeps it from starting: one line on stderr that names the thing, a non-zero exit, within 2 s."""

import os
import shutil
import socket
import subprocess
import time

from ducat_e2e.case import OwnServerCase
from ducat_e2e.processes import free_port, scratch, unprivileged
from ducat_e2e.server import binary, clean_environment, ducat

LIMIT_SECONDS = 2


class Startup(OwnServerCase):
    def refusal(self, *arguments, data=None, port=None, program=None, **popen):
        """What it says on stderr when it does not start. A machine that was busy elsewhere gets two more chances."""
        command = [program or binary(), "run", "--dev", "--data", data or os.path.join(scratch("start"), "data"),
                   "--port",
                   str(port or free_port()), *arguments]
        for _ in range(3):
            begin = time.monotonic()
            done = subprocess.run(command, capture_output=True, text=True, timeout=30, env=clean_environment(),
                                  check=False,
                                  stdin=subprocess.DEVNULL, **popen)
            if time.monotonic() - begin < LIMIT_SECONDS:
                break
        else:
            self.fail(f"it took more than {LIMIT_SECONDS} s to say {done.stderr!r}")
        self.assertNotEqual(done.returncode, 0)
        self.assertGreater(done.returncode, 0, "it ended by a signal")
        self.assertEqual(done.stdout, "", "it said that it was ready")
        self.assertEqual(len(done.stderr.strip().splitlines()), 1, f"not one line: {done.stderr!r}")
        return done.stderr

    def test_a_port_that_is_taken(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            self.assertIn(str(port), self.refusal(port=port))

    def test_a_directory_that_is_in_use(self):
        server = self.serve()
        self.assertIn(server.data, self.refusal(data=server.data))
        self.ok(server.client.deposit("w", 1))

    def test_a_directory_is_free_again_after_a_kill(self):
        server = self.serve()
        for _ in range(2):
            server.restart()
            self.ok(server.client.deposit("w", 1))

    def test_a_directory_that_is_not_writable(self):
        directory = scratch("readonly")
        program = shutil.copy(binary(), scratch("program"))  # where an unprivileged user can read it
        os.chmod(program, 0o755)
        os.chmod(directory, 0o555)
        self.addCleanup(os.chmod, directory, 0o755)
        for data in (directory, os.path.join(directory, "data")):
            with self.subTest(data):
                self.assertIn(data, self.refusal(data=data, program=program, cwd="/", **unprivileged()))

    def test_a_file_where_the_directory_should_be(self):
        path = os.path.join(scratch("file"), "data")
        with open(path, "w", encoding="ascii"):
            pass
        self.assertIn(path, self.refusal(data=path))

    def test_an_unknown_setting_and_the_nearest_name(self):
        words = self.refusal("--set", "wallet.shrads=3")
        self.assertIn("wallet.shrads", words)
        self.assertIn("wallet.shards", words)

    def test_an_unknown_setting_in_the_file(self):
        path = os.path.join(scratch("config"), "ducat.toml")
        with open(path, "w", encoding="ascii") as file:
            file.write("[ratelimit]\nenabeld = true\n")
        words = self.refusal("--config", path)
        self.assertIn("ratelimit.enabeld", words)
        self.assertIn("ratelimit.enabled", words)

    def test_a_file_of_settings_that_is_missing_or_broken(self):
        path = os.path.join(scratch("config"), "ducat.toml")
        self.assertIn(path, self.refusal("--config", path))
        with open(path, "w", encoding="ascii") as file:
            file.write("this is [not toml")
        self.assertIn(path, self.refusal("--config", path))

    def test_a_value_that_does_not_fit(self):
        for setting in ("wallet.shards=many", "wallet.shards=0", "storage.type=oracle", "ratelimit.enabled=perhaps",
                        "idempotency.ttl=5"):
            with self.subTest(setting):
                self.assertIn(setting.split("=", 1)[0], self.refusal("--set", setting))

    def test_an_unknown_service(self):
        self.assertIn("walet", self.refusal("--services", "walet"))

    def test_an_unknown_option(self):
        done = ducat("run", "--frobnicate")
        self.assertGreater(done.returncode, 0)
        self.assertIn("--frobnicate", done.stderr)

    def test_a_database_that_is_not_there(self):
        port = free_port()
        words = self.refusal("--set", "storage.type=postgres", "--set",
                             f"storage.url=postgresql://u:hunter2@127.0.0.1:{port}/d")
        self.assertIn(str(port), words)
        self.assertNotIn("hunter2", words)

    def test_a_database_without_an_address(self):
        self.assertIn("storage.url", self.refusal("--set", "storage.type=postgres"))

    def test_settings_of_the_file_count_and_the_command_line_more(self):
        path = os.path.join(scratch("config"), "ducat.toml")
        with open(path, "w", encoding="ascii") as file:
            file.write("[ratelimit]\ndefault = 3\nenabled = true\n")
        server = self.serve({"ratelimit.default": "5"}, limits=True)
        server.kill()
        server.command = lambda: [*type(server).command(server), "--config", path]
        server.start()
        statuses = [server.client.wallet("w").status for _ in range(6)]
        self.assertEqual(statuses, [200] * 5 + [429])
