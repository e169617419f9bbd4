"""Quality and safety: complaints procedure, audit checklist, safety training, the scanned goods received note."""

from __future__ import annotations

from blocks import OL, Deck, Document, H, P, Slide, Workbook, lines, sheet, table

COMPLAINTS_ZH = Document(
    path="quality/客户投诉处理程序.docx",
    title="客户投诉处理程序",
    date="2026-04-01",
    author="韩雪梅",
    language="zh",
    footer="QP-CN-012，2.4版",
    blocks=[
        P("程序文件QP-CN-012，2.4版，2026年4月1日起执行。负责人：韩雪梅。"),
        H("一、投诉分级"),
        table("""
            等级 | 定义 | 首次答复 | 结案时限
            A级 | 涉及人身安全或制冷剂泄漏 | 2小时 | 10天
            B级 | 机组不能制热 | 8小时 | 20天
            C级 | 噪声、外观、文件缺失 | 24小时 | 30天
        """),
        H("二、处理步骤"),
        OL(
            lines("""
            客服人员在系统中登记机身序列号、安装日期和故障照片。
            质量工程师判定等级并指定责任人。
            责任人在时限内提交原因分析和纠正措施。
            客服人员在结案后七天内回访客户。
            """)
        ),
        H("三、赔偿权限"),
        P("单笔赔偿5000元以下由质量经理批准，5000元至5万元由总经理批准，超过5万元报集团批准。"),
        H("四、旧件分析"),
        P("压缩机旧件送莱比锡实验室分析，其余旧件在苏州实验室分析，分析报告保存六年。"),
        H("五、统计"),
        P("每月5日前发布上月投诉分析，重复投诉率目标为低于4%。"),
    ],
)

AUDIT = Workbook(
    path="quality/supplier-audit-checklist.xlsx",
    title="Supplier audit checklist and schedule",
    date="2026-05-04",
    author="Ruben Castel",
    sheets=[
        sheet(
            "Checklist",
            """
            No. | Question | Weight | Knock-out
            1 | Is the brazing process validated every 12 months? | 5 | yes
            2 | Are nitrogen flow records kept for each shift? | 5 | yes
            3 | Is measuring equipment calibrated and labelled? | 4 | no
            4 | Are operators qualified, with a skills matrix? | 3 | no
            5 | Is scrap locked away and counted? | 3 | no
            6 | Are changes announced 90 days ahead? | 5 | yes
            7 | Is there an emergency plan for power failure? | 2 | no
            """,
            [6, 56, 10, 12],
        ),
        sheet(
            "Schedule 2026",
            """
            Supplier | Site | Audit date | Lead auditor | Result
            Kolmar Verdichtertechnik | Chemnitz | 2026-03-11 | Ruben Castel | 88 %
            Hailong | Wuxi | 2026-06-09 | 韩雪梅 | 79 %
            江南铜管 | Changzhou | 2026-10-14 | 唐敏 | 64 %
            Moravia Plech | Olomouc | 2026-11-25 | Lenka Ruzicka | planned
            """,
            [28, 14, 14, 18, 12],
        ),
        sheet(
            "Rating",
            """
            Score | Class | Consequence
            90 to 100 % | A | next audit in 36 months
            75 to 89 % | B | next audit in 24 months
            60 to 74 % | C | action plan within 30 days, follow-up audit in 6 months
            below 60 % | D | no new orders
            """,
            [16, 10, 60],
        ),
    ],
)

SAFETY_ZH = Deck(
    path="quality/安全生产培训.pptx",
    title="安全生产培训",
    subtitle="苏州工厂 EHS部门 方志强 2026年6月",
    date="2026-06-01",
    author="方志强",
    language="zh",
    slides=[
        Slide(
            "一、个人防护",
            [
                "进入车间必须穿防砸安全鞋，戴防护眼镜",
                "钎焊工位佩戴3号遮光面罩",
                "噪声超过85分贝的区域佩戴耳塞",
                "搬运超过25公斤的物件须两人或使用助力机械",
            ],
            notes="防护用品每季度领用一次，领用地点为二号楼一层103室。",
        ),
        Slide(
            "二、R290充注区",
            [
                "充注区为防爆区域，禁止携带手机",
                "气体浓度达到爆炸下限的20%时报警，达到40%时自动停线",
                "排风机每小时换气不少于12次",
            ],
            notes="2026年2月发生过一次误报，原因是酒精擦拭传感器外壳。",
        ),
        Slide(
            "三、应急电话与集合点",
            table=[
                ["事项", "电话", "负责人"],
                ["火灾", "8119", "方志强"],
                ["受伤急救", "8120", "医务室刘燕"],
                ["制冷剂泄漏", "8121", "周明"],
                ["信息安全", "8123", "郑凯"],
            ],
            notes="集合点在北门停车场，清点人数由班组长负责。",
        ),
        Slide(
            "四、奖惩",
            [
                "报告一次未遂事故奖励50元",
                "未系安全带高处作业罚款300元",
                "全年无工伤的班组奖励3000元",
            ],
            notes="2025年共发生可记录工伤4起，2026年目标不超过2起。",
        ),
    ],
)

# The scan: what stands on the printed goods received note, line by line.
SCAN_PATH = "quality/goods-received-note-scan.png"
SCAN_TITLE = "GOODS RECEIVED NOTE"
SCAN_LINES = lines("""
    Torvend Thermal SE, Leipzig plant, Gate 4
    Note number: GRN-26-08817        Date: 28 September 2026
    Supplier: Kolmar Verdichtertechnik GmbH, Chemnitz
    Delivery note: KV-551203         Purchase order: 4500186990
    -
    Pos   Article        Description               Ordered   Received
    1     TV-9040-075    Screw compressor KS-75        6         5
    2     TV-9040-090    Screw compressor KS-90        2         2
    3     TV-9040-315    Oil filter set               20        20
    -
    Remarks: One KS-75 missing, promised for 2 October 2026.
    Crate of position 2 damaged at the corner, photographs taken,
    shock indicator not triggered. Accepted with reservation.
    -
    Storage place: Hall 2, rack C-14
    Received by: Uwe Stadler         Checked by: Gudrun Pohl
    Driver: M. Hajek, number plate on file with the gate office
""")

ALL: list[Document | Deck | Workbook] = [COMPLAINTS_ZH, AUDIT, SAFETY_ZH]
