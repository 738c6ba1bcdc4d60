//! What is measured: sets, peers, our command line and the ratios to reach (../shared/design/performance.md).

use anyhow::{Result, bail};

const OVERLAY: &str = "bench overlay {in}/patches.gpkg {in}/zones.gpkg --out {out}";
const IMPORT: &str = "bench import {in}/ledger.xlsx --out {out}";

/// How large the generated sets are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    Tiny,
    Small,
    Middle,
    Large,
}

/// One workload of the harness.
pub(super) struct Workload {
    pub(super) name: &'static str,
    /// Arguments of `gen.py`; empty if another workload makes the set.
    pub(super) generate: Vec<String>,
    pub(super) set: String,
    /// File of the set by which one sees that it was generated.
    pub(super) product: &'static str,
    /// Peers that come with `pip` and `cargo` alone; `BENCH_PEERS` names others.
    pub(super) peers: &'static str,
    pub(super) plug: &'static str,
    /// The peer whose output ours must equal.
    pub(super) reference: &'static str,
    /// CPU ratios to reach.
    pub(super) goals: Vec<(&'static str, f64)>,
}

/// One run of our program alone, for its peak memory.
pub(super) struct MemoryCase {
    pub(super) what: &'static str,
    pub(super) workload: &'static str,
    pub(super) generate: &'static str,
    pub(super) set: &'static str,
    pub(super) plug: &'static str,
    /// Folder of its own, where the set differs from the one of the same name.
    pub(super) corner: Option<&'static str>,
}

/// The same zones under ten times the patches, larger zones, and ten times the rows.
pub(super) const MEMORY: [MemoryCase; 5] = [
    MemoryCase {
        what: "overlay, 10,000 patches, 0.2 M zone vertices",
        workload: "w1",
        generate: "w1 --size t",
        set: "w1_t",
        plug: OVERLAY,
        corner: None,
    },
    MemoryCase {
        what: "overlay, 100,000 patches, the same zones",
        workload: "w1",
        generate: "w1 --size t --n 100000",
        set: "w1_t",
        plug: OVERLAY,
        corner: Some("more-patches"),
    },
    MemoryCase {
        what: "overlay, 100,000 patches, 2.9 M zone vertices",
        workload: "w1",
        generate: "w1 --size m",
        set: "w1_m",
        plug: OVERLAY,
        corner: None,
    },
    MemoryCase {
        what: "import, 10,000 rows",
        workload: "w3i",
        generate: "w3 --rows 10000",
        set: "w3_10000",
        plug: IMPORT,
        corner: None,
    },
    MemoryCase {
        what: "import, 100,000 rows",
        workload: "w3i",
        generate: "w3 --rows 100000",
        set: "w3_100000",
        plug: IMPORT,
        corner: None,
    },
];

impl Size {
    pub(super) fn named(name: &str) -> Result<Self> {
        Ok(match name {
            "t" => Self::Tiny,
            "s" => Self::Small,
            "m" => Self::Middle,
            "l" => Self::Large,
            _ => bail!("no size {name}; there are: t s m l"),
        })
    }

    fn letter(self) -> &'static str {
        match self {
            Self::Tiny => "t",
            Self::Small => "s",
            Self::Middle => "m",
            Self::Large => "l",
        }
    }

    fn patches(self) -> &'static str {
        match self {
            Self::Tiny => "10000",
            Self::Small | Self::Middle => "100000",
            Self::Large => "1000000",
        }
    }

    fn rows(self) -> &'static str {
        if self == Self::Tiny {
            "10000"
        } else {
            "100000"
        }
    }

    /// Goals hold for the sets of `performance.md`, not for the tiny ones.
    fn goals(self, goals: &[(&'static str, f64)]) -> Vec<(&'static str, f64)> {
        if self == Self::Tiny {
            Vec::new()
        } else {
            goals.to_vec()
        }
    }
}

/// All workloads at a size; the export reads what the import left.
pub(super) fn workloads(size: Size) -> [Workload; 5] {
    let [import, export] = ledgers(size);
    let [points, outlines] = matching(size);
    [overlay(size), points, outlines, import, export]
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|w| (*w).to_owned()).collect()
}

fn overlay(size: Size) -> Workload {
    Workload {
        name: "w1",
        generate: words(&["w1", "--size", size.letter()]),
        set: format!("w1_{}", size.letter()),
        product: "meta.json",
        peers: "shapely-tuned,rust-geo",
        plug: OVERLAY,
        reference: "shapely-tuned",
        goals: match size {
            Size::Tiny => vec![],
            Size::Middle => vec![("shapely-tuned", 12.0), ("rust-geo", 30.0)],
            Size::Small | Size::Large => vec![("shapely-tuned", 10.0)],
        },
    }
}

fn matching(size: Size) -> [Workload; 2] {
    let n = size.patches();
    let set = format!("w2_{n}_{n}");
    let points = Workload {
        name: "w2p",
        generate: words(&["w2", "--n", n, "--m", n]),
        set: set.clone(),
        product: "meta.json",
        peers: "scipy-kdtree,rust-rstar",
        plug: "bench match {in}/new.gpkg {in}/old.gpkg --by distance --out {out}",
        reference: "rust-rstar",
        goals: size.goals(&[("rust-rstar", 3.0), ("scipy-kdtree", 16.0)]),
    };
    let outlines = Workload {
        name: "w2i",
        set,
        generate: points.generate.clone(),
        product: points.product,
        peers: "shapely,rust-geo",
        plug: "bench match {in}/new.gpkg {in}/old.gpkg --by iou --out {out}",
        reference: "shapely",
        goals: size.goals(&[("rust-geo", 4.0), ("shapely", 13.0)]),
    };
    [points, outlines]
}

fn ledgers(size: Size) -> [Workload; 2] {
    let rows = size.rows();
    let set = format!("w3_{rows}");
    let import = Workload {
        name: "w3i",
        generate: words(&["w3", "--rows", rows]),
        set: set.clone(),
        product: "meta.json",
        peers: "calamine,rust-calamine",
        plug: IMPORT,
        reference: "calamine",
        goals: size.goals(&[("rust-calamine", 2.0), ("calamine", 7.0)]),
    };
    let export = Workload {
        name: "w3e",
        generate: words(&["w3e", "--rows", rows]),
        set,
        product: "clean.csv",
        peers: "xlsxwriter,rust-xlsxwriter",
        plug: "bench export {in}/clean.csv --out {out}",
        reference: "rust-xlsxwriter",
        goals: size.goals(&[("rust-xlsxwriter", 2.5), ("xlsxwriter", 19.0)]),
    };
    [import, export]
}
