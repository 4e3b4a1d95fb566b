"""Writes a per-site AMELAG file after its published table schema, for the file itself is not published where tests can read it.

Run: python3 amelag_file.py SCHEMA.json OUT.tsv. Columns, missing values and the words of every enumeration are the schema's; each
combination of them occurs. Numbers are made up and the same every time.
"""
import datetime
import itertools
import json
import pathlib
import sys


def main():
    fields = {field["name"]: field for field in json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))["fields"]}
    words = {name: list(field.get("constraints", {}).get("enum", [])) for name, field in fields.items()}
    for name in words:
        words[name] += fields[name].get("missingValues", []) if words[name] else []
    lines = ["\t".join(fields)]
    day = datetime.date(2024, 1, 3)
    for number, (state, kind, below, change) in enumerate(
            itertools.product(words["bundesland"], words["typ"], words["unter_bg"], words["laborwechsel"])):
        value = ["12345.5", "800", "0", "NA", "3.2e4"][number % 5]
        row = {name: "NA" for name in fields}
        row |= {"standort": "Köln-Süd " + state if number % 2 else "Weil am Rhein " + state, "bundesland": state,
                "datum": str(day + datetime.timedelta(days=7 * (number % 97))), "viruslast": value,
                "viruslast_normalisiert": value, "vorhersage": "1000", "obere_schranke": "2000", "untere_schranke": "500",
                "einwohner": "NA" if number % 7 == 0 else "120000", "laborwechsel": change, "typ": kind, "unter_bg": below}
        lines.append("\t".join(row[name] for name in fields))
    pathlib.Path(sys.argv[2]).write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
