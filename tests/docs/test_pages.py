# SPDX-License-Identifier: Apache-2.0
"""The documents beside each other and beside the code."""

from __future__ import annotations

import re
import shlex

import pytest

import cli
from cli import page
from support.failures import InputError
from tests.docs.pages import ROOT, command_lines, matches, steps

PAGES = sorted(
    path
    for pattern in ("*.md", "docs/*.md", "docs/results/*.md", "models/*.md")
    for path in ROOT.glob(pattern)
    if path.name != "CHANGELOG.md"
)
IDS = [str(path.relative_to(ROOT)) for path in PAGES]
README_LINES = 120


def test_steps_of_a_document():
    text = "```\n$ no\n```\n```console\n$ one 'a'\n1\n\n2\n$ two\n```\n"
    text += "- `x`\n```console\n$ three\n```\n"
    assert [(step.command, step.output) for step in steps(text)] == [
        ("one 'a'", ("1", "", "2")),
        ("two", ()),
        ("three", ()),
    ]


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        (["a", "b"], ["a", "b"], True),
        (["a"], ["a", "b"], False),
        (["a", "..."], ["a", "b", "c"], True),
        (["...", "c"], ["a", "b", "c"], True),
        (["a", "...", "c"], ["a", "b"], False),
        (["x ... dB"], ["x 36.4 dB"], True),
        (["x ... dB"], ["x 36.4"], False),
        (["1.5"], ["1x5"], False),
        ([], ["a"], False),
        ([], [], True),
    ],
)
def test_what_a_document_leaves_out(shown, printed, same):
    assert matches(shown, printed) is same


def test_command_lines_of_a_document():
    text = "$ avatar a --b  # why\n\n    avatar c\nSee `avatar d\n--e` and avatar f.\n"
    assert command_lines(text) == ["avatar a --b", "avatar c", "avatar d --e"]


def parse(line):
    """Check the verb and the options of a command line; values may be left out or made up."""
    _, name, *words = shlex.split(line)
    if name == "VERB" or name.startswith("-"):
        return
    parser = cli.verb_parser(name)
    known = parser._option_string_actions
    for word in words:
        if word in ("&", "|", ">", ";", "&&"):
            break
        if re.match(r"--?[a-z]", word) and word.split("=")[0] not in known:
            raise InputError(f"{name} has no {word}")


@pytest.mark.parametrize("path", PAGES, ids=IDS)
def test_verbs_and_options_exist(path):
    for line in command_lines(path.read_text()):
        parse(line)


def test_a_false_option_is_seen():
    with pytest.raises(InputError, match="generate has no --colour"):
        parse("avatar generate --colour 3")
    with pytest.raises(InputError, match="there is no verb augment"):
        parse("avatar augment --port P")


@pytest.mark.parametrize("path", PAGES, ids=IDS)
def test_links_lead_somewhere(path):
    for link in re.findall(r"\]\(([^)\s]+)\)", path.read_text()):
        if re.match(r"https?:", link):
            continue
        name, _, anchor = link.partition("#")
        target = path.parent / name if name else path
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target.read_text()), link


def headings(text):
    """Return (level, words) of every heading outside blocks of code."""
    text = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return [(len(m[1]), m[2]) for m in re.finditer(r"^(#+) (.+)$", text, re.MULTILINE)]


def anchors(text):
    """Return the names that GitHub gives the headings of a page."""
    plain = (re.sub(r"\[([^]]*)\]\([^)]*\)|`", r"\1", words) for _, words in headings(text))
    return {re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-") for words in plain}


def test_the_page_of_verbs_is_that_of_the_program():
    written = (ROOT / "docs" / "verbs.md").read_text()
    assert written == page.page(), "make it again: python -m cli.page > docs/verbs.md"
    for name in cli.GROUP_OF:
        assert f"### avatar {name}\n" in written


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) <= README_LINES


def test_the_readmes_of_both_languages_say_the_same():
    english, japanese = ((ROOT / name).read_text() for name in ("README.md", "README.ja.md"))
    assert "[日本語](README.ja.md)" in "".join(english.splitlines()[:3])
    assert "[English](README.md)" in "".join(japanese.splitlines()[:3])
    assert steps(japanese) == steps(english)
    assert [level for level, _ in headings(japanese)] == [level for level, _ in headings(english)]
    for pattern in (r"!\[[^]]*\]\(([^)]+)\)", r"(?<!!)\[[^]]*\]\((docs[^)]+)\)"):
        assert re.findall(pattern, japanese) == re.findall(pattern, english)
    assert len(re.findall(r"^\|", japanese, re.MULTILINE)) == len(
        re.findall(r"^\|", english, re.MULTILINE)
    )


@pytest.mark.parametrize("path", [*PAGES, ROOT / "CHANGELOG.md"], ids=[*IDS, "CHANGELOG.md"])
def test_files_that_are_named_are_there(path):
    named = re.findall(r"`((?:[a-z]\w*/)+\w+\.(?:py|cpp|json))`", path.read_text())
    missing = [name for name in named if not (ROOT / name).exists()]
    assert not missing
