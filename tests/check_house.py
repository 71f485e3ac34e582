#!/usr/bin/env python3
"""The plan of the house, asked of the sources: tests/cli/house.bats calls one of the functions below by its name.

A folder of src is a floor. Sources are laid out by clang-format, so that a definition begins at the start of a line and its
body with a brace on a line of its own; that is all that is understood of C here.
"""
import pathlib
import re
import sys

SRC = pathlib.Path(__file__).parent.parent / "src"
FLOORS = {
    "base": 0,
    "tensor": 1, "attention": 1, "figure": 1,
    "engine": 2, "problem": 2, "paint": 2,
    "read": 3, "compute": 3,
    "write": 4,
    "view": 5,
    "cmd": 6,
    "main.c": 7,
}

# Headers whose functions have several files: the inside of one module, for its files alone.
INSIDE = {
    "figure/board_parts.h": "board.c and the parts that it puts together",
    "figure/layout_parts.h": "layout.c and the parts that it puts together",
    "problem/check.h": "problem.c and the checks that it makes",
    "read/csv_private.h": "the reader of CSV",
    "read/json_private.h": "the reader of JSON",
    "read/json_reading.h": "the keys of JSON",
}


def text_of(path):
    """A source without comments and preprocessor lines, so that only code is left."""
    code = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.S)
    return re.sub(r"^#(?:[^\n]*\\\n)*[^\n]*\n", "", code, flags=re.M)


def sources(pattern):
    return sorted(path for path in SRC.rglob(pattern))


def name_of(path):
    return str(path.relative_to(SRC))


def floor_of(path):
    return FLOORS[path.relative_to(SRC).parts[0]]


DEFINITION = re.compile(r"^(?!typedef|extern)(static )?[A-Za-z_][\w ]*?[ *]+([a-z_]\w*)\([^;{]*?\)\s*\n\{", re.M)
DECLARATION = re.compile(r"^(?!static|typedef)[A-Za-z_][\w ]*?[ *]+([a-z_]\w*)\([^;{]*\)\s*(?:__attribute__\(\(.*?\)\)\)?)?;", re.M)


# A function by the name of its type: `option_parser value_flag;`.
TYPED = re.compile(r"^(?!static|typedef|extern|struct|union|enum)[a-z_]\w* ([a-z_]\w*);", re.M)


def declarations(header):
    code = text_of(header)
    return DECLARATION.findall(code) + TYPED.findall(code)


def definitions(path, static):
    return [m.group(2) for m in DEFINITION.finditer(text_of(path)) if bool(m.group(1)) == static]


def floors(problems):
    """A file includes its own folder, or one of a lower floor; every folder has a floor."""
    for path in sources("*.[ch]"):
        for line in path.read_text(encoding="utf-8").splitlines():
            match = re.match(r'#include "([a-z_]+)/', line)
            if match and match.group(1) != path.relative_to(SRC).parts[0] and FLOORS[match.group(1)] >= floor_of(path):
                problems.append(f"{name_of(path)} includes from {match.group(1)}")


def climbs(problems):
    """A function that a header declares is defined on the floor of the header, so that no call climbs through it."""
    defined = {}
    for path in sources("*.c"):
        for name in definitions(path, static=False):
            defined.setdefault(name, []).append(path)
    for header in sources("*.h"):
        for name in declarations(header):
            for path in defined.get(name, []):
                if floor_of(path) > floor_of(header) or path.parent != header.parent and path.parent != SRC:
                    problems.append(f"{name} is declared in {name_of(header)} and defined in {name_of(path)}")
            if name not in defined:
                problems.append(f"{name} is declared in {name_of(header)} and defined nowhere")
    # Nor past the headers: by a prototype in a source, or an object that is defined on a higher floor.
    objects = {}
    for path in sources("*.c"):
        code = text_of(path)
        for name in DECLARATION.findall(code):
            problems.append(f"{name} is declared in {name_of(path)}, not in a header")
        for name in re.findall(r"^const [\w *]*?\b([a-z_]\w*)(?:\[[^\]]*\])* =", code, re.M):
            objects[name] = path
    for header in sources("*.h"):
        for name in re.findall(r"^extern const [\w *]*?\b([a-z_]\w*)(?:\[[^\]]*\])*;", text_of(header), re.M):
            path = objects.get(name)
            if path and floor_of(path) > floor_of(header):
                problems.append(f"{name} is declared in {name_of(header)} and defined in {name_of(path)}")
    assert len(defined) > 200, "the definitions were not found"


def headers(problems):
    """A public function is declared in the header of its own file."""
    declared = {}
    for header in sources("*.h"):
        for name in declarations(header):
            declared.setdefault(name, []).append(header)
    inside = {SRC / header for header in INSIDE}
    for header in inside:
        if not header.exists():
            problems.append(f"{name_of(header)} is named as the inside of a module, and is not there")
    for path in sources("*.c"):
        own = path.with_suffix(".h")
        for name in definitions(path, static=False):
            if name == "main":
                continue
            homes = declared.get(name, [])
            if homes != [own] and not (len(homes) == 1 and homes[0] in inside and homes[0].parent == path.parent):
                where = ", ".join(name_of(home) for home in homes) or "no header"
                problems.append(f"{name} of {name_of(path)} is declared in {where}")


def namesakes(problems):
    """No two files have a static function of the same name, nor a struct, union or enum: grep finds one."""
    seen = {}
    for path in sources("*.[ch]"):
        code = text_of(path)
        names = [m.group(2) + "()" for m in DEFINITION.finditer(code)]
        names += [" ".join(m) for m in re.findall(r"\b(struct|union|enum) (\w+)\s*\n?\{", code)]
        for name in set(names):
            seen.setdefault(name, []).append(name_of(path))
    for name, paths in sorted(seen.items()):
        if len(paths) > 1:
            problems.append(f"{name} is in {' and '.join(paths)}")


def architecture(problems):
    """docs/architecture.md has the floors of this file, and names only folders, files and names that there are."""
    text = (SRC.parent / "docs" / "architecture.md").read_text(encoding="utf-8")
    told = {name.rstrip("/"): int(floor) for floor, name in re.findall(r"^\| (\d) \| `([a-z.]+/?)` \|", text, re.M)}
    if told != FLOORS:
        problems.append(f"docs/architecture.md has the floors {told}, and there are {FLOORS}")
    folders = {path.name for path in SRC.iterdir()}
    if folders != set(FLOORS):
        problems.append(f"src holds {sorted(folders)}, and the floors are {sorted(FLOORS)}")
    every = "".join(path.read_text(encoding="utf-8") for path in sources("*.[ch]"))
    for name in re.findall(r"`([^`]+)`", text):
        if re.fullmatch(r"[a-z_/]+\.[ch]|[a-z]+/", name):
            if not (SRC / name).exists() and not (("/" not in name) and list(SRC.rglob(name))) and name != "src/":
                problems.append(f"docs/architecture.md names {name}, which is not there")
        elif re.fullmatch(r"[A-Z]+|struct [a-z_]+", name) and not re.search(rf"\b{name}\b", every):
            problems.append(f"docs/architecture.md names {name}, which no source does")


def fuzzers(problems):
    """Every row of FORMATS and READERS has a fuzzer in tests/fuzz, and every such fuzzer is of a row."""
    for table, header, macro in (("FORMATS", "tensor/format.h", "FORMAT"), ("READERS", "read/read.h", "READER")):
        text = (SRC / header).read_text(encoding="utf-8")
        rows = re.search(rf"^#define {table}\(X, BETWEEN\)((?:[^\n]*\\\n)*[^\n]*)\n", text, re.M)
        named = set(re.findall(r"\bX\((\w+)\)", rows[1])) if rows else set()
        if not named:
            problems.append(f"{header} has no row of {table}")
        fuzzed = set()
        for path in (SRC.parent / "tests" / "fuzz").glob("fuzz_*.c"):
            fuzzed |= set(re.findall(rf"^#define FUZZED_{macro} {macro.lower()}_(\w+)$", path.read_text(encoding="utf-8"), re.M))
        problems += [f"{name} of {table} has no fuzzer: expected tests/fuzz/fuzz_{name}.c" for name in sorted(named - fuzzed)]
        problems += [f"tests/fuzz has a fuzzer of {name}, which is no row of {table}" for name in sorted(fuzzed - named)]


def main():
    """Asks what the arguments name, or everything."""
    problems = []
    checks = {check.__name__: check for check in (floors, climbs, headers, namesakes, architecture, fuzzers)}
    unknown = [name for name in sys.argv[1:] if name not in checks]
    if unknown:
        sys.exit(f"{unknown[0]}: expected one of {', '.join(checks)}")
    for name in sys.argv[1:] or checks:
        checks[name](problems)
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
