"""Generated pages are fresh, and what the pages name exists."""

import ast
import re
import sys
from pathlib import Path

import pytest
import yaml

from dynamical_bringup.docs import PAGES

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = sorted(path.parent for path in ROOT.glob("dynamical_*/package.xml"))


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_fresh(name):
    assert (ROOT / "docs" / name).read_text() == PAGES[name](), "run `make docs`"


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_every_package_has_what_a_colcon_package_has(package):
    for name in ("package.xml", "README.md"):
        assert (package / name).stat().st_size > 100, name
    assert (package / "setup.py").exists() or (package / "CMakeLists.txt").exists()


@pytest.mark.parametrize("page", sorted(ROOT.glob("**/*.md")), ids=str)
def test_relative_links_in_pages_lead_somewhere(page):
    if any(part in (".venv", "build", "install", "log", "out") for part in page.parts):
        return
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page}: {target}"


def test_every_node_of_the_description_has_an_executable():
    description = yaml.safe_load((ROOT / "dynamical_bringup/config/platform.yaml").read_text())
    for name, body in description["nodes"].items():
        setup = (ROOT / body["package"] / "setup.py").read_text()
        assert f'"{name} = ' in setup, name


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_pure_code_does_not_import_rclpy_and_siblings_do_not_import_each_other(package):
    own = package.name
    free = {"dynamical_bringup", "dynamical_interfaces"}
    for path in (package / own).glob("**/*.py"):
        inside = path.relative_to(package / own).parts[0]
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            for name in names:
                root = name.split(".")[0]
                if root == "rclpy" and own not in free:
                    assert inside == "nodes", path
                if root.startswith("dynamical_") and own != "dynamical_bringup":
                    assert root in (own, "dynamical_interfaces"), f"{path} imports {name}"


def test_there_is_one_version_for_all_packages():
    versions = {
        re.search(r"<version>(.*?)</version>", (package / "package.xml").read_text())[1]
        for package in PACKAGES
    }
    assert len(versions) == 1
    assert sys.version_info >= (3, 11)
