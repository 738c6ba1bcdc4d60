//! 台账页 — one page of a ledger as a grid shows it, filtered and sorted; and exactly what is seen as a file.

use std::collections::BTreeMap;

use domain::as_of::AsOf;
use domain::campaign::{LedgerColumn, LedgerTemplate, LedgerView};
use domain::ledger::{self, Cell, LedgerContext, LedgerRow};
use domain::policy::Action;
use serde::Serialize;
use serde_json::Value;
use spatial::diagnostic::Diagnostic;
use utoipa::ToSchema;

use crate::atlas::{Atlases, Order, SiteQuery, Sort};
use crate::error::Error;
use crate::ledgers::{LedgerDrawn, LedgerScope};
use crate::lists::Paging;
use crate::session::Session;

/// 列 — a column of the grid.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct GridColumn {
    pub key: String,
    pub label: String,
    /// Heading above several columns.
    pub group: Option<String>,
    /// `text`, `integer`, `decimal:N`, `lon_lat`, `area`, `date`, `yes_no`.
    pub kind: String,
    /// Width in characters.
    pub width: f64,
    /// Code list whose labels may stand here.
    pub list: Option<String>,
    /// Fact of the site that an edit states.
    pub field: Option<String>,
    pub is_editable: bool,
    pub is_frozen: bool,
}

/// 行 — a line of the grid.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct GridRow {
    pub site_code: String,
    pub station_id: Option<String>,
    /// As written, in the order of the columns.
    pub cells: Vec<String>,
    /// As numbers, dates and texts.
    pub values: Vec<Value>,
}

/// 日志头 — size and root hash the rows follow from.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LogHead {
    pub log_size: u64,
    pub root_hash: String,
}

/// 台账页 — columns, rows, and what they follow from.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LedgerPage {
    pub view: String,
    pub title: String,
    pub scope_label: String,
    pub basis: String,
    pub as_of: String,
    pub columns: Vec<GridColumn>,
    pub rows: Vec<GridRow>,
    pub total: u64,
    pub head: LogHead,
}

/// 分组 — the rows of a ledger that have one value in a column.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LedgerGroup {
    /// The cell as written; empty where nothing is known.
    pub label: String,
    pub count: u64,
    pub area_m2: f64,
}

/// 分组页 — all values of a column, the most frequent first.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LedgerGroups {
    /// Rows in all.
    pub total: u64,
    pub groups: Vec<LedgerGroup>,
}

/// 台账请求 — which ledger, and what of it.
#[derive(Debug, Clone, Default)]
pub struct LedgerRequest {
    pub query: SiteQuery,
    pub paging: Paging,
    /// Column key and text that its cell must hold.
    pub filters: BTreeMap<String, String>,
    /// Keys of columns put out of sight; a file leaves them out.
    pub hidden: Vec<String>,
}

/// Columns whose cells state one fact, with that fact; everything else follows from others.
const EDITABLE: [(&str, &str); 13] = [
    ("facility_name", "facility_name"),
    ("activity_label", "activity_type_code"),
    ("county", "county"),
    ("township", "township"),
    ("village", "village"),
    ("scale_text", "scale_text"),
    ("built_on", "built_on"),
    ("permits_text", "permits_text"),
    ("current_status", "current_status"),
    ("owner_name", "owner_name"),
    ("description", "description"),
    ("note", "note"),
    ("capacity_kw", "capacity"),
];

/// The fact that an edit of a column states.
pub fn field_of_column(key: &str) -> Option<&'static str> {
    EDITABLE
        .iter()
        .find(|(k, _)| *k == key)
        .map(|(_, field)| *field)
}

/// A ledger's word.
pub fn parse_view(text: &str) -> Result<LedgerView, Error> {
    let known = LedgerView::ALL.iter().find(|v| v.code() == text);
    known.copied().ok_or_else(|| Error::NotFound {
        what: "ledger_template",
        name: text.to_owned(),
    })
}

impl Session {
    /// One page of a ledger.
    pub fn ledger_page(
        &self,
        atlases: &Atlases,
        view: LedgerView,
        request: &LedgerRequest,
    ) -> Result<LedgerPage, Error> {
        let as_of = request.paging.as_of()?;
        self.may_read_lists(Action::ReadLedgers)?;
        let template = self.template(view)?.clone();
        let scope = self.request_scope(&request.query)?;
        let (total, rows) = self.page_rows(atlases, &template, &scope, request, as_of)?;
        let (log_size, root_hash) = self.basis(as_of)?;
        let grid_row = |row: LedgerRow| {
            let cells: Vec<Cell> = template
                .columns
                .iter()
                .map(|c| row.cells.get(&c.key).cloned().unwrap_or_default())
                .collect();
            GridRow {
                site_code: row.site_code,
                station_id: row.station_id,
                cells: cells.iter().map(Cell::text).collect(),
                values: cells
                    .iter()
                    .map(|c| serde_json::to_value(c).unwrap_or(Value::Null))
                    .collect(),
            }
        };
        Ok(LedgerPage {
            view: view.code().to_owned(),
            title: template.title.clone(),
            scope_label: self.scope_label(&scope),
            basis: template.basis.clone(),
            as_of: as_of.to_string(),
            columns: self.grid_columns(&template, as_of),
            rows: rows.into_iter().map(grid_row).collect(),
            total,
            head: LogHead {
                log_size,
                root_hash,
            },
        })
    }

    pub(crate) fn request_scope(&self, query: &SiteQuery) -> Result<LedgerScope, Error> {
        // Several stations at once are a filter, not a scope with a name.
        let station = query.station.as_deref().filter(|s| !s.contains(','));
        self.own_scope(station, query.lead.as_deref())
    }

    fn grid_columns(&self, template: &LedgerTemplate, as_of: AsOf) -> Vec<GridColumn> {
        let may_amend = as_of == AsOf::Now && self.may_read_lists(Action::AmendSite).is_ok();
        let column = |(at, c): (usize, &LedgerColumn)| {
            let field = field_of_column(&c.key);
            GridColumn {
                key: c.key.clone(),
                label: c.header.clone(),
                group: c.group.clone(),
                kind: c.format.to_string(),
                width: c.width,
                list: c.validation.clone(),
                field: field.map(str::to_owned),
                is_editable: may_amend && field.is_some(),
                is_frozen: at < usize::from(template.frozen_columns),
            }
        };
        template.columns.iter().enumerate().map(column).collect()
    }

    fn page_rows(
        &self,
        atlases: &Atlases,
        template: &LedgerTemplate,
        scope: &LedgerScope,
        request: &LedgerRequest,
        as_of: AsOf,
    ) -> Result<(u64, Vec<LedgerRow>), Error> {
        let sort = request.paging.sort.as_deref();
        let (offset, limit) = request.paging.window();
        let is_plain = request.filters.is_empty() && sort.is_none_or(Sort::knows);
        if is_plain {
            return self.rows_from_atlas(atlases, template, request, as_of);
        }
        let drawn = self.seen_ledger(atlases, template.view, scope, request)?;
        let total = drawn.rows.len() as u64;
        Ok((
            total,
            drawn.rows.into_iter().skip(offset).take(limit).collect(),
        ))
    }

    /// Without filters on cells the atlas knows which rows stand where, and only those of the page are drawn.
    fn rows_from_atlas(
        &self,
        atlases: &Atlases,
        template: &LedgerTemplate,
        request: &LedgerRequest,
        as_of: AsOf,
    ) -> Result<(u64, Vec<LedgerRow>), Error> {
        let (offset, limit) = request.paging.window();
        let atlas = self.atlas(atlases, as_of)?;
        let eyes = self.eyes(&atlas.sites);
        let query = SiteQuery {
            ledger: Some(template.view.code().to_owned()),
            ..request.query.clone()
        };
        let filter = self.site_filter(&query, &atlas.sites)?;
        let order = match request.paging.sort.as_deref() {
            Some(sort) => Order::By(Sort::parse(Some(sort))?),
            None => Order::ByStation,
        };
        let (total, page) = atlas.sites.select(&filter, &eyes, order, (offset, limit));
        let page: Vec<_> = page
            .into_iter()
            .map(|row| atlas.sites.site_id(row))
            .collect();
        drop(atlas);
        let mut drawn = Vec::with_capacity(page.len());
        self.with_ledger_context(as_of, |context| {
            let keys: Vec<String> = template.columns.iter().map(|c| c.key.clone()).collect();
            self.register.dossiers_of(&page, as_of, |dossier| {
                let focal = self.focal(&dossier);
                let dossier = self.as_seen(dossier);
                let mut row = ledger::row(&dossier, focal.as_ref(), &keys, context);
                if let Some(cell) = row.cells.get_mut("index") {
                    *cell = Cell::Integer((offset + drawn.len() + 1) as i64);
                }
                drawn.push(row);
                Ok::<_, Error>(())
            })
        })?;
        Ok((total as u64, drawn))
    }

    /// The rows of a ledger counted by what stands in a column.
    pub fn ledger_groups(
        &self,
        atlases: &Atlases,
        view: LedgerView,
        request: &LedgerRequest,
        by: &str,
    ) -> Result<LedgerGroups, Error> {
        self.may_read_lists(Action::ReadLedgers)?;
        if self.template(view)?.find_column(by).is_none() {
            let fault = Diagnostic::error("query.sort").arg("text", by);
            return Err(Error::rejected(fault));
        }
        let scope = self.request_scope(&request.query)?;
        let drawn = self.seen_ledger(atlases, view, &scope, request)?;
        let atlas = self.atlas(atlases, request.paging.as_of()?)?;
        let mut groups: BTreeMap<String, (u64, f64)> = BTreeMap::new();
        for row in &drawn.rows {
            let label = row.cells.get(by).map(Cell::text).unwrap_or_default();
            let area = atlas.sites.find(row.site_id);
            let slot = groups.entry(label).or_default();
            slot.0 += 1;
            slot.1 += area.map_or(0.0, |at| atlas.sites.area_or_zero(at));
        }
        let groups = groups
            .into_iter()
            .map(|(label, (count, area_m2))| LedgerGroup {
                label,
                count,
                area_m2,
            });
        let mut groups: Vec<LedgerGroup> = groups.collect();
        groups.sort_by_key(|g| std::cmp::Reverse(g.count));
        Ok(LedgerGroups {
            total: drawn.rows.len() as u64,
            groups,
        })
    }

    fn with_ledger_context<T>(
        &self,
        as_of: AsOf,
        with: impl FnOnce(&LedgerContext<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let stations = self.station_names(as_of)?;
        let leads = self.area_leads();
        with(&LedgerContext {
            reserve: &self.reserve,
            stations: &stations,
            area_leads: &leads,
            labels: &self.viewer,
        })
    }

    /// The whole ledger as filtered and sorted in the grid: what a file of it must hold.
    pub fn seen_ledger(
        &self,
        atlases: &Atlases,
        view: LedgerView,
        scope: &LedgerScope,
        request: &LedgerRequest,
    ) -> Result<LedgerDrawn, Error> {
        let as_of = request.paging.as_of()?;
        let mut drawn = self.draw_ledger(view, scope, as_of)?;
        let is_filtered = {
            let atlas = self.atlas(atlases, as_of)?;
            let eyes = self.eyes(&atlas.sites);
            let filter = self.site_filter(&request.query, &atlas.sites)?;
            let before = drawn.rows.len();
            drawn.rows.retain(|row| {
                let at = atlas.sites.find(row.site_id);
                at.is_some_and(|at| atlas.sites.matches(at, &filter, &eyes))
            });
            before != drawn.rows.len()
        };
        let holds = |row: &LedgerRow| {
            request.filters.iter().all(|(key, text)| {
                let cell = row.cells.get(key).map(Cell::text).unwrap_or_default();
                cell.to_lowercase().contains(&text.to_lowercase())
            })
        };
        let before = drawn.rows.len();
        drawn.rows.retain(holds);
        let is_sorted = sort_cells(
            &mut drawn.rows,
            &drawn.template,
            request.paging.sort.as_deref(),
        )?;
        if is_filtered || is_sorted || before != drawn.rows.len() {
            drawn.renumber()?;
        }
        Ok(drawn)
    }

    /// The scope and the ledger of a request as a file holds it.
    pub fn ledger_for_file(
        &self,
        atlases: &Atlases,
        view: LedgerView,
        request: &LedgerRequest,
    ) -> Result<LedgerDrawn, Error> {
        let scope = self.request_scope(&request.query)?;
        let station = match &scope {
            LedgerScope::Station(id) => Some(id.as_str()),
            _ => None,
        };
        match station {
            Some(_) => self.may(Action::Export, station)?,
            None => self.may_read_lists(Action::Export)?,
        }
        self.seen_ledger(atlases, view, &scope, request)?
            .without(&request.hidden)?
            .masked()
    }
}

fn sort_cells(
    rows: &mut [LedgerRow],
    template: &LedgerTemplate,
    sort: Option<&str>,
) -> Result<bool, Error> {
    let Some(text) = sort else { return Ok(false) };
    let (is_descending, key) = match text.strip_prefix('-') {
        Some(key) => (true, key),
        None => (false, text),
    };
    if template.find_column(key).is_none() && key != "site_code" {
        let fault = Diagnostic::error("query.sort").arg("text", text);
        return Err(Error::rejected(fault));
    }
    let empty = Cell::Empty;
    let cell = |row: &LedgerRow| row.cells.get(key).unwrap_or(&empty).clone();
    rows.sort_by(|a, b| {
        let order = compare(&cell(a), &cell(b));
        if is_descending {
            order.reverse()
        } else {
            order
        }
    });
    Ok(true)
}

fn compare(a: &Cell, b: &Cell) -> std::cmp::Ordering {
    let number = |c: &Cell| match c {
        Cell::Integer(n) => Some(*n as f64),
        Cell::Number(n) => Some(*n),
        _ => None,
    };
    match (number(a), number(b)) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        _ => a.text().cmp(&b.text()),
    }
}
