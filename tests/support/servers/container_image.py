"""Build the image and run it as a container engine would, with Debian's tools alone.

`debootstrap` makes the Debian root that stands in for the base image, `buildah` builds
the Dockerfile on it in a chroot, and `unshare` runs the result in namespaces of its own
(mounts, processes), so that nothing outlives a test. The network is the machine's.
"""

import json
import os
import shutil
import subprocess
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

REPOSITORY = Path(__file__).parents[3]
ENTER = Path(__file__).with_name("enter_container.sh")
TOOLS = ["buildah", "debootstrap", "unshare", "chroot", "mount"]
RELEASE = "bookworm"
PACKAGES = "ca-certificates,python3,python3-pip"
CERTIFICATES = "/etc/ssl/certs"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
IMAGE = "blotter-test"
# Of the Dockerfile, that which holds no file of the project but its lock of packages.
KEPT_STAGE = "dependencies"
# Of what lies about in a checkout, what is big: the decoys stand for it.
NEVER_COPIED = shutil.ignore_patterns(
    *(".git", ".venv", ".emulator", ".*_cache", ".hypothesis", "__pycache__"),
    "blotter_home*",
)


def missing_tools() -> list[str]:
    """What this machine lacks to build and run the image."""
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    return missing + ([] if os.geteuid() == 0 else ["root"])


def cache() -> Path:
    """$BLOTTER_TEST_CACHE or ~/.cache/blotter-test."""
    folder = os.environ.get("BLOTTER_TEST_CACHE") or "~/.cache/blotter-test"
    return Path(folder).expanduser()


def base_root() -> Path:
    """A tar file of a Debian root with Python and pip; made once, then kept.

    It can be deleted.
    """
    folder = cache()
    kept = folder / f"{RELEASE}-{PACKAGES}.tar"
    if not kept.exists():
        folder.mkdir(parents=True, exist_ok=True)
        root, fresh = folder / f"root-{os.getpid()}", folder / f"tar-{os.getpid()}"
        try:
            options = ["--variant=minbase", f"--include={PACKAGES}"]
            call("debootstrap", *options, RELEASE, root)
            with tarfile.open(fresh, "w") as tar:
                tar.add(root, ".")
            fresh.rename(kept)
        finally:
            shutil.rmtree(root, ignore_errors=True)
            fresh.unlink(missing_ok=True)
    return kept


def call(*command: object, **options: object) -> str:
    """What a command prints; an error with all that it said if it fails."""
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True, **options)
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@dataclass(frozen=True)
class Image:
    """A built image, laid out in a folder, and its configuration as Docker names it."""

    root: Path
    config: dict

    @property
    def environment(self) -> dict[str, str]:
        return dict(setting.split("=", 1) for setting in self.config["Env"])

    @contextmanager
    def start(self, home: Path, *command: str, cronfile: Path | None = None, **env):
        """A container of this image, with a home as its volume; killed at the end.

        Without a command it runs the image's own; the output is in `output`.
        """
        user = self.config["User"].partition(":")[0]
        settings = self.environment | env
        argv = [
            *("unshare", "--mount", "--pid", "--ipc", "--uts"),
            *("--fork", "--kill-child", "sh", str(ENTER), str(self.root), str(home)),
            *(str(cronfile or self.root / "app/cronfile"), user),
            self.config["WorkingDir"],
            *(f"{name}={value}" for name, value in settings.items()),
            *self.config["Entrypoint"],
            *(command or self.config["Cmd"]),
        ]
        log = home.with_suffix(".log")
        with log.open("ab") as file:
            begin = file.tell()
            process = subprocess.Popen(
                argv, stdout=file, stderr=file, env={"PATH": PATH}
            )
        container = Container(process, log, begin)
        try:
            yield container
        finally:
            process.kill()
            process.wait()

    def run(self, home: Path, *command: str, **env: str) -> tuple[int, str]:
        """Exit code and output of a container that ends by itself."""
        with self.start(home, *command, **env) as container:
            return container.process.wait(timeout=300), container.output


@dataclass(frozen=True)
class Container:
    """A running container: the `unshare` that holds it, and where its output goes."""

    process: subprocess.Popen
    log: Path
    begin: int

    @property
    def output(self) -> str:
        return self.log.read_bytes()[self.begin :].decode()

    def wait_for(self, text: str, seconds: float) -> None:
        """Wait until the container has printed a text."""
        end = time.monotonic() + seconds
        while text not in self.output:
            assert time.monotonic() < end, f"no {text!r} in:\n{self.output}"
            assert self.process.poll() is None, (
                f"ended without {text!r}:\n{self.output}"
            )
            time.sleep(0.1)

    def stop(self, seconds: float) -> int:
        """Stop it as `docker stop` does, by SIGTERM to process 1; its exit code."""
        (first,) = psutil.Process(self.process.pid).children()
        first.terminate()
        return self.process.wait(timeout=seconds)


@contextmanager
def built_image(context: Path) -> Iterator[Image]:
    """Build a context's Dockerfile on the Debian root.

    The base and the stage below the project's own files are kept, by what they are
    made of, in the test cache; what is of this context is gone at the end.
    """
    if not kept_image("base"):
        base = buildah("from", "scratch")
        buildah("add", "--quiet", base, base_root(), "/")
        buildah("commit", "--quiet", "--rm", base, f"{IMAGE}-base")
    keep(context, KEPT_STAGE)
    project, name = f"{IMAGE}-project-{os.getpid()}", f"{IMAGE}-{os.getpid()}"
    build(context, project, "--target", "project")
    build(context, name)
    container = buildah("from", "--pull-never", f"localhost/{name}")
    try:
        config = json.loads(buildah("inspect", "--type", "image", f"localhost/{name}"))
        yield Image(Path(buildah("mount", container)), config["Docker"]["config"])
    finally:
        buildah("umount", container)
        buildah("rm", container)
        buildah("rmi", f"localhost/{name}", f"localhost/{project}")


def keep(context: Path, stage: str) -> None:
    """Build a stage, or find it built; an image that it replaces goes."""
    before = kept_image(stage)
    build(context, f"{IMAGE}-{stage}", "--target", stage)
    if before and before != kept_image(stage):
        with suppress(AssertionError):  # while another run has it
            buildah("rmi", before)


def kept_image(stage: str) -> str | None:
    """The id of a stage's image."""
    images = json.loads(buildah("images", "--json"))
    found = {name: image["id"] for image in images for name in image.get("names") or []}
    return found.get(f"localhost/{IMAGE}-{stage}:latest")


def build(context: Path, name: str, *options: str) -> None:
    # It downloads with the machine's certificates; a mount leaves nothing.
    certificates = f"{CERTIFICATES}:{CERTIFICATES}:ro"
    buildah(
        *("build", "--layers", "--format", "docker", "--pull-never", "--tag", name),
        *("--build-arg", f"BASE_IMAGE=localhost/{IMAGE}-base", *options),
        *("--volume", certificates, context),
    )


def buildah(*arguments: object) -> str:
    """What buildah says, of images in the test cache."""
    driver = os.environ.get("STORAGE_DRIVER", "overlay")  # vfs: slow, anywhere
    store = ("--root", cache() / "images", "--runroot", cache() / "images.run")
    command = ("buildah", *store, "--storage-driver", driver, *arguments)
    return call(*command, env={**os.environ, "BUILDAH_ISOLATION": "chroot"}).strip()


def copy_with_decoys(target: Path, secret: str) -> Path:
    """Copy the repository, with what must not get into an image lying about in it."""
    shutil.copytree(REPOSITORY, target, ignore=NEVER_COPIED)
    for name in [
        ".env",
        ".git/config",
        ".venv/pyvenv.cfg",
        "blotter_home/blotter.duckdb",
        "pipelines/.env",
        "tests/test_decoy.py",
        "tests/fixtures/decoy.json",
        ".dlt/secrets.toml",
    ]:
        decoy = target / name
        decoy.parent.mkdir(parents=True, exist_ok=True)
        decoy.write_text(secret)
    return target
