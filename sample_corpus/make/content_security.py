"""Information security: the policy and an incident report."""

from __future__ import annotations

from blocks import OL, UL, Break, Deck, Document, H, P, Workbook, lines, table

POLICY = Document(
    path="security/information-security-policy.pdf",
    title="Information Security Policy",
    date="2025-10-01",
    author="Leonie Falk",
    footer="Torvend Thermal SE | ISS-001, version 3.0 | Internal",
    blocks=[
        P(
            "ISS-001, version 3.0, in force since 1 October 2025. Owner: Leonie Falk, Chief Information "
            "Security Officer."
        ),
        H("1. Goals and scope"),
        P(
            "The policy protects the confidentiality, integrity and availability of information at all "
            "European sites. The Chinese sites follow ISS-CN-001, which must not be weaker in any point that "
            "touches group systems."
        ),
        H("2. Roles"),
        table(
            """
            Role | Person | Task
            Chief Information Security Officer | Leonie Falk | owns this policy, reports to the CEO
            Data protection officer | Friederike Amann | personal data, notification of authorities
            Plant security officer Brno | Pavel Zeman | networks of lines B1 to B4
            Plant security officer Leipzig | Gudrun Pohl | networks of Halls 1 and 2
        """,
            [2, 1.4, 2.4],
        ),
        H("3. Devices"),
        UL(
            lines("""
            The screen is locked after five minutes without input.
            Private devices may be used for e-mail only, inside the managed app.
            USB storage is blocked; exceptions are granted for at most 30 days.
            A lost device is reported within two hours to +49 341 5550 112.
            """)
        ),
        H("4. Software"),
        P(
            "Only software from the whitelist is installed. Critical security updates are installed within 72 hours on "
            "office computers and within 21 days on production computers."
        ),
        Break(),
        H("5. Reporting of incidents"),
        OL(
            lines("""
            Call the security hotline +49 341 5550 112, day and night.
            Do not switch the computer off; disconnect the network cable instead.
            Write down the time and what you saw.
            Do not forward suspicious e-mails; use the button "Report phishing".
            """)
        ),
        P("A breach of personal data is notified to the authority within 72 hours by the data protection officer."),
        H("6. Suppliers"),
        P("Suppliers with access to group systems sign the security annex SA-3 and are audited every two years."),
        H("7. Visitors"),
        P(
            "Visitors are escorted at all times in production halls. The guest network is "
            "separated and is switched off between 20:00 and 06:00."
        ),
        H("8. Training"),
        P(
            "Every employee repeats the e-learning ISA-101 each year; the pass mark is 80 percent. Whoever "
            "fails three times attends a classroom session."
        ),
        H("9. Audit"),
        P(
            "Internal audits take place every spring. The last external audit by Certaris in May 2026 found two minor "
            "deviations and no major one."
        ),
    ],
)

PHISHING = Document(
    path="security/phishing-incident-2026-05.docx",
    title="Incident Report: Phishing Campaign of May 2026",
    date="2026-06-02",
    author="Leonie Falk",
    blocks=[
        P("Report SEC-2026-009. Severity: high. Author: Leonie Falk. Date: 2 June 2026."),
        H("What happened"),
        P(
            "On 19 May 2026 at 08:17 CEST 438 employees received an e-mail that pretended to come from the "
            "payroll office. It asked them to confirm their bank details on a forged portal page."
        ),
        H("Effect"),
        table("""
            Measure | Number
            Recipients | 438
            Clicks on the link | 57
            Passwords entered | 12
            Reports via the button | 96
            Accounts misused | 1
        """),
        P(
            "The misused account belonged to a buyer in Brno. The attackers sent 31 false payment requests to "
            "suppliers; no money was lost because the bank of the supplier asked back."
        ),
        H("Response"),
        UL(
            lines("""
            08:29 First report received.
            08:41 Link blocked at the proxy.
            09:20 All 12 passwords reset and sessions ended.
            14:00 Information to all employees in English, German, Czech and French.
            """)
        ),
        H("Lessons"),
        P(
            "The second factor had not been switched on for the buyer, because the account was on an exception "
            "list that had expired on 31 March 2026."
        ),
        OL(
            lines("""
            Review all exception lists every month (Leonie Falk, from June 2026).
            Bank details of suppliers are changed only after a call-back (Renata Wolf, from 8 June 2026).
            Phishing exercise twice a year, the next one in November 2026 (Mirela Stoica).
            """)
        ),
    ],
)

ALL: list[Document | Deck | Workbook] = [POLICY, PHISHING]
