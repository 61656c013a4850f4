"""Finding a Chromium: ``PATH`` and the programs on it are planted, and nothing is installed on this machine."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from guatu.embedded.errors import Attempt
from tests.browser import chromium
from tests.browser.chromium import SETTING, Means, NoChromiumError, find_chromium
from tests.browser.fixtures import Search

_SYSTEM = "/usr/bin:/bin"
ROOT = Path(__file__).parent.parent.parent
CHROMIUM = "echo 'Chromium 156.0.8078.79 built on something'"


def test_a_chromium_is_found(search: Search) -> None:
    """The one test that fails where there must be a browser and is none; all that need one are skipped."""
    _hold(search, os.environ)


def _hold(search: Search, environment: Mapping[str, str]) -> None:
    if search.error is None:
        return
    if environment.get("CI") == "true":
        pytest.fail(f"the browser tests must run where CI=true. {search.error}", pytrace=False)
    pytest.skip(str(search.error))


@pytest.mark.parametrize("environment", [{}, {"CI": ""}, {"CI": "false"}])
def test_where_there_need_be_none_its_absence_is_a_skip(environment: dict[str, str]) -> None:
    with pytest.raises(pytest.skip.Exception, match="tried PATH: nothing there"):
        _hold(Search(None, NoChromiumError([Attempt("PATH", "nothing there")])), environment)
    _hold(Search(Path("/chromium"), None), environment)


def test_where_there_must_be_one_its_absence_is_a_failure() -> None:
    with pytest.raises(pytest.fail.Exception, match=r"must run where CI=true\. .*tried PATH: nothing there"):
        _hold(Search(None, NoChromiumError([Attempt("PATH", "nothing there")])), {"CI": "true"})
    _hold(Search(Path("/chromium"), None), {"CI": "true"})


def _script(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    file.chmod(0o755)
    return file


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing on it: an empty PATH, no network, and a cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "bin").mkdir()
    return tmp_path


def _means(place: Path, *, root: bool = False, seconds: float = 60, download: str | None = None, **set_: str) -> Means:
    """What a search may use there; ``download`` is a script in the place of Playwright's."""
    environment = {"PATH": str(place / "bin"), "HOME": str(place), **set_}
    if download is not None:
        # Python's own way to put something before an installed package.
        package = place / "planted" / "playwright"
        package.mkdir(parents=True, exist_ok=True)
        (package / "__init__.py").touch()
        (package / "__main__.py").write_text(f"import os, pathlib, sys, time\n{download}\n", encoding="utf-8")
        environment |= {"PYTHONPATH": str(place / "planted")}
    else:
        environment |= dict.fromkeys(("HTTPS_PROXY", "https_proxy"), "http://127.0.0.1:9")
    return Means(environment, place / "own" / "chrome", root, seconds)


def _search(means: Means) -> tuple[Path, list[str]]:
    said: list[str] = []
    return find_chromium(means, said.append), said


def _fails(means: Means) -> tuple[dict[str, str], list[str]]:
    said: list[str] = []
    with pytest.raises(NoChromiumError) as raised:
        find_chromium(means, said.append)
    for attempt in raised.value.attempts:
        assert f"{attempt.source}: {attempt.reason}" in str(raised.value)
    return {attempt.source: attempt.reason for attempt in raised.value.attempts}, said


def test_the_path_that_is_set_comes_first(place: Path) -> None:
    _script(place / "bin" / "chromium", CHROMIUM)
    told = _script(place / "told", "echo Google Chrome 150.0.1")
    assert _search(_means(place, GUATU_CHROMIUM=str(told))) == (told, [])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "there is no "),
        ("echo 'vim 9.0'", "is not a Chromium"),
        ("echo 'cannot load libnss3.so' >&2; exit 127", "--version failed (cannot load libnss3.so)"),
        ("exit 3", "--version failed (without a word)"),
    ],
)
def test_the_path_that_is_set_is_used_or_refused_but_never_passed_over(
    text: str | None, reason: str, place: Path
) -> None:
    _script(place / "bin" / "chromium", CHROMIUM)
    told = place / "told"
    if text is not None:
        _script(told, text)
    attempts, _ = _fails(_means(place, GUATU_CHROMIUM=str(told)))
    assert list(attempts) == ["the path that is set"]
    assert reason in attempts["the path that is set"]


@pytest.mark.parametrize("name", ["chromium", "chromium-browser", "google-chrome"])
def test_one_on_path_is_used(name: str, place: Path) -> None:
    program = _script(place / "bin" / name, CHROMIUM)
    assert _search(_means(place)) == (program, [])


def test_one_that_fails_is_passed_over_with_a_line(place: Path) -> None:
    stub = _script(place / "bin" / "chromium-browser", "echo 'install it from the other shop' >&2; exit 1")
    chrome = _script(place / "bin" / "google-chrome", "echo 'Google Chrome 150.0.1'")
    found, said = _search(_means(place))
    assert found == chrome
    assert said == [
        f"not using the Chromium on PATH: {stub} --version failed (install it from the other shop)",
    ]


def test_playwrights_own_comes_after_path(place: Path) -> None:
    own = _script(place / "own" / "chrome", CHROMIUM)
    assert _search(_means(place)) == (own, [])
    on_path = _script(place / "bin" / "chromium", CHROMIUM)
    assert _search(_means(place)) == (on_path, [])


def test_a_download_is_used(place: Path) -> None:
    own = place / "own" / "chrome"
    download = f"""
assert sys.argv[1:] == ["install", "--no-shell", "chromium"]
file = pathlib.Path({str(own)!r})
file.parent.mkdir()
file.write_text({f"#!/bin/sh{chr(10)}{CHROMIUM}{chr(10)}"!r})
file.chmod(0o755)
"""
    found, said = _search(_means(place, download=download))
    assert found == own
    assert said == ["downloading a Chromium with Playwright (about 180 MB)"]


def test_a_closed_network_ends_the_download_at_once(place: Path) -> None:
    lines = "print('Error: getaddrinfo ENOTFOUND somewhere', flush=True)\ntime.sleep(1000)"
    attempts, _ = _fails(_means(place, download=lines))
    assert attempts == {
        "the path that is set": "GUATU_CHROMIUM is not set",
        "PATH": "no chromium, chromium-browser, google-chrome there",
        "Playwright's own": f"there is no {place / 'own' / 'chrome'}",
        "Playwright's download": "playwright install: no network (Error: getaddrinfo ENOTFOUND somewhere)",
        "the system's packages": "only root may install them",
    }


def test_playwrights_real_download_fails_at_once_where_no_network_is(place: Path) -> None:
    attempts, _ = _fails(_means(place))
    assert attempts["Playwright's download"].startswith("playwright install: no network (Error: ")


def test_a_download_that_hangs_is_stopped_with_all_that_it_started(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = f"""
import subprocess
print("10% of 180 MB", flush=True)
child = subprocess.Popen(["/bin/sleep", "1000"])
pathlib.Path({str(place / "draft")!r}).write_text(str(child.pid))
os.rename({str(place / "draft")!r}, {str(place / "child")!r})
time.sleep(1000)
"""

    class Timer(threading.Timer):
        """Its time is over as soon as the download hangs, however long the download takes to get there."""

        def run(self) -> None:
            while not self.finished.wait(0.02):
                if (place / "child").exists():
                    self.function()
                    return

    monkeypatch.setattr(chromium, "Timer", Timer)
    attempts, _ = _fails(_means(place, download=lines))
    assert attempts["Playwright's download"] == "playwright install took longer than 60 s (10% of 180 MB)"
    child = int((place / "child").read_text())
    for _ in range(1200):
        try:
            # Without a parent that asks for its status, an ended process may stay in the list.
            if Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                break
        except (FileNotFoundError, ProcessLookupError):
            break
        time.sleep(0.1)
    else:
        pytest.fail("what the download started is still running")


def test_root_installs_the_systems_packages_and_says_so(place: Path) -> None:
    program = place / "bin" / "chromium"
    make = f"printf '#!/bin/sh\\n%s\\n' \"{CHROMIUM}\" > {program}; /bin/chmod +x {program}"
    _script(
        place / "bin" / "apt-get",
        f'echo "$DEBIAN_FRONTEND $*" >> {place}/asked\ncase "$*" in *install*) {make};; esac',
    )
    found, said = _search(_means(place, root=True, download="print('Error: ECONNREFUSED')"))
    assert found == program
    assert said[-1] == "installing chromium and fonts-noto-cjk with apt-get (a minute or two)"
    asked = (place / "asked").read_text().splitlines()
    assert asked[0].startswith("noninteractive ")
    assert asked[0].endswith(" update")
    assert asked[1].endswith(" install -y --no-install-recommends chromium fonts-noto-cjk")


def test_what_apt_says_is_the_reason(place: Path) -> None:
    _script(place / "bin" / "apt-get", "echo 'E: Unable to locate package chromium' >&2; exit 100")
    attempts, _ = _fails(_means(place, root=True, download="print('Error: ECONNREFUSED')"))
    assert attempts["the system's packages"] == "apt-get failed (E: Unable to locate package chromium)"
    (place / "bin" / "apt-get").unlink()
    attempts, _ = _fails(_means(place, root=True, download="print('Error: ECONNREFUSED')"))
    assert attempts["the system's packages"] == "there is no apt-get on PATH"


def test_packages_that_bring_nothing_are_told(place: Path) -> None:
    _script(place / "bin" / "apt-get", "exit 0")
    attempts, _ = _fails(_means(place, root=True, download="print('Error: ECONNREFUSED')"))
    assert attempts["the system's packages"].startswith("it ran, and yet Playwright's own: there is no ")


def test_two_that_need_one_get_it_once(place: Path) -> None:
    program = place / "bin" / "chromium"
    make = f"printf '#!/bin/sh\\n%s\\n' \"{CHROMIUM}\" > {program}; /bin/chmod +x {program}"
    _script(
        place / "bin" / "apt-get",
        f'echo x >> {place}/asked; /bin/sleep 1\ncase "$*" in *install*) {make};; esac',
    )
    means = _means(place, root=True, download="print('Error: ECONNREFUSED')")
    found: list[Path] = []
    both = [threading.Thread(target=lambda: found.append(_search(means)[0])) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert found == [program, program]
    assert len((place / "asked").read_text().splitlines()) == 2  # one update, one installation


def test_without_a_browser_ci_fails_and_its_other_tests_are_skipped(tmp_path: Path) -> None:
    environment = {**os.environ, "CI": "true", SETTING: str(tmp_path / "nowhere"), "PATH": _SYSTEM}
    tests = ("test_chromium.py::test_a_chromium_is_found", "test_axe.py")
    ran = subprocess.run(
        (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *(f"tests/browser/{test}" for test in tests)),
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ran.returncode == 1, ran.stdout + ran.stderr
    reason = f"tried the path that is set: there is no {tmp_path / 'nowhere'}"
    last = ran.stdout.splitlines()[-1]
    assert reason in ran.stdout.replace("\n", " ")
    assert "1 failed" in last
    assert "skipped" in last
    assert "passed" not in last
    assert "error" not in last
