"""
Two JSON files say the same: numbers within a tolerance, all else equal, keys in the same order. Usage: check_close.py
WANTED GOT TOLERANCE.
"""
import json
import sys


def is_number(x):
    return isinstance(x, (int, float)) and not isinstance(x, bool)


def differences(wanted, got, within, where="$"):
    if isinstance(wanted, dict) and isinstance(got, dict) and list(wanted) == list(got):
        for key in wanted:
            yield from differences(wanted[key], got[key], within, f"{where}.{key}")
    elif isinstance(wanted, list) and isinstance(got, list) and len(wanted) == len(got):
        for i, (a, b) in enumerate(zip(wanted, got)):
            yield from differences(a, b, within, f"{where}[{i}]")
    elif is_number(wanted) and is_number(got):
        both_nan = wanted != wanted and got != got
        if not (wanted == got or both_nan or abs(wanted - got) <= within):
            yield f"{where}: {got} instead of {wanted}"
    elif type(wanted) is not type(got) or wanted != got:
        yield f"{where}: {got} instead of {wanted}"


with open(sys.argv[1]) as wanted, open(sys.argv[2]) as got:
    found = list(differences(json.load(wanted), json.load(got), float(sys.argv[3])))
for line in found[:20]:
    print(line)
sys.exit(bool(found))
