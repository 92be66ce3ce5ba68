"""knowledge: list, search and import entries, and add documents."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from core.domain import Product, Snippet
from core.domain.errors import KnowledgeError
from core.infrastructure.settings import settings
from core.interfaces.cli.options import person_named

if TYPE_CHECKING:
    from argparse import _SubParsersAction

MAX_SHOWN_CHARS = 90


def add_command(commands: _SubParsersAction) -> None:
    knowledge = commands.add_parser(
        "knowledge", help="look up and change the knowledge that reports cite"
    )
    what = knowledge.add_subparsers(required=True, metavar="WHAT")

    listing = what.add_parser("list", help="list the entries, one on each line")
    listing.add_argument("--product", metavar="DATASET/CATEGORY")
    listing.set_defaults(run=_list)

    search = what.add_parser("search", help="find the entries nearest in meaning")
    search.add_argument("query", metavar="WORDS")
    search.add_argument("--product", metavar="DATASET/CATEGORY")
    search.add_argument("--defect-type", metavar="TYPE", help="with --product")
    search.add_argument("-k", type=int, default=3, metavar="N", help="how many")
    search.set_defaults(run=_search)

    importing = what.add_parser("import", help="import a knowledge file, such as MMAD's")
    importing.add_argument("file", type=Path, metavar="FILE")
    importing.add_argument(
        "--replace", action="store_true", help="also replace entries of the same product and type"
    )
    _add_who(importing)
    importing.set_defaults(run=_import)

    document = what.add_parser("add-document", help="add a PDF, Markdown or text file")
    document.add_argument("file", type=Path, metavar="FILE")
    document.add_argument(
        "--product", metavar="DATASET/CATEGORY", help="product it is about (default: all products)"
    )
    _add_who(document)
    document.set_defaults(run=_add_document)

    encoder = what.add_parser("download-encoder", help="download the multilingual encoder")
    encoder.set_defaults(run=_download_encoder)


def _add_who(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--by", default="", metavar="NAME", help="person who does it (default: this account)"
    )
    command.add_argument("--reason", default="", metavar="TEXT")


def _list(options: argparse.Namespace) -> int:
    from core.services.station import Station

    key = Product.from_key(options.product).key if options.product else None
    with Station(settings()) as station:
        for entry in station.knowledge.entries():
            if key in (None, entry.product_key):
                where = entry.product_key or "all products"
                print(f"{entry.id}  {where}  {entry.title}  {_shortened(entry.text)}")
    return 0


def _search(options: argparse.Namespace) -> int:
    from core.services.station import Station

    with Station(settings()) as station:
        base = station.knowledge
        if options.product is None:
            found = base.find(options.query, options.k)
        else:
            product = Product.from_key(options.product)
            found = base.search(options.query, product, options.k, options.defect_type)
    for snippet in found:
        print(_line(snippet))
    return 0


def _import(options: argparse.Namespace) -> int:
    from core.services.knowledge import import_file
    from core.services.station import Station

    data = _read(options.file)
    with Station(settings()) as station:
        outcome = import_file(
            station,
            options.file.name,
            data,
            by=person_named(options.by),
            reason=options.reason,
            replace=options.replace,
        )
    for sentence in outcome.refused:
        print(f"Note: {sentence}")
    print(outcome.sentence())
    return 0


def _add_document(options: argparse.Namespace) -> int:
    from core.services.knowledge import add_document
    from core.services.station import Station

    product = Product.from_key(options.product) if options.product else None
    data = _read(options.file)
    with Station(settings()) as station:
        document = add_document(
            station,
            options.file.name,
            data,
            product,
            by=person_named(options.by),
            reason=options.reason,
        )
    print(
        f"{document.filename} added to the knowledge about "
        f"{document.product_key or 'all products'}: {len(document.passages)} passages."
    )
    return 0


def _download_encoder(_options: argparse.Namespace) -> int:
    from core.retrieval.knowledge.encoders import download_multilingual

    print(f"The multilingual encoder is in {download_multilingual(settings())}.")
    return 0


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise KnowledgeError(f"{path} cannot be read: {error.strerror}. Check the path.") from error


def _line(snippet: Snippet) -> str:
    return (
        f"{snippet.id}  {snippet.similarity:.2f}  {snippet.scope}  {snippet.title}  "
        f"({snippet.place}, found by {snippet.matched_by})\n    {_shortened(snippet.text)}"
    )


def _shortened(text: str) -> str:
    return (
        text if len(text) <= MAX_SHOWN_CHARS else text[:MAX_SHOWN_CHARS].rsplit(" ", 1)[0] + " ..."
    )
