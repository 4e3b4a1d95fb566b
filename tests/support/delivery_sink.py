#!/usr/bin/python3
"""A mail server or a web server for tests of delivery that keeps a book of its own, and misbehaves.

Prints {"port": n} and ends with its standard input. The book gets one JSON line for everything that was taken, before
the answer leaves. Of each delivery it is drawn (by --seed) whether it is refused, dropped, taken and then dropped, or
answered late. The lines "close" and "open" on standard input stop and start listening on the same port.
"""
import argparse
import asyncio
import email
import email.policy
import json
import logging
import os
import random
import re
import ssl
import sys
import threading
import time

from aiosmtpd.smtp import SMTP

parser = argparse.ArgumentParser()
parser.add_argument("--protocol", choices=["smtp", "http"], required=True)
parser.add_argument("--book", required=True)
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--refuse", type=float, default=0, help="451, or 503, nothing taken")
parser.add_argument("--drop", type=float, default=0, help="hangs up, nothing taken")
parser.add_argument("--lose", type=float, default=0, help="takes it and hangs up without an answer")
parser.add_argument("--slow", type=float, default=0, help="takes it and answers --delay seconds later")
parser.add_argument("--delay", type=float, default=0.3)
parser.add_argument("--reject-all", action="store_true", help="550 for every recipient")
parser.add_argument("--certificate", help="PEM; offer STARTTLS")
parser.add_argument("--private-key")
options = parser.parse_args()
# Clients that hang up or refuse the certificate are what is tried here.
logging.disable(logging.CRITICAL)

draw = random.Random(options.seed)
book = open(options.book, "a", buffering=1)
DISTRICT = re.compile(r"d-\d{5}")


def fate():
    chance = draw.random()
    for name in ("refuse", "drop", "lose", "slow"):
        chance -= getattr(options, name)
        if chance < 0:
            return name
    return "take"


def note(fact):
    fact["at_us"] = time.time_ns() // 1000
    book.write(json.dumps(fact) + "\n")


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if options.reject_all:
            return "550 nobody of this name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        chosen = fate()
        if chosen == "refuse":
            return "451 try again"
        if chosen == "drop":
            server.transport.abort()
            return "421 gone"
        # The headers are enough: parsing pictures would make the server the slow part.
        head = envelope.content.split(b"\r\n\r\n", 1)[0]
        letter = email.message_from_bytes(head, policy=email.policy.default)
        subject = letter["Subject"] or ""
        found = DISTRICT.search(subject)
        note({"to": envelope.rcpt_tos[0], "district": found.group(0) if found else "", "subject": subject,
              "event": letter["Belgrand-Event-Id"], "id": letter["Message-ID"],
              "repeat": letter["Belgrand-Repeat"] == "yes", "tls": session.ssl is not None, "fate": chosen})
        if chosen == "lose":
            server.transport.abort()
            return "421 gone"
        if chosen == "slow":
            await asyncio.sleep(options.delay)
        return "250 taken"


class Web(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
        self.data = b""

    def data_received(self, data):
        self.data += data
        while True:
            head, separator, rest = self.data.partition(b"\r\n\r\n")
            if not separator:
                return
            length = int(re.search(rb"(?i)\r\ncontent-length: (\d+)", head).group(1))
            if len(rest) < length:
                return
            self.data = rest[length:]
            self.take(head.decode(), rest[:length])

    def take(self, head, body):
        chosen = fate()
        if chosen == "refuse":
            return self.answer(429)
        if chosen == "drop":
            return self.transport.abort()
        event = json.loads(body)
        note({"to": "hook", "district": event["alert"]["district_id"], "subject": event["kind"],
              "event": re.search(r"(?i)\r\nbelgrand-event-id: (\S+)", head).group(1), "id": event["event_id"],
              "repeat": event["repeat"], "tls": False, "fate": chosen})
        if chosen == "lose":
            return self.transport.abort()
        if chosen == "slow":
            asyncio.get_running_loop().call_later(options.delay, self.answer, 200)
        else:
            self.answer(200)

    def answer(self, code):
        self.transport.write(f"HTTP/1.1 {code} so\r\nContent-Length: 0\r\n\r\n".encode())


def make():
    if options.protocol == "http":
        return Web()
    context = None
    if options.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.certificate, options.private_key)
    return SMTP(Handler(), hostname="sink", tls_context=context)


def obey(loop, state):
    for line in sys.stdin:
        asyncio.run_coroutine_threadsafe(switch(state, line.strip()), loop).result()
        print(json.dumps({"done": line.strip()}), flush=True)
    os._exit(0)


async def switch(state, word):
    if word == "close":
        state["server"].close()
    elif word == "open":
        state["server"] = await asyncio.get_running_loop().create_server(make, "127.0.0.1", state["port"])


async def main():
    loop = asyncio.get_running_loop()
    state = {"server": await loop.create_server(make, "127.0.0.1", 0)}
    state["port"] = state["server"].sockets[0].getsockname()[1]
    threading.Thread(target=obey, args=(loop, state), daemon=True).start()
    print(json.dumps({"port": state["port"]}), flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
