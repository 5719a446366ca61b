"""The promise of transactions and their audit, with kill -9 of the process that runs both."""

from ducat_e2e import workload
from ducat_e2e.case import OwnServerCase
from ducat_e2e.changes import Changes

SETTINGS = {"transactions.audit_timeout": "2s"}


class Promise(OwnServerCase):
    def test_changes_and_audits_stand_one_to_one(self):
        server = self.serve(SETTINGS)
        crowd = Changes(self, server)
        crowd.sign_in()
        crowd.begin()
        crowd.wait_for(300)
        crowd.end()
        self.assertEqual(dict(crowd.odd), {})
        crowd.check()

    def test_kills_under_load_change_nothing_about_it(self):
        server = self.serve(SETTINGS)
        crowd = Changes(self, server, seed=2)
        crowd.sign_in()
        for turn in range(workload.CRASHES):
            crowd.begin()
            crowd.wait_for(40 + 97 * turn % 200)
            server.kill()
            crowd.end()
            server.start()
            crowd.settle()
        crowd.settled()
        done = server.stop()
        self.assertEqual(done, 0)
        verified = server.tool("projections", "verify")
        self.assertEqual(verified.returncode, 0, f"{verified.stdout} {verified.stderr}")


class PromiseOnPostgres(Promise):
    on_postgres = True


class Checker(OwnServerCase):
    """The checker itself, with lies planted in what it was told."""

    def test_it_finds_every_kind_of_lie(self):
        server = self.serve(SETTINGS)
        crowd = Changes(self, server, seed=3, threads=4)
        crowd.sign_in()
        crowd.begin()
        crowd.wait_for(80)
        crowd.end()
        crowd.check()
        done = {kind: next(change for change in crowd.made
                           if change.kind == kind and change.status in (200, 201, 204))
                for kind in ("CREATE", "UPDATE", "DELETE")}
        kept = next(change for change in crowd.made if change.kind == "CREATE" and change.status == 201
                    and change.body["id"] not in {other.target for other in crowd.made})
        lies = (("a create that was not", done["CREATE"], "body", {"id": "019b7d2c-6d1e-7c3a-9d55-0a4bb1a8c0de"}),
                ("an update that was not", done["UPDATE"], "key", "nobody wrote this"),
                ("a delete that was not", done["DELETE"], "target", kept.body["id"]),
                ("a refusal of what was done", kept, "status", 500))
        for what, change, name, lie in lies:
            truth = getattr(change, name)
            setattr(change, name, lie)
            with self.subTest(what), self.assertRaises(AssertionError):
                crowd.check()
            setattr(change, name, truth)
