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
    "support": {"tqdm"},
    "golden": {"support", "safetensors"},
    "hw": {"support", "amaranth", "golden.spec", "golden.model_file"},
    "train": {
        "support", "golden", "pictures", "torch", "tensorboard", "matplotlib", "safetensors",
        "PIL", "onnx",
    },
    "train.importing": {
        "support", "golden", "torch", "safetensors", "onnx", "train.importing", "train.networks",
    },
    "sim": {"support", "cocotb", "cocotb_tools", "find_libpython", "amaranth", "hw", "golden"},
    "sim.benches.tb_axi_uart_lite": {"cocotb", "cocotbext.axi", "hw", "sim.benches"},
    "sim.benches.tb_axi_top": {"cocotb", "cocotbext.axi", "hw", "sim.benches"},
    "boards": {"support", "amaranth", "amaranth_boards", "hw", "golden", "yowasp_runtime"},
    "boards.explore.spread": {"support", "joblib", "distributed"},
    "boards.explore.report": {"support", "boards.explore", "matplotlib"},
    "boards.host": {
        "support", "boards.host", "hw.uart.protocol", "hw.uart.facts",
        "hw.axi.registers", "golden.model_file", "golden.spec", "serial",
    },
    "boards.host.stream": {
        "support", "boards.host", "hw.uart.protocol", "golden.generator", "golden.spec",
    },
    "web": {"support", "golden", "boards.host", "aiohttp"},
    "hw.axi.registers": set(),
    "hw.uart.protocol": set(),
    "hw.uart.facts": {"hw.uart.protocol"},
    "pictures": {"support", "golden.spec", "PIL"},
}  # fmt: skip

# The rooms of each folder from the ground up: a room imports from those before it only. A module
# that stands in a folder itself, in no room, counts as a room of its own.
ROOMS = {
    "support": "failures files cache progress termination collector environment tools",
    "golden": (
        "spec arithmetic conv_transpose latents on_chip_latents model_file description full_range "
        "generator trace_files layer_sums shipped options interpolation inversion"
    ),
    "hw": (
        "rtlil array work cutting tiling weight_stream capacity program primitives memory engine "
        "display uart flash axi latents contents image top model build_plan"
    ),
    "train": "data networks importing run evaluate quantize loop options experiments __main__",
    "sim": (
        "streams verilog plain_paths runtime runner harness netlist ecp5 gowin twins chips benches "
        "generator board formal fuzz screen"
    ),
    "boards": "chips catalogue build explore host",
    "web": "build shelf makers desk upload session server",
}


def modules():
    paths = [ROOT / "pictures.py"]
    for folder in ROOMS:
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
                inner = (folder / f"{alias.name}.py").exists() or (folder / alias.name).is_dir()
                yield f"{node.module}.{alias.name}" if inner else node.module


def covered(name, allowed):
    return any(name == entry or name.startswith(f"{entry}.") for entry in allowed)


def dotted(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def allowed_to(module):
    """Return what the nearest entry of the table allows, its own folder where that is a package."""
    names = module.split(".")
    entries = [".".join(names[:n]) for n in range(len(names), 0, -1)]
    entry = next(each for each in entries if each in ALLOWED)
    return ALLOWED[entry] | {"numpy"} | ({entry} if entry in ROOMS else set())


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_follow_the_table(path):
    wrong = [
        name
        for name in imports(path)
        if name.split(".")[0] not in sys.stdlib_module_names
        and not covered(name, allowed_to(dotted(path)))
    ]
    assert not wrong, f"{dotted(path)} must not import {', '.join(wrong)}"


@pytest.mark.parametrize("folder", ROOMS)
def test_no_arrow_between_rooms_runs_up(folder):
    order = ROOMS[folder].split()
    paths = [path for path in (ROOT / folder).rglob("*.py") if path.name != "__init__.py"]
    assert {dotted(path).split(".")[1] for path in paths} == set(order)
    for path in paths:
        room = dotted(path).split(".")[1]
        others = {
            name.split(".")[1]
            for name in imports(path)
            if name.startswith(f"{folder}.") and name.split(".")[1] != room
        }
        up = [other for other in others if order.index(other) > order.index(room)]
        assert not up, f"{dotted(path)} imports from {folder}/{up[0]}, a room above its own"


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


def test_help_needs_no_numpy():
    assert "numpy" not in loaded_after("import cli")


def test_model_file_loads_no_arithmetic():
    """The virtual board and the host may import it."""
    ours = {name for name in loaded_after("import golden.model_file") if name.startswith("golden")}
    assert ours == {"golden", "golden.model_file", "golden.spec"}


def test_generate_leaves_torch_alone(tmp_path):
    model = ROOT / "tests" / "conformance" / "plain-8-8-8-w8.safetensors"
    arguments = ["generate", "--model", str(model), "--out", str(tmp_path / "a.png")]
    loaded = loaded_after(f"import cli; assert cli.main({arguments!r}) == 0")
    assert "golden.generator" in loaded
    assert not loaded & {"torch", "amaranth"}
