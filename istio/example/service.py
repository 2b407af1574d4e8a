#!/usr/bin/env python3
"""An actor of a workflow to try gates on: serves, and calls others.

usage: service.py serve [PORT]
       service.py call HOST PATH [STEP]

It answers every request with the headers that it saw. `call` sends a POST, with a step if one is given, and prints
the status with the step that the called application was handed, or with the code of the gate that refused.
"""

import json
import signal
import sys
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HEADER = "x-workflow-step"


class Service(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        self.rfile.read(int(self.headers.get("content-length") or 0))
        content = json.dumps({name.lower(): value for name, value in self.headers.items()}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = answer

    def log_message(self, *_):
        pass


def call(host, path, step=None):
    headers = {HEADER: step} if step else {}
    request = urllib.request.Request(f"http://{host}{path}", data=b"", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            print(answer.status, json.load(answer).get(HEADER, "without a step"))
    except urllib.error.HTTPError as refusal:
        text = refusal.read().decode()
        try:
            print(refusal.code, json.loads(text)["code"])
        except (ValueError, KeyError):
            print(refusal.code, text.strip())
    except OSError as error:
        print("no answer:", error)


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        # The first process of a container ends at no signal that it does not ask for.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        port = int(sys.argv[2]) if len(sys.argv) > 2 else 8080
        ThreadingHTTPServer(("0.0.0.0", port), Service).serve_forever()
    else:
        call(*sys.argv[2:])
