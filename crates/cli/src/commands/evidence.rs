use std::path::Path;
use std::process::ExitCode;

use app::proof::{EvidenceProof, Verified};
use app::{Error, Register};

use super::Desk;
use crate::arguments::EvidenceCommand;

/// `qingshan evidence verify FILE`: exit code 1 for a file that was never taken, 2 for a proof that does not hold.
pub(super) fn run(desk: &Desk<'_>, args: &EvidenceCommand) -> Result<ExitCode, Error> {
    let EvidenceCommand::Verify { file, proof, vkey } = args;
    let found = match (proof, vkey) {
        (Some(proof), Some(vkey)) => by_proof(file, proof, vkey).map(|v| vec![v]),
        _ => {
            let register = Register::open_read_only(desk.arguments.address()?)?;
            app::proof::verify_file(&register, file)
        }
    };
    match found {
        Ok(verified) => {
            desk.output.value(&verified);
            verified.iter().for_each(|v| say(desk, v));
            Ok(ExitCode::SUCCESS)
        }
        Err(Error::Rejected(fault)) if fault.code.starts_with("verify.") => {
            let text = desk.output.text(&fault.code, &[]);
            desk.output
                .value(&serde_json::json!({ "code": fault.code, "message": text }));
            desk.output.say("evidence.unproved", &[("fault", &text)]);
            Ok(ExitCode::from(2))
        }
        Err(other) => Err(other),
    }
}

fn by_proof(file: &Path, proof: &Path, vkey: &str) -> Result<Verified, Error> {
    let unread = |source| Error::Read {
        path: proof.display().to_string(),
        source,
    };
    let text = std::fs::read_to_string(proof).map_err(unread)?;
    let proof: EvidenceProof = serde_json::from_str(&text)
        .map_err(|e| unread(std::io::Error::new(std::io::ErrorKind::InvalidData, e)))?;
    app::proof::verify_proof(file, &proof, vkey)
}

fn say(desk: &Desk<'_>, v: &Verified) {
    let (seq, size) = (v.seq.to_string(), v.log_size.to_string());
    let at = app::local_time(v.recorded_at).to_string();
    let claimed = app::local_time(v.occurred_at).to_string();
    let number = |n: Option<f64>| n.map_or("—".to_owned(), |n| n.to_string());
    let (lon, lat, accuracy) = (number(v.lon), number(v.lat), number(v.accuracy_m));
    let drift = v.drift_s.map_or("—".to_owned(), |s| format!("{s:+}"));
    let fill = [
        ("seq", seq.as_str()),
        ("at", &at),
        ("claimed", &claimed),
        ("unit", &v.unit),
        ("role", &v.role),
        ("actor", &v.actor),
        ("device", v.device_id.as_deref().unwrap_or("—")),
        ("drift", &drift),
        ("lon", &lon),
        ("lat", &lat),
        ("accuracy", &accuracy),
        ("size", &size),
    ];
    desk.output.say("evidence.verified", &fill);
    if v.is_after_lock {
        desk.output.say("evidence.after_lock", &[]);
    }
    if !v.is_exif_as_stated {
        desk.output.say("evidence.exif_differs", &[]);
    }
}
