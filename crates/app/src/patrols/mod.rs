//! 巡护 — patrols of stations: their sheets, tracks, plans, reviews, and what they covered.

mod acts;
mod book;
mod coverage;
mod files;
mod judge;
mod list;
mod page;
mod plans;
mod sheet;
mod statistics;
mod tracks;

use domain::as_of::AsOf;
use serde_json::{Value, json};

use crate::error::Error;
use crate::session::Session;

pub use acts::PatrolReviewRequest;
pub use book::PatrolShelf;
pub use coverage::{
    CellView, CoverageCount, CoverageQuery, CoverageView, PlaceView, RouteView, ZoneFixes,
};
pub use list::{PatrolList, PatrolQuery, PatrolRow, PatrolTotals};
pub use page::{
    DoubtView, GapView, PatrolFile, PatrolFindingView, PatrolReviewView, PatrolView, SegmentView,
    TrackView,
};
pub use plans::{
    KeyPointView, OffRouteView, PatrolPlanRequest, PatrolPlanView, PatrolProposalQuery,
    PatrolProposalView, PlannedRoundView, PostDone,
};
pub use sheet::{PatrolCorrection, PatrolFindingRequest, PatrolRecordedView, PatrolSheetRequest};
pub use statistics::{PatrolStatistics, PatrolStatisticsQuery, StationMonth};

pub(crate) use tracks::{TrackSource, coded, track_entry};

/// Routes of stations as a pack carries them.
pub(crate) fn pack_routes(session: &Session, station_ids: &[String]) -> Result<Vec<Value>, Error> {
    let reserve = &session.reserve.reserve_code;
    let adopted = session.register.latest_routes(reserve, AsOf::Now)?;
    let routes = adopted.into_iter().flat_map(|r| r.body.routes);
    let own = routes.filter(|r| {
        r.station_id
            .as_ref()
            .is_some_and(|s| station_ids.contains(s))
    });
    Ok(own
        .map(|r| {
            json!({ "route_id": r.route_id, "name": r.name, "station_id": r.station_id,
                    "length_m": r.length_m, "shape": r.shape })
        })
        .collect())
}
