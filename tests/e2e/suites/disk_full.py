"""A disk that is full: writes are refused with 503, reads go on, and it recovers when there is space again."""

import os
import resource

from ducat_e2e.case import OwnServerCase, unique
from ducat_e2e.client import NoAnswer
from ducat_e2e.operations import deposit
from ducat_e2e.processes import mount_tmpfs, scratch, wait_until

MOST_BATCHES = 1000


class FullDisk(OwnServerCase):
    def batch_of(self, keys):
        return [deposit("hoard", 1, key) for key in keys]

    def fill(self, server):
        """Deposits until one is refused: (acknowledged, keys of the refused batch)."""
        done = 0
        for _ in range(MOST_BATCHES):
            keys = [unique("key").ljust(200, "x") for _ in range(200)]
            answer = server.client.batch(self.batch_of(keys))
            if answer.status != 200 or {result["statusCode"] for result in answer.json} != {200}:
                return done, keys, answer
            done += len(keys)
        self.fail(f"{done} deposits fitted on a full disk")

    def refuses_and_reads(self, server, done, answer):
        statuses = {answer.status} if answer.status != 200 else {result["statusCode"] for result in answer.json}
        self.assertLessEqual(statuses, {200, 503}, answer)
        self.refused(server.client.deposit("other", 1), 503)
        balance = self.ok(server.client.wallet("hoard"))["balance"]
        self.assertIn(balance, range(done, done + 201))
        self.assertEqual(self.ok(server.client.wallet("reader"))["balance"], 7)
        self.ok(server.client.history("reader"))
        self.assertEqual(server.client.get("/health/live").status, 200)

    def recovers(self, server, done, keys):
        wait_until(lambda: server.client.deposit("other", 1, key="after").status == 200, 30, "writes work again")
        results = self.ok(server.client.batch(self.batch_of(keys)))
        self.assertEqual({result["statusCode"] for result in results}, {200})
        self.assertEqual(self.ok(server.client.wallet("hoard"))["balance"], done + len(keys))
        self.assertEqual(self.ok(server.client.wallet("other"))["balance"], 1)
        server.restart()
        self.assertEqual(self.ok(server.client.wallet("hoard"))["balance"], done + len(keys))
        self.assertEqual(server.stop(), 0)
        self.verified(server)

    def test_a_file_system_without_space(self):
        directory = scratch("small")
        if not mount_tmpfs(directory, "48m"):
            self.skipTest("mounting a small file system needs root")
        server = self.serve(data=os.path.join(directory, "data"))
        self.ok(server.client.deposit("reader", 7))
        ballast = os.path.join(directory, "ballast")
        self.take_all_space(ballast)
        done, keys, answer = self.fill(server)
        self.refuses_and_reads(server, done, answer)
        os.unlink(ballast)
        self.recovers(server, done, keys)

    def take_all_space(self, path):
        with open(path, "wb", buffering=0) as file:
            for size in (1 << 20, 1 << 12):
                try:
                    while True:
                        file.write(b"x" * size)
                except OSError:
                    pass

    def test_files_that_may_not_grow(self):
        def small_files():
            resource.setrlimit(resource.RLIMIT_FSIZE, (12 << 20, resource.RLIM_INFINITY))

        server = self.serve(before=small_files)
        server.before = None  # after the restart there is space
        self.ok(server.client.deposit("reader", 7))
        done, keys, answer = self.fill(server)
        self.refuses_and_reads(server, done, answer)
        resource.prlimit(server.child.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        self.recovers(server, done, keys)

    def test_a_kill_on_a_full_disk(self):
        directory = scratch("small")
        if not mount_tmpfs(directory, "48m"):
            self.skipTest("mounting a small file system needs root")
        server = self.serve(data=os.path.join(directory, "data"))
        self.ok(server.client.deposit("reader", 7))
        ballast = os.path.join(directory, "ballast")
        self.take_all_space(ballast)
        done, keys, _ = self.fill(server)
        try:
            server.client.deposit("other", 1, key="after")
        except NoAnswer:
            self.fail(f"the server died: {server.last_words()}")
        server.kill()
        os.unlink(ballast)
        server.start()
        self.recovers(server, done, keys)
