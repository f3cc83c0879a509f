"""Run the Dockerfile without a container engine, and the image's service as the image would.

`python3 deploy/rehearse.py`, as root on Linux. Each line of the Dockerfile is executed as it is:
a stage is an overlay above this machine's own files (with the running Python in /usr/local, where
the official images have theirs), COPY obeys .dockerignore. What comes of it runs as the image's
user, without capabilities and without a network, on a root that cannot be written, with one volume:
the demo first, then `run --sandbox` until its HEALTHCHECK passes and SIGTERM ends it. The last line
is one JSON object. What this cannot show: that the official base images lack nothing.
"""

import fnmatch
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
_STOPPED_WITHIN = 25.0
_HEALTHY_WITHIN = 60.0


def instructions(text: str) -> Iterator[tuple[str, str]]:
    """Yield each instruction of a Dockerfile: its name, and what it says, on one line."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        name, _, rest = line.partition(" ")
        yield name.upper(), " ".join(rest.split())


def ignored(name: str, patterns: Sequence[str]) -> bool:
    """Say whether .dockerignore keeps a file back: the last pattern that fits decides."""
    out = False
    for pattern in patterns:
        plain = pattern.removeprefix("!")
        tails = {plain.removeprefix("**/")} if plain.startswith("**/") else set()
        parts = name.split("/")
        above = {"/".join(parts[: at + 1]) for at in range(len(parts))}
        fits = any(fnmatch.fnmatchcase(each, plain) for each in above)
        fits = fits or any(fnmatch.fnmatchcase(part, tail) for part in parts for tail in tails)
        if fits:
            out = not pattern.startswith("!")
    return out


class Stage:
    """One stage: what is written lies in `folder/upper`, above this machine's own files."""

    def __init__(self, folder: Path) -> None:
        self.upper = folder / "upper"
        for name in ("upper", "work", "root"):
            (folder / name).mkdir(parents=True)
        self._folder = folder
        # The library path: this machine's Python may have been built for another place.
        self.environment: dict[str, str] = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "LD_LIBRARY_PATH": "/usr/local/lib",
        }
        self.place = "/"
        self.user = "0:0"
        self.labels: dict[str, str] = {}
        self.health: list[str] = []
        self.entry: list[str] = []
        self.words: list[str] = []

    def command(self, words: Sequence[str], *, volume: Path | None = None) -> list[str]:
        """Return what runs words in the stage; with a volume: as the finished image would."""
        root = self._folder / "root"
        layers = f"lowerdir=/,upperdir={self.upper},workdir={self._folder / 'work'}"
        script = [
            f"mount -t overlay -o {layers} overlay {root}",
            f"mount --bind {sys.base_prefix} {root}/usr/local",
            f"mount -t proc proc {root}/proc",
            f"mount --rbind /dev {root}/dev",
        ]
        enter = f"cd {root}{self.place} && exec chroot {root} "
        kept = "env -i " + " ".join(shlex.quote(f"{k}={v}") for k, v in self._given(volume))
        inside = f"cd {shlex.quote(self.place)} && exec " + shlex.join(words)
        space = [
            "unshare",
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            "--propagation",
            "private",
        ]
        rights = ""
        if volume is not None:
            space.append("--net")
            script += [
                "ip link set lo up",
                f"mount --bind {volume} {root}/data",
                f"mount -o remount,bind,ro {root}/usr/local",
                f"mount -o remount,ro {root}",
            ]
            uid, _, gid = self.user.partition(":")
            rights = f"setpriv --reuid {uid} --regid {gid} --clear-groups --no-new-privs"
            rights += " --bounding-set=-all --inh-caps=-all "
        run = f"{enter}{rights}{kept} sh -c {shlex.quote(inside)}"
        return [*space, "sh", "-euc", " && ".join([*script, run])]

    def _given(self, volume: Path | None) -> Iterator[tuple[str, str]]:
        given = {"HOME": "/root", **self.environment} if volume is None else self.environment
        yield from given.items()
        if volume is None:
            # How this machine reaches its package registry: an engine would be told likewise.
            yield from ((k, v) for k, v in os.environ.items() if k.startswith(("PIP_", "SSL_")))

    def run(self, words: Sequence[str]) -> None:
        """Run words while the stage is built; end with their output if they fail."""
        ran = subprocess.run(
            self.command(words),
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if ran.returncode != 0:
            raise SystemExit(f"it ended with {ran.returncode}:\n{ran.stdout}")


class Builder:
    """Executes a Dockerfile in a scratch folder; `image` is the last stage."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._stages: dict[str, Stage] = {}
        self._values: dict[str, str] = {}
        self._patterns = [
            line.strip()
            for line in (ROOT / ".dockerignore").read_text().splitlines()
            if line.strip() and not line.startswith("#")
        ]

    @property
    def image(self) -> Stage:
        """Return the last stage so far."""
        return list(self._stages.values())[-1]

    def build(self) -> Stage:
        """Execute all; return the last stage."""
        for name, rest in instructions((ROOT / "Dockerfile").read_text()):
            if name == "ARG":
                key, _, value = rest.partition("=")
                self._values[key] = value
            elif name == "FROM":
                self._begin(rest)
            else:
                getattr(self, f"_{name.lower()}")(self.image, rest)
        return self.image

    def _begin(self, rest: str) -> None:
        base, _, alias = rest.partition(" AS ")
        base = base.replace("${PYTHON}", self._values["PYTHON"])
        here = f"python:{sys.version_info.major}.{sys.version_info.minor}-"
        if not base.startswith(here):
            raise SystemExit(f"{base} cannot be played by this Python; start it with another")
        name = alias or str(len(self._stages))
        self._stages[name] = Stage(self._scratch / name)

    def _env(self, stage: Stage, rest: str) -> None:
        for word in shlex.split(rest):
            key, _, value = word.partition("=")
            stage.environment[key] = value.replace("$PATH", stage.environment["PATH"])

    def _workdir(self, stage: Stage, rest: str) -> None:
        stage.place = rest
        (stage.upper / rest.lstrip("/")).mkdir(parents=True, exist_ok=True)

    def _run(self, stage: Stage, rest: str) -> None:
        print(f"RUN {rest}", file=sys.stderr, flush=True)
        stage.run(["sh", "-c", rest])

    def _copy(self, stage: Stage, rest: str) -> None:
        words = shlex.split(rest)
        origin = next((w.partition("=")[2] for w in words if w.startswith("--from=")), None)
        *sources, target = [word for word in words if not word.startswith("--")]
        inside = Path(stage.place, target)
        where = stage.upper / str(inside).lstrip("/")
        for source in sources:
            if origin is not None:
                self._copy_tree(self._stages[origin].upper / source.lstrip("/"), where)
            else:
                self._copy_context(source, where, into=target.endswith("/"))

    def _copy_tree(self, source: Path, target: Path) -> None:
        shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)

    def _copy_context(self, source: str, target: Path, *, into: bool) -> None:
        file = ROOT / source
        found = [file] if file.is_file() else [each for each in file.rglob("*") if each.is_file()]
        sent = [f for f in found if not ignored(str(f.relative_to(ROOT)), self._patterns)]
        if not sent:
            raise SystemExit(f"COPY {source}: .dockerignore leaves nothing of it")
        for each in sent:
            inner = each.relative_to(file) if file.is_dir() else Path(each.name if into else "")
            (target / inner).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(each, target / inner)

    def _label(self, stage: Stage, rest: str) -> None:
        stage.labels.update(word.split("=", 1) for word in shlex.split(rest))

    def _user(self, stage: Stage, rest: str) -> None:
        stage.user = rest

    def _healthcheck(self, stage: Stage, rest: str) -> None:
        stage.health = json.loads(rest.partition("CMD ")[2])

    def _entrypoint(self, stage: Stage, rest: str) -> None:
        stage.entry = json.loads(rest)

    def _cmd(self, stage: Stage, rest: str) -> None:
        stage.words = json.loads(rest)

    def _volume(self, _: Stage, rest: str) -> None:
        if rest != "/data":
            raise SystemExit(f"VOLUME {rest}: /data is the one volume")

    def _expose(self, _: Stage, rest: str) -> None:
        if rest != "8080 8081":
            raise SystemExit(f"EXPOSE {rest}: webhooks are on 8080, probes on 8081")

    def _stopsignal(self, _: Stage, rest: str) -> None:
        if rest != "SIGTERM":
            raise SystemExit(f"STOPSIGNAL {rest}: the service stops on SIGTERM")


def demo(image: Stage, volume: Path) -> Mapping[str, Any]:
    """Run the demo in the image; return what it says."""
    words = image.command([*image.entry, "demo", "--json"], volume=volume)
    ran = subprocess.run(words, check=False, capture_output=True, text=True)
    if ran.returncode != 0:
        raise SystemExit(f"the demo ended with {ran.returncode}:\n{ran.stderr}")
    found: Mapping[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found


def serve(image: Stage, volume: Path) -> Mapping[str, float]:
    """Run the service in the image until it is healthy, stop it; return how long each took."""
    check = f"until {shlex.join(image.health)} 2>/dev/null; do sleep 0.2; done; echo healthy >&2"
    run = shlex.join([*image.entry, "run", "--sandbox", "--data", "/data"])
    # One process namespace for both: the check asks the service's own loopback.
    script = f"{run} & served=$!; ({check}); read -r _; kill -TERM $served; wait $served"
    words = image.command(["sh", "-c", script], volume=volume)
    began = time.monotonic()
    with tempfile.TemporaryFile("w+") as told:
        process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=told, text=True
        )
        try:
            while "healthy\n" not in _read(told):
                if process.poll() is not None or time.monotonic() - began > _HEALTHY_WITHIN:
                    raise SystemExit(f"it did not become healthy:\n{_read(told)}")
                time.sleep(0.1)
            healthy = time.monotonic()
            process.communicate("\n", timeout=_STOPPED_WITHIN)
        finally:
            process.kill()
            process.wait()
        if process.returncode != 0:
            raise SystemExit(f"it ended with {process.returncode}:\n{_read(told)}")
        stray = re.search(r"Traceback|Read-only file system|Permission denied", _read(told))
        if stray:
            raise SystemExit(f"it complained:\n{_read(told)}")
    return {"healthy_after": healthy - began, "stopped_within": time.monotonic() - healthy}


def _read(file: Any) -> str:
    file.seek(0)
    found: str = file.read()
    return found


def main() -> int:
    """Build, run, and print what came of it."""
    if os.geteuid() != 0:
        raise SystemExit("it takes root: mounts, and a user of the image's own")
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fluent-connect-image-") as folder:
        image = Builder(Path(folder)).build()
        volume = Path(folder, "volume")
        volume.mkdir(mode=0o700)
        uid, _, gid = image.user.partition(":")
        os.chown(volume, int(uid), int(gid))
        proof = demo(image, volume)
        served = serve(image, volume)
    figures = {name: round(value, 1) for name, value in served.items()}
    took = round(time.monotonic() - began, 1)
    print(json.dumps({"user": image.user, "demo": proof, **figures, "seconds": took}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
