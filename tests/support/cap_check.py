#!/usr/bin/python3
"""The rules of CAP 1.2 (OASIS, 1 July 2010) that a message must keep, and those of a chain of messages.

Run: python3 cap_check.py FILE...  Files of one chain, oldest first. Prints every breach; exits 1 if there is one.
     python3 cap_check.py --self-test  Breaks a good message in many ways; every one must be found.
"""
import re
import sys
import xml.etree.ElementTree as ElementTree

NAMESPACE = "{urn:oasis:names:tc:emergency:cap:1.2}"
# Children in the order that the schema demands: name, least, most (None: any number).
ALERT = [("identifier", 1, 1), ("sender", 1, 1), ("sent", 1, 1), ("status", 1, 1), ("msgType", 1, 1), ("source", 0, 1),
         ("scope", 1, 1), ("restriction", 0, 1), ("addresses", 0, 1), ("code", 0, None), ("note", 0, 1),
         ("references", 0, 1), ("incidents", 0, 1), ("info", 0, None)]
INFO = [("language", 0, 1), ("category", 1, None), ("event", 1, 1), ("responseType", 0, None), ("urgency", 1, 1),
        ("severity", 1, 1), ("certainty", 1, 1), ("audience", 0, 1), ("eventCode", 0, None), ("effective", 0, 1),
        ("onset", 0, 1), ("expires", 0, 1), ("senderName", 0, 1), ("headline", 0, 1), ("description", 0, 1),
        ("instruction", 0, 1), ("web", 0, 1), ("contact", 0, 1), ("parameter", 0, None), ("resource", 0, None),
        ("area", 0, None)]
AREA = [("areaDesc", 1, 1), ("polygon", 0, None), ("circle", 0, None), ("geocode", 0, None), ("altitude", 0, 1),
        ("ceiling", 0, 1)]
VALUES = {
    "status": {"Actual", "Exercise", "System", "Test", "Draft"},
    "msgType": {"Alert", "Update", "Cancel", "Ack", "Error"},
    "scope": {"Public", "Restricted", "Private"},
    "category": {"Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra", "CBRNE",
                 "Other"},
    "responseType": {"Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear", "None"},
    "urgency": {"Immediate", "Expected", "Future", "Past", "Unknown"},
    "severity": {"Extreme", "Severe", "Moderate", "Minor", "Unknown"},
    "certainty": {"Observed", "Likely", "Possible", "Unlikely", "Unknown"},
}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-+]\d\d:\d\d$")
TIMES = {"sent", "effective", "onset", "expires"}
NAME = re.compile(r"[^\s,<&]+$")


def text_of(parent, name):
    return parent.findtext(NAMESPACE + name)


def check_children(element, wanted, problems):
    where = element.tag.replace(NAMESPACE, "")
    order = [name for name, _, _ in wanted]
    last = -1
    counts = dict.fromkeys(order, 0)
    for child in element:
        name = child.tag.replace(NAMESPACE, "")
        if not child.tag.startswith(NAMESPACE) or name not in counts:
            problems.append(f"{where} holds {child.tag}")
            continue
        counts[name] += 1
        if order.index(name) < last:
            problems.append(f"{where}: {name} comes too late")
        last = max(last, order.index(name))
        text = (child.text or "").strip()
        if len(child) == 0 and not text:
            problems.append(f"{where}: {name} is empty")
        if name in VALUES and text not in VALUES[name]:
            problems.append(f"{where}: {name} is '{text}'")
        if name in TIMES and (not TIME.match(text) or text.endswith("+00:00")):
            problems.append(f"{where}: {name} is no time of CAP: '{text}'")
    for name, least, most in wanted:
        if counts[name] < least or (most is not None and counts[name] > most):
            problems.append(f"{where}: {counts[name]} times {name}")


def check_polygon(text, problems):
    positions = text.split()
    for position in positions:
        parts = position.split(",")
        try:
            latitude, longitude = (float(part) for part in parts)
            if abs(latitude) > 90 or abs(longitude) > 180:
                raise ValueError
        except ValueError:
            problems.append(f"polygon: '{position}' is no latitude,longitude")
            return
    if len(positions) < 4 or positions[0] != positions[-1]:
        problems.append("polygon: fewer than four positions, or not closed")


def check(source):
    """Problems of one message."""
    problems = []
    try:
        alert = ElementTree.fromstring(source)
    except ElementTree.ParseError as error:
        return [f"no XML: {error}"]
    if alert.tag != NAMESPACE + "alert":
        return [f"the root is {alert.tag}"]
    check_children(alert, ALERT, problems)
    for name in ("identifier", "sender"):
        if not NAME.match(text_of(alert, name) or ""):
            problems.append(f"{name} holds a space, comma, < or &")
    kind = text_of(alert, "msgType")
    references = (text_of(alert, "references") or "").split()
    if kind in ("Update", "Cancel", "Ack", "Error") and not references:
        problems.append(f"{kind} without references")
    for reference in references:
        parts = reference.split(",")
        if len(parts) != 3 or not TIME.match(parts[-1]):
            problems.append(f"reference '{reference}' is not sender,identifier,sent")
    if text_of(alert, "scope") == "Restricted" and not text_of(alert, "restriction"):
        problems.append("Restricted without restriction")
    if text_of(alert, "scope") == "Private" and not text_of(alert, "addresses"):
        problems.append("Private without addresses")
    infos = alert.findall(NAMESPACE + "info")
    for info in infos:
        check_children(info, INFO, problems)
        for area in info.findall(NAMESPACE + "area"):
            check_children(area, AREA, problems)
            for polygon in area.findall(NAMESPACE + "polygon"):
                check_polygon(polygon.text or "", problems)
    languages = [text_of(info, "language") or "en-US" for info in infos]
    if len(set(languages)) != len(languages):
        problems.append(f"languages {languages}")
    # Language blocks of one message differ in words alone.
    for name in ("urgency", "severity", "certainty", "expires", "onset"):
        if len({text_of(info, name) for info in infos}) > 1:
            problems.append(f"{name} differs between the languages")
    return problems


def check_chain(sources):
    """Problems of messages that follow each other, oldest first."""
    problems = []
    earlier = []
    for number, source in enumerate(sources):
        found = check(source)
        problems += [f"message {number + 1}: {problem}" for problem in found]
        if found:
            continue
        alert = ElementTree.fromstring(source)
        kind = text_of(alert, "msgType")
        references = (text_of(alert, "references") or "").split()
        if (kind == "Alert") != (number == 0):
            problems.append(f"message {number + 1} is {kind}")
        if kind == "Cancel" and number + 1 != len(sources):
            problems.append(f"message {number + 1} is Cancel and not the last")
        if references != earlier:
            problems.append(f"message {number + 1} refers to {references}, before it came {earlier}")
        earlier = earlier + [",".join(text_of(alert, name) for name in ("sender", "identifier", "sent"))]
    if len(set(earlier)) != len(earlier):
        problems.append("two messages have one identifier")
    return problems


GOOD = """<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>a.1</identifier><sender>s@x</sender>
<sent>2026-01-05T09:12:00-00:00</sent><status>Draft</status><msgType>Alert</msgType><scope>Public</scope>
<info><language>en</language><category>Health</category><event>e</event><urgency>Expected</urgency>
<severity>Minor</severity><certainty>Likely</certainty><area><areaDesc>d</areaDesc>
<polygon>1,1 1,2 2,2 1,1</polygon></area></info></alert>"""
BREAKS = [("Draft", "draft"), ("-00:00", "Z"), ("-00:00", "+00:00"), ("a.1", "a 1"), ("s@x", "s,x"), ("Health", "Virus"),
          ("Minor", "minor"), ("Likely", ""), ("<event>e</event>", ""), ("2,2 1,1<", "2,2<"), ("1,2 2,2", "1,2"),
          ("2,2", "2,200"), ("<areaDesc>d</areaDesc>", ""), ("cap:1.2", "cap:1.1"), ("Alert<", "Update<"),
          ("<scope>Public</scope>", ""), ("Public", "Private"), ("<language>", "<code>x</code><language>"),
          ("<category>Health</category><event>e</event>", "<event>e</event><category>Health</category>"),
          ("</alert>", "")]


def self_test():
    missed = check(GOOD)
    for old, new in BREAKS:
        assert old in GOOD, old
        if not check(GOOD.replace(old, new, 1)):
            missed.append(f"'{old}' as '{new}' was not found")
    if not check_chain([GOOD, GOOD]):
        missed.append("a chain of two first messages was not found")
    return missed


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        found = self_test()
    else:
        found = check_chain([open(name, encoding="utf-8").read() for name in sys.argv[1:]])
    for problem in found:
        print(problem)
    sys.exit(1 if found else 0)
