"""The program of the child process that looks at one picture and makes its small ones.

It is started as a file in a bare interpreter, with limits on memory and time, and imports nothing of the product: what
a hostile picture may break is this process alone. It prints one JSON object:

    {"width", "height"}   the picture as it is to be looked at (turned as its camera says)
    {"error": code}       bomb, damaged, not_a_picture
"""

from __future__ import annotations

import json
import os
import resource
import sys
import warnings
from typing import Any

#: What a browser shows everywhere.
FORMATS = ("JPEG", "PNG", "GIF", "WEBP")
_QUALITY = 78


def look(path: str, most_pixels: int, sizes: dict[str, int], into: str) -> dict[str, Any]:
    """Its size; the small pictures are written to `into` + the name of their size, whole or not at all."""
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = None  # the question is asked here, before anything is unpacked
    warnings.simplefilter("ignore")
    try:
        image: Any = Image.open(path, formats=FORMATS)
    except Exception:
        return {"error": "not_a_picture"}
    if image.width * image.height > most_pixels or max(image.size) > 30_000:
        return {"error": "bomb"}
    try:
        is_turned = image.getexif().get(274, 1) in (5, 6, 7, 8)
        width, height = (image.height, image.width) if is_turned else image.size
        largest = max(sizes.values(), default=1)
        image.draft("RGB", (largest * 2, largest * 2))  # a JPEG is unpacked no larger than needed
        image = ImageOps.exif_transpose(image)
        image = image.convert("RGBA" if image.mode in ("RGBA", "LA", "PA", "P") else "RGB")
        for name, side in sorted(sizes.items(), key=lambda one: -one[1]):
            image.thumbnail((side, side), Image.Resampling.LANCZOS)
            target = into + name
            image.save(f"{target}.new", "WEBP", quality=_QUALITY, method=3)
            os.replace(f"{target}.new", target)
    except MemoryError:
        return {"error": "bomb"}
    except Exception:
        return {"error": "damaged"}
    return {"width": width, "height": height}


def main() -> None:
    wanted = json.loads(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_AS, (wanted["memory"], wanted["memory"]))
    resource.setrlimit(resource.RLIMIT_CPU, (wanted["seconds"], wanted["seconds"]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(5)
    sys.stdout.write(json.dumps(look(sys.argv[1], wanted["pixels"], wanted["sizes"], wanted["into"])))


if __name__ == "__main__":
    main()
