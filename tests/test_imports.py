# SPDX-License-Identifier: Apache-2.0
"""Who may import whom: the folders' contract, read from every module's imports."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# What each folder may import beside itself, NumPy and the standard library. A dotted name allows
# that module and what is in it, a plain one the whole package.
ALLOWED = {
    "golden": {"safetensors"},
    "hw": {"amaranth", "golden.spec", "golden.model_file"},
    "train": {
        "golden", "pictures", "torch", "tensorboard", "matplotlib", "safetensors", "tqdm", "PIL",
    },
    "sim": {"cocotb", "cocotb_tools", "find_libpython", "amaranth", "hw", "golden", "tqdm"},
    "boards": {"amaranth", "amaranth_boards", "hw", "golden", "serial", "tqdm", "yowasp_runtime"},
    "boards.spread": {"golden.spec", "joblib", "distributed", "tqdm"},
    "boards.explore_report": {"golden.atomic", "matplotlib"},
    "boards.host": {"hw.uart.protocol", "golden.model_file", "golden.spec", "serial", "tqdm"},
    "hw.uart.protocol": set(),
    "pictures": {"golden", "PIL"},
}  # fmt: skip


def modules():
    paths = [ROOT / "pictures.py"]
    for folder in ("golden", "hw", "train", "sim", "boards"):
        paths += sorted((ROOT / folder).rglob("*.py"))
    return paths


def imports(path):
    """Yield the dotted names that a module imports, at its top or inside a function."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            folder = ROOT / node.module.replace(".", "/")
            for alias in node.names:  # `from golden import model_file` imports a module
                inner = (folder / f"{alias.name}.py").exists()
                yield f"{node.module}.{alias.name}" if inner else node.module


def covered(name, allowed):
    return any(name == entry or name.startswith(f"{entry}.") for entry in allowed)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_follow_the_table(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    module, package = ".".join(parts), parts[0]
    own = {package} if module not in ("boards.host", "hw.uart.protocol") else set()
    allowed = ALLOWED.get(module, ALLOWED[package]) | own | {"numpy"}
    wrong = [
        name
        for name in imports(path)
        if name.split(".")[0] not in sys.stdlib_module_names and not covered(name, allowed)
    ]
    assert not wrong, f"{module} must not import {', '.join(wrong)}"


def test_package_heads_import_nothing():
    heads = [path for path in modules() if path.name == "__init__.py"]
    assert heads
    for path in heads:
        assert not list(imports(path)), path


def loaded_after(code):
    """Run `code` in a fresh interpreter and return the names in its sys.modules."""
    run = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return set(run.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("code", ["import golden", "import golden.generator", "import cli"])
def test_golden_and_the_command_line_start_light(code):
    assert not loaded_after(code) & {"torch", "amaranth", "cocotb", "PIL"}


def test_model_file_loads_no_arithmetic():
    """The virtual board and the host may import it."""
    ours = {name for name in loaded_after("import golden.model_file") if name.startswith("golden")}
    assert ours == {"golden", "golden.atomic", "golden.model_file", "golden.spec"}


def test_generate_leaves_torch_alone(tmp_path):
    model = ROOT / "tests" / "conformance" / "plain-8-8-8-w8.safetensors"
    arguments = ["generate", "--model", str(model), "--out", str(tmp_path / "a.png")]
    loaded = loaded_after(f"import cli; assert cli.main({arguments!r}) == 0")
    assert "golden.generator" in loaded
    assert not loaded & {"torch", "amaranth"}
