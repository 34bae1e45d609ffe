"""Fetch, cut and record the browser files that stand in powertill/web/static/vendor (needs Node and npm).

Run `python -m powertill.tools.vendor` after raising a version below or when a page needs a Tabler class that was cut;
commit what changed. Packages come through the ordinary `npm pack`, so no address stands here.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

PACKAGES = {
    "tabler": "@tabler/core@1.6.1",
    "icons": "@tabler/icons@3.51.0",
    "uplot": "uplot@1.6.32",
    "htmx": "htmx.org@2.0.11",
}
PURGE = "purgecss@8.0.0"
ICONS = (
    "activity adjustments alert-triangle arrow-left arrows-sort bell bolt building calendar cash check chevron-down "
    "chevron-left chevron-right chevron-up circle-check circle-dashed circle-x clock coin copy credit-card door "
    "download edit external-link eye file-text filter gauge help history home info-circle keyboard language "
    "list-check lock login logout mail menu-2 message moon notes phone plug plus power printer qrcode receipt "
    "refresh search send settings shield sitemap sun trash upload user users wallet wifi-off x "
)
# What pages to come may use: whole families, so that a page builder seldom has to run this tool.
FAMILIES = (
    "align alert avatar badge border breadcrumb btn card col container d datagrid divide dropdown empty flex form "
    "fs fw g gap h hr icon input is invalid justify kbd lead list m mb me ms mt mx my nav offcanvas opacity order "
    "overflow p page pagination pb pe position progress ps pt px py rounded row segmented spinner status step steps "
    "sticky table tab text timeline toast user valid vertical visually w modal "
)
# The families would otherwise bring back colours that fail contrast and looks that no page of ours has.
UNWANTED_START = (
    "btn-(ghost|action|animate|floating|tabs|actions|loading|x)|list-group-(horizontal|item-)|offcanvas-|divide-|text-bg|"
    "form-(imagecheck|colorinput|floating|file)|card-(gradient|stamp|sponsor|rotate|pattern|borderless|active|img|cover)|"
    "avatar-(upload|list|cover|brand)|modal-(blur|full|fullscreen|xl)|step-|steps-(color|vertical|counter)|page-center|"
    "opacity-|border-opacity|dropdown-menu-|dropend|dropstart|dropup|row-cols|nav-(segmented|bordered)|hr-text|"
    "status-(indicator|dot)|placeholder|input-icon-|progress-(separated|steps|indeterminate)|alert-(minor|avatar)|"
    "rounded-(start|end|top|bottom|[0-9])|border-(start|end|top|bottom)-|position-|(w|h|mw|mh|vw|vh)-[0-9]*(px|rem)"
)
UNWANTED_PART = (
    "-(blue|azure|indigo|purple|pink|red|orange|yellow|lime|green|teal|cyan|gray|dark|light|white|black|info|success|"
    "warning|secondary|tertiary|muted|fg|x|facebook|twitter|linkedin|google|youtube|vimeo|dribbble|github|instagram|"
    "pinterest|vk|rss|flickr|bitbucket|tabler|apple|gitlab|reddit|whatsapp|discord|tiktok)(-|$)|"
    "-(xs|sm|xl|xxl)-|^(m|p|g|gap|order|offset|align|justify|float|object|overflow)[a-z]*-(md|lg)-|-subtle|-emphasis"
)
STATIC = Path(__file__).resolve().parents[1] / "web" / "static" / "vendor"
TEMPLATES = Path(__file__).resolve().parents[1] / "web" / "templates"


def pack(spec: str, workshop: Path) -> Path:
    """Unpack one npm package and return its folder."""
    done = subprocess.run(["npm", "pack", "--json", spec], cwd=workshop, check=True, capture_output=True, text=True)
    listing = json.loads(done.stdout)
    entry: dict[str, str] = listing[0] if isinstance(listing, list) else next(iter(listing.values()))
    folder = workshop / entry["filename"].removesuffix(".tgz")
    with tarfile.open(workshop / entry["filename"]) as archive:
        archive.extractall(folder, filter="data")
    return folder / "package"


def purge(css: Path, workshop: Path) -> str:
    """Return the style sheet without the classes that neither our templates nor the families above use."""
    subprocess.run(
        ["npm", "install", "--no-save", "--no-package-lock", PURGE], cwd=workshop, check=True, capture_output=True
    )
    script = workshop / "purge.cjs"
    kept = f"^(?!{UNWANTED_START})(?!.*(?:{UNWANTED_PART}))({'|'.join(FAMILIES.split())})(-|$)"
    script.write_text(
        'const {PurgeCSS} = require("purgecss");\n'
        f"const families = new RegExp({json.dumps(kept)});\n"
        f"new PurgeCSS().purge({{content: {json.dumps([f'{TEMPLATES}/**/*.html'])}, css: [{json.dumps(str(css))}],\n"
        "  safelist: {standard: [families, /^(show|active|collapsed|collapsing|fade|data-bs-theme)$/]},\n"
        "  keyframes: true, fontFace: true}).then((out) => process.stdout.write(out[0].css));\n"
    )
    return subprocess.run(["node", str(script)], cwd=workshop, check=True, capture_output=True, text=True).stdout


def write_sums() -> None:
    """Record the SHA-256 of every vendored file; tests/web/test_shell_vendor.py compares."""
    files = sorted(p for p in STATIC.rglob("*") if p.is_file() and p.name != "SHA256SUMS")
    lines = [f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.relative_to(STATIC).as_posix()}" for p in files]
    (STATIC / "SHA256SUMS").write_text("\n".join(lines) + "\n")


def place(source: Path, target: str) -> None:
    """Copy one file to its place under static/vendor."""
    (STATIC / target).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, STATIC / target)


def strip_map(text: str) -> str:
    """Drop the source map line: the map is not shipped, and a browser would ask for it."""
    return "\n".join(line for line in text.splitlines() if "sourceMappingURL" not in line) + "\n"


def main() -> None:
    """Rebuild static/vendor from the packages named above."""
    with tempfile.TemporaryDirectory() as name:
        workshop = Path(name)
        folders = {key: pack(spec, workshop) for key, spec in PACKAGES.items()}
        shutil.rmtree(STATIC, ignore_errors=True)
        # The core package carries its licence only as the head of its style sheet; the text is the one of its icons.
        place(folders["icons"] / "LICENSE", "tabler/LICENSE")
        (STATIC / "tabler/tabler.css").write_text(
            strip_map(purge(folders["tabler"] / "dist/css/tabler.min.css", workshop))
        )
        place(folders["icons"] / "LICENSE", "icons/LICENSE")
        for icon in ICONS.split():
            place(folders["icons"] / f"icons/outline/{icon}.svg", f"icons/{icon}.svg")
        place(folders["uplot"] / "LICENSE", "uplot/LICENSE")
        place(folders["uplot"] / "dist/uPlot.iife.min.js", "uplot/uplot.js")
        place(folders["uplot"] / "dist/uPlot.min.css", "uplot/uplot.css")
        place(folders["htmx"] / "LICENSE", "htmx/LICENSE")
        place(folders["htmx"] / "dist/htmx.min.js", "htmx/htmx.js")
    (STATIC / "VERSIONS").write_text("".join(f"{spec}\n" for spec in PACKAGES.values()))
    write_sums()


if __name__ == "__main__":
    main()
