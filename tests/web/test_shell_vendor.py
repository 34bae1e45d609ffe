"""The browser files that others wrote are exactly the ones that were vetted, and each carries its licence."""

import hashlib
from pathlib import Path

import powertill.web

STATIC = Path(powertill.web.__file__).parent / "static"
VENDOR = STATIC / "vendor"


def test_every_vendored_file_is_the_one_that_was_recorded():
    recorded = dict(reversed(line.split("  ")) for line in (VENDOR / "SHA256SUMS").read_text().splitlines())
    found = {
        path.relative_to(VENDOR).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.rglob("*")
        if path.is_file() and path.name != "SHA256SUMS"
    }
    assert found == recorded


def test_every_vendored_package_carries_its_licence():
    folders = [folder for folder in VENDOR.iterdir() if folder.is_dir()]
    assert len(folders) == 4
    assert all((folder / "LICENSE").stat().st_size > 500 for folder in folders)


def test_no_asset_fetches_anything_from_elsewhere():
    for path in STATIC.rglob("*.css"):
        text = path.read_text("utf-8")
        assert "@import" not in text, path
        assert "url(http" not in text and "url(//" not in text, path
