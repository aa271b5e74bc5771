"""Work units as files: NAME.json (the work unit), NAME.job (arguments of create_work, and what the work needs), NAME.issued
(create_work has taken it)."""

import contextlib
import fcntl
import hashlib
import json
import math
import os
import pathlib
import re
import shlex
import subprocess
import xml.etree.ElementTree as xml

from work_plan import WorkError, parse_object, read_bytes

LEAST_DELAY = 3600  # seconds, as --delay-hours takes


def family(plan):
    """What all work units of the same experiment and parameters are called; the seed follows."""
    work = {key: plan[key] for key in ("experiment", "experiment_version", "preset", "parameters")}
    digest = hashlib.sha256(json.dumps(work, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
    return f"{plan['experiment']}_{plan['preset']}_{digest[:8]}"


def made_seeds(folder, name):
    """Seeds of the work units of a family that are there."""
    pattern = re.compile(re.escape(name) + r"_([0-9]+)\.job")
    found = (pattern.fullmatch(path.name) for path in pathlib.Path(folder).iterdir())
    return {int(match.group(1)) for match in found if match}


@contextlib.contextmanager
def locked(folder, create):
    """Only one make-work at a time in a folder."""
    if folder.exists() and not folder.is_dir():
        raise WorkError(f"{folder}: not a folder")
    if create:
        folder.mkdir(parents=True, exist_ok=True)
    if not folder.is_dir():
        raise WorkError(f"{folder}: no such folder")
    # For reading, too: a pipe of that name is not waited for then.
    with os.fdopen(os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o666), "rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise WorkError(f"{folder}: another make-work is at work there") from None
        yield


def write_durably(path, text, mode=None):
    """`mode`: whatever the umask says, and from the first moment."""
    draft = path.with_name(f".{path.name}.tmp")
    try:
        with open(draft, "w") as file:
            if mode is not None:
                os.fchmod(file.fileno(), mode)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        error.filename = error.filename or path  # a write that fails does not say of which file
        raise
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Templates:
    """BOINC's two templates of an application, read for what they decide: an option of create_work does not change it."""

    def __init__(self, folder, app):
        self.input_name, self.output_name = f"{app}_in", f"{app}_out"
        self.input = folder / self.input_name
        self.output = folder / self.output_name
        self.root = self._parse(self.input)
        output = self._element(self._parse(self.output), "max_nbytes", self.output)
        if self.root.find("workunit") is None:
            raise WorkError(f"{self.input}: no <workunit>")
        if output is None:
            raise WorkError(f"{self.output}: no <max_nbytes>")
        self.most_result_bytes = int(self._number(output, self.output))

    @staticmethod
    def _parse(path):
        try:
            return xml.fromstring(read_bytes(path))
        except OSError as error:
            raise WorkError(f"{path}: {error.strerror} (--templates names the folder)") from None
        except (xml.ParseError, LookupError) as error:  # LookupError: an encoding that is unknown
            raise WorkError(f"{path}: not XML: {error}") from None

    @staticmethod
    def _element(root, key, path):
        found = list(root.iter(key))
        if len(found) > 1:
            raise WorkError(f"{path}: <{key}> is there {len(found)} times, and BOINC takes the last: leave one")
        return found[0] if found else None

    @staticmethod
    def _number(element, path):
        # As C reads it: float() would also take 4_000, of which BOINC reads 4.
        text = (element.text or "").strip()
        value = float(text) if re.fullmatch(r"[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?", text) else math.nan
        if not value < math.inf:
            raise WorkError(f"{path}: <{element.tag}> is no number from 0: {element.text!r}")
        return value

    def _says(self, key, value):
        """Whether the template has this bound. WorkError where it is less (memory, disk, operations) than `value`."""
        element = self._element(self.root, key, self.input)
        if element is None:
            return False
        said = self._number(element, self.input)
        # BOINC's own integer: it passes over 1e5 and 172800.0, and 48 hours become its week; a 0 in front is octal.
        if key == "delay_bound" and not re.fullmatch("0|[1-9][0-9]*", element.text.strip()):
            raise WorkError(f"{self.input}: <delay_bound> is no integer as BOINC reads it: {element.text!r}")
        if key == "delay_bound" and said < LEAST_DELAY:
            raise WorkError(f"{self.input}: <delay_bound> is {said:.0f} s, too few for any host: 172800 are 48 hours")
        if key == "delay_bound" and said > value:
            raise WorkError(f"{self.input}: <delay_bound> is {said:.0f} s, more than the {value} s of --delay-hours")
        if key != "delay_bound" and said < value:
            raise WorkError(f"{self.input}: <{key}> is {said:.0f}, the work needs {value}; create_work believes the template")
        return True

    def options(self, wanted):
        """Arguments for what the template leaves open."""
        return [word for key, value in wanted.items() if not self._says(key, value) for word in (f"--{key}", str(value))]

    def require(self, needs, options):
        """WorkError unless work that was made with other templates than these, perhaps, gets what it needs."""
        for key, value in needs.items():
            if key == "max_nbytes" and value > self.most_result_bytes:
                raise WorkError(f"{self.output}: <max_nbytes> is {self.most_result_bytes}, the result takes up to {value}")
            if key != "max_nbytes" and not self._says(key, value) and f"--{key}" not in options:
                raise WorkError(f"{self.input}: no <{key}>, which it had when the work was made: {value}")

    def in_effect(self, wanted):
        """What will hold: the template's word, else `wanted`."""
        elements = {key: self._element(self.root, key, self.input) for key in wanted}
        return {key: value if elements[key] is None else self._number(elements[key], self.input)
                for key, value in wanted.items()}


def job_text(name, app, templates, options, needs):
    """The arguments of create_work; what the work needs, whoever says it, options or templates."""
    arguments = shlex.join(["--appname", app, "--wu_name", name, "--wu_template", f"templates/{templates.input_name}",
                            "--result_template", f"templates/{templates.output_name}", *options, f"{name}.json"])
    return f"{arguments}\n# needs " + " ".join(f"{key}={value}" for key, value in needs.items()) + "\n"


def issue(folder, project, note):
    """Hands what was not yet issued to the project's create_work. Returns how many."""
    for tool in ("dir_hier_path", "create_work"):
        if not (project / "bin" / tool).is_file():
            raise WorkError(f"{project}/bin/{tool}: not there; --project names the project's directory")
    count = 0
    for job in sorted(folder.glob("*.job")):
        mark = job.with_suffix(".issued")
        if mark.exists():
            continue
        arguments, needs = _read_job(job)
        _require_templates(arguments, needs, project)
        _stage(job.with_suffix(".json"), project)
        code, said = _run(project, "create_work", arguments)
        if code != 0 and _is_duplicate(job.stem, said):
            # Ended between create_work and the mark.
            note(f"{job.stem}: the project has it already")
        elif code != 0:
            raise WorkError(f"{job.stem}: create_work failed (exit code {code}): {said}; what was issued before stays issued")
        write_durably(mark, "")
        count += 1
    return count


def _is_duplicate(name, said):
    """The database says in its own language that it has the name: "Duplicate entry 'NAME' for key 'name'"."""
    return re.search(rf"'{re.escape(name)}'[^'=]*'(workunit\.)?name'", said) is not None


def _read_job(job):
    """(arguments, needs). WorkError if they are not what job_text() gives: what is issued cannot be taken back."""
    try:
        line, _, rest = read_bytes(job).decode().partition("\n")
        words = shlex.split(line)
        needs = {key: int(value) for key, value in re.findall(r" (\w+)=([0-9]+)", rest)}
    except ValueError:  # not text, or a quotation without end
        words = []
    if words[-1:] != [f"{job.stem}.json"] or any("\0" in word for word in words) or not needs:
        raise WorkError(f"{job}: damaged, or of an older make-work; remove it, and make-work make writes it anew")
    return words, needs


def _require_templates(arguments, needs, project):
    """Without the result template create_work makes nothing, says so, and ends with exit code 0."""
    given = dict(zip(arguments, arguments[1:]))
    for option in ("--wu_template", "--result_template"):
        name = given.get(option, "")
        if not (project / name).is_file():
            raise WorkError(f"{project / name}: not there; the project needs the templates that the work was made with")
    Templates(project / "templates", given.get("--appname")).require(needs, given)


def _stage(unit, project):
    """Puts a work unit where the project's clients download it from."""
    try:
        text = read_bytes(unit).decode()
        named = parse_object(text, unit).get("name")
    except OSError as error:
        raise WorkError(f"{unit}: {error.strerror}; its work unit is not issued") from None
    except UnicodeDecodeError:
        named = None
    if named != unit.stem:
        raise WorkError(f"{unit}: damaged; remove its .job, and make-work make writes both anew")
    code, said = _run(project, "dir_hier_path", [unit.name])
    if code != 0 or not pathlib.Path(said).is_absolute():
        raise WorkError(f"{unit.name}: dir_hier_path failed (exit code {code}): {said}")
    target = pathlib.Path(said)
    if target.exists():
        if read_bytes(target) != text.encode():
            raise WorkError(f"{target}: there is another file of this name, and BOINC's files never change; if the project has "
                            f"this work unit already, in another size: touch {unit.with_suffix('.issued')}")
        return
    write_durably(target, text, mode=0o644)  # else clients would be refused it


def _run(project, tool, arguments):
    """Exit code, and what it said."""
    try:
        done = subprocess.run([f"bin/{tool}", *arguments], cwd=project, capture_output=True, text=True, errors="replace")
    except OSError as error:
        raise WorkError(f"{project}/bin/{tool}: cannot be run: {error.strerror}") from None
    said = done.stdout if done.returncode == 0 else (done.stderr.strip() or done.stdout)
    return done.returncode, said.strip().replace("\n", "; ")
