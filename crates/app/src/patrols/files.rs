//! 巡护文件 — the ledger of patrols as a table, a patrol's tracks as GPX.

use super::page::PatrolView;

/// The tracks as GPX 1.1: one `trk` a track, one `trkseg` a segment; gaps are no part of it.
pub(super) fn gpx(page: &PatrolView) -> String {
    let mut text = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<gpx version=\"1.1\" creator=\"qingshan\" xmlns=\"http://www.topografix.com/GPX/1/1\">\n",
    );
    for track in &page.tracks {
        text.push_str(&format!("<trk><name>{}</name>\n", track.track_id));
        for segment in &track.segments {
            text.push_str("<trkseg>\n");
            for point in points(&segment.shape.0) {
                text.push_str(&format!(
                    "<trkpt lat=\"{}\" lon=\"{}\"/>\n",
                    point.y, point.x
                ));
            }
            text.push_str("</trkseg>\n");
        }
        text.push_str("</trk>\n");
    }
    text.push_str("</gpx>\n");
    text
}

fn points(geometry: &geo_types::Geometry<f64>) -> Vec<geo_types::Coord<f64>> {
    use geo::CoordsIter;
    geometry.coords_iter().collect()
}
