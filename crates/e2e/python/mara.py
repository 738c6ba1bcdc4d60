"""Mara's zones, events and track points, from the files of others into files a clerk would be sent.

mara.py zones IN.geojson OUT.geojson    zone names of Kenya become zone kinds of the system's own
mara.py events IN.parquet OUT.geojson
mara.py points IN.parquet OUT.gpx
mara.py tracks IN.parquet OUT.csv      a row a fix, as SMART tables it, repeats and all
"""
import json, struct, sys
import pyarrow
import pyarrow.parquet as parquet

KINDS = {"Mara Reserve": "核心区", "Conservancies": "缓冲区", "Siana": "实验区", "Loita Plains": "外围保护地带"}


def read(source, columns, time):
    table = parquet.read_table(source, columns=[*columns, time])
    # Python knows no nanoseconds.
    times = table[time].cast(pyarrow.timestamp("us", tz="UTC"), safe=False)
    return table.set_column(table.schema.get_field_index(time), "time", times).to_pylist()


def zones(source, target):
    content = json.load(open(source, encoding="utf-8"))
    for feature in content["features"]:
        feature["properties"] = {"功能区": KINDS[feature["properties"]["ZONE"]]}
    json.dump(content, open(target, "w", encoding="utf-8"), ensure_ascii=False)
    return len(content["features"])


def events(source, target):
    rows = read(source, ["id", "event_type", "latitude", "longitude"], "time")
    features = [{"type": "Feature",
                 "properties": {"编号": r["id"], "情况描述": r["event_type"], "发现时间": r["time"].strftime("%Y-%m-%d")},
                 "geometry": {"type": "Point", "coordinates": [r["longitude"], r["latitude"]]}} for r in rows]
    json.dump({"type": "FeatureCollection", "features": features}, open(target, "w", encoding="utf-8"), ensure_ascii=False)
    return len(features)


def points(source, target):
    rows = read(source, ["patrol_id", "geometry"], "fixtime")
    with open(target, "w", encoding="utf-8") as out:
        out.write('<gpx xmlns="http://www.topografix.com/GPX/1/1" version="1.1" creator="SMART">')
        for row in rows:
            order, kind = row["geometry"][0], struct.unpack_from("<I", row["geometry"], 1)[0]
            assert order == 1 and kind == 1, (order, kind)
            lon, lat = struct.unpack_from("<dd", row["geometry"], 5)
            out.write(f'<wpt lat="{lat!r}" lon="{lon!r}"><time>{row["time"].isoformat()}</time><desc>{row["patrol_id"]}</desc></wpt>\n')
        out.write("</gpx>")
    return len(rows)


def tracks(source, target):
    rows = read(source, ["patrol_id", "groupby_col", "geometry"], "fixtime")
    with open(target, "w", encoding="utf-8") as out:
        out.write("patrol_id,subject,fixtime,lon,lat\n")
        for row in rows:
            lon, lat = struct.unpack_from("<dd", row["geometry"], 5)
            out.write(f'{row["patrol_id"]},{row["groupby_col"]},{row["time"].isoformat()},{lon!r},{lat!r}\n')
    return len(rows)


print(json.dumps({"zones": zones, "events": events, "points": points, "tracks": tracks}[sys.argv[1]](*sys.argv[2:4])))
