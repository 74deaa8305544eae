"""The export pack as a PDF in Vietnamese: a page for each violation, its pictures, and the hashes."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from fpdf import FPDF
from fpdf.enums import XPos, YPos

from reports.violations.pack import CSV_COLUMNS, PackItem, PackTerms, look_up_row
from rules.lifecycle.words import TRANSITION_WORDS

__all__ = ["pdf_of"]

_FONT = "DejaVu"
_LABEL_MM = 72
_LINE_MM = 5.5
_SMALL_MM = 4
_WIDTH_MM = 88
_HEIGHT_MM = 66
_GAP_MM = 4
_BAR = "Bản ghi của camera là nghi vấn vi phạm cho đến khi người có thẩm quyền quyết định."
_MEASURED = {
    "speed_kmh": "Tốc độ đo được (km/h)", "mpe_kmh": "Sai số cho phép của thiết bị (km/h)",
    "limit_kmh": "Tốc độ giới hạn (km/h)", "excess_kmh": "Vượt quá sau khi trừ sai số (km/h)",
    "red_elapsed_s": "Thời gian đèn đỏ đã sáng (giây)",
}  # fmt: skip
_ROLES = {
    "before": "Trước vạch dừng", "line": "Tại vạch dừng", "past": "Sau vạch dừng", "plate": "Biển số",
    "overview": "Toàn cảnh",
}  # fmt: skip


class _Pages(FPDF):
    """Pages with the head of the chain under each."""

    def __init__(self, terms: PackTerms) -> None:
        super().__init__(format="A4")
        self._terms = terms
        folder = Path(mpl.get_data_path()) / "fonts" / "ttf"
        self.add_font(_FONT, "", folder / "DejaVuSans.ttf")
        self.add_font(_FONT, "B", folder / "DejaVuSans-Bold.ttf")
        self.set_auto_page_break(auto=True, margin=22)
        self.set_title("Hồ sơ nghi vấn vi phạm")
        self.set_lang("vi")

    def footer(self) -> None:
        """What proves that nothing was changed since."""
        self.set_y(-18)
        self.set_font(_FONT, size=6)
        terms = self._terms
        self.line_of(f"Chuỗi bằng chứng (mắt xích:SHA-256): {terms.head}", _SMALL_MM)
        made = f"{terms.local(terms.made_at_ms):%H:%M:%S %d/%m/%Y}"
        self.line_of(f"Lập lúc {made} · {terms.made_by} · {terms.reason} · trang {self.page_no()}", _SMALL_MM)

    def line_of(self, text: str, height_mm: float = _LINE_MM) -> None:
        """A paragraph."""
        self.multi_cell(0, height_mm, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def row_of(self, label: str, text: str) -> None:
        """A label and what it is of."""
        if not text:
            return
        self.set_font(_FONT, "B", 9)
        self.cell(_LABEL_MM, _LINE_MM, label)
        self.set_font(_FONT, size=9)
        self.line_of(text)

    def heading_of(self, text: str) -> None:
        """A heading inside a page."""
        self.ln(2)
        self.set_font(_FONT, "B", 10)
        self.line_of(text)


def pdf_of(items: Sequence[PackItem], terms: PackTerms) -> bytes:
    """The PDF."""
    pages = _Pages(terms)
    for item in items:
        _violation(pages, item, terms)
    return bytes(pages.output())


def _violation(pages: _Pages, item: PackItem, terms: PackTerms) -> None:
    record, case = item.reviewed.record, item.reviewed.case
    pages.add_page()
    pages.set_font(_FONT, "B", 14)
    pages.line_of(f"HỒ SƠ NGHI VẤN VI PHẠM SỐ {record.number}", 8)
    pages.set_font(_FONT, size=8)
    pages.line_of(_BAR)
    pages.ln(2)
    for label, text in zip(CSV_COLUMNS, look_up_row(item, terms), strict=True):
        pages.row_of(label, text)
    if case.corrected_plate is not None:
        pages.row_of("Biển số máy đọc", case.plate or "không đọc được")
        pages.row_of("Cán bộ sửa biển số", case.corrected_by or "")
    pages.row_of("Camera, làn", f"{record.device}, {record.lane if record.lane is not None else '-'}")
    for name, label in _MEASURED.items():
        pages.row_of(label, _number(record.measured.get(name)))
    pages.heading_of("Quá trình xem xét")
    pages.set_font(_FONT, size=8)
    for entry in item.history:
        said = f": {entry.comment}" if entry.comment else ""
        when = f"{terms.local(entry.at_ms):%H:%M:%S %d/%m/%Y}"
        pages.line_of(f"{when} · {entry.who} · {TRANSITION_WORDS[entry.transition].vi}{said}", 4.5)
    _pictures(pages, item)
    pages.heading_of("Mắt xích của hồ sơ trong chuỗi bằng chứng (SHA-256)")
    pages.set_font(_FONT, size=6)
    for link in item.links:
        pages.line_of(f"{link.number} · {link.kind} · {link.hash}", _SMALL_MM)


def _pictures(pages: _Pages, item: PackItem) -> None:
    pages.heading_of(f"Hình ảnh ({len(item.pictures)})")
    for picture, content in item.pictures:
        if pages.will_page_break(_HEIGHT_MM + 3 * _GAP_MM):
            pages.add_page()
        pages.set_font(_FONT, size=8)
        pages.line_of(_ROLES.get(picture.role, picture.role))
        top_mm = pages.get_y()
        _picture(pages, content)
        pages.set_y(top_mm + _HEIGHT_MM + 1)
        pages.set_font(_FONT, size=6)
        pages.line_of(f"SHA-256 {picture.sha256}", _SMALL_MM)


def _picture(pages: _Pages, content: bytes) -> None:
    try:
        pages.image(io.BytesIO(content), w=_WIDTH_MM, h=_HEIGHT_MM, keep_aspect_ratio=True)
    except Exception:  # noqa: BLE001 - decoders of pictures raise what they like; the file itself is in the pack
        pages.line_of("(tệp ảnh trong gói không hiển thị được)")


def _number(value: Any) -> str:
    """A figure as it is written in Vietnamese; nothing for what is none."""
    return f"{value:g}".replace(".", ",") if isinstance(value, int | float) else ""
