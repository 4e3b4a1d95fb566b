"""Runs every command of README.md and of docs/first_sample.md, in order, in one shell, and follows every link that points into the tree.

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


def commands(page):
    blocks = re.findall(r"^```sh\n(.*?)^```", (ROOT / page).read_text(encoding="utf-8"), re.M | re.S)
    return [line for block in blocks for line in block.splitlines() if line and not line.startswith("#")]


class ReadmeTest(unittest.TestCase):
    def run_page(self, page):
        """What the commands of the page print."""
        # A command that fails must not leave the service running.
        script = ["set -eu", "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT"]
        for line in commands(page):
            # This test is part of `./dev test`: listing its tests shows that the verb works without recursion.
            script.append({"./dev test": "./dev test -N"}.get(line, line))
        with tempfile.TemporaryDirectory() as folder:
            work = pathlib.Path(folder)
            for name in ("docs", "CMakeLists.txt", "CMakePresets.json", "cmake", "proto", "platform", "sample",
                         "detection", "alerting", "compliance", "services", "examples", "tests", "build"):
                (work / name).symlink_to(ROOT / name)
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
        return result.stdout

    def test_every_command_of_the_readme_runs(self):
        lines = commands("README.md")
        self.assertIn("./dev test", lines)
        self.assertIn("./dev demo", lines)
        out = self.run_page("README.md")
        self.assertIn("duplicate", out.lower())
        self.assertIn("belgrand_ingest_rows_total", out)
        self.assertIn("level,area,target,opened_on,closed_on,severity,detector,observed_on,district", out)
        self.assertIn("spikes: budget 1 false alerts an area-year", out)
        self.assertIn("level,area,target,day,gc_per_l,lower,upper,filtered,outlier_probability", out)

    def test_every_command_of_the_first_sample_runs_and_shows_what_the_page_says(self):
        out = self.run_page("docs/first_sample.md")
        for shown in ("unknown_site", "exit code 1: a row would be rejected", "\n2,S-1,riverside,sars-cov-2,accepted,1,",
                      "value_not_positive", "exit code 1: see above", "1 input waits in spool",
                      "\n2,S-4,riverside,sars-cov-2,accepted,1,", "S-5 ACCEPTED", "S-6 ACCEPTED",
                      'belgrand_ingest_rows_total{verdict="accepted"}'):
            with self.subTest(shown):
                self.assertIn(shown, out)

    def test_every_link_into_the_tree_leads_somewhere(self):
        for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
            for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
                with self.subTest(f"{page.name}: {target}"):
                    self.assertTrue((page.parent / target).exists())


if __name__ == "__main__":
    unittest.main()
