"""`accord draft`: templates and questions to read, answers from a file and the command line, mistakes by question."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from accord.agreement.drafting.templates import TEMPLATES
from accord.agreement.reading import load
from accord.cli import main

Capture = pytest.CaptureFixture[str]
SETTINGS = ("company=Kestrel", "signs_marketing=mia", "signs_sales=sam", "liaison=lena")
TEAM = 'teams=[{name: sales, people: "tomas, sara"}]'


def words(*more: str, team: str = TEAM) -> list[str]:
    return ["draft", "--template", "one-team", *(word for each in (*SETTINGS, team) for word in ("--set", each)), *more]


def as_json(capsys: Capture) -> Any:
    return json.loads(capsys.readouterr().out)


def test_templates_are_listed(capsys: Capture) -> None:
    assert main(["draft"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in TEMPLATES)
    assert main(["draft", "--json"]) == 0
    assert [each["name"] for each in as_json(capsys)] == list(TEMPLATES)


def test_questions_are_listed_with_reason_and_default(capsys: Capture) -> None:
    assert main(["draft", "--template", "by-country", "--questions"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "line From how many points on is a lead handed over?" in shown
    assert "Default: 50." in shown
    assert "Default: next Monday." in shown
    assert "The agreement bears its name. Needed." in shown
    assert main(["draft", "--template", "by-country", "--questions", "--json"]) == 0
    asked = [question for section in as_json(capsys)["sections"] for question in section["questions"]]
    assert {"key": "line", "default": 50, "required": False, "least": 1}.items() <= asked[
        [each["key"] for each in asked].index("line")
    ].items()


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_blank_file_of_answers_lacks_only_what_is_needed(name: str, tmp_path: Path, capsys: Capture) -> None:
    assert main(["draft", "--template", name, "--blank"]) == 0
    file = tmp_path / "answers.yaml"
    file.write_text(capsys.readouterr().out, encoding="utf-8")
    assert main(["draft", "--template", name, "--answers", str(file), "--json"]) == 1
    wrong = as_json(capsys)["wrong"]
    assert [each["question"] for each in wrong] == ["company", "signs_marketing", "signs_sales", "liaison", "teams"]


def test_an_agreement_is_written_to_standard_output(capsys: Capture) -> None:
    assert main(words("--set", "line=60", "--set", "a_band=90")) == 0
    agreement = load(capsys.readouterr().out)
    assert agreement.qualification.score is not None
    assert (agreement.company, agreement.qualification.score.at_least) == ("Kestrel", 60)


def test_a_file_of_answers_gives_way_to_what_is_set(tmp_path: Path, capsys: Capture) -> None:
    answers = {"company": "Old name", "line": 61, "a_band": 90}
    (tmp_path / "answers.json").write_text(json.dumps(answers), encoding="utf-8")
    to = tmp_path / "agreement.yaml"
    assert main(words("--answers", str(tmp_path / "answers.json"), "--to", str(to))) == 0
    told = capsys.readouterr().out
    assert "version 1 of Kestrel" in told
    assert "Not yet enforced" not in told  # a template promises nothing that Accord does not do
    agreement = load(to)
    assert agreement.qualification.score is not None
    assert agreement.qualification.score.at_least == 61


def test_one_json_document_tells_all(tmp_path: Path, capsys: Capture) -> None:
    assert main(words("--json", "--to", str(tmp_path / "a.yaml"))) == 0
    told = as_json(capsys)
    assert (told["ok"], told["version"], told["file"]) == (True, 1, str(tmp_path / "a.yaml"))
    assert told["text"] == (tmp_path / "a.yaml").read_text(encoding="utf-8")
    assert told["answers"]["line"] == 50


def test_an_answer_that_cannot_be_taken_is_told_with_its_question(capsys: Capture) -> None:
    assert main(words("--set", "liaison=two people", "--set", "lien=3")) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert "accord draft: liaison (Who is the liaison between both teams?) ‘two people’ cannot be read." in told.err
    assert "Is line meant?" in told.err


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--template", "one-taem"], "Is one-team meant?"),
        (["--template", "one-team"], "There are no answers."),
        (["--questions"], "No template is named."),
        (["--template", "one-team", "--set", "line"], "sets nothing"),
        (["--template", "one-team", "--set", "teams=[{name"], "--set teams:"),
        (["--template", "one-team", "--answers", "{folder}/none.yaml"], "cannot be read"),
        (["--template", "one-team", "--answers", "{folder}/list.yaml"], "holds a list"),
        (["--template", "one-team", "--answers", "{folder}/broken.yaml"], "Write the answers as YAML or JSON"),
        (["--template", "one-team", "--answers", "{folder}/twice.yaml"], "is written twice"),
        (["--template", "one-team", "--questions", "--blank"], "not allowed with"),
    ],
)
def test_what_cannot_be_worked_with_is_told_in_a_sentence(
    more: list[str], told: str, tmp_path: Path, capsys: Capture
) -> None:
    for name, text in (("list", "[a]"), ("broken", "a: [b"), ("twice", "line: 1\nline: 2")):
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    assert main(["draft", *(word.format(folder=tmp_path) if "folder" in word else word for word in more)]) == 2
    assert told in " ".join(capsys.readouterr().err.split())


def test_nothing_is_written_over(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "a.yaml").write_text("mine", encoding="utf-8")
    assert main(words("--to", str(tmp_path / "a.yaml"))) == 2
    assert "is there already" in capsys.readouterr().err
    assert main(words("--to", str(tmp_path / "no/a.yaml"))) == 2
    assert "in a folder that exists" in capsys.readouterr().err
    assert (tmp_path / "a.yaml").read_text(encoding="utf-8") == "mine"
