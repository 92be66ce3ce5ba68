"""The look of a printed report: type sizes, grid, tables, boxes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, cast

from core.reporting.pdf.fonts import FAMILY, add_fonts

if TYPE_CHECKING:
    from fpdf import FPDF
    from PIL.Image import Image

Colour = tuple[int, int, int]
INK: Colour = (33, 37, 41)
GREY: Colour = (105, 112, 120)
LINE: Colour = (208, 212, 217)
SHADE: Colour = (243, 245, 247)

MARGIN_MM = 15.0
WIDTH_MM = 210 - 2 * MARGIN_MM
LABEL_WIDTH_MM = 34.0
HALF_PAGE_MM = 130.0
BODY_PT, SMALL_PT, TINY_PT = 7.8, 6.9, 5.8
PICTURE_HEIGHT_MM = 66.0
THUMBNAIL_HEIGHT_MM = 24.0


def shorten(text: str, length: int) -> str:
    """Cut a text to a length at a word and mark the cut; line breaks become spaces."""
    flat = " ".join(text.split())
    if len(flat) <= length:
        return flat
    return flat[:length].rsplit(" ", 1)[0] + " ... (full text on record)"


def new_page(title: str, footer: str, created_at: datetime, *, text: str) -> ReportPage:
    """Open an empty A4 document with a running footer and the fonts that a text needs."""
    from fpdf import FPDF

    class Document(FPDF):
        def footer(self) -> None:
            self.set_y(-12)
            self.set_font(FAMILY, "", TINY_PT)
            self.set_text_color(*GREY)
            self.cell(WIDTH_MM - 20, 4, _fitted(self, footer, WIDTH_MM - 20))
            self.cell(20, 4, f"page {self.page_no()} of {{nb}}", align="R")

    pdf = Document(format="A4")
    pdf.set_margins(MARGIN_MM, 13, MARGIN_MM)
    pdf.set_auto_page_break(True, 16)
    pdf.set_creation_date(created_at)
    pdf.set_title(title)
    pdf.set_author("Smart Factory Anomaly Reporting System")
    pdf.set_subject(footer)
    pdf.set_lang("en")
    add_fonts(pdf, text)
    pdf.add_page()
    return ReportPage(pdf)


class ReportPage:
    """Blocks of a report, each placed under the one before."""

    def __init__(self, pdf: FPDF) -> None:
        self._pdf = pdf

    @property
    def count(self) -> int:
        """Count the pages so far."""
        return self._pdf.page_no()

    def finish(self) -> bytes:
        """Return the document's bytes."""
        return bytes(self._pdf.output())

    def title(self, title: str, number: str) -> None:
        self._type(16, INK, bold=True)
        self._pdf.cell(WIDTH_MM / 2, 9, title)
        self._type(10, GREY)
        self._pdf.cell(WIDTH_MM / 2, 9, number, align="R", new_x="LMARGIN", new_y="NEXT")
        self._rule()

    def facts(self, facts: Sequence[tuple[str, str]]) -> None:
        """Print names and values in four columns; a value too long for one has a row of its own."""
        column = WIDTH_MM / 4
        self._type(BODY_PT, INK)
        room = column - 2
        fits = [
            self._pdf.get_string_width(value) <= room - 2 * self._pdf.c_margin for _, value in facts
        ]
        short = [fact for fact, is_short in zip(facts, fits, strict=True) if is_short]
        long = [fact for fact, is_short in zip(facts, fits, strict=True) if not is_short]
        top = self._pdf.get_y() + 1.5
        for index, fact in enumerate(short):
            self._fact(*fact, MARGIN_MM + index % 4 * column, top + index // 4 * 9.5, room)
        bottom = top + (len(short) + 3) // 4 * 9.5
        for fact in long:
            bottom = self._fact(*fact, MARGIN_MM, bottom, WIDTH_MM) + 1
        self._pdf.set_xy(MARGIN_MM, bottom + 1)

    def _fact(self, label: str, value: str, x: float, y: float, width: float) -> float:
        """Print a name above its value and return where it ends."""
        from fpdf.enums import WrapMode

        self._pdf.set_xy(x, y)
        self._type(TINY_PT, GREY)
        self._pdf.cell(width, 3, label)
        self._pdf.set_xy(x, y + 3.2)
        self._type(BODY_PT, INK)
        # By the letter: an identifier is one word, and is found again as one in the file.
        self._pdf.multi_cell(width, 4.2, value or "–", align="L", wrapmode=WrapMode.CHAR)
        return self._pdf.get_y()

    def banner(self, word: str, meaning: str, colour: Colour, lines: Sequence[str]) -> None:
        """Print the verdict: a word on its colour, what it means, and the figures beside it.

        The box grows with its lines, up to half a page; what does not fit follows below it.
        """
        top, left = self._pdf.get_y(), 44.0
        width = WIDTH_MM - left - 6
        self._type(TINY_PT, INK)
        needed = [14.0 + self._height(left - 4, 2.8, meaning)]
        self._type(SMALL_PT, INK)
        beside: list[str] = []
        below: list[str] = []
        text_height = 4.0
        for line in lines:
            text_height += self._height(width, 4.2, line)
            (below if text_height > HALF_PAGE_MM else beside).append(line)
        needed.append(4.0 + sum(self._height(width, 4.2, line) for line in beside))
        height = max(19.0, *needed)
        self._pdf.set_fill_color(*SHADE)
        self._pdf.rect(MARGIN_MM, top, WIDTH_MM, height, style="F")
        self._pdf.set_fill_color(*colour)
        self._pdf.rect(MARGIN_MM, top, left, height, style="F")
        self._pdf.set_xy(MARGIN_MM, top + 3.2)
        self._type(17, (255, 255, 255), bold=True)
        self._pdf.cell(left, 7, word, align="C")
        self._pdf.set_xy(MARGIN_MM + 2, top + 10.6)
        self._type(TINY_PT, (255, 255, 255))
        self._pdf.multi_cell(left - 4, 2.8, meaning, align="C")
        self._pdf.set_xy(MARGIN_MM + left + 3, top + 2)
        self._type(SMALL_PT, INK)
        for line in beside:
            self._pdf.set_x(MARGIN_MM + left + 3)
            self._pdf.multi_cell(width, 4.2, line, align="L", new_y="NEXT")
        self._pdf.set_xy(MARGIN_MM, top + height + 3)
        for line in below:
            self.note(line)

    def side_by_side(self, pictures: Sequence[tuple[Image, str]]) -> None:
        """Print two pictures in equal boxes, each with its caption."""
        gap = 4.0
        width = (WIDTH_MM - gap) / 2
        height = min(PICTURE_HEIGHT_MM, max(width * p.height / p.width for p, _ in pictures))
        # Together with the legend below.
        self._keep_together(height + 20)
        top = self._pdf.get_y()
        for index, (picture, caption) in enumerate(pictures):
            x = MARGIN_MM + index * (width + gap)
            self._framed(picture, x, top, width, height)
            self._pdf.set_xy(x, top + height + 0.8)
            self._type(TINY_PT, GREY)
            self._pdf.cell(width, 3.5, caption)
        self._pdf.set_xy(MARGIN_MM, top + height + 5)

    def picture_right(self, picture: Image, width: float) -> None:
        """Print a picture at the right margin, such as a legend."""
        height = width * picture.height / picture.width
        self._pdf.image(picture, MARGIN_MM + WIDTH_MM - width, self._pdf.get_y(), width, height)
        self._pdf.set_xy(MARGIN_MM, self._pdf.get_y() + height)

    def heading(self, text: str, followed_by: float = 12) -> None:
        """Print a section's name, together with at least so many mm of what follows."""
        self._keep_together(8 + followed_by)
        self.gap(1.5)
        self._type(10, INK, bold=True)
        self._pdf.cell(WIDTH_MM, 5.5, text, new_x="LMARGIN", new_y="NEXT")
        self._rule()
        self.gap(0.8)

    def paragraph(self, text: str) -> None:
        self._type(BODY_PT, INK)
        self._write(WIDTH_MM, 4.2, text)

    def note(self, text: str) -> None:
        self._type(SMALL_PT, GREY)
        self._write(WIDTH_MM, 4, text)

    def labelled(self, label: str, text: str) -> None:
        """Print a bold label and its text; on one page when it fills less than half of one."""
        self._keep_together(min(self.height_of(text), HALF_PAGE_MM))
        top, page = self._pdf.get_y(), self._pdf.page_no()
        self._type(SMALL_PT, INK, bold=True)
        label_bottom = top + self._height(LABEL_WIDTH_MM - 2, 4, label)
        self._pdf.multi_cell(LABEL_WIDTH_MM - 2, 4, label, align="L", new_x="RIGHT", new_y="TOP")
        self._pdf.set_xy(MARGIN_MM + LABEL_WIDTH_MM, top)
        self._type(SMALL_PT, INK)
        self._write(WIDTH_MM - LABEL_WIDTH_MM, 4, text)
        if self._pdf.page_no() == page:
            self._pdf.set_y(max(self._pdf.get_y(), label_bottom))

    def table(
        self, head: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[float]
    ) -> None:
        """Print a table whose head is repeated on each page."""
        from fpdf.fonts import FontFace

        self._type(SMALL_PT, INK)
        self._pdf.set_draw_color(*LINE)
        align = ["LEFT" if index < 3 else "RIGHT" for index in range(len(head))]
        with self._pdf.table(
            col_widths=tuple(widths),
            text_align=tuple(align),
            line_height=4.4,
            borders_layout="HORIZONTAL_LINES",
            headings_style=FontFace(emphasis="BOLD", fill_color=SHADE, color=INK),
        ) as table:
            table.row(head)
            for row in rows:
                table.row(row)
        self.gap(1)

    def thumbnails(self, pictures: Sequence[tuple[Image, str]], caption: str) -> None:
        """Print small pictures in a row."""
        column = WIDTH_MM / 3
        self._keep_row_together(caption, [text for _, text in pictures], column - 4)
        self.note(caption)
        top = self._pdf.get_y() + 0.5
        bottom = top + THUMBNAIL_HEIGHT_MM
        for index, (picture, text) in enumerate(pictures):
            x = MARGIN_MM + index * column
            self._framed(picture, x, top, column - 4, THUMBNAIL_HEIGHT_MM)
            self._pdf.set_xy(x, top + THUMBNAIL_HEIGHT_MM + 0.5)
            self._type(TINY_PT, GREY)
            self._pdf.multi_cell(column - 4, 3, text, align="L")
            bottom = max(bottom, self._pdf.get_y())
        self._pdf.set_xy(MARGIN_MM, bottom + 1.5)

    def pairs(self, pairs: Sequence[tuple[Image, Image, str]], caption: str) -> None:
        """Print up to three pairs of small pictures in a row, each pair with its caption."""
        column = WIDTH_MM / 3
        self._keep_row_together(caption, [text for _, _, text in pairs], column - 4)
        self.note(caption)
        top = self._pdf.get_y() + 0.5
        bottom = top + THUMBNAIL_HEIGHT_MM
        width = (column - 5) / 2
        for index, (left, right, text) in enumerate(pairs):
            x = MARGIN_MM + index * column
            self._framed(left, x, top, width, THUMBNAIL_HEIGHT_MM)
            self._framed(right, x + width + 1, top, width, THUMBNAIL_HEIGHT_MM)
            self._pdf.set_xy(x, top + THUMBNAIL_HEIGHT_MM + 0.5)
            self._type(TINY_PT, GREY)
            self._pdf.multi_cell(column - 4, 3, text, align="L")
            bottom = max(bottom, self._pdf.get_y())
        self._pdf.set_xy(MARGIN_MM, bottom + 1.5)

    def decision(
        self,
        options: Sequence[tuple[str, bool]],
        decisions: Sequence[tuple[str, str]],
        signatures: Sequence[tuple[str, str, str]],
    ) -> None:
        """Print boxes for the disposition, every decision, and lines for the signatures.

        Args:
            options: each with whether it was decided last.
            decisions: in order: when and what, and why and by whom.
            signatures: role, name and time of each.
        """
        self.heading("Disposition and signatures", 30)
        self._type(SMALL_PT, INK)
        top, column = self._pdf.get_y() + 1, WIDTH_MM / 4
        for index, (option, chosen) in enumerate(options):
            x, y = MARGIN_MM + index % 4 * column, top + index // 4 * 5.5
            self._tick_box(x, y + 0.6, chosen)
            self._pdf.set_xy(x + 5, y)
            self._type(SMALL_PT, INK, bold=chosen)
            self._pdf.cell(column - 5, 4.2, option)
        self._pdf.set_xy(MARGIN_MM, top + -(-len(options) // 4) * 5.5 + 1)
        for label, text in decisions or [("Reason", "–")]:
            self.labelled(label, text)
        self._signatures(signatures)

    def _signatures(self, signatures: Sequence[tuple[str, str, str]]) -> None:
        column = WIDTH_MM / 3
        self._type(SMALL_PT, INK)
        texts = [f"{name}  {when}".strip() for _, name, when in signatures]
        height = max(4.6, *(self._height(column - 6, 4, text) for text in texts))
        self._keep_together(height + 14)
        top = self._pdf.get_y() + 4.4
        line = top + height + 0.6
        for index, ((role, _, _), text) in enumerate(zip(signatures, texts, strict=True)):
            x = MARGIN_MM + index * column
            self._type(SMALL_PT, INK)
            self._pdf.set_xy(x, line - 0.6 - self._height(column - 6, 4, text))
            self._pdf.multi_cell(column - 6, 4, text, align="L")
            self._pdf.set_draw_color(*GREY)
            self._pdf.line(x, line, x + column - 6, line)
            self._pdf.set_xy(x, line + 0.6)
            self._type(TINY_PT, GREY)
            self._pdf.cell(column - 6, 3, f"{role} (name, date, signature)")
        self._pdf.set_xy(MARGIN_MM, line + 6)

    def small(self, lines: Sequence[str], colour: Colour) -> None:
        """Print lines in the smallest type, such as hashes."""
        self._keep_together(4 + 3 * len(lines))
        self._rule()
        self.gap(0.5)
        self._type(TINY_PT, colour)
        for line in lines:
            self._pdf.multi_cell(WIDTH_MM, 3, line, align="L", new_x="LMARGIN", new_y="NEXT")

    def height_of(self, text: str) -> float:
        """Measure the height of a labelled text, in mm."""
        self._type(SMALL_PT, INK)
        return self._height(WIDTH_MM - LABEL_WIDTH_MM, 4, text)

    def unprintable(self, text: str) -> list[str]:
        """List the characters of a text that no font of this document has."""
        from fpdf.fonts import TTFFont

        fonts = [font for font in self._pdf.fonts.values() if isinstance(font, TTFFont)]
        known = {code for font in fonts for code in font.cmap}
        return sorted(
            char
            for char in set(text)
            if char.isprintable() and not char.isspace() and ord(char) not in known
        )

    def _height(self, width: float, line: float, text: str) -> float:
        """Measure a text in the present type, in mm; of no text, nothing."""
        height = self._pdf.multi_cell(width, line, text, align="L", dry_run=True, output="HEIGHT")
        return cast("float", height) if text else 0.0

    def _keep_row_together(self, caption: str, texts: Sequence[str], width: float) -> None:
        """Keep a row of small pictures on one page with the texts above and below it."""
        self._type(SMALL_PT, GREY)
        above = self._height(WIDTH_MM, 4, caption)
        self._type(TINY_PT, GREY)
        below = max((self._height(width, 3, text) for text in texts), default=0)
        self._keep_together(THUMBNAIL_HEIGHT_MM + above + below + 3)

    def gap(self, height: float) -> None:
        self._pdf.ln(height)

    def _write(self, width: float, height: float, text: str) -> None:
        left = self._pdf.get_x()
        lines = self._pdf.multi_cell(width, height, text, align="L", dry_run=True, output="LINES")
        for line in cast("list[str]", lines):
            if self._pdf.will_page_break(height):
                self._pdf.add_page()
                self._establish_type()
            self._pdf.set_x(left)
            self._pdf.cell(width, height, line, new_x="LMARGIN", new_y="NEXT")

    def _type(self, size: float, colour: Colour, *, bold: bool = False) -> None:
        self._pdf.set_font(FAMILY, "B" if bold else "", size)
        self._pdf.set_text_color(*colour)
        self._establish_type()

    def _establish_type(self) -> None:
        """Write the type into the page with a blank.

        Where text starts with Hangul, fpdf2 2.8.9 sets its type inside that line only and takes it
        for set from there on: the next Latin line is printed with the glyphs of an earlier type.
        """
        self._pdf.text(MARGIN_MM, MARGIN_MM, " ")

    def _rule(self) -> None:
        self._pdf.set_draw_color(*LINE)
        self._pdf.line(MARGIN_MM, self._pdf.get_y(), MARGIN_MM + WIDTH_MM, self._pdf.get_y())

    def _keep_together(self, height: float) -> None:
        if self._pdf.will_page_break(height):
            self._pdf.add_page()

    def _framed(self, picture: Image, x: float, y: float, width: float, height: float) -> None:
        self._pdf.set_fill_color(*SHADE)
        self._pdf.rect(x, y, width, height, style="F")
        self._pdf.image(picture, x, y, width, height, keep_aspect_ratio=True)

    def _tick_box(self, x: float, y: float, chosen: bool) -> None:
        self._pdf.set_draw_color(*INK)
        self._pdf.rect(x, y, 3, 3)
        if chosen:
            self._pdf.line(x, y, x + 3, y + 3)
            self._pdf.line(x, y + 3, x + 3, y)


def _fitted(pdf: FPDF, text: str, width: float) -> str:
    """Text cut to one line of a width in mm, in the current type."""
    if pdf.get_string_width(text) <= width:
        return text
    while text and pdf.get_string_width(text + "...") > width:
        text = text[:-1]
    return text + "..."
