"""The Kubernetes manifests hold what each role needs, agree with each other, and carry a good configuration.

Run: python3 tests/lint/k8s_test.py --binary build/dev/services/belgrand
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
BASE = ROOT / "k8s" / "base"
ROLES = ["compliance", "timeseries", "ingest", "alerting", "detection", "sensors", "mqtt-bridge"]
BINARY = os.environ.get("BELGRAND_BINARY", str(ROOT / "build/dev/services/belgrand"))


def objects():
    kustomization = yaml.safe_load((BASE / "kustomization.yaml").read_text())
    for name in kustomization["resources"]:
        yield from yaml.safe_load_all((BASE / name).read_text())


def component(labels):
    return labels.get("app.kubernetes.io/component")


def find(kind, name):
    found = [o for o in objects() if o["kind"] == kind and o["metadata"]["name"] == name]
    assert len(found) == 1, f"{len(found)} objects {kind}/{name}"
    return found[0]


def workload(role):
    kind = "Deployment" if role in ("ingest", "mqtt-bridge") else "StatefulSet"
    return find(kind, f"belgrand-{role}")


class ManifestTest(unittest.TestCase):
    def test_every_file_is_listed(self):
        listed = set(yaml.safe_load((BASE / "kustomization.yaml").read_text())["resources"])
        self.assertEqual({f.name for f in BASE.glob("*.yaml")} - {"kustomization.yaml"}, listed)

    def test_each_role_is_served_and_guarded(self):
        for role in ROLES:
            with self.subTest(role):
                spec = workload(role)["spec"]["template"]["spec"]
                container = spec["containers"][0]
                self.assertEqual(["serve", "--role", role], container["args"][:3])
                self.assertEqual(f"belgrand-{role}", spec["serviceAccountName"])
                self.assertFalse(spec["automountServiceAccountToken"])
                self.assertTrue(spec["securityContext"]["runAsNonRoot"])
                self.assertTrue(container["securityContext"]["readOnlyRootFilesystem"])
                self.assertEqual(["ALL"], container["securityContext"]["capabilities"]["drop"])
                for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                    self.assertEqual(["belgrand", "health"], container[probe]["exec"]["command"][:2])
                self.assertIn("memory", container["resources"]["limits"])
                self.assertIn("cpu", container["resources"]["requests"])
                find("ServiceAccount", f"belgrand-{role}")
                find("Service", f"belgrand-{role}")

    def test_volumes_mounted_exist(self):
        for role in ROLES:
            with self.subTest(role):
                spec = workload(role)["spec"]
                pod = spec["template"]["spec"]
                names = {v["name"] for v in pod["volumes"]}
                names |= {t["metadata"]["name"] for t in spec.get("volumeClaimTemplates", [])}
                mounts = {m["name"] for m in pod["containers"][0]["volumeMounts"]}
                self.assertEqual(mounts, names)

    def test_stateful_roles_run_once(self):
        for role in ROLES:
            replicas = workload(role)["spec"]["replicas"]
            self.assertEqual({"ingest": 2, "mqtt-bridge": 0}.get(role, 1), replicas, role)

    def test_network_policies_let_each_role_reach_its_peers_and_no_more(self):
        # caller -> roles it calls, from docs/ARCHITECTURE.md
        calls = {"ingest": {"timeseries", "compliance"}, "timeseries": {"compliance"},
                 "detection": {"timeseries", "alerting", "compliance", "sensors"}, "alerting": {"compliance"}, "sensors": {"compliance"},
                 "mqtt-bridge": {"sensors"},
                 "compliance": {"timeseries", "alerting", "sensors"}}
        for role in ROLES:
            policy = find("NetworkPolicy", f"belgrand-{role}")["spec"]
            self.assertEqual(role, component(policy["podSelector"]["matchLabels"]))
            out = {component(to["podSelector"]["matchLabels"]) for rule in policy["egress"]
                   for to in rule.get("to", []) if "podSelector" in to}
            self.assertEqual(calls[role], out, role)
            into = {component(source["podSelector"]["matchLabels"]) for rule in policy["ingress"]
                    for source in rule["from"] if "podSelector" in source}
            self.assertEqual({c for c in calls if role in calls[c]}, into, role)

    def test_peers_are_the_services(self):
        text = find("ConfigMap", "belgrand-config")["data"]["belgrand.textproto"]
        for role in set(ROLES) - {"mqtt-bridge"}:  # nobody calls it
            self.assertIn(f'{role}: "belgrand-{role}:7443"', text)

    def test_kubectl_renders_base_and_overlays(self):
        if not shutil.which("kubectl"):
            self.skipTest("kubectl is not installed: rendering was not checked, only the manifests")
        for folder in [BASE, *sorted((ROOT / "k8s" / "overlays").iterdir())]:
            result = subprocess.run(["kubectl", "kustomize", str(folder)], capture_output=True, text=True)
            self.assertEqual(0, result.returncode, result.stderr)
            kinds = [o["kind"] for o in yaml.safe_load_all(result.stdout)]
            self.assertEqual(len(list(objects())), len(kinds))


class ConfigurationTest(unittest.TestCase):
    def check(self, text, role="all", command="check-config"):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder)
            (path / "config.textproto").write_text(text)
            overrides = []
            for field, name in (("certificate_file", "tls.crt"), ("private_key_file", "tls.key"),
                                ("ca_file", "ca.crt")):
                # The cluster mounts these; here they only have to exist.
                (path / name).write_text("-")
                overrides += ["--set", f"tls.{field}={path / name}"]
            return subprocess.run([BINARY, command, "--role", role, "--config", str(path / "config.textproto"),
                                   *overrides], capture_output=True, text=True, timeout=60)

    def test_check_config_accepts_what_the_cluster_carries(self):
        text = find("ConfigMap", "belgrand-config")["data"]["belgrand.textproto"]
        for role in ROLES:
            with self.subTest(role):
                result = self.check(text, role)
                self.assertEqual(0, result.returncode, result.stderr)

    def test_check_config_would_refuse_a_peer_that_is_missing_and_serve_says_the_same(self):
        text = find("ConfigMap", "belgrand-config")["data"]["belgrand.textproto"]
        without = text.replace('timeseries: "belgrand-timeseries:7443"', "")
        self.assertNotEqual(text, without)
        self.assertEqual(0, self.check(without, "alerting").returncode)
        result = self.check(without, "ingest")
        self.assertEqual(3, result.returncode)
        self.assertIn("peers.timeseries: is not set, and this process serves ingest", result.stderr)
        self.assertIn("give its host:port", result.stderr)
        served = self.check(without, "ingest", command="serve")
        self.assertEqual((3, result.stderr), (served.returncode, served.stderr))

    def test_check_config_would_refuse_a_typo_in_it(self):
        text = find("ConfigMap", "belgrand-config")["data"]["belgrand.textproto"]
        result = self.check(text.replace("http_listen", "http_listn"))
        self.assertEqual(3, result.returncode)
        self.assertIn("http_listn", result.stderr)


if __name__ == "__main__":
    if "--binary" in sys.argv:
        at = sys.argv.index("--binary")
        BINARY = sys.argv[at + 1]
        del sys.argv[at:at + 2]
    unittest.main()
