"""Contracts: the NDA template, supplier agreements and leases."""

from __future__ import annotations

from blocks import OL, UL, Break, Deck, Document, H, P, Workbook, lines, table

NDA = Document(
    path="legal/nda-template.docx",
    title="Mutual Non-Disclosure Agreement (template)",
    date="2026-02-01",
    author="Friederike Amann",
    footer="LG-EU-001, February 2026",
    blocks=[
        P(
            "Between Torvend Thermal SE, Leipzig, and the partner named on the signature page. Template "
            "LG-EU-001, February 2026."
        ),
        H("1. Confidential information"),
        P(
            "Confidential is all information that is marked as confidential or whose confidential nature is "
            "obvious. Oral information is protected if it is confirmed in writing within 15 days."
        ),
        H("2. Duties"),
        UL(
            lines("""
            Use the information only for the purpose stated in Annex 1.
            Pass it on only to employees and advisers who need it and who are bound likewise.
            Make no reverse engineering of samples.
            """)
        ),
        H("3. Term"),
        P(
            "The agreement runs for two years. The duty of confidentiality continues for five years after its "
            "end; for source code and control algorithms it continues without limit."
        ),
        H("4. Return"),
        P(
            "On request the recipient returns or destroys the information within 20 working days and confirms "
            "this in text form. One archive copy may be kept by the legal department."
        ),
        H("5. Contractual penalty"),
        P("For each culpable breach the recipient pays a penalty of 50,000 euros. Further damages remain possible."),
        H("6. Law and jurisdiction"),
        P("German law applies, without its conflict rules. The courts of Leipzig have jurisdiction."),
        H("7. Who may sign"),
        P(
            "For Torvend the agreement is signed by a department head together with the legal department. Changes to "
            "sections 3, 5 and 6 need the consent of Dr. Friederike Amann."
        ),
    ],
)

KOLMAR = Document(
    path="legal/supplier-agreement-kolmar.pdf",
    title="Supply Agreement Kolmar Verdichtertechnik",
    date="2025-03-28",
    author="Friederike Amann",
    footer="Contract SC-2025-031 | Torvend Thermal SE and Kolmar Verdichtertechnik GmbH | Confidential",
    blocks=[
        P(
            "Contract SC-2025-031 between Torvend Thermal SE (buyer) and Kolmar Verdichtertechnik GmbH, "
            "Chemnitz (supplier), signed on 28 March 2025."
        ),
        H("1. Subject"),
        P(
            "The supplier delivers screw compressors of the series KS for the TVI-90 heat pumps according to "
            "the forecasts of the buyer."
        ),
        H("2. Prices"),
        table("""
            Compressor | Used in | Price EUR 2025 | Price EUR 2026
            KS-60 | TVI-90-A | 14,200 | 14,550
            KS-75 | TVI-90-B | 16,900 | 17,320
            KS-90 | TVI-90-C | 19,800 | 20,300
        """),
        P(
            "If the price of electrical steel moves by more than 8 percent within six months, either party may "
            "ask for new negotiations."
        ),
        H("3. Quantities"),
        P(
            "The buyer takes at least 160 compressors per calendar year. For each compressor below this number "
            "the buyer pays a shortfall charge of 900 euros."
        ),
        H("4. Delivery"),
        UL(
            lines("""
            Delivery is free carrier Chemnitz.
            The supplier keeps a safety stock of 12 compressors of each type.
            For late delivery the supplier pays 0.5 percent of the order value per full week, at most 5 percent.
            """)
        ),
        Break(),
        H("5. Quality"),
        P(
            "Incoming inspection is limited to identity, quantity and visible damage. The agreed failure rate "
            "is 1,200 ppm per year; above it the supplier bears the cost of an additional test."
        ),
        H("6. Warranty"),
        P("The warranty period is 36 months from delivery or 18,000 operating hours, whichever comes first."),
        H("7. Liability"),
        P(
            "The liability of the supplier is limited to 2 million euros per event and 4 million euros per "
            "year, except for intent and injury to persons."
        ),
        H("8. Term and notice"),
        P(
            "The agreement ends on 31 March 2028. It is extended by one year at a time unless it "
            "is terminated with six months' notice."
        ),
        H("9. Exclusivity"),
        P(
            "The supplier does not sell the KS-90 to other makers of heat pumps in the European Union before 1 "
            "January 2027."
        ),
        H("10. Contacts"),
        P("Buyer: Ines Pfeiffer, Strategic Purchasing. Supplier: Ralf Dornbusch, Key Account."),
    ],
)

LEASE_BRNO = Document(
    path="legal/lease-brno-hall-3.pdf",
    title="Lease Agreement Brno Hall 3",
    date="2023-06-15",
    author="Radka Mala",
    footer="Lease LE-2023-004 | Hall 3, Industrial Park Svratka, Brno | Confidential",
    blocks=[
        P(
            "Lease LE-2023-004 between Svratka Park s.r.o. (landlord) and Torvend Thermal CZ s.r.o. (tenant), "
            "signed on 15 June 2023."
        ),
        H("1. Premises"),
        table("""
            Part | Area in square metres | Use
            Production | 6,400 | assembly lines B1 to B4
            Warehouse | 2,150 | finished goods
            Offices | 780 | first floor
            Parking | 96 spaces | including 12 charging points
        """),
        H("2. Rent"),
        P(
            "The monthly rent is 61,500 euros plus VAT. It is adjusted each 1 July to the consumer price index "
            "of the euro area, by at most 3 percent."
        ),
        P(
            "Service charges are paid in advance with 9,200 euros per month and settled by 30 April of the "
            "following year."
        ),
        H("3. Term"),
        P(
            "The lease began on 1 September 2023 and runs for ten years. The tenant has the option to extend "
            "it twice by five years; the option is declared 12 months before the end."
        ),
        H("4. Deposit"),
        P("The tenant has handed over a bank guarantee of 184,500 euros."),
        Break(),
        H("5. Maintenance"),
        UL(
            lines("""
            Roof, structure and sprinkler system: landlord.
            Gates, lighting, heating and crane runways: tenant.
            Repairs below 1,500 euros per case are always borne by the tenant.
            """)
        ),
        H("6. Alterations"),
        P(
            "Alterations to the building need the written consent of the landlord, who answers within 30 days. "
            "The floor load must not exceed 5 tonnes per square metre."
        ),
        H("7. Early termination"),
        P(
            "The tenant may terminate the lease for the first time on 31 August 2029 against payment of six "
            "months' rent."
        ),
        H("8. Insurance"),
        P("The tenant insures its equipment and keeps a liability insurance of at least 5 million euros."),
    ],
)

LEASE_ZH = Document(
    path="legal/苏州厂房租赁合同.pdf",
    title="苏州厂房租赁合同",
    date="2022-09-20",
    author="沈志远",
    language="zh",
    footer="合同编号LE-CN-2022-011 | 机密",
    blocks=[
        P(
            "出租方：苏州澄湖产业园发展有限公司（甲方）。承租方：拓温德热能设备（苏州）有限公司（乙方）。签订日"
            "期：2022年9月20日。"
        ),
        H("第一条 租赁物"),
        table("""
            部分 | 面积（平方米） | 用途
            一号楼 | 8200 | 总装车间
            二号楼 | 2600 | 办公与食堂
            三号库 | 3100 | 成品仓库
        """),
        H("第二条 租期"),
        P("租期八年，自2022年11月1日至2030年10月31日。"),
        P("前三个月为免租期，免租期内物业费照付。"),
        H("第三条 租金"),
        table("""
            期间 | 每月每平方米租金
            第一年至第三年 | 32元
            第四年至第六年 | 34.5元
            第七年至第八年 | 37元
        """),
        P("租金按季度预付，每季度首月5日前支付。逾期每天按应付金额的0.05%支付违约金。"),
        H("第四条 押金"),
        P("乙方支付相当于三个月租金的押金，合计133.4万元。"),
        Break(),
        H("第五条 维修"),
        UL(
            lines("""
            屋面、主体结构和消防主管由甲方负责维修。
            电梯、行车和车间照明由乙方负责维修。
            甲方应在接到报修后48小时内到场。
            """)
        ),
        H("第六条 转租"),
        P("未经甲方书面同意，乙方不得转租；转租给关联公司的，提前30天通知即可。"),
        H("第七条 提前解约"),
        P("乙方提前解约须提前九个月书面通知，并支付相当于四个月租金的补偿金。"),
        H("第八条 优先权"),
        P("租期届满前六个月，乙方在同等条件下享有优先续租权。"),
    ],
)

COPPER_ZH = Document(
    path="legal/江南铜管采购框架协议.docx",
    title="采购框架协议——江南铜管",
    date="2025-12-10",
    author="唐敏",
    language="zh",
    footer="合同编号SC-CN-2025-018",
    blocks=[
        P(
            "甲方（买方）：拓温德热能设备（苏州）有限公司。乙方（卖方）：江南铜管制品有限公司。合同编号SC-CN-20"
            "25-018，签订日期2025年12月10日。"
        ),
        H("一、产品与价格"),
        table("""
            规格 | 加工费（元/吨） | 年度预计用量（吨）
            直径9.52毫米 | 8600 | 120
            直径12.7毫米 | 8200 | 95
            直径15.88毫米 | 7900 | 140
        """),
        P("结算价等于上月电解铜均价加上加工费。"),
        H("二、交货"),
        UL(
            lines("""
            乙方应在收到订单后12天内送货至甲方三号库。
            乙方须为甲方保持15吨安全库存。
            逾期交货每天按该批货款的0.3%支付违约金，上限为10%。
            """)
        ),
        H("三、质量"),
        P("外径公差为±0.05毫米。抽检不合格率超过3%的，甲方有权整批退货。"),
        P("乙方应在收到投诉后24小时内答复，并在十个工作日内提交8D报告。"),
        H("四、付款"),
        P("甲方在收到发票后60天内以银行转账方式付款。"),
        H("五、期限"),
        OL(
            lines("""
            本协议自2026年1月1日起生效，有效期两年。
            任何一方可提前三个月书面通知终止。
            """)
        ),
        H("六、联系人"),
        P("甲方联系人：唐敏（采购部）。乙方联系人：许建华（销售部）。"),
    ],
)

ALL: list[Document | Deck | Workbook] = [NDA, KOLMAR, LEASE_BRNO, LEASE_ZH, COPPER_ZH]
