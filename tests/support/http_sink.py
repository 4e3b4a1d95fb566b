#!/usr/bin/python3
"""A web server for tests: prints what is posted to it and answers as told.

Prints {"port": n}, then one JSON object for each request, on standard output. Ends with its standard input.
"""
import argparse
import http.server
import json
import os
import ssl
import sys
import threading
import time

parser = argparse.ArgumentParser()
parser.add_argument("--answers", default="", metavar="CODE[,CODE]",
                    help="answers to the first requests, then 200; 'drop' hangs up, 'slow' never answers")
parser.add_argument("--retry-after", help="header of every answer that is not 2xx")
parser.add_argument("--location", help="header of 3xx answers")
parser.add_argument("--answer-bytes", type=int, default=2)
parser.add_argument("--certificate", help="PEM; speak TLS")
parser.add_argument("--private-key")
options = parser.parse_args()
answers = [answer for answer in options.answers.split(",") if answer]


saying = threading.Lock()


def say(fact):
    # Requests are handled by several threads: a line must not begin inside another.
    with saying:
        print(json.dumps(fact), flush=True)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        say({"path": self.path, "headers": {k.lower(): v for k, v in self.headers.items()}, "body": body})
        answer = answers.pop(0) if answers else "200"
        if answer == "slow":
            time.sleep(3600)
        if answer == "drop":
            self.close_connection = True
            return
        self.send_response(int(answer))
        if options.retry_after and not answer.startswith("2"):
            self.send_header("Retry-After", options.retry_after)
        if options.location and answer.startswith("3"):
            self.send_header("Location", options.location)
        self.send_header("Content-Length", str(options.answer_bytes))
        self.end_headers()
        self.wfile.write(b"x" * options.answer_bytes)

    do_GET = do_POST

    def log_message(self, *arguments):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # the client hung up: some tests want it to


server = Server(("127.0.0.1", 0), Handler)
if options.certificate:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(options.certificate, options.private_key)
    server.socket = context.wrap_socket(server.socket, server_side=True)


def end_with_input():
    sys.stdin.read()
    os._exit(0)


threading.Thread(target=end_with_input, daemon=True).start()
say({"port": server.server_address[1]})
server.serve_forever()
