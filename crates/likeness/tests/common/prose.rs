//! Acceptance texts as offices write them: forms of several authors, standard phrases, and something of the matter itself.

use super::Draw;

/// A text in sentences, so that one can be dropped; slots are still open.
#[derive(Debug, Clone)]
pub(crate) struct Prose {
    sentences: Vec<String>,
}

const VILLAGES: [&str; 24] = [
    "大湾村",
    "小河沟村",
    "石门坎村",
    "青杨岭村",
    "马家庄",
    "白草坪村",
    "上川村",
    "下庙湾",
    "红崖子村",
    "柳树底村",
    "黑石沟村",
    "杏树坪",
    "羊圈沟村",
    "土门岭村",
    "松树台村",
    "五里墩",
    "高崖村",
    "寺儿沟村",
    "桦林坪村",
    "龙泉寺村",
    "西坡头",
    "水磨沟村",
    "太平堡村",
    "关山口村",
];
const PEOPLE: [&str; 16] = [
    "王建国",
    "李志强",
    "张海燕",
    "刘德明",
    "陈晓东",
    "杨秀兰",
    "赵永福",
    "黄文斌",
    "周立新",
    "吴国栋",
    "徐桂英",
    "孙宏伟",
    "马明亮",
    "何世杰",
    "高占林",
    "欧阳志远",
];
const FIRMS: [&str; 12] = [
    "兴隆石料有限公司",
    "宏达建材厂",
    "绿源养殖合作社",
    "金山矿业公司",
    "顺通砂石场",
    "云岭度假山庄",
    "永盛水泥制品厂",
    "天河水电站",
    "丰茂种植合作社",
    "鑫鑫洗煤厂",
    "聚源木材加工点",
    "龙腾采沙场",
];
const TREES: [&str; 10] = [
    "侧柏",
    "油松",
    "刺槐",
    "沙棘",
    "云杉",
    "华北落叶松",
    "柠条",
    "山桃",
    "白桦",
    "紫穗槐",
];

/// Of ten sections every author writes some in an own way.
const SECTIONS: [[&str; 6]; 6] = [
    [
        "{村}{企}人类活动点位位于保护区实验区,占地{数}亩。",
        "按照绿盾专项行动安排,我局对{村}{企}问题进行了现场验收。",
        "{日},由保护站牵头,对{企}({村})整改落实情况开展核查。",
        "关于{村}境内{企}违法违规活动,现将整改及验收情况报告如下。",
        "该问题系{日}遥感监测发现,责任主体为{企},涉及{村}集体林地{数}亩。",
        "验收组{人}、{人}一行于{日}抵达{村},实地查看了{企}原址。",
    ],
    [
        "责任单位制定了整改方案,明确了整改时限、责任领导和责任人。",
        "县政府成立工作专班,{人}任组长,建立了周调度、月通报制度。",
        "乡镇党委政府高度重视,主要负责同志{人}多次到现场督办。",
        "企业负责人{人}签订了整改承诺书,缴纳了复绿保证金{数}万元。",
        "自然资源、林业、环保三部门联合下达了限期拆除通知书。",
        "整改期间,包片领导{人}先后{数}次赴现场协调解决问题。",
    ],
    [
        "共拆除建筑物{数}平方米,清运建筑垃圾{数}立方米,覆土{数}立方米。",
        "现场设备已全部拆除,断水断电,人员撤离,场地清理完毕。",
        "截至{日},累计投入资金{数}万元,完成全部工程量。",
        "拆除厂房{数}间、围墙{数}米,设施设备清理出保护区。",
        "渣堆已按设计削坡放坡,修筑挡墙{数}米,排水沟{数}米。",
        "平整场地{数}亩,回填种植土厚{数}厘米。",
    ],
    [
        "栽植{树}{数}株,撒播草籽{数}公斤,成活率{数}%。",
        "采取乔灌草结合方式恢复植被,主要树种为{树}和{树}。",
        "植被恢复面积{数}亩,盖度达到{数}%以上,与周边基本协调。",
        "春季补植{树}{数}株,安排专人管护抚育。",
        "恢复区设置围栏{数}米,竖立警示牌{数}块。",
        "经样方调查,{树}平均高{数}厘米,草本盖度{数}%。",
    ],
    [
        "验收资料齐全,影像资料完整,前后对比照片已归档。",
        "档案材料经{人}审核,符合一点一档要求。",
        "公示期{数}天内未收到异议。",
        "周边群众{数}户走访满意率较高。",
        "检测报告显示土壤及水质指标正常。",
        "保护站已将该点位纳入日常巡护,每月不少于{数}次。",
    ],
    [
        "综上,验收组一致认为该点位已完成整改,具备销号条件,同意销号。",
        "经现场核查,该点位已完成整改任务,达到验收标准,具备销号条件。",
        "经研究,同意该问题通过验收,按程序予以销号。",
        "整改工作符合有关规定要求,建议上报市级予以销号。",
        "该问题已整改到位,无反弹现象,同意通过验收。",
        "下一步将加强日常监管,巩固整改成果,防止问题反弹。",
    ],
];

/// What only this matter has.
const WHO: [&str; 12] = [
    "东侧采坑",
    "原选矿车间",
    "上山便道",
    "尾砂堆场",
    "职工宿舍区",
    "沿河堤坝",
    "变压器平台",
    "停车场硬化地面",
    "鱼塘及进水渠",
    "观景木栈道",
    "碎石机基座",
    "冷库和锅炉房",
];
const DID: [&str; 12] = [
    "因雨季塌方推迟",
    "先由破碎锤逐层剥离",
    "交由村民小组承包清理",
    "改用人工背运方式处置",
    "在林业技术员指导下施工",
    "分三个标段同步推进",
    "按照水保方案重新设计",
    "与相邻农户反复协商后",
    "采用客土喷播工艺",
    "避开黑鹳繁殖期作业",
    "经爆破安全评估之后",
    "参照邻县治理经验",
];
const WHAT: [&str; 12] = [
    "恢复成台阶状坡面",
    "填平后种上本地灌木",
    "残留油污全部装桶外运",
    "钢筋笼就地切割回收",
    "原有泉眼得以重新出水",
    "露出的岩壁挂网固定",
    "混凝土块碾碎铺作便道垫层",
    "废旧轮胎运往指定厂家",
    "水泥池改作护林蓄水池",
    "集装箱房吊离沟口",
    "裸露边坡覆盖无纺布",
    "旧井口以片石封堵",
];
const WHERE: [&str; 12] = [
    "靠近二道沟岔口处",
    "海拔较高的阴坡地段",
    "紧邻国道的弯道外侧",
    "水库回水线以上",
    "与邻省交界的梁顶",
    "原生杜鹃灌丛边缘",
    "古长城遗址南侧",
    "季节性河道左岸",
    "三户牧民草场之间",
    "铁塔下方缓坡",
    "护林房背后台地",
    "瀑布下游滩地",
];
const HOW: [&str; 10] = [
    "为此增加预算并延长了工期",
    "施工方对此作了书面说明",
    "监理单位逐日留有记录",
    "附近居民曾经提出不同意见",
    "无人机航拍可见轮廓已消失",
    "雨后检查没有出现新的冲沟",
    "次年返青情况好于预期",
    "仍有零星碎石需人工捡拾",
    "牛羊进入造成局部踩踏",
    "专家建议再观察两个生长季",
];

fn of_the_matter(draw: &mut Draw) -> String {
    let mut pick = |of: &[&str]| (*draw.pick(of)).to_owned();
    let (who, did, what, place, how) = (
        pick(&WHO),
        pick(&DID),
        pick(&WHAT),
        pick(&WHERE),
        pick(&HOW),
    );
    match draw.below(5) {
        0 => format!("{who}{did},{what},{how}。"),
        1 => format!("{place}的{who}{did},{how}。"),
        2 => format!("其中{who}位于{place},{what},{how}。"),
        3 => format!("{did},{place}{what}。"),
        _ => format!("{who}{what};{place}{did},{how}。"),
    }
}

impl Prose {
    /// An honest text: its author's choice of forms and sentences of the matter between them.
    pub(crate) fn honest(draw: &mut Draw) -> Self {
        let mut sentences = Vec::new();
        for (n, section) in SECTIONS.iter().enumerate() {
            sentences.push((*draw.pick(section)).to_owned());
            if (1..5).contains(&n) {
                sentences.push(of_the_matter(draw));
            }
        }
        Self { sentences }
    }

    /// As [`Prose::honest`], the sentences of the matter made of four thousand words, few of them frequent: enough for a
    /// province, where the phrases above would become everybody's.
    pub(crate) fn wordy(draw: &mut Draw) -> Self {
        let mut out = Self::honest(draw);
        for (n, sentence) in out.sentences.iter_mut().enumerate() {
            if n % 2 == 0 && n > 0 {
                sentence.clear();
                for _ in 0..8 + draw.below(8) {
                    let word = (draw.share().powi(3) * 4000.0) as u64;
                    for sign in [word * 7919 % 3001, word * 104_729 % 2999] {
                        sentence.extend(char::from_u32(0x4E00 + sign as u32 * 2));
                    }
                }
                sentence.push('。');
            }
        }
        out
    }

    /// Nothing but what everybody writes.
    pub(crate) fn standard(draw: &mut Draw) -> Self {
        let sentences = SECTIONS
            .iter()
            .map(|s| (*draw.pick(s)).to_owned())
            .collect();
        Self { sentences }
    }

    pub(crate) fn without(&self, dropped: usize, draw: &mut Draw) -> Self {
        let mut out = self.clone();
        for _ in 0..dropped {
            out.sentences.remove(draw.below(out.sentences.len()));
        }
        out
    }

    /// Fills names, places, dates and figures in.
    pub(crate) fn filled(&self, draw: &mut Draw) -> String {
        let (village, firm) = (*draw.pick(&VILLAGES), *draw.pick(&FIRMS));
        let mut out = String::new();
        for sentence in &self.sentences {
            let mut rest = sentence.as_str();
            while let Some((before, after)) = rest.split_once('{') {
                let (slot, after) = after.split_once('}').unwrap();
                out.push_str(before);
                match slot {
                    "村" => out.push_str(village),
                    "企" => out.push_str(firm),
                    "人" => out.push_str(draw.pick::<&str>(&PEOPLE)),
                    "树" => out.push_str(draw.pick::<&str>(&TREES)),
                    "数" => out.push_str(&(1 + draw.below(900)).to_string()),
                    _ => {
                        let (y, m, d) =
                            (2017 + draw.below(4), 1 + draw.below(12), 1 + draw.below(28));
                        out.push_str(&format!("{y}年{m}月{d}日"));
                    }
                }
                rest = after;
            }
            out.push_str(rest);
        }
        out
    }
}
