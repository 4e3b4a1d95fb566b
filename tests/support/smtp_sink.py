#!/usr/bin/python3
"""A mail server for tests: takes mail, or refuses it in the way it is told to.

Prints {"port": n}, then one JSON object for each message, on standard output. Ends with its standard input.
"""
import argparse
import asyncio
import json
import os
import ssl
import sys
import threading

from aiosmtpd.smtp import SMTP, AuthResult

parser = argparse.ArgumentParser()
parser.add_argument("--reject", action="append", default=[], metavar="ADDRESS=CODE",
                    help="answer RCPT TO this address with this code")
parser.add_argument("--after-data", default="", metavar="CODE[,CODE]",
                    help="answers to the first letters; 'drop' hangs up, 'lose' takes it and hangs up")
parser.add_argument("--certificate", help="PEM; offer STARTTLS")
parser.add_argument("--private-key")
parser.add_argument("--login", metavar="USER:PASSWORD", help="require this login")
options = parser.parse_args()
rejections = dict(item.split("=") for item in options.reject)
answers = [answer for answer in options.after_data.split(",") if answer]


def say(fact):
    print(json.dumps(fact), flush=True)


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if address in rejections:
            return f"{rejections[address]} refused by the test"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        answer = answers.pop(0) if answers else "250"
        if answer in ("250", "lose"):
            say({"from": envelope.mail_from, "to": envelope.rcpt_tos,
                 "data": envelope.content.decode("utf-8", "replace"),
                 "tls": session.ssl is not None, "login": session.authenticated})
        if answer in ("drop", "lose"):
            server.transport.abort()
            return "421 gone"
        return f"{answer} by the test"


def authenticate(server, session, envelope, mechanism, data):
    user, password = options.login.split(":")
    good = data.login.decode() == user and data.password.decode() == password
    return AuthResult(success=good)


def make():
    context = None
    if options.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.certificate, options.private_key)
    login = options.login is not None
    return SMTP(Handler(), hostname="sink", tls_context=context, auth_required=login,
                auth_require_tls=False, authenticator=authenticate if login else None)


def end_with_input():
    sys.stdin.read()
    os._exit(0)


async def main():
    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0)
    threading.Thread(target=end_with_input, daemon=True).start()
    say({"port": server.sockets[0].getsockname()[1]})
    await server.serve_forever()


asyncio.run(main())
