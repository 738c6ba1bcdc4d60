"""The log as an independent C2SP implementation sees it: signature, every tile, every entry bundle."""
import json, sys
from pathlib import Path
import aics_tlog as t

log, key = Path(sys.argv[1]), t.parse_vkey(sys.argv[2])
note = t.parse_note((log / "checkpoint").read_bytes())
if not t.verify_note(note, [key]):
    sys.exit("signature of the checkpoint is not the key's")
head = t.parse_checkpoint(note.text)
reader = t.FileSystemTileReader(log)
root = t.tree_root_from_tiles(reader, head.size)
audit = t.audit_tiles(reader, head.size, head.root)
proven = 0
for index in range(0, head.size, 97):
    leaf = t.read_entry(reader, index, head.size)
    proof = t.inclusion_proof_from_tiles(reader, index, head.size)
    proven += t.verify_inclusion(t.leaf_hash(leaf), index, head.size, proof, head.root)
print(json.dumps({"size": head.size, "root": head.root.hex(), "tiles_root": root.hex(),
                  "tiles": audit.tiles, "bundles": audit.bundles, "proven": proven,
                  "asked": len(range(0, head.size, 97))}))
