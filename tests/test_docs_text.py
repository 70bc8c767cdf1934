"""What the documents say, without running it: length of lines, links, anchors, names of files."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from rectifold.cli.main import main
from rectifold.ir.functions import FUNCTIONS
from rectifold.passes.table import PASSES

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [
    "README.md",
    *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md")),
]


def test_the_readme_is_short() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 140


def long_lines(text: str) -> list[str]:
    """Lines of more than 100 characters, but for tables (in a diff too), commands and links."""
    return [
        line
        for line in text.splitlines()
        if len(line) > 100 and not re.match(r"[+ ]?\||\$ |!?\[[^]]*\]\([^)]*\)$", line)
    ]


WRAPPED = [*DOCUMENTS, "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "grammar/README.md"]


@pytest.mark.parametrize("file", WRAPPED)
def test_lines_of_a_document_have_at_most_100_characters(file: str) -> None:
    assert long_lines((ROOT / file).read_text(encoding="utf-8")) == []


def test_a_long_line_is_found_and_a_row_of_a_table_is_not() -> None:
    words = "word " * 21
    assert long_lines(f"| {words}\n$ {words}\nshort\n{words}") == [words]


def test_every_section_of_figures_begins_with_the_command_that_prints_them() -> None:
    text = (ROOT / "docs" / "measured.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    sections = re.split(r"^## .*\n", text, flags=re.MULTILINE)[1:]
    assert len(sections) >= 6
    for section in sections:
        assert re.match(r"\n    (make|python|rectifold) ", section), section[:80]
        for line in re.findall(r"^    (\w+ \S+)", section, re.MULTILINE):
            program, what = line.split()
            if program == "python":
                assert (ROOT / what).is_file(), line
            elif program == "make":
                assert f"\n{what}:" in makefile, line
            else:
                assert what in main.loaded(), line


def test_make_targets_named_in_the_readme_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in set(
        re.findall(r"(?:^    |`)make (\w+)", (ROOT / "README.md").read_text(), re.MULTILINE)
    ):
        assert f"\n{target}:" in makefile


@pytest.mark.parametrize(
    "file",
    [*WRAPPED, "compiler/rectifold_check/FORMAT.md"],
)
def test_links_in_the_documents_lead_somewhere(file: str) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", (ROOT / file).read_text(encoding="utf-8")):
        assert (ROOT / file).parent.joinpath(target).exists(), (file, target)


def test_every_page_is_linked_from_another_one() -> None:
    linked = {
        (ROOT / file).parent.joinpath(target).resolve()
        for file in WRAPPED
        for target in re.findall(r"\]\(([^)#:]+)", (ROOT / file).read_text(encoding="utf-8"))
    }
    pages = {(ROOT / file).resolve() for file in DOCUMENTS if file != "README.md"}
    assert pages - linked == set()


def anchors(file: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", v.lower()).replace(" ", "-") for v in headings}


@pytest.mark.parametrize("file", [*DOCUMENTS, "CONTRIBUTING.md"])
def test_links_to_a_part_of_a_document_lead_to_its_heading(file: str) -> None:
    for target, anchor in re.findall(
        r"\]\(([^)#:]*)#([^)]+)\)", (ROOT / file).read_text(encoding="utf-8")
    ):
        page = (ROOT / file).parent / target if target else ROOT / file
        assert anchor in anchors(page), (file, target, anchor)


def test_references_from_code_to_the_documents_lead_to_a_heading() -> None:
    found = [
        (path, *reference)
        for path in sorted((ROOT / "compiler").rglob("*.py"))
        for reference in re.findall(
            r"(docs/[\w/-]+\.md)#([a-z0-9-]+)", path.read_text(encoding="utf-8")
        )
    ]
    assert len(found) >= 14
    for path, file, anchor in found:
        assert anchor in anchors(ROOT / file), (path, file, anchor)


def test_files_named_in_the_mathematics_exist() -> None:
    text = (ROOT / "docs" / "mathematics.md").read_text(encoding="utf-8")
    named = re.findall(r"`([a-z_]+/[\w/]*(?:\.py)?)`", text)
    assert len(named) >= 40
    for name in named:
        places = [ROOT, ROOT / "compiler", ROOT / "compiler" / "rectifold"]
        places += [place / "two_layers" for place in places]
        assert any((place / name).exists() for place in places), name


def test_the_mathematics_speaks_of_every_pass_and_every_function() -> None:
    text = (ROOT / "docs" / "mathematics.md").read_text(encoding="utf-8")
    for name, rewrite in PASSES.items():  # a proof of one sentence stands beside the code
        said = f"{sys.modules[rewrite.__module__].__doc__} {rewrite.__doc__}"
        assert "Sound because" in said, name
        assert name in text or "docs/mathematics.md#" not in said, name
    for function in FUNCTIONS:
        assert f"{function}(" in text, function


def test_code_cites_no_document_by_section_number() -> None:
    for path in sorted((ROOT / "compiler").rglob("*.py")):
        assert "mathematics \u00a7" not in path.read_text(encoding="utf-8"), path
