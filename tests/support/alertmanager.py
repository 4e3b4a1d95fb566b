#!/usr/bin/python3
"""A real Alertmanager (Debian's prometheus-alertmanager) for tests.

Prints {"port": n}. For each line "alerts" on standard input it prints the active alerts as one JSON array, for each
line "districts" only their districts. Ends, with the Alertmanager, when standard input does.
"""
import ctypes
import json
import re
import signal
import subprocess
import sys
import tempfile
import threading
import urllib.request

PR_SET_PDEATHSIG = 1


def end_with_parent():
    # Whoever reads our output may kill us: no server must stay behind.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


CONFIG = "route: {receiver: none}\nreceivers: [{name: none}]\n"

with tempfile.TemporaryDirectory() as folder:
    with open(folder + "/config.yml", "w") as file:
        file.write(CONFIG)
    server = subprocess.Popen(
        ["/usr/bin/prometheus-alertmanager", "--config.file=" + folder + "/config.yml",
         "--storage.path=" + folder + "/data", "--web.listen-address=127.0.0.1:0",
         "--cluster.listen-address=", "--log.level=debug"],
        stderr=subprocess.PIPE, text=True, preexec_fn=end_with_parent)
    try:
        port = None
        for line in server.stderr:
            found = re.search(r"address=127\.0\.0\.1:(\d+)", line)
            if found:
                port = int(found.group(1))
                break
        if not port:
            sys.exit("alertmanager did not start")
        # It stands still when nobody reads what it says.
        threading.Thread(target=lambda: [None for _ in server.stderr], daemon=True).start()
        print(json.dumps({"port": port}), flush=True)
        for line in sys.stdin:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v2/alerts?active=true") as answer:
                alerts = json.load(answer)
                if line.strip() == "districts":
                    alerts = [alert["labels"]["district"] for alert in alerts]
                print(json.dumps(alerts), flush=True)
    finally:
        server.kill()
        server.wait()
