"""Finance: travel policies in two languages, quarterly results, the draft budget (finance and board only)."""

from __future__ import annotations

from blocks import OL, UL, Break, Deck, Document, H, P, Workbook, lines, sheet, table

TRAVEL = Document(
    path="finance/travel-expense-policy.pdf",
    title="Travel and Expense Policy",
    date="2026-01-01",
    author="Henrik Vasseur",
    footer="Torvend Thermal SE | FIN-POL-006, version 5.2 | Internal",
    blocks=[
        P("FIN-POL-006, version 5.2, valid from 1 January 2026 for all European sites. Owner: Henrik Vasseur, CFO."),
        H("1. Principles"),
        P(
            "Travel only if a video call does not serve the purpose. Every trip is approved by the line manager before "
            "booking; trips outside Europe are also approved by the department head."
        ),
        H("2. Booking"),
        UL(
            lines("""
            All flights, trains and hotels are booked through the portal TripDesk.
            Rail is the first choice for journeys of up to five hours.
            First class rail is allowed for journeys of more than two hours.
            Business class flights are allowed for flights of more than eight hours, with the approval of the CFO.
            Low-cost carriers are permitted if one checked bag is included.
            """)
        ),
        H("3. Cars"),
        P(
            "The mileage allowance for a private car is 0.38 euros per kilometre. Rental cars "
            "are booked in the compact class; from three travellers on, the middle class is "
            "allowed. Full insurance without excess is mandatory."
        ),
        H("4. Meals and accommodation"),
        P(
            "Meals are covered by the per diem rates of the file per-diem-rates-2026.csv. If breakfast is "
            "included in the hotel price, 20 % of the full daily rate is deducted; for lunch and dinner 40 % "
            "each."
        ),
        P("The hotel ceilings of the same file may be exceeded by up to 25 % during trade fairs."),
        Break(),
        H("5. Receipts and claims"),
        P("Claims must be submitted within 30 days after the end of the trip."),
        P("A receipt is required for every item above 15 euros."),
        P("Claims later than 90 days after the trip are refused, without exception."),
        H("6. Business meals and gifts"),
        table("""
            Kind | Limit per person | Approval
            Business lunch | 45 euros | none
            Business dinner | 75 euros | line manager
            Gift to a customer | 35 euros per year | department head
            Event invitation | 120 euros | compliance officer
        """),
        P(
            "The names of all participants and the business reason are written on the receipt. Alcohol is "
            "reimbursed only with a meal with external guests."
        ),
        H("7. Advances"),
        P("An advance of up to 600 euros is paid for trips of more than five days, if no corporate card is held."),
        H("8. Combining business and holidays"),
        P(
            "A private stay of up to seven days may be added to a trip. The employee pays any difference in the fare; "
            "two quotations from TripDesk are attached to the claim."
        ),
        H("9. Sanctions"),
        OL(
            lines("""
            First violation: written reminder by Accounts Payable.
            Second violation within twelve months: the corporate card is withdrawn for six months.
            Deliberate false statements are handed to the disciplinary panel.
            """)
        ),
    ],
)

TRAVEL_ZH = Document(
    path="finance/差旅费用报销办法.pdf",
    title="差旅费用报销办法",
    date="2026-01-01",
    author="陆文涛",
    language="zh",
    footer="拓温德热能设备（苏州）有限公司 | FIN-CN-006 | 2026年1月1日起执行",
    blocks=[
        P("本办法适用于苏州工厂和上海办事处。文件编号FIN-CN-006，4.0版。负责人：陆文涛。"),
        H("一、审批"),
        P("国内出差由部门经理审批，出国出差由总经理沈志远审批。"),
        P("未经事先审批的出差，费用不予报销。"),
        H("二、交通"),
        UL(
            lines("""
            高铁二等座为标准座席，车程超过四小时可乘坐一等座。
            飞机限经济舱，须提前七天预订。
            市内打车费凭行程单据实报销，每天不超过150元。
            自驾车补贴每公里1.2元。
            """)
        ),
        H("三、住宿标准"),
        table("""
            城市类别 | 普通员工 | 部门经理 | 总监及以上
            北京、上海、深圳 | 450元/晚 | 600元/晚 | 900元/晚
            省会城市 | 350元/晚 | 480元/晚 | 700元/晚
            其他城市 | 280元/晚 | 380元/晚 | 550元/晚
        """),
        H("四、伙食补助"),
        P("伙食补助每人每天100元，会议包餐的减半发放。"),
        Break(),
        H("五、报销时限"),
        P("出差结束后15天内提交报销单，超过60天的不予受理。"),
        P("跨年费用须在次年1月20日前提交。"),
        H("六、招待费"),
        table("""
            类别 | 人均上限 | 审批人
            工作餐 | 120元 | 部门经理
            商务宴请 | 300元 | 总经理
            礼品 | 200元 | 总经理
        """),
        P("陪同人数不得超过客人人数。"),
        H("七、借款"),
        P("出差借款每人最高5000元，前次借款未结清的不得再借。"),
        H("八、审核与付款"),
        P("财务部每周二、周四受理报销，审核通过后五个工作日内付款。"),
    ],
)

Q2 = Document(
    path="finance/q2-2026-quarterly-report.pdf",
    title="Quarterly Report Q2 2026",
    date="2026-08-06",
    author="Henrik Vasseur",
    footer="Torvend Thermal SE | Quarterly Report Q2 2026 | published 6 August 2026",
    blocks=[
        P(
            "Torvend Thermal SE publishes the figures for the second quarter of 2026 (1 April to 30 June "
            "2026). All amounts are unaudited."
        ),
        H("Key figures"),
        table(
            """
            EUR million | Q2 2026 | Q2 2025 | Change
            Order intake | 103.6 | 94.2 | +10.0 %
            Revenue | 96.4 | 91.8 | +5.0 %
            Gross profit | 31.9 | 29.1 | +9.6 %
            EBIT | 8.7 | 7.2 | +20.8 %
            Net income | 5.6 | 4.9 | +14.3 %
            Free cash flow | 3.1 | -1.4 | n/a
        """,
            [2, 1, 1, 1],
        ),
        H("Revenue by segment"),
        table(
            """
            Segment | Revenue EUR million | Share
            Residential heat pumps (TVA) | 58.2 | 60.4 %
            Industrial heat pumps (TVI) | 21.5 | 22.3 %
            Hydraulic modules | 10.9 | 11.3 %
            Service and spare parts | 5.8 | 6.0 %
        """,
            [3, 2, 1],
        ),
        H("Comment of the management"),
        P(
            "The strongest growth came from the industrial heat pumps, where revenue rose by 18.4 percent. The "
            "subsidy change in France reduced residential orders there by about 900 units."
        ),
        P(
            "The outage of the ERP system in March had moved about 2.3 million euros of revenue into the "
            "second quarter."
        ),
        Break(),
        H("Employees"),
        P(
            "On 30 June 2026 Torvend had 1,486 employees: 612 in Leipzig, 388 in Brno, 61 in Lyon, 379 in "
            "Suzhou and 46 in Shanghai."
        ),
        H("Investment"),
        P(
            "Capital expenditure was 4.9 million euros. The largest item was the helium leak "
            "test line in Brno with 1.7 million euros."
        ),
        H("Outlook"),
        P(
            "For the full year 2026 the management expects revenue between 385 and 395 million euros and an "
            "EBIT margin of 8.5 to 9.2 percent."
        ),
        H("Financial calendar"),
        UL(
            lines("""
            Results of the third quarter: 5 November 2026
            Annual report 2026: 25 March 2027
            Annual general meeting: 20 May 2027 in Leipzig
            """)
        ),
    ],
)

Q3 = Document(
    path="finance/q3-2026-flash-report.docx",
    title="Flash Report Q3 2026 – finance only",
    date="2026-10-12",
    author="Renata Wolf",
    footer="Confidential until publication on 5 November 2026",
    blocks=[
        P("Prepared by Renata Wolf, Group Controlling, on 12 October 2026. For the finance department only."),
        H("Preliminary figures"),
        table("""
            EUR million | Q3 2026 | Budget | Q3 2025
            Order intake | 98.1 | 104 | 95.7
            Revenue | 99.8 | 98.5 | 93.3
            EBIT | 9.3 | 9.1 | 8
            Net debt | 41.6 | 45 | 52.9
        """),
        H("Deviations"),
        UL(
            lines("""
            Material costs were 1.1 million euros above budget because of copper at 9,870 euros per tonne on average.
            The provision for the braze joint case of the TVA-12 was increased by 0.4 million euros.
            Suzhou delivered an EBIT of 2.6 million euros, 0.5 million better than planned.
            """)
        ),
        H("Receivables"),
        P(
            "Overdue receivables stood at 6.2 million euros; the largest single item is Chauffage Rhodanien "
            "with 0.9 million."
        ),
        H("Closing"),
        P(
            "The books for the third quarter were closed on working day 6. The target for the year-end closing "
            "is working day 8, which is 14 January 2027."
        ),
    ],
)

BUDGET = Workbook(
    path="finance/budget-2027-draft.xlsx",
    title="Budget 2027, draft 2",
    date="2026-11-02",
    author="Renata Wolf",
    sheets=[
        sheet(
            "Summary",
            """
            Line | Forecast 2026 EUR thousand | Budget 2027 EUR thousand | Remark
            Revenue | 391000 | 422000 | price increase of 2.5 % from April 2027
            Material | 214500 | 229800 | copper assumed at 9600 EUR per tonne
            Personnel | 88700 | 93900 | 41 new positions
            Other costs | 46900 | 50100 | includes ERP upgrade
            Depreciation | 6800 | 9900 | robots and second hall Suzhou
            EBIT | 34100 | 38300 | margin 9.1 %
            """,
            [22, 26, 26, 44],
        ),
        sheet(
            "Capex",
            """
            Project | Site | Amount EUR thousand | Start
            Second assembly hall | Suzhou | 11800 | March 2027
            Brazing robots line B3 | Brno | 2150 | June 2027
            ERP upgrade ORBIS 9 | Leipzig | 1900 | February 2027
            Acoustic chamber | Leipzig | 740 | September 2027
            """,
            [30, 14, 24, 20],
        ),
        sheet(
            "Headcount",
            """
            Site | End 2026 | End 2027 | Change
            Leipzig | 615 | 627 | 12
            Brno | 392 | 401 | 9
            Lyon | 61 | 63 | 2
            Suzhou | 384 | 401 | 17
            Shanghai | 46 | 47 | 1
            """,
        ),
    ],
)

ALL: list[Document | Deck | Workbook] = [TRAVEL, TRAVEL_ZH, Q2, Q3, BUDGET]
