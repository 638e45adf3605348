# SPDX-License-Identifier: MIT OR Apache-2.0
"""`build.py deploy`: a Python Worker to Cloudflare, natively or on the standalone host.

    native       .cache/deploy/native/      the entry file, its modules, python_modules/
    standalone   .cache/deploy/standalone/  what tasks/standalone.py makes

Without --go it is wrangler's dry run, which needs no network and no account, and the list of what
would go up. Beside the upload stands a wrangler.json made from the configuration; edgetrace's own
gateway also gets the agent's files as static assets under /edgetrace/.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import zipfile
from pathlib import Path
from typing import Any, Final

from tasks import bundle, deploy_settings, standalone
from tasks.archive import gzip_size
from tasks.console import BuildError, call, run, say, step
from tasks.node import tool_environ
from tasks.paths import CACHE, DIST, PACKAGE, VENV_BIN, WORKER
from tasks.stamps import NO_NETWORK

STAGE: Final = CACHE / "deploy"
QUIET: Final = {
    "CI": "1",
    "WRANGLER_SEND_METRICS": "false",
    "WRANGLER_HIDE_BANNER": "true",
    "NO_COLOR": "1",
}
NOT_LOGGED_IN: Final = re.compile(
    r"not (?:logged in|authenticated)|wrangler login|CLOUDFLARE_API_TOKEN|Authentication error"
)
GATEWAY: Final = "edgetrace_gateway"
NOT_UPLOADED: Final = {"wrangler.json", "app.json", ".edgetrace-stamp"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `deploy`."""
    parser.add_argument("--host", choices=("native", "standalone"), default="native")
    parser.add_argument(
        "--boot",
        choices=("event", "start"),
        default="event",
        help="standalone: Python starts with the first event, or with the Worker (CPU limits "
        "below a second per event)",
    )
    parser.add_argument("--go", action="store_true", help="really deploy; otherwise a dry run")
    parser.add_argument(
        "--config",
        type=Path,
        default=WORKER / "wrangler.jsonc",
        help="wrangler's configuration, JSON with comments (default: the gateway's)",
    )
    parser.add_argument(
        "--var", action="append", default=[], metavar="NAME=VALUE", help="over the file's vars"
    )


def main(args: argparse.Namespace) -> int:
    """`build.py deploy`."""
    folder, config = stage(args.host, args.config, args.var, at_start=args.boot == "start")
    wrangler(folder, go=False)
    for line in listing(folder):
        say(f"  {line}")
    if "assets" in config:
        say(f"  and as static assets ({config['assets']['directory']}):")
        for line in listing(STAGE / "assets"):
            say(f"  {line}")
    if args.go:
        wrangler(folder, go=True)
    else:
        say(f"  dry run of {config['name']}: nothing went up; --go deploys it")
    return 0


def stage(
    host: str, path: Path, given: list[str], *, at_start: bool = False
) -> tuple[Path, dict[str, Any]]:
    """Check the settings, build what goes up and put wrangler.json beside it.

    Args:
        host: "native" or "standalone".
        path: Wrangler's configuration.
        given: NAME=VALUE, over its `vars`.
        at_start: See `standalone.ensure`.

    Raises:
        BuildError: A setting cannot work, or the application cannot be built.
    """
    path = path.resolve()
    config = deploy_settings.read_config(path)
    entry = path.parent / config["main"]
    if not entry.is_file():
        raise BuildError(f'"main" of {path.name}: there is no {entry.name} in {entry.parent}')
    values = deploy_settings.variables(config, given)
    own = standalone.beside(entry)
    gateway = any(name.startswith(f"{GATEWAY}/") for name in own)
    site = path.parent / config["assets"]["directory"] if "assets" in config else None
    has_site = site is not None and site.is_dir()
    deploy_settings.check(values, gateway=gateway, has_assets=has_site)
    config.setdefault("name", entry.stem)
    packages = [folder for folder in [path.parent / "python_modules"] if folder.is_dir()]
    folder = STAGE / host
    if host == "standalone":
        standalone.ensure(entry, packages, folder, at_start=at_start)
        config |= _standalone_config(config)
    else:
        _stage_native(own, packages, folder)
        config["main"] = entry.name
    if site is not None:
        _stage_assets(site, gateway)
        config["assets"] |= {"directory": "../assets"}
    text = json.dumps(config | {"vars": values, "send_metrics": False}, indent=1)
    (folder / "wrangler.json").write_text(text + "\n", encoding="utf-8")
    return folder, config


def _standalone_config(config: dict[str, Any]) -> dict[str, Any]:
    flags = [name for name in config.get("compatibility_flags", []) if not _is_python(name)]
    return {
        "main": "main.mjs",
        "no_bundle": True,
        "compatibility_flags": flags,
        "rules": [
            {"type": "CompiledWasm", "globs": ["**/*.wasm"], "fallthrough": False},
            {"type": "Data", "globs": ["**/*.zip"], "fallthrough": False},
        ],
    }


def _is_python(flag: str) -> bool:
    return "python" in flag


def _stage_native(own: dict[str, bytes], packages: list[Path], folder: Path) -> None:
    """The entry file and its modules, and under python_modules the SDK, edgetrace, packages."""
    shutil.rmtree(folder, ignore_errors=True)
    modules = folder / "python_modules"
    modules.mkdir(parents=True)
    with zipfile.ZipFile(standalone.sdk_wheel()) as archive:
        archive.extractall(modules)
    for package in packages:
        shutil.copytree(package, modules, dirs_exist_ok=True)
    if not (modules / PACKAGE.name).exists():
        for name, data in standalone.agent().items():
            _put(modules / name, data)
    for name, data in own.items():
        _put(folder / name, data)


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _stage_assets(site: Path, gateway: bool) -> None:
    """The site's own files, if any, and for the gateway dist/ as /edgetrace/."""
    assets = STAGE / "assets"
    shutil.rmtree(assets, ignore_errors=True)
    assets.mkdir(parents=True)
    if site.is_dir():
        shutil.copytree(site, assets, dirs_exist_ok=True)
    if gateway:
        bundle.ensure()
        shutil.copytree(
            DIST, assets / "edgetrace", dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.gz")
        )


def listing(folder: Path) -> list[str]:
    """What goes up, a line per file, the sum last."""
    lines, total = [], 0
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.name in NOT_UPLOADED or ".wrangler" in path.parts:
            continue
        size, packed = path.stat().st_size, gzip_size(path.read_bytes())
        total += packed
        lines.append(f"{path.relative_to(folder).as_posix():52} {size:11,} B {packed:10,} B gzip")
    return [*lines, f"{'together':52} {'':13} {total:10,} B gzip"]


def wrangler(folder: Path, go: bool) -> None:
    """Run `wrangler deploy` on a staged folder, dry unless ``go``.

    Raises:
        BuildError: It failed; for want of network or of a login in one line.
    """
    program = [VENV_BIN / "node", WORKER / "node_modules" / "wrangler" / "bin" / "wrangler.js"]
    command: list[object] = [*program, "deploy", "--config", folder / "wrangler.json"]
    environ = tool_environ() | QUIET | {"WRANGLER_LOG_PATH": str(STAGE / "logs")}
    out = STAGE / "out"
    shutil.rmtree(out, ignore_errors=True)
    try:
        if not go:
            with step("wrangler deploy --dry-run"):
                command += ["--dry-run", "--outdir", out]
                run(command, what="wrangler deploy --dry-run", cwd=folder, environ=environ)
            return
        # First quietly, for who is not logged in gets one line instead of a page.
        said = run(
            [*program, "whoami"], what="wrangler whoami", cwd=folder, environ=environ, timeout_s=60
        )
    except BuildError as exc:
        raise _told(str(exc)) or exc from exc
    if NOT_LOGGED_IN.search(said):
        raise BuildError(LOGIN)
    code = call(command, cwd=folder, environ=environ)
    if code:
        raise BuildError(f"wrangler deploy: exit code {code}, see above", exit_code=code)


LOGIN: Final = (
    "not logged in to Cloudflare. Remedy: set CLOUDFLARE_API_TOKEN, or run: "
    "npx wrangler login (in worker/)"
)


def _told(said: str) -> BuildError | None:
    """What a known failure is in one line."""
    if NO_NETWORK.search(said) or "fetch failed" in said:
        return BuildError("no network: Cloudflare's API cannot be reached; nothing went up")
    return BuildError(LOGIN) if NOT_LOGGED_IN.search(said) else None
