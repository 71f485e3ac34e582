"""Runs what a document shows, and compares what comes out with what is shown.

usage: examples.py [--draw] FILE…    (Markdown, or a man page in mdoc)

In Markdown, blocks marked `console` hold commands after "$ " (continued by lines after "> ") and below each the output
it must have, standard error included; blocks marked `python` are run as they are. In a man page the commands and
outputs stand in literal displays that begin with "$ ". All blocks of a file run in one
folder that looks like the checkout after make, and has the samples beside; attn is found without its path too.

A picture .svg that a command writes, and that lies beside the document too, must say the same there, and be as large: its
texts and its size are compared, as colours may differ in their last digit where numbers do. With --draw it is put there.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def blocks(path):
    text = open(path, encoding="utf-8").read()
    if path.endswith(".md"):
        for kind, body in re.findall(r"^```(console|python)\n(.*?)^```", text, re.M | re.S):
            yield kind, body
        return
    for body in re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed", text, re.M | re.S):
        if body.startswith("$ "):
            plain = body.replace("\\-", "-").replace("\\e", "\\").replace("\\(aq", "'").replace("\\&", "")
            yield "console", plain


def commands(body):
    """Pairs of command and output."""
    result = []
    for line in body.splitlines():
        if line.startswith("$ "):
            result.append([line[2:], []])
        elif line.startswith("> ") and not result[-1][1]:
            result[-1][0] += "\n" + line[2:]
        else:
            result[-1][1].append(line)
    return [(command, "\n".join(output)) for command, output in result]


def run(command, folder, environment):
    if command.startswith("make "):  # building and testing is what runs this: only the goals are looked at
        command = "make -C %s -n %s >/dev/null" % (ROOT, command[5:])
    done = subprocess.run(["bash", "-c", command], cwd=folder, env=environment, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=120)
    return done.stdout.decode("utf-8", "replace").rstrip("\n")


def texts(path):
    """The size of an SVG, and all that is written in it."""
    text = open(path, encoding="utf-8").read()
    return re.findall(r'<svg[^>]* viewBox="([^"]*)"', text) + re.findall(r"<text[^>]*>([^<]*)<", text)


def pictures(folder, path, draw):
    """The pictures beside the document that are not what its commands drew in the folder."""
    beside = os.path.dirname(os.path.abspath(path))
    names = {n for n in os.listdir(folder) if n.endswith(".svg")}
    shown = set(re.findall(r"!\[[^\]]*\]\(([\w-]+\.svg)\)", open(path, encoding="utf-8").read()))
    for name in sorted(shown & names if draw else []):
        shutil.copy(os.path.join(folder, name), os.path.join(beside, name))
    return [name for name in sorted(shown) if name not in names or not os.path.exists(os.path.join(beside, name)) or
            texts(os.path.join(folder, name)) != texts(os.path.join(beside, name))]


def main():
    attn = os.path.abspath(os.environ["ATTN"])
    python = os.environ.get("PYTHON", "python3")
    failed = ran = 0
    draw = sys.argv[1:2] == ["--draw"]
    for path in sys.argv[2 if draw else 1:]:
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(os.path.join(ROOT, "data"), os.path.join(folder, "data"))
            os.mkdir(os.path.join(folder, "build"))
            os.symlink(attn, os.path.join(folder, "build", "attn"))
            for name in os.listdir(os.path.join(ROOT, "data")):
                os.symlink(os.path.join("data", name), os.path.join(folder, name))
            environment = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))}
            environment.update(PATH=os.path.dirname(attn) + ":" + os.environ["PATH"], COLUMNS="80")
            for kind, body in blocks(path):
                if kind == "python":
                    done = subprocess.run([python, "-c", body], cwd=folder, stdout=subprocess.PIPE,
                                          stderr=subprocess.STDOUT, timeout=120)
                    ran += 1
                    if done.returncode:
                        failed += 1
                        print("%s: python block failed:\n%s\n%s" % (path, body, done.stdout.decode()))
                    continue
                for command, wanted in commands(body):
                    got = run(command, folder, environment)
                    ran += 1
                    if got != wanted.rstrip("\n"):
                        failed += 1
                        print("%s: $ %s\n-- got:\n%s\n-- shown:\n%s\n" % (path, command, got, wanted))
            for name in pictures(folder, path, draw) if path.endswith(".md") else []:
                failed += 1
                print("%s: the picture %s is not the one that a command here draws" % (path, name))
    print("%d examples run, %d differ" % (ran, failed))
    sys.exit(1 if failed or not ran else 0)


main()
