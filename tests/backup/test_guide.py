"""docs/operate.md, followed: its commands are taken from the page and run as they stand there."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from budget_watch.lake.backup.contents import key_files
from tests.backup.test_disk import namespace
from tests.servers.file_only import of_the_file

HOUSE = Path(__file__).parents[2]
GUIDE = (HOUSE / "docs" / "operate.md").read_text(encoding="utf-8")
CHAPTERS = {
    title: re.findall(r"^```(\w*)\n(.*?)^```$", body, re.M | re.S)
    for title, body in re.findall(r"^## \d+\. (.*?)\n(.*?)(?=^## |\Z)", GUIDE, re.M | re.S)
}
SOURCE = ("budget_watch", "ingest", "dashboard", "fixtures", "rules")


def blocks(chapter, kind="sh"):
    return [text for name, text in CHAPTERS[chapter] if name == kind]


def lines(*chapters):
    """The commands of these chapters, without remarks."""
    for chapter in chapters:
        for text in blocks(chapter):
            for line in text.replace("\\\n", " ").splitlines():
                if words := re.split(r"^#|\s\s#", line)[0].strip():
                    yield words


@pytest.mark.slow
def test_the_program_is_installed_without_a_network_as_the_guide_says(tmp_path):
    """All but the download of other people's wheels: they are lent from where the tests run."""
    lent = tmp_path / "lent"
    lent.mkdir()
    for path in Path(sysconfig.get_paths()["purelib"]).iterdir():
        if not re.match(r"budget_watch|__editable__|_?budget", path.name):
            (lent / path.name).symlink_to(path)
    source = tmp_path / "source"
    for name in SOURCE:
        shutil.copytree(HOUSE / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.py", "pyproject.toml", "README.md", "requirements.lock"):
        shutil.copy(HOUSE / name, source)
    here, there, trial = blocks("安装到没有网络的机器")
    assert "pip download --require-hashes -r requirements.lock -d wheels" in here
    assert "demo --scale tiny --no-serve" in trial  # tests/end_to_end runs it
    script = ["set -e", "mkdir wheels"]
    for line in (here + there).splitlines():
        if " download " in line:
            continue
        script.append(line.replace("python3", sys.executable))
        if line.startswith("python3 -m venv "):
            venv = line.split()[-1]
            site = f"$(echo {venv}/lib/python3.*/site-packages)"
            # older Pythons bring a setuptools of their own, which would hide the lent one
            script.append(f"rm -rf {site}/setuptools* && echo {lent} > {site}/lent.pth")
    told = "\n".join(script)
    for before, after in (("/tmp/tool", tmp_path / "tool"), ("/opt/", f"{tmp_path}/opt/")):
        told = told.replace(before, str(after))
    command = [*namespace("-n"), "bash", "-c", told]
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "PYTHON"))}
    done = subprocess.run(
        command, cwd=source, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Successfully installed budget-watch" in done.stdout
    assert done.stdout.splitlines()[-1] == "共 125 条规则。"
    wheel = next((source / "wheels").glob("budget_watch-*.whl"))
    assert wheel.stat().st_size > 1_000_000


@pytest.fixture
def places(city, tmp_path):
    """Where the guide's folders are here."""
    home = city.copy("lived", tmp_path / "srv" / "budget_watch")
    (toml,) = blocks("备份", "toml")
    found = {
        "/srv/budget_watch": home.root,
        "/srv/new": tmp_path / "srv" / "new",
        "/mnt/backup/budget_watch": tmp_path / "mnt" / "backup",
        "/media/usb": tmp_path / "usb",
        "/tmp/drill": tmp_path / "drill",
    }
    with (home.root / "budget_watch.toml").open("a", encoding="utf-8") as file:
        file.write("\n" + here(toml, found) + "\n" + blocks("保留和清理", "toml")[0])
    return found


def here(text, places):
    for before, after in places.items():
        text = text.replace(before, str(after))
    return text


@of_the_file
def test_backup_restore_drill_retention_move_and_upgrade_go_as_the_guide_says(
    places, command, monkeypatch
):
    home, new = places["/srv/budget_watch"], places["/srv/new"]
    monkeypatch.chdir(home.parent)
    done, summaries = [], []
    chapters = ("备份", "恢复", "恢复演练", "保留和清理", "换机器", "升级")
    for line in lines(*chapters):
        words = shlex.split(here(line, places))
        if words[0] in ("systemctl", "mv") or "postgresql" in line:
            continue
        if words[0] == "rm":
            shutil.rmtree(words[-1])
            continue
        piped = words[-3:] == ["|", "tail", "-1"]
        words = words[1:-3] if piped else words[1:]
        root = home
        if words[0] == "--home":
            root, words = Path(words[1]), words[2:]
        if words[0] == "restore":
            shutil.rmtree(new, ignore_errors=True)
        told = command(root, *words)
        done.append((words[0], told.status))
        if piped:
            summaries.append(told.summary)
        if words[0] == "backup" and len(done) == 1:
            assert "密钥不在备份里" in told.said
            for key in key_files_of(home):  # as the guide asks for
                copy = places["/media/usb"] / key.relative_to(home)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(key, copy)
    assert {what for what, _ in done} == {
        "backup", "restore", "status", "findings", "lake", "audit",
    }  # fmt: skip
    assert [one for one in done if one[1] != 0] == [("status", 1)] * 3  # late tables, quarantine
    assert len(summaries) == 2 and summaries[0] == summaries[1]
    assert not places["/tmp/drill"].exists()


def key_files_of(root):
    from budget_watch.lake import Home

    return key_files(Home(root))


def test_every_option_of_the_commands_is_told(command):
    for words in (("backup",), ("restore",), ("lake", "prune")):
        told = command("/nowhere", *words, "--help").said
        options = set(re.findall(r"--[a-z][a-z-]+", told)) - {"--help", "--json", "--spool"}
        missing = {one for one in options if one not in GUIDE} - {"--compact", "--no-compact"}
        assert missing == set()


def test_the_settings_of_the_guide_are_all_there_are():
    import tomllib

    from budget_watch.lake.retention import Retention

    (told,) = blocks("保留和清理", "toml")
    assert tomllib.loads(told)["retention"] == json.loads(Retention().model_dump_json())
