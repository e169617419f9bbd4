"""Human resources: annual leave, the Chinese attendance rules, salary bands (hr only), the performance review."""

from __future__ import annotations

from blocks import OL, UL, Deck, Document, H, P, Slide, Workbook, lines, sheet, table

ANNUAL_LEAVE = Document(
    path="hr/annual-leave-policy.docx",
    title="Annual Leave Policy – European Sites",
    date="2026-01-01",
    author="Annika Brandt",
    footer="HR-POL-002, version 4.0, valid from 1 January 2026",
    blocks=[
        P("Policy HR-POL-002, version 4.0. Owner: Annika Brandt, Chief Human Resources Officer."),
        H("1. Entitlement"),
        P("The leave year is the calendar year. The entitlement depends on the site and on length of service."),
        table("""
            Site | Days per year | After 5 years of service | After 10 years of service
            Leipzig | 30 | 31 | 33
            Brno | 25 | 27 | 29
            Lyon | 27 | 28 | 30
        """),
        P("Part-time employees receive the entitlement pro rata, rounded up to the next half day."),
        P("Employees with a recognised severe disability receive five additional days."),
        H("2. Request and approval"),
        OL(
            lines("""
            Enter the request in the portal at least three weeks before the start for absences of more than five days.
            The line manager answers within five working days; no answer counts as approval.
            The works council of the site mediates if a request is refused twice.
            """)
        ),
        H("3. Carry-over"),
        P(
            "Up to six days may be carried over into the next year. They lapse on 31 March unless illness "
            "prevented them."
        ),
        P("Leave is not paid out, except when employment ends."),
        H("4. Company holidays"),
        UL(
            lines("""
            The Leipzig plant closes from 27 to 31 December 2026; three days of leave are deducted.
            The Brno plant closes in calendar weeks 30 and 31 for maintenance of the lines.
            Lyon has no company holidays.
            """)
        ),
        H("5. Special leave"),
        table("""
            Occasion | Paid days
            Own wedding | 2
            Birth of a child, if no parental leave is taken | 2
            Death of a spouse, child or parent | 4
            Death of a grandparent or sibling | 1
            Move at the employer's request | 2
            25 years of service | 3
        """),
        H("6. Sabbatical"),
        P(
            "After seven years of service a sabbatical of three to twelve months is possible. The salary is "
            "saved up in a time account during at most 36 months beforehand. Requests are decided in March and "
            "September."
        ),
    ],
)

ATTENDANCE_ZH = Document(
    path="hr/考勤与休假管理制度.docx",
    title="考勤与休假管理制度",
    date="2026-03-01",
    author="顾晓琳",
    language="zh",
    footer="HR-CN-004，3.1版，2026年3月1日起执行",
    blocks=[
        P("本制度适用于苏州工厂和上海办事处的全体正式员工。文件编号HR-CN-004，3.1版。负责人：顾晓琳。"),
        H("一、工作时间"),
        P("苏州工厂白班为8:00至17:00，夜班为20:00至次日5:00；上海办事处实行弹性工作制，核心时间为10:00至16:00。"),
        H("二、迟到与旷工"),
        UL(
            lines("""
            每月迟到10分钟以内三次以下不扣款，从第四次起每次扣30元。
            迟到超过60分钟按旷工半天处理。
            连续旷工三天或一年内累计旷工五天的，公司可以解除劳动合同。
            """)
        ),
        H("三、年休假"),
        table("""
            累计工作年限 | 法定年假 | 公司福利假
            满1年不满10年 | 5天 | 3天
            满10年不满20年 | 10天 | 2天
            满20年以上 | 15天 | 无
        """),
        P("年休假可以结转到次年6月30日，逾期未休的福利假作废，法定年假按规定补偿工资。"),
        H("四、病假"),
        P("病假须在当天9:00以前通知主管，并在返岗后三天内提交二级以上医院证明。病假期间工资不低于当地最低工资的80%。"),
        H("五、婚假与丧假"),
        table("""
            假别 | 苏州 | 上海
            婚假 | 13天 | 10天
            丧假（配偶、父母、子女） | 3天 | 3天
            丧假（祖父母、兄弟姐妹） | 1天 | 1天
        """),
        H("六、夜班津贴"),
        P("夜班津贴每班35元，连续夜班不得超过两周。"),
    ],
)

SALARY_BANDS = Workbook(
    path="hr/salary-bands-2026.xlsx",
    title="Salary bands 2026 - strictly confidential, HR only",
    date="2026-01-15",
    author="Annika Brandt",
    sheets=[
        sheet(
            "Bands Europe",
            """
            Grade | Typical role | Minimum EUR | Midpoint EUR | Maximum EUR | Bonus target
            G4 | Assembly worker | 31200 | 34800 | 38400 | 3 %
            G5 | Skilled technician | 36500 | 41200 | 45900 | 4 %
            G6 | Accountant, buyer | 44000 | 50600 | 57200 | 5 %
            G7 | Engineer | 54500 | 62900 | 71300 | 7 %
            G8 | Senior engineer | 65800 | 76400 | 87000 | 9 %
            G9 | Department head | 82000 | 97500 | 113000 | 14 %
            G10 | Director | 108000 | 131000 | 154000 | 22 %
            """,
        ),
        sheet(
            "Bands China",
            """
            Grade | Typical role | Minimum CNY | Midpoint CNY | Maximum CNY | Bonus target
            C4 | Line operator | 66000 | 78000 | 90000 | 1 month
            C5 | Technician | 84000 | 102000 | 120000 | 1 month
            C6 | Specialist | 120000 | 148000 | 176000 | 1.5 months
            C7 | Engineer | 162000 | 204000 | 246000 | 2 months
            C8 | Manager | 228000 | 291000 | 354000 | 3 months
            """,
        ),
        sheet(
            "Rules",
            """
            Rule | Value | Remark
            General increase 2026 | 3.1 % | from 1 April 2026, Leipzig and Lyon
            General increase Brno | 4.6 % | from 1 May 2026
            Red-circle limit | 105 % of maximum | no increase above
            Sign-on bonus ceiling | 8000 EUR | approval by the CHRO
            Counter-offers | once per employee | only within the band
            """,
        ),
    ],
)

REVIEW = Deck(
    path="hr/performance-review-process.pptx",
    title="Performance Review 2026",
    subtitle="A guide for line managers – People Operations, October 2026",
    date="2026-10-05",
    author="Mirela Stoica",
    slides=[
        Slide(
            "Why we changed the process",
            [
                "In 2025 only 71 % of the reviews were finished on time",
                "Employees asked for shorter forms: 4 questions instead of 11",
                "The rating scale now has four levels, without a middle",
            ],
            notes=(
                "The survey of June 2025 had 903 answers. The works council agreed to the new form on 3 September 2026."
            ),
        ),
        Slide(
            "Calendar",
            table=[
                ["Step", "Period", "Who"],
                ["Self-assessment", "2 to 13 November 2026", "Employee"],
                ["Manager's assessment", "16 to 27 November 2026", "Line manager"],
                ["Calibration round", "7 to 11 December 2026", "Directors and HR"],
                ["Review talk", "11 to 29 January 2027", "Line manager and employee"],
            ],
            notes="Late self-assessments are closed automatically on 20 November 2026.",
        ),
        Slide(
            "Rating scale",
            [
                "A – exceeds the goals: bonus factor 1.3",
                "B – meets the goals: bonus factor 1.0",
                "C – meets the goals in part: bonus factor 0.6",
                "D – does not meet the goals: no bonus, improvement plan of 90 days",
            ],
            notes=(
                "There is no forced distribution. A department with more than 30 % A ratings explains this to the "
                "panel."
            ),
        ),
        Slide(
            "What is not part of the review",
            [
                "Salary decisions: separate round in March 2027",
                "Absences because of illness or parental leave",
                "Employees who joined after 1 September 2026: first review in 2027",
            ],
            notes="Contact: Mirela Stoica, extension 4417.",
        ),
    ],
)

ALL: list[Document | Deck | Workbook] = [ANNUAL_LEAVE, ATTENDANCE_ZH, SALARY_BANDS, REVIEW]
