"""ELAN's annotation files (.eaf): XML with time slots in milliseconds and tiers of annotations."""

import xml.etree.ElementTree as ElementTree
from datetime import datetime
from pathlib import Path, PurePosixPath
from urllib.parse import quote, unquote
from xml.etree.ElementTree import Element, SubElement

import numpy as np

from inphase.data.labels import Segments
from inphase.errors import InputError
from inphase.files import atomic

_SCHEMA = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"


def read(path: Path, *, tier: str | None = None) -> dict[str, Segments]:
    """Read a tier's annotations; empty ones are passed over.

    Slots without a time, which ELAN allows between others that have one, are spread evenly. The
    times are those of the first media file: its `TIME_ORIGIN`, where annotations begin to count
    in it, is added (as ELAN's format guide has it; not confirmed on a file with one).

    Args:
        path: The .eaf file.
        tier: Which tier, if several hold annotations with times.

    Returns:
        The segments of the one video, named as the file's media, or like the .eaf if it has none.

    Raises:
        InputError: If the file is not of this kind, the tier is not there, or none was chosen.
    """
    root = _parsed(path)
    slots = _slots(root, path)
    tiers = {
        each.get("TIER_ID", ""): each.findall("ANNOTATION/ALIGNABLE_ANNOTATION")
        for each in root.findall("TIER")
    }
    filled = [name for name, annotations in tiers.items() if annotations]
    if tier is None and len(filled) > 1:
        raise InputError(f"{path}: has {len(filled)} tiers ({', '.join(filled)}); name one of them")
    if tier is not None and tier not in tiers:
        raise InputError(f"{path}: has no tier `{tier}` but {', '.join(tiers) or 'none'}")
    name = tier if tier is not None else filled[0] if filled else ""
    video, origin = _media(root, path)
    rows = []
    for annotation in tiers.get(name, []):
        label = (annotation.findtext("ANNOTATION_VALUE") or "").strip()
        ends = [annotation.get(f"TIME_SLOT_REF{k}", "") for k in (1, 2)]
        if any(end not in slots for end in ends):
            number = annotation.get("ANNOTATION_ID", "?")
            raise InputError(f"{path}: annotation {number} refers to a time slot that is not there")
        if label:
            start, end = (slots[each] / 1000 + origin for each in ends)
            rows.append((start, end, label))
    return {video: Segments.of(rows)}


def _parsed(path: Path) -> Element:
    try:
        root = ElementTree.parse(path).getroot()
    except ElementTree.ParseError as error:
        raise InputError(f"{path}, line {error.position[0]}: is not XML ({error})") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    if root.tag != "ANNOTATION_DOCUMENT":
        raise InputError(f"{path}: is not an ELAN file but XML of a `{root.tag}`")
    return root


def _slots(root: Element, path: Path) -> dict[str, float]:
    """Milliseconds of each time slot."""
    slots = root.findall("TIME_ORDER/TIME_SLOT")
    values = [slot.get("TIME_VALUE") for slot in slots]
    try:
        times = np.array([np.nan if value is None else int(value) for value in values], np.float64)
    except ValueError as error:
        raise InputError(f"{path}: a time slot is not in whole milliseconds ({error})") from None
    known = np.flatnonzero(~np.isnan(times))
    if len(known):
        times = np.interp(np.arange(len(times)), known, times[known])
    ids = [slot.get("TIME_SLOT_ID", "") for slot in slots]
    return dict(zip(ids, times.tolist(), strict=True)) if len(known) else {}


def _media(root: Element, path: Path) -> tuple[str, float]:
    """Name of the video, and seconds from its beginning to the annotations' zero."""
    media = root.findall("HEADER/MEDIA_DESCRIPTOR")
    videos = [each for each in media if each.get("MIME_TYPE", "").startswith("video")]
    for each in videos + media:
        url = each.get("MEDIA_URL") or each.get("RELATIVE_MEDIA_URL") or ""
        name = PurePosixPath(unquote(url)).name
        if name:
            return name, int(each.get("TIME_ORIGIN") or 0) / 1000
    return path.stem, 0.0


def write(path: Path, segments: Segments, *, video: str = "", tier: str = "phases") -> None:
    """Write one tier, to a millisecond; a moment becomes a millisecond long, as ELAN needs.

    Args:
        path: The .eaf file.
        segments: What to write.
        video: The video's file, which ELAN opens beside.
        tier: What to call the tier.

    Raises:
        InputError: If segments overlap, which ELAN's tiers cannot hold.
    """
    late = np.flatnonzero(segments.end[:-1] > segments.start[1:] + 5e-4)
    if len(late):
        one, other = segments.label[late[0]], segments.label[late[0] + 1]
        raise InputError(
            f"{path}: {one} and {other} overlap at {segments.start[late[0] + 1]} s, and a tier of "
            "ELAN holds one at a time; write a CSV instead"
        )
    root = Element("ANNOTATION_DOCUMENT", _document())
    header = SubElement(root, "HEADER", MEDIA_FILE="", TIME_UNITS="milliseconds")
    if video:
        _describe(header, Path(video))
    order = SubElement(root, "TIME_ORDER")
    rows = SubElement(root, "TIER", LINGUISTIC_TYPE_REF="default-lt", TIER_ID=tier)
    for number, (start, end, label) in enumerate(segments):
        first = round(start * 1000)
        slots = {"1": first, "2": max(round(end * 1000), first + 1)}
        ids = {k: f"ts{2 * number + int(k)}" for k in slots}
        for k, value in slots.items():
            SubElement(order, "TIME_SLOT", TIME_SLOT_ID=ids[k], TIME_VALUE=str(value))
        annotation = SubElement(
            SubElement(rows, "ANNOTATION"),
            "ALIGNABLE_ANNOTATION",
            {"ANNOTATION_ID": f"a{number + 1}"} | {f"TIME_SLOT_REF{k}": ids[k] for k in ids},
        )
        SubElement(annotation, "ANNOTATION_VALUE").text = label
    kind = {"GRAPHIC_REFERENCES": "false", "TIME_ALIGNABLE": "true"}
    SubElement(root, "LINGUISTIC_TYPE", kind | {"LINGUISTIC_TYPE_ID": "default-lt"})
    ElementTree.indent(root)
    with atomic(path) as temporary:
        ElementTree.ElementTree(root).write(temporary, "UTF-8", xml_declaration=True)


def _document() -> dict[str, str]:
    return {
        "AUTHOR": "",
        "DATE": datetime.now().astimezone().isoformat(timespec="seconds"),
        "FORMAT": "3.0",
        "VERSION": "3.0",
        "xmlns:xsi": _INSTANCE,
        "xsi:noNamespaceSchemaLocation": _SCHEMA,
    }


def _describe(header: Element, video: Path) -> None:
    suffix = video.suffix.lower().lstrip(".")
    known = {"mov": "quicktime", "avi": "x-msvideo", "mkv": "x-matroska", "mpg": "mpeg"}
    place = {
        "MEDIA_URL": video.as_uri() if video.is_absolute() else quote(video.as_posix()),
        "RELATIVE_MEDIA_URL": f"./{quote(video.name)}",
    }
    SubElement(
        header, "MEDIA_DESCRIPTOR", place | {"MIME_TYPE": f"video/{known.get(suffix, suffix)}"}
    )
