"""Sends one measurement to Belgrand and prints its verdict.

The stubs are made from the contract, once:

    mkdir -p generated
    protoc -I proto --python_out=generated --grpc_python_out=generated \\
        --plugin=protoc-gen-grpc_python="$(command -v grpc_python_plugin)" $(find proto -name '*.proto')

    PYTHONPATH=generated python3 examples/python/send_sample.py --site SITE --value 25000

On Debian: python3-grpcio, python3-protobuf, protobuf-compiler, protobuf-compiler-grpc. Across a network give
--tls-cert, --tls-key and --tls-ca; without them only a service on this machine is spoken to.
"""
import argparse
import random
import sys
import time

import grpc
from belgrand.error.v1 import error_pb2
from belgrand.ingest.v1 import ingest_pb2, ingest_pb2_grpc, sample_pb2
from google.protobuf import timestamp_pb2


def connect(arguments):
    """A channel; plain text only to this machine."""
    if arguments.tls_cert:
        read = lambda path: open(path, "rb").read()
        return grpc.secure_channel(arguments.server, grpc.ssl_channel_credentials(
            root_certificates=read(arguments.tls_ca), private_key=read(arguments.tls_key),
            certificate_chain=read(arguments.tls_cert)))
    if arguments.server.split(":")[0] not in ("localhost", "127.0.0.1"):
        sys.exit("without certificates only a service on this machine is spoken to: give --tls-cert, --tls-key, --tls-ca")
    return grpc.insecure_channel(arguments.server)


def retry_delay(error):
    """Seconds that the service asks to wait (google.rpc.RetryInfo), or None."""
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            for detail in error_pb2.Status.FromString(value).details:
                if detail.type_url.endswith("/google.rpc.RetryInfo"):
                    delay = error_pb2.RetryInfo.FromString(detail.value).retry_delay
                    return delay.seconds + delay.nanos / 1e9
    return None


def submit(stub, samples, patience=60.0):
    """Verdicts, one a sample. Sending again is safe: what was stored comes back as DUPLICATE."""
    backoff = 0.1
    while True:
        try:
            return stub.SubmitSamples(ingest_pb2.SubmitSamplesRequest(samples=samples), timeout=60).verdicts
        except grpc.RpcError as error:
            delay = retry_delay(error)
            passing = error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
            if delay is None and not passing:
                raise
            wait = (backoff if delay is None else delay) * random.uniform(1.0, 1.5)
            patience -= wait
            if patience < 0:
                raise
            time.sleep(wait)
            backoff = min(2 * backoff, 5.0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", default="localhost:7443")
    parser.add_argument("--tls-cert")
    parser.add_argument("--tls-key")
    parser.add_argument("--tls-ca")
    parser.add_argument("--laboratory", default="my-lab")
    parser.add_argument("--sample", default="S-1")
    parser.add_argument("--site", required=True)
    parser.add_argument("--target", default="sars-cov-2")
    parser.add_argument("--value", type=float, required=True, help="gc/L")
    parser.add_argument("--collected", default="2024-01-05", help="day, UTC")
    arguments = parser.parse_args()

    collected = timestamp_pb2.Timestamp()
    collected.FromJsonString(arguments.collected + "T00:00:00Z")
    sample = sample_pb2.Sample(
        laboratory_id=arguments.laboratory, sample_id=arguments.sample, site_id=arguments.site,
        collected_at=collected, target=arguments.target, value=arguments.value, unit="gc/L",
        censoring=sample_pb2.NONE, lod=1000, loq=3000)

    with connect(arguments) as channel:
        stub = ingest_pb2_grpc.IngestServiceStub(channel)
        try:
            verdicts = submit(stub, [sample])
        except grpc.RpcError as error:
            sys.exit(f"{error.code().name}: {error.details()}")
    rejected = False
    for verdict in verdicts:
        print(verdict.sample_id, ingest_pb2.Verdict.Outcome.Name(verdict.outcome))
        for violation in verdict.violations:
            print(f"  {violation.rule}: {violation.message}\n    -> {violation.remedy}")
        rejected = rejected or verdict.outcome == ingest_pb2.Verdict.REJECTED
    return 1 if rejected else 0


if __name__ == "__main__":
    sys.exit(main())
