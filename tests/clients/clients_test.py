"""The examples in Python and C++ against a running service, and the contract as a Python program sees it.

Needs Debian's python3-grpcio, python3-protobuf and protobuf-compiler-grpc; stubs are generated into a temporary folder.
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
parser = argparse.ArgumentParser()
parser.add_argument("--belgrand", required=True)
parser.add_argument("--send-sample", required=True)
parser.add_argument("--protoc", required=True)
options, rest = parser.parse_known_args()

SITES = ("sample_id,site_id,district_id,population,collected_on,known_on,target,value,unit,censoring,lod,loq,"
         "flow_m3_per_day,lab_id,method_id\n"
         "first,site-1,district-1,20000,2024-01-02,2024-01-03,sars-cov-2,25000,gc/L,none,1000,3000,,my-lab,m1\n")


class ClientsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        work = pathlib.Path(cls.folder.name)
        cls.generated = work / "generated"
        cls.generated.mkdir()
        plugin = shutil.which("grpc_python_plugin")
        assert plugin, "grpc_python_plugin is missing: install protobuf-compiler-grpc"
        subprocess.run([options.protoc, "-I", ROOT / "proto", f"--python_out={cls.generated}",
                        f"--grpc_python_out={cls.generated}", f"--plugin=protoc-gen-grpc_python={plugin}",
                        *sorted((ROOT / "proto").rglob("*.proto"))], check=True)
        with open(work / "log", "wb") as log:
            cls.server = subprocess.Popen(
                [options.belgrand, "serve", "--set", f"data_dir={work / 'data'}", "--set", "listen=127.0.0.1:0",
                 "--set", "http_listen=127.0.0.1:0"], stderr=log)
        cls.address = cls.wait_for_address(work / "log")
        (work / "first.csv").write_text(SITES)
        subprocess.run([options.belgrand, "import", work / "first.csv", "--register-sites", "--server", cls.address],
                       check=True, stdout=subprocess.DEVNULL)
        sys.path.insert(0, str(cls.generated))

    @classmethod
    def wait_for_address(cls, log):
        while cls.server.poll() is None:
            for line in log.read_text().splitlines():
                event = json.loads(line)
                if event.get("event") == "serving":
                    return f"localhost:{event['grpc_port']}"
            time.sleep(0.05)
        raise AssertionError(log.read_text())

    @classmethod
    def tearDownClass(cls):
        cls.server.terminate()
        code = cls.server.wait()
        cls.folder.cleanup()
        assert code == 0, f"the service ended with {code}"

    def python(self, *arguments):
        return subprocess.run(
            [sys.executable, ROOT / "examples/python/send_sample.py", "--server", self.address, *arguments],
            env={**os.environ, "PYTHONPATH": str(self.generated)}, capture_output=True, text=True)

    def test_python_example(self):
        first = self.python("--site", "site-1", "--sample", "py-1", "--value", "25000")
        self.assertEqual((0, "py-1 ACCEPTED\n"), (first.returncode, first.stdout), first.stderr)
        again = self.python("--site", "site-1", "--sample", "py-1", "--value", "25000")
        self.assertEqual((0, "py-1 DUPLICATE\n"), (again.returncode, again.stdout), again.stderr)

    def test_python_example_shows_why_a_row_is_rejected(self):
        result = self.python("--site", "nowhere", "--sample", "py-2", "--value", "-1")
        self.assertEqual(1, result.returncode, result.stderr)
        self.assertIn("py-2 REJECTED", result.stdout)
        self.assertIn("unknown_site", result.stdout)
        self.assertIn("value_not_positive", result.stdout)

    def test_python_example_speaks_plain_text_to_this_machine_only(self):
        result = subprocess.run(
            [sys.executable, ROOT / "examples/python/send_sample.py", "--server", "10.1.2.3:7443", "--site", "s",
             "--value", "1"], env={**os.environ, "PYTHONPATH": str(self.generated)}, capture_output=True, text=True)
        self.assertEqual(1, result.returncode)
        self.assertIn("--tls-cert", result.stderr)

    def test_cpp_example(self):
        send = lambda *words: subprocess.run([options.send_sample, self.address, "my-lab", *words],
                                             capture_output=True, text=True)
        first = send("cpp-1", "site-1", "25000")
        self.assertEqual((0, "cpp-1 ACCEPTED\n"), (first.returncode, first.stdout), first.stderr)
        self.assertEqual("cpp-1 DUPLICATE\n", send("cpp-1", "site-1", "25000").stdout)
        rejected = send("cpp-2", "site-1", "-5")
        self.assertEqual(1, rejected.returncode)
        self.assertIn("value_not_positive", rejected.stdout)

    def test_a_python_client_streams_batches_and_gets_their_acknowledgements_in_order(self):
        import grpc
        from belgrand.ingest.v1 import ingest_pb2, ingest_pb2_grpc, sample_pb2

        def batches():
            for batch in range(20):
                request = ingest_pb2.StreamSamplesRequest(batch_id=batch)
                for row in range(10):
                    sample = request.samples.add(
                        laboratory_id="my-lab", sample_id=f"stream/{batch}/{row}", site_id="site-1",
                        target="sars-cov-2", value=20000 + row, unit="gc/L", censoring=sample_pb2.NONE, lod=1000,
                        loq=3000)
                    sample.collected_at.FromJsonString("2024-01-05T00:00:00Z")
                yield request

        with grpc.insecure_channel(self.address) as channel:
            stub = ingest_pb2_grpc.IngestServiceStub(channel)
            answers = list(stub.StreamSamples(batches()))
        self.assertEqual(list(range(20)), [answer.batch_id for answer in answers])
        outcomes = {verdict.outcome for answer in answers for verdict in answer.verdicts}
        self.assertEqual({ingest_pb2.Verdict.ACCEPTED}, outcomes)

    def test_a_watching_submit_sends_what_another_call_spools(self):
        work = pathlib.Path(self.folder.name)
        (work / "watched.csv").write_text(SITES.replace("first,", "watched,"))
        words = ["--spool", work / "watched-spool", "--server", self.address]
        with open(work / "watch.log", "wb") as log:
            watch = subprocess.Popen([options.belgrand, "submit", "--watch", *words], stderr=log)
        try:
            while "watching" not in (work / "watch.log").read_text():
                self.assertIsNone(watch.poll(), "the watch ended")
                time.sleep(0.05)
            call = subprocess.run([options.belgrand, "submit", work / "watched.csv", *words], capture_output=True,
                                  text=True)
            self.assertEqual(4, call.returncode, call.stderr)
            self.assertIn("another process drains this spool", call.stderr)
            while not (files := list((work / "watched-spool/verdicts").glob("*.csv"))):
                self.assertIsNone(watch.poll(), "the watch ended")
                time.sleep(0.05)
            self.assertIn("watched,site-1,sars-cov-2,accepted", files[0].read_text())
        finally:
            watch.terminate()
        self.assertEqual(0, watch.wait())
        self.assertIn("input_delivered", (work / "watch.log").read_text())

    def test_a_refusal_carries_its_reason_and_remedy_to_python(self):
        import grpc
        from belgrand.ingest.v1 import ingest_pb2, ingest_pb2_grpc
        with grpc.insecure_channel(self.address) as channel:
            stub = ingest_pb2_grpc.IngestServiceStub(channel)
            with self.assertRaises(grpc.RpcError) as refused:
                stub.SubmitSamples(ingest_pb2.SubmitSamplesRequest(), timeout=20)
        self.assertEqual(grpc.StatusCode.INVALID_ARGUMENT, refused.exception.code())
        self.assertIn("send at least one sample", refused.exception.details())


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *rest])
