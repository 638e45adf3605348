# SPDX-License-Identifier: MIT OR Apache-2.0
"""`build.py deploy`: dry runs of both hosts by wrangler itself, and settings it refuses."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from tasks import deploy, deploy_settings
from tasks.cli import parser
from tasks.console import BuildError
from tasks.paths import WORKER

HELLO = WORKER / "examples" / "hello" / "wrangler.jsonc"


@pytest.fixture(autouse=True)
def _closed_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing outside this machine answers."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")


def options(*words: str) -> argparse.Namespace:
    """The command line of `build.py deploy`."""
    return parser().parse_args(["deploy", *words])


@pytest.mark.parametrize("host", ["native", "standalone"])
def test_dry_run(host: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Without network or account wrangler accepts the upload, and each file is shown."""
    assert deploy.main(options("--host", host, "--config", str(HELLO), "--var", "A=b")) == 0
    shown = capsys.readouterr().out
    first = "entry.py" if host == "native" else "main.mjs"
    assert f"{first:52}" in shown
    assert "together" in shown
    assert "nothing went up" in shown
    staged = json.loads((deploy.STAGE / host / "wrangler.json").read_text())
    assert staged["vars"] == {"A": "b"}
    assert ("python_workers" in staged["compatibility_flags"]) == (host == "native")


def test_the_native_upload_is_whole() -> None:
    """The entry file, and beneath python_modules the SDK and edgetrace."""
    folder, config = deploy.stage("native", HELLO, [])
    assert config["main"] == "entry.py"
    modules = folder / "python_modules"
    for name in ("workers/__init__.py", "workers/workflows.js", "edgetrace/__init__.py"):
        assert (modules / name).is_file()
    assert not (modules / "edgetrace" / "pytest_plugin.py").exists()


def test_an_account_is_needed_to_deploy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """--go without a login, or without network, is one line that says what to do."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("CLOUDFLARE_API_TOKEN", raising=False)
    with pytest.raises(BuildError, match=r"not logged in|no network") as caught:
        deploy.main(options("--go", "--config", str(HELLO)))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("ORIGIN=shop.example", r"ORIGIN='shop.example' is not an absolute URL. Remedy: .*https"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT=ftp://a.example", "OTEL_EXPORTER_OTLP_ENDPOINT='ftp"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT=https://u:p@a.example", "credentials .* wrangler secret put"),
        ("OTEL_EXPORTER_OTLP_HEADERS=a=b", "wrangler secret put OTEL_EXPORTER_OTLP_HEADERS"),
        ("EDGETRACE_METRICS_TOKEN=s3cret", "wrangler secret put EDGETRACE_METRICS_TOKEN"),
        ("ORIGIN", "--var NAME=VALUE"),
    ],
)
def test_settings_that_are_refused(given: str, says: str) -> None:
    """A setting that cannot work, or that would show a secret, is named with its remedy."""
    with pytest.raises(BuildError, match=says) as caught:
        deploy_settings.check(
            deploy_settings.variables({}, [given]), gateway=False, has_assets=False
        )
    assert "s3cret" not in str(caught.value)
    assert "u:p@" not in str(caught.value)


def test_a_gateway_needs_a_site() -> None:
    """Neither ORIGIN nor assets: there would be nothing to serve."""
    with pytest.raises(BuildError, match="ORIGIN is not set .* --var ORIGIN="):
        deploy_settings.check({}, gateway=True, has_assets=False)
    deploy_settings.check({}, gateway=True, has_assets=True)
    deploy_settings.check({"ORIGIN": "https://a.example"}, gateway=True, has_assets=False)


def test_configuration_is_json_with_comments(tmp_path: Path) -> None:
    """Comments and trailing commas go, what looks like them inside a string stays."""
    path = tmp_path / "wrangler.jsonc"
    path.write_text('{ // one\n "main": "a//b,]", /* two */ "x": [1, 2,], \n}')
    assert deploy_settings.read_config(path) == {"main": "a//b,]", "x": [1, 2]}


@pytest.mark.parametrize(("text", "says"), [("{", "not JSON"), ("{}", '"main"'), ("[]", '"main"')])
def test_configuration_that_is_refused(text: str, says: str, tmp_path: Path) -> None:
    """Garbage, and a configuration without an entry file, are refused with the file's name."""
    path = tmp_path / "wrangler.jsonc"
    path.write_text(text)
    with pytest.raises(BuildError, match=f"wrangler.jsonc.*{says}"):
        deploy_settings.read_config(path)


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    """No configuration, and a configuration whose entry file is missing."""
    with pytest.raises(BuildError, match=r"none.jsonc: there is no such file"):
        deploy.stage("native", tmp_path / "none.jsonc", [])
    path = tmp_path / "wrangler.jsonc"
    path.write_text('{"main": "entry.py"}')
    with pytest.raises(BuildError, match=r"there is no entry\.py"):
        deploy.stage("native", path, [])
