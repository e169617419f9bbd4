"""Texts on which a model with 8-bit weights is made and compared with the exact one."""

PROBES = (
    "How many weeks of parental leave does the policy give?",
    "The torque of bolt M8 is 25 Nm; check it every 2,000 hours.",
    "Invoices are paid within thirty days of receipt, by bank transfer.",
    "Reset the password in the self-service portal, then sign in again.",
    "Umsatz und Ergebnis des dritten Quartals lagen über dem Vorjahr.",
    "hydraulic pump",
    "| Part | Pressure | Price |\n| HX-200 | 210 bar | 1,240 EUR |",
    "A long passage. " * 40,
)
