#!/usr/bin/env python3
"""The broker: `broker api` answers, `broker worker` runs the jobs, and `--alive` asks either whether it is well."""

import os
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.request import urlopen

BEAT = "/tmp/worker-beat"
JOBS = ("expiry", "sync", "cleanup", "report")


class Answers(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/healthz" else 404)
        self.end_headers()


def work():
    print(f"started {len(JOBS)} background jobs", flush=True)
    while True:
        for job in JOBS:
            print(f"[{job}] checked", flush=True)
        with open(BEAT, "w", encoding="utf-8") as beat:
            beat.write(str(time.time()))
        time.sleep(60)


def main(what, alive):
    if what == "worker":
        return int(time.time() - os.path.getmtime(BEAT) > 180) if alive else work()
    if alive:
        return int(urlopen("http://localhost:8080/healthz").status != 200)
    print("background jobs are handled by broker-worker", flush=True)
    return HTTPServer(("", 8080), Answers).serve_forever()


sys.exit(main(sys.argv[1], "--alive" in sys.argv))
