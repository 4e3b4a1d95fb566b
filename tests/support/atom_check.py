#!/usr/bin/python3
"""The rules of Atom (RFC 4287) that a feed of notices must keep.

Run: python3 atom_check.py FILE  Prints every breach; exits 1 if there is one.
     python3 atom_check.py --self-test  Breaks a good feed in many ways; every one must be found.
"""
import re
import sys
import uuid
import xml.etree.ElementTree as ElementTree
from urllib.parse import urlparse

ATOM = "{http://www.w3.org/2005/Atom}"
# RFC 3339 with an upper-case T and a zone (section 3.3).
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[-+]\d\d:\d\d)$")
FEED_ONCE = {"id", "title", "updated", "generator"}
ENTRY_ONCE = {"id", "title", "updated", "published", "summary"}


def count(element, name):
    return len(element.findall(ATOM + name))


def check_common(element, once, where, problems):
    for name in ("id", "title", "updated"):
        if count(element, name) != 1:
            problems.append(f"{where}: {count(element, name)} times {name}")
    for name in once:
        if count(element, name) > 1:
            problems.append(f"{where}: {name} more than once")
    for child in element:
        if not child.tag.startswith(ATOM):
            problems.append(f"{where} holds {child.tag}")
    identifier = element.findtext(ATOM + "id") or ""
    try:
        if not identifier.startswith("urn:uuid:"):
            raise ValueError
        uuid.UUID(identifier[len("urn:uuid:"):])
    except ValueError:
        problems.append(f"{where}: id '{identifier}' is no urn:uuid")
    for name in ("updated", "published"):
        for found in element.findall(ATOM + name):
            if not TIME.match(found.text or ""):
                problems.append(f"{where}: {name} is '{found.text}'")
    for link in element.findall(ATOM + "link"):
        url = urlparse(link.get("href") or "")
        if url.scheme not in ("http", "https") or not url.netloc:
            problems.append(f"{where}: link to '{link.get('href')}'")
        if not link.get("type"):
            problems.append(f"{where}: link without a type")


def check(source):
    problems = []
    try:
        feed = ElementTree.fromstring(source)
    except ElementTree.ParseError as error:
        return [f"no XML: {error}"]
    if feed.tag != ATOM + "feed":
        return [f"the root is {feed.tag}"]
    check_common(feed, FEED_ONCE, "feed", problems)
    authors = feed.findall(ATOM + "author")
    if not authors or not all((author.findtext(ATOM + "name") or "").strip() for author in authors):
        problems.append("feed: no author with a name")
    if len([link for link in feed.findall(ATOM + "link") if link.get("rel") == "self"]) != 1:
        problems.append("feed: not one link to itself")
    entries = feed.findall(ATOM + "entry")
    for number, entry in enumerate(entries):
        where = f"entry {number + 1}"
        check_common(entry, ENTRY_ONCE, where, problems)
        if not [link for link in entry.findall(ATOM + "link") if link.get("rel") == "alternate"]:
            problems.append(f"{where}: no alternate link, and no content")
    ids = [entry.findtext(ATOM + "id") for entry in entries]
    if len(set(ids)) != len(ids):
        problems.append("two entries have one id")
    times = [entry.findtext(ATOM + "updated") or "" for entry in entries]
    if times != sorted(times, reverse=True):
        problems.append("entries are not in order, newest first")
    if times and feed.findtext(ATOM + "updated") != times[0]:
        problems.append("the feed is not as new as its newest entry")
    return problems


GOOD = """<feed xmlns="http://www.w3.org/2005/Atom"><id>urn:uuid:5f0c1b7e-0000-8000-8000-000000000001</id>
<title>t</title><updated>2026-01-05T09:12:00Z</updated><author><name>a</name></author>
<link rel="self" type="application/atom+xml" href="https://h/f"/>
<entry><id>urn:uuid:5f0c1b7e-0000-8000-8000-000000000002</id><title>e</title><updated>2026-01-05T09:12:00Z</updated>
<link rel="alternate" type="application/cap+xml" href="https://h/1"/></entry>
<entry><id>urn:uuid:5f0c1b7e-0000-8000-8000-000000000003</id><title>e</title><updated>2026-01-05T09:00:00Z</updated>
<link rel="alternate" type="application/cap+xml" href="https://h/2"/></entry></feed>"""
BREAKS = [("<title>t</title>", ""), ("<title>e</title>", ""), ("2005/Atom", "2005/atom"), ("urn:uuid:5", "5"),
          ("12:00Z", "12:00"), ("<name>a</name>", ""), ('rel="self"', 'rel="via"'), ('rel="alternate"', 'rel="via"'),
          ("https://h/1", "1"), ("000003", "000002"), ("09:00:00Z", "10:00:00Z"), ("</feed>", ""),
          ("<title>t</title>", "<title>t</title><title>u</title>"), ('type="application/cap+xml" ', "")]


def self_test():
    missed = check(GOOD)
    for old, new in BREAKS:
        assert old in GOOD, old
        if not check(GOOD.replace(old, new, 1)):
            missed.append(f"'{old}' as '{new}' was not found")
    return missed


if __name__ == "__main__":
    found = self_test() if sys.argv[1:] == ["--self-test"] else check(open(sys.argv[1], encoding="utf-8").read())
    for problem in found:
        print(problem)
    sys.exit(1 if found else 0)
