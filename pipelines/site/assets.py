"""What the pages load besides data: style, scripts, Vega and the compiled charts."""

import functools
import json
import shutil
from pathlib import Path

from pipelines.site.files import WriteFile

FOLDER = Path(__file__).parents[2] / "site"

# The script that puts into pages when portals were last read; it is written each time.
LAST_READ = "last_read.js"


def write_assets(write_file: WriteFile) -> None:
    """Write what is the same until the project changes."""
    scripts = sorted((FOLDER / "script").glob("*.js"))
    copied = [FOLDER / "style.css", *(p for p in scripts if p.name != LAST_READ)]
    for path in copied:
        to = str(path.relative_to(FOLDER))
        write_file(to, [], functools.partial(shutil.copyfile, path))
    write_file("script/vega.js", [], lambda path: path.write_text(vega_bundle()))
    write_file("script/specs.js", [], lambda path: path.write_text(chart_specs()))


def chart_specs() -> str:
    """The charts, compiled to Vega, as a script."""
    import vl_convert

    config = json.loads((FOLDER / "charts" / "config.json").read_text())
    specs = {
        path.stem: vl_convert.vegalite_to_vega(
            json.loads(path.read_text()) | {"config": config}
        )
        for path in sorted((FOLDER / "charts").glob("*.json"))
        if path.stem != "config"
    }
    text = json.dumps(specs, sort_keys=True, separators=(",", ":"))
    return f"window.chartSpecs = {text};\n"


@functools.cache
def vega_bundle() -> str:
    """Vega and its embedding, as one script."""
    import vl_convert

    # `vega` by itself is null in a bundle (vl-convert 1.9).
    return vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
