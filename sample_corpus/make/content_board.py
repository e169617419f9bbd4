"""Papers of the supervisory board (board only)."""

from __future__ import annotations

from blocks import OL, UL, Deck, Document, H, P, Workbook, lines, table

MINUTES_JUNE = Document(
    path="board/minutes-2026-06-18.docx",
    title="Minutes of the Supervisory Board meeting of 18 June 2026",
    date="2026-06-22",
    author="Friederike Amann",
    footer="Strictly confidential – Board only",
    blocks=[
        P(
            "Place: Brno, Hall 3, meeting room 2. Chair: Prof. Gisela Thorn. Minutes: Dr. "
            "Friederike Amann. Excused: Luc Dargaud."
        ),
        H("1. Dividend"),
        P(
            "The board supports the proposal of a dividend of 0.62 euros per share for 2025, a payout ratio of "
            "38 percent."
        ),
        H("2. Executive remuneration"),
        P(
            "The variable remuneration of the Executive Committee for 2025 is fixed at 87 "
            "percent of the target. The CEO receives 412,000 euros."
        ),
        H("3. Review of the ERP outage"),
        P(
            "The board criticised that the fail-over had been tested only once a year. It asks for a report on the "
            "resilience of the plant networks by December 2026."
        ),
        H("4. Project Heron"),
        P(
            "The board allowed the management to start talks with the owners of the Danish "
            "controls manufacturer up to a price of 38 million euros."
        ),
        H("5. Resolutions"),
        table("""
            No. | Resolution | Vote
            2026-11 | Supports the dividend proposal | 4 to 0
            2026-12 | Variable remuneration 2025 | 3 to 1
            2026-13 | Start of talks Project Heron | 4 to 0
            2026-14 | Auditor Hallmann & Partner proposed for 2026 | 4 to 0
        """),
        H("6. Other business"),
        UL(
            lines("""
            The directors' and officers' insurance is raised to 30 million euros.
            Jutta Kremer takes over the chair of the audit committee on 1 July 2026.
            """)
        ),
    ],
)

HERON = Document(
    path="board/project-heron-memo.pdf",
    title="Project Heron: Decision Memo",
    date="2026-09-15",
    author="Henrik Vasseur",
    footer="Strictly confidential | Board only | 15 September 2026",
    blocks=[
        P("From Henrik Vasseur to the Supervisory Board, 15 September 2026. Decision on 24 September 2026."),
        H("1. The target"),
        P(
            "The target is Lyngby Styring A/S, a maker of building controls in Aarhus with 142 employees. The "
            "owners are two founders and a pension fund."
        ),
        table("""
            DKK million | 2023 | 2024 | 2025
            Revenue | 148 | 163 | 181
            EBITDA | 19 | 22 | 27
            Net debt | 34 | 29 | 21
        """),
        H("2. Reasons"),
        UL(
            lines("""
            Own controller instead of the licensed CB-3, saving about 2.1 million euros per year from 2028.
            Access to 3,800 commercial buildings in Scandinavia.
            A team of 31 software developers.
            """)
        ),
        H("3. Valuation"),
        P(
            "The proposed price of 34.5 million euros corresponds to 9.5 times EBITDA of 2025. It is financed "
            "with 20 million euros of bank debt and the rest from cash."
        ),
        H("4. Risks"),
        OL(
            lines("""
            A warranty case with valves delivered in 2022, estimated at 1.8 million euros.
            Two key developers own no shares and could leave.
            The Danish investment screening takes about 60 working days.
            """)
        ),
        H("5. Timetable"),
        P(
            "Due diligence from 5 October to 27 November 2026, signing planned for 14 December 2026, closing "
            "by the end of April 2027. The adviser is the bank Morland & Sewell with a success fee of 1.4 "
            "percent."
        ),
    ],
)

ALL: list[Document | Deck | Workbook] = [MINUTES_JUNE, HERON]
