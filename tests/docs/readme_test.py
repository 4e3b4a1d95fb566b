"""Runs every command of README.md, in order, in one shell, and follows every link that points into the tree.

The commands listen on the default ports, so they run in a network namespace of their own where that is possible.
"""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands():
    blocks = re.findall(r"^```sh\n(.*?)^```", README, re.M | re.S)
    return [line for block in blocks for line in block.splitlines() if line and not line.startswith("#")]


class ReadmeTest(unittest.TestCase):
    def test_every_command_runs(self):
        lines = commands()
        self.assertIn("./dev test", lines)
        self.assertIn("./dev demo", lines)
        # A command that fails must not leave the service running.
        script = ["set -eu", "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT"]
        for line in lines:
            # This test is part of `./dev test`: listing its tests shows that the verb works without recursion.
            script.append({"./dev test": "./dev test -N"}.get(line, line))
        with tempfile.TemporaryDirectory() as folder:
            work = pathlib.Path(folder)
            for name in ("dev", "docs", "CMakeLists.txt", "CMakePresets.json", "cmake", "proto", "platform",
                         "sample", "detection", "alerting", "compliance", "services", "tests", "build"):
                (work / name).symlink_to(ROOT / name)
            (work / "dev").unlink()
            # `dev` finds the project by its own place; data and outputs of the commands stay in the folder.
            (work / "dev").write_text(f'#!/bin/sh\nexec "{ROOT}/dev" "$@"\n')
            (work / "dev").chmod(0o755)
            shell = ["bash", "-c", "\n".join(script)]
            if os.geteuid() == 0 and shutil.which("unshare") and subprocess.run(
                    ["unshare", "-n", "true"], capture_output=True).returncode == 0:
                shell = ["unshare", "-n", "bash", "-c", "ip link set lo up\n" + "\n".join(script)]
            result = subprocess.run(shell, cwd=work, capture_output=True, text=True,
                                    stdin=subprocess.DEVNULL, timeout=600)
            log = work / "belgrand.log"
            self.assertEqual(0, result.returncode,
                             f"{result.stdout[-4000:]}\n{result.stderr[-4000:]}\n"
                             f"{log.read_text()[-2000:] if log.exists() else ''}")
            self.assertIn("duplicate", result.stdout.lower())
            self.assertIn("belgrand_ingest_rows_total", result.stdout)
            header = "level,area,target,opened_on,closed_on,severity,detector"
            self.assertIn(header, result.stdout)

    def test_every_link_into_the_tree_leads_somewhere(self):
        for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
            for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
                with self.subTest(f"{page.name}: {target}"):
                    self.assertTrue((page.parent / target).exists())


if __name__ == "__main__":
    unittest.main()
