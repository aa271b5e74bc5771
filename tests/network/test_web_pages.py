"""Sites that show a page whatever is asked for: 200 with one acknowledges nothing (docs/ERRORS.md), packed or not."""

import gzip
import shutil
import unittest
import zlib

from behaving import Behaviour
from servers import Server, answer


class WebPages(Behaviour):
    def test_a_web_page_is_none(self):
        """As of a site that shows its first page whatever is asked for. Words, and the page of a 201, are no such thing."""
        page = b"<!DOCTYPE html>\n<html><body>Welcome</body></html>"
        for body in (page, b"\xef\xbb\xbf\r\n <HTML lang=en>", b"<!doctype\n\thtml>", b"\f<title>Welcome</title>",
                     b"<script>location='/login'</script>", b"<meta http-equiv=refresh content=0>",
                     b"<?xml version=\"1.0\"?>\n<!-- a > b -->\n<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.1//EN\">"):
            with Server(self.valid, answer(200, "Content-Type: text/html\r\n", body)) as server:
                done = self.upload(server.url(), "--retry-for", "30", "--retry-delay", "0.01")
                self.assert_error(done, 43, "answered 200 with a web page, which acknowledges nothing")
                self.assertEqual(len(server.requests), 2)
            self.assertEqual(len(self.waiting()), 2)
        for status, body in ((200, b"ok"), (200, b"<htm"), (200, b"<Result/>"), (200, b"<?xml version=\"1.0\"?><Result/>"),
                             (200, b"<!-- <html>"), (200, b"<title"), (200, b"<bodyless/>"), (200, b"<!doctype xhtml>"), (201, page)):
            with self.subTest(status=status, body=body):
                with Server(self.valid, answer(status, "Content-Type: text/html\r\n", body)) as server:
                    self.assertEqual(self.upload(server.url()).returncode, 0)
                for receipt in self.outbox.glob("*.sent.json"):
                    receipt.unlink()

    def test_a_web_page_that_comes_packed(self):
        """With or without a type, and whatever the packing is called; words are words in this form, too."""
        def deflated(text):
            compressor = zlib.compressobj(wbits=-15)
            return compressor.compress(text) + compressor.flush()
        page = b"<!DOCTYPE html><html><body>" + b"Welcome " * 5000
        html = "Content-Type: Text/HTML\r\n"
        for pack, encoding, content_type in ((gzip.compress, "gzip", ""), (gzip.compress, "X-GZip", html), (zlib.compress, "deflate", ""),
                                             (deflated, "deflate", ""), (bytes, "identity", ""), (bytes, "br", html), (bytes, "gzip", "")):
            for text, code in ((page, 43), (b"stored", 43 if content_type else 0)):
                with self.subTest(encoding=encoding, text=text[:6]):
                    head = f"Content-Encoding: {encoding}\r\n{content_type}"
                    with Server(self.valid, answer(200, head, pack(text))) as server:
                        done = self.upload(server.url())
                    self.assertEqual(done.returncode, code, done.stderr)
                    shutil.rmtree(self.outbox)


if __name__ == "__main__":
    unittest.main()
