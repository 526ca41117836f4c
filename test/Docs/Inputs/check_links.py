"""Fails on a link of README.md or docs that leads nowhere.

check_links.py ROOT
"""

import glob
import os
import re
import sys

LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)


def read(path):
    with open(path) as file:
        return FENCE.sub("", file.read())


def anchors(text):
    """The names of the headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
            for title in titles}


def main():
    root = sys.argv[1]
    pages = [os.path.join(root, "README.md"),
             *glob.glob(os.path.join(root, "docs", "**", "*.md"),
                        recursive=True)]
    errors = []
    for page in pages:
        for link in LINK.findall(read(page)):
            if "://" in link:
                continue
            name, _, anchor = link.partition("#")
            target = os.path.normpath(
                os.path.join(os.path.dirname(page), name)) if name else page
            if not os.path.exists(target):
                errors.append(f"{os.path.relpath(page, root)}: no {link}")
            elif anchor and anchor not in anchors(read(target)):
                errors.append(f"{os.path.relpath(page, root)}: no heading for "
                              f"{link}")
    for error in errors:
        print(f"error: {error}", file=sys.stderr)
    sys.exit(bool(errors))


main()
