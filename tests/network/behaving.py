"""What the tests of servers' behaviour have in common."""

from servers import Server, answer
from support import NetworkTest

OK = answer(204)


class Behaviour(NetworkTest):
    def fails(self, behaviour, code, fragment, *arguments, **options):
        """One attempt fails, and nothing is lost: once the server behaves, all arrives."""
        with Server(self.valid, behaviour) as server:
            self.assert_error(self.upload(server.url(), *arguments, **options), code, fragment)
        self.assertEqual(self.receipts(), [])
        self.arrives()

    def arrives(self):
        with Server(self.valid, OK) as server:
            done = self.upload(server.url())
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(len(server.requests), 2)
        self.assertEqual(self.waiting(), [])
