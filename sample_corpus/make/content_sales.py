"""Sales: price lists for Europe and China, the dealer programme."""

from __future__ import annotations

from blocks import Deck, Document, Slide, Workbook, sheet

PRICES = Workbook(
    path="sales/price-list-2026.xlsx",
    title="Price list Europe 2026",
    date="2026-01-01",
    author="Claire Montaubin",
    sheets=[
        sheet(
            "Heat pumps",
            """
            Article | Model | List price EUR | Dealer discount group | Delivery weeks
            TV-4400-008 | TVA-08 | 6290 | A | 4
            TV-4400-012 | TVA-12 | 7480 | A | 4
            TV-4400-016 | TVA-16 | 8940 | A | 5
            TV-4400-122 | TVG-22 | 12750 | B | 8
            TV-9000-901 | TVI-90-A | 86400 | C | 14
            TV-9000-902 | TVI-90-B | 94800 | C | 14
            TV-9000-903 | TVI-90-C | 108500 | C | 16
            """,
        ),
        sheet(
            "Hydraulics and accessories",
            """
            Article | Description | List price EUR | Dealer discount group
            TV-4420-200 | HB-200 hydraulic module | 2680 | A
            TV-4420-205 | HB-200E hydraulic module | 2890 | A
            TV-4420-011 | Dirt separator with magnet | 148 | D
            TV-4420-018 | Flexible connection set | 96 | D
            TV-4420-025 | Domestic hot water sensor | 31 | D
            TV-4470-012 | Braking resistor for FD-40 | 412 | D
            TV-4470-020 | Filter mat for FD-40 | 19 | D
            """,
            [16, 36],
        ),
        sheet(
            "Services",
            """
            Service | Unit | Price EUR | Remark
            Commissioning TVA | per unit | 390 | travel within 100 km included
            Commissioning TVI-90 | per unit | 1850 | two days on site
            Annual maintenance TVA | per year | 245 | without spare parts
            Annual maintenance TVI-90 | per year | 3200 | two visits
            Technician hour | hour | 98 | from the second hour in steps of 15 minutes
            Weekend surcharge | hour | 45 | Saturday 00:00 to Monday 06:00
            """,
            [30, 14, 12, 44],
        ),
        sheet(
            "Discount groups",
            """
            Group | Silver dealer | Gold dealer | Platinum dealer
            A | 22 % | 27 % | 31 %
            B | 18 % | 22 % | 25 %
            C | 8 % | 11 % | 14 %
            D | 30 % | 35 % | 40 %
            """,
        ),
    ],
)

PRICES_ZH = Workbook(
    path="sales/中国区价格表2026.xlsx",
    title="中国区价格表2026",
    date="2026-01-01",
    author="吴丽华",
    sheets=[
        sheet(
            "整机",
            """
            编号 | 型号 | 指导价（元，含税） | 分销价（元，含税） | 备注
            TV-4400-108 | TVA-08 | 32800 | 25600 | 现货
            TV-4400-112 | TVA-12 | 39600 | 30900 | 现货
            TV-4400-116 | TVA-16 | 47500 | 37100 | 20个工作日
            TV-9000-911 | TVI-90-A | 628000 | 565000 | 按项目排产
            TV-9000-912 | TVI-90-B | 689000 | 620000 | 按项目排产
            """,
            [16, 14, 24, 24, 20],
        ),
        sheet(
            "备件",
            """
            编号 | 名称 | 价格（元，含税） | 适用机型
            TV-4410-021 | 轴流风机500毫米 | 1280 | TVA-08、TVA-12
            TV-4410-034 | 电子膨胀阀2.4毫米 | 460 | TVA-08、TVA-12
            TV-4410-042 | 压缩机RC-40 | 3950 | TVA-12
            TV-4410-050 | 室外温度传感器 | 48 | 全系列
            TV-4410-060 | 控制板CB-3 | 1150 | 全系列
            """,
            [16, 26, 20, 24],
        ),
        sheet(
            "服务",
            """
            项目 | 价格（元） | 说明
            调试 | 800 | 市区50公里以内，超出每公里5元
            年度保养 | 600 | 不含备件
            上门检修 | 200 | 过保机组，每次
            延保一年 | 1500 | 须在质保期内购买，最多两年
            """,
            [16, 16, 44],
        ),
    ],
)

DEALERS = Deck(
    path="sales/dealer-programme-2026.pptx",
    title="Dealer Programme 2026",
    subtitle="Sales Europe – Claire Montaubin – January 2026",
    date="2026-01-20",
    author="Claire Montaubin",
    slides=[
        Slide(
            "Three levels",
            table=[
                ["Level", "Annual purchases EUR", "Trained technicians", "Payment term"],
                ["Silver", "from 50,000", "1", "30 days"],
                ["Gold", "from 180,000", "3", "45 days"],
                ["Platinum", "from 450,000", "6", "60 days"],
            ],
            notes=(
                "The level is fixed each January from the purchases of the year before. A dealer can fall one "
                "level only."
            ),
        ),
        Slide(
            "Benefits",
            [
                "Gold and Platinum dealers receive leads from the website within 24 hours",
                "Platinum dealers have a personal technician on the phone",
                "Marketing contribution: 1 % of purchases for Gold, 1.8 % for Platinum",
                "Demonstration units at 50 % of the list price, one per year",
            ],
            notes="Silver dealers get leads only when no Gold dealer is within 60 km.",
        ),
        Slide(
            "Duties",
            [
                "At least one technician with certificate TR-290",
                "Commissioning reports uploaded within 14 days",
                "Reaction to customer faults within 48 hours, in the heating season within 24 hours",
            ],
            notes="Two missed duties in a year lead to a written warning, three to the loss of the level.",
        ),
        Slide(
            "Contacts",
            table=[
                ["Region", "Contact", "Telephone"],
                ["Germany", "Jonas Ritter", "+49 341 5550 230"],
                ["France", "Claire Montaubin", "+33 4 5550 7710"],
                ["Czech Republic, Slovakia", "Radka Mala", "+420 5 5550 0417"],
                ["Poland", "vacant, deputy Jonas Ritter", "+49 341 5550 230"],
            ],
            notes="A regional manager for Poland is to start on 1 June 2026.",
        ),
    ],
)

ALL: list[Document | Deck | Workbook] = [PRICES, PRICES_ZH, DEALERS]
