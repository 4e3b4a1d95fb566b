"""The dependency rule of docs/ARCHITECTURE.md, checked on the include lines.

Run: python3 tests/lint/layers_test.py [ROOT]. Prints every breach as file:line and exits 1 if there is one.
The linker enforces the same rule through belgrand_library, but an include of a header-only part escapes it.
"""
import pathlib
import re
import sys
import tempfile
import unittest

# Module -> the modules it may include. A folder is a module; a module may always include itself.
PLATFORM = ["platform/base", "platform/crypto", "platform/storage", "platform/config"]
EVERY_PLATFORM = PLATFORM + ["platform/metrics", "platform/http", "platform/mqtt", "platform/rpc"]
ALLOWED = {
    "platform/base": [],
    "platform/crypto": ["platform/base"],
    "platform/storage": ["platform/base"],
    "platform/metrics": ["platform/base"],
    "platform/config": ["platform/base"],
    "platform/http": ["platform/base"],
    "platform/mqtt": ["platform/base"],
    "platform/rpc": ["platform/base", "platform/crypto"],
    "platform/workbook": ["platform/base"],
    "sample": ["platform/base"],
    "sensor": ["platform/base"],
    "detection": ["platform/base", "sample"],
    "alerting": PLATFORM,
    "compliance": PLATFORM,
    "publication": ["platform/base", "platform/crypto"],
    "services/shared": EVERY_PLATFORM + ["sample", "compliance"],
    "services/spool": ["platform/base", "platform/crypto"],
    "services/backup": ["platform/base", "platform/crypto", "platform/storage"],
    "services/operations": EVERY_PLATFORM + ["services/backup", "services/shared"],
    "services/compliance": EVERY_PLATFORM + ["compliance", "services/backup", "services/shared"],
    "services/timeseries": EVERY_PLATFORM + ["sample", "compliance", "services/backup", "services/shared"],
    "services/ingest": EVERY_PLATFORM + ["sample", "compliance", "services/shared"],
    "services/detection": EVERY_PLATFORM + ["sample", "sensor", "detection", "compliance", "services/backup", "services/shared"],
    "services/sensors": EVERY_PLATFORM + ["sensor", "compliance", "services/backup", "services/shared"],
    "services/mqtt_bridge": EVERY_PLATFORM + ["sensor", "services/shared"],
    "services/alerting": EVERY_PLATFORM + ["alerting", "compliance", "services/backup", "services/shared"],
}
# The tools above the services may include all of it.
TOP = ["services/cli", "services/main.cc"]

# Third-party header -> the modules that own it. Generated stubs (.grpc.pb.h) are for services.
OWNERS = {
    r"rocksdb/": ["platform/storage"],
    r"openssl/": ["platform/crypto"],
    r"prometheus/": ["platform/metrics"],
    r"httplib\.h": ["platform/http"],
    r"curl/": ["alerting"],
    r"cairo": ["alerting"],
    r"(zip|expat)\.h": ["platform/workbook"],
    r"zstd": ["platform/base"],
    r"grpcpp/(server_builder|ext|security|health)": ["platform/rpc"],
    r"grpc": ["platform/rpc", "services/shared", "services/compliance", "services/timeseries",
              "services/ingest", "services/detection", "services/alerting", "services/sensors",
              "services/mqtt_bridge", "services/operations", "services/cli"],
    r".*\.grpc\.pb\.h": ["services/shared", "services/compliance", "services/timeseries",
                         "services/ingest", "services/detection", "services/alerting",
                         "services/sensors", "services/mqtt_bridge", "services/operations", "services/cli"],
    r"google/protobuf/|belgrand/": ["platform/config", "platform/rpc", "alerting", "compliance",
                                    "services/"],
    r"spdlog/": ["platform/base"],
    r"CLI/": ["services/cli", "services/main.cc"],
}

# Calls that only one place may make, with the reason printed.
FORBIDDEN = [
    (r"system_clock::now", ["platform/base/clock.cc", "platform/rpc/"],
     "ask a base::Clock, so that tests can move time"),
    (r"\b(s?rand)\s*\(", [], "use a seeded generator or crypto::RandomBytes"),
    (r"(ShortDebugString|Utf8DebugString|\bDebugString)\s*\(", [],
     "print a message only through compliance::Redact"),
    (r"std::(cout|cerr)|\bprintf\s*\(", ["services/cli/", "services/main.cc", "platform/base/check.h"],
     "log with base::Log; only the command line prints"),
]
MAX_LINES = 600
INCLUDE = re.compile(r'^\s*#include\s+["<]([^">]+)[">]')


def module_of(path):
    parts = path.split("/")
    if parts[0] in ("platform", "services"):
        return "/".join(parts[:2])
    return parts[0]


def check(root):
    """Returns the breaches below `root`, each as 'file:line: what'."""
    root = pathlib.Path(root)
    breaches = []
    files = [f for top in ("platform", "sample", "sensor", "detection", "alerting", "compliance", "publication",
                                      "services")
             for f in sorted((root / top).rglob("*")) if f.suffix in (".h", ".cc")]
    for file in files:
        path = str(file.relative_to(root))
        module = module_of(path)
        lines = file.read_text(encoding="utf-8").splitlines()
        if len(lines) > MAX_LINES:
            breaches.append(f"{path}:1: {len(lines)} lines; {MAX_LINES} at most")
        if file.suffix == ".h" and "#pragma once" not in lines:
            breaches.append(f"{path}:1: a header starts with #pragma once")
        if module not in TOP and module not in ALLOWED:
            breaches.append(f"{path}:1: module {module} is not in the table of this test")
            continue
        for number, line in enumerate(lines, 1):
            where = f"{path}:{number}"
            breaches += check_forbidden(path, where, line)
            found = INCLUDE.match(line)
            if found:
                breaches += check_include(root, module, where, found.group(1))
    return breaches


def check_include(root, module, where, included):
    breaches = []
    for pattern, owners in OWNERS.items():
        if re.match(pattern, included):
            if not any(module == owner or (owner.endswith("/") and module.startswith(owner))
                       for owner in owners):
                breaches.append(f"{where}: {included} belongs to {', '.join(owners)}")
            return breaches
    if (root / included).is_file():
        target = module_of(included)
        if module not in TOP and target != module and target not in ALLOWED[module]:
            breaches.append(f"{where}: {module} may not include {target}")
    return breaches


def check_forbidden(path, where, line):
    code = line.split("//")[0]
    return [f"{where}: {reason}" for pattern, places, reason in FORBIDDEN
            if re.search(pattern, code) and not any(path.startswith(p) for p in places)]


def unregistered_tests(root):
    """C++ tests that no CMakeLists.txt builds: they would never run."""
    root = pathlib.Path(root)
    return [str(f.relative_to(root)) for f in sorted((root / "tests").rglob("*_test.cc"))
            if not any(f.name in (folder / "CMakeLists.txt").read_text(encoding="utf-8")
                       for folder in f.parents
                       if folder.is_relative_to(root / "tests")
                       and (folder / "CMakeLists.txt").is_file())]


class LayersTest(unittest.TestCase):
    root = pathlib.Path(__file__).resolve().parents[2]

    def test_source_keeps_the_rule(self):
        self.assertEqual([], check(self.root))

    def test_every_test_is_built(self):
        self.assertEqual([], unregistered_tests(self.root))

    def test_each_kind_of_breach_is_found(self):
        for path, text in {
            "detection/a.h": '#pragma once\n#include "alerting/b.h"\n',
            "platform/base/a.h": '#pragma once\n#include "sample/sample.h"\n',
            "services/ingest/a.cc": '#include "services/detection/x.h"\n',
            "sample/a.cc": "#include <rocksdb/db.h>\n",
            "detection/b.cc": '#include "belgrand/ingest/v1/ingest.grpc.pb.h"\n',
            "compliance/a.cc": "auto t = std::chrono::system_clock::now();\n",
            "alerting/a.cc": "log(m.ShortDebugString());\n",
            "sample/long.cc": "\n" * 601,
            "sample/no_guard.h": "int x;\n",
        }.items():
            with self.subTest(path), tempfile.TemporaryDirectory() as folder:
                for needed in ("alerting/b.h", "sample/sample.h", "services/detection/x.h", path):
                    file = pathlib.Path(folder) / needed
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.write_text("#pragma once\n")
                (pathlib.Path(folder) / path).write_text(text)
                self.assertEqual(1, len(check(folder)), check(folder))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        found = check(sys.argv[1])
        print("\n".join(found))
        sys.exit(1 if found else 0)
    unittest.main()
