"""An S3 bucket that takes addresses signed in advance, as strictly as Amazon's: AWS Signature Version 4 in the query."""

import calendar
import hashlib
import hmac
import re
import time
import urllib.parse

from servers import Server

ACCESS_KEY = "AKIAIOSFODNN7EXAMPLE"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
REGION = "us-east-1"


def quoted(text):
    return urllib.parse.quote(text, safe="-_.~")


def signature(method, path, query, headers, names, secret=SECRET_KEY):
    """`query`: decoded pairs without the signature; `headers`: by lower-case name; `names`: those that are signed."""
    parameters = dict(query)
    pairs = "&".join(sorted(f"{quoted(name)}={quoted(value)}" for name, value in query))
    lines = "".join(f"{name}:{re.sub(' +', ' ', headers.get(name, '')).strip()}\n" for name in names)
    uri = urllib.parse.quote(urllib.parse.unquote(path), safe="/-_.~")
    request = f"{method}\n{uri}\n{pairs}\n{lines}\n{';'.join(names)}\nUNSIGNED-PAYLOAD"
    scope = parameters["X-Amz-Credential"].split("/", 1)[1]
    text = "\n".join(["AWS4-HMAC-SHA256", parameters["X-Amz-Date"], scope, hashlib.sha256(request.encode()).hexdigest()])
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def signed_address(base, path, headers=None, method="PUT", lifetime=3600, age=0, token=None,
                   access_key=ACCESS_KEY):
    """What a presigner gives out: `path` begins with '/' and is encoded; `headers` are demanded beside `host`."""
    headers = {"host": urllib.parse.urlsplit(base).netloc, **{name.lower(): v for name, v in (headers or {}).items()}}
    names = sorted(headers)
    date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() - age))
    query = [("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
             ("X-Amz-Credential", f"{access_key}/{date[:8]}/{REGION}/s3/aws4_request"), ("X-Amz-Date", date),
             ("X-Amz-Expires", str(lifetime)), ("X-Amz-SignedHeaders", ";".join(names))]
    if token:
        query.append(("X-Amz-Security-Token", token))
    query.append(("X-Amz-Signature", signature(method, path, query, headers, names)))
    return f"{base}{path}?" + "&".join(f"{quoted(name)}={quoted(value)}" for name, value in query)


class Bucket(Server):
    """`objects`: path -> (body, metadata). `refusals`: S3's code for each request that was refused."""

    def __init__(self, certificate, busy=0):
        self.objects = {}
        self.refusals = []
        self.busy = busy  # so many requests are told to come again
        super().__init__(certificate, Bucket.answer)

    def base(self):
        return self.url("")

    @staticmethod
    def answer(connection, server):
        while True:
            request = server.read_request(connection)
            status, code = server.judge(request)
            body = f"<Error><Code>{code}</Code></Error>".encode() if code else b""
            if code:
                server.refusals.append(code)
            connection.sendall(f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)

    def judge(self, request):
        path, _, text = request.path.partition("?")
        query = urllib.parse.parse_qsl(text, keep_blank_values=True)
        given = [value for name, value in query if name == "X-Amz-Signature"]
        query = [(name, value) for name, value in query if name != "X-Amz-Signature"]
        parameters = dict(query)
        headers = {name.lower(): value for name, value in request.headers.items()}
        if "authorization" in headers:
            return 400, "InvalidArgument"  # only one way to prove who one is
        if len(given) != 1 or parameters.get("X-Amz-Algorithm") != "AWS4-HMAC-SHA256":
            return 403, "AccessDenied"
        names = parameters["X-Amz-SignedHeaders"].split(";")
        if "host" not in names or any(name.startswith("x-amz-") and name not in names for name in headers):
            return 403, "AccessDenied"  # "There were headers present in the request which were not signed"
        begins = calendar.timegm(time.strptime(parameters["X-Amz-Date"], "%Y%m%dT%H%M%SZ"))
        if time.time() > begins + int(parameters["X-Amz-Expires"]):
            return 403, "AccessDenied"  # "Request has expired"
        if not hmac.compare_digest(given[0], signature(request.method, path, query, headers, names)):
            return 403, "SignatureDoesNotMatch"
        if self.busy > 0:
            self.busy -= 1
            return 503, "SlowDown"
        metadata = {name: value for name, value in headers.items() if name.startswith("x-amz-meta-")}
        self.objects[urllib.parse.unquote(path)] = (request.body, metadata)
        return 200, ""
