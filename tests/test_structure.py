"""The rooms, and which way imports point: CONTRIBUTING.md, held."""

import ast
import re
import subprocess
import sys
from pathlib import Path

from common import records

ROOT = Path(__file__).resolve().parent.parent

# Downwards only: a module may import those of the lines before its own.
ORDER = [
    ["errors", "terminal"],
    ["chance", "cores", "files", "hints", "places", "schedules", "shapes", "signals"],
    ["data"],
    ["options"],
    ["consistency"],
    ["records"],
    ["augment", "cli", "evaluation", "metrics", "mixup", "processes", "progress"],
    ["measurement", "models", "plan", "toys"],
    ["attacks", "checkpoints", "training"],
    ["gan"],
    ["costs", "matrix", "probes", "runs", "trained"],
    ["beforehand"],
]
NEVER = {"models": {"mixup"}, "records": {"models", "data"}, "data": {"models", "records"}}


def imports(file):
    """The modules of this project that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(file.read_text())):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] in ("common", "scripts", "analysis"):
                yield (parts[0], parts[1] if len(parts) > 1 else "")


def test_imports_in_common_point_downwards():
    level = {name: number for number, names in enumerate(ORDER) for name in names}
    modules = {
        path.stem for path in (ROOT / "common").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert set(level) == modules - {"__init__", "__pycache__"}
    for file in (ROOT / "common").rglob("*.py"):
        own = file.relative_to(ROOT / "common").parts[0].removesuffix(".py")
        for room, name in imports(file):
            assert room == "common", f"{file} imports {room}"
            if own != "__init__" and name != own:
                assert level[name] < level[own], f"{own} imports {name}"
                assert name not in NEVER.get(own, ())


# What of common the analysis may import: nothing that needs torch.
FOR_ANALYSIS = {("common", name) for name in ("records", "errors", "cli", "options", "terminal")}


def test_scripts_import_common_alone_and_the_analysis_what_needs_no_torch():
    scripts = list((ROOT / "scripts").rglob("*.py"))
    assert ROOT / "scripts" / "study.py" in scripts
    for file in scripts:
        assert {room for room, _ in imports(file)} <= {"common"}, file
    for file in (ROOT / "analysis").rglob("*.py"):
        assert {pair for pair in imports(file) if pair[0] == "common"} <= FOR_ANALYSIS, file
        assert "scripts" not in {room for room, _ in imports(file)}


def test_what_belongs_to_a_script_is_imported_by_it_alone():
    """A folder ``scripts/_NAME/`` holds what ``scripts/NAME.py`` consists of."""
    of_scripts = [path for path in (ROOT / "scripts").iterdir() if path.name.startswith("_") and path.is_dir()]
    folders = [path.name for path in of_scripts if path.name != "__pycache__"]
    assert sorted(folders) == ["_benchmark", "_study", "_train"]
    for room in ("scripts", "common", "analysis"):
        for file in (ROOT / room).rglob("*.py"):
            text = file.read_text()
            for name in folders:
                if re.search(rf"^\s*(?:from|import) {name}\b", text, re.M):
                    assert file == ROOT / "scripts" / f"{name[1:]}.py" or file.parent.name == name, file


# What is imported where it is used, and not at the top. Any other import within a function is a mistake.
WITHIN_FUNCTIONS = {
    # A kind of data brings its own libraries (pandas, scikit-learn, torchvision, `datasets`), a second each.
    "common/data/load.py": {"common.data.archive", "common.data.embedded", "common.data.hub", "common.data.tables"},
    "common/data/selection.py": {"common.data.features"},  # scikit-learn, too
    "common/mixup/neighbours.py": {"sklearn.neighbors"},  # so does this way of mixing
    # What --help and a mistyped option are answered by, before anything heavy is there.
    "common/data/layouts.py": {"pyarrow", "pyarrow.parquet", "common.data.columns"},
    # A study has no need of torch, but for sets of the user's own.
    "scripts/_study/members.py": {"common.data.load", "common.gan.targets"},
    "scripts/_study/standing.py": {"common.data.dataset", "common.toys"},
    # Asked for where something was left alone.
    "common/files.py": {"psutil"},
    # Whoever has no such network needs neither.
    "common/models/others.py": {"torchvision", "timm"},
    # What is not there everywhere: of Unix alone; of those who develop; of notebooks.
    "common/processes.py": {"resource", "timm.layers"},
    "scripts/_benchmark/attacking.py": {"torchattack"},
    "analysis/figure.py": {"IPython.display"},
}


def within_functions(file):
    """The modules that a file imports within its functions."""
    functions = [
        node
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    found = set()
    for node in (inner for function in functions for inner in ast.walk(function)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            whole = (ROOT / f"{(node.module or '').replace('.', '/')}").is_dir()  # a package: what is taken is a module
            found |= {f"{node.module}.{alias.name}" for alias in node.names} if whole else {node.module}
    return found


def test_imports_stand_at_the_top():
    files = [file for room in ("common", "scripts", "analysis") for file in (ROOT / room).rglob("*.py")]
    found = {file.relative_to(ROOT).as_posix(): within_functions(file) for file in files}
    assert {name: modules for name, modules in found.items() if modules} == WITHIN_FUNCTIONS


def test_in_tests_only_what_others_wrote_is_imported_where_it_is_used():
    """An oracle stands beside what is compared with it, and is loaded when that test runs."""
    files = [file for file in (ROOT / "tests").rglob("*.py") if file.stem not in ("conftest", "start")]
    assert len(files) > 50
    for file in files:
        roots = {name.partition(".")[0] for name in within_functions(file)}
        assert not roots & {
            *sys.stdlib_module_names,
            "common",
            "scripts",
            "analysis",
            "tests",
            "_study",
            "_train",
            "_benchmark",
        }, file


def test_every_module_has_a_test_file_or_is_tested_by_its_script():
    for file in [
        *ROOT.glob("scripts/*.py"),
        ROOT / "common/plan.py",
        ROOT / "common/mixup",
        ROOT / "common/training.py",
    ]:
        assert list((ROOT / "tests").rglob(f"test_{file.stem}*.py")), file


def test_readme_lines_exist():
    """Files, make targets and options that README names are there."""
    readme = "".join((ROOT / folder / "README.md").read_text() for folder in ("", "scripts", "results"))
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.M))
    named = {name for pair in re.findall(r"^make (\w+)|`make (\w+)`", readme, re.M) for name in pair if name}
    assert named
    assert named <= targets
    for file in re.findall(r"(?:scripts|tests|common|analysis)/[\w/]+\.(?:py|ipynb)", readme):
        assert (ROOT / file).exists() or file == "scripts/NAME.py", file


def test_readmes_speeds_are_those_of_the_records():
    readme = (ROOT / "scripts" / "README.md").read_text()
    rows = re.findall(r"^\| width \d+ \| (.*) \| \[record\]\(\.\./(\S+)\) \|$", readme, re.M)
    assert len(rows) == 2
    for cells, path in rows:
        final = records.read(ROOT / path)["final"]
        expected = [
            f"{final['ours_images_per_second']:.0f}",
            f"{final['ratio_plain']:.2f}",
            f"{final['ratio_matmul']:.2f}",
        ]
        assert cells.split(" | ") == expected


def test_readmes_ratios_are_those_of_the_records():
    readme = (ROOT / "scripts" / "README.md").read_text()
    rows = re.findall(r"^\| (FGSM|PGD|misses).* \| ([\d.]+) \| \[record\]\(\.\./(\S+)\) \|$", readme, re.M)
    assert len(rows) == 3
    for what, cell, path in rows:
        assert cell == f"{records.read(ROOT / path)['final'][f'ratio_{what.lower()}']:.1f}"


def test_no_generated_clutter_is_tracked():
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout.split()
    if tracked:  # an exported tree has no git
        clutter = re.compile(r"__pycache__|\.egg-info|^checkpoints/|^runs/|^demo/|\.safetensors$|\.state$")
        assert not [name for name in tracked if clutter.search(name)]
