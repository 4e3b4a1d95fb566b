"""Counts what an import of a published file must say, from the raw file and by rules of its own.

Run: python3 format_counts.py DATA_DIR PROFILE. Prints "name count" lines, sorted: rows, accepted, state:S for the state of
accepted rows, rule:R for every row that breaks R. Written apart from the importers and sharing nothing with them: it is what
formats_test.cc compares the verdicts with.
"""
import collections
import csv
import pathlib
import sys


def read(path, **options):
    with open(path, encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, **options))


def judge(value, state, lod, loq, unit="gc/L", target_known=True, after=True, counts=None):
    """One row by the rules of docs/errors.md that these files can break."""
    rules = set()
    if not target_known:
        rules.add("unknown_target")
    if unit != "gc/L":
        rules.add("unknown_unit")
    if not after:
        rules.add("known_before_collected")
    if state is None:
        rules.add("unknown_censoring")
    if state == "none" and value is None:
        rules.add("value_required")
    if state in ("below_lod", "not_detected") and lod is None:
        rules.add("lod_required")
    if state == "below_loq" and loq is None:
        rules.add("loq_required")
    if state != "not_detected" and value is not None and value <= 0:
        rules.add("value_not_positive")
    counts["rows"] += 1
    if not rules:
        counts["accepted"] += 1
        counts["state:" + state] += 1
    for rule in rules:
        counts["rule:" + rule] += 1


def state_of(value, lod, loq):
    if value <= 0:
        return "not_detected"
    if lod is not None and value < lod:
        return "below_lod"
    if loq is not None and value < loq:
        return "below_loq"
    return "none"


def number(text):
    return None if text in ("", "NA") else float(text)


def swiss_dpcr(data, counts):
    analyses = collections.OrderedDict()
    for row in read(data / "switzerland/eawag_dPCR_data_resp6.csv"):
        key = tuple(row[c] for c in ("wastewater_treatment_plant.name", "collection_date", "target", "lod", "loq"))
        analyses.setdefault(key, []).append(float(row["gc_per_lww"]))
    for (_, _, _, lod, loq), values in analyses.items():
        mean = sum(max(v, 0.0) for v in values) / len(values)
        judge(mean, state_of(mean, float(lod), float(loq)), float(lod), float(loq), counts=counts)


def swiss_multivirus(data, counts):
    days = collections.defaultdict(lambda: collections.defaultdict(dict))
    for row in read(data / "switzerland/eawag_clean_data_multivirus.csv"):
        target, _, kind = row["measurement_type"].partition("_")
        days[row["sample_date"], row["wwtp"]][target][kind] = number(row["mean"])
    for targets in days.values():
        flow_known = any((n.get("gc_per_day") or 0) > 0 and (n.get("gc_per_mL_WW") or 0) > 0 for n in targets.values())
        for numbers in targets.values():
            value = numbers.get("gc_per_mL_WW")
            unit = "gc/L"
            if value is None:
                value = numbers.get("gc_per_day")
                if value is None or (value != 0 and not flow_known):
                    unit = "gc/d"
            state = "none" if value is None else state_of(value, None, None)
            judge(None if state == "not_detected" else value, state, None, None, unit, counts=counts)


def openzh(data, counts):
    for row in read(data / "switzerland/openzh_COVID19_Abwassermonitoring.csv"):
        value = number(row["SARS_CoV_2_RNA_copies_d_100000"])
        state = {"Q": "none", "D": "below_loq", "N": "below_lod"}.get(row["quantification_flag"])
        if state == "below_lod" and value == 0:
            state = "not_detected"
        judge(value, state, None, None, counts=counts)


def amelag_curve(data, counts):
    for row in read(data / "germany/amelag_aggregierte_kurve.tsv", delimiter="\t"):
        judge(number(row["viruslast"]), "none", None, None, target_known=not row["typ"].endswith("A+B"), counts=counts)


def odm_v1(data, counts):
    results = collections.OrderedDict()
    for row in read(data / "odm_ottawa_v1/wwMeasure.csv"):
        key = row["labID"], row["analysisDate"], row["type"]
        results.setdefault(key, {})[row["aggregation"]] = row
    for (_, analysed, kind), by_aggregation in results.items():
        row = next(by_aggregation[a] for a in ("meanNr", "mean", "single", "sd", "sdNr") if a in by_aggregation)
        judge(number(row["value"]), "none", None, None, row["unit"], kind != "varB117",
              row["reportDate"] >= analysed or row["reportDate"] in ("", "NA"), counts=counts)


def odm_v1_wide(data, counts):
    for row in read(data / "odm_ottawa_v1/wastewater_virus.csv"):
        for column in ("covN1_nPMMoV_meanMnNr", "covN2_nPMMoV_meanMnNr", "nPPMoV_Ct_mean"):
            if row[column] in ("", "NA"):
                continue
            judge(number(row[column]), "none", None, None, "ratio or Ct", True,
                  row["reportDate"] >= row["sampleDate"] or row["reportDate"] in ("", "NA"), counts=counts)


def main():
    counts = collections.Counter()
    globals()[sys.argv[2]](pathlib.Path(sys.argv[1]), counts)
    for name, count in sorted(counts.items()):
        print(name, count)


if __name__ == "__main__":
    main()
