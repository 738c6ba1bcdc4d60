"""How many positions two GeoJSON files have in common, digit for digit."""
import json, sys


def positions(node):
    if isinstance(node, list):
        if node and not isinstance(node[0], list):
            return {tuple(node[:2])}
        return set().union(*map(positions, node))
    return set().union(*(positions(f["geometry"]["coordinates"]) for f in node["features"]))


first, second = (positions(json.load(open(p, encoding="utf-8"))) for p in sys.argv[1:3])
print(len(first & second))
