#!/usr/bin/python3
"""Opens a page in a real browser (Debian's chromium, without a window) and presses its button, as a person would.

Run: press_link.py URL [WORDS]  Types WORDS into the page's text field, presses #act where there is one, and prints one JSON
object: what the page said before (headline, button) and after (verdict, state), and what the browser complained of.
"""
import json
import re
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # WebDriver's name for a reference to an element


def ask(method, address, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address, data=data, method=method, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.load(answer)["value"]


def find(session, selector):
    try:
        return ask("POST", f"{session}/element", {"using": "css selector", "value": selector})[ELEMENT]
    except urllib.error.HTTPError:
        return None


def text_of(session, selector):
    element = find(session, selector)
    return ask("GET", f"{session}/element/{element}/text") if element else ""


def main():
    driver = subprocess.Popen(["/usr/bin/chromedriver", "--port=0"], stdout=subprocess.PIPE, text=True)
    session = None
    try:
        port = None
        for line in driver.stdout:
            found = re.search(r"started successfully on port (\d+)", line)
            if found:
                port = found.group(1)
                break
        if not port:
            sys.exit("chromedriver did not start")
        with tempfile.TemporaryDirectory() as profile:
            arguments = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                         "--user-data-dir=" + profile]
            created = ask("POST", f"http://127.0.0.1:{port}/session",
                          {"capabilities": {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions":
                                                            {"binary": "/usr/bin/chromium", "args": arguments}}}})
            session = f"http://127.0.0.1:{port}/session/{created['sessionId']}"
            ask("POST", f"{session}/url", {"url": sys.argv[1]})
            said = {"headline": text_of(session, "h1"), "button": text_of(session, "#act")}
            field = find(session, "textarea")
            if field and len(sys.argv) > 2:
                ask("POST", f"{session}/element/{field}/value", {"text": sys.argv[2]})
            button = find(session, "#act")
            if button:
                ask("POST", f"{session}/element/{button}/click", {})
            said["verdict"] = text_of(session, "#verdict")
            said["state"] = text_of(session, "#state")
            ask("DELETE", session)
            print(json.dumps(said))
    finally:
        driver.kill()
        driver.wait()


main()
