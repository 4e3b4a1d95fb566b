"""Counts what an import of a published file must say, from the raw file and by rules of its own.

Run: python3 format_counts.py DATA_DIR PROFILE. Prints "name count" lines, sorted: rows, accepted, state:S for the state of
accepted rows, rule:R for every row that breaks R, unread:C for every column that holds something and is not read, left out:W for what
becomes part of no row. Written apart from the importers and sharing nothing with them: it is what
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
    if unit == "gc/L" and value is not None and value > 1e15:
        rules.add("out_of_range")
    counts["rows"] += 1
    if not rules:
        counts["accepted"] += 1
        counts["state:" + state] += 1
    for rule in rules:
        counts["rule:" + rule] += 1


def state_of(value, lod, loq):
    if value == 0:
        return "not_detected"
    if value < 0:
        return "none"
    if lod is not None and value < lod:
        return "below_lod"
    if loq is not None and value < loq:
        return "below_loq"
    return "none"


def note(rows, read, counts):
    """Columns that hold something and stand not among those that an importer says to read."""
    for column in rows[0]:
        if column not in read.split() and any(row[column] not in ("", "NA") for row in rows):
            counts["unread:" + (column or "column 1")] += 1


def number(text):
    return None if text in ("", "NA") else float(text)


def swiss_dpcr(data, counts):
    analyses = collections.OrderedDict()
    rows = read(data / "switzerland/eawag_dPCR_data_resp6.csv")
    note(rows, "wastewater_treatment_plant.name collection_date target loq lod gc_per_lww", counts)
    for row in rows:
        key = tuple(row[c] for c in ("wastewater_treatment_plant.name", "collection_date", "target", "lod", "loq"))
        analyses.setdefault(key, []).append(float(row["gc_per_lww"]))
    for (_, _, _, lod, loq), values in analyses.items():
        mean = sum(max(v, 0.0) for v in values) / len(values)
        judge(mean, state_of(mean, float(lod), float(loq)), float(lod), float(loq), counts=counts)


def swiss_multivirus(data, counts):
    days = collections.defaultdict(lambda: collections.defaultdict(dict))
    rows = read(data / "switzerland/eawag_clean_data_multivirus.csv")
    note(rows, "sample_date wwtp measurement_type mean", counts)
    for row in rows:
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
    rows = read(data / "switzerland/openzh_COVID19_Abwassermonitoring.csv")
    note(rows, "date SARS_CoV_2_RNA_copies_d_100000 quantification_flag flow_m3_d sample_origin", counts)
    for row in rows:
        value = number(row["SARS_CoV_2_RNA_copies_d_100000"])
        state = {"Q": "none", "D": "below_loq", "N": "below_lod"}.get(row["quantification_flag"])
        if state == "below_lod" and value == 0:
            state = "not_detected"
        judge(value, state, None, None, counts=counts)


def amelag_curve(data, counts):
    rows = read(data / "germany/amelag_aggregierte_kurve.tsv", delimiter="\t")
    note(rows, "datum viruslast typ", counts)
    for row in rows:
        judge(number(row["viruslast"]), "none", None, None, target_known=not row["typ"].endswith("A+B"), counts=counts)


def amelag(data, counts):
    rows = read(data / "germany/amelag_einzelstandorte.tsv", delimiter="\t")
    note(rows, "standort datum viruslast typ unter_bg bundesland einwohner laborwechsel", counts)
    for row in rows:
        value, below = number(row["viruslast"]), row["unter_bg"] == "ja"
        judge(None if below else value, "below_loq" if below else "none", None, 2 * value if below and value else None,
              target_known=not row["typ"].endswith("A+B"), counts=counts)


def odm_v1(data, counts):
    results = collections.OrderedDict()
    rows = read(data / "odm_ottawa_v1/wwMeasure.csv")
    note(rows, "sampleID labID assayID analysisDate reportDate fractionAnalyzed type unit aggregation index value qualityFlag", counts)
    for row in rows:
        key = row["labID"], row["analysisDate"], row["type"]
        results.setdefault(key, {})[row["aggregation"]] = row
    for (_, analysed, kind), by_aggregation in results.items():
        row = next(by_aggregation[a] for a in ("meanNr", "mean", "single", "sd", "sdNr") if a in by_aggregation)
        for aggregation, other in by_aggregation.items():
            if other is not row and aggregation != "single":
                counts[f"left out:measure {kind} with aggregation {aggregation}"] += 1
        judge(number(row["value"]), "none", None, None, row["unit"], kind != "varB117",
              row["reportDate"] >= analysed or row["reportDate"] in ("", "NA"), counts=counts)


def odm_v1_wide(data, counts):
    rows = read(data / "odm_ottawa_v1/wastewater_virus.csv")
    note(rows, "sampleDate siteID covN1_nPMMoV_meanMnNr covN2_nPMMoV_meanMnNr nPPMoV_Ct_mean reportDate qualityFlag", counts)
    for row in rows:
        measures = ("covN1_nPMMoV_meanMnNr", "covN2_nPMMoV_meanMnNr", "nPPMoV_Ct_mean")
        if all(row[column] in ("", "NA") for column in measures):
            counts["left out:sample without a measure"] += 1
        for column in measures:
            if row[column] in ("", "NA"):
                continue
            judge(number(row[column]), "none", None, None, "ratio or Ct", True,
                  row["reportDate"] >= row["sampleDate"] or row["reportDate"] in ("", "NA"), counts=counts)


def scotland(data, counts):
    rows = read(data / "scotland/SARS-Cov2_RNA_monitoring_ww_scotland_full.csv")
    note(rows, "Health_Board Site Population Date_collected Date_analysed SW_sample_number N1_description N1_Reported_value-gc_per_L "
               "Flow-L_per_day Modelled_flow-L_per_day Analysis_lab", counts)
    states = {"Positive": "none", "Positive (DNQ)": "below_loq", "Weak Positive": "below_lod", "Negative": "not_detected"}
    for row in rows:
        value = number(row["N1_Reported_value-gc_per_L"])
        lod, loq = (6640, 9427) if row["Analysis_lab"].endswith("Low Volume") else (1316, 11368)
        state = states.get(row["N1_description"])
        rules = set()
        if row["N1_description"] == "Analysis Failed":
            rules.add("analysis_failed")
        elif value is not None:
            if state == "below_lod" and value > lod:
                rules.add("value_above_lod")
            if state == "below_loq" and value > loq:
                rules.add("value_above_loq")
            if state == "below_loq" and value < lod:
                rules.add("value_below_lod")
        counts["rows"] += 1
        if not rules:
            counts["accepted"] += 1
            counts["state:" + state] += 1
        for rule in rules:
            counts["rule:" + rule] += 1


def esi_cora(data, counts):
    for row in read(data / "germany/ESI-CorA_Abwassersurveillance.tsv", delimiter="\t"):
        value = number(row["Genkopien_normalisiert"])
        judge(value or None, "not_detected" if value == 0 else "none", None, None, counts=counts)


def scotland_weekly(data, counts):
    for row in read(data / "scotland/wastewater_covid19_by_wwtw_20260624.csv"):
        value = number(row["Average(Mgc)"])
        judge(value or None, "not_detected" if value == 0 else "none", None, None, "loads", counts=counts)


def episewer(data, counts):
    for row in read(data / "switzerland/episewer_Influenza_A_Zurich_measurements.csv"):
        value = number(row["concentration"])
        judge(value or None, "none" if value is None else state_of(value, 0.5, None), 0.5, None, counts=counts)


def episewer_sars(data, counts):
    for row in read(data / "switzerland/episewer_SARS_CoV_2_Zurich_measurements.csv"):
        judge(number(row["concentration"]), "none", None, None, counts=counts)


def main():
    counts = collections.Counter()
    globals()[sys.argv[2]](pathlib.Path(sys.argv[1]), counts)
    for name, count in sorted(counts.items()):
        print(name, count)


if __name__ == "__main__":
    main()
